//! The pause between two batches of the cleanup.

use tokio::time::{Instant, sleep};

/// A batch that has begun. The pause after it is four times as long as the batch, so that a pass
/// uses at most a fifth of the time.
pub(crate) struct Pause(Instant);

impl Pause {
    /// Marks the begin of a batch.
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }

    /// Waits after the batch.
    pub(crate) async fn wait(self) {
        sleep(self.0.elapsed() * 4).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_four_times_its_batch() {
        let (begin, pause) = (Instant::now(), Pause::new());
        tokio::time::advance(Duration::from_millis(7)).await;
        pause.wait().await;
        assert_eq!(begin.elapsed(), Duration::from_millis(35));
    }
}
