//! Reads the revocations and changes of other processes from the store while the server runs.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Gauge, Unit, counter, describe_counter, describe_gauge, gauge};
use scopegate_grant::RevocationWatch;
use scopegate_store::NewsGap;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::{error, info, warn};

/// The interval at which the store removes revocations that cover only expired tokens.
const TIDY: Duration = Duration::from_hours(1);

/// Reads the revocations again before they are older than this. Never ends.
///
/// A store that does not answer is read again. Until then the known revocations stay in effect.
pub(crate) async fn watch(revocations: Arc<RevocationWatch>, age: Duration) {
    // Reads several times within the age, so that the limit holds even if an answer takes long.
    let mut ticks = interval((age / 4).max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let metrics = Metrics::new();
    let (mut is_readable, mut tidied, mut answered) = (true, None::<Instant>, Instant::now());
    loop {
        ticks.tick().await;
        let begin = Instant::now();
        let answer = revocations.refresh().await;
        match &answer {
            Ok(gaps) => {
                answered = begin;
                metrics.report(gaps);
                if !is_readable {
                    info!("revocations are read again");
                }
            }
            Err(cause) if is_readable => {
                let cause: &dyn Error = cause;
                warn!(
                    cause,
                    "cannot read revocations; revocations by other processes have no effect here"
                );
            }
            Err(_) => {}
        }
        is_readable = answer.is_ok();
        #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "far below 2^53")]
        metrics.entries.set(revocations.set().len() as f64);
        metrics.age.set(answered.elapsed());
        if is_readable && tidied.is_none_or(|then| then.elapsed() >= TIDY) {
            tidied = Some(Instant::now());
            if let Err(cause) = revocations.tidy().await {
                let cause: &dyn Error = &cause;
                warn!(cause, "cannot remove expired revocations");
            }
        }
    }
}

/// The metrics of the log of changes.
struct Metrics {
    age: Gauge,
    entries: Gauge,
    gaps: Counter,
}

impl Metrics {
    fn new() -> Self {
        let (age, gaps) = ("scopegate_news_age_seconds", "scopegate_news_gaps_total");
        describe_gauge!(
            age,
            Unit::Seconds,
            "Time since the last answered read of changes began."
        );
        describe_counter!(gaps, "Places of the log of changes that were missing.");
        Self {
            age: gauge!(age),
            entries: gauge!("scopegate_revocations"),
            gaps: counter!(gaps),
        }
    }

    fn report(&self, gaps: &[NewsGap]) {
        for gap in gaps {
            self.gaps.increment(1);
            error!(
                lane = gap.lane,
                expected = gap.expected,
                found = gap.found,
                "place of the log of changes is missing; all cached users were dropped. Was the database replaced by a copy?"
            );
        }
    }
}
