//! The clients of the demo: Swagger UI and a command-line program, next to the password form.

use base64_simd::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Browser, call, parameter, post, query, redemption, text};
use crate::support::Server;

fn web_uri(server: &Server) -> String {
    format!("http://{}/docs/oauth2-redirect", server.address)
}

/// The tokens of a client, for which `johndoe` logs in.
fn tokens(server: &Server, browser: &mut Browser, client: &str, uri: &str) -> Value {
    let location = browser.answer(server, &query(client, uri), "johndoe", "secret");
    assert!(location.starts_with(&format!("{uri}?code=sgac_")), "{location}");
    assert_eq!(parameter(&location, "iss"), Some(format!("http://{}", server.address)));
    assert_eq!(parameter(&location, "state").as_deref(), Some("a state"));
    let code = parameter(&location, "code").unwrap();
    let fields = [&redemption(&code, uri)[..], &[("client_id", client)]].concat();
    let (status, tokens) = post(server, "/token", "", &fields);
    assert_eq!(status, 200, "{tokens}");
    tokens
}

#[test]
fn demo_grants_access_by_code() {
    for profile in ["tutorial", "rfc"] {
        let server = Server::start(&["--demo", "--profile", profile], &[]);
        for (client, uri) in [
            ("demo-web", web_uri(&server)),
            ("demo-cli", "http://127.0.0.1:51004/callback".to_owned()),
            ("demo-cli", "http://[::1]:51004/".to_owned()),
        ] {
            let mut browser = Browser::default();
            let tokens = tokens(&server, &mut browser, client, &uri);
            assert_eq!(text(&tokens, "scope"), "me items");
            for path in ["/users/me/items/", "/users/me/"] {
                assert_eq!(
                    call(&server, path, &text(&tokens, "access_token")),
                    200,
                    "{profile} {client}"
                );
            }
            let refresh = |token: &str| {
                let fields = [
                    ("grant_type", "refresh_token"),
                    ("refresh_token", token),
                    ("client_id", client),
                ];
                post(&server, "/token", "", &fields)
            };
            let (status, second) = refresh(&text(&tokens, "refresh_token"));
            assert_eq!(status, 200, "{second}");
            assert_eq!(call(&server, "/users/me/items/", &text(&second, "access_token")), 200);
            let third = refresh(&text(&second, "refresh_token")).1;
            assert!(third["refresh_token"].is_string(), "{third}");
            // The first token is two generations old.
            let (status, reused) = refresh(&text(&tokens, "refresh_token"));
            assert_eq!((status, &reused["error"]), (400, &json!("invalid_grant")));
            for dead in [&tokens, &second, &third] {
                let status = call(&server, "/users/me/items/", &text(dead, "access_token"));
                assert_eq!(status, 401, "{profile} {client}");
            }
        }
    }
}

#[test]
fn consent_page_lists_operations_of_the_demo() {
    let server = Server::start(&["--demo"], &[]);
    let mut browser = Browser::default();
    let page = browser.get(&server, &format!("/authorize?{}", query("demo-web", &web_uri(&server))));
    assert_eq!((page.status, page.heading().as_str()), (200, "Log in"));
    let refused = browser.log_in(&server, &page, "/login", "alice", "secretalice");
    assert_eq!(refused.status, 403, "{refused:?}");
    let page = browser.log_in(&server, &page, "/login", "johndoe", "secret");
    for part in [
        "Swagger UI of the demo",
        "Read items.",
        "Read Own Items",
        "127.0.0.1",
        "johndoe",
    ] {
        assert!(page.has(part), "{part}: {}", page.html);
    }
    let denied = browser.submit(&server, &page, "/consent", &[("decision", "deny")]);
    assert!(denied.has("error=access_denied"), "{denied:?}");
}

#[test]
fn wrong_client_of_the_demo_sees_a_page() {
    let server = Server::start(&["--demo"], &[]);
    let uri = web_uri(&server);
    let foreign = format!("http://{}/docs/other", server.address);
    for (client, uri, part) in [
        ("demo-webb", &uri, "The application is not known here"),
        ("", &uri, "does not state which application"),
        ("demo-app", &uri, "The application may not log you in"),
        ("demo-web", &foreign, "/docs/oauth2-redirect"),
    ] {
        let page = Browser::default().get(&server, &format!("/authorize?{}", query(client, uri)));
        assert_eq!((page.status, page.location.as_deref()), (400, None), "{client}");
        assert!(page.has(part), "{client}: {}", page.html);
    }
}

#[test]
fn document_lists_each_flow_of_the_demo() {
    let server = Server::start(&["--demo"], &[]);
    let get = |path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        server.exchange(request.as_bytes()).body
    };
    let document: Value = serde_json::from_str(&get("/openapi.json")).unwrap();
    let flows = &document["components"]["securitySchemes"]["OAuth2PasswordBearer"]["flows"];
    let addresses = |flow: &str| {
        (
            flows[flow]["authorizationUrl"].as_str(),
            flows[flow]["tokenUrl"].as_str(),
        )
    };
    assert_eq!(addresses("authorizationCode"), (Some("authorize"), Some("token")));
    assert_eq!(addresses("clientCredentials"), (None, Some("token")));
    assert_eq!(addresses("password"), (None, Some("token")));
    assert!(get("/docs").contains("data-client-id=\"demo-web\""));
}

#[test]
fn demo_on_a_file_follows_its_issuer() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("demo.db").display());
    for issuer in ["https://one.example", "https://two.example/demo"] {
        let server = Server::start(&["--demo", "--database", &database, "--issuer", issuer], &[]);
        for issuer in ["https://one.example", issuer] {
            let uri = format!("{issuer}/docs/oauth2-redirect");
            let page = Browser::default().get(&server, &format!("/authorize?{}", query("demo-web", &uri)));
            assert_eq!(page.heading(), "Log in", "{uri}");
        }
    }
}

#[test]
fn token_of_a_code_names_its_client() {
    for profile in ["tutorial", "rfc"] {
        let server = Server::start(&["--demo", "--profile", profile], &[]);
        let tokens = tokens(&server, &mut Browser::default(), "demo-web", &web_uri(&server));
        let token = text(&tokens, "access_token");
        let payload = URL_SAFE_NO_PAD.decode_to_vec(token.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(claims["client_id"], "demo-web", "{claims}");
        // Only this client ends it.
        for (client, status) in [("demo-app", 200), ("demo-cli", 200), ("demo-web", 401)] {
            let (answer, body) = post(&server, "/revoke", "", &[("token", &token), ("client_id", client)]);
            assert_eq!(answer, 200, "{body}");
            assert_eq!(call(&server, "/users/me/", &token), status, "{profile}: {client}");
        }
    }
}
