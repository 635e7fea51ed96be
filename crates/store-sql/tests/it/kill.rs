//! A process with many concurrent changes is killed at random moments. Every answered change is
//! found, and no change is made by half.

#![expect(clippy::unwrap_used, reason = "a failed test says so by a panic")]
#![expect(clippy::disallowed_methods, reason = "the moments are random")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use scopegate_domain::{Account, Revocation, Revoked, Timestamp, User, UserId, UserStatus, Username};
use scopegate_store::{DisableAndRevoke, News, NewsItem, NewsPage, NewsReader, Users};
use scopegate_store_sql::{DatabaseUrl, SqlStore};
use tempfile::TempDir;

/// Contains the database in the process that is killed.
const VARIABLE: &str = "SCOPEGATE_TEST_KILLED_DATABASE";

const KILLS: u32 = 12;

const CALLERS: u32 = 64;

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

fn answer(line: &str) {
    // One write, so that the parent reads whole lines only.
    let line = format!("answered {line}\n");
    std::io::stderr().lock().write_all(line.as_bytes()).unwrap();
}

/// Adds users, disables every other one, and reports what was answered.
async fn call(store: Arc<SqlStore>, caller: u32) {
    for number in 0_u32.. {
        let name = format!("{:x}-{caller}-{number}", std::process::id());
        let (id, username) = (UserId::parse(&name).unwrap(), Username::parse(&name).unwrap());
        let user = User::new(id.clone(), username.clone());
        let password_hash = None;
        store.add(Account { user, password_hash }).await.unwrap();
        answer(&format!("add {name}"));
        if number.is_multiple_of(2) {
            let whose = Revoked::User {
                id: id.clone(),
                username,
            };
            let revocation = Revocation::until(whose, Timestamp::from_unix(1_000));
            let disable = DisableAndRevoke::DisableUser(&id);
            assert!(store.withdraw(disable, &revocation).await.unwrap());
            answer(&format!("disable {name}"));
        }
    }
}

fn change_until_killed(path: &Path) {
    runtime().block_on(async {
        let store = Arc::new(SqlStore::open(&DatabaseUrl::file(path)).await.unwrap());
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| tokio::spawn(call(Arc::clone(&store), caller)))
            .collect();
        for caller in callers {
            caller.await.unwrap();
        }
    });
}

/// Starts this test in a process of its own.
fn start(path: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "kill::answered_changes_survive_a_kill", "--nocapture"]);
    command.env(VARIABLE, path).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Kills a process at a moment of its changes, and returns the changes that it answered.
fn kill_one(path: &Path, moment: Duration) -> Vec<String> {
    let mut child = start(path);
    let output = BufReader::new(child.stderr.take().unwrap());
    let mut lines = output.lines();
    let first = lines.next().unwrap().unwrap();
    let rest = std::thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<_>>());
    sleep(moment);
    child.kill().unwrap();
    child.wait().unwrap();
    let mut answered = vec![first];
    answered.extend(rest.join().unwrap());
    let answered = answered
        .into_iter()
        .map(|line| line.strip_prefix("answered ").map(str::to_owned));
    answered.map(Option::unwrap).collect()
}

/// The changes that the database contains.
async fn found(path: &Path) -> BTreeSet<String> {
    let store = SqlStore::open(&DatabaseUrl::file(path)).await.unwrap();
    store.verify().await.unwrap();
    let mut found = BTreeSet::new();
    let mut after = None;
    loop {
        let page = store.list(after.as_ref(), 10_000).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.username().clone());
        for user in page {
            found.insert(format!("add {}", user.username()));
            if user.status() == UserStatus::Disabled {
                found.insert(format!("disable {}", user.username()));
            }
        }
    }
    let mut revoked = BTreeSet::new();
    let mut add = |page| {
        let NewsPage::Entries(entries) = page else { return };
        for entry in entries {
            if let NewsItem::Revoked(revocation) = entry.item
                && let Revoked::User { username, .. } = revocation.whose()
            {
                revoked.insert(format!("disable {username}"));
            }
        }
    };
    let gaps = NewsReader::new().read(&store, &mut add).await.unwrap();
    assert_eq!(gaps, [], "a place was left out");
    let disabled: BTreeSet<_> = found.iter().filter(|line| line.starts_with('d')).cloned().collect();
    assert_eq!(
        disabled, revoked,
        "a user is disabled without a revocation, or the other way"
    );
    store.close().await.unwrap();
    found
}

#[test]
fn answered_changes_survive_a_kill() {
    if let Some(path) = std::env::var_os(VARIABLE) {
        return change_until_killed(Path::new(&path));
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("scopegate.db");
    let mut random = u64::from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos());
    let mut answered = Vec::new();
    for _ in 0..KILLS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        answered.extend(kill_one(&path, Duration::from_micros(random >> 47)));
        let found = runtime().block_on(found(&path));
        for change in &answered {
            assert!(found.contains(change), "`{change}` was answered and is lost");
        }
    }
    assert!(answered.len() > 1_000, "{} changes were answered", answered.len());
}
