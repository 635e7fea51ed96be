//! Passwords that are typed on a terminal. `script` provides the terminal.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::faults::fixture::{FaultFixture, log_in_with};
use crate::support::remove_own_variables;

const TYPED: &str = "horsebattery";

/// Runs a command on a terminal and types one text after each of the prompts. Returns its status
/// and all that the terminal shows.
fn run(fixture: &FaultFixture, line: &str, prompts: &[(&str, &str)]) -> (Option<i32>, String) {
    let program = env!("CARGO_BIN_EXE_scopegate");
    let mut script = Command::new("script");
    remove_own_variables(&mut script);
    let mut script = script
        .args(["-qefc", &format!("'{program}' {line}"), "/dev/null"])
        .current_dir(fixture.shell.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program `script` of util-linux is needed for a terminal");
    let (mut keyboard, mut screen) = (script.stdin.take().unwrap(), script.stdout.take().unwrap());
    let (sender, shown) = channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 256];
        while let Ok(count @ 1..) = screen.read(&mut bytes) {
            let _ = sender.send(String::from_utf8_lossy(&bytes[..count]).into_owned());
        }
    });
    let mut text = String::new();
    for (prompt, typed) in prompts {
        wait_for(prompt, &mut text, &shown);
        // The echo is switched off after the prompt.
        std::thread::sleep(Duration::from_millis(200));
        keyboard.write_all(format!("{typed}\n").as_bytes()).unwrap();
    }
    let status = script.wait().unwrap();
    while let Ok(more) = shown.recv_timeout(Duration::from_millis(500)) {
        text.push_str(&more);
    }
    (status.code(), text)
}

fn wait_for(prompt: &str, text: &mut String, shown: &Receiver<String>) {
    while !text.contains(prompt) {
        let more = shown.recv_timeout(Duration::from_secs(20)).expect(prompt);
        text.push_str(&more);
    }
}

#[test]
fn a_typed_password_is_not_shown() {
    let fixture = FaultFixture::new();
    let once = [("Password: ", TYPED)];
    let twice = [("Password: ", TYPED), ("Once more: ", TYPED)];
    for (line, prompts) in [
        ("user add eve --scope me --password-stdin", &once[..]),
        ("user add fay --scope me", &twice),
        ("user set-password ada --password-stdin", &once),
    ] {
        let (status, shown) = run(&fixture, line, prompts);
        assert_eq!(status, Some(0), "{line}: {shown}");
        assert!(!shown.contains(TYPED), "{line}: {shown}");
    }
    let server = fixture.serve();
    for name in ["ada", "eve", "fay"] {
        assert_eq!(log_in_with(&server, name, TYPED).status, 200, "{name}");
    }
}

#[test]
fn a_typed_password_that_is_refused_is_not_shown() {
    let fixture = FaultFixture::new();
    for (line, prompts) in [
        ("user add eve --password-stdin", &[("Password: ", "1horse")][..]),
        ("user add eve", &[("Password: ", TYPED), ("Once more: ", "1horse2")]),
    ] {
        let (status, shown) = run(&fixture, line, prompts);
        assert_eq!(status, Some(2), "{line}: {shown}");
        assert!(!shown.contains("horse"), "{line}: {shown}");
    }
    assert_eq!(fixture.users("sqlite:scopegate.db"), ["ada"]);
}
