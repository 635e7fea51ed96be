//! The accept loop: how connections are accepted, their limits, and the shutdown.
//!
//! warp's own server has neither a limit of connections nor a time limit for a silent one. So this
//! loop is our own, over hyper. One connection is one task; a panic in it ends that connection
//! alone.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tracing::info;

use crate::accept::{Admitted, Doorway};
use crate::connection::{Answers, Connection, End};
use crate::limits::Limits;
use crate::metrics::ConnectionCounts;

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the caller reports each end")]
pub enum Ending {
    /// A second signal arrived while requests were in progress.
    AtOnce,
    /// Requests were still in progress when the time was over.
    Deadline,
    /// Every request was answered.
    Drained,
}

/// As [`run_for_peers`], with the same service for every peer.
pub async fn run<A, S>(name: &'static str, listener: TcpListener, answers: A, limits: Limits, stop: S) -> Ending
where
    A: Answers,
    S: AsyncFnMut(),
{
    run_for_peers(name, listener, |_| answers.clone(), limits, stop).await
}

/// Serves until a signal arrives, then finishes the requests in progress and returns.
///
/// Connections are counted under `name`. `stop` is called again for the signal that ends the wait.
///
/// `answers` creates the service of a connection from the address of its peer.
pub async fn run_for_peers<A, S>(
    name: &'static str,
    listener: TcpListener,
    answers: impl Fn(SocketAddr) -> A,
    limits: Limits,
    mut stop: S,
) -> Ending
where
    A: Answers,
    S: AsyncFnMut(),
{
    let most = u32::try_from(limits.max_connections.get()).unwrap_or(u32::MAX);
    let slots = Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(usize::MAX)));
    let (drain, draining) = watch::channel(false);
    let counts = ConnectionCounts::new(name);
    let serve = |admitted: Admitted| {
        let Admitted {
            stream,
            activity,
            leave,
            slot,
        } = admitted;
        // Without a peer the connection no longer exists.
        let Ok(peer) = stream.peer_addr() else { return };
        let draining = draining.clone();
        let connection = Connection::new(stream, answers(peer), limits, activity, End { draining, leave });
        let open = counts.open();
        tokio::spawn(async move {
            connection.serve().await;
            drop((open, slot));
        });
    };
    let mut doorway = Doorway::new(listener, Arc::clone(&slots), limits, counts.displaced());
    loop {
        tokio::select! {
            () = stop() => break,
            admitted = doorway.next() => match admitted {
                Some(admitted) => serve(admitted),
                None => break,
            },
        }
    }
    info!(deadline = ?limits.drain_deadline, "stopping: no new connections, requests under way are answered");
    drain.send_replace(true);
    let drained = async {
        doorway.empty(serve).await;
        // All slots are free only when every connection is closed.
        slots.acquire_many(most).await
    };
    let ending = tokio::select! {
        () = stop() => Ending::AtOnce,
        _ = drained => return Ending::Drained,
        () = tokio::time::sleep(limits.drain_deadline) => Ending::Deadline,
    };
    // Half a head is not a request, so its sender loses nothing.
    if doorway.is_answering() {
        ending
    } else {
        Ending::Drained
    }
}
