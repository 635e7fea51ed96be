//! A database that is full, missing, of another version or not a database.
//!
//! The program gives a clear answer and does nothing by halves. It works again when the database
//! does, without a restart.

#![expect(clippy::disallowed_methods, reason = "recovery is waited for")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may fail"
)]

mod blocked;
mod fixture;
mod news;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use fixture::{BrokenFixture, Disk, Served, loudly, run};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use sqlx::Connection;

/// Every command refuses this database with this error, and does not change it.
fn refused(fixture: &Path, complaint: &str) {
    changes_are_refused(fixture, complaint);
    refused_by(&["user", "list"], fixture, complaint);
}

fn changes_are_refused(fixture: &Path, complaint: &str) {
    for line in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["migrate"],
        &["client", "add", "App", "--public"],
    ] {
        refused_by(line, fixture, complaint);
    }
}

fn refused_by(line: &[&str], fixture: &Path, complaint: &str) {
    let before = fs::read(fixture).ok();
    let url = format!("sqlite:{}", fixture.display());
    let line = [line, &["--database", &url]].concat();
    let run = run(&line, "");
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{line:?}: {}", run.stderr);
    let sentence = run.stderr.strip_prefix("error: ").expect("a complaint").trim_end();
    assert_eq!(sentence.lines().count(), 1, "{sentence}");
    assert!(
        sentence.contains(&*fixture.display().to_string()) && sentence.contains(complaint),
        "{line:?}: {sentence}"
    );
    assert_eq!(fs::read(fixture).ok(), before, "{complaint}");
}

fn change(database: &Path, sql: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let url = format!("sqlite:{}", database.display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::query(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

#[test]
fn a_database_of_another_version_is_refused_at_start() {
    let newer = BrokenFixture::new();
    change(
        &newer.database,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (99, 'from the future', TRUE, x'00', 0)",
    );
    refused(
        &newer.database,
        "tables in the database have version `99`, and this program knows no version after ",
    );
    let changed = BrokenFixture::new();
    change(
        &changed.database,
        "UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1",
    );
    refused(
        &changed.database,
        "version `1` of the tables in the database is not the one that this program knows",
    );
}

/// The step and what exists are named, with a remedy, and the file stays as it is.
#[test]
fn failed_migration_names_its_step() {
    let fixture = BrokenFixture::new();
    change(&fixture.database, "DELETE FROM _sqlx_migrations WHERE version >= 13");
    let url = format!("sqlite:{}", fixture.database.display());
    let told = run(&["migrate", "--database", &url], "");
    assert_eq!(told.status, 2);
    for part in [
        "version `13` (grants) of the tables cannot be made: ",
        "table user_grants already exists; no step was made: ",
    ] {
        assert!(told.stderr.contains(part), "{}", told.stderr);
    }
    let serving = &["serve", "--listen", "127.0.0.1:0"];
    refused_by(serving, &fixture.database, "version `13` (grants)");
}

#[test]
fn invalid_database_is_refused_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("text"), "this is no database, and never was one\n".repeat(99)).unwrap();
    refused(&at("text"), "database cannot be opened");
    fs::create_dir(at("folder")).unwrap();
    refused(&at("folder"), "is not a regular file");
    changes_are_refused(&at("missing/a.db"), "create it");
    refused_by(&["user", "list"], &at("missing/a.db"), "does not exist");
    refused(&at("text/a.db"), "text/a.db");
    std::os::unix::fs::symlink(at("loop"), at("loop")).unwrap();
    refused(&at("loop"), "database cannot be opened");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "nothing was made");
}

/// From now on writes beyond this many bytes of a file fail, as on a full disk.
fn limit_files(served: &Served, most: Option<u64>) {
    let limit = Rlimit {
        current: most,
        maximum: None,
    };
    prlimit(Some(Pid::from_child(&served.server.process)), Resource::Fsize, limit).unwrap();
}

#[test]
fn a_disk_that_takes_nothing_stops_no_reading_and_is_found_out() {
    let fixture = BrokenFixture::new();
    let served = fixture.serve();
    served.wait_for_readiness(200);
    let token = served.token().expect("a token");

    fixture.outdate_password();
    limit_files(&served, Some(0));
    served.wait_for_readiness(503);
    assert_eq!(served.me(&token).status, 200, "who reads needs no space");
    // The password is right and its hash was read. The next login stores the new hash.
    assert!(served.token().is_some());
    assert!(fixture.is_password_outdated());

    limit_files(&served, None);
    served.wait_for_readiness(200);
    assert!(served.token().is_some());
    assert!(!fixture.is_password_outdated(), "stored before it was answered");
    assert_eq!(fixture.users(), ["ada"]);
}

#[test]
fn full_disk_is_reported_and_recovers() {
    let Some(disk) = Disk::mount("512k") else {
        return loudly("a full disk");
    };
    let fixture = BrokenFixture::at(disk.path());
    let served = fixture.serve();
    let token = served.token().expect("a token");
    served.wait_for_readiness(200);

    disk.fill();
    let mut answered = vec!["ada".to_owned()];
    let refusal = (0..200).find_map(|number| {
        let name = format!("user{number:03}");
        let run = fixture.run(&["user", "add", &name, "--password-stdin"], "long secret");
        if run.status == 0 {
            answered.push(name);
        }
        (run.status != 0).then_some(run)
    });
    let refusal = refusal.expect("the disk is full some time");
    assert_eq!(
        (refusal.status, refusal.stderr.lines().count()),
        (2, 1),
        "{}",
        refusal.stderr
    );
    assert!(refusal.stderr.contains("full"), "{}", refusal.stderr);
    served.wait_for_readiness(503);
    assert_eq!(served.me(&token).status, 200);
    assert!(served.token().is_some());
    assert_eq!(fixture.users(), answered, "what was answered, and nothing by half");
    let audited = || {
        fixture
            .run(&["audit", "--event", "user.added"], "")
            .stdout
            .lines()
            .count()
    };
    assert_eq!(
        audited(),
        // No command added `ada`.
        answered.len() - 1,
        "each change has its entry, and no other has one"
    );

    disk.make_space();
    served.wait_for_readiness(200);
    assert_eq!(
        fixture
            .run(&["user", "add", "zoe", "--password-stdin"], "long secret")
            .status,
        0
    );
    answered.push("zoe".to_owned());
    assert_eq!(fixture.users(), answered);
    assert_eq!(audited(), answered.len() - 1);
}

#[test]
fn a_read_only_database_is_refused_at_start_and_good_again_afterwards() {
    let Some(disk) = Disk::mount("1m") else {
        return loudly("a read-only database");
    };
    let fixture = BrokenFixture::at(disk.path());
    assert!(disk.remount("ro"));
    changes_are_refused(&fixture.database, "database cannot be opened");
    assert_eq!(fixture.users(), ["ada"]);
    assert!(disk.remount("rw"));
    assert!(fixture.serve().token().is_some());
}

#[test]
fn a_database_that_was_taken_away_is_503_until_it_is_back() {
    let fixture = BrokenFixture::new();
    let served = fixture.serve();
    let token = served.token().expect("a token");
    let away = fixture.database.with_extension("away");
    fs::rename(&fixture.database, &away).unwrap();

    let begin = Instant::now();
    let gone = loop {
        let answer = served.me(&token);
        if answer.status != 200 || begin.elapsed() > Duration::from_secs(30) {
            break answer;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!((gone.status, gone.header("retry-after")), (503, Some("1")), "{gone:?}");
    assert_eq!(gone.header("content-type"), Some("application/problem+json"));
    assert!(
        gone.header("x-request-id").is_some() && !gone.body.contains("a.db"),
        "{gone:?}"
    );
    let login = served.log_in();
    assert_eq!(
        (login.status, login.header("retry-after")),
        (503, Some("1")),
        "{login:?}"
    );
    assert!(
        login.body.contains("temporarily_unavailable") && login.header("x-request-id").is_some(),
        "{login:?}"
    );
    served.wait_for_readiness(503);

    fs::rename(&away, &fixture.database).unwrap();
    served.wait_for_readiness(200);
    assert_eq!(served.me(&token).status, 200);
    assert!(served.token().is_some());
}

#[test]
fn a_log_that_cannot_be_written_stops_nothing() {
    let fixture = BrokenFixture::new();
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let served = fixture.serve_with(&[], full.into());
    assert!(served.token().is_some());
    assert_eq!(served.me("nonsense").status, 401);
}
