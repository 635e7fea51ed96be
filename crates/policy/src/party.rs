//! Who speaks in a request, and what holds for them.

use std::borrow::Cow;
use std::sync::Arc;

use scopegate_domain::{Lifetime, Timestamp, User};

use crate::presented::Credential;
use crate::{Atom, AtomId, AtomSet, Binding, Needs, Place, Presented, ResolvedOperation, World};

/// The credentials that speak for one subject, with those that speak for nobody.
pub(crate) struct Party<'p> {
    token: Cow<'p, AtomSet>,
    user: Option<&'p Arc<User>>,
    auth_time: Option<Timestamp>,
    bindings: Vec<Binding>,
}

impl<'p> Party<'p> {
    const NOBODY: Self = Self {
        token: Cow::Owned(AtomSet::EMPTY),
        user: None,
        auth_time: None,
        bindings: Vec::new(),
    };

    pub(crate) fn alone(operation: &ResolvedOperation, credential: Option<&'p Credential<'_>>) -> Self {
        match credential {
            Some(credential) if credential.world.is_of(operation.shared_universe()) => Self {
                token: Cow::Borrowed(credential.world.atoms()),
                user: credential.user.as_ref(),
                auth_time: credential.world.auth_time(),
                bindings: credential.binding.into_iter().collect(),
            },
            _ => Self::NOBODY,
        }
    }

    /// The parties of a request, at least one, in the order in which they are first presented.
    // SECURITY: credentials of two subjects never count together. Held by `two_subjects_do_not_count_together`.
    pub(crate) fn several(operation: &ResolvedOperation, presented: &'p Presented<'_>) -> Vec<Self> {
        let own = |credential: &&Credential<'_>| credential.world.is_of(operation.shared_universe());
        let (speaking, silent): (Vec<_>, Vec<_>) = presented
            .credentials()
            .filter(own)
            .partition(|credential| credential.world.has_subject());
        let mut parties: Vec<(Option<&str>, Self)> = Vec::new();
        for credential in speaking {
            let joined = parties
                .iter_mut()
                .find(|(subject, _)| subject.is_some() && *subject == credential.subject);
            match joined {
                Some((_, party)) => party.join(credential),
                None => parties.push((credential.subject, Self::alone(operation, Some(credential)))),
            }
        }
        if parties.is_empty() {
            parties.push((None, Self::NOBODY));
        }
        for (_, party) in &mut parties {
            for credential in &silent {
                party.join(credential);
            }
        }
        parties.into_iter().map(|(_, party)| party).collect()
    }

    fn join(&mut self, credential: &'p Credential<'_>) {
        self.token.to_mut().unite(credential.world.atoms());
        self.user = self.user.or(credential.user.as_ref());
        self.auth_time = self.auth_time.max(credential.world.auth_time());
        self.bindings.extend(credential.binding);
    }

    /// The user in whose name the request is made.
    pub(crate) fn user(&self) -> Option<Arc<User>> {
        self.user.cloned()
    }

    pub(crate) fn world(&self, operation: &ResolvedOperation, presented: &Presented<'_>) -> World<'p> {
        let mut request = AtomSet::EMPTY;
        if self.token.contains(AtomId::AUTHENTICATED) {
            if let Some(user) = self.user {
                request.insert(AtomId::USER);
                if user.is_active() {
                    request.insert(AtomId::ACTIVE);
                }
            }
            self.add_ages_and_bindings(operation, presented.now, &mut request);
        }
        if !operation.checks().is_empty() || !operation.facts().is_empty() {
            self.run_checks(operation, presented, &mut request);
        }
        World {
            token: self.token.clone(),
            request,
        }
    }

    fn add_ages_and_bindings(&self, operation: &ResolvedOperation, now: Timestamp, request: &mut AtomSet) {
        let universe = operation.universe();
        if let Some(auth_time) = self.auth_time {
            // SECURITY: a moment of authentication in the future has no age, so it satisfies no limit. Held by
            // `an_age_from_the_future_is_none`.
            let age = u32::try_from(now.seconds_since(auth_time))
                .ok()
                .map(Lifetime::from_seconds);
            for (_, id) in universe
                .ages()
                .iter()
                .filter(|(limit, _)| age.is_some_and(|age| age <= *limit))
            {
                request.insert(*id);
            }
        }
        for binding in &self.bindings {
            if let Some(id) = universe.find(&Atom::Bound(*binding)) {
                request.insert(id);
            }
        }
    }

    /// An atom holds where every check behind it passes.
    fn run_checks(&self, operation: &ResolvedOperation, presented: &Presented<'_>, request: &mut AtomSet) {
        let mut failed = AtomSet::EMPTY;
        let mut passed = AtomSet::EMPTY;
        let has = |needs| match needs {
            Needs::Nothing => true,
            Needs::Authentication => self.token.contains(AtomId::AUTHENTICATED),
            Needs::User => request.contains(AtomId::USER),
        };
        for place in operation.checks() {
            let seen = Place {
                scopes: &place.visible,
                user: self.user.map(|user| &**user),
                granted: &self.token,
                universe: operation.universe(),
                now: presented.now,
                facts: &presented.facts,
            };
            let is_satisfied = has(place.check.needs()) && place.check.passes(&seen);
            let outcome = if is_satisfied { &mut passed } else { &mut failed };
            outcome.insert(place.atom);
        }
        for (name, id, needs) in operation.facts() {
            if presented.facts.contains(&&**name) && has(*needs) {
                passed.insert(*id);
            }
        }
        // `active` asks for an active user, whatever else is a part of it.
        if !request.contains(AtomId::ACTIVE) {
            failed.insert(AtomId::ACTIVE);
        }
        request.unite(&passed);
        *request = request.difference(&failed);
    }
}
