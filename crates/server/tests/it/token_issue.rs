//! `token issue`: a token for a client or a user, by an operator.

use serde_json::{Value, json};

use crate::faults::{FaultFixture, me};
use crate::shell::Run;

const SETTINGS: [&str; 2] = ["--issuer", "https://id.example"];

fn issue(fixture: &FaultFixture, line: &[&str]) -> Run {
    fixture.shell.run(&[&["token", "issue"], line, &SETTINGS].concat())
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    let bytes = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(payload).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// A confidential client that may have `me`.
fn service(fixture: &FaultFixture) {
    let client = ["client", "add", "Service", "--id", "service", "--confidential"];
    fixture.done(&[&client[..], &["--grant", "client_credentials", "--scope", "me"]].concat());
}

#[test]
fn issued_token_is_alone_on_standard_output() {
    let fixture = FaultFixture::new();
    service(&fixture);
    let run = issue(&fixture, &["--client", "service", "--scope", "me items"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    let token = run.stdout.strip_suffix('\n').unwrap();
    let claims = claims(token);
    assert_eq!(
        (&claims["sub"], &claims["client_id"], &claims["scope"], &claims["aud"]),
        (
            &json!("service"),
            &json!("service"),
            &json!("me"),
            &json!("https://api.example")
        )
    );
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);
    let line = [
        "--client", "app", "--user", "ADA", "--scope", "me items", "--format", "json",
    ];
    let lifetime = ["--access-token-lifetime", "2m"];
    let issued = issue(&fixture, &[&line[..], &lifetime].concat()).json();
    assert_eq!(
        (&issued["token_type"], &issued["scope"]),
        (&json!("Bearer"), &json!("me items"))
    );
    let of_user = issued["access_token"].as_str().unwrap();
    assert!(
        (118..=120).contains(&issued["expires_in"].as_i64().unwrap()),
        "{issued}"
    );

    let server = fixture.serve();
    assert_eq!(me(&server, of_user), 200);
    assert_eq!(me(&server, token), 401, "this operation needs a user");
    drop(server);
    let run = fixture.shell.run_with(&["token", "revoke", "-"], of_user, &[]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert_eq!(me(&fixture.serve(), of_user), 401);
}

#[test]
fn token_beyond_the_ceilings_is_refused() {
    let fixture = FaultFixture::new();
    service(&fixture);
    fixture.done(&["user", "add", "bob", "--scope", "items", "--password-stdin"]);
    fixture.done(&["user", "add", "eve", "--scope", "me", "--password-stdin"]);
    fixture.done(&["user", "disable", "eve"]);
    for (line, status, expected) in [
        (&["--client", "service", "--scope", "items"][..], 1, "set-scope"),
        (&["--client", "app", "--scope", "me"], 1, "gets no token for itself"),
        (&["--client", "none", "--scope", "me"], 1, "there is no client `none`"),
        (
            &["--client", "app", "--user", "none", "--scope", "me"],
            1,
            "no active user `none`",
        ),
        (
            &["--client", "app", "--user", "eve", "--scope", "me"],
            1,
            "no active user `eve`",
        ),
        (&["--client", "app", "--user", "bob", "--scope", "me"], 1, "set-scope"),
        (
            &[
                "--client",
                "service",
                "--scope",
                "me",
                "--resource",
                "https://other.example",
            ],
            1,
            "`scopegate client show service` lists the resources",
        ),
    ] {
        let refused = issue(&fixture, line);
        let said = refused.complaint(status);
        assert!(said.contains(expected), "{line:?}: {said}");
    }
    let right = [
        "--client",
        "service",
        "--scope",
        "me",
        "--resource",
        "https://api.example",
    ];
    assert_eq!(issue(&fixture, &right).status, 0);
}

#[test]
fn token_for_a_user_needs_no_grant() {
    let fixture = FaultFixture::new();
    fixture.done(&["client", "add", "Bare", "--id", "bare", "--public", "--scope", "me"]);
    let run = issue(&fixture, &["--client", "bare", "--user", "ada", "--scope", "me"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    assert_eq!(claims(run.stdout.trim_end())["client_id"], "bare");
    // For itself the client needs the grant.
    let run = issue(&fixture, &["--client", "bare", "--scope", "me"]);
    assert!(run.complaint(1).contains("client_credentials"), "{}", run.stderr);
}

#[test]
fn token_needs_the_key_of_the_server() {
    let fixture = FaultFixture::new();
    service(&fixture);
    let line = ["--client", "service", "--scope", "me"];
    assert_eq!(issue(&fixture, &line).status, 0);
    std::fs::write(fixture.path("scopegate.db.kek"), "0123456789abcdef".repeat(4)).unwrap();
    let refused = issue(&fixture, &line);
    assert!(
        refused.complaint(2).contains("configure the one of the time"),
        "{}",
        refused.stderr
    );
    let random = [
        "--client",
        "app",
        "--user",
        "ada",
        "--scope",
        "me",
        "--profile",
        "tutorial",
    ];
    let refused = issue(&fixture, &random);
    assert!(refused.complaint(2).contains("secret_key_file"), "{}", refused.stderr);
}

#[test]
fn token_needs_its_entry() {
    let fixture = FaultFixture::new();
    service(&fixture);
    let of_service = ["--client", "service", "--scope", "me"];
    let of_ada = ["--client", "app", "--user", "ada", "--scope", "me"];
    assert_eq!(
        (issue(&fixture, &of_service).status, issue(&fixture, &of_ada).status),
        (0, 0)
    );
    let lines = fixture
        .done(&["audit", "--event", "token.issued", "--format", "json"])
        .stdout;
    let entries: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<_> = entries
        .iter()
        .map(|entry| {
            (
                &entry["client_id"],
                entry["user_id"].is_string(),
                entry["detail"].is_null(),
            )
        })
        .collect();
    assert_eq!(
        ids,
        [(&json!("service"), false, true), (&json!("app"), true, true)],
        "{entries:?}"
    );

    let full = "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END";
    crate::configuration::change(&fixture.path("scopegate.db"), full);
    for line in [&of_service[..], &of_ada] {
        let run = issue(&fixture, line);
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{}", run.stderr);
    }
}
