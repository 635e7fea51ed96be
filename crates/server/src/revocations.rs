//! Reads the revocations and changes of other processes from the store while the server runs.

mod silence;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Gauge, counter, describe_counter, gauge};
use scopegate_domain::{Clock as _, SystemClock};
use scopegate_grant::RevocationWatch;
use scopegate_store::NewsGap;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::{error, warn};

use self::silence::Silence;
pub(crate) use self::silence::SilenceRules;
use crate::admin::Readiness;

/// The interval at which the store removes revocations that cover only expired tokens.
const TIDY: Duration = Duration::from_hours(1);

/// Reads the revocations again before they are older than the rules allow. Never ends.
///
/// A store that does not answer is read again. Until then the known revocations stay in effect, and
/// the rules decide about tokens.
pub(crate) async fn watch(revocations: Arc<RevocationWatch>, rules: SilenceRules, readiness: Arc<Readiness>) {
    // Reads several times within the age, so that the limit holds even if an answer takes long.
    let mut ticks = interval((rules.age() / 4).max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let metrics = Metrics::new();
    let mut silence = Silence::new(rules, Arc::clone(revocations.set()), readiness, SystemClock.now());
    let mut tidied = None::<Instant>;
    loop {
        silence.during(ticks.tick()).await;
        let (begin, begin_at) = (Instant::now(), SystemClock.now());
        let answer = silence.during(revocations.refresh()).await;
        match &answer {
            Ok(gaps) => {
                silence.answered(begin, begin_at);
                metrics.report(gaps);
            }
            Err(cause) => silence.failed(cause),
        }
        #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "far below 2^53")]
        metrics.entries.set(revocations.set().len() as f64);
        if answer.is_ok() && tidied.is_none_or(|then| then.elapsed() >= TIDY) {
            tidied = Some(Instant::now());
            if let Err(cause) = silence.during(revocations.tidy()).await {
                let cause: &dyn Error = &cause;
                warn!(cause, "cannot remove expired revocations");
            }
        }
    }
}

/// The metrics of the log of changes.
struct Metrics {
    entries: Gauge,
    gaps: Counter,
}

impl Metrics {
    fn new() -> Self {
        let gaps = "scopegate_news_gaps_total";
        describe_counter!(gaps, "Places of the log of changes that were missing.");
        Self {
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
