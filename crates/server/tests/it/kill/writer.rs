//! The processes that write at the same time until all are killed at once.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use std::time::Duration;

use base64_simd::{STANDARD, URL_SAFE_NO_PAD};
use scopegate_token::{ClientSecret, SystemRandomSource};
use serde_json::Value;

use crate::kill::model::{Digest, Random, RevokedToken, State, Subject};
use crate::kill::revoked::revoked_by;
use crate::kill::writes::{self, Act};
use crate::support::{Answer, address_in, scopegate};

/// The secret of the client `service`, whose tokens are revoked by requests.
pub(crate) static SERVICE: LazyLock<ClientSecret> =
    LazyLock::new(|| ClientSecret::generate(&SystemRandomSource).unwrap());

/// The shared state of all processes of one round.
#[derive(Default)]
pub(crate) struct KillFixture {
    children: Mutex<Children>,
    server: OnceLock<SocketAddr>,
}

#[derive(Default)]
struct Children {
    is_over: bool,
    running: Vec<Arc<Mutex<Child>>>,
}

impl KillFixture {
    /// Starts a process, unless the round is over.
    fn start(&self, command: &mut Command) -> Option<Arc<Mutex<Child>>> {
        let mut children = self.children.lock().unwrap();
        if children.is_over {
            return None;
        }
        let child = Arc::new(Mutex::new(command.spawn().unwrap()));
        children.running.push(Arc::clone(&child));
        Some(child)
    }

    /// Kills all processes with SIGKILL. Returns how many were running.
    pub(crate) fn kill(&self) -> usize {
        let mut children = self.children.lock().unwrap();
        children.is_over = true;
        let is_running = |child: &&Arc<Mutex<Child>>| {
            let mut child = child.lock().unwrap();
            let is_running = child.try_wait().unwrap().is_none();
            child.kill().unwrap();
            is_running
        };
        children.running.iter().filter(is_running).count()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.children.lock().unwrap().is_over
    }

    /// Whether the server listens.
    pub(crate) fn is_served(&self) -> bool {
        self.server.get().is_some()
    }

    /// Runs the server until it is killed.
    pub(crate) fn serve(&self, database: &Path) {
        let url = format!("sqlite:{}", database.display());
        let line = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--password-grant",
            "--database",
            &url,
        ];
        let mut command = scopegate();
        command
            .args(line)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let Some(child) = self.start(&mut command) else {
            return;
        };
        let stdout = child.lock().unwrap().stdout.take().unwrap();
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(address) = address_in(&line) {
                self.server.get_or_init(|| address);
            }
        }
        let status = wait(&child);
        assert_eq!(status.signal(), Some(9), "the server ended by itself: {status}");
    }

    /// Writes in sequence until the round is over. Returns the confirmed writes.
    pub(crate) fn write(&self, database: &Path, subjects: &mut [Subject], mut random: Random) -> Vec<&'static str> {
        let mut answered = Vec::new();
        while !self.is_over() {
            let number = usize::try_from(random.below(64)).unwrap() % subjects.len();
            let (subject, (name, plan)) = (&mut subjects[number], writes::any(&mut random));
            let Some((act, state)) = plan(subject, &mut random).filter(|_| subject.under_way.is_none()) else {
                continue;
            };
            if !matches!(act, Act::Command(..)) && !self.is_served() {
                std::thread::sleep(Duration::from_millis(1));
                continue;
            }
            subject.under_way = Some((name, state.clone()));
            if matches!(act, Act::Revoke) {
                match self.revoke(&mut subject.tokens) {
                    None => continue,
                    Some(true) => answered.push(name),
                    Some(false) => {}
                }
                subject.under_way = None;
            } else if let Some(printed) = self.act(database, &act) {
                answered.push(name);
                subject.revoked_by.extend(revoked_by(&act, &printed));
                subject.state = with_secret(state, &printed);
                subject.under_way = None;
            }
        }
        answered
    }

    /// Runs the command or the login. Returns its output, or `None` if it was killed.
    fn act(&self, database: &Path, act: &Act) -> Option<String> {
        match act {
            Act::Command(words, input) => self.command(database, words, input),
            Act::Revoke => None,
            Act::LogIn { user, password } => {
                let answer = Answer::parse(&log_in(*self.server.get()?, user, password));
                // Half a response does not count. A server that was not killed must send a whole
                // one.
                let is_whole = answer.status == 200 && answer.body.ends_with('}');
                assert!(is_whole || self.is_over(), "{act:?}: {answer:?}");
                is_whole.then_some(answer.body)
            }
        }
    }

    /// Gets a token of the service and revokes it. Returns `None` if the server was killed before
    /// an answer, and false if the database has no service yet.
    fn revoke(&self, tokens: &mut Vec<RevokedToken>) -> Option<bool> {
        let server = *self.server.get()?;
        let pair = STANDARD.encode_to_string(format!("service:{}", SERVICE.expose()));
        let header = format!("Authorization: Basic {pair}\r\n");
        let answer = Answer::parse(&post(server, "/token", &header, "grant_type=client_credentials"));
        let is_whole = answer.body.ends_with('}');
        assert!(is_whole || self.is_over(), "{answer:?}");
        if answer.status != 200 {
            return is_whole.then_some(false);
        }
        let body: Value = serde_json::from_str(&answer.body).ok()?;
        let token = body["access_token"].as_str().unwrap();
        let answer = Answer::parse(&post(server, "/revoke", &header, &format!("token={token}")));
        let is_answered = answer.status == 200;
        assert!(is_answered || self.is_over(), "{answer:?}");
        tokens.push(RevokedToken {
            id: member(token, 1, "jti"),
            key: member(token, 0, "kid"),
            is_answered,
        });
        is_answered.then_some(true)
    }

    fn command(&self, database: &Path, words: &[String], input: &str) -> Option<String> {
        let mut command = scopegate();
        command.args(words).args(["--format", "json", "--database"]);
        command.arg(format!("sqlite:{}", database.display()));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = self.start(&mut command)?;
        let (mut stdin, mut stdout, mut stderr) = {
            let mut child = child.lock().unwrap();
            (
                child.stdin.take().unwrap(),
                child.stdout.take().unwrap(),
                child.stderr.take().unwrap(),
            )
        };
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let (mut printed, mut complaint) = (String::new(), String::new());
        let _ = stdout.read_to_string(&mut printed);
        let _ = stderr.read_to_string(&mut complaint);
        let status = wait(&child);
        // No server and no `user add` has created the database yet. Other commands create none.
        let is_early = complaint.contains("does not exist") || complaint.contains("is empty");
        assert!(
            is_early || status.success() || status.signal() == Some(9),
            "{words:?}: {status}: {complaint}"
        );
        status.success().then_some(printed)
    }
}

impl KillFixture {
    /// Runs a command that reads no input and prints little.
    pub(crate) fn run_to_its_end(&self, command: &mut Command) -> Option<Output> {
        let child = self.start(command)?;
        let (mut stdout, mut stderr) = {
            let mut child = child.lock().unwrap();
            (child.stdout.take().unwrap(), child.stderr.take().unwrap())
        };
        let (mut printed, mut complaint) = (Vec::new(), Vec::new());
        let _ = stdout.read_to_end(&mut printed);
        let _ = stderr.read_to_end(&mut complaint);
        Some(Output {
            status: wait(&child),
            stdout: printed,
            stderr: complaint,
        })
    }
}

/// Waits without a lock that would prevent others from killing it.
fn wait(child: &Mutex<Child>) -> ExitStatus {
    loop {
        if let Some(status) = child.lock().unwrap().try_wait().unwrap() {
            return status;
        }
        std::thread::sleep(Duration::from_micros(300));
    }
}

/// The received bytes of the answer.
pub(crate) fn log_in(server: SocketAddr, user: &str, password: &str) -> Vec<u8> {
    let password = password.replace(' ', "+");
    let form = format!("grant_type=password&client_id=app&username={user}&password={password}");
    post(server, "/token", "", &form)
}

fn post(server: SocketAddr, path: &str, header: &str, form: &str) -> Vec<u8> {
    let head = "Host: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let length = form.len();
    send(
        server,
        &format!("POST {path} HTTP/1.1\r\n{head}{header}Content-Length: {length}\r\n\r\n{form}"),
    )
}

fn send(server: SocketAddr, request: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(mut stream) = TcpStream::connect(server) {
        let _ = stream.write_all(request.as_bytes());
        let _ = stream.read_to_end(&mut bytes);
    }
    bytes
}

/// A member of the header (0) or of the claims (1) of a token.
fn member(token: &str, part: usize, name: &str) -> String {
    let part = URL_SAFE_NO_PAD
        .decode_to_vec(token.split('.').nth(part).unwrap())
        .unwrap();
    let part: Value = serde_json::from_slice(&part).unwrap();
    part[name].as_str().unwrap().to_owned()
}

/// A secret is known once it was printed.
fn with_secret(mut state: State, printed: &str) -> State {
    if let State::Client(client) = &mut state {
        for secret in client.secrets.iter_mut().filter(|secret| **secret == Digest::New) {
            let printed: Value = serde_json::from_str(printed).unwrap();
            let printed = ClientSecret::parse(printed["client_secret"].as_str().unwrap()).unwrap();
            *secret = Digest::Known(*printed.digest().as_bytes());
        }
    }
    state
}
