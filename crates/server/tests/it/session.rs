//! `scopegate session`, and the commands that end sessions, codes and refresh tokens.

use scopegate_domain::EndReason;
use scopegate_store::RedeemOutcome;
use serde_json::json;

use crate::granted::GrantedFixture;

#[test]
fn sessions_are_listed_by_user() {
    let fixture = GrantedFixture::new();
    assert_eq!(
        fixture.json(&["session", "list"]),
        json!({ "sessions": [], "more": false })
    );
    for (name, number) in [("johndoe", 1), ("alice", 2), ("johndoe", 3)] {
        fixture.log_in(name, number);
    }
    let all = fixture.json(&["session", "list"]);
    let rows = all["sessions"].as_array().unwrap();
    let names: Vec<_> = rows.iter().map(|row| row["username"].as_str().unwrap()).collect();
    assert_eq!(names, ["alice", "johndoe", "johndoe"]);
    let row = rows[0].as_object().unwrap();
    let members: Vec<_> = row.keys().map(String::as_str).collect();
    assert_eq!(
        members.join(" "),
        "id user_id username began_at seen_at ends_at idle acr amr user_agent"
    );
    assert_eq!((&row["id"], &row["idle"]), (&json!("0202020202020202"), &json!(36_000)));
    assert_eq!((&row["began_at"], &row["amr"]), (&json!(fixture.now), &json!(["pwd"])));

    let text = fixture.shell.run(&["session", "list", "--user", "johndoe"]).stdout;
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("ID                USER     BEGAN"), "{text}");
    assert_eq!(lines.len(), 3, "{text}");
    assert!(
        lines[1..]
            .iter()
            .all(|line| line.contains("johndoe") && line.ends_with("Browser/1")),
        "{text}"
    );

    let first = fixture.shell.run(&["session", "list", "--limit", "1"]);
    let note =
        "note: there are more sessions; `--limit` sets how many are shown, and `--user` selects those of one user";
    assert_eq!((first.stdout.lines().count(), first.stderr.trim_end()), (2, note));
    let nobody = fixture.shell.run(&["session", "list", "--user", "bob"]);
    assert_eq!(nobody.complaint(1), "there is no user `bob`");
}

#[test]
fn ended_session_ends_its_refresh_tokens() {
    let fixture = GrantedFixture::new();
    for number in [1, 3] {
        fixture.log_in("johndoe", number);
        fixture.grant("johndoe", number);
    }
    let code = fixture.issue("johndoe", 1, 9);
    let ended = fixture.json(&["session", "end", "01010101"]);
    assert_eq!(
        (&ended["ended"], &ended["ended_families"]),
        (&json!(["0101010101010101"]), &json!(1))
    );
    assert_eq!((fixture.end(1), fixture.end(3)), (Some(EndReason::SessionEnded), None));
    assert_eq!(fixture.redeem(&code, &fixture.family(9)), RedeemOutcome::Unknown);
    let entries = fixture.entries("session.ended");
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (&entries[0]["detail"], &entries[0]["user_id"]),
        (&json!({ "digest": "01010101" }), &ended["user_id"])
    );

    let again = fixture.shell.run(&["session", "end", "01010101"]);
    assert_eq!(again.complaint(1), "there is no active session `01010101`");
    for bad in ["0101010", "0101010g"] {
        let bad = fixture.shell.run(&["session", "end", bad]);
        assert!(
            bad.complaint(2).contains("give at least 8 hexadecimal digits"),
            "{}",
            bad.stderr
        );
    }
    let both = fixture.shell.run(&["session", "end", "03030303", "--user", "johndoe"]);
    assert_eq!(both.status, 2, "{}", both.stderr);
    assert_eq!(fixture.entries("session.ended").len(), 1, "no other session ended");
}

#[test]
fn all_sessions_of_a_user_end() {
    let fixture = GrantedFixture::new();
    for (name, number) in [("johndoe", 1), ("johndoe", 2), ("alice", 3)] {
        fixture.log_in(name, number);
        fixture.grant(name, number);
    }
    let run = fixture.shell.run(&["session", "end", "--user", "johndoe"]);
    assert_eq!(
        run.stdout,
        "ended 2 sessions of `johndoe`, and 2 refresh tokens with it; running servers refuse their access tokens within their \
         `revocation_age` (default: 5 s)\n"
    );
    assert_eq!(fixture.end(3), None);
    assert_eq!(
        fixture.json(&["session", "list"])["sessions"].as_array().map(Vec::len),
        Some(1)
    );
    let entries = fixture.entries("session.ended");
    assert_eq!((entries.len(), &entries[0]["detail"]), (1, &json!(null)));
    let again = fixture.shell.run(&["session", "end", "--user", "johndoe"]);
    assert_eq!(again.complaint(1), "user `johndoe` has no session");
}

#[test]
fn lowered_users_lose_sessions_codes_and_refresh_tokens() {
    for (line, reason) in [
        (&["user", "disable", "johndoe"][..], EndReason::UserDisabled),
        (&["user", "remove", "johndoe"], EndReason::UserDisabled),
        (
            &["user", "set-password", "johndoe", "--password-stdin"],
            EndReason::UserChanged,
        ),
        (&["user", "set-scope", "johndoe", "items"], EndReason::UserChanged),
    ] {
        let fixture = GrantedFixture::new();
        fixture.log_in("johndoe", 1);
        fixture.log_in("alice", 2);
        fixture.grant("johndoe", 1);
        let code = fixture.issue("johndoe", 1, 9);
        let run = fixture
            .shell
            .run_with(&[line, &["--format", "json"]].concat(), "correct horse battery\n", &[]);
        let tokens = &run.json()["tokens"];
        assert_eq!(
            (&tokens["revoked"], &tokens["ended_sessions"]),
            (&json!(true), &json!(1)),
            "{line:?}"
        );
        assert_eq!(fixture.end(1), Some(reason), "{line:?}");
        let outcome = fixture.redeem(&code, &fixture.family(9));
        assert!(!matches!(outcome, RedeemOutcome::Redeemed(_)), "{line:?}: {outcome:?}");
        let left = fixture.json(&["session", "list"]);
        assert_eq!(left["sessions"].as_array().map(Vec::len), Some(1), "{line:?}");
    }
}

#[test]
fn kept_tokens_keep_sessions() {
    let fixture = GrantedFixture::new();
    fixture.log_in("johndoe", 1);
    fixture.grant("johndoe", 1);
    let kept = fixture.json(&["user", "set-scope", "johndoe", "me", "--keep-tokens"]);
    assert_eq!(kept["tokens"], json!({ "revoked": false }));
    assert_eq!(fixture.end(1), None);
    let text = fixture.shell.run(&["user", "disable", "johndoe"]).stdout;
    assert!(
        text.contains("Authorization codes and refresh tokens are refused. 1 session of `johndoe` ended."),
        "{text}"
    );
}

#[test]
fn removed_clients_lose_codes_and_refresh_tokens() {
    let fixture = GrantedFixture::new();
    fixture.log_in("johndoe", 1);
    fixture.grant("johndoe", 1);
    let code = fixture.issue("johndoe", 1, 9);
    let text = fixture.shell.run(&["client", "remove", "app"]).stdout;
    assert!(
        text.contains("Authorization codes and refresh tokens are refused."),
        "{text}"
    );
    assert_eq!(fixture.end(1), Some(EndReason::ClientRemoved));
    let outcome = fixture.redeem(&code, &fixture.family(9));
    assert!(!matches!(outcome, RedeemOutcome::Redeemed(_)), "{outcome:?}");
    let sessions = fixture.json(&["session", "list"]);
    assert_eq!(
        sessions["sessions"].as_array().map(Vec::len),
        Some(1),
        "the user stays logged in"
    );
}
