//! The subject and the claims of a permit.

use std::sync::Arc;

use scopegate_domain::{
    ApiKeyLocation, Catalog, ClaimNames, Claims, ReadClaimError, SchemeName, ScopeLayout, ScopeToken, SecurityScheme,
    Timestamp, TokenClaims, Verified,
};
use scopegate_policy::{
    Fact, Guard, Operation, OperationTable, Permit, PresentedCredentials, ResolvedOperation, Rule, TokenFacts,
    authorize,
};

const READ: ScopeToken = ScopeToken::from_static("read");
const OTHER: ScopeToken = ScopeToken::from_static("other");
const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);

/// Two schemes with a subject, and two of programs, without.
fn table(guard: &Guard) -> OperationTable {
    let key = |name| SecurityScheme::api_key(ApiKeyLocation::Header, name);
    let catalog = Catalog::builder()
        .scheme("one", SecurityScheme::oauth2_password("token"))
        .scope(READ, "")
        .scheme("two", SecurityScheme::oauth2_password("token"))
        .scope(OTHER, "")
        .scheme("app", key("X-App"))
        .without_subject()
        .scheme("station", key("X-Station"))
        .without_subject()
        .build()
        .unwrap();
    let operation = Operation::get("/").guard(guard);
    OperationTable::builder(catalog).operation(operation).build().unwrap()
}

/// A guard that needs a credential of each scheme.
fn every(schemes: &[&str]) -> Guard {
    let scheme = |name: &&str| Rule::Fact(Fact::Scheme(SchemeName::parse(name).unwrap()));
    Guard::rule(Rule::All(schemes.iter().map(scheme).collect()))
}

fn facts(table: &OperationTable, scheme: &str, scope: &str) -> TokenFacts {
    let payload = format!(r#"{{"scope":"{scope}"}}"#);
    let claims = Verified::assertion(Claims::parse(payload.as_bytes(), ScopeLayout::Text).unwrap());
    let scheme = table.scheme_id(&SchemeName::parse(scheme).unwrap()).unwrap();
    table.token_facts(scheme, &claims).unwrap()
}

fn claims(subject: Option<&str>, client: &str) -> Arc<TokenClaims> {
    let claims = TokenClaims::new().with_client_id(client);
    Arc::new(match subject {
        Some(subject) => claims.with_subject(subject),
        None => claims,
    })
}

fn permit(operation: &ResolvedOperation, presented: &PresentedCredentials<'_>) -> Permit {
    authorize(operation, presented).unwrap().with_claims_of(presented)
}

#[test]
fn claims_are_those_of_the_reported_subject() {
    let table = table(&Guard::any_of([[READ], [OTHER]]));
    let operation = &table.operations()[0];
    let (one, two) = (facts(&table, "one", ""), facts(&table, "two", "other"));
    let (alice, bob) = (claims(Some("alice"), "of alice"), claims(Some("bob"), "of bob"));
    let presented = PresentedCredentials::new(NOW)
        .with_token(&one, &alice)
        .with_token(&two, &bob);
    let decided = authorize(operation, &presented).unwrap();
    assert_eq!(decided.subject(), None, "a decision keeps nothing of a request");
    let permit = decided.with_claims_of(&presented);
    assert_eq!((permit.subject(), permit.client_id()), (Some("bob"), Some("of bob")));
    assert_eq!(permit.schemes().map(SchemeName::as_str).collect::<Vec<_>>(), ["two"]);
    assert_eq!(Arc::strong_count(&bob), 2, "the permit shares the claims");
}

#[test]
fn permit_expires_with_the_first_of_its_credentials() {
    let table = table(&every(&["one", "app"]));
    let (one, app) = (facts(&table, "one", ""), facts(&table, "app", ""));
    let until = |subject: Option<&str>, time: Option<i64>| {
        let claims = TokenClaims::clone(&claims(subject, "client"));
        Arc::new(time.map_or(claims.clone(), |time| {
            claims.with_expires_at(Timestamp::from_unix(time))
        }))
    };
    for (token, key, expected) in [
        (Some(600), Some(10), Some(10)),
        (Some(10), Some(600), Some(10)),
        (Some(600), None, Some(600)),
        (None, Some(10), Some(10)),
        (None, None, None),
    ] {
        let (token, key) = (until(Some("alice"), token), until(None, key));
        let presented = PresentedCredentials::new(NOW)
            .with_token(&one, &token)
            .with_token(&app, &key);
        let permit = permit(&table.operations()[0], &presented);
        assert_eq!(permit.expires_at(), expected.map(Timestamp::from_unix));
    }
}

#[test]
fn credential_without_a_subject_has_claims_if_alone() {
    let table = table(&every(&["app"]));
    let app = facts(&table, "app", "");
    let program = claims(None, "program");
    let presented = PresentedCredentials::new(NOW).with_token(&app, &program);
    let permit = permit(&table.operations()[0], &presented);
    assert_eq!((permit.subject(), permit.client_id()), (None, Some("program")));
}

#[test]
fn claims_of_a_subject_take_precedence_over_a_program() {
    let table = table(&every(&["one", "app"]));
    let (one, app) = (facts(&table, "one", "read"), facts(&table, "app", ""));
    let (alice, program) = (claims(Some("alice"), "of alice"), claims(None, "program"));
    let nothing = PresentedCredentials::new(NOW);
    for presented in [
        nothing.clone().with_token(&app, &program).with_token(&one, &alice),
        nothing.clone().with_token(&one, &alice).with_token(&app, &program),
    ] {
        let permit = permit(&table.operations()[0], &presented);
        assert_eq!(
            (permit.subject(), permit.client_id()),
            (Some("alice"), Some("of alice"))
        );
    }
}

#[test]
fn first_credential_of_one_subject_has_the_claims() {
    let table = table(&every(&["one", "two"]));
    let (one, two) = (facts(&table, "one", ""), facts(&table, "two", ""));
    let [first, second] = ["first", "second"].map(|client| claims(Some("alice"), client));
    let presented = PresentedCredentials::new(NOW)
        .with_token(&one, &first)
        .with_token(&two, &second);
    assert_eq!(permit(&table.operations()[0], &presented).client_id(), Some("first"));
}

#[test]
fn several_credentials_without_subject_have_no_claims() {
    let table = table(&every(&["app", "station"]));
    let (app, station) = (facts(&table, "app", ""), facts(&table, "station", ""));
    let [first, second] = ["first", "second"].map(|client| claims(None, client));
    let presented = PresentedCredentials::new(NOW)
        .with_token(&app, &first)
        .with_token(&station, &second);
    let permit = permit(&table.operations()[0], &presented);
    assert!(!permit.is_anonymous());
    assert_eq!((permit.subject(), permit.client_id()), (None, None));
}

#[test]
fn name_alone_is_a_subject_without_claims() {
    let table = table(&Guard::authenticated());
    let operation = &table.operations()[0];
    let one = facts(&table, "one", "");
    let named = PresentedCredentials::new(NOW).with_token(&one, "alice");
    let permit_of = |presented| permit(operation, presented);
    assert_eq!(permit_of(&named).subject(), Some("alice"));
    assert_eq!(
        (permit_of(&named).client_id(), permit_of(&named).claim::<u8>("tenant")),
        (None, Ok(None))
    );
    let none = PresentedCredentials::new(NOW).with_token(&one, None);
    assert_eq!(
        (permit_of(&none).subject(), permit_of(&none).schemes().count()),
        (None, 1)
    );
}

#[test]
fn permit_reads_every_claim() {
    struct Plan(u8);
    let table = table(&Guard::authenticated());
    let names = ClaimNames::new(["tenant", "roles"]).unwrap();
    let payload = br#"{"iss": "https://id.example", "sub": "u1", "aud": ["a", "b"], "client_id": "app", "jti": "t1",
        "acr": "mfa", "iat": 10, "exp": 20, "auth_time": 5, "tenant": {"id": 7}, "other": 1}"#;
    let claims = Claims::parse_keeping(payload, ScopeLayout::Text, &names).unwrap();
    let claims = Arc::new(TokenClaims::of(&claims, claims.subject()).with_value(Plan(3)));
    let one = facts(&table, "one", "");
    let presented = PresentedCredentials::new(NOW).with_token(&one, &claims);
    let permit = permit(&table.operations()[0], &presented);
    let texts = [
        permit.subject(),
        permit.client_id(),
        permit.token_id(),
        permit.issuer(),
        permit.acr(),
    ];
    assert_eq!(texts, ["u1", "app", "t1", "https://id.example", "mfa"].map(Some));
    let times = [permit.issued_at(), permit.expires_at(), permit.auth_time()];
    assert_eq!(times, [10, 20, 5].map(Timestamp::from_unix).map(Some));
    assert!(permit.audience().eq(["a", "b"]));
    assert_eq!(permit.claim("tenant"), Ok(Some(serde_json::json!({"id": 7}))));
    assert_eq!(permit.claim::<Vec<String>>("roles"), Ok(None));
    assert!(matches!(
        permit.claim::<u8>("tenant"),
        Err(ReadClaimError::WrongType { .. })
    ));
    assert!(matches!(
        permit.claim::<u8>("other"),
        Err(ReadClaimError::NotKept { .. })
    ));
    assert!(matches!(
        permit.claim::<String>("sub"),
        Err(ReadClaimError::NotKept { .. })
    ));
    assert_eq!(permit.value::<Plan>().map(|plan| plan.0), Some(3));
    assert!(permit.value::<u8>().is_none());
}

#[test]
fn anonymous_permit_has_no_claims() {
    let table = table(&Guard::public());
    let nothing = PresentedCredentials::new(NOW);
    let permit = permit(&table.operations()[0], &nothing);
    assert!(permit.is_anonymous() && permit.audience().next().is_none());
    assert_eq!(
        (permit.issuer(), permit.expires_at(), permit.claim::<u8>("tenant")),
        (None, None, Ok(None))
    );
}
