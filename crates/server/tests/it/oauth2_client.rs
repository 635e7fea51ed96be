//! A client library of another author uses the server: the crate `oauth2`.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::convert::Infallible;
use std::fmt::Write as _;

use oauth2::basic::BasicClient;
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse,
    IntrospectionUrl, PkceCodeChallenge, RedirectUrl, RequestTokenError, RevocationUrl, Scope, StandardRevocableToken,
    TokenIntrospectionResponse as _, TokenResponse as _, TokenUrl,
};

use crate::people::{Browser, call, parameter};
use crate::shell::Shell;
use crate::support::Server;

/// Adds a confidential client and returns its secret.
fn add(shell: &Shell, id: &str, options: &[&str]) -> ClientSecret {
    let added = shell.add_client(id, options).json();
    ClientSecret::new(added.get("client_secret").unwrap().as_str().unwrap().to_owned())
}

/// Sends a request of the library over a connection of its own.
fn send(server: &Server, request: HttpRequest) -> HttpResponse {
    let (head, body) = request.into_parts();
    let (method, path, length) = (head.method, head.uri.path(), body.len());
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n");
    for (name, value) in &head.headers {
        write!(text, "{name}: {}\r\n", value.to_str().unwrap()).unwrap();
    }
    text.push_str("\r\n");
    let answer = server.exchange(&[text.as_bytes(), &body].concat());
    let mut response = oauth2::http::Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    response.body(answer.body.into_bytes()).unwrap()
}

#[test]
fn library_gets_introspects_and_revokes_a_token() {
    let shell = Shell::new();
    let billing = add(
        &shell,
        "billing",
        &["--grant", "client_credentials", "--scope", "me items"],
    );
    let api = add(&shell, "api", &["--introspect"]);
    let database = format!("sqlite:{}", shell.path().join("a.db").display());
    let server = Server::start(&["--database", &database], &[]);
    let url = |path: &str| format!("http://{}{path}", server.address);
    let http = |request: HttpRequest| Ok::<_, Infallible>(send(&server, request));
    for (by, method) in [
        (AuthType::BasicAuth, "client_secret_basic"),
        (AuthType::RequestBody, "client_secret_post"),
    ] {
        for id in ["billing", "api"] {
            let set = ["client", "set", id, "--auth-method", method, "--database", &database];
            assert_eq!(shell.run(&set).status, 0);
        }
        let client = BasicClient::new(ClientId::new("billing".to_owned()))
            .set_client_secret(billing.clone())
            .set_auth_type(by.clone())
            .set_token_uri(TokenUrl::new(url("/token")).unwrap())
            // The library revokes over TLS only; its request goes to the loopback like the others.
            .set_revocation_url(RevocationUrl::new("https://id.example/revoke".to_owned()).unwrap());
        let asked = client
            .exchange_client_credentials()
            .add_scope(Scope::new("items".to_owned()));
        let token = asked.request(&http).unwrap();
        assert_eq!(token.scopes(), Some(&vec![Scope::new("items".to_owned())]));
        assert!(token.expires_in().unwrap().as_secs() > 500);

        let resource_server = BasicClient::new(ClientId::new("api".to_owned()))
            .set_client_secret(api.clone())
            .set_auth_type(by)
            .set_introspection_url(IntrospectionUrl::new(url("/introspect")).unwrap());
        let introspect = || {
            let question = resource_server.introspect(token.access_token());
            question.request(&http).unwrap()
        };
        let found = introspect();
        assert!(found.active());
        assert_eq!(found.client_id(), Some(&ClientId::new("billing".to_owned())));
        assert_eq!(found.sub(), Some("billing"));
        assert!(found.exp() > found.iat());

        let revocable = StandardRevocableToken::AccessToken(token.access_token().clone());
        client.revoke_token(revocable).unwrap().request(&http).unwrap();
        assert!(!introspect().active());
    }
}

#[test]
fn library_reads_the_error_of_a_refusal() {
    let shell = Shell::new();
    let _ = add(
        &shell,
        "billing",
        &["--grant", "client_credentials", "--scope", "items"],
    );
    let database = format!("sqlite:{}", shell.path().join("a.db").display());
    let server = Server::start(&["--database", &database], &[]);
    let http = |request: HttpRequest| Ok::<_, Infallible>(send(&server, request));
    let client = BasicClient::new(ClientId::new("billing".to_owned()))
        .set_client_secret(ClientSecret::new("wrong".to_owned()))
        .set_token_uri(TokenUrl::new(format!("http://{}/token", server.address)).unwrap());
    let refused = client.exchange_client_credentials().request(&http).unwrap_err();
    let RequestTokenError::ServerResponse(refused) = refused else {
        panic!("not an answer of the server: {refused}")
    };
    assert_eq!(*refused.error(), oauth2::basic::BasicErrorResponseType::InvalidClient);
}

#[test]
fn library_gets_tokens_by_code_and_refreshes_them() {
    let server = Server::start(&["--demo"], &[]);
    let url = |path: &str| format!("http://{}{path}", server.address);
    let http = |request: HttpRequest| Ok::<_, Infallible>(send(&server, request));
    let client = BasicClient::new(ClientId::new("demo-cli".to_owned()))
        .set_auth_uri(AuthUrl::new(url("/authorize")).unwrap())
        .set_token_uri(TokenUrl::new(url("/token")).unwrap())
        .set_redirect_uri(RedirectUrl::new("http://127.0.0.1:51004/callback".to_owned()).unwrap())
        .set_revocation_url(RevocationUrl::new("https://id.example/revoke".to_owned()).unwrap());
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (address, state) = client
        .authorize_url(CsrfToken::new_random)
        .add_scopes(["me", "items"].map(|name| Scope::new(name.to_owned())))
        .set_pkce_challenge(challenge)
        .url();
    let location = Browser::default().answer(&server, address.query().unwrap(), "johndoe", "secret");
    assert_eq!(parameter(&location, "state").as_ref(), Some(state.secret()));
    let code = AuthorizationCode::new(parameter(&location, "code").unwrap());
    let exchanged = client.exchange_code(code).set_pkce_verifier(verifier);
    let first = exchanged.request(&http).unwrap();
    let second = client
        .exchange_refresh_token(first.refresh_token().unwrap())
        .request(&http);
    let second = second.unwrap();
    let status = |token: &oauth2::AccessToken| call(&server, "/users/me/items/", token.secret());
    assert_eq!(
        (status(first.access_token()), status(second.access_token())),
        (200, 200)
    );
    let revocable = StandardRevocableToken::RefreshToken(second.refresh_token().unwrap().clone());
    client.revoke_token(revocable).unwrap().request(&http).unwrap();
    assert_eq!(
        (status(first.access_token()), status(second.access_token())),
        (401, 401)
    );
    let refused = client
        .exchange_refresh_token(second.refresh_token().unwrap())
        .request(&http);
    let Err(RequestTokenError::ServerResponse(refused)) = refused else {
        panic!("not an answer of the server: {refused:?}")
    };
    assert_eq!(*refused.error(), oauth2::basic::BasicErrorResponseType::InvalidGrant);
}
