//! The decision.

use std::borrow::Cow;
use std::sync::Arc;

use scopegate_domain::{Lifetime, Timestamp, User};

use crate::presented::Credential;
use crate::resolved::witness;
use crate::{
    Atom, AtomId, AtomSet, Binding, Denial, Needs, Permit, Place, Presented, Requirement, ResolvedOperation, World,
};

/// Decides whether a request may do what it asks for.
///
/// Pure: the same operation and the same presented values give the same answer. A credential of another table's operations
/// counts for nothing.
///
/// # Errors
///
/// [`Denial`] says what is missing, and what to tell the client.
///
/// ```
/// use scopegate_domain::{Catalog, SecurityScheme, Timestamp};
/// use scopegate_policy::{Denial, Guard, Operation, OperationTable, Presented, authorize};
///
/// let catalog = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token")).build()?;
/// let table = OperationTable::builder(catalog)
///     .operation(Operation::get("/status/").guard(Guard::authenticated()))
///     .build()?;
/// let presented = Presented::new(Timestamp::from_unix(0));
/// let denial = authorize(&table.operations()[0], &presented).unwrap_err();
/// assert!(matches!(denial, Denial::Unauthenticated { .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn authorize(operation: &ResolvedOperation, presented: &Presented<'_>) -> Result<Permit, Denial> {
    let mut refused = None;
    let mut ask = |party: &Party<'_>| {
        let world = party.world(operation, presented);
        let found = witness(party.requirement(operation, presented), &world);
        if found.is_none() {
            refused.get_or_insert_with(|| world.atoms());
        }
        let witness = found?;
        let witness = Some(witness).filter(|_| presented.has_credential() || operation.anonymous().is_none());
        Some(Permit::new(operation.clone(), party.user.cloned(), world.token.into_owned(), witness))
    };
    let permit = if presented.more.is_empty() {
        ask(&Party::alone(operation, presented.first.as_ref()))
    } else {
        Party::several(operation, presented).iter().find_map(ask)
    };
    permit.ok_or_else(|| Denial::new(operation, &refused.unwrap_or_default()))
}

/// The world in which a request is decided: that of the party that is allowed, or of the first one.
pub(crate) fn deciding_world<'a>(operation: &ResolvedOperation, presented: &'a Presented<'_>) -> World<'a> {
    let parties = Party::several(operation, presented);
    let mut worlds: Vec<World<'a>> = parties.iter().map(|party| party.world(operation, presented)).collect();
    let allowed = worlds.iter().position(|world| witness(operation.requirement(), world).is_some());
    worlds.swap_remove(allowed.unwrap_or(0))
}

/// The credentials that speak for one subject, with those that speak for nobody.
struct Party<'p> {
    token: Cow<'p, AtomSet>,
    user: Option<&'p Arc<User>>,
    auth_time: Option<Timestamp>,
    bindings: [Option<Binding>; 2],
}

impl<'p> Party<'p> {
    const NOBODY: Self = Self { token: Cow::Owned(AtomSet::EMPTY), user: None, auth_time: None, bindings: [None; 2] };

    fn alone(operation: &ResolvedOperation, credential: Option<&'p Credential<'_>>) -> Self {
        match credential {
            Some(credential) if credential.world.is_of(operation.shared_universe()) => Self {
                token: Cow::Borrowed(credential.world.atoms()),
                user: credential.user.as_ref(),
                auth_time: credential.world.auth_time(),
                bindings: [credential.binding, None],
            },
            _ => Self::NOBODY,
        }
    }

    /// The parties of a request, at least one, in the order in which they are first presented.
    // SECURITY: credentials of two subjects never count together. Held by `two_subjects_do_not_count_together`.
    fn several(operation: &ResolvedOperation, presented: &'p Presented<'_>) -> Vec<Self> {
        let own = |credential: &&Credential<'_>| credential.world.is_of(operation.shared_universe());
        let (speaking, silent): (Vec<_>, Vec<_>) =
            presented.credentials().filter(own).partition(|credential| credential.world.has_subject());
        let mut parties: Vec<(Option<&str>, Self)> = Vec::new();
        for credential in speaking {
            let joined = parties.iter_mut().find(|(subject, _)| subject.is_some() && *subject == credential.subject);
            match joined {
                Some((_, party)) => party.join(credential),
                None => parties.push((credential.subject, Self::alone(operation, Some(credential)))),
            }
        }
        if parties.is_empty() {
            parties.push((None, Self::NOBODY));
        }
        for (_, party) in &mut parties {
            silent.iter().for_each(|credential| party.join(credential));
        }
        parties.into_iter().map(|(_, party)| party).collect()
    }

    fn join(&mut self, credential: &'p Credential<'_>) {
        self.token.to_mut().unite(credential.world.atoms());
        self.user = self.user.or(credential.user.as_ref());
        self.auth_time = self.auth_time.max(credential.world.auth_time());
        for binding in [Binding::Dpop, Binding::Mtls] {
            if credential.binding == Some(binding) && !self.bindings.contains(&Some(binding)) {
                let [first, second] = &mut self.bindings;
                *(if first.is_none() { first } else { second }) = Some(binding);
            }
        }
    }

    fn requirement<'o>(&self, operation: &'o ResolvedOperation, presented: &Presented<'_>) -> &'o Requirement {
        match operation.anonymous() {
            Some(anonymous) if !presented.has_credential() => anonymous,
            _ => operation.requirement(),
        }
    }

    fn world(&self, operation: &ResolvedOperation, presented: &Presented<'_>) -> World<'p> {
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
        World { token: self.token.clone(), request }
    }

    fn add_ages_and_bindings(&self, operation: &ResolvedOperation, now: Timestamp, request: &mut AtomSet) {
        let universe = operation.universe();
        if let Some(auth_time) = self.auth_time {
            // SECURITY: a moment of authentication in the future has no age, so it satisfies no limit. Held by
            // `an_age_from_the_future_is_none`.
            let age = u32::try_from(now.seconds_since(auth_time)).ok().map(Lifetime::from_seconds);
            let young_enough = universe.ages().iter().filter(|(limit, _)| age.is_some_and(|age| age <= *limit));
            young_enough.for_each(|(_, id)| request.insert(*id));
        }
        for binding in self.bindings.into_iter().flatten() {
            if let Some(id) = universe.find(&Atom::Bound(binding)) {
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
            let passes = has(place.check.needs()) && place.check.passes(&seen);
            if passes { passed.insert(place.atom) } else { failed.insert(place.atom) }
        }
        let facts = operation.facts().iter().filter(|(name, _, needs)| presented.facts.contains(&&**name) && has(*needs));
        facts.for_each(|(_, id, _)| passed.insert(*id));
        // `active` asks for an active user, whatever else is a part of it.
        if !request.contains(AtomId::ACTIVE) {
            failed.insert(AtomId::ACTIVE);
        }
        request.unite(&passed);
        *request = request.difference(&failed);
    }
}
