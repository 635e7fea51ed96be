//! The accept loop: how connections come in, what they may take, and how it ends.
//!
//! warp's own server has neither a limit of connections nor a time limit for a silent one, so the loop is ours, on
//! hyper. One connection is one task; a panic in it ends that connection alone.

mod activity;
mod connection;
mod files;
mod signals;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tracing::{debug, info, warn};

use crate::config::Limits;

use self::connection::{Answers, Connection};
pub(crate) use self::files::allow_connections;
pub(crate) use self::signals::Signals;

/// Longest pause after the system refused a connection.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// A second signal: at once.
    AtOnce,
    /// Requests were still under way when the time was over.
    Deadline,
    /// Every request was answered.
    Drained,
}

/// Serves until a signal comes, then answers what is under way and returns.
///
/// `stop` is asked again for the signal that ends the waiting too.
pub(crate) async fn run<A, S>(listener: TcpListener, answers: A, limits: Limits, mut stop: S) -> Ending
where
    A: Answers,
    S: AsyncFnMut(),
{
    let most = u32::try_from(limits.max_connections.get()).unwrap_or(u32::MAX);
    let slots = Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(usize::MAX)));
    let (drain, draining) = watch::channel(false);
    loop {
        let next = async {
            // SECURITY: the slot comes before the connection, so that no more can be open than there are slots
            // (tests/serve.rs, `connections_beyond_the_cap_wait`).
            let slot = Arc::clone(&slots).acquire_owned().await.ok()?;
            Some((accept(&listener).await, slot))
        };
        let (stream, slot) = tokio::select! {
            () = stop() => break,
            accepted = next => match accepted {
                Some(accepted) => accepted,
                None => break,
            },
        };
        let connection = Connection::new(stream, answers.clone(), limits, draining.clone());
        tokio::spawn(async move {
            connection.serve().await;
            drop(slot);
        });
    }
    drop(listener);
    info!(deadline = ?limits.drain_deadline, "stopping: no new connections, requests under way are answered");
    drain.send_replace(true);
    // Every slot back means every connection closed.
    tokio::select! {
        () = stop() => Ending::AtOnce,
        _ = slots.acquire_many(most) => Ending::Drained,
        () = tokio::time::sleep(limits.drain_deadline) => Ending::Deadline,
    }
}

/// The next connection. What one peer did wrong is skipped; what the system lacks (files, memory) is waited for.
async fn accept(listener: &TcpListener) -> TcpStream {
    let mut pause = Duration::from_millis(5);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if is_the_peers_fault(&error) => debug!(%error, "connection gone before it was accepted"),
            Err(error) => {
                warn!(%error, ?pause, "cannot accept a connection");
                tokio::time::sleep(pause).await;
                pause = LONGEST_PAUSE.min(pause * 2);
            }
        }
    }
}

fn is_the_peers_fault(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

#[cfg(test)]
mod tests;
