//! Carries trees and requests over to the engine.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use scopegate_domain::{Claims, ScopeLayout, Timestamp, User, UserId, UserStatus, Username, Verified};
use scopegate_policy::{
    ActiveUser, Binding, Check, CheckContext, DenialPrecedence, Guard, Needs, Operation, OperationTable,
    PresentedCredentials, Rule, TableError, TokenFacts,
};
use serde_json::json;

use super::oracle::Formula;
use super::oracle::bridge::{catalog, fact_named, scheme_name, token};
use super::oracle::words::Words;
use super::tree::{Checking, Credential, Own, Passes, Policy, Request, needs};

/// The moment of every request.
pub(crate) const NOW: i64 = 1_700_000_000;

/// A check of a test: passes as configured, and notes what it saw.
#[derive(Debug)]
struct Noting {
    guard: usize,
    name: String,
    passes: Passes,
    notes: Notes,
}

/// Which guard saw which scopes, in the order of calls.
pub(crate) type Notes = Arc<Mutex<Vec<(usize, Vec<String>)>>>;

impl Check for Noting {
    fn name(&self) -> &str {
        &self.name
    }

    fn needs(&self) -> Needs {
        match needs(&self.name) {
            None => Needs::Nothing,
            Some("user") => Needs::User,
            Some(_) => Needs::Authentication,
        }
    }

    fn passes(&self, place: &CheckContext<'_>) -> bool {
        let sees: Vec<String> = place.scopes().iter().map(ToString::to_string).collect();
        assert_eq!(place.scope_str(), sees.join(" "));
        let passes = match &self.passes {
            Passes::Always => true,
            Passes::Never => false,
            Passes::Sees(scope) => sees.contains(scope),
            Passes::SeesNot(scope) => !sees.contains(scope),
            Passes::Granted(scope) => place.has_scope(&token(scope)),
            Passes::Told(fact) => place.has_fact(fact),
        };
        self.notes.lock().expect("nobody panicked").push((self.guard, sees));
        passes
    }
}

/// The table of a policy; its operations are `/0`, `/1`, .. and its guards are named by their
/// places.
pub(crate) fn table(policy: &Policy, notes: &Notes) -> Result<OperationTable, TableError> {
    ordered_table(policy, notes, DenialPrecedence::Rfc)
}

/// The same with this order of what is checked first.
pub(crate) fn ordered_table(
    policy: &Policy,
    notes: &Notes,
    order: DenialPrecedence,
) -> Result<OperationTable, TableError> {
    let guards = guards(policy, notes);
    let mut builder = OperationTable::builder(catalog(&policy.words)).order(order);
    for (number, declared) in policy.operations.iter().enumerate() {
        let roots = declared.guards.iter().map(|root| &guards[*root]);
        let operation = roots.fold(Operation::get(format!("/{number}")), Operation::guard);
        builder = builder.operation(if declared.is_optional {
            operation.optional()
        } else {
            operation
        });
    }
    builder.build()
}

/// The guards of a policy, each built once, named by their places.
pub(crate) fn guards(policy: &Policy, notes: &Notes) -> Vec<Guard> {
    let mut built: VecDeque<Guard> = VecDeque::new();
    for place in (0..policy.guards.len()).rev() {
        // Later ones are built already.
        let guard = policy.guards[place]
            .on
            .iter()
            .fold(alone(policy, place, notes), |guard, next| {
                guard.depends_on(&built[next - place - 1])
            });
        built.push_front(guard);
    }
    built.into()
}

/// A guard without what it depends on.
fn alone(policy: &Policy, place: usize, notes: &Notes) -> Guard {
    let guarding = &policy.guards[place];
    let schemes = guarding.schemes.iter();
    let schemes: Vec<&str> = schemes
        .map(|scheme| policy.words.schemes[*scheme].name.as_str())
        .collect();
    // With several schemes a bare name is a scope of each, so every name is full.
    let scheme = match *schemes {
        [] => None,
        [only] => Some(only),
        _ => Some(""),
    };
    let guard = match &guarding.own {
        Own::Public => Guard::public(),
        Own::Nothing => Guard::all_of([]),
        Own::Formula(formula) => spoken(&policy.words, scheme, formula),
    };
    let guard = guard.named(place.to_string());
    let guard = if schemes.is_empty() {
        guard
    } else {
        guard.with_any_scheme(schemes)
    };
    guarding.checks.iter().fold(guard, |guard, checking| match checking {
        Checking::Active => guard.check(ActiveUser),
        Checking::Code { name, passes } => {
            let (name, passes, notes) = (name.clone(), passes.clone(), Arc::clone(notes));
            guard.check(Noting {
                guard: place,
                name,
                passes,
                notes,
            })
        }
    })
}

/// The formula by the shortest constructor that can say it.
fn spoken(words: &Words, scheme: Option<&str>, formula: &Formula) -> Guard {
    let scopes = |formula: &Formula| match formula {
        Formula::All(formulas) => formulas
            .iter()
            .map(|formula| bare(words, scheme, formula))
            .collect::<Option<Vec<_>>>(),
        _ => None,
    };
    if let Some(scopes) = scopes(formula) {
        return Guard::requires(scopes);
    }
    match formula {
        Formula::Fact(fact) if fact == "user" => Guard::user(),
        Formula::Fact(fact) if fact == "authenticated" => Guard::authenticated(),
        Formula::Any(formulas) if formulas.is_empty() => Guard::deny(),
        Formula::Any(formulas) => match formulas.iter().map(scopes).collect::<Option<Vec<_>>>() {
            Some(alternatives) => Guard::any_of(alternatives),
            None => Guard::rule(rule(words, scheme, formula)),
        },
        _ => Guard::rule(rule(words, scheme, formula)),
    }
}

/// The scope that a fact says, if its bare name is enough: its scheme is the guard's, or the only
/// one to declare it.
fn bare(words: &Words, scheme: Option<&str>, formula: &Formula) -> Option<scopegate_domain::ScopeToken> {
    let Formula::Fact(fact) = formula else { return None };
    let candidates = words
        .schemes
        .iter()
        .filter(|known| scheme.is_none_or(|name| name == known.name));
    let named = |scope: &String| {
        let declaring: Vec<_> = candidates
            .clone()
            .filter(|scheme| scheme.scopes.contains(scope))
            .collect();
        matches!(*declaring, [only] if only.scope_fact(scope) == *fact)
    };
    let scopes = words.schemes.iter().flat_map(|scheme| &scheme.scopes);
    scopes.into_iter().find(|scope| named(scope)).map(|scope| token(scope))
}

fn rule(words: &Words, scheme: Option<&str>, formula: &Formula) -> Rule {
    let list = |formulas: &[Formula]| formulas.iter().map(|formula| rule(words, scheme, formula)).collect();
    match formula {
        Formula::All(formulas) => Rule::All(list(formulas)),
        Formula::Any(formulas) if formulas.is_empty() => Rule::Deny,
        Formula::Any(formulas) => Rule::Any(list(formulas)),
        Formula::Fact(fact) => match bare(words, scheme, formula) {
            Some(token) => Rule::Scope(token),
            None => Rule::Fact(fact_named(words, fact)),
        },
    }
}

/// What the engine makes of the credentials of a request; to be kept while the request is.
pub(crate) fn token_worlds(policy: &Policy, table: &OperationTable, request: &Request) -> Vec<TokenFacts> {
    let world = |credential: &Credential| {
        let payload = payload(credential).to_string();
        let claims = Claims::parse(payload.as_bytes(), ScopeLayout::List).expect("these claims are of their types");
        #[expect(clippy::disallowed_methods, reason = "the test stands in for the verifier")]
        let verified = Verified::assertion(claims);
        let name = scheme_name(&policy.words.schemes[credential.scheme].name);
        table
            .token_facts(table.scheme_id(&name).expect("a declared scheme"), &verified)
            .expect("few scopes")
    };
    request.credentials.iter().map(world).collect()
}

fn payload(credential: &Credential) -> serde_json::Value {
    let mut claims = json!({ "scopes": credential.scopes });
    if let Some(subject) = &credential.subject {
        claims["sub"] = json!(subject);
        claims["client_id"] = json!(if credential.is_service { subject } else { "app" });
    }
    if let Some(age) = credential.age {
        claims["auth_time"] = json!(NOW - age);
    }
    if credential.is_gold {
        claims["acr"] = json!("gold");
    }
    if credential.is_for_api {
        claims["aud"] = json!(["other", "api"]);
    }
    claims
}

/// The request, as it is presented.
pub(crate) fn presented<'a>(
    policy: &Policy,
    request: &'a Request,
    worlds: &'a [TokenFacts],
) -> PresentedCredentials<'a> {
    let mut presented = PresentedCredentials::new(Timestamp::from_unix(NOW));
    for (credential, world) in request.credentials.iter().zip(worlds) {
        presented = presented.with_token(world, credential.subject.as_deref());
        let speaks = policy.words.schemes[credential.scheme].has_subject;
        if let Some(user) = credential
            .subject
            .as_ref()
            .filter(|_| speaks)
            .and_then(|name| user(request, name))
        {
            presented = presented.with_user(user);
        }
        presented = match credential.binding {
            Some("dpop") => presented.with_binding(Binding::Dpop),
            Some(_) => presented.with_binding(Binding::Mtls),
            None => presented,
        };
    }
    request
        .told
        .iter()
        .fold(presented, |presented, fact| presented.with_fact(fact))
}

fn user(request: &Request, name: &str) -> Option<Arc<User>> {
    let is_active = request.users.get(name)?;
    let status = if *is_active {
        UserStatus::Active
    } else {
        UserStatus::Disabled
    };
    let id = UserId::parse(name).expect("a user's id");
    Some(Arc::new(
        User::new(id, Username::parse(name).expect("a user's name")).with_status(status),
    ))
}
