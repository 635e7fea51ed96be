//! `scopegate consent`: what users granted to clients.

use scopegate_domain::EndReason;
use serde_json::json;

use crate::granted::GrantedFixture;

fn granted() -> GrantedFixture {
    let fixture = GrantedFixture::new();
    for (name, number) in [("johndoe", 1), ("alice", 2)] {
        fixture.log_in(name, number);
        fixture.grant(name, number);
    }
    fixture
}

#[test]
fn consents_are_listed_by_user_and_client() {
    let fixture = granted();
    let all = fixture.json(&["consent", "list"]);
    let rows = all["consents"].as_array().unwrap();
    let names: Vec<_> = rows.iter().map(|row| row["username"].as_str().unwrap()).collect();
    assert_eq!(names, ["alice", "johndoe"]);
    let mut row = rows[1].clone();
    row.as_object_mut().unwrap().remove("user_id");
    assert_eq!(
        row,
        json!({
            "username": "johndoe", "client_id": "app", "scope": "me", "refused_scope": "items", "granted_at": fixture.now,
            "changed_at": fixture.now, "last_used": fixture.now, "live_families": 1, "last_end": null,
        })
    );
    for filter in [["--user", "johndoe"], ["--client", "app"], ["--client", "App"]] {
        let count = if filter[0] == "--user" { 1 } else { 2 };
        let found = fixture.json(&[&["consent", "list"], &filter[..]].concat());
        assert_eq!(found["consents"].as_array().map(Vec::len), Some(count), "{filter:?}");
    }
    fixture.json(&["client", "add", "Other", "--id", "other", "--public"]);
    let other = fixture.json(&["consent", "list", "--client", "other"]);
    assert_eq!(other, json!({ "consents": [], "more": false }));
    let text = fixture.shell.run(&["consent", "list", "--limit", "1"]);
    assert_eq!(text.stdout.lines().count(), 2, "{}", text.stdout);
    assert!(
        text.stdout.starts_with("USER   CLIENT  SCOPE  SINCE"),
        "{}",
        text.stdout
    );
    assert!(
        text.stderr.starts_with("note: there are more consents"),
        "{}",
        text.stderr
    );
}

#[test]
fn withdrawal_ends_the_refresh_tokens() {
    let fixture = granted();
    let withdrawn = fixture.json(&["consent", "withdraw", "johndoe", "App"]);
    assert_eq!(withdrawn["ended_families"], json!(1));
    assert_eq!((fixture.end(1), fixture.end(2)), (Some(EndReason::Withdrawn), None));
    let left = fixture.json(&["consent", "list"]);
    assert_eq!(left["consents"].as_array().map(Vec::len), Some(1));
    let entries = fixture.entries("consent.withdrawn");
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (&entries[0]["client_id"], &entries[0]["user_id"], &entries[0]["detail"]),
        (&json!("app"), &withdrawn["user_id"], &json!({ "ended": "withdrawn" }))
    );
    let again = fixture.shell.run(&["consent", "withdraw", "johndoe", "app"]);
    assert_eq!(again.complaint(1), "user `johndoe` has granted nothing to client `app`");
    for (line, message) in [
        (["consent", "withdraw", "bob", "app"], "there is no user `bob`"),
        (
            ["consent", "withdraw", "johndoe", "other"],
            "there is no client `other`",
        ),
    ] {
        assert_eq!(fixture.shell.run(&line).complaint(1), message);
    }
    assert_eq!(fixture.entries("consent.withdrawn").len(), 1);
}

#[test]
fn long_lists_are_read_in_pages() {
    use scopegate_domain::{Account, User, UserId, Username};
    let fixture = GrantedFixture::new();
    fixture.on_store(async |store| {
        for number in 0..2_100 {
            let name = format!("user-{number:05}");
            let user = User::new(UserId::parse(&name).unwrap(), Username::parse(&name).unwrap());
            let account = Account {
                user,
                password_hash: None,
            };
            store.users().add(account).await.unwrap();
        }
    });
    for (number, place) in [0_u32, 999, 1_000, 2_099].into_iter().enumerate() {
        let (name, number) = (format!("user-{place:05}"), u8::try_from(number + 1).unwrap());
        fixture.log_in(&name, number);
        fixture.issue(&name, number, number);
    }
    for (list, rows) in [("session", "sessions"), ("consent", "consents")] {
        let found = fixture.json(&[list, "list"]);
        let found = found[rows].as_array().unwrap();
        let names: Vec<_> = found.iter().map(|row| row["username"].as_str().unwrap()).collect();
        assert_eq!(
            names,
            ["user-00000", "user-00999", "user-01000", "user-02099"],
            "{list}"
        );
    }
}
