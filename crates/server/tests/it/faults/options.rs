//! Convenience modes, options and messages.

use std::process::Stdio;

use crate::shell::Shell;
use serde_json::Value;

use crate::faults::fixture::{FaultFixture, PASSWORD, log_in_with, me, token, wait_for};
use crate::support::remove_own_variables;
use crate::support::{Server, scopegate};

const DEMO: [&str; 4] = ["serve", "--demo", "--listen", "127.0.0.1:0"];

#[test]
fn demo_refuses_a_used_database() {
    let fixture = FaultFixture::new();
    let only_a_client = FaultFixture { shell: Shell::new() };
    only_a_client.done(&[
        "client", "add", "App", "--public", "--grant", "password", "--scope", "me",
    ]);
    let same_name = FaultFixture { shell: Shell::new() };
    same_name.add_user("alice");
    for fixture in [fixture, only_a_client, same_name] {
        let before = fixture.files();
        for line in [&DEMO[..], &[&DEMO[..], &["--profile", "rfc"]].concat()] {
            let line = [line, &["--database", "sqlite:scopegate.db"]].concat();
            let run = fixture.shell.run(&line);
            assert!(
                run.complaint(2)
                    .contains("database `sqlite:scopegate.db` holds other users or clients"),
                "{}",
                run.stderr
            );
            assert!(fixture.files() == before, "{:?}", fixture.names());
        }
    }
}

#[test]
fn demo_accounts_are_reported_without_demo() {
    let fixture = FaultFixture { shell: Shell::new() };
    let database = format!("sqlite:{}", fixture.path("scopegate.db").display());
    let demo = Server::start(&["--demo", "--database", &database], &[]);
    assert_eq!(log_in_with(&demo, "johndoe", "secret").status, 200);
    drop(demo);
    // Its own accounts are not a reason to refuse it.
    drop(Server::start(&["--demo", "--database", &database], &[]));

    let warnings = |fixture: &FaultFixture| {
        let log = fixture.path("log");
        let mut child = scopegate()
            .args(["serve", "--listen", "127.0.0.1:0", "--database", &database])
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        std::fs::read_to_string(log).unwrap()
    };
    let log = warnings(&fixture);
    for name in ["johndoe", "alice"] {
        assert!(log.contains(&format!("`scopegate user remove {name}`")), "{log}");
    }
    fixture.done(&["user", "set-password", "johndoe", "--password-stdin"]);
    fixture.done(&["user", "remove", "alice", "--yes"]);
    let log = warnings(&fixture);
    assert!(!log.contains("user remove"), "{log}");
}

#[test]
fn wrong_command_line_never_repeats_a_secret() {
    let fixture = FaultFixture::new();
    let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJqb2huZG9lIn0.c2lnbmF0dXJl";
    for line in [
        &["token", "revoke", token][..],
        &["token", "revoke", "--jti", token],
        &["token", token],
        &["token", "verify", token, token, "--jwks", "x"],
        &["token", "verify", "a", "--jwks", "none", "--profile", token],
        &["token", "inspect", token, "extra"],
        &[token],
        &["user", "add", "eve", "hunter2"],
        &["user", "set-password", "ada", "hunter2", "--password-stdin"],
        &["user", "set-password", "ada", "--password=hunter2"],
        &["client", "set-secret", "app", "hunter2"],
        &["key", "rotate", "hunter2"],
        &["serve", "hunter2"],
        &["user", "list", "--database", "postgres://scopegate:hunter2@db/x"],
        &["migrate", "--database", "mysql://scopegate:hunter2@db/x"],
        &["user", "add", "eve", "--password-stdin=hunter2"],
        &["serve", "--issuer", "https://ada:hunter2@id.example"],
        &["serve", "--listen", "http://ada:hunter2@127.0.0.1:1/"],
        &["config", "check", "--cors-origins", "https://ada:hunter2@a.example/"],
        &["config", "check", "--shadow-policy", "https://ada:hunter2@a.example/"],
        &["policy", "routes", "https://ada:hunter2@a.example/openapi.json"],
        &[
            "client",
            "add",
            "x",
            "--public",
            "--redirect-uri",
            "https://ada:hunter2@a.example/#x",
        ],
    ] {
        for format in [&[][..], &["--format", "json"]] {
            let run = fixture.shell.run_with(&[line, format].concat(), "", &[]);
            assert_eq!(run.status, 2, "{line:?}: {}", run.stderr);
            let said = format!("{}{}", run.stdout, run.stderr);
            for part in ["hunter2", "eyJzdWIi", "c2lnbmF0dXJl"] {
                assert!(!said.contains(part), "{line:?}: {said}");
            }
        }
    }
}

#[test]
fn missing_option_is_named_in_json() {
    let fixture = FaultFixture::new();
    for (line, names) in [
        (&["consent", "withdraw"][..], &["<USER>", "<CLIENT>"][..]),
        (&["client", "add", "x"], &["--public", "--confidential"]),
        (&["session", "end"], &["--user"]),
        (&["client", "check"], &["<ID|NAME>", "<URL>"]),
        (&["user", "add"], &["<NAME>"]),
    ] {
        let run = fixture.shell.run(&[line, &["--format", "json"]].concat());
        let error: Value = serde_json::from_str(&run.stderr).unwrap();
        let text = error["error"].as_str().unwrap();
        assert!(names.iter().all(|name| text.contains(name)), "{text}");
        assert!(!text.contains("Usage"), "{text}");
    }
}

#[test]
fn an_error_is_json_with_format_json() {
    let fixture = FaultFixture::new();
    for (line, status) in [
        (&["user", "show", "nobody"][..], 1),
        (&["user", "list", "--database", "sqlite:typo.db"], 2),
        (&["user", "list", "--nonsense"], 2),
        (&["serve", "--token-lifetime", "never"], 2),
        (&["config", "check", "--config", "none.toml"], 2),
        (&["policy", "routes", "none.yaml"], 2),
    ] {
        let run = fixture.shell.run(&[line, &["--format", "json"]].concat());
        assert_eq!((run.status, run.stdout.as_str()), (status, ""), "{line:?}");
        let error: Value = serde_json::from_str(&run.stderr).unwrap();
        assert_eq!(error["status"], status, "{line:?}: {error}");
        assert!(error["error"].as_str().is_some_and(|text| !text.is_empty()), "{error}");
        let human = fixture.shell.run(line);
        assert!(human.stderr.starts_with("error: "), "{}", human.stderr);
    }
}

#[test]
fn an_unknown_token_id_is_reported() {
    let fixture = FaultFixture::new();
    let server = fixture.serve();
    let token = token(&server, "ada");
    for id in ["nonsense", "0123456789ABCDEF0123456789ABCDEF", "0123456789abcdef"] {
        let run = fixture.shell.run(&["token", "revoke", "--jti", id]);
        assert!(
            run.complaint(1).starts_with(&format!("unknown token id `{id}`")),
            "{}",
            run.stderr
        );
    }
    let inspected = fixture
        .shell
        .run_with(&["token", "inspect", "-", "--format", "json"], &token, &[]);
    let id = inspected.json()["claims"]["jti"].as_str().unwrap().to_owned();
    let run = fixture.done(&["token", "revoke", "--jti", &id]);
    assert!(
        run.stdout
            .starts_with(&format!("recorded: a token with the id `{id}` is refused")),
        "{}",
        run.stdout
    );
    wait_for(401, || me(&server, &token));
    // A command cannot revoke tokens of other issuers, so none is reported as revoked.
    let config = "issuer = 'https://id.example'\n[[issuers]]\nname = 'other'\nissuer = 'https://other.example'\ntokens = 'jwt'\n";
    std::fs::write(fixture.path("s.toml"), config).unwrap();
    let run = fixture
        .shell
        .run(&["token", "revoke", "--jti", "nonsense", "--config", "s.toml"]);
    assert!(
        run.complaint(1).ends_with("is revoked by that issuer"),
        "{}",
        run.stderr
    );
}

#[test]
fn unknown_scopes_and_grants_are_named() {
    let fixture = FaultFixture::new();
    let scope = "no resource declares scope `itmes`, so no token contains it; did you mean `items`?";
    let grant = "unknown grant `passwrod`: did you mean `password`? this server knows `authorization_code`, `client_credentials`, `password`, \
         `refresh_token`";
    for line in [
        &["user", "add", "eve", "--scope", "me itmes", "--password-stdin"][..],
        &["user", "set-scope", "ada", "itmes"],
        &[
            "client", "add", "x", "--public", "--grant", "password", "--scope", "itmes",
        ],
        &["client", "set-scope", "app", "itmes"],
    ] {
        let run = fixture.done(line);
        assert!(run.stderr.contains(scope), "{line:?}: {}", run.stderr);
    }
    // It belongs to no resource.
    let offline = fixture.done(&["user", "set-scope", "ada", "me offline_access"]);
    assert!(!offline.stderr.contains("declares"), "{}", offline.stderr);
    let misspelt = ["client", "add", "x", "--public", "--grant", "passwrod"];
    assert_eq!(fixture.shell.run(&misspelt).complaint(2), grant);
    let far = fixture
        .shell
        .run(&["client", "add", "x", "--public", "--grant", "implicit"]);
    assert_eq!(
        far.complaint(2),
        "unknown grant `implicit`: this server knows `authorization_code`, `client_credentials`, `password`, \
         `refresh_token`"
    );
}

#[test]
fn an_account_that_can_do_nothing_is_reported() {
    let fixture = FaultFixture::new();
    let user = fixture.done(&["user", "add", "eve", "--password-stdin"]);
    assert!(user.stderr.contains("user `eve` has no scope"), "{}", user.stderr);
    let client = fixture.done(&["client", "add", "x", "--id", "x", "--public"]);
    assert!(client.stderr.contains("client `x` has no grant"), "{}", client.stderr);
    let client = fixture.done(&["client", "add", "x", "--id", "y", "--public", "--grant", "password"]);
    assert!(client.stderr.contains("client `y` has no scope"), "{}", client.stderr);
    let whole = fixture.done(&["user", "add", "fay", "--scope", "me", "--password-stdin"]);
    assert_eq!(whole.stderr, "");
}

#[test]
fn a_short_password_is_refused() {
    let fixture = FaultFixture::new();
    let add = ["user", "add", "eve", "--scope", "me", "--password-stdin"];
    let set = ["user", "set-password", "ada", "--password-stdin"];
    for line in [&add[..], &set] {
        for (password, length) in [("a", 1), ("1234567", 7), ("ééééééé\n", 7)] {
            let run = fixture.shell.run_with(line, password, &[]);
            let expected = format!("the password is too short: it has {length} of at least 8 characters");
            assert!(run.complaint(2).starts_with(&expected), "{}", run.stderr);
        }
    }
    let longer = [("SCOPEGATE_PASSWORD_MIN_LENGTH", "20")];
    assert_eq!(fixture.shell.run_with(&set, PASSWORD, &longer).status, 2);
    std::fs::write(fixture.path("s.toml"), "password_min_length = 1\n").unwrap();
    fixture
        .shell
        .run_with(&[&add[..], &["--config", "s.toml"]].concat(), "a", &[]);
    assert_eq!(fixture.users("sqlite:scopegate.db"), ["ada", "eve"]);
}

#[test]
fn a_negative_time_is_a_wrong_value() {
    let shell = Shell::new();
    for line in [
        &["serve", "--token-lifetime", "-1m"][..],
        &["config", "check", "--body-limit", "-1"],
    ] {
        let run = shell.run(line);
        let error = run.complaint(2);
        let flag = line[line.len() - 2];
        assert!(
            error.starts_with(&format!("bad value for flag `{flag}`: expected")) && error.contains(", found `-1"),
            "{error}"
        );
    }
}

#[test]
fn an_option_is_in_the_help_of_commands_that_use_it() {
    let shell = Shell::new();
    let help = |line: &[&str]| shell.run(&[line, &["--help"]].concat()).stdout;
    for line in [
        &["policy", "routes"][..],
        &["policy", "diff"],
        &["token", "inspect"],
        &["token", "verify"],
        &["completions"],
        &["man"],
    ] {
        let text = help(line);
        for option in ["--database", "--log-level", "--log-format", "--config"] {
            assert!(!text.contains(option), "{line:?}: {text}");
        }
    }
    for line in [
        &["user", "list"][..],
        &["key", "rotate"],
        &["backup"],
        &["serve"],
        &["token", "revoke"],
    ] {
        let text = help(line);
        for option in ["--database", "--log-level", "--config"] {
            assert!(text.contains(option), "{line:?}: {text}");
        }
    }
    for line in [&["policy", "diff"][..], &["policy", "lint"]] {
        assert!(help(line).contains("markdown"), "{line:?}");
    }
    for line in [&["user", "list"][..], &["policy", "routes"], &["config", "check"]] {
        assert!(!help(line).contains("markdown"), "{line:?}");
        let run = shell.run(&[line, &["--format", "markdown"]].concat());
        assert!(
            run.status == 2 && run.stderr.contains("[possible values: human, json]"),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn removal_asks_on_a_terminal() {
    let fixture = FaultFixture::new();
    fixture.done(&["user", "remove", "ada", "--yes"]);
    fixture.done(&["client", "remove", "app"]);
    for name in ["eve", "fay"] {
        fixture.add_user(name);
    }
    let remove = |name: &str, answer: &str| {
        let command = format!("{} user remove {name}", env!("CARGO_BIN_EXE_scopegate"));
        let mut script = std::process::Command::new("script");
        remove_own_variables(&mut script);
        let mut child = script
            .args(["-qec", &command, "/dev/null"])
            .current_dir(fixture.shell.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), answer.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (status, said) = remove("eve", "n\n");
    assert!(
        status == Some(1) && said.contains("Remove user `eve` permanently? [y/N]"),
        "{said}"
    );
    assert_eq!(fixture.users("sqlite:scopegate.db"), ["eve", "fay"]);
    let (status, said) = remove("eve", "y\n");
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(fixture.users("sqlite:scopegate.db"), ["fay"]);
}

#[test]
fn log_on_terminal_respects_no_color() {
    let fixture = FaultFixture::new();
    let log = |variable: (&str, &str)| {
        let command = format!(
            "timeout 2 {} serve --listen 127.0.0.1:0 --database sqlite:scopegate.db",
            env!("CARGO_BIN_EXE_scopegate")
        );
        let mut script = std::process::Command::new("script");
        remove_own_variables(&mut script);
        let output = script
            .args(["-qec", &command, "/dev/null"])
            .current_dir(fixture.shell.path())
            .env("TERM", "xterm")
            .env_remove("NO_COLOR")
            .env(variable.0, variable.1)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(log(("LANG", "C")).contains("\u{1b}["));
    for variable in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let text = log(variable);
        assert!(text.contains("listening") && !text.contains("\u{1b}["), "{text}");
    }
}

#[test]
fn a_manual_page_names_status_environment_and_files() {
    let manual = Shell::new().run(&["man"]).stdout;
    for text in [
        ".SH \"EXIT STATUS\"",
        ".SH ENVIRONMENT",
        ".SH FILES",
        "SCOPEGATE_DATABASE",
        "SCOPEGATE_KEY_ENCRYPTION_KEY_FILE",
        "scopegate.db.kek",
    ] {
        assert!(manual.contains(text), "{text}");
    }
}

#[test]
fn revoking_prints_a_readable_time_and_the_delay() {
    let fixture = FaultFixture::new();
    for line in [&["user", "revoke", "ada"][..], &["client", "revoke", "app"]] {
        let said = fixture.done(line).stdout;
        assert!(
            said.contains(" until 20") && said.contains("Z; running servers"),
            "{said}"
        );
        assert!(said.contains("`revocation_age`"), "{said}");
    }
    for line in [&["user", "set-scope", "ada", "me"][..], &["user", "disable", "ada"]] {
        let said = fixture.done(line).stdout;
        assert!(
            said.contains(" until 20") && said.contains("`revocation_age`"),
            "{said}"
        );
    }
}

#[test]
fn a_moved_key_encryption_key_is_found_by_the_message() {
    let fixture = FaultFixture::new();
    fixture.done(&["key", "rotate"]);
    std::fs::write(fixture.path("new.kek"), "0123456789abcdef".repeat(4)).unwrap();
    let moved = fixture.done(&["key", "rewrap", "--new-key-file", "new.kek"]);
    assert!(moved.stdout.contains("1 key is encrypted again"), "{}", moved.stdout);
    let (_, value) = moved.stderr.split_once("SCOPEGATE_KEY_ENCRYPTION_KEY_FILE=").unwrap();
    let (path, _) = value.split_once('`').unwrap();
    let lost = fixture.shell.run(&["key", "rotate"]);
    assert!(
        lost.complaint(2).contains("`SCOPEGATE_KEY_ENCRYPTION_KEY_FILE=FILE`"),
        "{}",
        lost.stderr
    );
    let found = [("SCOPEGATE_KEY_ENCRYPTION_KEY_FILE", path)];
    assert_eq!(fixture.shell.run_with(&["key", "rotate"], "", &found).status, 0);
}

/// A path in a file has the same meaning in every working directory.
#[test]
fn a_path_in_a_configuration_is_relative_to_its_file() {
    let fixture = FaultFixture::new();
    std::fs::create_dir(fixture.path("etc")).unwrap();
    std::fs::write(fixture.path("etc/kek"), "0123456789abcdef".repeat(4)).unwrap();
    std::fs::write(fixture.path("etc/secret"), "s".repeat(40)).unwrap();
    let lines = "key_encryption_key_file = 'kek'\nsecret_key_file = 'secret'\n";
    std::fs::write(fixture.path("etc/s.toml"), lines).unwrap();
    fixture.done(&["key", "rotate", "--config", "etc/s.toml"]);
    assert!(!fixture.names().contains(&"scopegate.db.kek".to_owned()));
    fixture.done(&["config", "check", "--config", "etc/s.toml"]);
    // A variable is relative to the working directory, as in a shell.
    let variable = [("SCOPEGATE_KEY_ENCRYPTION_KEY_FILE", "etc/kek")];
    assert_eq!(
        fixture
            .shell
            .run_with(&["key", "rewrap", "--new-key-file", "etc/kek"], "", &variable)
            .status,
        0
    );
    // The same holds for the files of a policy or an issuer that the file names.
    std::fs::write(fixture.path("etc/p.toml"), "shadow_policy = 'policy.toml'\n").unwrap();
    std::fs::write(fixture.path("etc/policy.toml"), "nonsense").unwrap();
    let run = fixture.shell.run(&["config", "check", "--config", "etc/p.toml"]);
    assert!(run.complaint(2).contains("etc/policy.toml"), "{}", run.stderr);
    let issuer = "issuer = 'https://id.example'\n[[issuers]]\nname = 'other'\nissuer = 'https://other.example'\ntokens = 'jwt'\ntrust_only = 'roots.pem'\n";
    std::fs::write(fixture.path("etc/i.toml"), issuer).unwrap();
    let run = fixture.shell.run(&["config", "check", "--config", "etc/i.toml"]);
    assert!(run.complaint(2).contains("etc/roots.pem"), "{}", run.stderr);
}

#[test]
fn a_database_that_cannot_be_opened_is_named_once_with_a_remedy() {
    let fixture = FaultFixture::new();
    std::fs::write(
        fixture.path("text.db"),
        "this is no database, and never was one\n".repeat(99),
    )
    .unwrap();
    std::fs::create_dir(fixture.path("folder.db")).unwrap();
    for (name, cause, remedy) in [
        ("text.db", "file is not a database", "give another file"),
        ("folder.db", "is not a regular file", "give another file"),
    ] {
        let database = format!("sqlite:{name}");
        let run = fixture.shell.run(&["user", "list", "--database", &database]);
        let error = run.complaint(2);
        assert!(error.contains(&database) && error.contains(remedy), "{error}");
        assert_eq!(error.matches(cause).count(), 1, "{error}");
    }
    let run = fixture.shell.run(&["client", "add", " ", "--public"]);
    assert_eq!(run.complaint(2), "the name of the client is empty");
}
