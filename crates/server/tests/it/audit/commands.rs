//! Each administrative command writes an entry with its change, and the log shows it by filters.

use scopegate_domain::AuditEvent;
use serde_json::{Value, json};

use super::{AuditFixture, DATABASE, PASSWORD, new_key};
use crate::checkout::Checkout;

fn summary(entry: &Value) -> String {
    let detail = entry["detail"].as_object().and_then(|detail| detail.iter().next());
    // Ids and digests are random.
    let detail = match detail {
        Some((kind, _)) if kind == "digest" || kind == "key" => format!(" {kind}"),
        Some((kind, value)) => format!(" {kind}={}", value.as_str().unwrap()),
        None => String::new(),
    };
    let client = entry["client_id"].as_str().map(|id| format!(" {id}"));
    let user = entry["user_id"].as_str().map(|_| " user");
    format!(
        "{}{}{}{detail}",
        entry["event"].as_str().unwrap(),
        user.unwrap_or_default(),
        client.unwrap_or_default()
    )
}

/// The form of a token id.
const JTI: &str = "0123456789abcdef0123456789abcdef.0.0";

/// Commands, and the entries of each.
const CHANGES: [(&[&str], &str); 26] = [
    (
        &["user", "set-scope", "johndoe", "me"],
        "user.scope-changed user tokens=revoked",
    ),
    (&["user", "set-scope", "johndoe", "me items"], "user.scope-changed user"),
    (
        &["user", "set-scope", "johndoe", "me", "--keep-tokens"],
        "user.scope-changed user tokens=kept",
    ),
    (
        &["user", "set", "johndoe", "--email", "john@example.com"],
        "user.changed user",
    ),
    (
        &["user", "set", "johndoe", "--name", "john"],
        "user.changed user tokens=revoked",
    ),
    (
        &["user", "set", "John", "--name", "johndoe"],
        "user.changed user tokens=revoked",
    ),
    (&["user", "revoke", "johndoe"], "user.revoked user"),
    (&["user", "disable", "johndoe"], "user.disabled user"),
    (&["user", "enable", "johndoe"], "user.enabled user"),
    (
        &["client", "set-scope", "billing", "me"],
        "client.changed billing tokens=revoked",
    ),
    (
        &["client", "set-scope", "billing", "me items"],
        "client.changed billing",
    ),
    (
        &["client", "set-secret", "billing"],
        "client.secret-removed billing digest; client.secret-added billing digest",
    ),
    (
        &["client", "set", "billing", "--name", "Billing"],
        "client.changed billing",
    ),
    (
        &["client", "add-secret", "billing"],
        "client.secret-added billing digest",
    ),
    (
        &["client", "remove-secret", "billing", "DIGEST"],
        "client.secret-removed billing digest",
    ),
    (&["client", "revoke", "billing"], "client.revoked billing"),
    (&["token", "revoke", "--jti", JTI], "token.revoked digest"),
    (&["key", "rotate"], "key.rotated key"),
    (&["key", "import", "key.pem", "--id", "imported"], "key.imported key"),
    (&["key", "remove", "imported"], "key.removed key"),
    (&["key", "rewrap"], "key.rewrapped"),
    (&["backup", "copy.db"], "admin.backed-up"),
    (&["client", "remove", "billing"], "client.removed billing"),
    (
        &["user", "set-password", "johndoe", "--password-stdin"],
        "user.password-changed user tokens=revoked",
    ),
    (
        &["user", "set-password", "johndoe", "--password-stdin", "--keep-tokens"],
        "user.password-changed user tokens=kept",
    ),
    (&["user", "remove", "johndoe"], "user.removed user"),
];

#[test]
fn each_change_by_a_command_is_recorded() {
    let fixture = AuditFixture::new();
    let before = fixture.entries(&[]);
    let added: Vec<_> = before.iter().map(summary).collect();
    let expected = [
        "client.added billing",
        "client.added api",
        "client.added app",
        "user.added user",
    ];
    assert_eq!(added, expected);

    std::fs::write(fixture.shell.path().join("key.pem"), new_key().0).unwrap();
    for (line, _) in CHANGES {
        let shown = fixture
            .shell
            .run(&[&["client", "show", "billing", "--format", "json"], &DATABASE[..]].concat());
        let client: Value = serde_json::from_str(&shown.stdout).unwrap_or_default();
        let digest = client["secrets"][0]["digest"].as_str().unwrap_or_default();
        let words = line.iter().map(|word| if *word == "DIGEST" { digest } else { word });
        let line: Vec<&str> = words.chain(DATABASE).collect();
        let run = fixture.shell.run_with(&line, PASSWORD, &[]);
        assert_eq!(run.status, 0, "{line:?}: {}", run.stderr);
    }
    let entries = fixture.entries(&[]);
    let mut after: Vec<_> = entries[before.len()..].iter().map(summary).collect();
    let mut expected: Vec<_> = CHANGES.iter().flat_map(|(_, entries)| entries.split("; ")).collect();
    // Two entries of one change may have the same time.
    after.sort();
    expected.sort_unstable();
    assert_eq!(after, expected);
    let times = entries.iter().map(|entry| entry["time"].as_str().unwrap());
    assert!(times.is_sorted(), "{entries:?}");

    // Entries of removed users and clients are found by their ids.
    let id = entries[3]["user_id"].as_str().unwrap();
    assert_eq!(fixture.entries(&["--user", id]).len(), 13);
    assert_eq!(fixture.entries(&["--client", "billing"]).len(), 10);
}

/// Each event of a command is in the list above, and a test of another file names each other event.
#[test]
fn every_event_has_a_test() {
    let checkout = Checkout::read();
    let of_commands: Vec<&str> = CHANGES
        .iter()
        .flat_map(|(_, entries)| entries.split([';', ' ']))
        .collect();
    let of_fixture = ["client.added", "user.added"];
    let is_test = |path: &str| path.contains("/tests/") && !path.ends_with("it/audit/commands.rs");
    let texts: Vec<&str> = checkout
        .texts(".rs")
        .filter(|(path, _)| is_test(path))
        .map(|(_, text)| text)
        .collect();
    let is_tested = |event: &AuditEvent| {
        let (name, variant) = (format!("\"{event}"), format!("AuditEvent::{event:?}"));
        let is_named = |text: &&str| text.contains(&name) || text.contains(&variant);
        of_commands.contains(&event.as_str()) || of_fixture.contains(&event.as_str()) || texts.iter().any(is_named)
    };
    let untested: Vec<_> = AuditEvent::ALL.iter().filter(|event| !is_tested(event)).collect();
    assert!(untested.is_empty(), "{untested:?}");
    let is_of_commands = |event: &&AuditEvent| {
        let (kind, _) = event.as_str().split_once('.').unwrap();
        ["client", "user", "key", "admin"].contains(&kind)
    };
    // A request or another command writes these.
    let elsewhere = ["admin.migrated", "admin.restored", "client.authentication-failed"];
    for event in AuditEvent::ALL
        .iter()
        .filter(is_of_commands)
        .map(|event| event.as_str())
    {
        let is_listed = of_commands.contains(&event) || of_fixture.contains(&event);
        assert_eq!(is_listed, !elsewhere.contains(&event), "{event}");
    }
}

/// A refused command changes nothing and records nothing.
#[test]
fn refused_commands_add_no_entry() {
    let fixture = AuditFixture::new();
    let before = fixture.rows();
    for line in [
        &["user", "disable", "alice"][..],
        &["user", "set", "alice", "--name", "bob"],
        &["client", "remove", "gone"],
        &[
            "client", "add", "An app", "--id", "app", "--public", "--grant", "password",
        ],
        &["key", "remove", "gone"],
        &["token", "revoke", "--jti", "x"],
    ] {
        let run = fixture.shell.run(&[line, &DATABASE].concat());
        assert_eq!(run.status, 1, "{line:?}: {}", run.stderr);
    }
    assert_eq!(fixture.rows(), before);
}

#[test]
fn filters_limit_and_formats_select_entries() {
    let fixture = AuditFixture::new();
    fixture.succeed(&["user", "disable", "johndoe"]);
    let events = |options: &[&str]| {
        let entries = fixture.entries(options);
        entries.iter().map(|entry| entry["event"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        events(&["--user", "johndoe"]),
        [json!("user.added"), json!("user.disabled")]
    );
    assert_eq!(events(&["--client", "An app"]), [json!("client.added")]);
    assert_eq!(events(&["--event", "user.disabled"]), [json!("user.disabled")]);
    assert_eq!(
        events(&["--user", "johndoe", "--event", "client.added"]),
        [json!(null); 0]
    );
    assert_eq!(events(&["--limit", "2"]), [json!("user.added"), json!("user.disabled")]);
    assert_eq!(events(&["--since", "1h"]).len(), 5);
    assert_eq!(events(&["--since", "2999-01-01T00:00:00Z"]).len(), 0);
    assert_eq!(events(&["--user", "an-id-of-a-removed-user"]).len(), 0);

    let entry = &fixture.entries(&["--event", "user.disabled"])[0];
    assert_eq!((&entry["outcome"], &entry["count"]), (&json!("succeeded"), &json!(1)));
    assert!(entry["client_id"].is_null() && entry["address"].is_null() && entry["request_id"].is_null());
    let lines = fixture.succeed(&["audit", "--event", "user.disabled"]);
    let id = entry["user_id"].as_str().unwrap();
    assert!(
        lines.ends_with(&format!("  user.disabled succeeded  user={id}\n")),
        "{lines}"
    );

    let run = fixture
        .shell
        .run(&[&["audit", "--since", "yesterday"], &DATABASE[..]].concat());
    let cause = "bad time `yesterday`: expected an age such as `7d`";
    assert!(run.complaint(2).contains(cause), "{}", run.stderr);
    let twice = [
        "client", "add", "An app", "--id", "other", "--public", "--grant", "password",
    ];
    fixture.succeed(&twice);
    let run = fixture
        .shell
        .run(&[&["audit", "--client", "An app"], &DATABASE[..]].concat());
    assert!(
        run.complaint(2).contains("several clients have the name"),
        "{}",
        run.stderr
    );
}
