//! The background tasks of the server. None of them ends while requests are served.

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tracing::error;

/// Owns background tasks and reports the first one that ends. Dropping it aborts them.
#[derive(Debug)]
pub(crate) struct Tasks {
    running: JoinSet<()>,
    sender: UnboundedSender<&'static str>,
    ended: UnboundedReceiver<&'static str>,
    failed: Option<&'static str>,
}

/// Sends the name of a task when it is dropped: when the task returns, panics or is aborted.
struct Report {
    name: &'static str,
    sender: UnboundedSender<&'static str>,
}

impl Drop for Report {
    fn drop(&mut self) {
        // No receiver is left after `Tasks` was dropped, and no report is needed then.
        let _ = self.sender.send(self.name);
    }
}

impl Tasks {
    /// Creates a set without tasks.
    pub(crate) fn new() -> Self {
        let (sender, ended) = unbounded_channel();
        Self {
            running: JoinSet::new(),
            sender,
            ended,
            failed: None,
        }
    }

    /// Starts a task that is expected to run until the process ends.
    // SECURITY: without the watcher of revocations, revoked tokens would be accepted while the
    // server reports that it is ready. Tested by `a_task_that_panics_is_reported_once`.
    pub(crate) fn spawn(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let report = Report {
            name,
            sender: self.sender.clone(),
        };
        self.running.spawn(async move {
            let _report = report;
            task.await;
        });
    }

    /// Waits for the first task to end, logs it, and never returns again after that.
    pub(crate) async fn failure(&mut self) {
        if self.failed.is_some() {
            return std::future::pending().await;
        }
        // `self` holds a sender, so there is always a name.
        self.failed = self.ended.recv().await;
        error!(task = self.failed, "a background task ended; the server stops");
    }

    /// Returns the name of the first task that ended, once [`Tasks::failure`] has returned.
    pub(crate) const fn failed(&self) -> Option<&'static str> {
        self.failed
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_is_reported_once() {
        let mut tasks = Tasks::new();
        tasks.spawn("steady", std::future::pending());
        assert_eq!(tasks.failed(), None);
        tasks.spawn("panics", async { panic!("on purpose") });
        tasks.failure().await;
        assert_eq!(tasks.failed(), Some("panics"));
        tasks.spawn("panics later", async { panic!("on purpose") });
        let again = tokio::time::timeout(Duration::from_mins(1), tasks.failure()).await;
        assert!(again.is_err(), "{again:?}");
    }

    #[tokio::test]
    async fn a_task_that_returns_is_reported() {
        let mut tasks = Tasks::new();
        tasks.spawn("returns", async {});
        tasks.failure().await;
        assert_eq!(tasks.failed(), Some("returns"));
    }
}
