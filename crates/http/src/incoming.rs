//! A request on its way to its operation.

use std::net::IpAddr;

use http::{HeaderMap, Method};

/// A request, without its path: that was looked up before.
///
/// It is passed by reference, and holds its body by reference too: a future would keep each copy of
/// either.
#[derive(Debug)]
pub(crate) struct Incoming<'r, B> {
    pub(crate) method: &'r Method,
    pub(crate) query: &'r str,
    pub(crate) headers: &'r HeaderMap,
    /// The address at the other end of the connection, if it is known.
    pub(crate) peer: Option<IpAddr>,
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
            peer: None,
            body,
        }
    }

    /// Sets the address at the other end of the connection. Default: unknown.
    pub(crate) const fn with_peer(mut self, peer: Option<IpAddr>) -> Self {
        self.peer = peer;
        self
    }
}
