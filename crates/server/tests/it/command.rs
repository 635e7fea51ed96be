//! Every command in a shell: the streams of its output, and the exit status.

use std::path::Path;

use serde_json::{Value, json};

use crate::shell::{Run, Shell};

/// Adds a user who may have both scopes.
fn add_user(shell: &Shell, name: &str) -> Run {
    let line = [
        "user",
        "add",
        name,
        "--scope",
        "me items",
        "--password-stdin",
        "--format",
        "json",
    ];
    shell.run_with(&line, "correct horse\n", &[])
}

#[test]
fn a_user_from_beginning_to_end() {
    let shell = Shell::new();
    let user = add_user(&shell, "mary").json();
    assert_eq!(
        (&user["username"], &user["status"], &user["scope"]),
        (&json!("mary"), &json!("active"), &json!("me items"))
    );
    assert!(!user.to_string().contains("argon2"), "{user}");

    let json = |line: &[&str]| shell.run(&[line, &["--format", "json"]].concat()).json();
    assert_eq!(json(&["user", "disable", "mary"])["status"], "disabled");
    assert_eq!(json(&["user", "show", "mary"])["status"], "disabled");
    assert_eq!(json(&["user", "enable", "mary"])["status"], "active");
    assert_eq!(json(&["user", "set-scope", "mary", "me"])["scope"], "me");
    assert_eq!(json(&["user", "list"])["users"][0]["scope"], "me");
    let changed = shell.run_with(
        &["user", "set-password", "mary", "--password-stdin"],
        "another one\n",
        &[],
    );
    assert_eq!(changed.status, 0, "{}", changed.stderr);
    assert!(shell.run(&["user", "list"]).stdout.contains("mary  active  me"));
    let removed = json(&["user", "remove", "mary"]);
    assert_eq!(
        (&removed["removed"], &removed["tokens"]["revoked"]),
        (&json!("mary"), &json!(true))
    );
    assert_eq!(json(&["user", "list"]), json!({ "users": [] }));
}

#[test]
fn a_client_from_beginning_to_end() {
    let shell = Shell::new();
    let json = |line: &[&str]| shell.run(&[line, &["--format", "json"]].concat()).json();
    let add = [
        "client",
        "add",
        "The app",
        "--id",
        "app",
        "--confidential",
        "--grant",
        "password",
        "--scope",
        "me",
    ];
    let uri = ["--redirect-uri", "https://app.example/back", "--introspect"];
    let client = json(&[&add[..], &uri].concat());
    let secret = client["client_secret"].as_str().unwrap();
    assert!(secret.starts_with("sgcs_"), "{secret}");
    assert_eq!(client["redirect_uris"], json!(["https://app.example/back"]));

    let other = [&["client", "add", "Other", "--id", "other", "--confidential"], &uri[..]].concat();
    let other = shell.run(&other);
    assert_eq!(other.status, 0, "{}", other.stderr);
    let note = "note: client `other` has redirect URIs and not the grant `authorization_code`, so it gets no codes; \
                `scopegate client set other --grant GRANT` sets its grants";
    assert_eq!(other.stderr.trim_end(), note);
    let shown = json(&["client", "show", "other"]);
    assert_eq!(shown["redirect_uris"], json!(["https://app.example/back"]));
    json(&["client", "remove", "other"]);

    let shown = json(&["client", "show", "app"]);
    assert_eq!(shown["client_secret"], Value::Null, "a secret is shown once");
    assert_eq!(
        (&shown["kind"], &shown["introspect"]),
        (&json!("confidential"), &json!(true))
    );
    let other = json(&["client", "set-secret", "app"]);
    assert_ne!(other["client_secret"], client["client_secret"]);
    assert_eq!(json(&["client", "set-scope", "app", "me items"])["scope"], "me items");
    assert_eq!(json(&["client", "list"])["clients"][0]["client_id"], "app");
    assert!(shell.run(&["client", "show", "app"]).stdout.contains("confidential"));
    let removed = json(&["client", "remove", "app"]);
    assert_eq!(
        (&removed["removed"], &removed["tokens"]["revoked"]),
        (&json!("app"), &json!(true))
    );

    let public = json(&["client", "add", "Page", "--public"]);
    assert_eq!(public["client_id"].as_str().map(str::len), Some(32));
    assert_eq!(public["client_secret"], Value::Null);
}

#[test]
fn no_is_1_and_a_fault_is_2() {
    let shell = Shell::new();
    add_user(&shell, "mary").json();
    assert_eq!(add_user(&shell, "mary").complaint(1), "there is a user `mary` already");
    for line in [
        &["user", "show", "john"][..],
        &["user", "remove", "john"],
        &["user", "set-scope", "john", "me"],
    ] {
        assert_eq!(shell.run(line).complaint(1), "there is no user `john`");
    }
    assert_eq!(
        shell.run(&["client", "set-secret", "app"]).complaint(1),
        "there is no client `app`"
    );
    assert_eq!(
        shell.run(&["client", "remove", "app"]).complaint(1),
        "there is no client `app`"
    );

    let scope = shell.run(&["user", "set-scope", "mary", "a \"b"]);
    assert!(
        scope.complaint(2).starts_with("bad scope `a \"b`: "),
        "{}",
        scope.stderr
    );
    let name = shell.run_with(&["user", "add", " ", "--password-stdin"], "secret", &[]);
    assert!(name.complaint(2).starts_with("bad name ` `: "), "{}", name.stderr);
    let uri = shell.run(&[
        "client",
        "add",
        "x",
        "--public",
        "--redirect-uri",
        "javascript:alert(1)",
    ]);
    assert!(
        uri.complaint(2).starts_with("bad redirect URI `javascript:alert(1)`: "),
        "{}",
        uri.stderr
    );
    let grant = shell.run(&["client", "add", "x", "--public", "--grant", "implicit"]);
    assert!(
        grant.complaint(2).starts_with("unknown grant `implicit`: "),
        "{}",
        grant.stderr
    );
    for usage in [
        &["user", "add"][..],
        &["client", "add", "x"],
        &["frobnicate"],
        &["user", "show"],
        &["serve", "--nope"],
    ] {
        assert_eq!(shell.run(usage).status, 2, "{usage:?}");
    }
}

#[test]
fn password_is_read_from_a_pipe() {
    let shell = Shell::new();
    let add = |input: &str| shell.run_with(&["user", "add", "mary", "--password-stdin"], input, &[]);
    assert_eq!(add("\n").complaint(2), "the password is empty");
    assert_eq!(
        add(&"x".repeat(2_000)).complaint(2),
        "the password is longer than 1024 bytes"
    );
    let none = shell.run(&["user", "add", "mary"]);
    assert_eq!(
        none.complaint(2),
        "there is no terminal for the password; use `--password-stdin`"
    );
}

#[test]
fn a_token_is_looked_into() {
    let shell = Shell::new();
    let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJqb2huZG9lIiwiZXhwIjo1fQ.";
    for (argument, input) in [(token, ""), ("-", token)] {
        let seen = shell
            .run_with(&["token", "inspect", argument, "--format", "json"], input, &[])
            .json();
        assert_eq!(
            (&seen["claims"]["sub"], &seen["expires_at"]),
            (&json!("johndoe"), &json!("1970-01-01T00:00:05Z"))
        );
        assert_eq!(seen["verified"], false);
    }
    assert!(
        shell
            .run(&["token", "inspect", token])
            .stdout
            .contains("Nothing of this was verified.")
    );
    let bad = shell.run(&["token", "inspect", "hunter2"]);
    assert!(
        bad.complaint(2).starts_with("not a token: ") && !bad.stderr.contains("hunter2"),
        "{}",
        bad.stderr
    );
    assert_eq!(
        shell.run(&["token", "inspect", "-"]).complaint(2),
        "standard input holds no token"
    );
}

/// An older server may run on the database, and its tables must stay as it knows them.
#[test]
fn only_serve_and_migrate_change_an_older_database() {
    let shell = Shell::new();
    let database = ["--database", "sqlite:a.db"];
    let run = |line: &[&str]| shell.run_with(&[line, &database[..]].concat(), "correct horse\n", &[]);
    let older = "DELETE FROM _sqlx_migrations WHERE version >= 6; DROP TABLE news; DROP TABLE news_head; \
                 CREATE TABLE token_lifetimes (lifetime INTEGER NOT NULL PRIMARY KEY, living_until INTEGER) STRICT";
    crate::configuration::change(&shell.path().join("a.db"), crate::user_names::VERSION_8);
    crate::configuration::change(&shell.path().join("a.db"), older);
    for line in [
        &["user", "list"][..],
        &["user", "revoke", "ada"],
        &["user", "disable", "ada"],
        &["user", "add", "bob", "--password-stdin"],
        &["client", "add", "An app", "--public", "--grant", "password"],
        &["key", "rotate"],
        &["token", "revoke", "--jti", "0123456789abcdef0123456789abcdef.1"],
    ] {
        let refused = run(line);
        let refused = refused.complaint(2);
        assert!(refused.contains("run `scopegate migrate` first"), "{line:?}: {refused}");
    }
    assert_eq!(run(&["migrate"]).status, 0);
    assert_eq!(run(&["user", "revoke", "ada"]).status, 0);
}

#[test]
fn database_is_migrated_once() {
    let shell = Shell::new();
    let migrate = ["migrate", "--database", "sqlite:a.db", "--format", "json"];
    let first = shell.run(&migrate).json();
    assert!(
        first["applied"].as_array().is_some_and(|versions| !versions.is_empty()),
        "{first}"
    );
    assert_eq!(shell.run(&migrate).json()["applied"], json!([]));
    assert!(
        shell
            .run(&["migrate", "--database", "sqlite:a.db"])
            .stdout
            .contains("up to date")
    );

    std::fs::write(
        shell.path().join("text.db"),
        "this is no database, and never was one\n".repeat(9),
    )
    .unwrap();
    let text = shell.run(&["user", "list", "--database", "sqlite:text.db"]);
    assert!(text.complaint(2).contains("sqlite:text.db"), "{}", text.stderr);
    let far = shell.run(&["migrate", "--database", "sqlite:no/such/directory/a.db"]);
    assert!(
        far.complaint(2).contains("sqlite:no/such/directory/a.db"),
        "{}",
        far.stderr
    );
    let other = shell.run(&["migrate", "--database", "mysql://root:hunter2@db/x"]);
    assert!(!other.complaint(2).contains("hunter2"), "{}", other.stderr);
}

#[test]
fn the_configuration_is_shown_without_its_secrets() {
    let shell = Shell::new();
    let secret = "hunter2 hunter2 hunter2 hunter2 hunter2";
    let variables = [("SCOPEGATE_SECRET_KEY", secret), ("SCOPEGATE_TOKEN_LIFETIME", "1h 30m")];
    std::fs::write(shell.path().join("s.toml"), "max_connections = 7\n").unwrap();
    let line = [
        "config",
        "check",
        "--config",
        "s.toml",
        "--demo",
        "--listen",
        "127.0.0.1:9",
    ];
    let run = shell.run_with(&[&line[..], &["--format", "json"]].concat(), "", &variables);
    assert!(!run.stdout.contains("hunter2"), "{}", run.stdout);
    let shown = run.json();
    assert_eq!(shown["settings"]["listen"], "127.0.0.1:9");
    assert_eq!(shown["settings"]["max_connections"], 7);
    assert_eq!(shown["settings"]["token_lifetime"], "1h 30m");
    assert_eq!(shown["settings"]["profile"], "tutorial");
    assert_eq!(shown["settings"]["secret_key"], "(hidden)");
    assert_eq!(
        shown["sources"]["max_connections"],
        "key `max_connections` in file `s.toml`"
    );
    assert_eq!(
        shown["sources"]["token_lifetime"],
        "variable `SCOPEGATE_TOKEN_LIFETIME`"
    );
    assert_eq!(shown["sources"]["listen"], "flag `--listen`");

    let human = shell.run_with(&line, "", &variables).stdout;
    assert!(
        human.contains("listen = \"127.0.0.1:9\"") && !human.contains("hunter2"),
        "{human}"
    );
    std::fs::write(shell.path().join("again.toml"), &human).unwrap();
    assert_eq!(
        shell.run(&["config", "check", "--config", "again.toml"]).status,
        0,
        "what is shown can be read again"
    );
}

#[test]
fn written_configuration_lists_each_setting_with_its_default() {
    let shell = Shell::new();
    let written = shell.run(&["config", "init", "s.toml"]);
    assert_eq!(written.status, 0, "{}", written.stderr);
    let text = std::fs::read_to_string(shell.path().join("s.toml")).unwrap();
    let mode = std::fs::metadata(shell.path().join("s.toml")).unwrap().permissions();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777,
        0o600,
        "it may contain secrets"
    );
    assert_eq!(shell.run(&["config", "init"]).stdout, text);
    let checked = shell.run(&["config", "check", "--format", "json"]).json();
    let is_default = shell.run(&["config", "check", "--config", "s.toml", "--format", "json"]);
    assert_eq!(is_default.json()["settings"], checked["settings"]);
    // Without the marks, each default has the same effect.
    let line = |line: &str| {
        line.strip_prefix("# ")
            .filter(|line| line.contains(" = ") && !line.starts_with(' '))
            .map(str::to_owned)
    };
    let values: Vec<String> = text.lines().filter_map(line).collect();
    assert!(values.len() > 20, "{text}");
    std::fs::write(shell.path().join("all.toml"), values.join("\n")).unwrap();
    let all = shell.run(&["config", "check", "--config", "all.toml", "--format", "json"]);
    assert_eq!(all.json()["settings"], checked["settings"]);
    for key in checked["settings"].as_object().unwrap().keys() {
        assert!(
            text.contains(&format!("\n# {key} =")) || text.contains(&format!("\n# [[{key}]]")),
            "{key}"
        );
    }

    let again = shell.run(&["config", "init", "s.toml"]);
    assert_eq!(
        again.complaint(2),
        "file `s.toml` exists and is not overwritten; give another name"
    );
    let elsewhere = shell.run(&["config", "init", "none/s.toml"]);
    assert!(
        elsewhere
            .complaint(2)
            .starts_with("file `none/s.toml` cannot be written"),
        "{}",
        elsewhere.stderr
    );
}

#[test]
fn a_bad_configuration_is_one_sentence() {
    let shell = Shell::new();
    std::fs::write(shell.path().join("s.toml"), "lsten = '127.0.0.1:1'\n").unwrap();
    let unknown = shell.run(&["config", "check", "--config", "s.toml"]);
    assert_eq!(
        unknown.complaint(2),
        "unknown key `lsten` in file `s.toml`, line 1; did you mean `listen`?"
    );
    let missing = shell.run(&["config", "check", "--config", "none.toml"]);
    assert!(
        missing.complaint(2).starts_with("file `none.toml` cannot be read: "),
        "{}",
        missing.stderr
    );
    let issuer = shell.run(&["config", "check", "--listen", "0.0.0.0:80"]);
    assert!(
        issuer.complaint(2).starts_with("`issuer` is missing"),
        "{}",
        issuer.stderr
    );
    let variable = shell.run_with(&["user", "list"], "", &[("SCOPEGATE_DATABSE", "x")]);
    assert_eq!(
        variable.complaint(2),
        "unknown variable `SCOPEGATE_DATABSE`; did you mean `SCOPEGATE_DATABASE`?"
    );
}

#[test]
fn serve_reports_errors_before_it_starts() {
    let shell = Shell::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = shell.run(&["serve", "--demo", "--listen", &address]);
    assert!(run.complaint(2).contains(&address), "{}", run.stderr);
    let open = shell.run(&["serve", "--listen", "0.0.0.0:0"]);
    assert!(open.complaint(2).starts_with("`issuer` is missing"), "{}", open.stderr);
    let short = shell.run_with(&["serve", "--demo"], "", &[("SCOPEGATE_SECRET_KEY", "hunter2")]);
    assert!(
        short.complaint(2).contains("too short") && !short.stderr.contains("hunter2"),
        "{}",
        short.stderr
    );
}

#[test]
fn a_shadow_policy_that_is_none_is_an_error_at_start() {
    let shell = Shell::new();
    let write = |name: &str, text: &str| std::fs::write(shell.path().join(name), text).unwrap();
    write("broken.json", "{\n  \"openapi\": \"3.1.0\",\n  paths");
    write("letter.txt", "Dear all,\nplease find no policy enclosed.\n");
    write(
        "empty.json",
        r#"{"openapi":"3.1.0","info":{"title":"Nothing","version":"1"},"paths":{}}"#,
    );
    for (path, complaint) in [
        ("nowhere.json", "shadow policy `nowhere.json` cannot be read: "),
        ("broken.json", "shadow policy `broken.json`: line 3"),
        ("letter.txt", "shadow policy `letter.txt`: "),
        ("empty.json", "shadow policy `empty.json` has no operation"),
        (".", "shadow policy `.` cannot be read: "),
    ] {
        let run = shell.run(&["serve", "--demo", "--listen", "127.0.0.1:0", "--shadow-policy", path]);
        assert!(run.complaint(2).starts_with(complaint), "{}", run.stderr);
    }
    if Path::new("/dev/zero").exists() {
        let endless = shell.run(&[
            "serve",
            "--demo",
            "--listen",
            "127.0.0.1:0",
            "--shadow-policy",
            "/dev/zero",
        ]);
        assert!(
            endless.complaint(2).starts_with("shadow policy `/dev/zero`: "),
            "{}",
            endless.stderr
        );
    }
}

#[test]
fn a_shell_and_man_are_served() {
    let shell = Shell::new();
    for name in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(
            shell.run(&["completions", name]).stdout.contains("set-password"),
            "{name}"
        );
    }
    let manual = shell.run(&["man"]).stdout;
    assert!(manual.starts_with(".ie"), "a manual page");
    // Each setting of docs/configuration.md is in it: flag, variable, default and effect.
    let plain: String = manual.replace("\\-", "-").replace("\\&", "").replace(['\n', '`'], " ");
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let page = include_str!("../../../../docs/configuration.md").replace('`', "");
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let rows: Vec<Vec<&str>> = rows.map(|row| row.split(" | ").collect()).collect();
    assert!(rows.len() > 40, "{}", rows.len());
    for row in rows.iter().skip(1) {
        let [key, flag, variable, _, default, effect, reason] = row[..] else {
            panic!("seven columns: {row:?}");
        };
        let name = if variable == "none" {
            format!("[[{key}]]")
        } else {
            variable.to_owned()
        };
        let in_list = format!("\\fB{name}\\fR {effect}. {reason}.");
        assert!(plain.contains(&in_list), "{in_list}");
        let help = format!("\\fB{flag}\\fR");
        let default = format!("{effect} [default: {default}] [env: {variable}]");
        assert!(
            flag == "none" || (plain.contains(&help) && plain.contains(&default)),
            "{help} {default}"
        );
    }
    assert_eq!(shell.run(&["completions", "cmd"]).status, 2);
    assert!(shell.run(&["--version"]).stdout.starts_with("scopegate "));
}
