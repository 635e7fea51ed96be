//! The fuzzed form of a token request: its fields, and the answer of the token endpoint.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use scopegate_domain::{Catalog, Client, ClientAuthMethod, ClientId, GrantType, ScopeToken, Secret, SecurityScheme};
use scopegate_grant::{AuthorizationServer, Params, RequestOrigin};
use scopegate_store::{MemoryStore, Store};
use scopegate_token::{ClientSecret, Signer, SigningKey, TokenRules};
use serde_json::Value;

use super::at_once::at_once;
use super::strict_text::text;
use crate::client_request::ClientRequest;
use crate::endpoint::token::token;

/// The id of the only client.
const CLIENT: &str = "app";

/// Its secret.
const SECRET: &str = "sgcs_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh_qsJON";

/// Its scope, and that of the API.
const SCOPES: [&str; 2] = ["items", "me"];

/// The most fields that a form may have.
const MOST_FIELDS: usize = 1000;

type Fields = Vec<(String, String)>;

/// Checks the body of a token request. A reader that shares no code with the server reads it as
/// `application/x-www-form-urlencoded`, and a second statement of the rules knows the error.
pub fn token_form(input: &[u8]) {
    let headers = HeaderMap::from_iter([(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    )]);
    match (
        ClientRequest::parse(&headers, input, RequestOrigin::default()),
        fields(input),
    ) {
        (Ok(request), Some(fields)) => {
            same_fields(&request.params, &fields);
            answer(request, &fields);
        }
        (Err(refusal), None) => {
            assert_eq!(refusal.status(), StatusCode::BAD_REQUEST);
            assert_eq!(error(&refusal).as_deref(), Some("invalid_request"));
        }
        (read, expected) => unreachable!("{read:?} is not {} fields", expected.is_some()),
    }
}

/// Reads a form by the [URL standard](https://url.spec.whatwg.org/#urlencoded-parsing), except that
/// each part must be UTF-8, and each `%` must begin an escape.
fn fields(body: &[u8]) -> Option<Fields> {
    let (mut fields, mut name, mut value) = (Vec::new(), Vec::new(), None::<Vec<u8>>);
    for byte in body.iter().copied().chain([b'&']) {
        match (byte, &mut value) {
            (b'&', _) => {
                let pair = (std::mem::take(&mut name), value.take());
                if let (name, Some(value)) = &pair {
                    fields.push((text(name)?, text(value)?));
                } else if !pair.0.is_empty() {
                    fields.push((text(&pair.0)?, String::new()));
                }
            }
            (b'=', None) => value = Some(Vec::new()),
            (byte, Some(value)) => value.push(byte),
            (byte, None) => name.push(byte),
        }
    }
    (fields.len() <= MOST_FIELDS).then_some(fields)
}

/// Returns the values of a name that are not empty.
fn values<'f>(fields: &'f Fields, name: &str) -> Vec<&'f str> {
    let named = fields
        .iter()
        .filter(|(given, value)| given == name && !value.is_empty());
    named.map(|(_, value)| value.as_str()).collect()
}

/// Whether a name other than this one occurs twice.
fn repeats(fields: &Fields, except: Option<&str>) -> bool {
    let names: Vec<_> = fields
        .iter()
        .map(|(name, _)| name)
        .filter(|name| Some(name.as_str()) != except)
        .collect();
    names.iter().collect::<BTreeSet<_>>().len() < names.len()
}

fn has_nul(fields: &Fields) -> bool {
    fields
        .iter()
        .any(|(name, value)| name.contains('\0') || value.contains('\0'))
}

fn same_fields(params: &Params, fields: &Fields) {
    // A few suffice: each look-up goes through all fields.
    let names: BTreeSet<_> = fields.iter().map(|(name, _)| name.as_str()).take(20).collect();
    for name in names.into_iter().chain(["absent-in-most-forms"]) {
        let last = fields.iter().rev().find(|(given, _)| given == name);
        let last = last.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty());
        assert_eq!(params.text(name), last);
        assert!(params.texts(name).eq(values(fields, name)));
    }
    assert_eq!(params.has_nul(), has_nul(fields));
    assert_eq!(params.each_once().is_err(), repeats(fields, None));
    assert_eq!(
        params.each_once_except("resource").is_err(),
        repeats(fields, Some("resource"))
    );
}

fn answer(request: ClientRequest, fields: &Fields) {
    let Some(server) = server() else {
        unreachable!("the server is valid")
    };
    let Some(answer) = at_once(token(&server, request)) else {
        unreachable!("nothing waits in memory")
    };
    let error = error(&answer);
    assert_eq!(error.is_none(), answer.status() == StatusCode::OK);
    assert!(!String::from_utf8_lossy(answer.body()).contains(SECRET));
    match expected_error(fields) {
        Some(expected) => assert_eq!(error.as_deref(), Some(expected)),
        None => assert_granted(&answer, error.as_deref(), fields),
    }
}

/// The error of a form that names no scope and no resource.
fn expected_error(fields: &Fields) -> Option<&'static str> {
    let one = |name: &str| values(fields, name).pop();
    if repeats(fields, Some("resource")) || has_nul(fields) {
        return Some("invalid_request");
    }
    match one("grant_type") {
        None => return Some("invalid_request"),
        Some("client_credentials" | "password") => {}
        Some(_) => return Some("unsupported_grant_type"),
    }
    let has_assertion = one("client_assertion").or(one("client_assertion_type")).is_some();
    if has_assertion || one("client_id") != Some(CLIENT) || one("client_secret") != Some(SECRET) {
        return Some("invalid_client");
    }
    (one("grant_type") == Some("password")).then_some("unsupported_grant_type")
}

/// The client is authenticated, and the grant is enabled. So only scope and resource decide.
fn assert_granted(answer: &Response<Bytes>, error: Option<&str>, fields: &Fields) {
    let requested = values(fields, "scope").pop();
    let is_known = |scope: &&str| SCOPES.contains(scope);
    if !values(fields, "resource").is_empty() {
        assert!(matches!(error, Some("invalid_target" | "invalid_scope")), "{error:?}");
        return;
    }
    if let Some(error) = error {
        assert_eq!(error, "invalid_scope");
        // Nothing is known, or a part is not a scope: double spaces, quotes, other bytes.
        let parts: Vec<&str> = requested.unwrap_or_default().split(' ').collect();
        assert!(requested.is_some() && !parts.iter().all(is_known), "{requested:?}");
        return;
    }
    let body = serde_json::from_slice::<Value>(answer.body()).unwrap_or_default();
    let granted = body.get("scope").and_then(Value::as_str).unwrap_or_default();
    let granted: BTreeSet<_> = granted.split(' ').collect();
    let requested = requested.map(|scope| scope.split(' ').collect::<BTreeSet<_>>());
    let is_requested = |scope: &&str| requested.as_ref().is_none_or(|all| all.contains(scope));
    let expected = SCOPES.into_iter().filter(is_requested);
    assert_eq!(granted, expected.collect(), "what is requested and known");
}

fn error(answer: &Response<Bytes>) -> Option<String> {
    let body = serde_json::from_slice::<Value>(answer.body()).unwrap_or_default();
    body.get("error").and_then(Value::as_str).map(str::to_owned)
}

/// A new server without a limit of attempts, so that no earlier input matters.
fn server() -> Option<AuthorizationServer> {
    let scopes = SCOPES.map(|scope| ScopeToken::parse(scope).ok());
    let catalog = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
    let catalog = scopes
        .into_iter()
        .flatten()
        .fold(catalog, |catalog, scope| catalog.scope(scope, ""));
    let key = SigningKey::hs256(&Secret::new("k".repeat(64))).ok()?;
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let digest = ClientSecret::parse(SECRET).ok()?.digest();
    let client = Client::confidential(ClientId::parse(CLIENT).ok()?, "App", digest)
        .with_auth_method(ClientAuthMethod::SecretPost)
        .with_grant_types([GrantType::ClientCredentials, GrantType::Password])
        .with_scope(SCOPES.join(" ").parse().ok()?);
    at_once(store.clients().add(client))?.ok()?;
    let signer = Signer::new(TokenRules::shared_secret(), key);
    let builder = AuthorizationServer::builder(store, signer, catalog.build().ok()?);
    Some(builder.throttled(false).build())
}
