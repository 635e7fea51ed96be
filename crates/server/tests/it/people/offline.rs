//! The commands of docs/authorization-server.md for access without a session.

use std::fs;

use serde_json::Value;

use super::{Browser, CHALLENGE, encode, parameter, post, redemption, text};
use crate::docs::{code_blocks_of, commands, shell_blocks};
use crate::shell::Shell;
use crate::support::Server;

const PAGE: &str = "docs/authorization-server.md";
const PASSWORD: &str = "correct horse battery";
const URI: &str = "https://logbook.example.com/";

/// A folder with the configuration and the documents of the page, and its user.
fn operator() -> Shell {
    let shell = Shell::without_resources();
    let blocks = code_blocks_of(PAGE);
    let block = |part: &str| &blocks.iter().find(|(_, block)| block.contains(part)).unwrap().1;
    for (name, part) in [
        ("scopegate.toml", "[[resources]]"),
        ("ships.yaml", "openapi: 3.1.0"),
        ("ports.toml", "[schemes.oauth]"),
    ] {
        fs::write(shell.path().join(name), block(part)).unwrap();
    }
    run(
        &shell,
        "scopegate user add jane --scope ships:read --password-stdin --config scopegate.toml",
    );
    shell
}

fn start(shell: &Shell) -> Server {
    let configuration = shell.path().join("scopegate.toml").display().to_string();
    let database = format!("sqlite:{}", shell.path().join("scopegate.db").display());
    Server::start(&["--config", &configuration, "--database", &database], &[])
}

fn run(shell: &Shell, line: &str) {
    let words = commands::words(line);
    let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    let run = shell.run_with(&words, PASSWORD, &[]);
    assert_eq!(run.status, 0, "{line}: {}", run.stderr);
}

/// Gets tokens for the user, who agrees to all, and ends the session. Returns the granted scope in
/// order, and the status of a refresh after that.
fn log_in_and_out(server: &Server) -> (String, u16) {
    let query = encode(&[
        ("response_type", "code"),
        ("client_id", "logbook-page"),
        ("redirect_uri", URI),
        ("scope", "ships:read offline_access"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    let mut browser = Browser::default();
    let mut page = browser.get(server, &format!("/authorize?{query}"));
    page = browser.log_in(server, &page, "/login", "jane", PASSWORD);
    if page.location.is_none() {
        page = browser.submit(server, &page, "/consent", &[("decision", "allow")]);
    }
    let code = parameter(&page.location.unwrap(), "code").unwrap();
    let fields = [&redemption(&code, URI)[..], &[("client_id", "logbook-page")]].concat();
    let (status, tokens): (u16, Value) = post(server, "/token", "", &fields);
    assert_eq!(status, 200, "{tokens}");
    let page = browser.get(server, "/logout");
    assert_eq!(browser.submit(server, &page, "/logout", &[]).status, 200);
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &text(&tokens, "refresh_token")),
        ("client_id", "logbook-page"),
    ];
    let scope = text(&tokens, "scope");
    let mut scope: Vec<&str> = scope.split(' ').collect();
    scope.sort_unstable();
    (scope.join(" "), post(server, "/token", "", &refresh).0)
}

#[test]
fn access_without_session_needs_both_ceilings() {
    let shell = operator();
    let blocks = shell_blocks(PAGE);
    let block = blocks.iter().find(|block| block.contains("logbook-page")).unwrap();
    let [client, user] = block.lines().collect::<Vec<_>>()[..] else {
        panic!("two lines: {block}")
    };
    run(&shell, client);
    // Each server has read the change.
    let granted = || log_in_and_out(&start(&shell));
    assert_eq!(granted(), ("ships:read".to_owned(), 400));
    run(&shell, user);
    assert_eq!(granted(), ("offline_access ships:read".to_owned(), 200));
    let lower = [
        "client",
        "set",
        "logbook-page",
        "--scope",
        "ships:read",
        "--optional-scope",
        "",
    ];
    let lowered = shell.run(&[&lower[..], &["--config", "scopegate.toml"]].concat());
    assert_eq!(lowered.status, 0, "{}", lowered.stderr);
    // The user keeps the scope.
    assert_eq!(granted(), ("ships:read".to_owned(), 400));
}
