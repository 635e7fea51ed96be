//! What the gate says to pages of other origins.

use http::{HeaderMap, Method};

use crate::answer::Response;
use crate::gate::{Gate, with_request_id};
use crate::request_head::RequestHead;
use crate::routes::{Lookup, Routes, Target};

/// The targets at one path: methods, and the target of each.
type Stop = [(&'static str, Target)];

impl Gate {
    /// Lets a script read the answer of a target, if the target is open to its page.
    pub(crate) fn open_target(&self, target: Target, request: &HeaderMap, response: &mut Response) {
        if let Some(cors) = &self.inner.cors
            && target.is_open_to_other_origins()
        {
            cors.mark(request, response.headers_mut());
        }
    }

    /// Does the same for an answer without a target. It is as open as the targets at the path, and
    /// open if there are none.
    pub(crate) fn open_path(&self, found: &Lookup<'_, Target>, head: &RequestHead<'_>, response: &mut Response) {
        let Some(cors) = &self.inner.cors else { return };
        let stop = stop(&self.inner.routes, head.path(), found);
        if stop.is_empty() || !open_methods(stop).is_empty() {
            cors.mark(head.headers(), response.headers_mut());
        }
    }

    /// The answer to a preflight that found no operation for `OPTIONS`.
    pub(crate) fn preflight_at(&self, found: &Lookup<'_, Target>, head: &RequestHead<'_>) -> Option<Response> {
        self.preflight(head.method(), head.headers(), |routes| stop(routes, head.path(), found))
    }

    /// The answer to a preflight that found one: an operation is not asked by a browser on its own.
    pub(crate) fn preflight_of(&self, number: usize, head: &RequestHead<'_>) -> Option<Response> {
        self.preflight(head.method(), head.headers(), |routes| {
            let operation = self.operations().operations().get(number);
            operation.map_or(&[], |operation| routes.methods_of(operation.template()))
        })
    }

    /// Returns the finished answer to a preflight, if the gate answers only for its own paths.
    pub(crate) fn own_preflight(&self, method: &Method, path: &str, headers: &HeaderMap) -> Option<Response> {
        let cors = self.inner.cors.as_ref()?;
        let mut response = self.preflight(method, headers, |routes| routes.methods(path))?;
        cors.mark(headers, response.headers_mut());
        Some(with_request_id(response, self.inner.request_ids.next()))
    }

    /// Reads only the path and the origin: a preflight has no credential.
    ///
    /// SECURITY: it lists the methods of a path, which the `Allow` of any wrong method lists too.
    /// It never reveals which of them are guarded, nor by what (tests/it/cors.rs,
    /// `a_preflight_tells_no_more_than_a_wrong_method`).
    fn preflight<'g>(
        &'g self,
        method: &Method,
        headers: &HeaderMap,
        stop: impl FnOnce(&'g Routes<Target>) -> &'g Stop,
    ) -> Option<Response> {
        let cors = self.inner.cors.as_ref().filter(|_| *method == Method::OPTIONS)?;
        if !cors.is_preflight(headers) {
            return None;
        }
        let methods = open_methods(stop(&self.inner.routes));
        (!methods.is_empty()).then(|| cors.preflight(&methods))
    }
}

fn stop<'g>(routes: &'g Routes<Target>, path: &str, found: &Lookup<'_, Target>) -> &'g Stop {
    match found {
        Lookup::Elsewhere(other) => routes.methods(other),
        Lookup::Found(..) | Lookup::OtherMethods(_) | Lookup::Unknown => routes.methods(path),
    }
}

fn open_methods(stop: &Stop) -> Vec<&'static str> {
    let open = stop.iter().filter(|(_, target)| target.is_open_to_other_origins());
    open.map(|(method, _)| *method).collect()
}
