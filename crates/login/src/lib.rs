//! **Is this the user?** This crate checks passwords of users, limits guessing and records security
//! events.
//!
//! The token endpoint uses it through `scopegate-grant`. An application with its own login page
//! uses it directly.
//!
//! ```text
//! PasswordLogin --> Throttle --> HashingPool --> Authenticated<User>
//!                     |              |
//!                 Throttled     HashingError        or LoginError::Rejected, after padding
//! ```
//!
//! Start with [`PasswordCheck`], [`PasswordLogin`], [`DisabledUserLogin`], [`LoginError`],
//! [`HashingLimits`], [`HashingError`], [`Throttle`], [`SecretOwner`], [`Attempt`] and
//! [`AuditLog`].
//!
//! ```
//! use std::sync::Arc;
//! use scopegate_domain::{Account, ClientId, Secret, User, UserId, Username};
//! use scopegate_login::{
//!     DisabledUserLogin, HashingLimits, LoginError, LoginRecord, NameMatch, PasswordCheck, PasswordLogin, RequestOrigin,
//!     Throttle,
//! };
//! use scopegate_store::{MemoryStore, Store};
//! use scopegate_token::{PasswordHasher, PasswordPolicy, SystemRandomSource};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
//! let hasher = PasswordHasher::new(PasswordPolicy::default());
//! let (id, name) = (UserId::parse("u1")?, Username::parse("johndoe")?);
//! let hash = hasher.hash(&Secret::new("secret".into()), &SystemRandomSource)?;
//! let user = User::new(id, name.clone());
//! store.users().add(Account { user, password_hash: Some(hash) }).await?;
//!
//! let throttle = Arc::new(Throttle::new(true));
//! let check = PasswordCheck::new(store, hasher, HashingLimits::default(), throttle, Arc::new(SystemRandomSource));
//! let client = ClientId::parse("login-page")?;
//! let origin = RequestOrigin::default();
//! let login = |password| {
//!     let login = PasswordLogin {
//!         name: Some(&name),
//!         presented_name: "johndoe",
//!         names: NameMatch::Canonical,
//!         password,
//!         client: &client,
//!         origin: &origin,
//!         disabled: DisabledUserLogin::Deny,
//!         browser: None,
//!         record: LoginRecord::Counted,
//!     };
//!     check.check(login)
//! };
//! let (right, wrong) = (Secret::new("secret".into()), Secret::new("wrong".into()));
//! assert_eq!(login(&right).await?.username(), &name);
//! assert!(matches!(login(&wrong).await, Err(LoginError::Rejected)));
//! # Ok(())
//! # }
//! ```
//!
//! # A failed login reveals nothing
//!
//! An unknown user, a wrong password and a disabled user give one error. Each of them costs one
//! verification. Then the response waits until it has taken as long as the slowest password scheme
//! in the store takes.
//!
//! # Guessing is limited
//!
//! Failed attempts count for the account and for the address. Beyond a limit, an attempt is refused
//! before anything is read or hashed. The counts are in bounded memory of this process. Clients
//! have the same limits for their secrets.
//!
//! # Recording is bounded
//!
//! [`AuditLog`] records logins, failed logins and the events of tokens. It counts them in bounded
//! memory, and an unknown name is never written.
//!
//! # Out of scope
//!
//! HTTP, sessions, grants, and the hash functions: `scopegate-token` has them.

mod audit;
mod error;
mod exact_pause;
mod hashing;
mod password_check;
mod throttle;

pub use audit::{AuditLog, AuditMode, RequestOrigin, audit_entry};
pub use error::LoginError;
pub use exact_pause::ExactPause;
pub use hashing::{HashingError, HashingLimits};
pub use password_check::{DisabledUserLogin, LoginRecord, NameMatch, PasswordCheck, PasswordLogin};
pub use throttle::{Attempt, AttemptOutcome, SecretOwner, Throttle, Throttled};
