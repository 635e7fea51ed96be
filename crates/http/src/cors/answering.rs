//! Answers CORS preflight requests and adds CORS headers to responses.

use http::{HeaderMap, Method};
use scopegate_gate::{Lookup, RequestHead, Target};

use crate::gate::Gate;
use crate::response_body::Response;

/// The methods of one path, each with its target.
type MethodTargets = [(&'static str, Target)];

impl Gate {
    /// Answers a request without a target: a preflight, or a request that the gate refuses.
    pub(crate) fn respond_without_target(&self, found: &Lookup<'_, Target>, head: &RequestHead<'_>) -> Response {
        self.respond_unrouted(head, |request| {
            let preflight = self.preflight(head.method(), head.headers(), || self.targets(head.path(), found));
            let mut response = preflight.unwrap_or_else(|| self.unmatched(found, head, request).map(Into::into));
            self.open_path(found, head, &mut response);
            response
        })
    }

    /// Allows a script to read the response of a target, if the target accepts the origin of the
    /// page.
    pub(crate) fn open_target(&self, target: Option<Target>, request: &HeaderMap, response: &mut Response) {
        if let Some(cors) = &self.inner.cors
            && target.is_some_and(|target| self.is_open_to_other_origins(target))
        {
            cors.mark(request, response.headers_mut());
        }
    }

    /// Returns the answer to a preflight whose path has an operation for `OPTIONS`. A browser does
    /// not call that operation by itself.
    pub(crate) fn preflight_of(&self, number: usize, head: &RequestHead<'_>) -> Option<Response> {
        self.preflight(head.method(), head.headers(), || {
            let operation = self.operations().operations().get(number);
            operation.map_or(&[], |operation| self.methods_of(operation.template()))
        })
    }

    /// Returns the finished response to a preflight, if the gate answers only for its own paths.
    #[cfg(feature = "warp")]
    pub(crate) fn own_preflight(&self, method: &Method, path: &str, headers: &HeaderMap) -> Option<Response> {
        let cors = self.inner.cors.as_ref()?;
        let mut response = self.preflight(method, headers, || self.methods_at(path))?;
        cors.mark(headers, response.headers_mut());
        self.finish_uncounted(&mut response);
        Some(response)
    }

    /// Allows a script to read a response without a target, if the targets at the path accept its
    /// origin, or if there are none.
    fn open_path(&self, found: &Lookup<'_, Target>, head: &RequestHead<'_>, response: &mut Response) {
        let Some(cors) = &self.inner.cors else { return };
        let targets = self.targets(head.path(), found);
        if targets.is_empty() || !self.open_methods(targets).is_empty() {
            cors.mark(head.headers(), response.headers_mut());
        }
    }

    /// Reads only the path and the origin: a preflight has no credential.
    ///
    /// SECURITY: it lists the methods of a path, which the `Allow` of any wrong method lists too.
    /// It never reveals which of them are guarded, nor by what (tests/it/cors.rs,
    /// `preflight_lists_no_more_than_allow`).
    fn preflight<'g>(
        &'g self,
        method: &Method,
        headers: &HeaderMap,
        targets: impl FnOnce() -> &'g MethodTargets,
    ) -> Option<Response> {
        let cors = self.inner.cors.as_ref().filter(|_| *method == Method::OPTIONS)?;
        if !cors.is_preflight(headers) {
            return None;
        }
        let methods = self.open_methods(targets());
        (!methods.is_empty()).then(|| cors.preflight(&methods))
    }

    fn targets(&self, path: &str, found: &Lookup<'_, Target>) -> &MethodTargets {
        match found {
            Lookup::Redirect(other) => self.methods_at(other),
            Lookup::Found(..) | Lookup::OtherMethods(_) | Lookup::Unknown => self.methods_at(path),
        }
    }

    fn open_methods(&self, targets: &MethodTargets) -> Vec<&'static str> {
        let open = targets
            .iter()
            .filter(|(_, target)| self.is_open_to_other_origins(*target));
        open.map(|(method, _)| *method).collect()
    }
}
