//! The output on a terminal while a command takes long. The terminal is that of `script`
//! (util-linux).
//!
//! The command takes long because its file is a pipe without input yet. If one of the programs is
//! missing, the tests report it and pass.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::documents::shop;
use crate::shell::Shell;

const LINE: &str = "\r\x1b[Kstill at work, 1 s\r\x1b[Kstill at work, 2 s";
const CLEARED: &str = "\r\x1b[K";
/// A limit far above the duration of these tests.
const PATIENCE: Duration = Duration::from_mins(2);

/// A command on a terminal, and its output so far.
struct Terminal {
    script: Child,
    written: Receiver<Vec<u8>>,
    so_far: Vec<u8>,
}

impl Terminal {
    fn run(folder: &Path, line: &str) -> Self {
        let program = env!("CARGO_BIN_EXE_scopegate");
        let mut script = Command::new("script");
        // The program refuses unknown variables of its prefix.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SCOPEGATE_")) {
            script.env_remove(name);
        }
        let mut script = script
            .args(["-qefc", &format!("'{program}' {line}"), "/dev/null"])
            .current_dir(folder)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut terminal = script.stdout.take().unwrap();
        let (told, written) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 1024];
            while let Ok(count @ 1..) = terminal.read(&mut bytes) {
                if told.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            script,
            written,
            so_far: Vec::new(),
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.so_far).into_owned()
    }

    /// Reads on until this text appears.
    fn wait_for(&mut self, wanted: &str) {
        while !self.text().contains(wanted) {
            // A limit, so that a missing line ends the wait even if other lines continue.
            let is_more = self.so_far.len() < 10_000;
            let bytes = self.written.recv_timeout(PATIENCE).unwrap_or_default();
            if !is_more || bytes.is_empty() {
                // The output that it waits for would not come either.
                let _ = self.script.kill();
            }
            assert!(is_more && !bytes.is_empty(), "no {wanted:?} in {:?}", self.text());
            self.so_far.extend(bytes);
        }
    }

    /// All output until the command ended, and its status.
    fn end(mut self) -> (String, i32) {
        while let Ok(bytes) = self.written.recv_timeout(PATIENCE) {
            self.so_far.extend(bytes);
        }
        let status = self.script.wait().unwrap().code().unwrap_or(-1);
        (self.text(), status)
    }
}

fn says(program: &str, version: &str) -> bool {
    let told = Command::new(program).arg("--version").output();
    let is_there = told.is_ok_and(|told| String::from_utf8_lossy(&told.stdout).contains(version));
    if !is_there {
        eprintln!("SKIPPED: there is no `{program}` of {version}");
    }
    is_there
}

/// A shop whose document is read from a pipe, and the document.
fn slow_shop() -> Option<(Shell, String)> {
    if !says("script", "util-linux") || !says("mkfifo", "coreutils") {
        return None;
    }
    let shell = Shell::with("shop.json", &shop());
    let pipe = shell.path().join("pipe.json");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    Some((shell, shop().to_string()))
}

#[test]
fn the_line_is_drawn_and_taken_away_and_leaves_the_answer_alone() {
    let Some((shell, document)) = slow_shop() else { return };
    let plain = shell.run(&["policy", "routes", "shop.json", "--format", "json"]);

    let mut terminal = Terminal::run(shell.path(), "policy routes pipe.json --format json > answer.json");
    terminal.wait_for(LINE);
    fs::write(shell.path().join("pipe.json"), &document).unwrap();
    let (told, status) = terminal.end();
    assert_eq!(status, 0, "{told:?}");
    assert!(told.starts_with(LINE) && told.ends_with(CLEARED), "{told:?}");
    let lines = told.split(CLEARED).filter(|line| !line.is_empty());
    let expected = (1..).map(|seconds| format!("still at work, {seconds} s"));
    assert!(lines.zip(expected).all(|(line, expected)| line == expected), "{told:?}");
    let answer = fs::read_to_string(shell.path().join("answer.json")).unwrap();
    assert_eq!(answer, plain.stdout);
}

#[test]
fn an_answer_on_the_same_terminal_stands_where_the_line_was() {
    let Some((shell, document)) = slow_shop() else { return };
    let plain = shell.run(&["policy", "routes", "shop.json"]).stdout;

    let mut terminal = Terminal::run(shell.path(), "policy routes pipe.json");
    terminal.wait_for("still at work, 1 s");
    fs::write(shell.path().join("pipe.json"), &document).unwrap();
    let (told, _) = terminal.end();
    let (line, answer) = told.rsplit_once(CLEARED).unwrap();
    assert!(line.starts_with("\r\x1b[Kstill at work, 1 s"), "{told:?}");
    // A terminal starts each line with a carriage return.
    assert_eq!(answer.replace("\r\n", "\n"), plain);
}
