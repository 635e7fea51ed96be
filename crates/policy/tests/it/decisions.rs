//! Each class of denial, each fault of a table, and what only some operations use: optional
//! authentication, facts, step-up, several subjects.

use std::sync::Arc;

use scopegate_domain::{
    Audience, Catalog, Claims, Lifetime, SchemeName, Scope, ScopeLayout, ScopeToken, SecurityScheme, Timestamp,
    TokenClaims, User, UserId, Username, Verified,
};
use scopegate_policy::{
    Access, Binding, Check, CheckContext, Denial, Fact, Forbidden, Guard, InvalidTokenCause, Needs, Operation,
    OperationTable, PresentedCredentials, ResolvedOperation, Rule, SubjectKind, TableError, TokenFacts, authorize,
    explain,
};

const READ: ScopeToken = ScopeToken::from_static("read");
const WRITE: ScopeToken = ScopeToken::from_static("write");
const OTHER: ScopeToken = ScopeToken::from_static("other");
const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);

/// Two schemes; `write` implies `read`, and both schemes declare `read`.
fn catalog() -> Catalog {
    Catalog::builder()
        .scheme("one", SecurityScheme::oauth2_password("token"))
        .scope(READ, "")
        .scope(WRITE, "")
        .implies(WRITE, READ)
        .scheme("two", SecurityScheme::oauth2_password("token"))
        .scope(READ, "")
        .scope(OTHER, "")
        .build()
        .unwrap()
}

fn atom(atom: Fact) -> Guard {
    Guard::rule(Rule::Fact(atom))
}

fn build(operation: Operation) -> Result<OperationTable, TableError> {
    OperationTable::builder(catalog()).operation(operation).build()
}

fn single(guard: &Guard) -> OperationTable {
    build(Operation::get("/").guard(guard)).unwrap()
}

fn token(table: &OperationTable, scheme: &str, payload: &str) -> TokenFacts {
    let claims = Verified::assertion(Claims::parse(payload.as_bytes(), ScopeLayout::Text).unwrap());
    let scheme = table.scheme_id(&SchemeName::parse(scheme).unwrap()).unwrap();
    table.token_facts(scheme, &claims).unwrap()
}

fn denial(table: &OperationTable, payload: &str) -> Option<Denial> {
    let world = token(table, "one", payload);
    authorize(
        &table.operations()[0],
        &PresentedCredentials::new(NOW).with_token(&world, "user"),
    )
    .err()
}

fn user() -> Arc<User> {
    Arc::new(User::new(
        UserId::parse("user").unwrap(),
        Username::parse("user").unwrap(),
    ))
}

/// A token of any content within a ceiling provides the same as a token that says at most the
/// ceiling.
#[test]
fn a_ceiling_holds_before_anything_is_implied() {
    let table = single(&Guard::requires([READ]).with_scheme("one"));
    let scheme = table.scheme_id(&SchemeName::parse("one").unwrap()).unwrap();
    let all = [READ, WRITE, OTHER];
    let subset = |bits: usize| -> Scope {
        let chosen = all.iter().enumerate().filter(|(index, _)| bits >> index & 1 == 1);
        chosen.map(|(_, scope)| scope.clone()).collect()
    };
    for (says, ceiling) in (0..8).flat_map(|says| (0..8).map(move |ceiling| (says, ceiling))) {
        let payload = |scope: &Scope| format!(r#"{{"scope":"{scope}","acr":"gold","sub":"1","auth_time":5}}"#);
        let text = payload(&subset(says));
        let claims = Verified::assertion(Claims::parse(text.as_bytes(), ScopeLayout::Text).unwrap());
        let within = table.token_facts_within(scheme, &claims, &subset(ceiling)).unwrap();
        let expected = token(&table, "one", &payload(&subset(says & ceiling)));
        assert_eq!(
            format!("{within:?}"),
            format!("{expected:?}"),
            "{says:b} in {ceiling:b}"
        );
    }
    // `write` implies `read`, and is outside.
    let claims = Verified::assertion(Claims::parse(br#"{"scope":"write"}"#, ScopeLayout::Text).unwrap());
    let within = table.token_facts_within(scheme, &claims, &subset(1)).unwrap();
    let presented = PresentedCredentials::new(NOW).with_token(&within, "user");
    assert!(authorize(&table.operations()[0], &presented).is_err());
}

#[test]
fn one_of_several_schemes_is_enough_with_all_scopes() {
    let table = single(&Guard::requires([READ]).with_any_scheme(["one", "two"]));
    let full = |scheme: &str| Fact::Scope {
        scheme: SchemeName::parse(scheme).unwrap(),
        token: READ,
    };
    let spelled = single(&Guard::rule(Rule::Any(
        ["one", "two"].map(|name| Rule::Fact(full(name))).into(),
    )));
    let operation = &table.operations()[0];
    assert_eq!(operation.requirement(), spelled.operations()[0].requirement());
    for scheme in ["one", "two"] {
        for (payload, is_allowed) in [(r#"{"scope":"read"}"#, true), (r#"{"scope":"other"}"#, false)] {
            let facts = token(&table, scheme, payload);
            let presented = PresentedCredentials::new(NOW).with_token(&facts, "user");
            assert_eq!(
                authorize(operation, &presented).is_ok(),
                is_allowed,
                "{scheme} {payload}"
            );
        }
    }
    let denied = single(&Guard::public().with_any_scheme([""; 0]));
    assert_eq!(denied.operations()[0].access(), Access::Deny);
}

#[test]
fn each_fault_of_a_table_names_its_operation() {
    let get = || Operation::get("/users/{id}");
    for (operation, message) in [
        (
            get(),
            "`GET /users/{id}` has no requirement; declare a public operation as public",
        ),
        (
            get().guard(Guard::all_of([])),
            "`GET /users/{id}` has no requirement; declare a public operation as public",
        ),
        (
            get().guard(Guard::requires([READ])),
            "`GET /users/{id}` requires scope `read`, which several schemes declare: `one`, `two`; name one of them in the guard",
        ),
        (
            get().guard(Guard::requires([OTHER]).with_scheme("one")),
            "`GET /users/{id}` requires scope `other`, which is not declared for scheme `one`",
        ),
        (
            get().guard(Guard::requires([ScopeToken::from_static("typo")])),
            "`GET /users/{id}` requires scope `typo`, which is not declared",
        ),
        (
            get().guard(Guard::requires([OTHER]).with_any_scheme(["two", "one"])),
            "`GET /users/{id}` requires scope `other`, which is not declared for scheme `one`",
        ),
        (
            get().guard(Guard::user().with_scheme("three")),
            "`GET /users/{id}` requires scheme `three`, which is not declared",
        ),
        (
            get().guard(
                Guard::user()
                    .check(Named("seal", Needs::User))
                    .check(Named("seal", Needs::Nothing)),
            ),
            "`GET /users/{id}`: two checks are named `seal` and need different things",
        ),
    ] {
        assert_eq!(build(operation).unwrap_err().to_string(), message);
    }
    let twice = OperationTable::builder(catalog())
        .operation(get().guard(Guard::user()))
        .operation(Operation::get("/users/{name}").guard(Guard::user()));
    assert_eq!(
        twice.build().unwrap_err().to_string(),
        "`GET /users/{name}` is declared twice"
    );
    let nobody = OperationTable::builder(Catalog::builder().build().unwrap()).operation(get().guard(Guard::user()));
    let message = "`GET /users/{id}` requires authentication, and no scheme is declared";
    assert_eq!(nobody.build().unwrap_err().to_string(), message);
}

#[test]
fn an_empty_rule_is_not_public() {
    for guard in [
        Guard::requires([]),
        Guard::any_of([[]]),
        Guard::rule(Rule::All(Vec::new())),
        Guard::rule(Rule::Any(vec![Rule::All(Vec::new())])),
    ] {
        assert_eq!(
            single(&guard).operations()[0].access(),
            Access::Authenticated,
            "{guard}"
        );
    }
    assert_eq!(
        single(&Guard::any_of::<[ScopeToken; 0]>([])).operations()[0].access(),
        Access::Deny
    );
    assert_eq!(single(&Guard::public()).operations()[0].access(), Access::Public);
    assert_eq!(
        single(&Guard::public().depends_on(&Guard::user())).operations()[0].access(),
        Access::Authenticated
    );
}

#[test]
fn optional_authentication_refuses_bad_requests() {
    let guard = Guard::requires([WRITE]).check(Named("seal", Needs::Nothing));
    let table = build(Operation::get("/").guard(guard).optional()).unwrap();
    let operation = &table.operations()[0];
    let nobody = PresentedCredentials::new(NOW).with_fact("seal");
    let permit = authorize(operation, &nobody).unwrap();
    assert!(permit.is_anonymous() && permit.witness().is_none());
    assert!(
        authorize(operation, &PresentedCredentials::new(NOW)).is_err(),
        "what asks for no credential is asked of everybody"
    );
    let weak = token(&table, "one", r#"{"scope":"read"}"#);
    assert!(matches!(
        authorize(operation, &nobody.clone().with_token(&weak, None)).unwrap_err(),
        Denial::InsufficientScope { .. }
    ));
    let foreign_table = build(Operation::get("/").guard(Guard::requires([WRITE])).optional()).unwrap();
    let foreign = token(&foreign_table, "one", r#"{"scope":"write"}"#);
    assert!(
        authorize(operation, &nobody.with_token(&foreign, None)).is_err(),
        "a credential of another table"
    );
    let denied = build(Operation::get("/").guard(Guard::deny()).optional()).unwrap();
    assert!(authorize(&denied.operations()[0], &PresentedCredentials::new(NOW)).is_err());
}

#[test]
fn operation_denied_to_all_is_forbidden() {
    let table = single(&Guard::deny());
    for presented in [
        PresentedCredentials::new(NOW),
        PresentedCredentials::new(NOW).with_token(&token(&table, "one", "{}"), None),
    ] {
        let denial = authorize(&table.operations()[0], &presented).unwrap_err();
        assert!(
            matches!(
                denial,
                Denial::Forbidden {
                    reason: Forbidden::Deny,
                    ..
                }
            ),
            "{denial}"
        );
        assert!(denial.unmet_requirement().closed_missing_sets().is_empty() && denial.scope().is_empty());
    }
}

#[test]
fn audience_and_binding_make_a_token_invalid() {
    let here = Audience::parse("https://api.example").unwrap();
    let table = single(&Guard::requires([WRITE]).depends_on(&atom(Fact::Audience(here))));
    let cause = |payload: &str| match denial(&table, payload) {
        Some(Denial::InvalidToken { cause, .. }) => Some(cause),
        _ => None,
    };
    assert_eq!(
        cause(r#"{"aud":"https://other.example"}"#),
        Some(InvalidTokenCause::Audience)
    );
    assert!(denial(&table, r#"{"aud":["x","https://api.example"],"scope":"write"}"#).is_none());

    let table = single(&atom(Fact::Bound(Binding::Dpop)));
    let world = token(&table, "one", "{}");
    let bound = |binding| {
        PresentedCredentials::new(NOW)
            .with_token(&world, None)
            .with_binding(binding)
    };
    assert!(authorize(&table.operations()[0], &bound(Binding::Dpop)).is_ok());
    let denial = authorize(&table.operations()[0], &bound(Binding::Mtls)).unwrap_err();
    assert!(matches!(
        denial,
        Denial::InvalidToken {
            cause: InvalidTokenCause::Binding(Binding::Dpop),
            ..
        }
    ));
}

#[test]
fn a_service_is_not_a_user() {
    let table = single(&atom(Fact::Subject(SubjectKind::User)));
    assert!(denial(&table, r#"{"sub":"u1","client_id":"c1"}"#).is_none());
    let refused = denial(&table, r#"{"sub":"c1","client_id":"c1"}"#).unwrap();
    assert!(
        matches!(
            refused,
            Denial::Forbidden {
                reason: Forbidden::Subject,
                ..
            }
        ),
        "{refused}"
    );
    assert!(denial(&table, "{}").is_some());
}

#[test]
fn step_up_names_every_scope_in_one_challenge() {
    let fresh = atom(Fact::AgeAtMost(Lifetime::from_seconds(60)));
    let older = atom(Fact::AgeAtMost(Lifetime::from_seconds(300)));
    let gold = atom(Fact::Acr("gold".into()));
    let table = single(
        &Guard::requires([WRITE])
            .depends_on(&older)
            .depends_on(&gold)
            .depends_on(&fresh),
    );
    match denial(&table, r#"{"acr":"silver","auth_time":1699999900}"#).unwrap() {
        Denial::StepUp {
            acr_values,
            max_age,
            unmet_requirement,
        } => {
            assert_eq!(
                (&*acr_values, max_age),
                (&[Arc::from("gold")][..], Some(Lifetime::from_seconds(60)))
            );
            assert_eq!(unmet_requirement.scope(), [WRITE]);
        }
        other => panic!("{other:?}"),
    }
    assert!(denial(&table, r#"{"acr":"gold","auth_time":1699999940,"scope":"write"}"#).is_none());
}

#[test]
fn new_login_names_scopes_to_keep() {
    let fresh = atom(Fact::AgeAtMost(Lifetime::from_seconds(60)));
    let gold = atom(Fact::Acr("gold".into()));
    let table = single(&gold.depends_on(&fresh));
    let told = |payload: &str| match denial(&table, payload).unwrap() {
        Denial::StepUp {
            acr_values, max_age, ..
        } => (acr_values, max_age.map(Lifetime::as_seconds)),
        other => panic!("{other:?}"),
    };
    let both = (vec![Arc::from("gold")], Some(60));
    assert_eq!(told(r#"{"acr":"gold","auth_time":1699999900}"#), both, "too old");
    assert_eq!(told(r#"{"acr":"silver","auth_time":1699999990}"#), both, "too weak");
    assert_eq!(told("{}"), both);
}

#[test]
fn two_contexts_of_one_token_need_one_login() {
    let one = || {
        let catalog = Catalog::builder().scheme("one", SecurityScheme::oauth2_password("token"));
        catalog.scope(READ, "").build().unwrap()
    };
    let acr = |value: &str| Rule::Fact(Fact::Acr(value.into()));
    let both = Rule::All(vec![acr("gold"), acr("silver")]);
    let behind = |catalog: Catalog, rule: Rule| {
        let operation = Operation::get("/").guard(Guard::rule(rule));
        OperationTable::builder(catalog).operation(operation).build().unwrap()
    };
    let never = behind(one(), both.clone());
    for payload in [r#"{"acr":"gold"}"#, r#"{"acr":"silver"}"#, "{}"] {
        let denial = denial(&never, payload).unwrap();
        assert_eq!(denial.to_string(), "forbidden: nobody may", "{payload}");
    }
    // What can be satisfied is required, also if it lacks more.
    let bronze = Rule::All(vec![acr("silver"), Rule::Scope(READ)]);
    let either = behind(one(), Rule::Any(vec![both.clone(), bronze]));
    let denial = denial(&either, r#"{"acr":"gold"}"#).unwrap();
    assert_eq!(denial.scope(), [READ]);
    assert!(matches!(denial, Denial::StepUp { .. }), "{denial}");
    // Two credentials can say two.
    let two = behind(catalog(), both);
    let (gold, silver) = (
        token(&two, "one", r#"{"acr":"gold"}"#),
        token(&two, "two", r#"{"acr":"silver"}"#),
    );
    let presented = PresentedCredentials::new(NOW).with_token(&gold, "a");
    let denial = authorize(&two.operations()[0], &presented).unwrap_err();
    assert!(
        matches!(&denial, Denial::StepUp { acr_values, .. } if **acr_values == [Arc::from("silver")]),
        "{denial}"
    );
    assert!(authorize(&two.operations()[0], &presented.with_token(&silver, "a")).is_ok());
}

#[test]
fn an_age_from_the_future_satisfies_nothing() {
    let table = single(&atom(Fact::AgeAtMost(Lifetime::from_seconds(60))));
    for (auth_time, is_allowed) in [(0, true), (60, true), (61, false), (-1, false)] {
        let payload = format!(r#"{{"auth_time":{}}}"#, NOW.as_unix() - auth_time);
        assert_eq!(denial(&table, &payload).is_none(), is_allowed, "{auth_time} s ago");
    }
    assert!(denial(&table, "{}").is_some(), "no moment, no age");
}

#[test]
fn two_subjects_do_not_count_together() {
    let table = single(&Guard::requires([WRITE]).depends_on(&Guard::requires([OTHER])));
    let operation = &table.operations()[0];
    let (one, two) = (
        token(&table, "one", r#"{"scope":"write"}"#),
        token(&table, "two", r#"{"scope":"other"}"#),
    );
    let ask = |first: Option<&'static str>, second| {
        authorize(
            operation,
            &PresentedCredentials::new(NOW)
                .with_token(&one, first)
                .with_token(&two, second),
        )
        .is_ok()
    };
    assert!(ask(Some("alice"), Some("alice")));
    assert!(!ask(Some("alice"), Some("bob")));
    assert!(!ask(None, None), "an unknown subject is the same as no other");
    let either = single(&Guard::any_of([[WRITE], [OTHER]]));
    let (one, two) = (
        token(&either, "one", "{}"),
        token(&either, "two", r#"{"scope":"other"}"#),
    );
    let presented = PresentedCredentials::new(NOW)
        .with_token(&one, "alice")
        .with_token(&two, "bob")
        .with_user(user());
    let permit = authorize(&either.operations()[0], &presented).unwrap();
    assert_eq!(permit.required(), [OTHER]);
    assert!(permit.user().is_some(), "the user of the party that is allowed");
}

#[test]
fn client_and_user_of_one_name_are_two_subjects() {
    let table = single(&Guard::requires([WRITE]).depends_on(&Guard::requires([OTHER])));
    let (one, two) = (
        token(&table, "one", r#"{"scope":"write"}"#),
        token(&table, "two", r#"{"scope":"other"}"#),
    );
    let claims = |client: &str| Arc::new(TokenClaims::new().with_subject("billing").with_client_id(client));
    let ask = |first: &str, second: &str| {
        let (first, second) = (claims(first), claims(second));
        let presented = PresentedCredentials::new(NOW).with_token(&one, &first);
        authorize(&table.operations()[0], &presented.with_token(&two, &second)).is_ok()
    };
    assert!(ask("app", "another app"));
    assert!(ask("billing", "billing"));
    assert!(!ask("app", "billing"));
    assert!(!ask("billing", "app"));
}

#[test]
fn a_credential_of_another_table_counts_for_nothing() {
    let (table, other) = (single(&Guard::requires([WRITE])), single(&Guard::requires([WRITE])));
    let world = token(&other, "one", r#"{"scope":"write"}"#);
    let presented = PresentedCredentials::new(NOW).with_token(&world, "user");
    assert!(authorize(&other.operations()[0], &presented).is_ok());
    assert!(matches!(
        authorize(&table.operations()[0], &presented),
        Err(Denial::Unauthenticated { .. })
    ));
}

#[test]
fn implied_scopes_are_granted_and_not_required() {
    let table = single(
        &Guard::requires([READ])
            .with_scheme("one")
            .depends_on(&Guard::requires([WRITE])),
    );
    let operation: &ResolvedOperation = &table.operations()[0];
    assert_eq!(operation.challenge_scope(), [WRITE]);
    let world = token(&table, "one", r#"{"scope":"write undeclared"}"#);
    let permit = authorize(operation, &PresentedCredentials::new(NOW).with_token(&world, None)).unwrap();
    assert!(permit.granted().eq([&READ, &WRITE]));
}

/// Passes where the fact of its name was found out.
#[derive(Debug)]
struct Named(&'static str, Needs);

impl Check for Named {
    fn name(&self) -> &str {
        self.0
    }

    fn needs(&self) -> Needs {
        self.1
    }

    fn passes(&self, place: &CheckContext<'_>) -> bool {
        place.has_fact(self.0)
    }
}

#[test]
fn check_runs_only_with_its_facts() {
    for (needs, with_nothing, with_token) in [
        (Needs::Nothing, true, true),
        (Needs::Authentication, false, true),
        (Needs::User, false, false),
    ] {
        let by_code = Guard::all_of([]).check(Named("seal", needs));
        let by_name = atom(Fact::Check {
            name: "seal".into(),
            needs,
        });
        for guard in [by_code, by_name] {
            let table = single(&guard);
            let operation = &table.operations()[0];
            let world = token(&table, "one", "{}");
            let presented = |fact| PresentedCredentials::new(NOW).with_fact(fact);
            let allowed = |presented: PresentedCredentials<'_>| authorize(operation, &presented).is_ok();
            assert_eq!(allowed(presented("seal")), with_nothing);
            assert_eq!(allowed(presented("seal").with_token(&world, None)), with_token);
            assert!(allowed(presented("seal").with_token(&world, None).with_user(user())));
            assert!(!allowed(presented("other").with_token(&world, None).with_user(user())));
        }
    }
}

#[test]
fn a_check_that_refuses_is_named() {
    let table = single(&Guard::user().check(Named("seal", Needs::User)));
    let world = token(&table, "one", "{}");
    let presented = PresentedCredentials::new(NOW)
        .with_token(&world, "user")
        .with_user(user());
    let denial = authorize(&table.operations()[0], &presented).unwrap_err();
    assert_eq!(denial.to_string(), "forbidden: check `seal` refused");
    let explanation = explain(&table.operations()[0], &presented);
    assert_eq!(
        explanation.to_string(),
        "GET /: denied, forbidden: check `seal` refused\n- requires user: missing check:seal\nto be added: check:seal\n",
    );
}

#[test]
fn explanation_names_every_missing_set() {
    let table = single(
        &Guard::any_of([[WRITE], [OTHER]])
            .named("editor")
            .depends_on(&Guard::user()),
    );
    let explanation = explain(&table.operations()[0], &PresentedCredentials::new(NOW));
    assert!(!explanation.is_allowed());
    assert_eq!(
        explanation.to_string(),
        "GET /: denied, no credential for `two` `one`\n\
         - editor (sees write other): missing other or write\n\
         \x20 - requires user (sees write other): missing user\n\
         to be added: user, other or user, write\n",
    );
}
