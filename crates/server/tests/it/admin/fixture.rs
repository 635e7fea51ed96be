//! The program with both listeners and its log.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::admin::prometheus::Samples;
use crate::support::{Answer, SERVE_BOTH, Server, scopegate, scopegate_alone};

/// The key of the demo's tokens in these tests.
pub(crate) const SECRET_KEY: &str = "a key that must stand in no log, in no metric and in no answer";

/// A running server with an admin listener.
pub(crate) struct AdminFixture {
    pub(crate) server: Server,
    admin: SocketAddr,
    log: Receiver<String>,
}

impl AdminFixture {
    /// Starts the demo with these arguments and both listeners.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::run(scopegate_alone(), &[&["--demo"], arguments].concat())
    }

    /// Starts the server with these arguments and both listeners.
    pub(crate) fn serve(arguments: &[&str]) -> Self {
        Self::run(scopegate(), arguments)
    }

    fn run(mut program: Command, arguments: &[&str]) -> Self {
        let mut process = program
            .args(SERVE_BOTH)
            .args(arguments)
            .env("SCOPEGATE_SECRET_KEY", SECRET_KEY)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (sender, log) = channel();
        let lines = BufReader::new(process.stderr.take().expect("a pipe")).lines();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let mut addresses = lines.map_while(Result::ok).filter_map(|line| {
            let (_, rest) = line.split_once("http://")?;
            rest.split(['/', ' ']).next()?.parse().ok()
        });
        let address = addresses.next().expect("where it listens");
        let admin = addresses.next().expect("where supervisors ask");
        std::thread::spawn(move || addresses.for_each(drop));
        Self {
            server: Server { process, address },
            admin,
            log,
        }
    }

    /// The address of the admin listener.
    pub(crate) fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// Sends a request to the admin listener.
    pub(crate) fn ask(&self, method: &str, path: &str) -> Answer {
        send(self.admin, &request(method, path, "", ""))
    }

    /// Repeats a request until it has this response.
    pub(crate) fn wait_for(&self, path: &str, status: u16, body: &str) {
        let begin = Instant::now();
        loop {
            let answer = self.ask("GET", path);
            if (answer.status, answer.body.as_str()) == (status, body) {
                return;
            }
            assert!(begin.elapsed() < Duration::from_mins(1), "{answer:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Reads the metrics.
    pub(crate) fn samples(&self) -> Samples {
        let answer = self.ask("GET", "/metrics");
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.header("content-type"),
            Some("text/plain; version=0.0.4; charset=utf-8")
        );
        Samples::parse(&answer.body)
    }

    /// The number of calls to the store by each method, and the number of commits.
    pub(crate) fn store_calls(&self) -> Vec<(String, u64)> {
        let samples = self.samples();
        let name = "scopegate_store_duration_seconds_count";
        let series = samples.series().into_iter().filter(|sample| sample.starts_with(name));
        let mut calls: Vec<_> = series
            .map(|sample| (sample.to_owned(), samples.count(sample)))
            .collect();
        calls.push(("commits".to_owned(), samples.count("scopegate_store_commits_total")));
        calls
    }

    /// Waits for the end of the first pass of the cleanup, which counts the rows.
    pub(crate) fn wait_for_cleanup(&self) {
        let begin = Instant::now();
        while !self.samples().series().contains(r#"scopegate_rows{table="users"}"#) {
            assert!(begin.elapsed() < Duration::from_mins(1), "no rows are shown");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Sends a request to the server. `headers` are whole lines.
    pub(crate) fn call(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        send(self.server.address, &request(method, path, headers, body))
    }

    /// Logs in with this form.
    pub(crate) fn log_in(&self, form: &str) -> Answer {
        self.call(
            "POST",
            "/token",
            "Content-Type: application/x-www-form-urlencoded\r\n",
            form,
        )
    }

    /// Gets a token of johndoe with these scopes.
    pub(crate) fn token(&self, scope: &str) -> String {
        let answer = self.log_in(&format!("username=johndoe&password=secret&scope={scope}"));
        let body: serde_json::Value = serde_json::from_str(&answer.body).expect("a token");
        body["access_token"].as_str().expect("a token").to_owned()
    }

    /// Stops the server and returns its log.
    pub(crate) fn stop(mut self) -> Vec<String> {
        let id = self.server.process.id().to_string();
        let killed = Command::new("kill").args(["-TERM", &id]).status();
        assert!(killed.expect("kill runs").success());
        assert!(self.server.process.wait().expect("it ends").success());
        self.log.iter().collect()
    }
}

/// Returns the difference of two lists of calls, without equal numbers.
pub(crate) fn more(before: &[(String, u64)], after: &[(String, u64)]) -> Vec<(String, u64)> {
    let added = after.iter().map(|(name, count)| {
        let old = before
            .iter()
            .find(|(other, _)| other == name)
            .map_or(0, |(_, count)| *count);
        (name.clone(), count - old)
    });
    added.filter(|(_, count)| *count > 0).collect()
}

fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
}

fn send(address: SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).expect("the listener accepts");
    stream
        .set_read_timeout(Some(Duration::from_mins(1)))
        .expect("a time limit");
    let _ = stream.write_all(request.as_bytes());
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    Answer::parse(&bytes)
}
