//! Sessions, codes and families in a file: restarts, other programs, and copies.

#![expect(clippy::unwrap_used, reason = "a failed test says so by a panic")]

use std::sync::Arc;

use scopegate_domain::{
    Account, Acr, AuthenticationMethod, Authorization, AuthorizationCode, Client, ClientId, CodeChallenge, CodeId,
    Consent, Day, EndReason, FamilyId, Generation, Lifetime, LoginContext, LoginSession, NewFamily, PresentedRefresh,
    Scope, SecretDigest, SessionId, Timestamp, User, UserId, Username,
};
use scopegate_store::{
    AllowOutcome, BeginOutcome, ChangeTime, Cleanup, Families, FamilyCondition, RedeemOutcome, Redemption,
    RotateOutcome, Rotation, Sessions, Store, StoreErrorKind,
};
use scopegate_store_sql::{DatabaseUrl, SqlStore};
use tempfile::TempDir;

use crate::sqlite::{file, path, run};

/// Closes the file and opens it again.
async fn restart(store: SqlStore, folder: &TempDir) -> SqlStore {
    store.close().await.unwrap();
    SqlStore::open(&DatabaseUrl::file(path(folder))).await.unwrap()
}

#[test]
fn random_operations_survive_restarts() {
    scopegate_store::conformance::random_operations(file, &restart);
}

#[test]
fn random_grants_survive_restarts() {
    scopegate_store::conformance::random_grants(file, &restart);
}

const NOW: Timestamp = Timestamp::from_unix(20_000 * 86_400);

fn client() -> ClientId {
    ClientId::parse("c1").unwrap()
}

fn family() -> NewFamily {
    NewFamily {
        id: FamilyId::from_bytes([1; 16]),
        secret_digest: SecretDigest::from_bytes([2; 32]),
        ends_at: NOW + Lifetime::from_seconds(900),
        idle: Lifetime::from_seconds(800),
        ends_with_session: true,
    }
}

/// Issues a code that is not redeemed yet.
async fn issued(store: &dyn Store) -> AuthorizationCode {
    add_user_and_client(store).await;
    issue(store, NOW).await
}

pub(crate) async fn add_user_and_client(store: &dyn Store) {
    let user = User::new(UserId::parse("u1").unwrap(), Username::parse("ada").unwrap());
    let account = Account {
        user,
        password_hash: None,
    };
    store.users().add(account).await.unwrap();
    store.clients().add(Client::public(client(), "App")).await.unwrap();
}

/// Logs in, consents and redeems the code.
pub(crate) async fn grant(store: &dyn Store, now: Timestamp) {
    let code = issue(store, now).await;
    let mut id = [0; 16];
    id[..8].copy_from_slice(&now.as_unix().to_be_bytes());
    let new = NewFamily {
        id: FamilyId::from_bytes(id),
        ends_at: now + Lifetime::from_seconds(14 * 86_400),
        idle: Lifetime::from_seconds(86_400),
        ..family()
    };
    let redemption = Redemption {
        code: &code.id,
        client: &code.authorization.client_id,
        redirect_uri: None,
        challenge: &code.challenge,
        key_thumbprint: None,
        time: ChangeTime::at(now),
        replay_audit: &[],
    };
    let redeemed = store.codes().redeem(&redemption, &new).await.unwrap();
    assert!(matches!(redeemed, RedeemOutcome::Redeemed(_)), "{redeemed:?}");
}

/// Logs in and consents.
async fn issue(store: &dyn Store, now: Timestamp) -> AuthorizationCode {
    let (user_id, ends_at) = (UserId::parse("u1").unwrap(), now + Lifetime::from_seconds(5_000));
    let mut digest = [3; 32];
    digest[..8].copy_from_slice(&now.as_unix().to_be_bytes());
    let session = LoginSession {
        user_id: user_id.clone(),
        login: LoginContext {
            session: SessionId::new(Day::of(ends_at), digest),
            at: now,
            acr: Acr::parse("1").unwrap(),
            amr: vec![AuthenticationMethod::Password],
        },
        seen_at: now,
        ends_at,
        idle: Lifetime::from_seconds(5_000),
        user_agent: String::new(),
    };
    let begun = store.sessions().begin(&session, None, 50, ChangeTime::at(now)).await;
    assert_eq!(begun.unwrap(), BeginOutcome::Begun(Vec::new()));
    let scope = || "a".parse().unwrap();
    let code = AuthorizationCode {
        id: CodeId::new(Day::of(now), digest),
        authorization: Authorization {
            user_id: user_id.clone(),
            client_id: client(),
            scope: scope(),
            resources: Vec::new(),
            login: session.login,
            key_thumbprint: None,
            nonce: None,
        },
        redirect_uri: None,
        challenge: CodeChallenge::from_bytes([5; 32]),
        expires_at: now + Lifetime::from_seconds(60),
    };
    let consent = Consent::new(user_id.clone(), client(), scope(), Scope::default(), now);
    let allowed = store.codes().allow(&consent, &code, now).await.unwrap();
    assert_eq!(allowed, AllowOutcome::Stored);
    code
}

async fn redeem(store: &dyn Store, code: &AuthorizationCode) -> Result<RedeemOutcome, StoreErrorKind> {
    let redemption = Redemption {
        code: &code.id,
        client: &code.authorization.client_id,
        redirect_uri: None,
        challenge: &code.challenge,
        key_thumbprint: None,
        time: ChangeTime::at(NOW),
        replay_audit: &[],
    };
    let redeemed = store.codes().redeem(&redemption, &family()).await;
    redeemed.map_err(|error| error.kind())
}

async fn rotate(store: &dyn Store, generation: u32) -> Result<RotateOutcome, StoreErrorKind> {
    let (family, client) = (family(), client());
    let rotation = Rotation {
        family: family.id,
        ends_on: family.ends_on(),
        presented: PresentedRefresh {
            generation: Generation::from_number(generation),
            secret_digest: family.secret_digest,
            client_id: &client,
            key_thumbprint: None,
        },
        retry_window: Lifetime::from_seconds(10),
        condition: &FamilyCondition::NONE,
        time: ChangeTime::at(NOW),
        reuse_audit: &[],
    };
    let rotated = store.families().rotate(&rotation).await;
    rotated.map_err(|error| error.kind())
}

/// Another program that knows nothing of codes and families may disable a user.
#[tokio::test]
async fn user_disabled_by_another_program_gets_no_tokens() {
    let (store, folder) = file().await;
    let store: Arc<dyn Store> = Arc::new(store);
    let code = issued(&*store).await;
    let disable = "UPDATE users SET status = 'disabled'";
    run(&path(&folder), disable).await;
    assert_eq!(redeem(&*store, &code).await, Ok(RedeemOutcome::UserDisabled));
    run(&path(&folder), "UPDATE users SET status = 'active'").await;
    let redeemed = redeem(&*store, &code).await;
    assert!(matches!(redeemed, Ok(RedeemOutcome::Redeemed(_))), "{redeemed:?}");
    run(&path(&folder), disable).await;
    for generation in [0, 3] {
        assert_eq!(rotate(&*store, generation).await, Ok(RotateOutcome::UserDisabled));
    }
}

/// A row that the domain rejects is an error, and nothing changes.
#[tokio::test]
async fn a_corrupt_grant_is_never_used() {
    for (table, broken) in [
        ("codes", "scope = 'a  b'"),
        ("codes", "acr = ''"),
        ("codes", "amr = 'unknown'"),
        ("codes", "resources = 'a' || char(10)"),
        ("families", "ended_at = 1, ended_why = 'unknown'"),
        ("families", "scope = 'a  b'"),
        ("families", "ends_at = 1"),
        ("families", "session_ends_on = 99999999"),
    ] {
        let (store, folder) = file().await;
        let store: Arc<dyn Store> = Arc::new(store);
        let code = issued(&*store).await;
        if table == "families" {
            assert!(matches!(redeem(&*store, &code).await, Ok(RedeemOutcome::Redeemed(_))));
        }
        run(&path(&folder), &format!("UPDATE {table} SET {broken}")).await;
        let found = if table == "families" {
            rotate(&*store, 0).await.map(|_| ())
        } else {
            redeem(&*store, &code).await.map(|_| ())
        };
        assert_eq!(found, Err(StoreErrorKind::Corrupt), "{broken}");
        run(&path(&folder), "DELETE FROM codes WHERE redeemed_at IS NULL").await;
    }
}

/// The rows of a grant end with it, so that a database does not grow by use.
#[tokio::test]
async fn nothing_is_left_of_an_old_grant() {
    let (store, folder) = file().await;
    let shared: Arc<dyn Store> = Arc::new(store);
    let code = issued(&*shared).await;
    assert!(matches!(redeem(&*shared, &code).await, Ok(RedeemOutcome::Redeemed(_))));
    shared.clients().remove(&client()).await.unwrap();
    let cleanup = Cleanup {
        now: NOW + Lifetime::from_seconds(200_000),
        max: Cleanup::MAX,
        after: None,
    };
    let deleted = shared.delete_expired(cleanup).await.unwrap();
    assert_eq!((deleted.total(), deleted.has_more), (4, false));
    let store = SqlStore::open(&DatabaseUrl::file(path(&folder))).await.unwrap();
    let rows = store.verify().await.unwrap();
    assert_eq!((rows.sessions, rows.codes, rows.families, rows.consents), (0, 0, 0, 0));
}

/// More rows than a transaction changes.
#[tokio::test]
async fn all_rows_end_in_several_batches() {
    const ROWS: u64 = 1_234;
    let (store, folder) = file().await;
    let many = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1234) \
         INSERT INTO sessions SELECT 20000 + n % 7, randomblob(32), 'u1', 1, '1', 'pwd', 1, 2000000000, 60, '' FROM n; \
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1234) \
         INSERT INTO families SELECT 20000 + n % 7, randomblob(16), randomblob(32), 0, 1, 1, 2000000000, 60, 0, 'u1', 'c1', 'me', '', \
             20000, randomblob(32), 1, '1', 'pwd', NULL, 0, 0, NULL, NULL FROM n; \
         UPDATE families SET ended_at = 1, ended_why = 'revoked' WHERE ends_on = 20003;";
    run(&path(&folder), many).await;
    assert_eq!(store.remove_sessions().await.unwrap(), ROWS);
    assert_eq!(store.remove_sessions().await.unwrap(), 0);
    let ended = store.end_families(EndReason::Restored, NOW).await.unwrap();
    assert_eq!(ended, ROWS - ROWS / 7);
    assert_eq!(store.end_families(EndReason::Restored, NOW).await.unwrap(), 0);
    let rows = store.verify().await.unwrap();
    assert_eq!((rows.sessions, rows.families), (0, ROWS));
}
