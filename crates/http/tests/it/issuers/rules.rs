//! A table of rules by paths: each rule applies on every path, or the table contains the reason.

mod table;

use crate::common::Profile;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use base64_simd::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use ring::{hmac, rand::SystemRandom};
use scopegate_http::credential::BearerTokens;
use scopegate_http::domain::{
    Account, Clock as _, Issuer, Revocation, Revoked as Whose, ScopeLayout, Secret, SystemClock, TokenId, User, UserId,
    UserStatus, Username,
};
use scopegate_http::store::{BoxFuture, MemoryStore, StoreError, Users};
use scopegate_http::token::{RevokedSet, SigningKey, SubjectClaim, TokenRules, Verifier};
use scopegate_http::{
    ActiveUser, Gate, GateBuilder, Guard, Permit,
    credential::{Credential, CredentialCheck, CredentialVerifier},
    get,
    issuers::{Introspection, SubjectMapping},
};
use scopegate_issuers::test_provider::{TestProvider, json as answer_json};
use serde_json::{Value, json};

use self::Cell::{Apart, Before, Claims, Revoked, Says, TestIdentitySetup as As, Type};
use self::table::{ABSENT, Cell, PATHS, RULES, TestIdentitySetup, table};
use crate::issuers::common::{AUDIENCE, LocalIssuer, READ, ask, audience, catalog, fetcher, key};

const SECRET: &str = "a secret text of thirty-two bytes";
/// Returns one active and one inactive user.
async fn users() -> Arc<dyn Users> {
    let store = MemoryStore::new();
    for (id, name, status) in [
        ("u1", "johndoe", UserStatus::Active),
        ("u2", "disabled", UserStatus::Disabled),
    ] {
        let user = User::new(UserId::parse(id).unwrap(), Username::parse(name).unwrap()).with_status(status);
        let account = Account {
            user,
            password_hash: None,
        };
        store.add(account).await.unwrap();
    }
    Arc::new(store)
}

async fn gate() -> GateBuilder {
    let guard = Guard::requires([READ]).check(ActiveUser).depends_on(&Guard::user());
    Gate::builder(catalog())
        .users(users().await)
        .operation(get("/reports").guard(guard).then(|_: Permit| async { "in" }))
}

/// Returns the payload with changed members, without those that are [`ABSENT`].
fn changed(mut base: Value, change: &Value) -> Value {
    for (name, value) in change.as_object().unwrap() {
        if value == ABSENT {
            base.as_object_mut().unwrap().remove(name);
        } else {
            base[name] = value.clone();
        }
    }
    base
}

fn text(payload: &Value, before: Option<&str>) -> String {
    let text = payload.to_string();
    before.map_or(text.clone(), |before| text.replacen('{', &format!("{{{before},"), 1))
}

fn message(header: &Value, payload: &str) -> String {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode_to_string(text);
    format!("{}.{}", encode(&header.to_string()), encode(payload))
}

fn hs256(header: &Value, payload: &str) -> String {
    let message = message(header, payload);
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()),
        message.as_bytes(),
    );
    format!("{message}.{}", URL_SAFE_NO_PAD.encode_to_string(tag))
}

fn es256(key: &SigningKey, header: &Value, payload: &str) -> String {
    let message = message(header, payload);
    let (random, document) = (SystemRandom::new(), key.to_pkcs8().unwrap());
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.expose(), &random).unwrap();
    let signature = pair.sign(&random, message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode_to_string(signature))
}

/// Returns the payload of a valid token.
fn good(issuer: &str, now: i64) -> Value {
    json!({
        "iss": issuer, "aud": AUDIENCE, "sub": "u1", "client_id": "app", "scope": "reports:read",
        "iat": now, "exp": now + 600, "jti": "t1",
    })
}

/// The change of a token by a cell: its `typ`, its members, the text before them.
struct Change<'c> {
    status: u16,
    token_type: Option<&'c str>,
    members: Value,
    before: Option<&'c str>,
}

impl<'c> Change<'c> {
    fn of(cell: &'c Cell) -> Self {
        let (status, token_type, members, before) = match cell {
            Claims(status, members) => (*status, None, members.clone(), None),
            Before(status, before) => (*status, None, json!({}), Some(*before)),
            Type(status, token_type) => (*status, Some(*token_type), json!({}), None),
            Revoked => (401, None, json!({}), None),
            Says(..) | As(..) | Apart(_) => panic!("the cell is of another path"),
        };
        Self {
            status,
            token_type,
            members,
            before,
        }
    }
}

/// Returns the status for the token of a cell, with the cache of tokens and without.
async fn own(cell: &Cell, profile: Profile, now: i64) -> (u16, u16) {
    let change = Change::of(cell);
    let (rules, base, token_type, names) = match profile {
        Profile::Rfc => (
            TokenRules::rfc9068(Issuer::parse("https://own.example").unwrap(), audience()),
            good("https://own.example", now),
            "at+jwt",
            SubjectClaim::UserId,
        ),
        Profile::Tutorial => (
            TokenRules::shared_secret(),
            json!({"sub": "johndoe", "scopes": ["reports:read"], "exp": now + 600}),
            "JWT",
            SubjectClaim::Username,
        ),
    };
    let key = SigningKey::hs256(&Secret::new(SECRET.to_owned())).unwrap();
    let revoked = Arc::new(RevokedSet::new(names));
    if matches!(cell, Revoked) {
        let whose = match profile {
            Profile::Rfc => Whose::Token(TokenId::parse("t1").unwrap()),
            Profile::Tutorial => Whose::User {
                id: UserId::parse("u1").unwrap(),
                username: Username::parse("johndoe").unwrap(),
            },
        };
        revoke(&revoked, whose);
    }
    let mut payload = changed(base, &change.members);
    // Each profile has its own claim of scopes.
    let unused = if profile == Profile::Rfc { "scopes" } else { "scope" };
    payload.as_object_mut().unwrap().remove(unused);
    let header = json!({"alg": "HS256", "typ": change.token_type.unwrap_or(token_type)});
    let token = hs256(&header, &text(&payload, change.before));
    let mut statuses = BTreeSet::new();
    for bytes in [0, 64 * 1024] {
        let verifier = Verifier::new(rules.clone(), key.verifying_key());
        let tokens = BearerTokens::new(verifier)
            .revoked(Arc::clone(&revoked))
            .cache_bytes(bytes);
        let gate = gate()
            .await
            .dialect(profile.dialect())
            .bearer("oauth", tokens)
            .build()
            .unwrap();
        for _ in 0..2 {
            statuses.insert(ask(&gate, "/reports", &token).await.0);
        }
    }
    assert_eq!(statuses.len(), 1, "the cache changes the answer: {statuses:?}");
    (*statuses.first().unwrap(), change.status)
}

fn revoke(set: &RevokedSet, whose: Whose) {
    let now = SystemClock.now();
    set.add([Revocation::until(whose, now)]);
}

async fn issued(cell: &Cell, layout: Option<ScopeLayout>, now: i64) -> (u16, u16) {
    let change = Change::of(cell);
    let signing = key("1");
    let issuer = LocalIssuer::start(Some(&signing)).await;
    let mut members = change.members.clone();
    members.as_object_mut().unwrap().remove("scopes");
    let has_ceiling = members.as_object_mut().unwrap().remove("ceiling").is_some();
    if members.get("sub").is_some_and(|sub| sub == ABSENT) && layout.is_some() {
        // Otherwise the client is the subject.
        members["client_id"] = json!(ABSENT);
    }
    let remote = issuer.remote().map_subjects(SubjectMapping::Ours);
    let remote = match layout {
        Some(layout) => remote.jwt(layout),
        None => remote,
    };
    let remote = if has_ceiling { remote.scopes([]) } else { remote };
    let gate = gate().await.issuer("oauth", remote.build().unwrap()).build().unwrap();
    let usual = if layout.is_some() { "JWT" } else { "at+jwt" };
    let header = json!({"alg": "ES256", "kid": "1", "typ": change.token_type.unwrap_or(usual)});
    let payload = changed(good(issuer.name.as_str(), now), &members);
    let token = es256(&signing, &header, &text(&payload, change.before));
    (ask(&gate, "/reports", &token).await.0, change.status)
}

async fn introspected(cell: &Cell, now: i64) -> (u16, u16) {
    let change = Change::of(cell);
    let mut members = change.members.clone();
    members.as_object_mut().unwrap().remove("scopes");
    let has_ceiling = members.as_object_mut().unwrap().remove("ceiling").is_some();
    let answer = Arc::new(Mutex::new(String::new()));
    let told = Arc::clone(&answer);
    let provider = TestProvider::start(move |_, _| answer_json(&told.lock().unwrap())).await;
    let name = Issuer::parse(&format!("http://{}", provider.address)).unwrap();
    let mut base = good(name.as_str(), now);
    base["active"] = json!(true);
    *answer.lock().unwrap() = text(&changed(base, &members), change.before);
    let asked = Introspection::builder(name, audience(), "api", Secret::new("s".to_owned()))
        .endpoint(provider.url("/introspect"))
        .map_subjects(SubjectMapping::Ours)
        .fetcher(fetcher());
    let asked = if has_ceiling { asked.scopes([]) } else { asked };
    let gate = gate()
        .await
        .introspection("oauth", asked.build().unwrap())
        .build()
        .unwrap();
    (ask(&gate, "/reports", "opaque").await.0, change.status)
}

struct Saying(CredentialCheck);

impl CredentialVerifier for Saying {
    fn verify<'a>(&'a self, _: &'a Credential) -> BoxFuture<'a, Result<CredentialCheck, StoreError>> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

async fn by_the_application(verdict: &CredentialCheck) -> u16 {
    let verifier = Arc::new(Saying(verdict.clone()));
    let gate = gate().await.verifier("oauth", verifier).build().unwrap();
    ask(&gate, "/reports", "opaque").await.0
}

async fn doubled(change: TestIdentitySetup) -> u16 {
    let gate = gate()
        .await
        .verifier("oauth", Arc::new(Saying(CredentialCheck::Invalid)))
        .build()
        .unwrap();
    ask(&change(gate.testing()).gate(), "/reports", "none").await.0
}

#[tokio::test]
async fn every_rule_applies_on_every_path() {
    let now = SystemClock.now().as_unix();
    let table = table(now);
    let rules: Vec<_> = table.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(rules, RULES, "each rule has one row");
    let mut wrong = Vec::new();
    for (rule, row) in &table {
        for (number, (path, cell)) in PATHS.iter().zip(row).enumerate() {
            let (status, expected) = match (cell, number) {
                (Apart(reason), _) => {
                    assert!(reason.split(' ').count() > 4, "{rule}, {path}: no reason");
                    continue;
                }
                (Says(expected, verdict), 5) => (by_the_application(verdict).await, *expected),
                (As(expected, change), 6) => (doubled(*change).await, *expected),
                (cell, 0) => own(cell, Profile::Rfc, now).await,
                (cell, 1) => own(cell, Profile::Tutorial, now).await,
                (cell, 2) => issued(cell, Some(ScopeLayout::Text), now).await,
                (cell, 3) => issued(cell, None, now).await,
                (cell, 4) => introspected(cell, now).await,
                _ => panic!("{rule}, {path}: the cell is empty"),
            };
            if status != expected {
                wrong.push(format!("{rule}, {path}: {status} and not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// An absent `typ` is accepted only with a setting of the issuer. A type is the same with and
/// without `application/`.
#[tokio::test]
async fn token_without_typ_needs_a_setting() {
    let now = SystemClock.now().as_unix();
    for accepts_absent in [false, true] {
        let signing = key("1");
        let issuer = LocalIssuer::start(Some(&signing)).await;
        let remote = issuer
            .remote()
            .map_subjects(SubjectMapping::Ours)
            .jwt(ScopeLayout::Text);
        let remote = if accepts_absent { remote.absent_type() } else { remote };
        let gate = gate().await.issuer("oauth", remote.build().unwrap()).build().unwrap();
        let payload = good(issuer.name.as_str(), now).to_string();
        for (header, is_good) in [
            (json!({}), accepts_absent),
            (json!({"typ": "JWT"}), true),
            (json!({"typ": "application/jwt"}), true),
            (json!({"typ": "at+jwt"}), true),
            (json!({"typ": "application/at+jwt"}), true),
            (json!({"typ": ""}), false),
            (json!({"typ": null}), false),
            (json!({"typ": "application/"}), false),
            (json!({"typ": "application/logout+jwt"}), false),
        ] {
            let header = changed(json!({"alg": "ES256", "kid": "1"}), &header);
            let status = ask(&gate, "/reports", &es256(&signing, &header, &payload)).await.0;
            assert_eq!(status, if is_good { 200 } else { 401 }, "{accepts_absent} {header}");
        }
    }
    let issuer = LocalIssuer::start(None).await;
    let fault = issuer.remote().absent_type().build().unwrap_err();
    assert!(fault.to_string().contains("call `jwt`"), "{fault}");
}
