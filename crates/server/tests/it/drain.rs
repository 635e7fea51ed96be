//! SIGTERM during requests drops none. Clients are of every kind, and signals come at random
//! moments. All that was sent before the signal gets a whole response.
//!
//! A request counts if its whole head has arrived; half a head does not. A connection that only the
//! system has accepted counts like any other. A request that is sent after the signal may be
//! refused, but never gets half a response.

#![expect(clippy::disallowed_methods, reason = "moments are compared")]
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test may fail")]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::long_check;
use crate::support::{Server, at_most};
use rustix::process::{Pid, Signal, kill_process};
use scopegate_domain::{Account, Client, ClientId, GrantType, PasswordHash, User, UserId, Username};
use scopegate_store::{Clients, Users};
use scopegate_store_sql::{DatabaseUrl, SqlStore};

/// The numbers of signals: in `.ci/run`, and in the long check.
const ROUNDS: [u64; 2] = [30, 300];

const ASK: &[u8] = b"GET /status/ HTTP/1.1\r\nHost: a\r\n\r\n";

/// bcrypt of `secret`, cost 4.
const HASH: &str = "$2b$04$EixZaYVK1fsbw1ZfbX3OXecuEWXLp80MtU.0.8ZM4wHF7LiXJMApO";

/// One request: the time when enough of it was sent to count, and the response.
#[derive(Clone, Copy)]
struct Sent {
    by: &'static str,
    at: Instant,
    came: Came,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Whole,
    Nothing,
    Half,
}

/// One client's connection to a server that may have stopped.
struct Line(TcpStream, Vec<u8>);

impl Line {
    fn open(server: &Server) -> Option<Self> {
        let stream = TcpStream::connect(server.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Some(Self(stream, Vec::new()))
    }

    /// Sends bytes and returns the time; `None` if the connection was closed before.
    fn send(&mut self, bytes: &[u8]) -> Option<Instant> {
        self.0.write_all(bytes).ok()?;
        Some(Instant::now())
    }

    /// Reads the next response on this connection.
    fn receive(&mut self) -> Came {
        let mut chunk = [0; 4096];
        loop {
            if let Some(end) = end_of_answer(&self.1) {
                self.1.drain(..end);
                return Came::Whole;
            }
            match self.0.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => self.1.extend(chunk.iter().take(count)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        if self.1.is_empty() { Came::Nothing } else { Came::Half }
    }
}

/// The end of the first response. Every response has a length.
fn end_of_answer(bytes: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let length: usize = length.expect("an answer says how long it is");
    (body.len() >= length).then(|| head.len() + 4 + length)
}

/// Sends its requests once and records their results; `None` if no server answers.
type Visitor = fn(&Server, &mut dyn FnMut(&'static str, Instant, Came)) -> Option<()>;

/// A connection for each request.
fn new_connection(server: &Server, note: &mut dyn FnMut(&'static str, Instant, Came)) -> Option<()> {
    let mut line = Line::open(server)?;
    let at = line.send(ASK)?;
    note("new_connection", at, line.receive());
    Some(())
}

/// One connection for many requests in sequence, with idle pauses.
fn regular(server: &Server, note: &mut dyn FnMut(&'static str, Instant, Came)) -> Option<()> {
    let mut line = Line::open(server)?;
    for pause in (0..4).cycle() {
        let at = line.send(ASK)?;
        let came = line.receive();
        note("regular", at, came);
        if came != Came::Whole {
            break;
        }
        std::thread::sleep(Duration::from_millis(pause));
    }
    Some(())
}

/// Five requests at once.
fn pipelining(server: &Server, note: &mut dyn FnMut(&'static str, Instant, Came)) -> Option<()> {
    let mut line = Line::open(server)?;
    loop {
        let at = line.send(&ASK.repeat(5))?;
        let all: Vec<Came> = (0..5).map(|_| line.receive()).collect();
        for came in &all {
            note("pipelining", at, *came);
        }
        if all.iter().any(|came| *came != Came::Whole) {
            return Some(());
        }
    }
}

/// A login whose body arrives in two halves. It is in progress from its head on.
fn slow_body(server: &Server, note: &mut dyn FnMut(&'static str, Instant, Came)) -> Option<()> {
    let (head, body) = log_in("");
    let mut line = Line::open(server)?;
    let at = line.send(&[head.as_bytes(), body.get(..20)?.as_bytes()].concat())?;
    std::thread::sleep(Duration::from_millis(15));
    line.0.write_all(body.get(20..)?.as_bytes()).ok();
    note("slow body", at, line.receive());
    Some(())
}

/// A login, which takes the time of a hash.
fn login(server: &Server, note: &mut dyn FnMut(&'static str, Instant, Came)) -> Option<()> {
    let (head, body) = log_in("Connection: close\r\n");
    let mut line = Line::open(server)?;
    let at = line.send((head + &body).as_bytes())?;
    note("login", at, line.receive());
    Some(())
}

fn log_in(more: &str) -> (String, String) {
    let body = "grant_type=password&client_id=app&username=ada&password=secret&scope=me".to_owned();
    let head = "POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    (format!("{head}{more}Content-Length: {}\r\n\r\n", body.len()), body)
}

const VISITORS: [Visitor; 5] = [new_connection, regular, pipelining, slow_body, login];

fn seed_database(database: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = SqlStore::open(&DatabaseUrl::file(database)).await.unwrap();
        let user = User::new(UserId::parse("ada").unwrap(), Username::parse("ada").unwrap());
        let user = user.with_scope("me".parse().unwrap());
        let password_hash = Some(PasswordHash::from_stored(HASH));
        Users::add(&store, Account { user, password_hash }).await.unwrap();
        let app = Client::public(ClientId::parse("app").unwrap(), "App")
            .with_grant_types([GrantType::Password])
            .with_resources([crate::support::OWN_AUDIENCE.parse().unwrap()]);
        Clients::add(&store, app.with_scope("me".parse().unwrap()))
            .await
            .unwrap();
        store.close().await.unwrap();
    });
}

/// Starts clients on a server and ends it. Returns the result of every request and the time of the
/// signal.
fn round(database: &Path, connections: &str, moment: Duration) -> (Instant, Vec<Sent>) {
    let url = format!("sqlite:{}", database.display());
    let line = [
        "--database",
        &url,
        "--password-grant",
        "--rehash",
        "false",
        "--max-connections",
        connections,
    ];
    let mut server = Server::start(&line, &[]);
    let (sent, is_over) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let mut signalled = None;
    std::thread::scope(|threads| {
        for visit in VISITORS.iter().cycle().take(3 * VISITORS.len()) {
            let (server, sent, is_over) = (&server, &sent, &is_over);
            threads.spawn(move || {
                let mut note = |by, at, came| sent.lock().unwrap().push(Sent { by, at, came });
                while !is_over.load(Ordering::Relaxed) {
                    visit(server, &mut note);
                }
            });
        }
        std::thread::sleep(moment);
        signalled = Some(Instant::now());
        kill_process(Pid::from_child(&server.process), Signal::TERM).unwrap();
        is_over.store(true, Ordering::Relaxed);
    });
    let status = server.process.wait().unwrap();
    let took = signalled.unwrap().elapsed();
    assert!(
        status.success() && took < at_most(Duration::from_secs(9)),
        "{status} after {took:?}"
    );
    (signalled.unwrap(), sent.into_inner().unwrap())
}

#[test]
fn a_signal_drops_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("a.db");
    seed_database(&database);
    let (mut before, mut after, mut dropped) = (0, 0, Vec::new());
    let [few, many] = ROUNDS;
    let is_long = long_check::is_on("nine in ten of the signals to a server with requests");
    let rounds = if is_long { many } else { few };
    for number in 0..rounds {
        // In some rounds there are fewer slots than clients. The others wait in the queue when the
        // signal comes.
        let connections = if number % 3 == 0 { "6" } else { "100" };
        let moment = Duration::from_micros(number.wrapping_mul(7_919) % 120_000);
        let (signalled, sent) = round(&database, connections, moment);
        for Sent { by, at, came } in sent {
            let was_before = at < signalled;
            *(if was_before { &mut before } else { &mut after }) += 1;
            if came == Came::Half || (was_before && came == Came::Nothing) {
                let ahead = signalled.saturating_duration_since(at);
                dropped.push(format!(
                    "{by}, {came:?}, sent {ahead:?} before, {connections} connections"
                ));
            }
        }
    }
    let _ = writeln!(
        std::io::stderr(),
        "{rounds} signals, {before} requests before one, {after} after it"
    );
    assert!(dropped.is_empty(), "{} dropped: {dropped:#?}", dropped.len());
    assert!(before > rounds * 10, "hardly anything was under way: {before}");
}
