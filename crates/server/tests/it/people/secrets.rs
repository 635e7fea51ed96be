//! Everything that a run of people wrote is searched for each secret of the run.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use base64_simd::{STANDARD, URL_SAFE_NO_PAD};

use super::{Browser, CHALLENGE, VERIFIER, parameter, post, query, redemption, text};
use crate::admin::fixture::AdminFixture;
use crate::shell::Shell;
use crate::support::Server;

const ISSUER: &str = "https://id.example";
const PASSWORD: &str = "correct horse battery";
const NEW_PASSWORD: &str = "staple of another kind";
const WRONG_PASSWORD: &str = "swordfish of nobody";
const URI: &str = "https://web.example/cb";

/// The secrets that a run has shown, as the texts that were sent.
#[derive(Default)]
struct Secrets(BTreeSet<String>);

impl Secrets {
    fn add(&mut self, secret: impl Into<String>) {
        let secret = secret.into();
        assert!(secret.len() >= 16, "{secret}");
        self.0.insert(secret);
    }

    /// The cookies of a browser, and the sealed requests and form tokens of its page.
    fn add_page(&mut self, browser: &Browser, page: &super::html::Page, paths: &[&str]) {
        browser.cookies.values().for_each(|value| self.add(value));
        for path in paths {
            let fields = page.fields(path);
            let hidden = fields.into_iter().filter(|(name, _)| name == "flow" || name == "token");
            hidden.for_each(|(_, value)| self.add(value));
        }
    }

    /// Each secret in its text form, and the random bytes of those with a prefix.
    fn forms(&self) -> Vec<(String, Vec<u8>)> {
        let mut forms: Vec<_> = self
            .0
            .iter()
            .map(|text| (text.clone(), text.clone().into_bytes()))
            .collect();
        for (prefix, from) in [("sgac_", 3), ("sgss_", 3), ("sgrt_", 23), ("sgcs_", 0), ("sgbr_", 0)] {
            let found = self
                .0
                .iter()
                .filter_map(|text| text.strip_prefix(prefix).map(|rest| (text, rest)));
            let before = forms.len();
            for (text, rest) in found {
                let bytes = URL_SAFE_NO_PAD.decode_to_vec(rest).unwrap();
                forms.push((
                    format!("the bytes of {text}"),
                    bytes.get(from..from + 32).unwrap().to_vec(),
                ));
            }
            assert!(forms.len() > before, "the run has no {prefix}");
        }
        forms
    }
}

/// The texts of an answer with tokens.
fn add_tokens(secrets: &mut Secrets, tokens: &serde_json::Value) {
    secrets.add(text(tokens, "refresh_token"));
    let access = text(tokens, "access_token");
    secrets.add(access.rsplit('.').next().unwrap());
    secrets.add(access);
}

/// A user logs in, consents, changes the password and logs out; a client redeems, refreshes and
/// repeats; each with failures in between.
fn play(server: &Server, authorization: &str, secrets: &mut Secrets) {
    let mut browser = Browser::default();
    let page = browser.get(server, &format!("/authorize?{}", query("web", URI)));
    secrets.add_page(&browser, &page, &["/login"]);
    let page = browser.log_in(server, &page, "/login", "jane", WRONG_PASSWORD);
    secrets.add_page(&browser, &page, &["/login"]);
    let page = browser.log_in(server, &page, "/login", "jane", PASSWORD);
    secrets.add_page(&browser, &page, &["/consent"]);
    let page = browser.submit(server, &page, "/consent", &[("decision", "allow")]);
    let code = parameter(&page.location.unwrap(), "code").unwrap();
    secrets.add(&code);
    let mut wrong = redemption(&code, URI);
    wrong[3].1 = CHALLENGE;
    assert_eq!(post(server, "/token", authorization, &wrong).0, 400);
    let (_, first) = post(server, "/token", authorization, &redemption(&code, URI));
    add_tokens(secrets, &first);
    let refresh = |token: &str| {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        post(server, "/token", authorization, &fields)
    };
    let token = text(&first, "refresh_token");
    let (_, second) = refresh(&token);
    add_tokens(secrets, &second);
    // A retry, an introspection, a reuse, and a replay of the code.
    assert_eq!(refresh(&token).0, 200);
    let (_, third) = refresh(&text(&second, "refresh_token"));
    add_tokens(secrets, &third);
    for token in [text(&third, "refresh_token"), text(&third, "access_token")] {
        assert_eq!(post(server, "/introspect", authorization, &[("token", &token)]).0, 200);
        assert_eq!(post(server, "/introspect", "", &[("token", &token)]).0, 400);
    }
    assert_eq!(refresh(&token).0, 400);
    assert_eq!(post(server, "/token", authorization, &redemption(&code, URI)).0, 400);
    assert_eq!(post(server, "/revoke", authorization, &[("token", &token)]).0, 200);
    let page = browser.get(server, "/account");
    let path = "/account/password";
    secrets.add_page(&browser, &page, &[path]);
    for (old, expected) in [(WRONG_PASSWORD, 403), (PASSWORD, 200)] {
        let page = browser.submit(
            server,
            &page,
            path,
            &[
                ("old_password", old),
                ("new_password", NEW_PASSWORD),
                ("repeat_password", NEW_PASSWORD),
            ],
        );
        assert_eq!(page.status, expected, "{page:?}");
        secrets.add_page(&browser, &page, &[]);
    }
    let page = browser.get(server, "/logout");
    secrets.add_page(&browser, &page, &["/logout"]);
    browser.submit(server, &page, "/logout", &[]);
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file());
    files
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect()
}

#[test]
fn run_of_people_writes_no_secret() {
    for format in ["human", "json"] {
        let shell = Shell::new();
        shell.add_user("jane", PASSWORD);
        let grants = ["--grant", "authorization_code", "--grant", "refresh_token"];
        let options = ["--scope", "me items", "--redirect-uri", URI, "--introspect"];
        let added = shell.add_client("web", &[&grants[..], &options].concat()).json();
        let secret = text(&added, "client_secret");
        let pair = STANDARD.encode_to_string(format!("web:{secret}"));
        let url = format!("sqlite:{}", shell.path().join("a.db").display());
        let level = ["--log-format", format, "--log-level", "info,scopegate=trace"];
        let fixture = AdminFixture::serve(&[&["--database", &url, "--issuer", ISSUER][..], &level].concat());

        let mut secrets = Secrets::default();
        for secret in [PASSWORD, NEW_PASSWORD, WRONG_PASSWORD, VERIFIER, &secret, &pair] {
            secrets.add(secret);
        }
        play(&fixture.server, &format!("Basic {pair}"), &mut secrets);
        assert!(secrets.0.len() >= 20, "{}", secrets.0.len());
        let metrics = fixture.ask("GET", "/metrics").body;
        // While it runs, the log of the database has the last changes.
        let mut written = files(shell.path());
        let log = fixture.stop().join("\n");
        assert!(log.contains("answered") && log.contains("login"), "{log}");
        written.extend(files(shell.path()));
        written.extend([
            ("metrics".to_owned(), metrics.into_bytes()),
            ("log".to_owned(), log.into_bytes()),
        ]);
        for (name, secret) in secrets.forms() {
            for (place, bytes) in &written {
                let is_there = bytes.windows(secret.len()).any(|window| window == secret);
                assert!(!is_there, "{name} is in {place}");
            }
        }
    }
}
