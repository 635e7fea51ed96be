//! A thread for one hash.
//!
//! The hash does not run in the blocking pool of the runtime. It keeps a core busy for a third of a
//! second, so all other work for requests must go first. A thread has a priority; making one costs
//! a thousandth of a hash.

use std::thread;

use rustix::process::setpriority_process;
use tokio::sync::oneshot;

use super::error::HashingError;

/// The niceness of hashing: next to a thread of the event loop it gets a tenth of a core, on an
/// idle core all of it.
const NICENESS: i32 = 10;

/// Runs this work on a separate thread. It continues if the caller is dropped.
pub(super) async fn run<T, F>(work: F) -> Result<T, HashingError>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let (done, result) = oneshot::channel();
    let on_thread = move || {
        lower_priority();
        let _ = done.send(work());
    };
    thread::Builder::new()
        .name(String::from("hashing"))
        .spawn(on_thread)
        .map_err(HashingError::Spawn)?;
    result.await.map_err(|_| HashingError::Panicked)
}

/// Lowers the priority of the thread. If the system refuses that, the hash is still computed.
fn lower_priority() {
    // On Linux a process without a number is the calling thread; elsewhere it would be the whole
    // program.
    if cfg!(target_os = "linux") {
        let _ = setpriority_process(None, NICENESS);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::getpriority_process;

    use super::*;

    #[tokio::test]
    async fn only_the_hashing_thread_has_lower_priority() {
        let outside = getpriority_process(None).unwrap();
        let inside = run(|| getpriority_process(None).unwrap()).await.unwrap();
        assert_eq!(inside, NICENESS.max(outside));
        assert_eq!(getpriority_process(None).unwrap(), outside);
    }
}
