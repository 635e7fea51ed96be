//! The fuzzed requests of browsers: the query of an authorization request, and the forms of pages.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, SET_COOKIE};
use http::{HeaderMap, Request, Response, Uri};
use scopegate_domain::{
    Audience, Catalog, Client, ClientId, GrantType, Issuer, RedirectUri, ScopeToken, Secret, SecurityScheme,
};
use scopegate_gate::fuzzing::oracle;
use scopegate_gate::{Gate, GateBuilder, RequestHead};
use scopegate_grant::{AuthorizationServer, SecretRings, ServerSecrets};
use scopegate_store::{MemoryStore, Store};
use scopegate_token::{Signer, SigningKey, SystemRandomSource, TokenRules};

use super::at_once::at_once;
use super::strict_text::text;
use crate::{PeopleEndpoints, PortalSite};

const ISSUER: &str = "https://id.example";

/// The redirect URIs of the only client.
const WEB: &str = "https://app.example/cb";
const LOOPBACK: &str = "http://127.0.0.1/cb";

/// The longest query.
const MAX_QUERY: usize = 8 * 1024;

/// The names of parameters, and their values; `None` if one is not UTF-8, or has a malformed
/// escape.
type Fields = Vec<(Option<String>, Option<String>)>;

/// Checks the query of an authorization request. A second statement of the rules knows whether the
/// browser may be redirected, and what the answer contains.
pub fn authorize_query(input: &[u8]) {
    let target = [b"/authorize?", input].concat();
    let Ok(uri) = Uri::try_from(target) else { return };
    let query = uri.query().unwrap_or_default().to_owned();
    let Ok(request) = Request::get(uri).body(()) else {
        return;
    };
    let page = send(&request, Bytes::new());
    let status = page.status().as_u16();
    if query.starts_with("flow=") && !query.contains('&') {
        assert!(matches!(status, 400 | 414), "no flow is known: {status}");
        return;
    }
    if query.len() > MAX_QUERY {
        assert_eq!(status, 414);
        return;
    }
    let fields = fields(query.as_bytes());
    match may_redirect(&fields) {
        Some(true) if status == 303 => assert_error(&page, &fields),
        Some(true) => assert!(status == 200 && !is_refused(&fields), "{status}"),
        // The answer of a program of the device is one click away.
        Some(false) => assert!(matches!(status, 200 | 400), "{status}"),
        None => assert_eq!(status, 400),
    }
}

/// Checks the forms of the pages, sent without a session and without a flow: they change nothing.
pub fn login_form(input: &[u8]) {
    for (path, expected) in [
        ("/login", &[400][..]),
        ("/consent", &[400]),
        ("/logout", &[200, 400]),
        ("/account/login", &[400]),
        ("/account/password", &[400, 403]),
        ("/account/sessions/end", &[400, 403]),
    ] {
        let request = Request::post(path)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(());
        let Ok(request) = request else { return };
        let page = send(&request, Bytes::copy_from_slice(input));
        assert!(expected.contains(&page.status().as_u16()), "{path}: {}", page.status());
        assert!(page.headers().get(LOCATION).is_none());
        let cookies = page.headers().get_all(SET_COOKIE).iter();
        let has_session = |value: &&[u8]| value.starts_with(b"__Host-scopegate=sgss_");
        assert_eq!(cookies.map(http::HeaderValue::as_bytes).filter(has_session).count(), 0);
    }
}

/// Sends a request, and checks what each page must have.
fn send(request: &Request<()>, body: Bytes) -> Response<Bytes> {
    static GATE: OnceLock<Option<Gate>> = OnceLock::new();
    let Some(gate) = GATE.get_or_init(gate) else {
        unreachable!("the gate is valid")
    };
    let head = RequestHead::of(request);
    let routed = match gate.route(&head) {
        Ok(routed) => routed,
        Err(refusal) => unreachable!("the path is known: {}", refusal.status()),
    };
    let Some(page) = at_once(routed.answer_site(&head, body)) else {
        unreachable!("nothing waits in memory")
    };
    assert!(has_policy(page.headers()));
    let html = String::from_utf8_lossy(page.body());
    assert!(!html.to_ascii_lowercase().contains("<script"));
    page
}

fn has_policy(headers: &HeaderMap) -> bool {
    let policy = headers
        .get(CONTENT_SECURITY_POLICY)
        .and_then(|value| value.to_str().ok());
    policy.is_some_and(|policy| policy.starts_with("default-src 'none'") && policy.contains("script-src 'none'"))
}

fn fields(query: &[u8]) -> Fields {
    let pairs = query.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| match pair.iter().position(|byte| *byte == b'=') {
            Some(end) => {
                let (name, value) = pair.split_at(end);
                (text(name), text(value.strip_prefix(b"=").unwrap_or_default()))
            }
            None => (text(pair), Some(String::new())),
        })
        .collect()
}

fn values<'f>(fields: &'f Fields, name: &'f str) -> impl Iterator<Item = Option<&'f str>> {
    let named = fields.iter().filter(move |(given, _)| given.as_deref() == Some(name));
    named.map(|(_, value)| value.as_deref())
}

/// Whether the client receives an error: at once (`true`) or after a click (`false`). `None` if no
/// client may.
fn may_redirect(fields: &Fields) -> Option<bool> {
    let one = |name| {
        let mut values = values(fields, name);
        let value = values.next()?.filter(|value| !value.is_empty());
        value.filter(|_| values.next().is_none())
    };
    one("client_id").filter(|id| *id == "app")?;
    let uri = one("redirect_uri")?;
    if uri == WEB {
        return Some(true);
    }
    let port = uri.strip_prefix("http://127.0.0.1")?.strip_suffix("/cb")?;
    let digits = port.strip_prefix(':').unwrap_or("1");
    let is_port = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.is_empty();
    (is_port && (port.is_empty() || port.starts_with(':'))).then_some(false)
}

/// Whether a parameter occurs twice, or has a character that none may have.
fn is_refused(fields: &Fields) -> bool {
    let has_control = |text: &Option<String>| match text {
        None => true,
        Some(text) => text
            .chars()
            .any(|character| character.is_control() || character == '\u{fffd}'),
    };
    let is_repeated = |name: &Option<String>| {
        let count = fields.iter().filter(|(other, _)| other == name).count();
        count > 1 && name.as_deref() != Some("resource")
    };
    fields
        .iter()
        .any(|(name, value)| has_control(name) || has_control(value) || is_repeated(name))
}

fn assert_error(page: &Response<Bytes>, fields: &Fields) {
    let location = page.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let location = location.unwrap_or_default();
    let rest = location.strip_prefix(WEB).and_then(|rest| rest.strip_prefix("?error="));
    let rest = rest.and_then(|rest| rest.strip_suffix("&iss=https%3A%2F%2Fid.example"));
    let Some(rest) = rest else { unreachable!("{location}") };
    assert!(!rest.contains("code=sgac_"));
    if is_refused(fields) {
        assert!(rest.starts_with("invalid_request&"), "{rest}");
    }
    let mut states = values(fields, "state");
    let state = states.next().flatten().filter(|state| {
        let is_plain = !state
            .chars()
            .any(|character| character.is_control() || character == '\u{fffd}');
        is_plain && (1..=512).contains(&state.len())
    });
    let state = state.filter(|_| states.next().is_none());
    let returned = rest.split_once("&state=").map(|(_, state)| state);
    let returned = returned.and_then(|state| oracle::decode(state.as_bytes(), false).ok());
    assert_eq!(returned.as_deref(), state);
}

fn gate() -> Option<Gate> {
    let catalog = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
    let catalog = catalog.scope(ScopeToken::parse("me").ok()?, "").build().ok()?;
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let uris = [RedirectUri::parse(WEB).ok()?, RedirectUri::parse(LOOPBACK).ok()?];
    let client = Client::public(ClientId::parse("app").ok()?, "App")
        .with_redirect_uris(uris)
        .with_grant_types([GrantType::AuthorizationCode])
        .with_scope("me".parse().ok()?);
    at_once(store.clients().add(client))?.ok()?;
    let issuer = Issuer::parse(ISSUER).ok()?;
    let rules = TokenRules::rfc9068(issuer.clone(), Audience::parse(ISSUER).ok()?);
    let key = SigningKey::hs256(&Secret::new("k".repeat(64))).ok()?;
    let secrets = Arc::new(ServerSecrets::new(SecretRings::generate(&SystemRandomSource).ok()?));
    let server = AuthorizationServer::builder(store, Signer::new(rules, key), catalog.clone());
    let server = server.code_grant(issuer.clone(), secrets).build();
    let people = PeopleEndpoints::new(&PortalSite::new(&issuer)?, &server)?;
    let gate = people
        .into_sites()
        .into_iter()
        .fold(Gate::builder(catalog), GateBuilder::site);
    gate.build().ok()
}
