//! A proposed policy, evaluated for each request in addition to the policy that decides.
//!
//! INVARIANT: no response depends on it. It is evaluated after the decision, looks up nothing and
//! waits for nothing. Tested by `http/tests/it/shadow.rs`, `answers_are_the_same_with_a_shadow`.

mod log_limiter;
mod places;
mod report;

use std::sync::Arc;

use scopegate_domain::Timestamp;
use scopegate_policy::{
    Denial, OperationTable, PresentedCredentials, ProposedOperation, ResolvedOperation, SchemeId, Shadow,
    ShadowVerdict, Subject, TokenFacts, TokenTooLarge,
};

use self::log_limiter::LogLimiter;
use self::places::ShadowPlaces;
use self::report::{Divergence, Report};
use crate::credentials::accepted::AcceptedCredential;
use crate::dialect::Dialect;
use crate::refusal::Refusal;
use crate::request_head::RequestHead;
use crate::site_endpoint::SiteEndpoint;

/// The proposed policy for one operation.
#[derive(Debug)]
pub(crate) struct ShadowEvaluator {
    shadow: Arc<Shadow>,
    number: usize,
    places: ShadowPlaces,
    report: Report,
}

/// Compares the operations of a gate with a proposed policy.
#[derive(Debug)]
pub(crate) struct ShadowBuilder<'a> {
    shadow: Arc<Shadow>,
    running: &'a OperationTable,
    dialect: Dialect,
    pace: Arc<LogLimiter>,
}

impl<'a> ShadowBuilder<'a> {
    /// Logs which operations the two policies have in common.
    pub(crate) fn new(
        running: &'a OperationTable,
        proposed: OperationTable,
        dialect: Dialect,
        sites: &[Arc<dyn SiteEndpoint>],
    ) -> Self {
        let shadow = Arc::new(Shadow::new(running, proposed));
        report::describe(running, &shadow, sites);
        Self {
            shadow,
            running,
            dialect,
            pace: Arc::new(LogLimiter::of_the_gate()),
        }
    }

    /// Creates the evaluator of the operation of this number, which reads credentials of these
    /// schemes.
    pub(crate) fn operation(&self, number: usize, operation: &ResolvedOperation, read: &[SchemeId]) -> ShadowEvaluator {
        let places = self.shadow.counterpart(number).map(|counterpart| {
            ShadowPlaces::new(
                (self.running, read),
                (self.shadow.proposed(), counterpart.operation()),
                self.dialect,
            )
        });
        ShadowEvaluator {
            shadow: Arc::clone(&self.shadow),
            number,
            places: places.unwrap_or_default(),
            report: Report::new(operation, Arc::clone(&self.pace)),
        }
    }
}

impl ShadowEvaluator {
    /// Returns the facts of an accepted credential under the proposed policy, if that has its
    /// scheme.
    pub(crate) fn token_facts(
        &self,
        scheme: SchemeId,
        make: impl FnOnce(&OperationTable, SchemeId) -> Result<TokenFacts, TokenTooLarge>,
    ) -> Option<Box<TokenFacts>> {
        let there = self.shadow.scheme(scheme)?;
        make(self.shadow.proposed(), there).ok().map(Box::new)
    }

    /// Records the decision of the running policy; `denial` is `None` if it allows the request.
    pub(crate) fn decided(
        &self,
        denial: Option<&Denial>,
        presented: &PresentedCredentials<'_>,
        accepted: &[AcceptedCredential],
        lacks_answers: bool,
        (head, now): (&RequestHead<'_>, Timestamp),
    ) {
        let Some(counterpart) = self.counterpart() else {
            return self.report.unknown_operation();
        };
        let shadow = self.present(accepted, now);
        let visibility = self.places.look(accepted, counterpart.operation().needs_user(), head);
        let verdict = match counterpart.ask(Some(presented), &shadow) {
            _ if visibility.is_refused && !lacks_answers => ShadowVerdict::Deny,
            _ if visibility.is_refused => ShadowVerdict::Unknown,
            ShadowVerdict::Allow if visibility.may_be_refused => ShadowVerdict::Unknown,
            ShadowVerdict::Deny if visibility.may_bring_more || lacks_answers => ShadowVerdict::Unknown,
            verdict => verdict,
        };
        self.report.note(denial.is_none(), verdict, now, || match denial {
            Some(denial) => Divergence::would_allow(denial),
            None if visibility.is_refused => Divergence::would_refuse(),
            None => Divergence::would_deny(counterpart.denial(Some(presented), &shadow).as_ref()),
        });
    }

    /// Records a refusal before the decision of the running policy.
    pub(crate) fn undecided(&self, refusal: &Refusal, now: Timestamp) {
        let Some(counterpart) = self.counterpart() else {
            return self.report.unknown_operation();
        };
        let anonymous = || counterpart.ask(None, &PresentedCredentials::new(now));
        let verdict = match refusal {
            Refusal::Ambiguous(schemes) => self.places.with_ambiguous(schemes, anonymous),
            Refusal::Credential(_, schemes, _) => self.places.with_bad(schemes, anonymous),
            Refusal::Denied(..) | Refusal::Store(_) => ShadowVerdict::Unknown,
        };
        self.report
            .note(false, verdict, now, || Divergence::would_not_look(refusal));
    }

    fn counterpart(&self) -> Option<&ProposedOperation> {
        self.shadow.counterpart(self.number)
    }

    fn present<'a>(&self, accepted: &'a [AcceptedCredential], now: Timestamp) -> PresentedCredentials<'a> {
        let present = |presented: PresentedCredentials<'a>, one: &'a AcceptedCredential| {
            let scheme = one.token_facts().scheme();
            match one.shadow().filter(|_| self.places.are_read_by_both(scheme)) {
                None => presented,
                Some(token_facts) if self.places.is_subject_only_in_running(scheme) => {
                    presented.with_token(token_facts, Subject::None)
                }
                Some(token_facts) => one.present(presented, token_facts),
            }
        };
        accepted.iter().fold(PresentedCredentials::new(now), present)
    }
}
