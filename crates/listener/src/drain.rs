//! The shutdown: requests in progress are finished, and then every connection is closed.

use std::time::Duration;

use tokio::sync::{oneshot, watch};

use crate::accept::{Accept, AcceptedConnection, Acceptor};

/// The result of the shutdown of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the process chooses its exit status by it, so each case must be decided"
)]
pub enum DrainOutcome {
    /// Every request received its response, and every upgraded connection ended.
    Complete,
    /// Requests were still in progress at the deadline, or upgraded connections were open.
    DeadlineExpired,
    /// A second signal arrived while requests were in progress.
    Forced,
}

/// The signals that end a connection.
pub(crate) struct Shutdown {
    /// Turns to true when the server stops.
    pub(crate) draining: watch::Receiver<bool>,
    /// A new connection needs its slot.
    pub(crate) evicted: oneshot::Receiver<()>,
}

/// Serves the connections that are already established, and waits until all connections are
/// closed, for at most this time or until `stop` completes.
pub(crate) async fn drain<A: Accept>(
    mut acceptor: Acceptor<A>,
    serve: impl Fn(AcceptedConnection<A::Io>),
    deadline: Duration,
    mut stop: impl AsyncFnMut(),
) -> DrainOutcome {
    let drained = async {
        acceptor.close(serve).await;
        acceptor.wait_until_empty().await;
    };
    let outcome = tokio::select! {
        () = stop() => DrainOutcome::Forced,
        () = drained => return DrainOutcome::Complete,
        () = tokio::time::sleep(deadline) => DrainOutcome::DeadlineExpired,
    };
    // Half a head is not a request, so its sender loses nothing.
    if acceptor.has_pending_response() {
        outcome
    } else {
        DrainOutcome::Complete
    }
}
