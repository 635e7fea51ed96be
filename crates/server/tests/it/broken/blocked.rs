//! A database whose files another program locks, so that each statement hangs.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc::{F_UNLCK, F_WRLCK, SEEK_SET, flock};

use super::fixture::{BrokenFixture, Served};
use super::news::{GRANT, SHORT, assert_unavailable, service, wait_for_silence};
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

/// The requests that need the database, by the service with this secret and by others.
fn ask_all(served: &Served, secret: &str, token: &str, limit: Duration) -> Vec<Answer> {
    let own = ("svc", secret);
    let form = format!("token={token}");
    let ask: [&(dyn Fn() -> Answer + Sync); 10] = [
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
    let introspect = |token: &str| served.post("/introspect", ("svc", &secret), &format!("token={token}"));
    assert_eq!((served.me(&token).status, introspect(&token).status), (200, 200));

    let block = Block::new(&fixture.database);
    for _ in 0..2 {
        for answer in ask_all(&served, &secret, of_service, LONG) {
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
    let block = Block::new(&fixture.database);
    wait_for_silence(&served);
    for _ in 0..2 {
        for answer in ask_all(&served, &secret, &token, AT_ONCE) {
            assert_unavailable(&answer);
        }
        assert_unavailable(&served.me(&token));
    }
    block.end();
    assert_recovers(&served, &secret);
    assert_eq!(served.me(&token).status, 200);
}
