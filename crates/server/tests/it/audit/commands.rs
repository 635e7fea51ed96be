//! Each administrative command writes an entry with its change, and the log shows it by filters.

use serde_json::{Value, json};

use super::{AuditFixture, DATABASE, PASSWORD};

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
const CHANGES: [(&[&str], &str); 23] = [
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
    (&["client", "revoke", "billing"], "client.revoked billing"),
    (&["token", "revoke", "--jti", JTI], "token.revoked digest"),
    (&["key", "rotate"], "key.rotated key"),
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

    for (line, _) in CHANGES {
        let line = [line, &DATABASE[..]].concat();
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
    assert_eq!(fixture.entries(&["--client", "billing"]).len(), 9);
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
