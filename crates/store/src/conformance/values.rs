//! Values that the tests of a store share.

use scopegate_domain::{PasswordHash, UserId, Username};
use tokio::runtime::{Builder, Runtime};

/// Returns a runtime with two threads, so that calls can overlap.
pub(super) fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

pub(super) fn user_id(text: &str) -> UserId {
    UserId::parse(text).unwrap()
}

pub(super) fn username(text: &str) -> Username {
    Username::from_stored(text).unwrap()
}

pub(super) fn hash(text: &str) -> PasswordHash {
    PasswordHash::from_stored(text)
}
