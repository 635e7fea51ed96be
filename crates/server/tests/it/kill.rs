//! Confirmed writes survive `kill -9`. The server and the writing commands are killed together at
//! random moments. Then the test checks every write that any of them had confirmed.
//!
//! The long check runs it 200 times; `SCOPEGATE_REQUIRE_KILLS=1000` runs it in any check, and more
//! often.
//! `SCOPEGATE_REQUIRE_SEED=..` repeats the moments of an earlier run.

#![expect(clippy::disallowed_methods, reason = "the moments are random and measured")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail"
)]

mod keys;
mod model;
mod revoked;
mod writer;
mod writes;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::long_check;
use crate::support::{Answer, Server, scopegate};
use model::{ClientState, Digest, Password, Random, State, Subject, UserState};
use rustix::process::{Pid, Signal, kill_process};
use scopegate_domain::{
    Account, Client, ClientId, GrantType, PasswordHash, RegisteredSecret, Revocation, Revoked, User, UserId, UserStatus,
};
use scopegate_store::{AddSecretOutcome, Store};
use scopegate_store_sql::{DatabaseUrl, SqlStore};
use scopegate_token::{ClientSecret, SystemRandomSource};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;
use writer::KillFixture;
use writes::WRITES;

/// The number of kills before the test uses a new database. Creating it must be killed too.
const KILLS_A_DATABASE: usize = 8;

/// The number of writers that run at a time, in addition to the server.
const WRITERS: usize = 3;

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

#[test]
fn every_answered_write_is_found_after_a_kill() {
    let required = variable("SCOPEGATE_REQUIRE_KILLS");
    if required.is_none() && !long_check::is_on("`kill -9` of the server and of commands") {
        return;
    }
    let kills = usize::try_from(required.unwrap_or(200)).unwrap();
    let now = || {
        u64::from(
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap()
                .subsec_nanos(),
        )
    };
    let seed = variable("SCOPEGATE_REQUIRE_SEED").unwrap_or_else(now);
    println!("SCOPEGATE_REQUIRE_SEED={seed}");
    let mut random = Random(seed);
    let mut tally = Tally::default();
    let window = (0..3).map(|_| one_command()).min().unwrap() * 6;
    while tally.kills < kills {
        let mut victim = Victim::new();
        for _ in 0..KILLS_A_DATABASE.min(kills - tally.kills) {
            victim.strike(window, &mut random, &mut tally);
        }
        victim.serve_once_more();
    }
    // Past the harness, which hides the output of a test that passes.
    let _ = writeln!(std::io::stderr(), "{tally:#?} (seed {seed}, moments within {window:?})");
    assert!(tally.processes_hit > tally.kills, "hardly anything was hit");
    let writes = WRITES.iter().map(|(name, ..)| *name).chain(keys::WRITES);
    let never = writes.filter(|name| !tally.writes.contains_key(name));
    assert_eq!(never.count(), 0, "something was never written");
}

/// The counts of what was done.
#[derive(Debug, Default)]
struct Tally {
    kills: usize,
    processes_hit: usize,
    /// For each kind of write, how many were confirmed and how many were killed before.
    writes: BTreeMap<&'static str, [usize; 2]>,
}

impl Tally {
    fn count(&mut self, names: impl IntoIterator<Item = &'static str>, outcome: usize) {
        for name in names {
            self.writes.entry(name).or_default()[outcome] += 1;
        }
    }
}

/// Measures how long a command takes now on this machine.
fn one_command() -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let line = ["client", "add", "App", "--public", "--database", "sqlite:a.db"];
    let begin = Instant::now();
    let output = scopegate().current_dir(folder.path()).args(line).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    begin
        .elapsed()
        .clamp(Duration::from_millis(10), Duration::from_millis(40))
}

/// One database, and its confirmed writes.
struct Victim {
    _folder: TempDir,
    database: PathBuf,
    /// Each writer has its own subjects, so that none undoes the confirmed write of another.
    subjects: [Vec<Subject>; WRITERS],
    is_new: bool,
    /// The confirmed keys.
    keys: Vec<String>,
    removed_keys: Vec<String>,
}

impl Victim {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let of = |writer| {
            (0..6)
                // A name is also the id of a token.
                .map(move |n| Subject::new(format!("{:032x}", writer * 16 + n), n % 2 == 0))
                .collect()
        };
        Self {
            database: folder.path().join("a.db"),
            _folder: folder,
            subjects: std::array::from_fn(of),
            is_new: true,
            keys: Vec::new(),
            removed_keys: Vec::new(),
        }
    }

    /// Lets all write, kills them, and checks the database. The check runs now, or after the next
    /// time: then the program itself recovers first.
    fn strike(&mut self, window: Duration, random: &mut Random, tally: &mut Tally) {
        let waits_for_server = !self.is_new && random.below(4) > 0;
        let before: Vec<_> = self.under_way().collect();
        let moment = Duration::from_micros(random.below(u64::try_from(window.as_micros()).unwrap()));
        let (fixture, database) = (KillFixture::default(), &self.database);
        std::thread::scope(|threads| {
            threads.spawn(|| fixture.serve(database));
            let keys = threads.spawn(|| fixture.rotate(database));
            let patience = Instant::now();
            while waits_for_server && !fixture.is_served() && patience.elapsed() < Duration::from_secs(30) {
                std::thread::sleep(Duration::from_millis(1));
            }
            let start = |subjects| {
                let random = Random(random.next());
                let fixture = &fixture;
                threads.spawn(move || fixture.write(database, subjects, random))
            };
            let writers: Vec<_> = self.subjects.iter_mut().map(Vec::as_mut_slice).map(start).collect();
            std::thread::sleep(moment);
            tally.processes_hit += fixture.kill();
            let rotated = keys.join().unwrap();
            tally.count(rotated.answered, 0);
            self.keys.extend(rotated.keys);
            self.removed_keys.extend(rotated.removed);
            tally.count(writers.into_iter().flat_map(|writer| writer.join().unwrap()), 0);
        });
        tally.kills += 1;
        tally.count(
            self.under_way()
                .filter(|name| !before.contains(name))
                .map(|(_, name)| name),
            1,
        );
        if self.is_new || random.below(2) == 0 {
            self.look(random);
        }
        self.is_new = false;
    }

    /// The subjects with a write that was killed before its answer and is not checked yet, and the
    /// write.
    fn under_way(&self) -> impl Iterator<Item = (String, &'static str)> {
        let subjects = self.subjects.iter().flatten();
        subjects.filter_map(|subject| Some((subject.name.clone(), subject.under_way.as_ref()?.0)))
    }

    fn look(&mut self, random: &mut Random) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            if self.database.exists() {
                assert_eq!(integrity(&self.database).await, "ok");
            }
            let store = SqlStore::open(&DatabaseUrl::file(&self.database)).await.unwrap();
            keys::are_usable(&store, &self.database, &self.keys, &self.removed_keys).await;
            revoked::settle(&store, self.subjects.iter_mut().flatten()).await;
            self.settle(&store).await;
            tokens_of_disabled_users_are_revoked(&store).await;
            self.prepare_logins(&store, random).await;
            store.close().await.unwrap();
        });
    }

    /// Checks that each subject has its confirmed state and that nothing else exists.
    async fn settle(&mut self, store: &dyn Store) {
        let (mut users, mut clients) = (Vec::new(), store.clients().list(None, u16::MAX).await.unwrap());
        for user in store.users().list(None, u16::MAX).await.unwrap() {
            assert_eq!(store.users().find_by_id(user.id()).await.unwrap().as_ref(), Some(&user));
            users.push(store.users().find_account(user.username()).await.unwrap().unwrap());
        }
        for subject in self.subjects.iter_mut().flatten() {
            let user = users
                .iter()
                .position(|account| account.user.username().as_str() == subject.name);
            let client = clients.iter().position(|client| client.id().as_str() == subject.name);
            let (user, client) = (
                user.map(|at| users.swap_remove(at)),
                client.map(|at| clients.swap_remove(at)),
            );
            subject.settle(user.as_ref(), client.as_ref());
        }
        clients.retain(|client| !["app", "service"].contains(&client.id().as_str()));
        assert!(users.is_empty() && clients.is_empty(), "{users:?} {clients:?}");
    }

    /// Creates some users whose next login writes, the clients of requests, and clients with two
    /// secrets.
    async fn prepare_logins(&mut self, store: &dyn Store, random: &mut Random) {
        let app = Client::public(ClientId::parse("app").unwrap(), "App")
            .with_grant_types([GrantType::Password])
            .with_resources([crate::support::OWN_AUDIENCE.parse().unwrap()]);
        if store.clients().find(app.id()).await.unwrap().is_none() {
            let app = app.with_scope("me items".parse().unwrap());
            store.clients().add(app).await.unwrap();
        }
        let service = Client::confidential(ClientId::parse("service").unwrap(), "Service", writer::SERVICE.digest())
            .with_grant_types([GrantType::ClientCredentials])
            .with_scope("me items".parse().unwrap())
            .with_resources([crate::support::OWN_AUDIENCE.parse().unwrap()]);
        if store.clients().find(service.id()).await.unwrap().is_none() {
            store.clients().add(service).await.unwrap();
        }
        for subject in self.subjects.iter_mut().flatten() {
            if subject.is_user && random.below(2) == 0 {
                subject.state = outdated(store, &subject.name).await;
            } else if subject.state == State::Absent && !subject.is_user {
                subject.state = with_two_secrets(store, &subject.name).await;
            }
        }
    }
}

/// Disabling a user and revoking its tokens are one write.
async fn tokens_of_disabled_users_are_revoked(store: &dyn Store) {
    let kept = revoked::all(store).await;
    let has = |user: &User| {
        let mut whose = kept.iter().map(Revocation::whose);
        whose.any(|whose| matches!(whose, Revoked::User { id, .. } if id == user.id()))
    };
    let users = store.users().list(None, u16::MAX).await.unwrap();
    let mut disabled = users.iter().filter(|user| user.status() == UserStatus::Disabled);
    assert!(disabled.all(has), "{users:?} {kept:?}");
}

/// Stores a client with two secrets.
async fn with_two_secrets(store: &dyn Store, name: &str) -> State {
    let [first, second] = [1, 2].map(|_| ClientSecret::generate(&SystemRandomSource).unwrap().digest());
    let client = Client::confidential(ClientId::parse(name).unwrap(), "App", first);
    let client = client.with_scope("me".parse().unwrap());
    store.clients().add(client.clone()).await.unwrap();
    let added = store.clients().add_secret(client.id(), RegisteredSecret::new(second));
    assert_eq!(added.await.unwrap(), AddSecretOutcome::Added);
    State::Client(ClientState {
        scope: "me".to_owned(),
        name: "App".to_owned(),
        secrets: [first, second].map(|digest| Digest::Known(*digest.as_bytes())).to_vec(),
    })
}

/// Stores a user whose hash the next login must replace.
async fn outdated(store: &dyn Store, name: &str) -> State {
    let (id, scope) = (UserId::parse(name).unwrap(), "items me");
    let user = User::new(id, name.parse().unwrap()).with_scope(scope.parse().unwrap());
    if let Some(user) = store.users().find(user.username()).await.unwrap() {
        assert!(store.users().remove(user.id()).await.unwrap());
    }
    let password_hash = Some(PasswordHash::from_stored(Password::BCRYPT));
    store.users().add(Account { user, password_hash }).await.unwrap();
    State::User(UserState {
        scope: scope.to_owned(),
        is_active: true,
        password: Password::Bcrypt,
        email: None,
    })
}

impl Victim {
    /// The program itself recovers: it starts, accepts every login and stops in order.
    fn serve_once_more(&mut self) {
        let url = format!("sqlite:{}", self.database.display());
        let mut server = Server::start(&["--password-grant", "--database", &url], &[]);
        for subject in self
            .subjects
            .iter_mut()
            .flatten()
            .filter(|subject| subject.under_way.is_none())
        {
            let State::User(UserState {
                is_active: true,
                password,
                ..
            }) = &mut subject.state
            else {
                continue;
            };
            let answer = Answer::parse(&writer::log_in(server.address, &subject.name, password.text()));
            assert_eq!(answer.status, 200, "{}: {answer:?}", subject.name);
            *password = Password::Argon2id(password.text().to_owned());
        }
        kill_process(Pid::from_child(&server.process), Signal::TERM).unwrap();
        assert!(server.process.wait().unwrap().success());
        let at_rest = ["a.db", "a.db.kek"].map(|name| self.database.with_file_name(name).exists());
        assert_eq!(at_rest, [true; 2]);
        self.look(&mut Random(0));
    }
}

/// The result of SQLite's check of the whole file.
async fn integrity(database: &Path) -> String {
    let mut connection = SqliteConnectOptions::new().filename(database).connect().await.unwrap();
    let verdict = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    verdict
}
