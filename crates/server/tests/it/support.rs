//! The built program, and a plain client that can send any bytes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Whether this is the long check, which runs on an idle machine and asserts times.
pub(crate) fn asserts_times() -> bool {
    std::env::var_os("SCOPEGATE_LONG").is_some()
}

/// Returns a limit of time for the long check. Any other check waits at least two minutes, because
/// its machine may be busy.
pub(crate) fn at_most(limit: Duration) -> Duration {
    if asserts_times() {
        limit
    } else {
        limit.max(Duration::from_mins(2))
    }
}

/// The arguments of a server with a public and an admin listener.
pub(crate) const SERVE_BOTH: [&str; 5] = ["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];

/// A configuration with the tutorial's API as the own resource.
pub(crate) const OWN_API: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures/scopegate.toml");

/// The audience of that resource.
pub(crate) const OWN_AUDIENCE: &str = "https://api.example";

/// A running `scopegate serve`, which is killed when dropped.
pub(crate) struct Server {
    pub(crate) process: Child,
    pub(crate) address: SocketAddr,
}

/// The program with the tutorial's API as its own resource, and without our other variables.
pub(crate) fn scopegate() -> Command {
    let mut command = scopegate_alone();
    command.env("SCOPEGATE_CONFIG", OWN_API);
    command
}

/// The program without our own variables.
pub(crate) fn scopegate_alone() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scopegate"));
    remove_own_variables(&mut command);
    command
}

/// A script of `sh` without our own variables, in which `$0` is the program.
pub(crate) fn shell_script(script: &str) -> Command {
    let mut command = Command::new("sh");
    remove_own_variables(&mut command);
    command.args(["-c", script, env!("CARGO_BIN_EXE_scopegate")]);
    command
}

/// Removes variables of the test run, because the program refuses unknown ones.
pub(crate) fn remove_own_variables(command: &mut Command) {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SCOPEGATE_")) {
        command.env_remove(name);
    }
}

impl Server {
    /// Starts `scopegate serve --listen 127.0.0.1:0` with these arguments and variables. Waits
    /// until it listens. Without `--demo` and `--config` it serves the
    /// tutorial's API.
    pub(crate) fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let line = ["--listen", "127.0.0.1:0"].iter().chain(arguments);
        Self::start_at(&line.copied().collect::<Vec<_>>(), variables)
    }

    /// The same with an address among the arguments.
    pub(crate) fn start_at(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let command = if arguments.contains(&"--demo") {
            scopegate_alone
        } else {
            scopegate
        };
        let mut child = command()
            .args(["serve", "--log-level", "warn"])
            .args(arguments)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"))
            .lines()
            .map_while(Result::ok);
        let address = lines
            .find_map(|line| address_in(&line))
            .expect("the program says where it listens");
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            process: child,
            address,
        }
    }

    /// Starts a server, stops it when it listens, and returns what it printed and logged.
    pub(crate) fn printed_at_start(arguments: &[&str]) -> (String, String) {
        let mut child = scopegate()
            .args(["serve", "--listen", "127.0.0.1:0", "--log-level", "info"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut printed = String::new();
        while address_in(&printed).is_none() {
            assert_ne!(stdout.read_line(&mut printed).expect("text"), 0, "{printed}");
        }
        let id = child.id().to_string();
        let stopped = Command::new("kill").args(["-TERM", &id]).status();
        assert!(stopped.expect("kill runs").success());
        stdout.read_to_string(&mut printed).expect("text");
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{output:?}");
        (printed, String::from_utf8(output.stderr).expect("text"))
    }

    /// Sends a request and reads until the server closes the connection.
    pub(crate) fn exchange(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect();
        // A server may respond and close before it has read everything.
        let _ = stream.write_all(request);
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        Answer::parse(&bytes)
    }

    /// A connection that gives up after a minute.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("the server accepts");
        stream
            .set_read_timeout(Some(Duration::from_mins(1)))
            .expect("a time limit");
        stream
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The address in the message of a server that listens.
pub(crate) fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("http://")?;
    rest.split(|character: char| character == '/' || character.is_whitespace())
        .next()?
        .parse()
        .ok()
}

/// A response, parsed as far as the tests need it.
#[derive(Debug)]
pub(crate) struct Answer {
    /// 0 if there was no answer at all.
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// Parses a response that ends with its connection.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|status| status.parse().ok());
        let header = |line: &str| {
            line.split_once(':')
                .map(|(n, v)| (n.to_lowercase(), v.trim().to_owned()))
        };
        Self {
            status: status.unwrap_or(0),
            headers: lines.filter_map(header).collect(),
            body: body.to_owned(),
        }
    }

    /// Where a redirect leads, for a client that sent this request target.
    pub(crate) fn redirected(&self, target: &str) -> Option<String> {
        self.header("location").map(|location| resolved(target, location))
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }
}

/// A relative reference as a client resolves it against the target of its request.
pub(crate) fn resolved(target: &str, reference: &str) -> String {
    let path = target.split('?').next().unwrap_or_default();
    let mut folders: Vec<&str> = path.split('/').collect();
    folders.pop();
    let mut rest = reference;
    loop {
        rest = match (rest.strip_prefix("./"), rest.strip_prefix("../")) {
            (Some(behind), _) => behind,
            (_, Some(behind)) => {
                assert!(folders.len() > 1, "{reference} leaves {target}");
                folders.pop();
                behind
            }
            _ => return format!("{}/{rest}", folders.join("/")),
        };
    }
}
