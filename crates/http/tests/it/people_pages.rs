//! The pages of an authorization server through the whole server: limits, `HEAD`, CORS and headers.

use std::sync::Arc;

use http::Request;
use scopegate_http::cors::Cors;
use scopegate_http::domain::{Audience, Client, ClientId, GrantType, Issuer, RedirectUri};
use scopegate_http::store::{MemoryStore, Store};
use scopegate_http::token::{Signer, SigningKey, SystemRandomSource, TokenRules};
use scopegate_http::{Catalog, Gate, GateBuilder, ScopeToken, SecurityScheme};
use scopegate_portal::grant::{AuthorizationServer, SecretRings, ServerSecrets};
use scopegate_portal::{PeopleEndpoints, PortalSite};

use crate::common::send;

const ORIGIN: &str = "https://app.example";

const QUERY: &str = "client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&response_type=code&scope=me\
                     &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

async fn gate() -> Gate {
    let store = Arc::new(MemoryStore::new());
    let shared: &dyn Store = &*store;
    let client = Client::public(ClientId::parse("app").unwrap(), "App")
        .with_redirect_uris([RedirectUri::parse("https://app.example/cb").unwrap()])
        .with_grant_types([GrantType::AuthorizationCode])
        .with_scope("me".parse().unwrap());
    shared.clients().add(client).await.unwrap();
    let catalog = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
    let catalog = catalog.scope(ScopeToken::from_static("me"), "").build().unwrap();
    let issuer = Issuer::parse("https://id.example").unwrap();
    let rules = TokenRules::rfc9068(issuer.clone(), Audience::parse("https://api.example").unwrap());
    let signer = Signer::new(rules, SigningKey::es256_generate().unwrap());
    let secrets = Arc::new(ServerSecrets::new(SecretRings::generate(&SystemRandomSource).unwrap()));
    let server = AuthorizationServer::builder(store, signer, catalog.clone());
    let server = server.code_grant(issuer.clone(), secrets).build();
    let people = PeopleEndpoints::new(&PortalSite::new(&issuer).unwrap(), &server).unwrap();
    let gate = Gate::builder(catalog).cors(Cors::origins([ORIGIN]).unwrap());
    let gate = people.into_sites().into_iter().fold(gate, GateBuilder::site);
    gate.build().unwrap()
}

#[tokio::test]
async fn pages_keep_their_limits_and_headers() {
    let gate = gate().await;
    let long = format!("{QUERY}&x={}", "x".repeat(8 * 1024));
    let (short, long_path) = (format!("/authorize?{QUERY}"), format!("/authorize?{long}"));
    for (method, path, body, status) in [
        ("GET", short.as_str(), "", 200),
        ("HEAD", &short, "", 200),
        ("POST", "/authorize", QUERY, 303),
        ("GET", "/authorize", "", 400),
        ("GET", &long_path, "", 414),
        ("POST", "/authorize", &long, 413),
        ("POST", "/login", &"x".repeat(65 * 1024), 413),
        ("POST", "/login", "flow=x", 403),
        ("GET", "/account", "", 200),
        ("GET", "/logout", "", 200),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("origin", ORIGIN)
            .header("content-type", "application/x-www-form-urlencoded");
        let answer = send(&gate, request.body(body.to_owned()).unwrap()).await;
        let short = path.get(..20).unwrap_or(path);
        assert_eq!(answer.status.as_u16(), status, "{method} {short}");
        assert!(
            answer.headers.contains_key("content-security-policy"),
            "{method} {short}"
        );
        assert!(
            !answer.headers.contains_key("access-control-allow-origin"),
            "{method} {short}"
        );
        assert_eq!(answer.headers["cache-control"], "no-store", "{method} {short}");
        let is_empty = method == "HEAD" || status == 303;
        assert_eq!(
            answer.body.starts_with("<!DOCTYPE html>"),
            !is_empty,
            "{method} {short}"
        );
    }
}
