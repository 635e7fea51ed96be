//! Reads the revocations of other processes from the store while the server runs.

use std::error::Error;
use std::time::Duration;

use scopegate_grant::RevocationWatch;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::{info, warn};

/// How often the store removes revocations that cover only expired tokens.
const TIDY: Duration = Duration::from_hours(1);

/// Reads the revocations again before they are older than this. Never ends.
///
/// A store that does not answer is read again. Until then the known revocations stay in effect.
pub(crate) async fn watch(revocations: RevocationWatch, age: Duration) {
    // Reads twice within the age, so that the limit holds even if an answer takes long.
    let mut ticks = interval((age / 2).max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (entries, mut is_heard, mut tidied) = (metrics::gauge!("scopegate_revocations"), true, None::<Instant>);
    loop {
        ticks.tick().await;
        let answer = revocations.refresh().await;
        match &answer {
            Ok(()) if !is_heard => info!("revocations are read again"),
            Err(cause) if is_heard => {
                let cause: &dyn Error = cause;
                warn!(
                    cause,
                    "revocations cannot be read: what other programs take back is not in force"
                );
            }
            _ => {}
        }
        is_heard = answer.is_ok();
        #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "far below 2^53")]
        entries.set(revocations.set().len() as f64);
        if is_heard && tidied.is_none_or(|then| then.elapsed() >= TIDY) {
            tidied = Some(Instant::now());
            if let Err(cause) = revocations.tidy().await {
                let cause: &dyn Error = &cause;
                warn!(cause, "old revocations cannot be forgotten");
            }
        }
    }
}
