//! Policies in strings, converted to tables of the engine.

use proptest::test_runner::TestCaseError;
use scopegate_domain::{
    ApiKeyLocation, Audience, Catalog, CatalogBuilder, Lifetime, SchemeName, ScopeToken, SecurityScheme, Timestamp,
};
use scopegate_policy::{
    Binding, Check, CheckContext, Decision, Fact, FactSet, Group, Guard, Needs, OperationTable, OperationTableBuilder,
    PresentedCredentials, RequestFacts, ResolvedOperation, Rule, SubjectKind, TableError, authorize,
};

use crate::read_back::policy::{Formula, Guarding, Operation, Own, Policy, Scheme};
use crate::read_back::reader::Supplied;

/// A check that passes if the request contains its fact.
#[derive(Debug)]
struct FactCheck(&'static str);

impl Check for FactCheck {
    fn name(&self) -> &str {
        self.0
    }

    fn needs(&self) -> Needs {
        needs(self.0)
    }

    fn passes(&self, place: &CheckContext<'_>) -> bool {
        place.has_fact(self.0)
    }
}

fn needs(check: &str) -> Needs {
    match check {
        "owner" => Needs::User,
        "quota" => Needs::Authentication,
        _ => Needs::Nothing,
    }
}

/// Returns the table of a random policy. A policy that the engine refuses is rejected.
pub(crate) fn built(policy: &Policy) -> Result<OperationTable, TestCaseError> {
    table(policy).map_err(|fault| match fault {
        TableError::NoRequirement { .. } | TableError::OpenBelowGuards { .. } | TableError::TooLarge { .. } => {
            TestCaseError::reject(fault.to_string())
        }
        fault => TestCaseError::fail(fault.to_string()),
    })
}

/// Builds the table. The operations are `GET /0`, `GET /1`, .., each in its own group.
pub(crate) fn table(policy: &Policy) -> Result<OperationTable, TableError> {
    let mut guards: Vec<Guard> = Vec::new();
    for guarding in policy.guards.iter().rev() {
        // Later ones are built already, the last one first.
        let built = |place: &usize| &guards[policy.guards.len() - 1 - place];
        let guard = guarding
            .on
            .iter()
            .map(built)
            .fold(alone(policy, guarding), Guard::depends_on);
        guards.push(guard);
    }
    guards.reverse();
    let builder = OperationTable::builder(catalog(policy));
    let builder = policy
        .application
        .iter()
        .fold(builder, |builder, guard| builder.guard(&guards[*guard]));
    let operations = policy.operations.iter().enumerate();
    operations
        .map(|(number, operation)| placed(number, operation, &guards))
        .fold(builder, OperationTableBuilder::group)
        .build()
}

fn placed(number: usize, placed: &Operation, guards: &[Guard]) -> Group {
    let operation = scopegate_policy::Operation::get(format!("/{number}"));
    let behind = placed.behind.iter().map(|guard| &guards[*guard]);
    let operation = behind.fold(operation, scopegate_policy::Operation::and_guard);
    let own = placed.guards.iter().map(|guard| &guards[*guard]);
    let mut operation = own.fold(operation, scopegate_policy::Operation::guard);
    if placed.is_optional {
        operation = operation.optional();
    }
    if placed.is_override {
        operation = operation.override_guards();
    }
    let above = placed.group.iter().map(|guard| &guards[*guard]);
    above.fold(Group::new(""), Group::guard).operation(operation)
}

fn alone(policy: &Policy, guarding: &Guarding) -> Guard {
    let guard = match &guarding.own {
        Own::Formula(formula) => Guard::rule(rule(formula)),
        Own::Nothing => Guard::all_of([]),
        Own::Public => Guard::public(),
    };
    let named = guarding.scheme.iter().map(|scheme| policy.schemes[*scheme].name);
    let guard = named.fold(guard, Guard::with_scheme);
    guarding.check.into_iter().map(FactCheck).fold(guard, Guard::check)
}

fn rule(formula: &Formula) -> Rule {
    match formula {
        Formula::All(formulas) => Rule::All(formulas.iter().map(rule).collect()),
        Formula::Any(formulas) => Rule::Any(formulas.iter().map(rule).collect()),
        Formula::Fact(fact) => Rule::Fact(atom(fact)),
    }
}

fn catalog(policy: &Policy) -> Catalog {
    let declare = |builder: CatalogBuilder, scheme: &Scheme| {
        let builder = builder.scheme(scheme.name, kind(scheme.name));
        let builder = scheme
            .scopes
            .iter()
            .fold(builder, |builder, scope| builder.scope(token(scope), ""));
        scheme.edges.iter().fold(builder, |builder, (stronger, weaker)| {
            builder.implies(token(scheme.scopes[*stronger]), token(scheme.scopes[*weaker]))
        })
    };
    policy.schemes.iter().fold(Catalog::builder(), declare).build().unwrap()
}

fn kind(name: &str) -> SecurityScheme {
    match name {
        "oidc" => SecurityScheme::OpenIdConnect {
            url: "/.well-known/openid-configuration".to_owned(),
        },
        "bearer" => SecurityScheme::http_bearer(),
        "basic" => SecurityScheme::http_basic(),
        "header" => SecurityScheme::api_key(ApiKeyLocation::Header, "X-Key"),
        "query" => SecurityScheme::api_key(ApiKeyLocation::Query, "key"),
        "cookie" => SecurityScheme::api_key(ApiKeyLocation::Cookie, "session"),
        _ => SecurityScheme::oauth2_password("token"),
    }
}

fn token(name: &str) -> ScopeToken {
    ScopeToken::parse(name).unwrap()
}

pub(crate) fn atom(fact: &str) -> Fact {
    let scheme = |name: &str| SchemeName::parse(name).unwrap();
    if let Some(name) = fact.strip_prefix("scheme:") {
        return Fact::Scheme(scheme(name));
    }
    if let Some((name, scope)) = fact.strip_prefix("scope:").and_then(|rest| rest.split_once(':')) {
        return Fact::Scope {
            scheme: scheme(name),
            token: token(scope),
        };
    }
    if let Some(name) = fact.strip_prefix("check:") {
        return Fact::Check {
            name: name.into(),
            needs: needs(name),
        };
    }
    match fact {
        "acr:gold" => Fact::Acr("gold".into()),
        "active" => Fact::Active,
        "age<=300" => Fact::AgeAtMost(Lifetime::from_seconds(300)),
        "age<=60" => Fact::AgeAtMost(Lifetime::from_seconds(60)),
        "audience=api" => Fact::Audience(Audience::parse("api").unwrap()),
        "authenticated" => Fact::Authenticated,
        "bound=dpop" => Fact::Bound(Binding::Dpop),
        "bound=mtls" => Fact::Bound(Binding::Mtls),
        "subject=service" => Fact::Subject(SubjectKind::Service),
        "subject=user" => Fact::Subject(SubjectKind::User),
        "user" => Fact::User,
        other => panic!("`{other}` is no fact"),
    }
}

/// Whether the normal form allows a request.
pub(crate) fn allows(operation: &ResolvedOperation, policy: &Policy, supplied: &Supplied) -> bool {
    if supplied.schemes.is_empty() {
        let checks = supplied.guards.iter().filter_map(|guard| guard.strip_prefix("check:"));
        let nobody = checks.fold(
            PresentedCredentials::new(Timestamp::from_unix(0)),
            PresentedCredentials::with_fact,
        );
        return authorize(operation, &nobody).is_ok();
    }
    let fact_table = operation.fact_table();
    let facts = policy.facts_of(supplied);
    // A fact that no guard names is not an fact of the table.
    let facts: FactSet = facts.iter().filter_map(|fact| fact_table.find(&atom(fact))).collect();
    let world = fact_table.close(&facts);
    operation.decide(&RequestFacts::of_facts(&world)) != Decision::Deny
}

/// Returns the facts that suffice by one of the alternatives, and the same without one fact each.
pub(crate) fn at_the_border(operation: &ResolvedOperation) -> Vec<Supplied> {
    let mut all = Vec::new();
    for alternative in operation.security() {
        let scopes = |scopes: &[ScopeToken]| scopes.iter().map(ToString::to_string).collect();
        let schemes = alternative.schemes().iter();
        let whole = Supplied {
            schemes: schemes
                .map(|(name, tokens)| (name.to_string(), scopes(tokens)))
                .collect(),
            guards: alternative.guards().iter().map(ToString::to_string).collect(),
        };
        for name in whole.schemes.keys() {
            let mut less = whole.clone();
            less.schemes.remove(name);
            all.push(less);
            for scope in &whole.schemes[name] {
                let mut less = whole.clone();
                less.schemes.get_mut(name).unwrap().remove(scope);
                all.push(less);
            }
        }
        for guard in &whole.guards {
            let mut less = whole.clone();
            less.guards.remove(guard);
            all.push(less);
        }
        all.push(whole);
    }
    all
}
