//! Password checks against a store in memory.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::net::IpAddr;
use std::sync::Arc;

use scopegate_domain::{Account, ClientId, PasswordHash, Secret, User, UserId, UserStatus, Username};
use scopegate_login::{
    DisabledUserLogin, HashingLimits, LoginError, LoginRecord, NameMatch, PasswordCheck, PasswordLogin, Throttle,
};
use scopegate_store::{MemoryStore, Store, Users};
use scopegate_token::{PasswordHasher, PasswordPolicy, SystemRandomSource};

/// bcrypt of `secret`, cost 4.
const BCRYPT: &str = "$2b$04$EixZaYVK1fsbw1ZfbX3OXecuEWXLp80MtU.0.8ZM4wHF7LiXJMApO";

struct Fixture {
    store: Arc<MemoryStore>,
    check: PasswordCheck,
}

impl Fixture {
    /// A store with `johndoe`, and with `alice`, who is disabled.
    async fn new(throttle: bool) -> Self {
        let store = Arc::new(MemoryStore::new());
        for (name, status) in [("johndoe", UserStatus::Active), ("alice", UserStatus::Disabled)] {
            let user = User::new(UserId::parse(name).unwrap(), Username::parse(name).unwrap()).with_status(status);
            let password_hash = Some(PasswordHash::from_stored(BCRYPT));
            Users::add(&*store, Account { user, password_hash }).await.unwrap();
        }
        let behind: Arc<dyn Store> = Arc::<MemoryStore>::clone(&store);
        let hasher = PasswordHasher::new(PasswordPolicy::default().without_rehash());
        let (limits, throttle) = (HashingLimits { slots: 1, queue: 0 }, Arc::new(Throttle::new(throttle)));
        Self {
            store,
            check: PasswordCheck::new(behind, hasher, limits, throttle, Arc::new(SystemRandomSource)),
        }
    }

    async fn log_in(&self, name: &str, password: &str, disabled: DisabledUserLogin) -> Result<User, LoginError> {
        let (username, password) = (Username::parse(name).ok(), Secret::new(password.to_owned()));
        let login = PasswordLogin {
            name: username.as_ref(),
            presented_name: name,
            names: NameMatch::Canonical,
            password: &password,
            client: &ClientId::parse("app").unwrap(),
            origin: &Some(IpAddr::from([192, 0, 2, 1])).into(),
            disabled,
            browser: None,
            record: LoginRecord::Counted,
        };
        self.check
            .check(login)
            .await
            .map(scopegate_domain::Authenticated::into_inner)
    }
}

#[tokio::test]
async fn right_password_returns_the_user() {
    let fixture = Fixture::new(true).await;
    let user = fixture.log_in("johndoe", "secret", DisabledUserLogin::Deny).await;
    assert_eq!(user.unwrap().id().as_str(), "johndoe");
}

#[tokio::test]
async fn every_failed_login_is_rejected_alike() {
    let fixture = Fixture::new(false).await;
    for (name, password) in [
        ("johndoe", "wrong"),
        ("nobody", "secret"),
        ("john\0doe", "secret"),
        ("alice", "secret"),
        ("alice", "wrong"),
    ] {
        let rejected = fixture
            .log_in(name, password, DisabledUserLogin::Deny)
            .await
            .unwrap_err();
        assert!(matches!(rejected, LoginError::Rejected), "{name}: {rejected:?}");
        assert_eq!(rejected.to_string(), "user name or password is wrong");
    }
}

#[tokio::test]
async fn disabled_user_logs_in_only_if_allowed() {
    let fixture = Fixture::new(true).await;
    assert!(
        fixture
            .log_in("alice", "secret", DisabledUserLogin::Allow)
            .await
            .is_ok()
    );
    let rejected = fixture.log_in("alice", "wrong", DisabledUserLogin::Allow).await;
    assert!(matches!(rejected, Err(LoginError::Rejected)));
}

#[tokio::test]
async fn login_after_ten_failures_is_throttled() {
    let fixture = Fixture::new(true).await;
    for _ in 0..10 {
        let rejected = fixture.log_in("johndoe", "wrong", DisabledUserLogin::Deny).await;
        assert!(matches!(rejected, Err(LoginError::Rejected)));
    }
    let throttled = fixture.log_in("johndoe", "secret", DisabledUserLogin::Deny).await;
    assert!(matches!(throttled, Err(LoginError::Throttled(_))), "{throttled:?}");
    let unlimited = Fixture::new(false).await;
    for _ in 0..12 {
        let rejected = unlimited.log_in("johndoe", "wrong", DisabledUserLogin::Deny).await;
        assert!(matches!(rejected, Err(LoginError::Rejected)));
    }
}

#[tokio::test]
async fn removed_user_cannot_log_in() {
    let fixture = Fixture::new(true).await;
    Users::remove(&*fixture.store, &UserId::parse("johndoe").unwrap())
        .await
        .unwrap();
    let rejected = fixture.log_in("johndoe", "secret", DisabledUserLogin::Deny).await;
    assert!(matches!(rejected, Err(LoginError::Rejected)));
}
