//! Side files of a database: their names are refused for other files.

use std::fs;
use std::os::unix::fs::symlink;

use crate::faults::fixture::{COMMANDS, Creates, FaultFixture, PASSWORD};

/// The files that SQLite and the program keep with a database.
const ENDS: [&str; 6] = ["-wal", "-shm", "-journal", ".kek", ".kek.next", ".key"];

/// SQLite would use a database with such a name as the log of another one, or delete it.
#[test]
fn no_command_writes_a_file_with_the_name_of_a_side_file() {
    let fixture = FaultFixture::new();
    fixture.done(&["backup", "backup.db"]);
    fs::create_dir(fixture.path("links")).unwrap();
    symlink("../scopegate.db", fixture.path("links/a.db")).unwrap();
    let document = r#"{"openapi":"3.1.0","info":{"title":"T","version":"1"},"paths":{"/a":{"get":{"responses":{}}}}}"#;
    fs::write(fixture.path("a.json"), document).unwrap();
    let before = fixture.files();
    for end in ENDS {
        let name = format!("scopegate.db{end}");
        let url = format!("sqlite:{name}");
        let created = COMMANDS.iter().filter(|(_, creates)| *creates == Creates::Yes);
        let mut lines: Vec<Vec<&str>> = created
            .map(|(line, _)| [line, &["--database", &url][..]].concat())
            .collect();
        lines.push(vec!["serve", "--demo", "--listen", "127.0.0.1:0", "--database", &url]);
        lines.push(vec!["config", "check", "--database", &url]);
        lines.push(vec!["restore", "backup.db", "--database", &url]);
        lines.push(vec!["backup", &name]);
        lines.push(vec!["backup", &name, "--database", "sqlite:links/a.db"]);
        lines.push(vec!["backup", &name, "--database", "sqlite:backup.db"]);
        lines.push(vec!["policy", "graph", "a.json", "--as", "svg", "--output", &name]);
        lines.push(vec!["policy", "lint", "a.json", "--write-baseline", &name]);
        for line in lines {
            let run = fixture.shell.run_with(&line, PASSWORD, &[]);
            assert_eq!(run.status, 2, "{line:?}: {}", run.stderr);
            let error = run.stderr.lines().last().unwrap_or_default();
            assert!(
                error.contains("scopegate.db") && error.contains("give another name"),
                "{line:?}: {error}"
            );
            assert!(fixture.files() == before, "{line:?}: {:?}", fixture.names());
        }
    }
    assert_eq!(fixture.users("sqlite:scopegate.db"), ["ada"]);
}

/// A name belongs to a database only if the database exists, as docs/backup.md states. It cannot
/// be created afterwards, because SQLite would take the file as its log.
#[test]
fn name_without_its_database_is_free() {
    let fixture = FaultFixture::new();
    for end in ENDS.into_iter().filter(|end| *end != ".key") {
        let name = format!("other.db{end}");
        fixture.done(&["backup", &name]);
        let before = fixture.files();
        let line = ["user", "add", "eve", "--no-password", "--database", "sqlite:other.db"];
        let run = fixture.shell.run(&line);
        assert_eq!(run.status, 2, "{name}: {}", run.stderr);
        assert!(fixture.files() == before, "{name}: {:?}", fixture.names());
        fs::remove_file(fixture.path(&name)).unwrap();
    }
}

/// The log of a database in use may be empty.
#[test]
fn a_picture_does_not_replace_an_empty_log() {
    let fixture = FaultFixture::new();
    let document = r#"{"openapi":"3.1.0","info":{"title":"T","version":"1"},"paths":{"/a":{"get":{"responses":{}}}}}"#;
    fs::write(fixture.path("a.json"), document).unwrap();
    let log = fixture.path("scopegate.db-wal");
    fs::write(&log, "").unwrap();
    symlink("scopegate.db-wal", fixture.path("a.svg")).unwrap();
    for name in ["scopegate.db-wal", "a.svg"] {
        let run = fixture
            .shell
            .run(&["policy", "graph", "a.json", "--as", "svg", "--output", name]);
        assert_eq!(run.status, 2, "{}", run.stderr);
        assert_eq!(fs::read(&log).unwrap(), b"", "{name}");
    }
}
