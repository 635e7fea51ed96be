//! `scopegate audit --follow` shows entries as they are written, and ends with its reader.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::{AuditFixture, DATABASE};
use crate::support::scopegate;

fn follow(fixture: &AuditFixture) -> (Child, BufReader<ChildStdout>) {
    let mut child = scopegate()
        .args(["audit", "--follow", "--limit", "1"])
        .args(DATABASE)
        .current_dir(fixture.shell.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

fn next(output: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    line
}

#[test]
fn new_entries_are_shown_once_until_ctrl_c() {
    let fixture = AuditFixture::new();
    let (mut child, mut output) = follow(&fixture);
    assert!(next(&mut output).contains("user.added"));
    fixture.succeed(&["user", "disable", "johndoe"]);
    assert!(next(&mut output).contains("user.disabled"));
    fixture.succeed(&["user", "enable", "johndoe"]);
    assert!(next(&mut output).contains("user.enabled"));
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert_eq!(next(&mut output), "");
    assert!(child.wait().unwrap().success());
}

#[test]
fn following_ends_with_its_reader() {
    let fixture = AuditFixture::new();
    let (mut child, mut output) = follow(&fixture);
    assert!(next(&mut output).contains("user.added"));
    // Without another entry that could not be written.
    drop(output);
    assert!(child.wait().unwrap().success());
}
