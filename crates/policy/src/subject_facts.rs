//! The subjects of a request, and the facts about each subject.

use std::borrow::Cow;
use std::sync::Arc;

use scopegate_domain::{Lifetime, Timestamp, User};

use crate::presented::Credential;
use crate::{
    Binding, CheckContext, Fact, FactId, FactSet, Needs, PresentedCredentials, RequestFacts, ResolvedOperation,
};

/// The credentials of one subject, with those that have no subject.
pub(crate) struct SubjectFacts<'p> {
    /// The index of the credential that identifies the subject.
    speaker: Option<usize>,
    token: Cow<'p, FactSet>,
    user: Option<&'p Arc<User>>,
    auth_time: Option<Timestamp>,
    is_bound_by_dpop: bool,
    is_bound_by_mtls: bool,
}

impl<'p> SubjectFacts<'p> {
    const NO_SUBJECT: Self = Self {
        speaker: None,
        token: Cow::Owned(FactSet::EMPTY),
        user: None,
        auth_time: None,
        is_bound_by_dpop: false,
        is_bound_by_mtls: false,
    };

    pub(crate) fn alone(operation: &ResolvedOperation, credential: Option<&'p Credential<'_>>) -> Self {
        match credential {
            Some(credential) if credential.facts.is_of(operation.shared_fact_table()) => Self {
                speaker: Some(0),
                token: Cow::Borrowed(credential.facts.facts()),
                user: credential.user.as_ref(),
                auth_time: credential.facts.auth_time(),
                is_bound_by_dpop: credential.binding == Some(Binding::Dpop),
                is_bound_by_mtls: credential.binding == Some(Binding::Mtls),
            },
            _ => Self::NO_SUBJECT,
        }
    }

    /// Returns the subjects of a request, at least one, in the order in which they are first
    /// presented.
    // SECURITY: credentials of two subjects never count together. Tested by
    // `two_subjects_do_not_count_together` and `client_and_user_of_one_name_are_two_subjects`.
    pub(crate) fn several(operation: &ResolvedOperation, presented: &'p PresentedCredentials<'_>) -> Vec<Self> {
        let own = |(_, credential): &(usize, &Credential<'_>)| credential.facts.is_of(operation.shared_fact_table());
        let (speaking, silent): (Vec<_>, Vec<_>) = presented
            .credentials()
            .enumerate()
            .filter(own)
            .partition(|(_, credential)| credential.facts.has_subject());
        let mut subjects: Vec<(Option<(&str, bool)>, Self)> = Vec::new();
        for (number, credential) in speaking {
            let subject = credential.subject.identity();
            let joined = subjects
                .iter_mut()
                .find(|(known, _)| known.is_some() && *known == subject);
            if let Some((_, subject_facts)) = joined {
                subject_facts.join(credential, presented.now);
            } else {
                let mut subject_facts = Self::alone(operation, Some(credential));
                subject_facts.speaker = Some(number);
                subjects.push((subject, subject_facts));
            }
        }
        if subjects.is_empty() {
            subjects.push((None, Self::NO_SUBJECT));
        }
        for (_, subject_facts) in &mut subjects {
            for (_, credential) in &silent {
                subject_facts.join(credential, presented.now);
            }
        }
        subjects.into_iter().map(|(_, subject_facts)| subject_facts).collect()
    }

    fn join(&mut self, credential: &'p Credential<'_>, now: Timestamp) {
        self.token.to_mut().unite(credential.facts.facts());
        self.user = self.user.or(credential.user.as_ref());
        // A moment in the future has no age, so it must not hide one that has.
        let both = self.auth_time.into_iter().chain(credential.facts.auth_time());
        self.auth_time = both.filter(|time| *time <= now).max();
        self.is_bound_by_dpop |= credential.binding == Some(Binding::Dpop);
        self.is_bound_by_mtls |= credential.binding == Some(Binding::Mtls);
    }

    /// The user of the request.
    pub(crate) const fn user(&self) -> Option<&'p Arc<User>> {
        self.user
    }

    /// Returns the index of the credential that identifies the subject.
    pub(crate) const fn speaker(&self) -> Option<usize> {
        self.speaker
    }

    /// Returns the facts of this subject in this request.
    #[inline]
    pub(crate) fn into_facts(
        self,
        operation: &ResolvedOperation,
        presented: &PresentedCredentials<'_>,
    ) -> RequestFacts<'p> {
        let mut request = FactSet::EMPTY;
        if self.token.contains(FactId::AUTHENTICATED) {
            if let Some(user) = self.user {
                request.insert(FactId::USER);
                if user.is_active() {
                    request.insert(FactId::ACTIVE);
                }
            }
            if let Some(auth_time) = self.auth_time {
                add_ages(operation, presented.now, auth_time, &mut request);
            }
            self.add_bindings(operation, &mut request);
        }
        if operation.has_checks() {
            self.run_checks(operation, presented, &mut request);
        }
        RequestFacts {
            token: self.token,
            request,
        }
    }

    fn add_bindings(&self, operation: &ResolvedOperation, request: &mut FactSet) {
        for (is_bound, binding) in [
            (self.is_bound_by_dpop, Binding::Dpop),
            (self.is_bound_by_mtls, Binding::Mtls),
        ] {
            if is_bound && let Some(id) = operation.fact_table().find(&Fact::Bound(binding)) {
                request.insert(id);
            }
        }
    }

    /// A fact holds if every check of that fact passes. `active` requires an active user first;
    /// checks can only remove it.
    fn run_checks(&self, operation: &ResolvedOperation, presented: &PresentedCredentials<'_>, request: &mut FactSet) {
        let has_credential = self.token.contains(FactId::AUTHENTICATED);
        let has_user = request.contains(FactId::USER);
        let has = |needs| match needs {
            Needs::Nothing => true,
            Needs::Authentication => has_credential,
            Needs::User => has_user,
        };
        for (name, id, needs) in operation.facts() {
            if presented.facts.contains(&&**name) && has(*needs) {
                request.insert(*id);
            }
        }
        let mut failed = FactSet::EMPTY;
        for place in operation.checks() {
            let seen = CheckContext {
                scopes: &place.visible,
                user: self.user.map(|user| &**user),
                granted: &self.token,
                fact_table: operation.fact_table(),
                now: presented.now,
                facts: &presented.facts,
            };
            if !has(place.check.needs()) || !place.check.passes(&seen) {
                failed.insert(place.fact);
            } else if place.fact != FactId::ACTIVE {
                request.insert(place.fact);
            }
        }
        request.subtract(&failed);
    }
}

fn add_ages(operation: &ResolvedOperation, now: Timestamp, auth_time: Timestamp, request: &mut FactSet) {
    // SECURITY: a moment of authentication in the future has no age, so it satisfies no limit.
    // Tested by `an_age_from_the_future_satisfies_nothing`.
    let Ok(age) = u32::try_from(now.seconds_since(auth_time)) else {
        return;
    };
    let age = Lifetime::from_seconds(age);
    for (_, id) in operation.fact_table().ages().iter().filter(|(limit, _)| age <= *limit) {
        request.insert(*id);
    }
}
