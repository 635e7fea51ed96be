//! The entry points of the gate: from the head of a request to a permit or a complete response.

use std::future::poll_fn;
use std::pin::pin;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method, Response};
use scopegate_policy::Permit;

use crate::gate::Gate;
use crate::observe::request_id::RequestLabel;
use crate::request_head::RequestHead;
use crate::routed::Routed;
use crate::routes::{Lookup, Target};

impl Gate {
    /// Routes the request, verifies its credentials and decides.
    ///
    /// Returns the permit; `None` if the operation is public, or optional and the request
    /// anonymous.
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
        let routed = self.route(head)?;
        let decided = {
            let mut work = pin!(routed.authorize_or_answer(head));
            // `Instrument` would create a second span and enter it again when the work is done.
            poll_fn(|context| routed.span().in_scope(|| work.as_mut().poll(context))).await
        };
        decided.map_err(|mut response| {
            if head.method() == Method::HEAD {
                strip_body(&mut response);
            }
            routed.finish(&mut response);
            response
        })
    }

    /// Routes the request: the first half of [`Gate::authorize`], for callers that dispatch
    /// themselves.
    ///
    /// # Errors
    ///
    /// The complete response to a request without a target.
    #[expect(clippy::result_large_err, reason = "a refusal is the complete response")]
    pub fn route(&self, head: &RequestHead<'_>) -> Result<Routed<'_>, Response<Bytes>> {
        if !head.names_one_host() {
            return Err(self.respond_invalid_host(head));
        }
        match self.lookup(head.method(), head.path()) {
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
            if head.method() == Method::HEAD {
                strip_body(&mut response);
            }
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
            Lookup::Redirect(path) => refusals.redirect(path, head.query(), request),
            Lookup::OtherMethods(allow) => refusals.method_not_allowed(allow, request),
            Lookup::Found(..) | Lookup::Unknown => refusals.not_found(request),
        };
        if head.method() == Method::HEAD {
            strip_body(&mut response);
        }
        response
    }
}

/// Removes the body, and keeps its length, for the response to `HEAD`.
fn strip_body(response: &mut Response<Bytes>) {
    let length = HeaderValue::from(response.body().len());
    *response.body_mut() = Bytes::new();
    response.headers_mut().insert(CONTENT_LENGTH, length);
}
