//! Reports about a shadow: a count for each request, and a log line if the two policies differ.

use std::sync::Arc;

use metrics::{Counter, counter, describe_counter};
use scopegate_domain::{DeclaredScheme, SchemeName, Timestamp};
use scopegate_policy::{Denial, OperationTable, ResolvedOperation, Shadow, ShadowVerdict};

use super::log_limiter::LogLimiter;
use crate::observe::LOG_TARGET;
use crate::observe::decision_class::DecisionClass;
use crate::refusal::Refusal;
use crate::site_endpoint::SiteEndpoint;

const DECISIONS: &str = "scopegate_shadow_decisions_total";

/// The maximum number of names in one line of the log.
const NAMES: usize = 20;

/// Counts and logs the decisions of one operation.
#[derive(Debug)]
pub(crate) struct Report {
    operation: ResolvedOperation,
    same: Counter,
    would_deny: Counter,
    would_allow: Counter,
    unknown: Counter,
    unknown_operation: Counter,
    pace: LogLimiter,
    pace_of_the_gate: Arc<LogLimiter>,
}

/// The difference of the two policies: each decision by its class, and the missing facts of the
/// other one.
///
/// SECURITY: it contains only words of the policies. Tested by `http/tests/it/shadow.rs`,
/// `divergence_is_logged_without_secrets`.
#[derive(Debug)]
pub(crate) struct Divergence {
    running: DecisionClass,
    proposed: DecisionClass,
    missing: String,
}

impl Divergence {
    /// Describes a request that the running policy allows and the proposed one would deny.
    pub(crate) fn would_deny(denial: Option<&Denial>) -> Self {
        Self {
            running: DecisionClass::Allow,
            proposed: denial.map_or(DecisionClass::Forbidden, DecisionClass::of_denial),
            missing: denial.map(missing).unwrap_or_default(),
        }
    }

    /// Describes a request that the running policy allows by a scheme that the proposed one does
    /// not require. The proposed one requires other schemes in that place.
    pub(crate) fn would_refuse() -> Self {
        Self {
            running: DecisionClass::Allow,
            proposed: DecisionClass::InvalidToken,
            missing: "a credential of another scheme".to_owned(),
        }
    }

    /// Describes a request that the running policy denies and the proposed one would allow.
    pub(crate) fn would_allow(denial: &Denial) -> Self {
        Self {
            running: DecisionClass::of_denial(denial),
            proposed: DecisionClass::Allow,
            missing: missing(denial),
        }
    }

    /// Describes a credential that the running policy refuses and the proposed one would not read.
    pub(crate) fn would_not_look(refusal: &Refusal) -> Self {
        Self {
            running: DecisionClass::of(refusal),
            proposed: DecisionClass::Allow,
            missing: "a good credential".to_owned(),
        }
    }
}

/// Returns the missing facts of the nearest alternative, in the fewest words.
fn missing(denial: &Denial) -> String {
    let unmet_requirement = denial.unmet_requirement();
    let missing: Vec<String> = unmet_requirement
        .missing()
        .into_iter()
        .map(ToString::to_string)
        .collect();
    missing.join(" ")
}

impl Report {
    pub(crate) fn new(operation: &ResolvedOperation, pace_of_the_gate: Arc<LogLimiter>) -> Self {
        let count = |outcome: &'static str| {
            let labels = [
                ("method", operation.method().as_str().to_owned()),
                ("route", operation.template().to_owned()),
                ("outcome", outcome.to_owned()),
            ];
            counter!(DECISIONS, &labels)
        };
        Self {
            operation: operation.clone(),
            same: count("same"),
            would_deny: count("would_deny"),
            would_allow: count("would_allow"),
            unknown: count("unknown"),
            unknown_operation: count("unknown_operation"),
            pace: LogLimiter::of_an_operation(),
            pace_of_the_gate,
        }
    }

    /// Counts a request for an operation that the proposed policy does not declare.
    pub(crate) fn unknown_operation(&self) {
        self.unknown_operation.increment(1);
    }

    /// Counts the two decisions, and logs a line if they differ.
    pub(crate) fn note(
        &self,
        is_let_in: bool,
        verdict: ShadowVerdict,
        now: Timestamp,
        flip: impl FnOnce() -> Divergence,
    ) {
        let counter = match (is_let_in, verdict) {
            (true, ShadowVerdict::Allow) | (false, ShadowVerdict::Deny) => return self.same.increment(1),
            (_, ShadowVerdict::Unknown) => return self.unknown.increment(1),
            (true, ShadowVerdict::Deny) => &self.would_deny,
            (false, ShadowVerdict::Allow) => &self.would_allow,
        };
        counter.increment(1);
        if tracing::enabled!(target: LOG_TARGET, tracing::Level::INFO) {
            self.tell(now, flip);
        }
    }

    fn tell(&self, now: Timestamp, flip: impl FnOnce() -> Divergence) {
        let Some(unwritten) = self.pace.take(now) else {
            return;
        };
        if self.pace_of_the_gate.take(now).is_none() {
            return self.pace.give_back(unwritten);
        }
        let Divergence {
            running,
            proposed,
            missing,
        } = flip();
        tracing::info!(target: LOG_TARGET,
            operation = %self.operation,
            running = running.as_str(),
            proposed = proposed.as_str(),
            missing,
            unwritten,
            "the shadow policy would decide differently"
        );
    }
}

/// Logs once which operations and schemes the two policies share.
///
/// Site endpoints are not operations, so the document of a gate can have more operations than its
/// table.
pub(crate) fn describe(running: &OperationTable, shadow: &Shadow, sites: &[Arc<dyn SiteEndpoint>]) {
    describe_counter!(
        DECISIONS,
        "Decisions of the shadow policy, with those of the running policy, by route."
    );
    let compared = running.operations().len() - shadow.only_running().len();
    let only_running = names(shadow.only_running());
    let is_site = |operation: &&ResolvedOperation| {
        let mut routes = sites.iter().flat_map(SiteEndpoint::routes);
        routes.any(|route| route.method() == operation.method() && route.template() == operation.template())
    };
    let only_proposed = shadow.only_proposed().iter();
    let only_proposed: Vec<_> = only_proposed.filter(|one| !is_site(one)).collect();
    let only_proposed = names(&only_proposed);
    if compared == 0 {
        tracing::warn!(target: LOG_TARGET,
            only_running,
            only_proposed,
            "the shadow policy has no operation of this gate"
        );
    } else {
        tracing::info!(target: LOG_TARGET,
            compared,
            only_running,
            only_proposed,
            "shadow policy is evaluated"
        );
    }
    let schemes = shadow.proposed().catalog().schemes().iter();
    let strange = schemes.filter(|declared| running.catalog().find(declared.name()).is_none());
    let strange: Vec<&SchemeName> = strange.map(DeclaredScheme::name).collect();
    if !strange.is_empty() {
        let schemes = names(&strange);
        tracing::warn!(target: LOG_TARGET,
            schemes,
            "the shadow policy has schemes that this gate does not verify"
        );
    }
    let unknown = |number| Some(shadow.counterpart(number)?).filter(|counterpart| !counterpart.unknown().is_empty());
    for counterpart in (0..running.operations().len()).filter_map(unknown).take(NAMES) {
        let (operation, unknown) = (counterpart.operation(), names(&counterpart.unknown()));
        tracing::info!(target: LOG_TARGET, %operation, unknown, "shadow policy requires facts that this operation does not evaluate");
    }
}

fn names<T: ToString>(all: &[T]) -> String {
    let mut names: Vec<String> = all.iter().take(NAMES).map(ToString::to_string).collect();
    if let Some(more) = all.len().checked_sub(NAMES).filter(|more| *more > 0) {
        names.push(format!("and {more} more"));
    }
    names.join(", ")
}
