//! Every kind of scheme alone, together, in alternatives and optional. The answers are compared
//! with a table of each credential's authority, which shares no code with the gate.

mod shadow;
mod truth;

use std::collections::BTreeSet;
use std::sync::Arc;

use http::{HeaderValue, Request};
use proptest::prelude::*;
use scopegate_http::domain::SchemeName;
use scopegate_http::policy::{Fact, Rule};
use scopegate_http::store::{BoxFuture, StoreError};
use scopegate_http::{
    BuildError, Catalog, Gate, GateBuilder, Guard, Permit, SecurityScheme,
    answer::AnyJson,
    credential::{AuthenticatedCredential, Credential, CredentialCheck, CredentialVerifier},
    domain::ApiKeyLocation,
    get,
};
use serde_json::{Value, json};

use self::truth::{CredentialPlace, Expected, Item, SCHEMES, Ways, expected};
use crate::common::{self, Answered, ME, Profile, send, token};

/// What an application knows of its credentials, by their text.
struct KnownCredentials;

impl CredentialVerifier for KnownCredentials {
    fn verify<'a>(&'a self, credential: &'a Credential) -> BoxFuture<'a, Result<CredentialCheck, StoreError>> {
        let text = credential.username().unwrap_or(credential.secret().expose());
        let verdict = match text {
            "alice" => Ok(CredentialCheck::Valid(AuthenticatedCredential::of_subject("alice"))),
            "bob" => Ok(CredentialCheck::Valid(AuthenticatedCredential::of_subject("bob"))),
            "nobody" => Ok(CredentialCheck::Valid(AuthenticatedCredential::without_subject())),
            "down" => Err(StoreError::unavailable("no answer")),
            known if known == token("alice", &[ME]) => {
                Ok(CredentialCheck::Valid(AuthenticatedCredential::of_subject("alice")))
            }
            doubtful if doubtful == token("carol", &[ME]) => Err(StoreError::unavailable("no answer")),
            _ => Ok(CredentialCheck::Invalid),
        };
        Box::pin(async { verdict })
    }
}

fn catalog() -> Catalog {
    Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_authorization_code("authorize", "token"))
        .scope(ME, "Me.")
        .scheme("oidc", SecurityScheme::openid_connect("/discovery"))
        .scheme("basic", SecurityScheme::http_basic())
        .scheme("digest", SecurityScheme::http_digest())
        .scheme("key", SecurityScheme::api_key(ApiKeyLocation::Header, "X-Key"))
        .scheme("app", SecurityScheme::api_key(ApiKeyLocation::Query, "app"))
        .without_subject()
        .scheme("session", SecurityScheme::api_key(ApiKeyLocation::Cookie, "session"))
        .build()
        .unwrap()
}

fn guard(ways: &Ways) -> Guard {
    let scheme = |number: &usize| match SCHEMES[*number].0 {
        "oauth" => Rule::Scope(ME),
        name => Rule::Fact(Fact::Scheme(SchemeName::parse(name).unwrap())),
    };
    let way = |way: &BTreeSet<usize>| Rule::All(way.iter().map(scheme).collect());
    Guard::rule(Rule::Any(ways.iter().map(way).collect()))
}

/// `GET /` with a guard: answers with the permit's subject and schemes.
fn gate(profile: Profile, ways: &Ways, is_optional: bool) -> Result<Gate, BuildError> {
    builder(profile, ways, is_optional).build()
}

fn builder(profile: Profile, ways: &Ways, is_optional: bool) -> GateBuilder {
    let who = |permit: &Permit| {
        let schemes: Vec<_> = permit.schemes().map(|name| name.as_str().to_owned()).collect();
        json!({ "subject": permit.subject(), "schemes": schemes })
    };
    let route = get("/").guard(guard(ways));
    let operation = if is_optional {
        route
            .optional()
            .then(move |permit: Option<Permit>| async move { AnyJson(json!(permit.as_ref().map(who))) })
    } else {
        route.then(move |permit: Permit| async move { AnyJson(who(&permit)) })
    };
    let mut gate = Gate::builder(catalog())
        .dialect(profile.dialect())
        .realm("shed")
        .operation(operation);
    for (name, ..) in SCHEMES {
        gate = match name {
            "oauth" => gate.bearer(name, common::verifier()),
            name => gate.verifier(name, Arc::new(KnownCredentials)),
        };
    }
    gate.clock(common::clock())
}

fn request(items: &[Item]) -> Request<String> {
    let sent = || items.iter().flat_map(|item| &item.sent);
    let query = sent().find(|(name, _)| *name == "?");
    let query = query.map_or_else(String::new, |(_, text)| format!("?{}", String::from_utf8_lossy(text)));
    let mut request = Request::get(format!("/{query}")).body(String::new()).unwrap();
    for (name, value) in sent().filter(|(name, _)| *name != "?") {
        request
            .headers_mut()
            .append(*name, HeaderValue::from_bytes(value).unwrap());
    }
    request
}

/// Compares an answer with the truth; the error states the difference.
fn compare(expected: &Expected, answered: &Answered, has_credential: bool) -> Result<(), String> {
    let told: Value = serde_json::from_str(&answered.body).unwrap();
    let words: BTreeSet<&str> = answered
        .challenges()
        .iter()
        .map(|challenge| challenge.split(' ').next().unwrap())
        .collect();
    let is_right = match expected {
        Expected::NoGate => false,
        Expected::In(subjects) => {
            answered.status == 200
                && subjects.contains(
                    &told["subject"]
                        .as_str()
                        .map(|name| *["alice", "bob", "carol"].iter().find(|known| **known == name).unwrap()),
                )
        }
        Expected::Anonymous => answered.status == 200 && told.is_null(),
        Expected::Refused(statuses, expected) => {
            let status = answered.status.as_u16();
            statuses.contains(&status)
                && (status == 503) == words.is_empty()
                && (status == 503) == (answered.header("retry-after").is_some())
                && expected.as_ref().is_none_or(|expected| *expected == words)
        }
    };
    let has_error = |challenge: &&str| challenge.contains("error=");
    let mut with_error = answered.challenges().into_iter().filter(has_error).peekable();
    let says_too_much = with_error.peek().is_some() && !has_credential;
    if is_right && !says_too_much && with_error.all(|challenge| challenge.starts_with("Bearer ")) {
        return Ok(());
    }
    Err(format!(
        "expected {expected:?}, found {} {:?} {}",
        answered.status,
        answered.challenges(),
        answered.body
    ))
}

async fn ask(gate: &Gate, ways: &Ways, is_optional: bool, presented: &[Item]) -> Result<bool, String> {
    let expected = expected(ways, is_optional, presented);
    let answered = send(gate, request(presented)).await;
    compare(&expected, &answered, !presented.is_empty())
        .map_err(|fault| format!("{ways:?} {is_optional} {presented:?}: {fault}"))?;
    Ok(matches!(expected, Expected::In(_)))
}

fn pairs() -> Vec<Ways> {
    let mut all: Vec<Ways> = (0..SCHEMES.len()).map(|one| [[one].into()].into()).collect();
    for one in 0..SCHEMES.len() {
        for two in 0..one {
            all.push([[one, two].into()].into());
            all.push([[one].into(), [two].into()].into());
        }
    }
    all
}

/// Returns each content of the places of two schemes. A header that two places share has the
/// content of either.
fn presented(ways: &Ways, profile: Profile) -> Vec<Vec<Item>> {
    let places: BTreeSet<CredentialPlace> = ways.iter().flatten().map(|number| SCHEMES[*number].1).collect();
    places.into_iter().fold(vec![Vec::new()], |all, place| {
        let items = place.items(profile);
        let both = |presented: Vec<Item>| {
            let is_full = presented.iter().any(|item| item.place.is_authorization()) && place.is_authorization();
            let more = items.iter().filter(move |item| item.is_none() || !is_full);
            more.map(move |item| presented.iter().cloned().chain(item.clone()).collect())
                .collect::<Vec<_>>()
        };
        all.into_iter().flat_map(both).collect()
    })
}

/// Alone, together, in alternatives and optional: every pair of schemes with every possible content
/// of their places.
#[tokio::test]
async fn every_pair_of_schemes_with_every_kind_of_credential() {
    let (mut asked, mut let_in, mut impossible) = (0, 0, 0);
    let mut faults = Vec::new();
    for profile in [Profile::Rfc, Profile::Tutorial] {
        for ways in pairs() {
            for is_optional in [false, true] {
                let gate = match gate(profile, &ways, is_optional) {
                    Ok(gate) => gate,
                    Err(fault) => {
                        assert_eq!(expected(&ways, is_optional, &[]), Expected::NoGate, "{fault}");
                        assert!(fault.to_string().starts_with("`GET /` requires two kinds"), "{fault}");
                        impossible += 1;
                        continue;
                    }
                };
                for presented in presented(&ways, profile) {
                    asked += 1;
                    match ask(&gate, &ways, is_optional, &presented).await {
                        Ok(is_in) => let_in += usize::from(is_in),
                        Err(fault) => faults.push(fault),
                    }
                }
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} of {asked} differ:\n{}",
        faults.len(),
        faults.iter().take(20).cloned().collect::<Vec<_>>().join("\n")
    );
    assert_eq!(impossible, 5 * 4, "two kinds of credentials in one header");
    assert!(asked > 4_000 && let_in > 1_000, "{asked} asked, {let_in} let in");
}

fn any_ways() -> impl Strategy<Value = Ways> {
    let way = proptest::collection::btree_set(0..SCHEMES.len(), 1..4);
    proptest::collection::btree_set(way, 1..5)
}

/// Returns the picked contents of the places; one place has one content.
fn picked(picks: &[(usize, usize)], profile: Profile) -> Vec<Item> {
    let places = [
        CredentialPlace::Bearer,
        CredentialPlace::Basic,
        CredentialPlace::Digest,
        CredentialPlace::Key,
        CredentialPlace::App,
        CredentialPlace::Session,
    ];
    let mut presented: Vec<Item> = Vec::new();
    for (place, pick) in picks {
        let mut items = places[*place].items(profile);
        let pick = pick % items.len();
        let is_free = |item: &Item| {
            !presented.iter().any(|other| {
                other.place == item.place || (other.place.is_authorization() && item.place.is_authorization())
            })
        };
        presented.extend(items.swap_remove(pick).filter(is_free));
    }
    presented
}

proptest! {
    /// A request without valid credentials for one complete alternative gets no access. A request
    /// with them is refused only if it also presents an invalid one.
    #[test]
    fn access_requires_credentials_for_one_complete_alternative(
        ways in any_ways(),
        is_optional: bool,
        is_tutorial: bool,
        picks in proptest::collection::vec((0usize..6, 0usize..12), 0..5),
    ) {
        let profile = if is_tutorial { Profile::Tutorial } else { Profile::Rfc };
        let presented = picked(&picks, profile);
        match gate(profile, &ways, is_optional) {
            Err(_) => prop_assert_eq!(expected(&ways, is_optional, &presented), Expected::NoGate),
            Ok(gate) => {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(ask(&gate, &ways, is_optional, &presented)).map_err(TestCaseError::fail)?;
            }
        }
    }
}
