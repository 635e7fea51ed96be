//! Compares the answers of the classes of `fastapi.security` with those of the same operations
//! here.
//!
//! `../fastapi_security/record.py` documents how the cases were made, and what they contain.

use crate::common::Profile;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Request};
use scopegate_http::domain::Secret;
use scopegate_http::store::{BoxFuture, StoreError};
use scopegate_http::{
    Catalog, Gate, Guard, Json, Permit, ScopeToken, SecurityScheme,
    credential::{AuthenticatedCredential, Credential, CredentialCheck, CredentialVerifier},
    domain::{ApiKeyLocation, OAuthFlows},
    get,
};
use serde_json::{Value, json};

use crate::common::send;

const READ: ScopeToken = ScopeToken::from_static("read");
const WRITE: ScopeToken = ScopeToken::from_static("write");
const RECORDED: &str = include_str!("fastapi_security/recorded.json");

/// Accepts the password of `johndoe`, and the text `good`.
struct PasswordVerifier;

impl CredentialVerifier for PasswordVerifier {
    fn verify<'a>(&'a self, credential: &'a Credential) -> BoxFuture<'a, Result<CredentialCheck, StoreError>> {
        let expected = match credential.username() {
            Some("johndoe") => "se:cret",
            Some(_) => return Box::pin(async { Ok(CredentialCheck::Invalid) }),
            None => "good",
        };
        let is_good = credential.secret().same_as(&Secret::new(expected.to_owned()));
        let johndoe = AuthenticatedCredential::of_subject("johndoe").with_scopes([READ]);
        let verdict = if is_good {
            CredentialCheck::Valid(johndoe)
        } else {
            CredentialCheck::Invalid
        };
        Box::pin(async { Ok(verdict) })
    }
}

/// The classes of the recording, with the scopes that their operations require.
fn classes() -> Vec<(&'static str, SecurityScheme, Vec<ScopeToken>)> {
    let key = SecurityScheme::api_key;
    let all_flows = OAuthFlows::default()
        .implicit("authorize")
        .password("token")
        .client_credentials("token")
        .authorization_code("authorize", "token")
        .refresh("refresh");
    let code = OAuthFlows::default()
        .authorization_code("authorize", "token")
        .refresh("refresh");
    vec![
        ("key-header", key(ApiKeyLocation::Header, "X-Key"), vec![]),
        ("key-query", key(ApiKeyLocation::Query, "key"), vec![]),
        ("key-cookie", key(ApiKeyLocation::Cookie, "key"), vec![]),
        ("basic", SecurityScheme::http_basic(), vec![]),
        ("bearer", SecurityScheme::http_bearer(), vec![]),
        ("bearer-jwt", SecurityScheme::http_bearer_with_format("JWT"), vec![]),
        ("digest", SecurityScheme::http_digest(), vec![]),
        ("password", SecurityScheme::oauth2_password("token"), vec![READ]),
        ("code", SecurityScheme::oauth2(code), vec![]),
        ("oauth2", SecurityScheme::oauth2(all_flows), vec![READ]),
        (
            "openid",
            SecurityScheme::openid_connect("/.well-known/openid-configuration"),
            vec![],
        ),
    ]
}

fn site(realm: Option<&str>) -> Gate {
    let classes = classes();
    let catalog = classes
        .iter()
        .fold(Catalog::builder(), |catalog, (name, scheme, scopes)| {
            let catalog = catalog.scheme(name, scheme.clone());
            match (*name, scopes.is_empty()) {
                ("key-query", _) => catalog.description("A key."),
                (_, true) => catalog,
                (_, false) => catalog.scope(READ, "Read all.").scope(WRITE, "Write all."),
            }
        });
    let mut gate = Gate::builder(catalog.build().unwrap()).dialect(Profile::Tutorial.dialect());
    if let Some(realm) = realm {
        gate = gate.realm(realm);
    }
    for (name, _, scopes) in classes {
        let guard = Guard::requires(scopes).with_scheme(name);
        let subject = |permit: &Permit| permit.subject().map(str::to_owned);
        gate = gate
            .verifier(name, Arc::new(PasswordVerifier))
            .operation(
                get(format!("/{name}"))
                    .guard(&guard)
                    .then(move |permit: Permit| async move { Json(subject(&permit)) }),
            )
            .operation(
                get(format!("/{name}-optional"))
                    .guard(&guard)
                    .optional()
                    .then(move |permit: Option<Permit>| async move { Json(permit.as_ref().and_then(subject)) }),
            );
    }
    gate.build().unwrap()
}

fn request(case: &Value) -> Request<String> {
    let query = case["query"]
        .as_str()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let mut request = Request::get(format!("/{}{query}", case["operation"].as_str().unwrap()))
        .body(String::new())
        .unwrap();
    for pair in case["headers"].as_array().unwrap() {
        let latin_1: Vec<u8> = pair[1]
            .as_str()
            .unwrap()
            .trim()
            .chars()
            .map(|c| u8::try_from(c).unwrap())
            .collect();
        request.headers_mut().append(
            HeaderName::try_from(pair[0].as_str().unwrap()).unwrap(),
            HeaderValue::from_bytes(&latin_1).unwrap(),
        );
    }
    request
}

#[tokio::test]
async fn every_class_answers_as_recorded() {
    let recorded: Value = serde_json::from_str(RECORDED).unwrap();
    let (mut asked, mut faults) = (0, Vec::new());
    for (part, realm) in [("plain", None), ("realm", Some("the shed"))] {
        let gate = site(realm);
        for case in recorded[part]["cases"].as_array().unwrap() {
            let answered = send(&gate, request(case)).await;
            let found = json!({
                "status": answered.status.as_u16(),
                "www-authenticate": answered.challenges(),
                "body": answered.json(),
            });
            let expected = case.get("expect_here").unwrap_or(&case["expect"]);
            asked += 1;
            if found != *expected {
                faults.push(format!(
                    "{} {}: {expected}, found {found}",
                    case["operation"], case["case"]
                ));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} of {asked} differ:\n{}",
        faults.len(),
        faults.join("\n")
    );
    assert!(asked > 350, "the recording is whole");
}

#[test]
fn every_class_is_documented_as_recorded() {
    let recorded: Value = serde_json::from_str(RECORDED).unwrap();
    let gate = site(None);
    let (document, recorded) = (gate.openapi(), &recorded["plain"]);
    assert_eq!(document["components"]["securitySchemes"], recorded["schemes"]);
    for (operation, security) in recorded["documented"].as_object().unwrap() {
        let mut security = security.clone();
        // The document here states that a credential is optional; FastAPI's document states the
        // opposite.
        if operation.ends_with("-optional") {
            security.as_array_mut().unwrap().push(json!({}));
        }
        let path = format!("/{operation}");
        assert_eq!(document["paths"][&path]["get"]["security"], security, "{operation}");
    }
}

/// The scopes of a credential of every kind count, are enforced, and are documented.
#[tokio::test]
async fn scopes_of_every_kind_of_credential_are_enforced_and_documented() {
    for (scheme, header, good) in [
        (
            SecurityScheme::api_key(ApiKeyLocation::Header, "X-Key"),
            "x-key",
            "good",
        ),
        (SecurityScheme::http_bearer(), "authorization", "Bearer good"),
        (
            SecurityScheme::http_basic(),
            "authorization",
            "Basic am9obmRvZTpzZTpjcmV0",
        ),
    ] {
        let catalog = Catalog::builder()
            .scheme("station", scheme)
            .scope(READ, "Read all.")
            .scope(WRITE, "Write all.");
        let granted =
            |permit: Permit| async move { Json(permit.granted().map(ToString::to_string).collect::<Vec<_>>()) };
        let gate = Gate::builder(catalog.build().unwrap())
            .verifier("station", Arc::new(PasswordVerifier))
            .operation(get("/read").guard(Guard::requires([READ])).then(granted))
            .operation(get("/write").guard(Guard::requires([WRITE])).then(granted))
            .build()
            .unwrap();
        let ask = async |path: &str| {
            let request = Request::get(path).header(header, good).body(String::new()).unwrap();
            send(&gate, request).await
        };
        let read = ask("/read").await;
        assert_eq!((read.status.as_u16(), read.json()), (200, json!(["read"])), "{header}");
        assert_eq!(ask("/write").await.status.as_u16(), 403, "{header}");
        let paths = &gate.openapi()["paths"];
        assert_eq!(
            paths["/read"]["get"]["security"],
            json!([{ "station": ["read"] }]),
            "{header}"
        );
    }
}
