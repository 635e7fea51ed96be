//! What is counted of requests. Every handle is taken once, when the gate is built: a request looks up no name, and where
//! no recorder is installed nothing is counted.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use metrics::{Counter, Histogram, Unit, counter, describe_counter, describe_histogram, histogram};
use scopegate_policy::OperationTable;

use crate::decision_class::DecisionClass;
use crate::published_keys::JWKS_PATH;
use crate::routes::Target;

const REQUESTS: &str = "scopegate_requests_total";
const DURATION: &str = "scopegate_request_duration_seconds";
const DECISIONS: &str = "scopegate_decisions_total";
const REFUSED: &str = "scopegate_refused_credentials_total";

/// The classes of statuses, by the first digit.
const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What a gate counts.
///
/// SECURITY: no label holds anything of a request, so that nobody can make series without end
/// (crates/server/tests/admin/metrics.rs, `strangers_make_no_series`).
#[derive(Debug)]
pub(crate) struct GateMetrics {
    /// One for each operation of the table, in its order.
    operations: Vec<RouteMetrics>,
    token: RouteMetrics,
    documentation: RouteMetrics,
    jwks: RouteMetrics,
    unknown: RouteMetrics,
    decisions: Vec<(DecisionClass, Counter)>,
    /// By rule; the rules are few, and a refusal is no hot path.
    refused: Mutex<BTreeMap<&'static str, Counter>>,
}

/// What is counted of one route.
#[derive(Debug)]
pub(crate) struct RouteMetrics {
    /// Its template, or what is said in place of one.
    pub(crate) route: Box<str>,
    /// Whether a password is hashed there.
    pub(crate) is_heavy: bool,
    by_status: Vec<Counter>,
    duration: Histogram,
}

impl GateMetrics {
    pub(crate) fn new(table: &OperationTable, token_path: Option<&str>) -> Self {
        describe();
        let decision = |class: DecisionClass| (class, counter!(DECISIONS, "decision" => class.as_str()));
        let operations = table.operations().iter();
        Self {
            operations: operations
                .map(|operation| RouteMetrics::new(operation.method().as_str(), operation.template()))
                .collect(),
            token: RouteMetrics {
                is_heavy: true,
                ..RouteMetrics::new("POST", token_path.unwrap_or("(none)"))
            },
            documentation: RouteMetrics::new("GET", "(documentation)"),
            jwks: RouteMetrics::new("GET", JWKS_PATH),
            unknown: RouteMetrics::new("(any)", "(unknown)"),
            decisions: DecisionClass::ALL.map(decision).into(),
            refused: Mutex::default(),
        }
    }

    /// What is counted of requests that were looked up as this; of no target, those that have no place here.
    pub(crate) fn of(&self, target: Option<Target>) -> &RouteMetrics {
        match target {
            Some(Target::Operation(number)) => self.operations.get(number).unwrap_or(&self.unknown),
            Some(Target::Jwks) => &self.jwks,
            Some(Target::Token) => &self.token,
            Some(Target::Asset | Target::Document | Target::Page(_) | Target::Root) => &self.documentation,
            None => &self.unknown,
        }
    }

    /// A decision was made.
    pub(crate) fn decided(&self, class: DecisionClass) {
        if let Some((_, counter)) = self.decisions.iter().find(|(known, _)| *known == class) {
            counter.increment(1);
        }
    }

    /// A credential was refused by this rule.
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

    /// A request was answered.
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
    describe_counter!(DECISIONS, "Decisions about who may go in, by class.");
    describe_counter!(
        REFUSED,
        "Credentials that were refused before any decision, by the rule that they break."
    );
}
