//! Names of users: one name for all spellings, the upgrade of an older database, and `user set`.

use serde_json::{Value, json};

use crate::shell::{Run, Shell};
use crate::support::Server;

/// A database that version 8 of the tables made, as SQL text.
pub(crate) const VERSION_8: &str = include_str!("../../../store-sql/tests/it/upgrade/version_8.sql");

const SECOND_ADA: &str = "INSERT INTO users (id, username, status, scope) VALUES ('9f00aa11', 'ADA', 'active', 'me')";

fn run(shell: &Shell, line: &[&str], input: &str) -> Run {
    let output = ["--database", "sqlite:a.db", "--format", "json"];
    shell.run_with(&[line, &output].concat(), input, &[])
}

fn add(shell: &Shell, line: &[&str]) -> Run {
    run(
        shell,
        &[&["user", "add", "--password-stdin"], line].concat(),
        "correct horse\n",
    )
}

#[test]
fn same_names_stop_migrate_and_serve() {
    let shell = Shell::new();
    let file = shell.path().join("a.db");
    crate::configuration::change(&file, VERSION_8);
    crate::configuration::change(&file, SECOND_ADA);
    let before = std::fs::read(&file).unwrap();
    for line in [
        &["migrate"][..],
        &["serve", "--listen", "127.0.0.1:0"],
        &["config", "check"],
    ] {
        let refused = run(&shell, line, "");
        let refused = refused.complaint(2);
        for part in [
            "`ada` (id `0a1b2c3d`) and `ADA` (id `9f00aa11`)",
            "`scopegate migrate --rename-duplicates`",
        ] {
            assert!(refused.contains(part), "{line:?}: {refused}");
        }
    }
    // The migration would stop, so the answer is negative.
    let plan = run(&shell, &["migrate", "--plan"], "");
    assert_eq!((plan.status, plan.stderr.as_str()), (1, ""));
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!(
        plan["steps"][0],
        json!({ "version": 9, "description": "client settings" })
    );
    assert_eq!(
        (&plan["users"], &plan["users_without_canonical_name"]),
        (&json!(4), &json!(4))
    );
    let second = &plan["same_names"][0][1];
    assert_eq!(
        (&second["username"], &second["new_username"]),
        (&json!("ADA"), &json!("ADA9f00aa"))
    );
    let backup = run(&shell, &["backup", "old.db"], "");
    assert!(
        backup.status == 0
            && backup
                .stderr
                .starts_with("note: the audit log has no entry of this backup")
            && backup.stderr.contains("`scopegate migrate`"),
        "{}",
        backup.stderr
    );
    assert!(std::fs::read(&file).unwrap() == before, "nothing was written");
}

#[test]
fn duplicates_are_renamed_on_request() {
    let shell = Shell::new();
    let file = shell.path().join("a.db");
    crate::configuration::change(&file, VERSION_8);
    crate::configuration::change(&file, SECOND_ADA);
    let plan = shell.run(&["migrate", "--plan", "--database", "sqlite:a.db"]).stdout;
    assert!(plan.contains("4 users without a canonical name"), "{plan}");
    assert!(plan.contains("renames the second to `ADA9f00aa`"), "{plan}");
    let migrated = run(&shell, &["migrate", "--rename-duplicates"], "").json();
    assert_eq!(
        migrated["renamed"],
        json!([{ "id": "9f00aa11", "from": "ADA", "to": "ADA9f00aa" }])
    );
    assert_eq!(migrated["named_users"], 4);
    let shown = run(&shell, &["user", "show", "ada9F00aa"], "").json();
    assert_eq!(shown["username"], "ADA9f00aa");
    let entries = shell.run(&["audit", "--database", "sqlite:a.db"]).stdout;
    let events: Vec<_> = entries.lines().filter_map(|line| line.split_once("  ")).collect();
    // The name was changed first. Its entry was written after the migration made the table.
    let expected = [
        "user.changed succeeded  user=9f00aa11",
        &format!(
            "admin.migrated succeeded  version={}",
            migrated["applied"].as_array().unwrap().last().unwrap()
        ),
    ];
    assert_eq!(events.iter().map(|(_, event)| *event).collect::<Vec<_>>(), expected);
    let plan = run(&shell, &["migrate", "--plan"], "").json();
    assert_eq!((&plan["steps"], &plan["same_names"]), (&json!([]), &json!([])));
}

/// Long names are cut, but a new name is shown as it will be.
#[test]
fn plan_cuts_long_names_and_shows_new_ones() {
    let shell = Shell::new();
    let file = shell.path().join("a.db");
    crate::configuration::change(&file, VERSION_8);
    let long = |letter: char| letter.to_string().repeat(250);
    let sql = format!(
        "INSERT INTO users (id, username, status, scope) VALUES ('long1', '{}', 'active', 'me'), ('long2', '{}', 'active', 'me')",
        long('x'),
        long('X')
    );
    crate::configuration::change(&file, &sql);
    let plan = shell.run(&["migrate", "--plan", "--database", "sqlite:a.db"]).stdout;
    let new = format!("{}long2", "X".repeat(195));
    assert!(plan.contains(&format!("renames the second to `{new}`")), "{plan}");
    assert!(
        plan.contains(&format!("users `{}..` (id `long1`)", "x".repeat(100))),
        "{plan}"
    );
    let migrated = shell
        .run(&["migrate", "--rename-duplicates", "--database", "sqlite:a.db"])
        .stdout;
    assert!(migrated.contains(&format!("to `{new}`, because of")), "{migrated}");
    assert_eq!(run(&shell, &["user", "show", &new], "").json()["id"], "long2");
}

/// The tables were migrated, and the program ended before it had stored all names.
#[test]
fn completed_migration_says_what_it_did() {
    let shell = Shell::new();
    let file = shell.path().join("a.db");
    assert_eq!(add(&shell, &["ada"]).status, 0);
    let late = "INSERT INTO users (id, username, status, scope) VALUES ('e', 'Eve', 'active', 'me')";
    crate::configuration::change(&file, late);
    let refused = run(&shell, &["user", "list"], "");
    assert!(refused.complaint(2).contains("not complete"), "{}", refused.stderr);
    let migrate = ["migrate", "--database", "sqlite:a.db"];
    let completed = shell.run(&migrate).stdout;
    assert_eq!(completed, "sqlite:a.db: stored the canonical names of 1 user\n");
    assert_eq!(shell.run(&migrate).stdout, "sqlite:a.db: up to date\n");
    assert_eq!(run(&shell, &["migrate"], "").json()["named_users"], 0);
    assert_eq!(run(&shell, &["user", "show", "EVE"], "").json()["id"], "e");
}

#[test]
fn name_of_another_spelling_is_taken() {
    let shell = Shell::new();
    assert_eq!(add(&shell, &["JohnDoe"]).status, 0);
    let refused = add(&shell, &["johndoe"]);
    let refused = refused.complaint(1);
    assert!(refused.contains("there is a user `JohnDoe` already"), "{refused}");
    assert_eq!(
        run(&shell, &["user", "show", "JOHNDOE"], "").json()["username"],
        "JohnDoe"
    );
    let same = add(&shell, &["JohnDoe"]);
    assert_eq!(same.complaint(1), "there is a user `JohnDoe` already");
    let long = add(&shell, &[&"a".repeat(201)]);
    assert!(long.complaint(2).contains("longer than 200 bytes"), "{}", long.stderr);
}

#[test]
fn hidden_characters_are_refused_at_registration() {
    let shell = Shell::new();
    for hidden in ["\u{202e}", "\u{200b}", "\u{7}", "\u{feff}"] {
        let text = format!("ada{hidden}b");
        for line in [
            &[text.as_str()][..],
            &["ada", "--full-name", &text],
            &["ada", "--email", &text],
        ] {
            let refused = add(&shell, line);
            let refused = refused.complaint(2);
            assert!(!refused.contains(hidden), "it is not repeated: {refused}");
        }
    }
    let long = add(&shell, &["ada", "--full-name", &"ü".repeat(101)]);
    assert!(long.complaint(2).contains("full name is longer than 200 bytes"));
    assert_eq!(add(&shell, &["ada", "--full-name", "Ada Lovelace"]).status, 0);
    let renamed = run(&shell, &["user", "set", "ada", "--full-name", "A\u{202e}da"], "");
    assert!(renamed.complaint(2).contains("bidirectional"));
}

#[test]
fn user_set_changes_what_it_names() {
    let shell = Shell::new();
    let added = add(&shell, &["ada", "--email", "ada@example.com", "--scope", "me"]).json();
    let set = |line: &[&str]| run(&shell, &[&["user", "set", "ada"], line].concat(), "").json();
    let named = set(&["--full-name", "Ada"]);
    assert_eq!(
        (&named["email"], &named["full_name"], &named["id"], &named["scope"]),
        (&json!("ada@example.com"), &json!("Ada"), &added["id"], &json!("me"))
    );
    assert_eq!(named.get("tokens"), None, "no token is affected");
    assert_eq!(set(&["--email", ""])["email"], Value::Null);
    let renamed = set(&["--name", "Countess"]);
    assert_eq!(
        (
            &renamed["username"],
            &renamed["full_name"],
            &renamed["id"],
            &renamed["tokens"]["revoked"]
        ),
        (&json!("Countess"), &json!("Ada"), &added["id"], &json!(true))
    );
    assert_eq!(add(&shell, &["ada"]).status, 0, "the name is free");
    let taken = run(&shell, &["user", "set", "ada", "--name", "COUNTESS"], "");
    assert!(
        taken.complaint(1).contains("there is a user `Countess` already"),
        "{}",
        taken.stderr
    );
    let nothing = run(&shell, &["user", "set", "ada"], "");
    assert!(nothing.complaint(2).contains("required"), "{}", nothing.stderr);
    let unknown = run(&shell, &["user", "set", "bob", "--email", "b"], "");
    assert_eq!(unknown.complaint(1), "there is no user `bob`");
}

#[test]
fn user_of_another_issuer_gets_its_id() {
    let shell = Shell::new();
    let id = "https://id.example#alice";
    let user = run(&shell, &["user", "add", "alice", "--id", id, "--no-password"], "").json();
    assert_eq!(user["id"], id);
    let taken = add(&shell, &["bob", "--id", id]);
    assert_eq!(
        taken.complaint(1),
        format!("there is a user with the id `{id}` already")
    );
    let bad = add(&shell, &["bob", "--id", "ü"]);
    assert!(bad.complaint(2).contains("bad id"), "{}", bad.stderr);
}

fn password(server: &Server, name: &str, password: &str) -> (u16, Value) {
    let form = format!("grant_type=password&client_id=app&username={name}&password={password}");
    let head = "POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let length = form.len();
    let request = format!("{head}Connection: close\r\nContent-Length: {length}\r\n\r\n{form}");
    let answer = server.exchange(request.as_bytes());
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

fn introspect(shell: &Shell, token: &str) -> bool {
    // A start reads all revocations, so no wait is needed.
    let server = serve(shell);
    let request =
        format!("GET /users/me/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n");
    server.exchange(request.as_bytes()).status == 200
}

fn serve(shell: &Shell) -> Server {
    let database = format!("sqlite:{}", shell.path().join("a.db").display());
    let issuer = ["--profile", "rfc", "--issuer", "https://id.example", "--password-grant"];
    Server::start(&[&["--database", &database], &issuer[..]].concat(), &[])
}

#[test]
fn every_spelling_logs_in_and_tokens_follow_the_request() {
    let shell = Shell::new();
    assert_eq!(add(&shell, &["JohnDoe", "--scope", "me items"]).status, 0);
    let app = [
        "client", "add", "app", "--id", "app", "--public", "--grant", "password", "--scope", "me items",
    ];
    assert_eq!(run(&shell, &app, "").status, 0);
    let token = |name: &str, secret: &str| {
        let (status, answer) = password(&serve(&shell), name, secret);
        assert_eq!(status, 200, "{answer}");
        answer["access_token"].as_str().unwrap().to_owned()
    };
    for name in ["JohnDoe", "johndoe", "JOHNDOE"] {
        assert!(introspect(&shell, &token(name, "correct+horse")), "{name}");
    }
    let first = token("johndoe", "correct+horse");
    let set = |line: &[&str], input| run(&shell, &[&["user"], line].concat(), input).json();
    let kept = set(&["set-scope", "johndoe", "me", "--keep-tokens"], "");
    assert_eq!(kept["tokens"]["revoked"], false);
    let kept = ["set-password", "johndoe", "--password-stdin", "--keep-tokens"];
    assert_eq!(set(&kept, "another one\n")["tokens"]["revoked"], false);
    assert!(introspect(&shell, &first));
    let ended = set(&["set-password", "johndoe", "--password-stdin"], "a third one\n");
    assert_eq!(ended["tokens"]["revoked"], true);
    assert!(!introspect(&shell, &first));
}
