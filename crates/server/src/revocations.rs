//! Reads the revocations of other processes from the store while the server runs.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use scopegate_grant::RevocationWatch;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::{info, warn};

/// The interval at which the store removes revocations that cover only expired tokens.
const TIDY: Duration = Duration::from_hours(1);

/// Reads the revocations again before they are older than this. Never ends.
///
/// A store that does not answer is read again. Until then the known revocations stay in effect.
pub(crate) async fn watch(revocations: Arc<RevocationWatch>, age: Duration) {
    // Reads twice within the age, so that the limit holds even if an answer takes long.
    let mut ticks = interval((age / 2).max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (entries, mut is_readable, mut tidied) = (metrics::gauge!("scopegate_revocations"), true, None::<Instant>);
    loop {
        ticks.tick().await;
        let answer = revocations.refresh().await;
        match &answer {
            Ok(()) if !is_readable => info!("revocations are read again"),
            Err(cause) if is_readable => {
                let cause: &dyn Error = cause;
                warn!(
                    cause,
                    "cannot read revocations; revocations by other processes have no effect here"
                );
            }
            _ => {}
        }
        is_readable = answer.is_ok();
        #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "far below 2^53")]
        entries.set(revocations.set().len() as f64);
        if is_readable && tidied.is_none_or(|then| then.elapsed() >= TIDY) {
            tidied = Some(Instant::now());
            if let Err(cause) = revocations.tidy().await {
                let cause: &dyn Error = &cause;
                warn!(cause, "cannot remove expired revocations");
            }
        }
    }
}
