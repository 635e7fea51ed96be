//! The parts of a request after its head.

use hyper::upgrade::OnUpgrade;

/// The parts of a request after its head: its body, and the connection if the client may use it for
/// another protocol.
pub(crate) struct Sent<B> {
    pub(crate) body: Option<B>,
    #[expect(dead_code, reason = "no input reads it yet")]
    pub(crate) upgrade: Option<OnUpgrade>,
}

impl<B> Sent<B> {
    pub(crate) const fn new(body: B, upgrade: Option<OnUpgrade>) -> Self {
        Self {
            body: Some(body),
            upgrade,
        }
    }
}
