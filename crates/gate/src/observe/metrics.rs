//! Counters and histograms of requests. They are registered when the gate is built, so a request
//! looks up no name. Without a recorder nothing is counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use metrics::{Counter, Histogram, Unit, counter, describe_counter, describe_histogram, histogram};
use scopegate_policy::OperationTable;

use crate::observe::decision_class::DecisionClass;
use crate::routes::Target;
use crate::site_endpoint::{SiteEndpoint, SiteRoute};

const REQUESTS: &str = "scopegate_requests_total";
const DURATION: &str = "scopegate_request_duration_seconds";
const DECISIONS: &str = "scopegate_decisions_total";
const REFUSED: &str = "scopegate_refused_credentials_total";

/// The classes of statuses, by the first digit.
const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The metrics of a gate.
///
/// SECURITY: no label contains data of a request, so clients cannot create series without limit
/// (crates/server/tests/it/admin/metrics.rs, `strangers_make_no_series`).
#[derive(Debug)]
pub(crate) struct GateMetrics {
    /// One for each operation of the table, in its order.
    operations: Vec<RouteMetrics>,
    /// One for each route of each site endpoint.
    sites: Vec<Vec<RouteMetrics>>,
    unknown: RouteMetrics,
    decisions: Vec<(DecisionClass, Counter)>,
    /// The refusals by rule. The rules are few, and a refusal is not the hot path.
    refused: Mutex<BTreeMap<&'static str, Counter>>,
}

/// The metrics of one route.
#[derive(Debug)]
pub(crate) struct RouteMetrics {
    /// The template or the label.
    pub(crate) route: Box<str>,
    /// Whether the work of the route costs far more than a span.
    pub(crate) is_heavy: bool,
    by_status: Vec<Counter>,
    duration: Histogram,
}

impl GateMetrics {
    pub(crate) fn new(table: &OperationTable, sites: &[Arc<dyn SiteEndpoint>]) -> Self {
        describe();
        let decision = |class: DecisionClass| (class, counter!(DECISIONS, "decision" => class.as_str()));
        let operations = table.operations().iter();
        Self {
            operations: operations
                .map(|operation| RouteMetrics::new(operation.method().as_str(), operation.template()))
                .collect(),
            sites: sites
                .iter()
                .map(|site| site.routes().iter().map(RouteMetrics::of_site).collect())
                .collect(),
            unknown: RouteMetrics::new("(any)", "(unknown)"),
            decisions: DecisionClass::ALL.map(decision).into(),
            refused: Mutex::default(),
        }
    }

    /// Returns the metrics of a target; of `None`, those of requests without a target.
    pub(crate) fn of(&self, target: Option<Target>) -> &RouteMetrics {
        match target {
            Some(Target::Operation(number)) => self.operations.get(number).unwrap_or(&self.unknown),
            Some(Target::Site { endpoint, route }) => {
                let site = self.sites.get(endpoint).and_then(|routes| routes.get(route));
                site.unwrap_or(&self.unknown)
            }
            None => &self.unknown,
        }
    }

    /// Counts a decision.
    pub(crate) fn decided(&self, class: DecisionClass) {
        if let Some((_, counter)) = self.decisions.iter().find(|(known, _)| *known == class) {
            counter.increment(1);
        }
    }

    /// Counts a credential that was refused with this rule.
    pub(crate) fn refused(&self, rule: &'static str) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let counter = refused.entry(rule).or_insert_with(|| counter!(REFUSED, "rule" => rule));
        counter.increment(1);
    }
}

impl RouteMetrics {
    fn new(method: &'static str, route: &str) -> Self {
        let labels = [("method", method.to_owned()), ("route", route.to_owned())];
        let by_status = STATUS_CLASSES.map(|class| {
            let [method, route] = labels.clone();
            counter!(REQUESTS, &[method, route, ("status", class.to_owned())])
        });
        Self {
            route: route.into(),
            is_heavy: false,
            by_status: by_status.into(),
            duration: histogram!(DURATION, &labels),
        }
    }

    fn of_site(route: &SiteRoute) -> Self {
        Self {
            is_heavy: route.is_always_traced(),
            ..Self::new(route.method().as_str(), route.metrics_label())
        }
    }

    /// Counts a response.
    pub(crate) fn answered(&self, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.by_status.get(class) {
            counter.increment(1);
        }
        self.duration.record(took);
    }
}

fn describe() {
    describe_counter!(REQUESTS, "Requests that were answered, by route and class of status.");
    describe_histogram!(
        DURATION,
        Unit::Seconds,
        "Time from the head of a request to its answer, by route."
    );
    describe_counter!(DECISIONS, "Decisions about requests, by class.");
    describe_counter!(
        REFUSED,
        "Credentials that were refused before any decision, by the rule that they break."
    );
}
