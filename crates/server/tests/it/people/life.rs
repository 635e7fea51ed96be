//! The life of a grant at a server with a database, and after `kill -9`.

use base64_simd::STANDARD;
use serde_json::{Value, json};

use super::{Browser, call, parameter, post, query, redemption, text};
use crate::shell::Shell;
use crate::support::Server;

const ISSUER: &str = "https://id.example";
pub(crate) const PASSWORD: &str = "correct horse battery";
const URI: &str = "https://web.example/cb";

/// A folder with a database: the user `jane`, and the client `web` with its header.
pub(crate) struct Site {
    pub(crate) shell: Shell,
    web: String,
}

impl Site {
    pub(crate) fn new() -> Self {
        let shell = Shell::new();
        shell.add_user("jane", PASSWORD);
        let grants = ["--grant", "authorization_code", "--grant", "refresh_token"];
        let options = ["--scope", "me items", "--redirect-uri", URI, "--introspect"];
        let added = shell.add_client("web", &[&grants[..], &options].concat()).json();
        let pair = STANDARD.encode_to_string(format!("web:{}", text(&added, "client_secret")));
        Self {
            shell,
            web: format!("Basic {pair}"),
        }
    }

    pub(crate) fn database(&self) -> String {
        format!("sqlite:{}", self.shell.path().join("a.db").display())
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Server {
        let database = self.database();
        Server::start(
            &[&["--database", &database, "--issuer", ISSUER], arguments].concat(),
            &[],
        )
    }

    pub(crate) fn redeem(&self, server: &Server, location: &str) -> Value {
        let code = parameter(location, "code").unwrap();
        let (status, tokens) = post(server, "/token", &self.web, &redemption(&code, URI));
        assert_eq!(status, 200, "{tokens}");
        tokens
    }

    pub(crate) fn refresh(&self, server: &Server, tokens: &Value) -> (u16, Value) {
        let token = text(tokens, "refresh_token");
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
        post(server, "/token", &self.web, &fields)
    }

    fn is_active(&self, server: &Server, token: &str) -> bool {
        let (status, found) = post(server, "/introspect", &self.web, &[("token", token)]);
        assert_eq!(status, 200, "{found}");
        found["active"].as_bool().unwrap()
    }
}

#[test]
fn grant_survives_a_kill_until_it_is_withdrawn() {
    let site = Site::new();
    let mut browser = Browser::default();
    let server = site.start(&[]);
    let location = browser.answer(&server, &query("web", URI), "jane", PASSWORD);
    assert_eq!(parameter(&location, "iss").as_deref(), Some(ISSUER));
    let first = site.redeem(&server, &location);
    let second = site.refresh(&server, &first).1;
    assert!(site.is_active(&server, &text(&second, "access_token")));
    assert!(site.is_active(&server, &text(&second, "refresh_token")));
    assert_eq!(call(&server, "/users/me/items/", &text(&second, "access_token")), 200);
    // A dropped server is killed.
    drop(server);

    let server = site.start(&[]);
    assert!(site.is_active(&server, &text(&second, "refresh_token")));
    assert_eq!(call(&server, "/users/me/items/", &text(&second, "access_token")), 200);
    let third = site.refresh(&server, &second).1;
    // Session and consent are known, so no page is shown.
    let page = browser.get(&server, &format!("/authorize?{}", query("web", URI)));
    let location = page.location.unwrap();
    assert!(location.starts_with("https://web.example/cb?code="), "{location}");
    let account = browser.get(&server, "/account");
    assert_eq!(
        (account.heading().as_str(), account.has("jane")),
        ("Your account", true)
    );
    let account = browser.submit(&server, &account, "/account/applications/withdraw", &[]);
    assert!(account.has("The access of the application has ended."), "{account:?}");
    let (status, refused) = site.refresh(&server, &third);
    assert_eq!((status, &refused["error"]), (400, &json!("invalid_grant")));
    assert!(!site.is_active(&server, &text(&third, "access_token")));
    assert_eq!(call(&server, "/users/me/items/", &text(&third, "access_token")), 401);
    let page = browser.get(&server, "/logout");
    let page = browser.submit(&server, &page, "/logout", &[]);
    assert_eq!(page.status, 200, "{page:?}");
    drop(server);

    let server = site.start(&[]);
    assert_eq!(browser.get(&server, "/account").heading(), "Log in");
    assert_eq!(site.refresh(&server, &third).0, 400);
}

#[test]
fn processes_on_one_file_share_the_server_secrets() {
    let site = Site::new();
    let (one, other) = std::thread::scope(|scope| {
        let start = || scope.spawn(|| site.start(&[]));
        let (one, other) = (start(), start());
        (one.join().unwrap(), other.join().unwrap())
    });
    let mut browser = Browser::default();
    let page = browser.get(&one, &format!("/authorize?{}", query("web", URI)));
    // Each form goes to the other process.
    let page = browser.log_in(&other, &page, "/login", "jane", PASSWORD);
    let page = browser.submit(&one, &page, "/consent", &[("decision", "allow")]);
    let tokens = site.redeem(&other, &page.location.unwrap());
    let (status, tokens) = site.refresh(&one, &tokens);
    assert_eq!(status, 200, "{tokens}");
    assert!(site.is_active(&other, &text(&tokens, "refresh_token")));
}

#[test]
fn retry_window_is_a_setting() {
    let site = Site::new();
    for (window, status) in [("10s", 200), ("0s", 400)] {
        let server = site.start(&["--refresh-retry", window]);
        let location = Browser::default().answer(&server, &query("web", URI), "jane", PASSWORD);
        let first = site.redeem(&server, &location);
        let (_, second) = site.refresh(&server, &first);
        let (found, again) = site.refresh(&server, &first);
        assert_eq!(found, status, "{window}: {again}");
        if status == 200 {
            assert_eq!(again["refresh_token"], second["refresh_token"]);
        }
    }
}
