//! A request on its way to its operation.

use http::{HeaderMap, Method};

/// A request, without its path: that was looked up before.
///
/// It is handed on by reference, and holds its body so, too: a future would keep each copy of either.
#[derive(Debug)]
pub(crate) struct Incoming<'r, B> {
    pub(crate) method: &'r Method,
    pub(crate) query: &'r str,
    pub(crate) headers: &'r HeaderMap,
    /// Until it is taken.
    pub(crate) body: &'r mut Option<B>,
}

impl<'r, B> Incoming<'r, B> {
    pub(crate) const fn new(
        method: &'r Method,
        query: &'r str,
        headers: &'r HeaderMap,
        body: &'r mut Option<B>,
    ) -> Self {
        Self {
            method,
            query,
            headers,
            body,
        }
    }
}
