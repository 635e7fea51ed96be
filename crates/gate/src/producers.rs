//! Checks, when the gate is built, that its sources of credentials can supply each required fact.

use scopegate_policy::{Fact, FactId, FactSet, ResolvedOperation};

use crate::credentials::claim_source::{ClaimSource, IssuedTokens};
use crate::credentials::scheme_verifiers::{SchemeVerifier, SchemeVerifiers};
use crate::gate_error::GateError;

/// An alternative of an operation whose credentials the gate can verify.
struct Way<'o> {
    closed: &'o FactSet,
    missing: Vec<FactId>,
}

/// Checks that the sources of the gate can supply each fact of an operation.
///
/// A fact needs one alternative in which a source supplies it. One alternative must be supplied
/// whole. An alternative with a scheme that has no verifier is not counted, and a limit of scopes
/// for an issuer is the choice of the operator.
///
/// # Errors
///
/// [`GateError::NoProducer`] names the first fact that no source can supply, and
/// [`GateError::NoCheck`] a check.
pub(crate) fn check(
    operation: &ResolvedOperation,
    verifiers: &SchemeVerifiers,
    issued: Option<&IssuedTokens>,
) -> Result<(), GateError> {
    let ways: Vec<Way<'_>> = operation
        .requirement()
        .alternatives()
        .iter()
        .filter_map(|closed| way(operation, closed, verifiers, issued))
        .collect();
    let is_supplied = |id: FactId| {
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
    match missing.and_then(|id| operation.fact_table().fact(id)) {
        None => Ok(()),
        Some(Fact::Check { name, .. }) => Err(GateError::NoCheck {
            operation: operation.to_string(),
            check: name.to_string(),
        }),
        Some(fact) => Err(GateError::NoProducer {
            operation: operation.to_string(),
            fact: fact.to_string(),
        }),
    }
}

/// Returns the facts that the sources of an alternative cannot supply; `None` if one of its schemes
/// has no verifier.
fn way<'o>(
    operation: &ResolvedOperation,
    closed: &'o FactSet,
    verifiers: &SchemeVerifiers,
    issued: Option<&IssuedTokens>,
) -> Option<Way<'o>> {
    let fact_table = operation.fact_table();
    let mut names: Vec<_> = fact_table.facts_of(closed).filter_map(Fact::scheme_name).collect();
    let all = operation.schemes();
    let has_own = !names.is_empty();
    if !has_own {
        names = all.iter().collect();
    }
    let found: Vec<_> = names.iter().filter_map(|name| verifiers.verifier(name)).collect();
    if has_own && found.len() < names.len() {
        return None;
    }
    let has_subject = found.iter().any(|entry| entry.has_subject);
    let says: Vec<ClaimSource<'_>> = found.iter().flat_map(|entry| said(&entry.verifier, issued)).collect();
    let external: Vec<FactId> = operation.external_checks().collect();
    let can_supply = |id: FactId, fact: &Fact| match fact {
        Fact::Authenticated | Fact::Scheme(_) | Fact::Scope { .. } => true,
        Fact::User | Fact::Active => has_subject,
        Fact::Check { .. } => !external.contains(&id),
        Fact::Bound(_) => false,
        Fact::Subject(_) => has_subject && says.iter().any(|one| one.can_state(fact)),
        Fact::Acr(_) | Fact::AgeAtMost(_) | Fact::Audience(_) => says.iter().any(|one| one.can_state(fact)),
    };
    // Declared facts precede implied ones.
    let generators = fact_table.generators(closed);
    let implied = closed.difference(&generators);
    let missing = generators
        .iter()
        .chain(implied.iter())
        .filter(|id| fact_table.fact(*id).is_some_and(|fact| !can_supply(*id, fact)))
        .collect();
    Some(Way { closed, missing })
}

/// Returns the sources of the credentials of one scheme.
fn said<'g>(verifier: &SchemeVerifier, issued: Option<&'g IssuedTokens>) -> Vec<ClaimSource<'g>> {
    match verifier {
        SchemeVerifier::Application(_) => vec![ClaimSource::Application],
        #[cfg(feature = "remote-issuers")]
        SchemeVerifier::Issuers(issuers) => issuers.said(|rules| ClaimSource::by(rules, issued)),
        SchemeVerifier::Token(tokens) => vec![ClaimSource::by(tokens.rules(), issued)],
    }
}
