//! The pause between two batches of the cleanup, and the size of a batch.

use std::time::Duration;

use scopegate_store::Cleanup;
use tokio::time::{Instant, sleep};

/// A batch that takes longer delays the changes of requests, so the next one is smaller.
const LONGEST: Duration = Duration::from_millis(10);

/// The number of rows of the first batch of a pass, and the least of any. The commit of fewer rows
/// takes as long.
pub(crate) const LEAST_BATCH: u16 = 100;

/// A batch that has begun. The pause after it is four times as long as the batch, so that a pass
/// uses at most a fifth of the time.
pub(crate) struct Pause(Instant);

impl Pause {
    /// Marks the begin of a batch.
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }

    /// Returns the size of the batch after one of this size.
    pub(crate) fn next_size(&self, size: u16) -> u16 {
        let took = self.0.elapsed();
        let next = if took > LONGEST {
            size / 2
        } else if took < LONGEST / 4 {
            size.saturating_mul(2)
        } else {
            size
        };
        next.clamp(LEAST_BATCH, Cleanup::MAX)
    }

    /// Waits after the batch.
    pub(crate) async fn wait(self) {
        sleep(self.0.elapsed() * 4).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_four_times_its_batch() {
        let (begin, pause) = (Instant::now(), Pause::new());
        tokio::time::advance(Duration::from_millis(7)).await;
        pause.wait().await;
        assert_eq!(begin.elapsed(), Duration::from_millis(35));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_batch_is_followed_by_a_smaller_one() {
        let (slow, quick, fit) = (LONGEST * 2, LONGEST / 8, LONGEST / 2);
        for (size, took, next) in [
            (400, slow, 200),
            (200, slow, 100),
            (100, slow, LEAST_BATCH),
            (100, fit, 100),
            (100, quick, 200),
            (300, quick, Cleanup::MAX),
            (Cleanup::MAX, quick, Cleanup::MAX),
        ] {
            let pause = Pause::new();
            tokio::time::advance(took).await;
            assert_eq!(pause.next_size(size), next, "{size} {took:?}");
        }
    }
}
