//! Processes on one database whose clocks differ by up to a minute: all refuse what a
//! command revokes, and all accept new tokens.

#![expect(clippy::disallowed_methods, reason = "other processes are waited for")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may fail"
)]
#![expect(clippy::print_stdout, reason = "a process says where it listens")]

mod node;

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::long_check;
use crate::shell::Shell;
use crate::support::{Server, at_most};

const PASSWORD: &str = "correct horse";

/// Seconds by which the clocks of the two nodes differ from that of the commands.
const SHIFTS: [[i64; 2]; 4] = [[60, 0], [-60, 0], [30, -30], [45, 1]];

/// Returns the first two shifts, or all of them in the long check.
fn shifts() -> impl Iterator<Item = [i64; 2]> {
    let is_long = long_check::is_on("clocks that differ by less than the limit");
    SHIFTS.into_iter().take(if is_long { SHIFTS.len() } else { 2 })
}

/// A database with a user and a client, and two nodes.
struct ClockFixture {
    shell: Shell,
    nodes: [Server; 2],
    shifts: [i64; 2],
}

impl ClockFixture {
    fn new(shifts: [i64; 2]) -> Self {
        let shell = Shell::new();
        let user = ["user", "add", "ada", "--scope", "me items", "--password-stdin"];
        let client = ["client", "add", "App", "--id", "app", "--public", "--grant", "password"];
        for line in [&user[..], &[&client[..], &["--scope", "me items"]].concat()] {
            let run = shell.run_with(line, PASSWORD, &[]);
            assert_eq!(run.status, 0, "{}", run.stderr);
        }
        let nodes = shifts.map(|shift| node::start(&shell.path().join("scopegate.db"), shift));
        Self { shell, nodes, shifts }
    }

    /// One token of each node, accepted by both.
    fn tokens(&self) -> [String; 2] {
        let tokens = [0, 1].map(|issuer| log_in(&self.nodes[issuer]).expect("a token"));
        for token in &tokens {
            assert_eq!(self.answers(token), [200, 200], "{:?}", self.shifts);
        }
        tokens
    }

    fn answers(&self, token: &str) -> [u16; 2] {
        [0, 1].map(|node| me(&self.nodes[node], token))
    }

    /// Waits until both nodes refuse both tokens.
    fn are_refused(&self, tokens: &[String; 2], what: &[&str]) {
        let begin = Instant::now();
        loop {
            let answers = [0, 1].map(|token| self.answers(&tokens[token]));
            if answers == [[401, 401], [401, 401]] {
                return;
            }
            assert!(
                begin.elapsed() < at_most(Duration::from_secs(10)),
                "{what:?} with clocks {:?}: {answers:?}",
                self.shifts
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn run(&self, line: &[&str]) {
        let run = self.shell.run_with(line, PASSWORD, &[]);
        assert_eq!(run.status, 0, "{line:?}: {}", run.stderr);
    }

    /// Runs commands one after the other, and checks tokens from before and after.
    fn revokes(&self, lines: &[&[&str]]) {
        let old = self.tokens();
        for line in lines {
            self.run(line);
        }
        self.are_refused(&old, lines.concat().as_slice());
        // The nodes may cache the user for a second.
        std::thread::sleep(Duration::from_millis(1_100));
        let new = self.tokens();
        self.are_refused(&old, lines.concat().as_slice());
        drop(new);
    }
}

fn log_in(node: &Server) -> Option<String> {
    let password = PASSWORD.replace(' ', "+");
    let form = format!("grant_type=password&client_id=app&username=ada&password={password}&scope=me");
    let head = "POST /token HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
    let kind = "Content-Type: application/x-www-form-urlencoded";
    let length = form.len();
    let answer = node.exchange(format!("{head}{kind}\r\nContent-Length: {length}\r\n\r\n{form}").as_bytes());
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    body["access_token"].as_str().map(str::to_owned)
}

fn me(node: &Server, token: &str) -> u16 {
    let head = "GET /users/me/ HTTP/1.1\r\nHost: a\r\nConnection: close";
    let request = format!("{head}\r\nAuthorization: Bearer {token}\r\n\r\n");
    node.exchange(request.as_bytes()).status
}

/// Runs each command that reduces rights, and the one that restores them.
#[test]
fn a_revocation_covers_the_tokens_of_nodes_with_other_clocks() {
    let commands: [&[&[&str]]; 7] = [
        &[&["user", "revoke", "ada"]],
        &[&["user", "disable", "ada"], &["user", "enable", "ada"]],
        &[&["user", "set-scope", "ada", "me"]],
        &[&["user", "set-password", "ada", "--password-stdin"]],
        &[&["client", "revoke", "app"]],
        &[&["client", "set-scope", "app", "me"]],
        &[
            &["client", "set-scope", "app", "me items"],
            &["client", "revoke", "app"],
        ],
    ];
    for shifts in shifts() {
        let fixture = ClockFixture::new(shifts);
        for lines in commands {
            fixture.revokes(lines);
        }
    }
}

/// The other node applies the change too, while the user stays disabled.
#[test]
fn a_disabled_user_is_refused_by_nodes_with_other_clocks() {
    for shifts in shifts() {
        let fixture = ClockFixture::new(shifts);
        let old = fixture.tokens();
        fixture.run(&["user", "disable", "ada"]);
        fixture.are_refused(&old, &["user", "disable"]);
        assert!(fixture.nodes.iter().all(|node| log_in(node).is_none()), "{shifts:?}");
    }
}
