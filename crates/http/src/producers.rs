//! Which atoms of a policy the sources of a gate can supply: checked once, when the gate is built.

use scopegate_grant::AuthorizationServer;
use scopegate_policy::{Atom, AtomId, AtomSet, ResolvedOperation};

use crate::GateError;
use crate::says::Says;
use crate::sources::{Judge, Judges};

/// A way to satisfy an operation whose credentials the gate can verify.
struct Way<'o> {
    closed: &'o AtomSet,
    missing: Vec<AtomId>,
}

/// Checks that the sources of the gate can supply each atom of an operation.
///
/// An atom needs one alternative in which a source supplies it. One alternative must be supplied
/// whole. An alternative with a scheme that has no verifier is not counted, and a limit of scopes
/// for an issuer is the choice of the operator.
///
/// # Errors
///
/// [`GateError::NoProducer`] names the first atom that no source can supply.
pub(crate) fn check(
    operation: &ResolvedOperation,
    judges: &Judges,
    server: Option<&AuthorizationServer>,
) -> Result<(), GateError> {
    let ways: Vec<Way<'_>> = operation
        .requirement()
        .alternatives()
        .iter()
        .filter_map(|closed| way(operation, closed, judges, server))
        .collect();
    let is_supplied = |id: AtomId| {
        ways.iter()
            .any(|way| way.closed.contains(id) && !way.missing.contains(&id))
    };
    let in_none = ways
        .iter()
        .flat_map(|way| &way.missing)
        .copied()
        .find(|id| !is_supplied(*id));
    let is_whole = ways.is_empty() || ways.iter().any(|way| way.missing.is_empty());
    let in_each = || ways.first().and_then(|way| way.missing.first()).copied();
    let missing = in_none.or_else(|| if is_whole { None } else { in_each() });
    match missing.and_then(|id| operation.universe().atom(id)) {
        None => Ok(()),
        Some(atom) => Err(GateError::NoProducer {
            operation: operation.to_string(),
            atom: atom.to_string(),
        }),
    }
}

/// The atoms of an alternative that its sources cannot supply; none if one of its schemes has no verifier.
fn way<'o>(
    operation: &ResolvedOperation,
    closed: &'o AtomSet,
    judges: &Judges,
    server: Option<&AuthorizationServer>,
) -> Option<Way<'o>> {
    let universe = operation.universe();
    let mut names: Vec<_> = universe.atoms_of(closed).filter_map(Atom::scheme_name).collect();
    let all = operation.schemes();
    let has_own = !names.is_empty();
    if !has_own {
        names = all.iter().collect();
    }
    let found: Vec<_> = names.iter().filter_map(|name| judges.judge(name)).collect();
    if has_own && found.len() < names.len() {
        return None;
    }
    let has_subject = found.iter().any(|judged| judged.has_subject);
    let says: Vec<Says<'_>> = found.iter().flat_map(|judged| said(&judged.judge, server)).collect();
    let external: Vec<AtomId> = operation.external_checks().collect();
    let can_supply = |id: AtomId, atom: &Atom| match atom {
        Atom::Authenticated | Atom::Scheme(_) | Atom::Scope { .. } => true,
        Atom::User | Atom::Active => has_subject,
        Atom::Check { .. } => !external.contains(&id),
        Atom::Bound(_) => false,
        Atom::Subject(_) => has_subject && says.iter().any(|one| one.can_say(atom)),
        Atom::Acr(_) | Atom::AgeAtMost(_) | Atom::Audience(_) => says.iter().any(|one| one.can_say(atom)),
    };
    // What is written in the policy comes first, what it implies behind it.
    let generators = universe.generators(closed);
    let implied = closed.difference(&generators);
    let missing = generators
        .iter()
        .chain(implied.iter())
        .filter(|id| universe.atom(*id).is_some_and(|atom| !can_supply(*id, atom)))
        .collect();
    Some(Way { closed, missing })
}

/// What the credentials of one scheme can say, by each source of them.
fn said<'g>(judge: &Judge, server: Option<&'g AuthorizationServer>) -> Vec<Says<'g>> {
    match judge {
        Judge::Application(_) => vec![Says::Acceptance],
        #[cfg(feature = "remote-issuers")]
        Judge::Issuers(issuers) => issuers.said(|rules| Says::by(rules, server)),
        Judge::Token(tokens) => vec![Says::by(tokens.rules(), server)],
    }
}
