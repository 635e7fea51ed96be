//! Messages with a command or a remedy: what they print can be run as it is.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::shell::{Run, Shell};
use crate::support::{scopegate_alone, shell_script};

const DATABASE: [&str; 2] = ["--database", "sqlite:a.db"];

fn run(shell: &Shell, line: &[&str]) -> Run {
    shell.run(&[&line[..2], &DATABASE, &line[2..]].concat())
}

/// Runs the command that a message prints, in a shell.
fn run_printed(shell: &Shell, message: &str, placeholder: (&str, &str)) {
    let (_, command) = message.split_once("`scopegate ").unwrap();
    let (command, _) = command.rsplit_once('`').unwrap();
    let command = command.replace(placeholder.0, placeholder.1);
    let script = format!("exec \"$0\" {command}");
    let output = shell_script(&script)
        .env("SCOPEGATE_DATABASE", "sqlite:a.db")
        .current_dir(shell.path())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {stderr}");
}

#[test]
fn printed_commands_are_quoted_for_a_shell() {
    for id in ["app", "a b", "a';b", "$(id)", "-x", "-x y", "~", "*"] {
        let shell = Shell::new();
        let option = format!("--id={id}");
        let added = run(&shell, &["client", "add", "App", &option, "--public", "--scope", "me"]);
        assert_eq!(added.status, 0, "{}", added.stderr);
        run_printed(&shell, &added.stderr, ("GRANT", "password"));
        let set = run(&shell, &["client", "set", "--scope", "", "--", id]);
        assert_eq!(set.status, 0, "{}", set.stderr);
        let refused = run(&shell, &["client", "add-secret", "--", id]);
        run_printed(&shell, refused.complaint(1), ("--confidential", "--confidential"));

        let name = format!("user{}", id.replace([' ', ';'], ""));
        let added = run(&shell, &["user", "add", "--no-password", "--", &name]);
        if added.status == 0 {
            run_printed(&shell, &added.stderr, ("SCOPES", "me"));
        }
    }
}

#[test]
fn user_of_another_issuer_needs_no_scope() {
    let shell = Shell::new();
    let add = |name: &str, id: &str| run(&shell, &["user", "add", name, "--no-password", "--id", id]).stderr;
    assert!(!add("alice", "https://id.example#alice").contains("has no scope"));
    assert!(!add("carol", "http://127.0.0.1:8001#carol").contains("has no scope"));
    assert!(add("bob", "bob#1").contains("has no scope"));
}

/// Starts a server and returns what it prints.
fn welcome(shell: &Shell, document: Option<&str>) -> String {
    let mut settings = "issuer = \"https://id.example\"\n".to_owned();
    if let Some(document) = document {
        fs::write(shell.path().join("it's.toml"), document).unwrap();
        settings.push_str("[[resources]]\naudience = \"https://api.example/a;b\"\ndocument = \"it's.toml\"\n");
    }
    fs::write(shell.path().join("s 1.toml"), settings).unwrap();
    let mut child = scopegate_alone()
        .args(["serve", "--listen", "127.0.0.1:0", "--config", "s 1.toml"])
        .current_dir(shell.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The text is written at once.
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let text = String::from_utf8(output.fill_buf().unwrap().to_vec()).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    text
}

#[test]
fn start_suggests_a_client_that_gets_tokens() {
    let shell = Shell::new();
    let scheme = "title = \"T\"\n[schemes.oauth]\nkind = \"oauth2\"\nclient_credentials = { token = \"token\" }\n";
    let without = welcome(&shell, None);
    assert!(
        without.contains("Declare your APIs") && !without.contains("client add"),
        "{without}"
    );
    let empty = welcome(&shell, Some(scheme));
    assert!(empty.contains("Declare scopes in the documents"), "{empty}");
    assert!(!empty.contains("client add"), "{empty}");

    let document = format!("{scheme}[schemes.oauth.scopes]\n\"it's\" = \"One.\"\n\"b\" = \"Two.\"\n");
    let declared = welcome(&shell, Some(&document));
    let (_, command) = declared.split_once("  scopegate client add NAME").unwrap();
    let script = format!("exec \"$0\" client add NAME {}", command.trim());
    let output = shell_script(&script).current_dir(shell.path()).output().unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        output.status.success() && said.contains("https://api.example/a;b"),
        "{script}: {said}"
    );
    assert!(!said.contains("note:"), "{said}");
}

#[test]
fn audit_notes_an_unknown_name() {
    let shell = Shell::new();
    run(&shell, &["user", "add", "ada", "--no-password"]);
    for (option, note) in [
        ("--user", "note: there is no user `bob`"),
        ("--client", "note: there is no client `bob`"),
    ] {
        let shown = shell.run(&["audit", option, "bob", DATABASE[0], DATABASE[1]]);
        assert_eq!((shown.status, shown.stdout.as_str()), (0, ""));
        assert!(shown.stderr.starts_with(note), "{}", shown.stderr);
    }
    let known = shell.run(&["audit", "--user", "ada", DATABASE[0], DATABASE[1]]);
    assert!(
        known.stderr.is_empty() && known.stdout.contains("user.added"),
        "{}",
        known.stderr
    );
}

#[test]
fn document_that_is_a_pipe_is_refused() {
    let shell = Shell::new();
    let pipe = shell.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let settings = "[[resources]]\naudience = \"https://api.example\"\ndocument = \"pipe\"\n";
    fs::write(shell.path().join("s.toml"), settings).unwrap();
    let check = shell.run(&["config", "check", "--config", "s.toml"]);
    let complaint = check.complaint(2);
    assert!(
        complaint.ends_with("pipe` is not a regular file; name a file"),
        "{complaint}"
    );
}
