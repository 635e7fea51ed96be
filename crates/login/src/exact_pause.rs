//! A wait whose end does not depend on its begin.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

/// Waits that hide how long the work before them took. One thread wakes the tasks; it starts with
/// the first wait.
///
/// ```
/// use std::time::Duration;
///
/// use scopegate_login::ExactPause;
/// use tokio::time::Instant;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let end = Instant::now() + Duration::from_millis(2);
/// ExactPause::default().until(end).await;
/// assert!(Instant::now() >= end);
/// # }
/// ```
// SECURITY: a timer of tokio ends whole milliseconds after the thread became idle, so the end tells
// how long the work before the wait took. A wait for a channel has no such steps. Tested by
// `inactive_answer_time_hides_its_cause` in grant/tests/it/timing/inactive.rs.
#[derive(Debug, Default)]
pub struct ExactPause(OnceLock<Option<Sender<Wait>>>);

#[derive(Debug)]
struct Wait {
    end: Instant,
    wake: oneshot::Sender<()>,
}

impl ExactPause {
    /// Waits until this moment.
    pub async fn until(&self, end: Instant) {
        if end <= Instant::now() {
            return;
        }
        let (wake, woken) = oneshot::channel();
        let thread = self.0.get_or_init(start).as_ref();
        let is_sent = thread.is_some_and(|thread| thread.send(Wait { end, wake }).is_ok());
        if !is_sent || woken.await.is_err() {
            sleep_until(end).await;
        }
    }
}

/// Starts the thread, which ends when the sender is dropped.
fn start() -> Option<Sender<Wait>> {
    let (sender, waits) = mpsc::channel();
    let thread = thread::Builder::new().name("exact-pause".to_owned());
    match thread.spawn(move || run(&waits)) {
        Ok(_) => Some(sender),
        Err(cause) => {
            tracing::error!(%cause, "thread for waits cannot start; the time of an answer may tell its cause");
            None
        }
    }
}

fn run(waits: &Receiver<Wait>) {
    // The second half of a key distinguishes waits with one end.
    let mut pending: BTreeMap<(Instant, u64), oneshot::Sender<()>> = BTreeMap::new();
    for number in 0.. {
        let received = match pending.first_key_value() {
            Some(((end, _), _)) => waits.recv_timeout(end.saturating_duration_since(Instant::now())),
            None => waits.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match received {
            Ok(Wait { end, wake }) => {
                pending.insert((end, number), wake);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let later = pending.split_off(&(Instant::now(), u64::MAX));
        for wake in std::mem::replace(&mut pending, later).into_values() {
            // The request may have ended before.
            let _ = wake.send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};
    use std::time::Duration;

    use super::*;

    /// In no order, several with one end, and one whose task does not wait any more.
    #[tokio::test]
    async fn each_wait_ends_after_its_moment() {
        let (pause, begin) = (ExactPause::default(), Instant::now());
        let pause = &pause;
        let wait = async |milliseconds: u64| {
            let end = begin + Duration::from_millis(milliseconds);
            pause.until(end).await;
            assert!(Instant::now() >= end);
        };
        {
            let mut context = Context::from_waker(Waker::noop());
            let dropped = pin!(wait(60_000));
            assert!(dropped.poll(&mut context).is_pending());
        }
        tokio::join!(wait(6), wait(2), wait(4), wait(2), wait(0));
    }
}
