//! The processes that write at the same time until all are killed at once.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use scopegate_token::ClientSecret;

use crate::kill::model::{Digest, Random, State, Subject};
use crate::kill::revoked::revoked_by;
use crate::kill::writes::{self, Act};
use crate::support::{Answer, address_in, scopegate};

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
            if matches!(act, Act::LogIn { .. }) && !self.is_served() {
                std::thread::sleep(Duration::from_millis(1));
                continue;
            }
            subject.under_way = Some((name, state.clone()));
            if let Some(printed) = self.act(database, &act) {
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
    let form = format!(
        "grant_type=password&client_id=app&username={user}&password={}",
        password.replace(' ', "+")
    );
    let head = "POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let request = format!(
        "{head}Connection: close\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let mut bytes = Vec::new();
    if let Ok(mut stream) = TcpStream::connect(server) {
        let _ = stream.write_all(request.as_bytes());
        let _ = stream.read_to_end(&mut bytes);
    }
    bytes
}

/// A secret is known once it was printed.
fn with_secret(state: State, printed: &str) -> State {
    match state {
        State::Client {
            scope,
            secret: Digest::New,
        } => {
            let printed: serde_json::Value = serde_json::from_str(printed).unwrap();
            let secret = ClientSecret::parse(printed["client_secret"].as_str().unwrap()).unwrap();
            State::Client {
                scope,
                secret: Digest::Known(*secret.digest().as_bytes()),
            }
        }
        state => state,
    }
}
