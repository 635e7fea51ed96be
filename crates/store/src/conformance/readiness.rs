//! The queries of a health check.

use std::sync::Arc;

use super::{account, username};
use crate::Store;

pub async fn a_rehearsal_changes_nothing(store: Arc<dyn Store>) {
    store.check_writable().await.unwrap();
    store.users().add(account("u1", "a")).await.unwrap();
    store.check_writable().await.unwrap();
    store.ping().await.unwrap();
    let found = store.users().list(None, u16::MAX).await.unwrap();
    assert_eq!(found, [account("u1", "a").user]);
    assert_eq!(
        store.users().find(&username("a")).await.unwrap(),
        Some(account("u1", "a").user)
    );
    assert_eq!(store.clients().list(None, u16::MAX).await.unwrap(), []);
}
