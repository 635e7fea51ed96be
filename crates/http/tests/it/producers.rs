//! A requirement that no source of credentials can supply is refused when the gate is built.

use std::sync::Arc;

use scopegate_http::domain::{Audience, Issuer, Lifetime, SchemeName, Secret};
use scopegate_http::policy::{Binding, CheckContext, Fact, Needs, Rule, SubjectKind};
use scopegate_http::store::{BoxFuture, MemoryStore, StoreError};
use scopegate_http::token::{Signer, SigningKey, TokenRules, Verifier};
use scopegate_http::{
    ActiveUser, BuildError, Catalog, Check, Gate, GateBuilder, Guard, Permit, SecurityScheme,
    credential::{Credential, CredentialCheck, CredentialVerifier},
    domain::ApiKeyLocation,
    get,
    issuers::{Introspection, RemoteIssuer},
    site::GateError,
};
use scopegate_portal::TokenEndpoint;
use scopegate_portal::grant::AuthorizationServer;

use crate::common::{self, ME};

const ISSUER: &str = "https://own.example";
const AUDIENCE: &str = "https://api.example";

fn catalog() -> Catalog {
    let key = |name: &str| SecurityScheme::ApiKey {
        location: ApiKeyLocation::Header,
        name: name.to_owned(),
    };
    Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_password("/token"))
        .scope(ME, "")
        .scheme("other", SecurityScheme::oauth2_client_credentials("/other"))
        .scope(ME, "")
        .scheme("key", key("x-key"))
        .scheme("hook", key("x-hook"))
        .without_subject()
        .build()
        .unwrap()
}

fn issuer() -> Issuer {
    Issuer::parse(ISSUER).unwrap()
}

fn audience() -> Audience {
    Audience::parse(AUDIENCE).unwrap()
}

fn rules() -> TokenRules {
    TokenRules::rfc9068(issuer(), audience())
}

struct Refusing;

impl CredentialVerifier for Refusing {
    fn verify<'a>(&'a self, _: &'a Credential) -> BoxFuture<'a, Result<CredentialCheck, StoreError>> {
        Box::pin(async { Ok(CredentialCheck::Invalid) })
    }
}

/// The gate issues the tokens that it accepts.
fn own() -> GateBuilder {
    let signer = Signer::new(rules(), SigningKey::es256_generate().unwrap());
    let server = AuthorizationServer::builder(Arc::new(MemoryStore::new()), signer, catalog()).build();
    resource_server().site(TokenEndpoint::new("/token", server))
}

/// The gate accepts tokens that another server issues with a key that the gate knows.
fn resource_server() -> GateBuilder {
    Gate::builder(catalog()).bearer("oauth", Verifier::new(rules(), common::key().verifying_key()))
}

fn remote() -> RemoteIssuer {
    let issuer = Issuer::parse("https://id.example").unwrap();
    RemoteIssuer::builder(issuer, audience()).build().unwrap()
}

fn introspection() -> Introspection {
    let issuer = Issuer::parse("https://opaque.example").unwrap();
    Introspection::builder(issuer, audience(), "api", Secret::new("s".to_owned()))
        .build()
        .unwrap()
}

fn requires(fact: Fact) -> Guard {
    Guard::requires([ME])
        .with_scheme("oauth")
        .depends_on(&Guard::rule(Rule::Fact(fact)))
}

fn built(builder: GateBuilder, guard: Guard) -> Result<(), String> {
    let operation = get("/x").guard(guard).then(|_: Permit| async { "in" });
    match builder.operation(operation).build() {
        Ok(_) => Ok(()),
        Err(BuildError::Gate(GateError::NoProducer { operation, fact })) => {
            assert_eq!(operation, "GET /x");
            Err(fact)
        }
        Err(BuildError::Gate(GateError::NoCheck { operation, check })) => {
            assert_eq!(operation, "GET /x");
            Err(format!("check:{check}"))
        }
        Err(other) => Err(other.to_string()),
    }
}

fn facts() -> Vec<Fact> {
    let check = |name: &str, needs| Fact::Check {
        name: name.into(),
        needs,
    };
    vec![
        Fact::Acr("high".into()),
        Fact::AgeAtMost(Lifetime::from_seconds(60)),
        Fact::Audience(Audience::parse("https://elsewhere.example").unwrap()),
        Fact::Audience(audience()),
        Fact::Subject(SubjectKind::User),
        Fact::Subject(SubjectKind::Service),
        Fact::Bound(Binding::Dpop),
        Fact::Bound(Binding::Mtls),
        check("seal", Needs::Nothing),
        check("office", Needs::Authentication),
    ]
}

/// The facts of [`facts`] that a gate can be built with.
fn supplied(gate: impl Fn() -> GateBuilder) -> Vec<String> {
    let mut supplied = Vec::new();
    for fact in facts() {
        let name = fact.to_string();
        match built(gate(), requires(fact)) {
            Ok(()) => supplied.push(name),
            Err(missing) => assert_eq!(missing, name),
        }
    }
    supplied
}

#[test]
fn each_source_supplies_what_its_tokens_can_say() {
    let jwt = [
        "acr:high",
        "age<=60",
        "audience=https://elsewhere.example",
        "audience=https://api.example",
        "subject=user",
        "subject=service",
    ];
    let issued = ["audience=https://api.example", "subject=user", "subject=service"];
    assert_eq!(supplied(own), issued);
    assert_eq!(supplied(resource_server), jwt);
    assert_eq!(supplied(|| Gate::builder(catalog()).issuer("oauth", remote())), jwt);
    // One of several sources of a scheme suffices.
    assert_eq!(supplied(|| own().issuer("oauth", remote())), jwt);
    let nothing: [&str; 0] = [];
    let asking = || Gate::builder(catalog()).introspection("oauth", introspection());
    assert_eq!(supplied(asking), nothing);
    let application = || Gate::builder(catalog()).verifier("oauth", Arc::new(Refusing));
    assert_eq!(supplied(application), nothing);
}

#[test]
fn error_names_operation_fact_and_remedy() {
    let guard = requires(Fact::Bound(Binding::Dpop));
    let operation = get("/x").guard(guard).then(|| async { "in" });
    assert_eq!(
        own().operation(operation).build().unwrap_err().to_string(),
        "`GET /x` requires `bound=dpop`, and no source of credentials of the gate can supply it; add one that can, or \
         remove the requirement"
    );
}

/// An age is never supplied by a longer one that it implies.
#[test]
fn fact_is_named_as_in_the_policy() {
    let age = |seconds| Guard::rule(Rule::Fact(Fact::AgeAtMost(Lifetime::from_seconds(seconds))));
    let guard = Guard::requires([ME])
        .with_scheme("oauth")
        .depends_on(&age(60))
        .depends_on(&age(300));
    assert_eq!(built(own(), guard), Err("age<=60".to_owned()));
}

#[test]
fn an_alternative_does_not_hide_what_nothing_supplies() {
    let scope = |scheme: &str| {
        Rule::Fact(Fact::Scope {
            scheme: SchemeName::parse(scheme).unwrap(),
            token: ME,
        })
    };
    let high = Rule::All(vec![scope("oauth"), Rule::Fact(Fact::Acr("high".into()))]);
    let either = Guard::rule(Rule::Any(vec![high, scope("other")]));
    let with_other = own().verifier("other", Arc::new(Refusing));
    assert_eq!(built(with_other, either), Err("acr:high".to_owned()));
    let with_remote = || own().issuer("other", remote());
    // Both alternatives require the level, and the other issuer's tokens can state it.
    let level = Guard::rule(Rule::All(vec![
        Rule::Any(vec![scope("oauth"), scope("other")]),
        Rule::Fact(Fact::Acr("high".into())),
    ]));
    assert_eq!(built(with_remote(), level.clone()), Ok(()));
    assert_eq!(built(own(), level), Err("acr:high".to_owned()));
}

#[derive(Debug)]
struct Office;

impl Check for Office {
    fn name(&self) -> &'static str {
        "office"
    }

    fn passes(&self, _: &CheckContext<'_>) -> bool {
        true
    }
}

#[test]
fn a_check_with_code_and_a_user_of_the_store_are_supplied() {
    let users = || own().users(Arc::new(MemoryStore::new()));
    let with_code = Guard::requires([ME]).with_scheme("oauth").check(Office);
    assert_eq!(built(own(), with_code), Ok(()));
    let active = Guard::requires([ME])
        .with_scheme("oauth")
        .check(ActiveUser)
        .depends_on(&Guard::user());
    assert_eq!(built(users(), active.clone()), Ok(()));
    assert!(built(own(), active).unwrap_err().contains("the gate has no users"));
}

#[test]
fn credential_without_subject_supplies_no_user() {
    let users = || {
        let users = Arc::new(MemoryStore::new());
        let verifier = Arc::new(Refusing);
        Gate::builder(catalog())
            .users(users)
            .verifier("hook", Arc::<Refusing>::clone(&verifier))
            .verifier("key", verifier)
    };
    let of = |scheme: &str| Guard::user().with_scheme(scheme);
    assert_eq!(built(users(), of("hook")), Err("user".to_owned()));
    assert_eq!(built(users(), of("key")), Ok(()));
    let both = of("hook").depends_on(&Guard::authenticated().with_scheme("key"));
    assert_eq!(built(users(), both), Ok(()));
}
