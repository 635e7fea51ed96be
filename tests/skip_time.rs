//! Moves the clock of a test's runtime, so that limits of minutes cost nothing. Tests of several
//! crates contain this file.

use std::time::Duration;

/// The longest wait for an event. It is shorter than the limits that tests set.
const IN_VAIN: Duration = Duration::from_secs(30);

/// Advances the clock of this single-threaded runtime at once.
///
/// It is not paused in between: a paused clock also advances while the system delivers bytes.
pub(crate) async fn skip(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// Waits until this is true.
pub(crate) async fn until(mut has_happened: impl FnMut() -> bool) {
    let waiting = async {
        while !has_happened() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let waited = tokio::time::timeout(IN_VAIN, waiting).await;
    assert!(waited.is_ok(), "waited in vain");
}

/// Starts work, waits until it has begun, and returns its outcome at this limit. Fails if it ends
/// before the limit, or not at the limit.
pub(crate) async fn at_limit<T: Send + 'static>(
    limit: Duration,
    has_begun: impl FnMut() -> bool,
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    let work = tokio::spawn(work);
    until(has_begun).await;
    skip(limit / 2).await;
    tokio::task::yield_now().await;
    assert!(!work.is_finished(), "it ends before its limit");
    skip(limit / 2).await;
    let ended = tokio::time::timeout(IN_VAIN, work).await;
    assert!(ended.is_ok(), "it does not end at its limit");
    ended.unwrap().unwrap()
}
