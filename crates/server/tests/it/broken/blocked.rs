//! A database whose files another program locks, so that each statement hangs.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc::{F_UNLCK, F_WRLCK, SEEK_SET, flock};

use super::fixture::{BrokenFixture, Served};
use super::news::{GRANT, SHORT, assert_unavailable, service, wait_for_silence};
use crate::people::{Browser, encode};
use crate::support::Answer;

/// Longer than any answer may take. The limit of a read is 5 s, that of a change 6 s.
const LONG: Duration = Duration::from_secs(10);

/// Less than the limit of a read: nothing was read.
const AT_ONCE: Duration = Duration::from_secs(4);

/// The locks of readers, writers and checkpoints in the index of a log.
struct Block(File);

impl Block {
    fn new(database: &Path) -> Self {
        let index = PathBuf::from(format!("{}-shm", database.display()));
        let index = File::options().read(true).write(true).open(index).unwrap();
        // The server may hold a lock for a moment.
        while fcntl(&index, FcntlArg::F_OFD_SETLK(&bytes(F_WRLCK))).is_err() {
            std::thread::yield_now();
        }
        Self(index)
    }

    fn end(self) {
        fcntl(&self.0, FcntlArg::F_OFD_SETLK(&bytes(F_UNLCK))).unwrap();
    }
}

fn bytes(kind: i32) -> flock {
    flock {
        l_type: kind.try_into().unwrap(),
        l_whence: SEEK_SET.try_into().unwrap(),
        l_start: 120,
        l_len: 8,
        l_pid: 0,
    }
}

/// A browser in which `ada` is logged in, and the form of a login that it has opened.
struct Visitor {
    cookies: String,
    flow: String,
}

impl Visitor {
    fn log_in(served: &Served) -> Self {
        let mut browser = Browser::default();
        let page = browser.get(&served.server, "/account");
        let flow = page.fields("/account/login").remove(0).1;
        let page = browser.log_in(&served.server, &page, "/account/login", "ada", "secret");
        assert_eq!(page.heading(), "Your account");
        let cookies = browser.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        Self {
            cookies: cookies.collect::<Vec<_>>().join("; "),
            flow,
        }
    }

    fn ask(&self, served: &Served, target: &str, form: &str) -> Answer {
        let request = format!(
            "{target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: {}\r\nSec-Fetch-Site: same-origin\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            self.cookies,
            form.len()
        );
        served.server.exchange(request.as_bytes())
    }

    fn log_in_again(&self, served: &Served) -> Answer {
        let form = encode(&[("flow", &self.flow), ("username", "ada"), ("password", "secret")]);
        self.ask(served, "POST /account/login", &form)
    }
}

/// Where a logout may lead to.
const LOGOUT: &str = "client_id=svc&post_logout_redirect_uri=https%3A%2F%2Fsvc.example";

/// The requests that need the database, by the service with this secret and by others.
fn ask_all(served: &Served, secret: &str, token: &str, visitor: &Visitor, limit: Duration) -> Vec<Answer> {
    let return_by = format!("GET /logout?{LOGOUT}");
    let own = ("svc", secret);
    let form = format!("token={token}");
    let ask: [&(dyn Fn() -> Answer + Sync); 17] = [
        &|| served.log_in(),
        &|| served.post("/token", ("svc", "wrong"), GRANT),
        &|| served.post("/token", ("unknown", secret), GRANT),
        &|| served.post("/introspect", ("svc", "wrong"), &form),
        &|| served.post("/introspect", ("unknown", secret), &form),
        &|| served.post("/introspect", ("svc", "wrong"), "token=nonsense"),
        &|| served.post("/revoke", ("svc", "wrong"), &form),
        &|| served.post("/revoke", ("unknown", secret), &form),
        &|| served.post("/revoke", own, &form),
        &|| served.post("/revoke", own, &form),
        &|| visitor.ask(served, "GET /account", ""),
        &|| visitor.ask(served, "GET /account/application?client_id=svc", ""),
        &|| visitor.ask(served, "POST /account/sessions/end-others", "token=x"),
        &|| visitor.log_in_again(served),
        &|| visitor.ask(served, "GET /logout", ""),
        &|| visitor.ask(served, &return_by, ""),
        &|| visitor.ask(served, "POST /logout", "token=x"),
    ];
    std::thread::scope(|scope| {
        let asked = ask.map(|ask| {
            scope.spawn(move || {
                let begin = Instant::now();
                (ask(), begin.elapsed())
            })
        });
        let answered = asked.into_iter().map(|asked| asked.join().unwrap());
        answered
            .map(|(answer, time)| {
                assert!(time < limit, "{time:?}: {answer:?}");
                answer
            })
            .collect()
    })
}

/// Everything is answered as before the block.
fn assert_recovers(served: &Served, secret: &str) {
    served.wait_for_readiness(200);
    served.wait_until("/metrics", |_| served.token().is_some());
    let issued = served.post("/token", ("svc", secret), GRANT);
    let issued: serde_json::Value = serde_json::from_str(&issued.body).unwrap();
    let token = issued["access_token"].as_str().unwrap();
    let form = format!("token={token}");
    let introspect = || served.post("/introspect", ("svc", secret), &form);
    assert!(introspect().body.contains(r#""active":true"#));
    assert_eq!(served.post("/introspect", ("svc", "wrong"), &form).status, 401);
    assert_eq!(served.post("/revoke", ("svc", secret), &form).status, 200);
    assert_eq!(introspect().body, r#"{"active":false}"#);
}

#[test]
fn blocked_database_delays_no_answer() {
    let fixture = BrokenFixture::new();
    let secret = service(&fixture);
    let served = fixture.serve_with(&[&SHORT[..], &["--news-grace", "1h"]].concat(), Stdio::null());
    let token = served.token().expect("a token");
    let issued = served.post("/token", ("svc", &secret), GRANT);
    let of_service: serde_json::Value = serde_json::from_str(&issued.body).unwrap();
    let of_service = of_service["access_token"].as_str().unwrap();
    let visitor = Visitor::log_in(&served);
    let introspect = |token: &str| served.post("/introspect", ("svc", &secret), &format!("token={token}"));
    assert_eq!((served.me(&token).status, introspect(&token).status), (200, 200));

    let block = Block::new(&fixture.database);
    for _ in 0..2 {
        for answer in ask_all(&served, &secret, of_service, &visitor, LONG) {
            assert_unavailable(&answer);
        }
    }
    // Known clients and tokens are answered from memory, and the user after a read that fails.
    let begin = Instant::now();
    assert_eq!((served.me(&token).status, introspect(&token).status), (200, 200));
    assert!(introspect(of_service).body.contains(r#""active":true"#));
    assert!(begin.elapsed() < LONG + LONG, "{:?}", begin.elapsed());
    block.end();
    assert_recovers(&served, &secret);
    assert_eq!(served.me(&token).status, 200);
}

#[test]
fn unread_revocations_are_answered_without_a_read() {
    let fixture = BrokenFixture::new();
    let secret = service(&fixture);
    let served = fixture.serve_with(&[&SHORT[..], &["--news-grace", "500ms"]].concat(), Stdio::null());
    let token = served.token().expect("a token");
    assert_eq!(served.me(&token).status, 200);
    let visitor = Visitor::log_in(&served);
    let block = Block::new(&fixture.database);
    wait_for_silence(&served);
    for _ in 0..2 {
        for answer in ask_all(&served, &secret, &token, &visitor, AT_ONCE) {
            assert_unavailable(&answer);
        }
        assert_unavailable(&served.me(&token));
    }
    block.end();
    assert_recovers(&served, &secret);
    assert_eq!(visitor.ask(&served, "GET /account", "").status, 200);
    assert_eq!(served.me(&token).status, 200);
}
