//! The entry points of the gate: from the head of a request to a permit or a complete response.

use bytes::Bytes;
use http::Response;
use scopegate_policy::{Permit, ResolvedOperation};

use crate::gate::Gate;
use crate::head_response;
use crate::observe::request_id::RequestLabel;
use crate::request_head::RequestHead;
use crate::routed::Routed;
use crate::routes::{Lookup, Target};

impl Gate {
    /// Routes the request, verifies its credentials and decides, for a caller whose own router
    /// finds the handler.
    ///
    /// Returns the permit; `None` if the operation is optional and the request anonymous. The
    /// permit of a public operation is anonymous, too ([`Permit::is_anonymous`]).
    ///
    /// The gate compares the decoded path, and other routers may compare the raw one. A path is
    /// unknown if the two readings can lead to different operations. So a request never passes as
    /// one operation and runs another. Such a path has one of these:
    ///
    /// - an encoded slash, a backslash, a dot segment, or two slashes in a row,
    /// - an encoded character that a template has as a literal one.
    ///
    /// # Errors
    ///
    /// The complete response to send instead of running the operation:
    ///
    /// - 400 for an invalid host or two credentials, 401, 403,
    /// - 404, 405, or a redirect to the path with or without its last slash,
    /// - 503 if a store or a verifier does not answer.
    ///
    /// A [`SiteEndpoint`](crate::SiteEndpoint) that reads no body answers here, too.
    /// [`Gate::route`] serves those with a body.
    pub async fn authorize(&self, head: &RequestHead<'_>) -> Result<Option<Permit>, Response<Bytes>> {
        let routed = self.route_alike(head, |_| true)?;
        let decided = routed.decide_in_span(head).await;
        decided.map_err(|mut response| {
            routed.finish(&mut response);
            response
        })
    }

    /// Routes the request: the first half of [`Gate::authorize`], for callers that run the target
    /// that this look-up finds. It accepts every encoding of a path.
    ///
    /// # Errors
    ///
    /// The complete response to a request without a target.
    #[expect(clippy::result_large_err, reason = "a refusal is the complete response")]
    pub fn route(&self, head: &RequestHead<'_>) -> Result<Routed<'_>, Response<Bytes>> {
        self.route_found(head, self.lookup(head.method(), head.path()))
    }

    /// Routes the request for a caller whose own router finds the handler. `is_matched` compares
    /// the operation with the match of that router.
    ///
    /// # Errors
    ///
    /// The complete response to a request without a target, or with different ones.
    #[expect(clippy::result_large_err, reason = "a refusal is the complete response")]
    pub(crate) fn route_alike(
        &self,
        head: &RequestHead<'_>,
        is_matched: impl Fn(&ResolvedOperation) -> bool,
    ) -> Result<Routed<'_>, Response<Bytes>> {
        let found = self.inner.routes.find_alike(head.method().as_str(), head.path());
        let operation = match &found {
            Lookup::Found(Target::Operation(number), _) => self.operations().operations().get(*number),
            _ => None,
        };
        let is_other = operation.is_some_and(|operation| !is_matched(operation));
        self.route_found(head, if is_other { Lookup::Unknown } else { found })
    }

    #[expect(clippy::result_large_err, reason = "a refusal is the complete response")]
    fn route_found(&self, head: &RequestHead<'_>, found: Lookup<'_, Target>) -> Result<Routed<'_>, Response<Bytes>> {
        if !head.names_one_host() {
            return Err(self.respond_invalid_host(head));
        }
        match found {
            Lookup::Found(target, values) => Ok(self.routed(*target, values, head)),
            other => Err(self.respond_unmatched(&other, head)),
        }
    }

    /// Begins the response to a request with a known target, with the values of its path
    /// parameters.
    pub fn routed(&self, target: Target, values: Vec<String>, head: &RequestHead<'_>) -> Routed<'_> {
        Routed::new(self, Some(target), values, head)
    }

    /// Returns the response to a request whose look-up found no target.
    #[must_use]
    pub fn respond_unmatched(&self, found: &Lookup<'_, Target>, head: &RequestHead<'_>) -> Response<Bytes> {
        self.respond_unrouted(head, |request| self.unmatched(found, head, request))
    }

    /// Returns the response to a request with no host, several hosts, or a malformed host.
    #[must_use]
    pub fn respond_invalid_host(&self, head: &RequestHead<'_>) -> Response<Bytes> {
        self.respond_unrouted(head, |request| {
            let mut response = self.inner.refusals.invalid_host(request);
            head_response::strip_body(head, &mut response);
            response
        })
    }

    /// Counts and traces a request without a target, and finishes the response to it.
    pub fn respond_unrouted<B>(
        &self,
        head: &RequestHead<'_>,
        respond: impl FnOnce(&RequestLabel<'_>) -> Response<B>,
    ) -> Response<B> {
        let routed = Routed::new(self, None, Vec::new(), head);
        let mut response = routed.span().in_scope(|| respond(routed.label()));
        routed.finish(&mut response);
        response
    }

    /// Returns the refusal of a request whose look-up found no target, without the header of the
    /// request id.
    #[must_use]
    pub fn unmatched(
        &self,
        found: &Lookup<'_, Target>,
        head: &RequestHead<'_>,
        request: &RequestLabel<'_>,
    ) -> Response<Bytes> {
        let refusals = &self.inner.refusals;
        let mut response = match found {
            Lookup::Redirect(path) => refusals.redirect(head.path(), path, head.query(), request),
            Lookup::OtherMethods(allow) => refusals.method_not_allowed(allow, request),
            Lookup::Found(..) | Lookup::Unknown => refusals.not_found(request),
        };
        head_response::strip_body(head, &mut response);
        response
    }
}
