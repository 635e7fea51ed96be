//! A proposed policy, asked beside the one that decides: what would it have said to this request?
//!
//! INVARIANT: no answer depends on it. It is asked when the decision is made, it looks up nothing and waits for nothing. Held by
//! `tests/it/shadow.rs`, `answers_are_the_same_with_a_shadow`.

mod pace;
mod report;
mod spots;

use std::sync::Arc;

use scopegate_domain::Timestamp;
use scopegate_policy::{
    Counterpart, Denial, OperationTable, Presented, ResolvedOperation, SchemeId, Shadow, ShadowVerdict, Subject,
    TokenTooLarge, TokenWorld,
};

use self::pace::Pace;
use self::report::{Flip, Report};
use self::spots::Spots;
use crate::Profile;
use crate::accepted::Accepted;
use crate::refusal::Refusal;
use crate::request_head::RequestHead;

/// The proposed policy beside one operation.
#[derive(Debug)]
pub(crate) struct Beside {
    shadow: Arc<Shadow>,
    number: usize,
    spots: Spots,
    report: Report,
}

/// Puts a proposed policy beside the operations of a gate.
#[derive(Debug)]
pub(crate) struct Besides<'a> {
    shadow: Arc<Shadow>,
    running: &'a OperationTable,
    profile: Profile,
    pace: Arc<Pace>,
}

impl<'a> Besides<'a> {
    /// Logs which operations the two policies have in common.
    pub(crate) fn new(
        running: &'a OperationTable,
        proposed: OperationTable,
        profile: Profile,
        token_path: Option<&str>,
    ) -> Self {
        let shadow = Arc::new(Shadow::new(running, proposed));
        report::describe(running, &shadow, token_path);
        Self {
            shadow,
            running,
            profile,
            pace: Arc::new(Pace::of_the_gate()),
        }
    }

    /// Beside the operation of this number, for which credentials of these schemes are read.
    pub(crate) fn operation(&self, number: usize, operation: &ResolvedOperation, read: &[SchemeId]) -> Beside {
        let spots = self.shadow.counterpart(number).map(|counterpart| {
            Spots::new(
                (self.running, read),
                (self.shadow.proposed(), counterpart.operation()),
                self.profile,
            )
        });
        Beside {
            shadow: Arc::clone(&self.shadow),
            number,
            spots: spots.unwrap_or_default(),
            report: Report::new(operation, Arc::clone(&self.pace)),
        }
    }
}

impl Beside {
    /// What an accepted credential brings by the proposed policy, where that knows its scheme.
    pub(crate) fn world(
        &self,
        scheme: SchemeId,
        make: impl FnOnce(&OperationTable, SchemeId) -> Result<TokenWorld, TokenTooLarge>,
    ) -> Option<Box<TokenWorld>> {
        let there = self.shadow.scheme(scheme)?;
        make(self.shadow.proposed(), there).ok().map(Box::new)
    }

    /// The running policy decided: it let the request through, or refused it so.
    pub(crate) fn decided(
        &self,
        denial: Option<&Denial>,
        presented: &Presented<'_>,
        accepted: &[Accepted],
        lacks_answers: bool,
        (head, now): (&RequestHead<'_>, Timestamp),
    ) {
        let Some(counterpart) = self.counterpart() else {
            return self.report.unknown_operation();
        };
        let beside = self.present(accepted, now);
        let sight = self.spots.look(accepted, counterpart.operation().needs_user(), head);
        let verdict = match counterpart.ask(Some(presented), &beside) {
            _ if sight.is_refused && !lacks_answers => ShadowVerdict::Deny,
            _ if sight.is_refused => ShadowVerdict::Unknown,
            ShadowVerdict::Allow if sight.may_be_refused => ShadowVerdict::Unknown,
            ShadowVerdict::Deny if sight.may_bring_more || lacks_answers => ShadowVerdict::Unknown,
            verdict => verdict,
        };
        self.report.note(denial.is_none(), verdict, now, || match denial {
            Some(denial) => Flip::would_allow(denial),
            None if sight.is_refused => Flip::would_refuse(),
            None => Flip::would_deny(counterpart.denial(Some(presented), &beside).as_ref()),
        });
    }

    /// The running policy never came to decide.
    pub(crate) fn undecided(&self, refusal: &Refusal, now: Timestamp) {
        let Some(counterpart) = self.counterpart() else {
            return self.report.unknown_operation();
        };
        let nobody = || counterpart.ask(None, &Presented::new(now));
        let verdict = match refusal {
            Refusal::Ambiguous(schemes) => self.spots.with_ambiguous(schemes, nobody),
            Refusal::Credential(_, schemes, _) => self.spots.with_bad(schemes, nobody),
            Refusal::Denied(..) | Refusal::Store(_) => ShadowVerdict::Unknown,
        };
        self.report.note(false, verdict, now, || Flip::would_not_look(refusal));
    }

    fn counterpart(&self) -> Option<&Counterpart> {
        self.shadow.counterpart(self.number)
    }

    fn present<'a>(&self, accepted: &'a [Accepted], now: Timestamp) -> Presented<'a> {
        let present = |presented: Presented<'a>, one: &'a Accepted| {
            let scheme = one.world().scheme();
            match one.beside().filter(|_| self.spots.are_read_by_both(scheme)) {
                None => presented,
                Some(world) if self.spots.is_silent(scheme) => presented.with_token(world, Subject::Nobody),
                Some(world) => one.present(presented, world),
            }
        };
        accepted.iter().fold(Presented::new(now), present)
    }
}
