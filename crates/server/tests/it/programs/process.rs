//! Runs programs bounded in time, and ends each by its process id.

#![expect(clippy::panic, reason = "a test may fail")]

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// The time limit of an answer, and of the end of a program.
const LIMIT: Duration = Duration::from_mins(2);

/// The pause between two attempts, and the number of attempts: half a minute.
const PAUSE: Duration = Duration::from_millis(50);
const ATTEMPTS: u32 = 600;

/// A running program. Dropped, it receives `SIGTERM`, and `SIGKILL` if it does not end.
pub(crate) struct Program {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    errors: Receiver<String>,
}

impl Program {
    /// Starts a program. Both of its outputs are read to their ends.
    pub(crate) fn start(command: &mut Command) -> Self {
        let started = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = started.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self {
            input: child.stdin.take(),
            lines: lines_of(child.stdout.take().unwrap()),
            errors: lines_of(child.stderr.take().unwrap()),
            child,
        }
    }

    /// Writes a line to the program, and returns its next line.
    pub(crate) fn ask(&mut self, line: &str) -> String {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{line}").unwrap();
        let answer = self.lines.recv_timeout(LIMIT);
        answer.unwrap_or_else(|_| panic!("no answer: {}", self.said()))
    }

    /// Writes the whole input of the program.
    pub(crate) fn write_input(&mut self, text: &str) {
        let mut input = self.input.take().unwrap();
        input.write_all(text.as_bytes()).unwrap();
    }

    /// The lines of a program that ends by itself. Panics if it fails or takes too long.
    pub(crate) fn output(mut self) -> Vec<String> {
        drop(self.input.take());
        let mut lines = Vec::new();
        loop {
            match self.lines.recv_timeout(LIMIT) {
                Ok(line) => lines.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("not ended after {LIMIT:?}: {}", self.said()),
            }
        }
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {}\n{}", lines.join("\n"), self.said());
        lines
    }

    /// Waits until a condition holds while the program runs.
    pub(crate) fn wait_for(&mut self, what: &str, mut holds: impl FnMut() -> bool) {
        for _ in 0..ATTEMPTS {
            if holds() {
                return;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("ended with {status} before {what}: {}", self.said());
            }
            thread::sleep(PAUSE);
        }
        panic!("never {what}: {}", self.said());
    }

    /// Waits until a port of the loopback address accepts connections.
    pub(crate) fn wait_for_port(&mut self, port: u16) {
        self.wait_for("listening", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    }

    /// Its standard error until now.
    fn said(&self) -> String {
        self.errors.try_iter().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        for _ in 0..ATTEMPTS {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
            thread::sleep(PAUSE);
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A port of the loopback address that no program uses.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn lines_of(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // Without a receiver it reads on, so that the program never blocks.
            drop(sender.send(line));
        }
    });
    lines
}
