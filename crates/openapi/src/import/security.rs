//! The lists named `security`: AND inside of one object, OR between objects.

use std::collections::BTreeSet;

use scopegate_domain::{InvalidScope, SchemeName, ScopeToken, SecurityScheme};
use scopegate_policy::{Fact, Needs};

use super::assembly::{Conjunction, Demand, SchemeIndex, TableAssembler, Term};
use super::error::ImportError;
use super::ignore::{self, Within};
use super::node::At;
use super::note::NoteKind;
use super::refs::References;
use super::schemes;
use super::shown::QuotedValue;
use crate::guard_words::{self, ChecksNeed, ROLE};

/// The rules by which a document is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect<'c> {
    /// Whether a scheme that is neither OAuth 2.0 nor `OpenID` Connect may list roles (OpenAPI
    /// 3.1).
    pub(super) has_roles: bool,
    /// Whether the URI of a scheme is a name for it (OpenAPI 3.2, section 4.30).
    pub(super) has_uris: bool,
    pub(super) checks: &'c ChecksNeed,
    pub(super) references: &'c References<'c>,
}

/// An object of the list.
struct Way {
    schemes: Conjunction,
    guards: Vec<Fact>,
}

/// Reads one list and the guards of its objects.
pub(super) fn read(
    assembly: &mut TableAssembler,
    dialect: Dialect<'_>,
    security: &At<'_>,
    guards: Option<&At<'_>>,
) -> Result<Demand, ImportError> {
    let objects = security.items()?;
    let lists: Option<Vec<At<'_>>> = guards.map(|guards| guards.items().map(Iterator::collect)).transpose()?;
    if let (Some(lists), Some(at)) = (&lists, guards)
        && lists.len() != objects.len()
    {
        return Err(at.fault("must have one list for each object of `security`"));
    }
    if objects.len() == 0 {
        return Ok(Demand::Public);
    }
    let mut ways = Vec::new();
    for (index, object) in objects.enumerate() {
        assembly.count_read(1)?;
        let list = lists.as_ref().and_then(|lists| lists.get(index));
        let object = dialect.references.resolve(object)?;
        ways.extend(way(assembly, dialect, &object, list)?);
    }
    demand(assembly, security, ways)
}

/// Reads one object. Returns `None` if nothing satisfies it.
fn way(
    assembly: &mut TableAssembler,
    dialect: Dialect<'_>,
    object: &At<'_>,
    guards: Option<&At<'_>>,
) -> Result<Option<Way>, ImportError> {
    let mut schemes = Conjunction::new();
    let mut is_open = true;
    for (name, scopes) in object.members()? {
        count_word(assembly, name)?;
        let scopes = dialect.references.resolve(scopes)?;
        let declared = match assembly.scheme(name) {
            None if dialect.has_uris && name.contains(['#', '/']) => by_uri(assembly, dialect, object, name)?,
            declared => declared,
        };
        if let Some(scheme) = declared {
            assembly.name_scheme(scheme);
            is_open &= requires(assembly, dialect, scheme, &scopes, &mut schemes)?;
            continue;
        }
        let message = format!(
            "scheme `{}` is not declared, so nothing satisfies this alternative",
            QuotedValue(name)
        );
        assembly.name_undefined(name);
        assembly.notes.add(NoteKind::UndefinedScheme, scopes.place(), message)?;
        is_open = false;
    }
    let mut facts = Vec::new();
    if let Some(guards) = guards {
        for word in guards.items()? {
            let text = word.text()?;
            count_word(assembly, text)?;
            if let Some(term) = role_in_words(assembly, text, &schemes)? {
                schemes.push(term);
                continue;
            }
            if let Some(fact) = guard_words::fact(text, dialect.checks) {
                facts.push(fact);
                continue;
            }
            let message = format!(
                "`{}` is not a guard, so nothing satisfies this alternative",
                QuotedValue(text)
            );
            assembly.notes.add(NoteKind::UnknownGuard, word.place(), message)?;
            is_open = false;
        }
    }
    Ok(is_open.then_some(Way { schemes, guards: facts }))
}

/// Returns the scheme of a URI. If the document does not declare it, its name is the last part of
/// the URI.
fn by_uri(
    assembly: &mut TableAssembler,
    dialect: Dialect<'_>,
    object: &At<'_>,
    uri: &str,
) -> Result<Option<SchemeIndex>, ImportError> {
    let found = dialect.references.resolve_uri(*object, uri)?;
    if let Some(scheme) = assembly.scheme_at(&found.place())? {
        return Ok(Some(scheme));
    }
    let name = uri.rsplit(['/', '#']).next().unwrap_or_default();
    let parsed = SchemeName::parse(name).ok().filter(|_| assembly.scheme(name).is_none());
    let Some(parsed) = parsed else {
        return Err(object.fault(format!(
            "the scheme of `{}` has no name of its own here; declare it in `components`",
            QuotedValue(uri)
        )));
    };
    ignore::read_field(&found, Within::Scheme(name), &mut assembly.ignores)?;
    schemes::read_one(assembly, dialect.references, parsed, &found, false)?;
    Ok(assembly.scheme(name))
}

fn count_word(assembly: &mut TableAssembler, word: &str) -> Result<(), ImportError> {
    assembly.count_read(word.len() / 64 + 1)
}

/// Reads what one scheme requires. Returns whether anything satisfies it.
fn requires(
    assembly: &mut TableAssembler,
    dialect: Dialect<'_>,
    scheme: SchemeIndex,
    scopes: &At<'_>,
    terms: &mut Conjunction,
) -> Result<bool, ImportError> {
    let kind = assembly.kind(scheme);
    let may_list_scopes = dialect.has_roles || kind.is_some_and(SecurityScheme::has_scopes);
    // OAuth 2.0 alone declares its scopes in the document.
    let is_declared_elsewhere = !matches!(kind, Some(SecurityScheme::OAuth2(_)));
    let can_be_role = kind.is_some_and(|kind| !kind.has_scopes());
    let items = scopes.items()?;
    if items.len() == 0 || can_be_role {
        terms.push(Term::Scheme(scheme));
    }
    for item in items {
        let text = item.text()?;
        count_word(assembly, text)?;
        if !may_list_scopes && assembly.is_first_word_of(scheme) {
            let name = assembly.scheme_name(scheme).map_or("", AsRef::as_ref);
            let message = format!(
                "scheme `{name}` is neither OAuth 2.0 nor OpenID Connect, and lists scopes as of OpenAPI 3.1 alone; they are \
                 read as its scopes"
            );
            assembly
                .notes
                .add(NoteKind::ScopeOnSchemeWithout, item.place(), message)?;
        }
        let token = match ScopeToken::parse(text) {
            Ok(token) => token,
            Err(fault) if can_be_role => {
                terms.push(role(assembly, dialect, scheme, text, &item, &fault)?);
                continue;
            }
            Err(fault) => {
                let message = format!(
                    "`{}` is not a scope, so nothing satisfies this alternative: {fault}",
                    QuotedValue(text)
                );
                assembly.notes.add(NoteKind::InvalidScope, item.place(), message)?;
                return Ok(false);
            }
        };
        let scope = if is_declared_elsewhere {
            assembly.used(scheme, &token)?.0
        } else {
            assembly.asked(scheme, &token, || item.place())?
        };
        terms.push(Term::Scope(scheme, scope));
    }
    Ok(true)
}

/// Reads a role that is not a scope token, such as one with a space, as a check.
fn role(
    assembly: &mut TableAssembler,
    dialect: Dialect<'_>,
    scheme: SchemeIndex,
    text: &str,
    at: &At<'_>,
    fault: &InvalidScope,
) -> Result<Term, ImportError> {
    let name = assembly.scheme_name(scheme).map_or("", AsRef::as_ref);
    let check = format!("{ROLE}{name}:{text}");
    let message = format!(
        "`{}` is not a scope, so it is read as the check `{}`: {fault}",
        QuotedValue(text),
        QuotedValue(&check)
    );
    assembly.notes.add(NoteKind::InvalidScope, at.place(), message)?;
    let needs = dialect.checks.get(&check).copied().unwrap_or(Needs::Authentication);
    Ok(Term::Fact(Fact::Check {
        name: check.into(),
        needs,
    }))
}

/// Returns the scope that a guard `check:role:SCHEME:SCOPE` names. An export to OpenAPI 3.0 writes
/// scopes in this way if their scheme may not list them. Returns `None` for another guard, or if
/// this alternative does not contain the scheme.
fn role_in_words(
    assembly: &mut TableAssembler,
    text: &str,
    schemes: &Conjunction,
) -> Result<Option<Term>, ImportError> {
    let Some(words) = text.strip_prefix("check:").and_then(|name| name.strip_prefix(ROLE)) else {
        return Ok(None);
    };
    for (place, _) in words.match_indices(':') {
        let (name, word) = words.split_at(place);
        let Some(scheme) = assembly.scheme(name) else { continue };
        let is_asked = schemes.contains(&Term::Scheme(scheme));
        let can_be_role = assembly.kind(scheme).is_some_and(|kind| !kind.has_scopes());
        let token = word.strip_prefix(':').and_then(|word| ScopeToken::parse(word).ok());
        if let Some(token) = token.filter(|_| is_asked && can_be_role) {
            let (scope, _) = assembly.used(scheme, &token)?;
            return Ok(Some(Term::Scope(scheme, scope)));
        }
    }
    Ok(None)
}

/// Combines the alternatives. An empty object is for requests without a credential, if another
/// object requires all of its guards.
fn demand(assembly: &mut TableAssembler, at: &At<'_>, ways: Vec<Way>) -> Result<Demand, ImportError> {
    let (with_schemes, without): (Vec<Way>, Vec<Way>) = ways.into_iter().partition(|way| !way.schemes.is_empty());
    // Each alternative without a scheme is compared with all others. A single empty one needs no
    // count.
    let facts = |ways: &[Way]| ways.iter().map(|way| way.guards.len() + 1).sum::<usize>();
    let (some, all) = (facts(&without), facts(&without) + facts(&with_schemes));
    assembly.count_compared(some.saturating_sub(1).saturating_mul(all))?;
    let is_covered = |way: &Way| with_schemes.iter().any(|other| is_within(&way.guards, &other.guards));
    let (anonymous, plain): (Vec<Way>, Vec<Way>) = without.into_iter().partition(is_covered);
    if plain.iter().any(|way| way.guards.is_empty()) {
        return Ok(Demand::Public);
    }
    let is_optional = !anonymous.is_empty();
    let told: Vec<BTreeSet<String>> = anonymous.iter().chain(&plain).map(anonymous_part).collect();
    let kept: Vec<Way> = with_schemes.into_iter().chain(plain).collect();
    // A request without a credential must satisfy the anonymous part of every alternative. That
    // part must not be weaker than what the document requires of such a request.
    let is_expressed = kept
        .iter()
        .map(anonymous_part)
        .all(|part| told.iter().any(|told| told.is_subset(&part)));
    if is_optional && !is_expressed {
        assembly.notes.add(
            NoteKind::OptionalLost,
            at.place(),
            "requests without a credential require other checks than those with one, so they are refused",
        )?;
    }
    let flat = |way: Way| {
        let guards = way.guards.into_iter().map(Term::Fact);
        way.schemes.into_iter().chain(guards).collect()
    };
    Ok(Demand::Ways {
        ways: kept.into_iter().map(flat).collect(),
        is_optional: is_optional && is_expressed,
    })
}

fn is_within(few: &[Fact], many: &[Fact]) -> bool {
    few.iter().all(|fact| many.contains(fact))
}

/// The checks that a request without a credential can pass.
fn anonymous_part(way: &Way) -> BTreeSet<String> {
    let is_for_anyone = |fact: &&Fact| {
        matches!(
            fact,
            Fact::Check {
                needs: Needs::Nothing,
                ..
            }
        )
    };
    way.guards
        .iter()
        .filter(is_for_anyone)
        .map(ToString::to_string)
        .collect()
}
