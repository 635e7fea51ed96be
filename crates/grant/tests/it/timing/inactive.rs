//! The answer about a token that is not active: the time does not tell the cause.

use std::sync::Arc;
use std::time::Instant;

use super::{ATTEMPTS, Times, distinguishable_pairs, measure, rounds};
use crate::common::{NOW, catalog, clients, params, scope, service, store, user};
use crate::long_check;
use scopegate_domain::{
    AccessTokenClaims, Audience, ClientId, Issuer, KeyId, Lifetime, ManualClock, Resource, Resources, Revocation,
    Revoked, ScopeToken, TokenId, UserStatus,
};
use scopegate_grant::{AccessTokens, AuthorizationServer, ClientCredentials, RevocationWatch};
use scopegate_store::{DisableAndRevoke, MemoryStore, News as _, Users, UsersCache};
use scopegate_token::{RevokedSet, Signer, SigningKey, SubjectClaim, TokenRules, Verifier};

const OWN: &str = "https://api.example";
const OTHER: &str = "https://ships.example";

/// The maximum ratio of two medians of two milliseconds: the ranks see less.
const MAX_RATIO: f64 = 1.25;

fn rules(issuer: &str, audience: &str) -> TokenRules {
    TokenRules::rfc9068(Issuer::parse(issuer).unwrap(), Audience::parse(audience).unwrap())
}

fn key(id: &str) -> SigningKey {
    SigningKey::es256_generate().unwrap().with_id(KeyId::parse(id).unwrap())
}

/// The server, a token for each cause, and the client that asks about it.
struct Inactive {
    tokens: AccessTokens,
    asked: Vec<(&'static str, String, ClientCredentials)>,
    active: String,
    reader: ClientCredentials,
}

/// The claims of a token of this subject and client.
fn claims(subject: &str, client: &str, audience: &str, number: u32) -> AccessTokenClaims {
    AccessTokenClaims::new(subject, NOW, Lifetime::from_minutes(10))
        .with_scopes([ScopeToken::from_static("me")])
        .with_audiences([Audience::parse(audience).unwrap()])
        .with_client_id(ClientId::parse(client).unwrap())
        .with_token_id(TokenId::parse(&format!("token-{number}")).unwrap())
}

fn expired() -> AccessTokenClaims {
    AccessTokenClaims::new("billing", NOW, Lifetime::from_seconds(0))
        .with_client_id(ClientId::parse("billing").unwrap())
        .with_token_id(TokenId::parse("token-2").unwrap())
}

/// Disables `johndoe`, removes the client `gone`, and revokes the token `token-3`.
async fn change(store: &MemoryStore) {
    let disabled = Users::set_status(store, user("johndoe").id(), UserStatus::Disabled).await;
    assert!(disabled.unwrap());
    let gone = ClientId::parse("gone").unwrap();
    let revocation = Revocation::until(Revoked::Client(gone.clone()), NOW);
    let removed = store.withdraw(DisableAndRevoke::RemoveClient(&gone), &revocation).await;
    assert!(removed.unwrap());
    let token = Revoked::Token(TokenId::parse("token-3").unwrap());
    store.revoke(&Revocation::until(token, NOW)).await.unwrap();
}

fn with_other_signature(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    format!("{signed}.{}", signature.chars().rev().collect::<String>())
}

async fn inactive() -> Inactive {
    let (store, clock) = (store().await, Arc::new(ManualClock::at(NOW)));
    let (own, other) = (Audience::parse(OWN).unwrap(), Audience::parse(OTHER).unwrap());
    let (reader, header) = service("reader", scope(""));
    let reader = reader.with_introspection(true).with_resources([own.clone()]);
    let (billing, of_billing) = service("billing", scope("me"));
    let (gone, _) = service("gone", scope("me"));
    for client in [reader, billing, gone] {
        clients(&store).add(client).await.unwrap();
    }
    change(&store).await;

    let (signing, stranger) = (key("k1"), key("k1"));
    let verifier = Verifier::new(rules("https://id.example", OWN), signing.verifying_key());
    let signer = Arc::new(Signer::new(rules("https://id.example", OWN), signing));
    let resources = Resources::new([Resource::new(own, ""), Resource::new(other, "")]).unwrap();
    let server = AuthorizationServer::builder(store.clone(), Arc::clone(&signer), catalog())
        .resources(resources)
        .throttled(false)
        .clock(clock.clone())
        .build();
    let set = Arc::new(RevokedSet::new(SubjectClaim::UserId));
    let watch = RevocationWatch::new(store.clone(), set, clock.clone());
    watch.refresh().await.unwrap();
    let users = UsersCache::new(store, clock, Lifetime::from_minutes(1));

    let issue = |signer: &Signer, claims: &AccessTokenClaims| signer.issue(claims).unwrap().expose().to_owned();
    let sign = |subject: &str, client: &str, audience: &str, number: u32| {
        issue(&signer, &claims(subject, client, audience, number))
    };
    let active = sign("billing", "billing", OWN, 1);
    let own_claims = claims("billing", "billing", OWN, 7);
    let (elsewhere, stranger) = (
        Signer::new(rules("https://id.evil.example", OWN), key("k1")),
        Signer::new(rules("https://id.example", OWN), stranger),
    );
    let asked = vec![
        ("unknown", "x".repeat(active.len()), header.clone()),
        ("malformed", "a.b.c".to_owned(), header.clone()),
        ("changed signature", with_other_signature(&active), header.clone()),
        ("of another key", issue(&stranger, &own_claims), header.clone()),
        ("foreign issuer", issue(&elsewhere, &own_claims), header.clone()),
        ("expired", issue(&signer, &expired()), header.clone()),
        ("revoked", sign("billing", "billing", OWN, 3), header.clone()),
        (
            "disabled user",
            sign("id-of-johndoe", "billing", OWN, 4),
            header.clone(),
        ),
        ("removed user", sign("id-of-nobody", "billing", OWN, 5), header.clone()),
        ("removed client", sign("gone", "gone", OWN, 6), header.clone()),
        ("other audience", sign("billing", "billing", OTHER, 8), header.clone()),
        ("client without the right", active.clone(), of_billing),
    ];
    Inactive {
        tokens: AccessTokens::new(server, &verifier, Arc::new(watch), Arc::new(users)),
        asked,
        active,
        reader: header,
    }
}

#[tokio::test]
async fn inactive_answer_time_hides_its_cause() {
    if !long_check::is_on("the times of inactive answers") {
        return;
    }
    let inactive = inactive().await;
    let ask = async |token: &str, header: &ClientCredentials| {
        let asked_at = Instant::now();
        let found = inactive
            .tokens
            .introspect(&params(&[("token", token)]), header, None)
            .await;
        (asked_at.elapsed(), found.unwrap().is_some())
    };
    // The client would get an answer about a valid token.
    assert!(ask(&inactive.active, &inactive.reader).await.1);
    let names: Vec<_> = inactive.asked.iter().map(|(name, ..)| *name).collect();
    let mut faults = Vec::new();
    for _ in 0..ATTEMPTS {
        let times: Vec<Times> = measure(&names, rounds(), async |index| {
            let (name, token, header) = inactive.asked.get(index).unwrap();
            let (took, is_active) = ask(token, header).await;
            assert!(!is_active, "{name}");
            took
        })
        .await;
        faults = distinguishable_pairs(&times, MAX_RATIO);
        if faults.is_empty() {
            return;
        }
    }
    panic!("{}", faults.join("\n"));
}
