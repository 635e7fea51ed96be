//! Runs the commands of the documentation as its readers do: in a folder with the database and the
//! files that the page assumes.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::commands::words;
use super::{code_blocks_of, shell_blocks};
use crate::shell::{Run, Shell};
use crate::support::{Server, scopegate_alone, shell_script};

/// The password of each user.
const PASSWORD: &str = "a long secret";

/// The lines of all shell blocks of a document, from the block that contains this text.
fn lines_from(document: &str, text: &str) -> Vec<String> {
    let blocks = shell_blocks(document).into_iter();
    let blocks = blocks.skip_while(|block| !block.contains(text));
    let lines = blocks.flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>());
    lines.filter(|line| !line.trim().is_empty()).collect()
}

/// The block of a document that contains this text.
fn block(document: &str, text: &str) -> String {
    let blocks = code_blocks_of(document);
    let found = blocks.into_iter().find(|(_, block)| block.contains(text));
    found.expect("a block").1
}

/// Runs a line with this input, and expects success.
fn run(shell: &Shell, line: &str, input: &str) -> Run {
    let words = words(line);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    assert_eq!(words.first(), Some(&"scopegate"), "{line}");
    let run = shell.run_with(words.get(1..).expect("a command"), input, &[]);
    assert_eq!(run.status, 0, "{line}: {}", run.stderr);
    run
}

/// A folder with the configuration and the document that README.md names.
fn operator() -> Shell {
    let shell = Shell::without_resources();
    let write = |name: &str, text: &str| fs::write(shell.path().join(name), text).unwrap();
    write("ships.json", &block("docs/authorization-server.md", "openapi: 3.1.0"));
    write("scopegate.toml", &block("README.md", "[[resources]]"));
    shell
}

/// A token of `https://issuer.example` for `https://api.example`, and the keys of that issuer.
fn foreign_token() -> (String, String) {
    let shell = Shell::new();
    shell
        .add_client("billing", &["--grant", "client_credentials", "--scope", "me"])
        .json();
    let issuer = ["--issuer", "https://issuer.example"];
    let issue = [
        "token",
        "issue",
        "--client",
        "billing",
        "--scope",
        "me",
        "--database",
        "sqlite:a.db",
    ];
    let token = shell.run(&[&issue[..], &issuer].concat());
    assert_eq!(token.status, 0, "{}", token.stderr);
    let database = format!("sqlite:{}", shell.path().join("a.db").display());
    let server = Server::start(&[&["--database", &database], &issuer[..]].concat(), &[]);
    let keys = server.exchange(b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    (token.stdout, keys.body)
}

#[test]
fn further_commands_of_readme_run() {
    let shell = operator();
    let (token, keys) = foreign_token();
    fs::write(shell.path().join("keys.json"), keys).unwrap();
    let lines = lines_from("README.md", "scopegate user add ada");
    let lines: Vec<&String> = lines.iter().filter(|line| line.starts_with("scopegate ")).collect();
    let is_of_server = |line: &&&String| !line.starts_with("scopegate policy ");
    let lines: Vec<&&String> = lines.iter().filter(is_of_server).collect();
    assert_eq!(lines.len(), 6, "{lines:?}");
    for line in lines {
        let input = if line.contains("token verify") {
            &token
        } else {
            PASSWORD
        };
        let printed = run(&shell, line, input).stdout;
        let part = match line {
            line if line.contains("user add") => "ships:read",
            line if line.contains("client add") => "https://api.example.com/ships",
            line if line.contains("token verify") => "\"valid\":true",
            line if line.contains("key rotate") => "key",
            line if line.contains("user revoke") => "ada",
            _ => "scopegate-backup.db",
        };
        assert!(printed.contains(part), "{line}: {printed}");
    }
    assert!(shell.path().join("scopegate-backup.db").exists());
}

/// The process of a line that runs until it is stopped. Killed when dropped.
struct Endless(Child);

impl Drop for Endless {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn commands_of_the_audit_page_run() {
    let shell = operator();
    let user = "scopegate user add johndoe --password-stdin --config scopegate.toml";
    run(&shell, user, PASSWORD);
    let client = "scopegate client add Billing --id billing --public --config scopegate.toml --resource https://api.example.com/ships";
    run(&shell, client, "");
    let lines = lines_from("docs/audit.md", "scopegate audit");
    let [week, of_user, of_client, follow, copy] = &lines[..] else {
        panic!("five lines: {lines:?}");
    };
    let printed = run(&shell, week, "").stdout;
    assert_eq!(printed.lines().count(), 2, "{printed}");
    // Each line has the form of those that the page shows.
    let form = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_time = words
            .first()
            .is_some_and(|time| time.len() == 27 && time.ends_with('Z'));
        is_time && words.get(1).is_some_and(|event| event.contains('.')) && words.get(2) == Some(&"succeeded")
    };
    let shown = block("docs/audit.md", "user.disabled succeeded");
    assert!(shown.lines().chain(printed.lines()).all(form), "{printed}");
    assert_eq!(run(&shell, of_user, "").stdout, "", "no login has failed");
    let printed = run(&shell, of_client, "").stdout;
    assert!(
        printed.lines().count() == 1 && printed.contains("client.added"),
        "{printed}"
    );

    let words = words(follow);
    let mut process = scopegate_alone();
    process
        .args(words.iter().skip(1))
        .current_dir(shell.path())
        .stdout(Stdio::piped());
    let mut process = Endless(process.spawn().unwrap());
    let mut lines = BufReader::new(process.0.stdout.take().unwrap()).lines();
    let entry: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert!(entry["event"].is_string(), "{entry}");
    drop(process);

    // The other machine is a socket of this test.
    let machine = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/scopegate", machine.local_addr().unwrap());
    let script = copy.replace("https://log.example/scopegate", &url);
    assert_ne!(&script, copy);
    let script = script.replacen("scopegate", "\"$0\"", 1);
    let mut process = shell_script(&script);
    let mut process = Endless(process.current_dir(shell.path()).stdout(Stdio::null()).spawn().unwrap());
    let (mut stream, _) = machine.accept().unwrap();
    stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
    let lines = BufReader::new(stream.try_clone().unwrap())
        .lines()
        .map_while(Result::ok);
    let mut entries = lines.filter(|line| line.starts_with('{'));
    let entry: Value = serde_json::from_str(&entries.next().unwrap()).unwrap();
    assert!(entry["event"].is_string(), "{entry}");
    drop((entries, stream));
    // `curl` finds out with a later entry, and then the command has no reader.
    let has_ended = (0..50).any(|number| {
        let verb = if number % 2 == 0 { "disable" } else { "enable" };
        run(&shell, &format!("scopegate user {verb} johndoe"), "");
        std::thread::sleep(Duration::from_millis(100));
        process.0.try_wait().unwrap().is_some()
    });
    assert!(has_ended);
}

#[test]
fn commands_of_the_backup_page_run() {
    let shell = operator();
    run(
        &shell,
        "scopegate user add ada --password-stdin --config scopegate.toml",
        PASSWORD,
    );
    let lines = lines_from("docs/backup.md", "scopegate backup");
    let [backup, restore] = &lines[..] else {
        panic!("two lines: {lines:?}");
    };
    run(&shell, backup, "");
    // The page states which files are moved.
    let lost = shell.path().join("lost");
    fs::create_dir(&lost).unwrap();
    for name in ["scopegate.db", "scopegate.db-wal", "scopegate.db-shm"] {
        let _ = fs::rename(shell.path().join(name), lost.join(name));
    }
    run(&shell, restore, "");
    let shown = run(&shell, "scopegate user show ada", "").stdout;
    assert!(shown.contains("ada"), "{shown}");
    run(&shell, "scopegate restore finish", "");
}

#[test]
fn commands_of_the_configuration_pages_run() {
    let shell = Shell::without_resources();
    let lines = lines_from("docs/configuration.md", "scopegate config");
    assert_eq!(lines.len(), 2, "{lines:?}");
    for line in &lines {
        run(&shell, line, "");
    }
    let shell = Shell::without_resources();
    let issuers = block("docs/issuers.md", "name = \"corp\"");
    fs::write(shell.path().join("scopegate.toml"), issuers).unwrap();
    let lines = lines_from("docs/issuers.md", "scopegate config check");
    run(&shell, lines.first().unwrap(), "");

    let lines = lines_from("docs/operations.md", "scopegate serve");
    let words = words(&lines.first().unwrap().replace("9000", "0"));
    let words: Vec<&str> = words.iter().skip(2).map(String::as_str).collect();
    let server = Server::start(&words, &[]);
    let answer = server.exchange(b"GET /docs HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(answer.status, 200);
}

/// The document of the page requires what the handlers enforce. The page states what is missing
/// without `active`.
#[test]
fn own_document_of_the_page_is_accepted() {
    let page = "docs/authorization-server.md";
    let shell = Shell::without_resources();
    let write = |name: &str, text: &str| fs::write(shell.path().join(name), text).unwrap();
    let table = "[[resources]]\naudience = \"https://api.example\"\ndocument = \"tutorial.toml\"\nown = true\n";
    write("scopegate.toml", table);
    let document = block(page, "[schemes.login]");
    write("tutorial.toml", &document);
    run(&shell, &lines_from(page, "scopegate config check")[0], "");
    let without = document.replace("\"me and active\"", "\"me\"");
    assert_ne!(without, document);
    write("tutorial.toml", &without);
    let checked = shell.run(&["config", "check", "--config", "scopegate.toml"]);
    let complaint = checked.complaint(2);
    assert!(
        complaint.contains("`GET /users/me/`") && complaint.contains("`active`"),
        "{complaint}"
    );
}
