//! Collects the metrics and writes them in the Prometheus text format.

use std::time::Duration;

use anyhow::Context;
use metrics::{Unit, describe_gauge, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use scopegate_domain::{Clock, SystemClock};

use crate::tasks::Tasks;

/// The media type of the output of [`Exporter::render`].
pub(super) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The interval at which recorded times move into their buckets.
///
/// SECURITY: until then each time takes 8 bytes. This bounds the memory if no client reads
/// `/metrics`.
const UPKEEP: Duration = Duration::from_secs(1);

/// Upper bounds of the buckets of each histogram, in seconds.
const BUCKETS: [(&str, &[f64]); 3] = [
    (
        "scopegate_request_duration_seconds",
        &[
            0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
        ],
    ),
    (
        "scopegate_hashing_duration_seconds",
        &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0],
    ),
    (
        "scopegate_store_duration_seconds",
        &[0.000_05, 0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.01, 0.1, 1.0, 5.0],
    ),
];

/// The metrics of this process.
#[derive(Clone, Debug)]
pub(crate) struct Exporter(PrometheusHandle);

impl Exporter {
    /// Installs the recorder. Handles that were created earlier count nothing, so call it first.
    pub(crate) fn install(tasks: &mut Tasks) -> anyhow::Result<Self> {
        let builder = BUCKETS
            .iter()
            .try_fold(PrometheusBuilder::new(), |builder, (name, bounds)| {
                builder.set_buckets_for_metric(Matcher::Full((*name).to_owned()), bounds)
            });
        let recorder = builder.context("bad buckets")?.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).context("something counts already")?;
        describe();
        let upkeep = handle.clone();
        tasks.spawn("metrics", async move {
            let mut ticks = tokio::time::interval(UPKEEP);
            loop {
                ticks.tick().await;
                upkeep.run_upkeep();
            }
        });
        Ok(Self(handle))
    }

    /// Writes all metrics as text, in the same order at each scrape.
    pub(super) fn render(&self) -> String {
        in_order(&self.0.render())
    }
}

/// Orders the families by name and their series by label. The buckets of one series keep their
/// order.
fn in_order(text: &str) -> String {
    let mut families: Vec<&str> = text.split("\n\n").filter(|family| !family.trim().is_empty()).collect();
    families.sort_by_key(|family| family.split_ascii_whitespace().nth(2));
    let mut ordered = String::with_capacity(text.len());
    for family in families {
        let (mut comments, mut samples): (Vec<&str>, Vec<&str>) =
            family.lines().partition(|line| line.starts_with('#'));
        // A bucket's bound is its last label.
        samples.sort_by_key(|line| line.rsplit_once("le=\"").map_or(*line, |(series, _)| series));
        comments.append(&mut samples);
        for line in comments {
            ordered.push_str(line);
            ordered.push('\n');
        }
        ordered.push('\n');
    }
    ordered
}

fn describe() {
    describe_gauge!("scopegate_build_info", "Always 1; the label says which version runs.");
    gauge!("scopegate_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    describe_gauge!(
        "process_start_time_seconds",
        Unit::Seconds,
        "When the process started, since 1970."
    );
    let started = u32::try_from(SystemClock.now().as_unix()).unwrap_or_default();
    gauge!("process_start_time_seconds").set(f64::from(started));
    describe_gauge!(
        "scopegate_draining",
        "1 while the server finishes what is under way and takes nothing new."
    );
    gauge!("scopegate_draining").set(0.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_in_a_stable_order() {
        let text = "# HELP b two\n# TYPE b counter\nb{x=\"2\"} 1\nb{x=\"1\"} 1\n\n# TYPE a histogram\n\
            a_bucket{x=\"2\",le=\"5\"} 1\na_bucket{x=\"2\",le=\"10\"} 1\na_bucket{x=\"1\",le=\"5\"} 1\n\
            a_bucket{x=\"1\",le=\"10\"} 1\na_sum{x=\"1\"} 1\n\n";
        let ordered = "# TYPE a histogram\na_bucket{x=\"1\",le=\"5\"} 1\na_bucket{x=\"1\",le=\"10\"} 1\n\
            a_bucket{x=\"2\",le=\"5\"} 1\na_bucket{x=\"2\",le=\"10\"} 1\na_sum{x=\"1\"} 1\n\n\
            # HELP b two\n# TYPE b counter\nb{x=\"1\"} 1\nb{x=\"2\"} 1\n\n";
        assert_eq!(in_order(text), ordered);
        assert_eq!(in_order(ordered), ordered);
    }
}
