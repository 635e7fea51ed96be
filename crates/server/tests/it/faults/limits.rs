//! Limits: each is documented, and an error names it without the text that exceeds it.

use std::fs;

use scopegate_domain::{Claims, Client, RedirectUri, Scope, ScopeToken, Username};
use scopegate_token::TokenRules;

use crate::faults::FaultFixture;

#[test]
fn documented_limits_are_those_of_code() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/authorization-server.md");
    let page = fs::read_to_string(page).unwrap();
    for (value, limit) in [
        (
            "scope of a client, a user or a request",
            format!(
                "{} names, each repetition counted, and {} bytes",
                Scope::MAX_TOKENS,
                Scope::MAX_LEN
            ),
        ),
        ("scope name", format!("{} bytes", ScopeToken::MAX_LEN)),
        (
            "user name, name of a client, full name, email address",
            format!("{} bytes", Username::MAX_LEN),
        ),
        ("redirect URI", format!("{} bytes", RedirectUri::MAX_LEN)),
        ("secrets of a client", Client::MAX_SECRETS.to_string()),
        ("`resource` in a request", scopegate_grant::MAX_RESOURCES.to_string()),
        ("claims of a token", format!("{} bytes", Claims::MAX_LEN)),
        ("token", format!("{} bytes", TokenRules::MAX_TOKEN)),
        (
            "schemes and scopes of a document",
            scopegate_policy::MAX_FACTS.to_string(),
        ),
    ] {
        let row = format!("| {value} | {limit} |\n");
        assert!(page.contains(&row), "missing: {row}");
    }
}

#[test]
fn value_beyond_its_limit_is_not_repeated() {
    let fixture = FaultFixture::new();
    let long = "x".repeat(9_000);
    let many = "me ".repeat(300);
    let many = many.trim_end();
    let client = ["client", "add", "New", "--public", "--grant", "password"];
    let user = ["user", "add", "new", "--no-password"];
    let long_uri = format!("https://a.example/{long}");
    for (line, limit) in [
        (
            [&client[..], &["--scope", many]].concat(),
            "300 scope tokens; at most 256",
        ),
        ([&client[..], &["--scope", &long]].concat(), "9000 bytes; at most 8192"),
        ([&user[..], &["--scope", many]].concat(), "at most 256"),
        (vec!["user", "set-scope", "ada", many], "at most 256"),
        (vec!["client", "set-scope", "app", many], "at most 256"),
        (vec!["client", "set", "app", "--default-scope", many], "at most 256"),
        (vec!["client", "set", "app", "--optional-scope", many], "at most 256"),
        (
            vec!["token", "issue", "--client", "app", "--scope", many],
            "at most 256",
        ),
        ([&client[..], &["--id", &long]].concat(), "512 bytes"),
        ([&client[..], &["--resource", &long_uri]].concat(), "512 bytes"),
        ([&client[..], &["--redirect-uri", &long_uri]].concat(), "2048 bytes"),
        (vec!["client", "set", "app", "--name", &long], "200 bytes"),
        (vec!["user", "add", &long, "--no-password"], "200 bytes"),
        (vec!["user", "set", "ada", "--email", &long], "200 bytes"),
        (vec!["user", "set", "ada", "--name", &long], "200 bytes"),
        ([&user[..], &["--id", &long]].concat(), "512 bytes"),
        (vec!["token", "revoke", "--jti", &long], "512 bytes"),
        (vec!["user", "show", &long], "200 bytes"),
        (vec!["client", "show", &long], "no client"),
        (vec!["key", "remove", &long], "bad id"),
        (vec!["key", "rotate", "--algorithm", &long], "algorithm"),
        ([&client[..], &["--grant", &long]].concat(), "grant"),
        (vec!["token", "inspect", &long], "token"),
    ] {
        let run = fixture.shell.run_with(&line, "", &[]);
        let status = run.status;
        let shown: Vec<&str> = line.iter().map(|part| part.get(..20).unwrap_or(part)).collect();
        assert!(status == 1 || status == 2, "{shown:?}: {status} {}", run.stderr.len());
        assert!(
            run.stderr.len() < 600,
            "{shown:?}: {} bytes: {}",
            run.stderr.len(),
            run.stderr.get(..600).unwrap_or_default()
        );
        assert!(run.stderr.contains(limit), "{shown:?}: {}", run.stderr);
    }
}
