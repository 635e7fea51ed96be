//! Signing keys in SQL.

use std::iter;

use scopegate_domain::{Lifetime, StoredKey};
use scopegate_store::{BoxFuture, ResealedKey, SigningKeys, StoreError};
use sqlx::query;

use crate::SqlStore;
use crate::row;
use crate::store::Statement;

const LIST: &str = "SELECT epoch, id, algorithm, published_at, used_from, token_lifetime, is_unnamed, sealed \
     FROM signing_keys ORDER BY epoch";

/// The condition is part of the statement, so that no other change comes between check and change.
const ROTATE: &str = "INSERT INTO signing_keys \
     (epoch, id, algorithm, published_at, used_from, token_lifetime, is_unnamed, sealed) \
     SELECT $1, $2, $3, $4, $5, $6, $7, $8 \
     WHERE (SELECT COALESCE(MAX(epoch), 0) FROM signing_keys) = $1 - 1";

const ALLOW_LIFETIME: &str = "UPDATE signing_keys SET token_lifetime = $2 WHERE epoch >= $1 AND token_lifetime < $2";

const REMOVE_THROUGH: &str =
    "DELETE FROM signing_keys WHERE epoch <= $1 AND epoch < (SELECT MAX(epoch) FROM signing_keys)";

const REMOVE_ALL: &str = "DELETE FROM signing_keys";

const ADD: &str = "INSERT INTO signing_keys \
     (epoch, id, algorithm, published_at, used_from, token_lifetime, is_unnamed, sealed) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const COUNT: &str = "SELECT COUNT(*) FROM signing_keys";

const REWRAP: &str = "UPDATE signing_keys SET sealed = $3 WHERE id = $1 AND sealed = $2";

impl SigningKeys for SqlStore {
    fn list(&self) -> BoxFuture<'_, Result<Vec<StoredKey>, StoreError>> {
        self.methods.list_keys.measure(self.all(query(LIST), row::stored_key))
    }

    fn rotate(&self, key: StoredKey) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.methods
            .rotate_keys
            .measure(async move { self.change(bound(ROTATE, &key)).await })
    }

    fn allow_lifetime(&self, from_epoch: u32, lifetime: Lifetime) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.methods
            .allow_key_lifetime
            .measure(self.change(query(ALLOW_LIFETIME).bind(from_epoch).bind(lifetime.as_seconds())))
    }

    fn remove_through(&self, epoch: u32) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.methods
            .remove_keys
            .measure(self.change(query(REMOVE_THROUGH).bind(epoch)))
    }

    fn replace<'a>(&'a self, old: &'a [StoredKey], new: &'a [StoredKey]) -> BoxFuture<'a, Result<bool, StoreError>> {
        let statements = iter::once(query(REMOVE_ALL)).chain(new.iter().map(|key| bound(ADD, key)));
        self.methods
            .replace_keys
            .measure(self.change_if(old, query(LIST), row::stored_key, statements.collect()))
    }

    fn rewrap<'a>(&'a self, keys: &'a [ResealedKey]) -> BoxFuture<'a, Result<bool, StoreError>> {
        let rewrap = |key: &'a ResealedKey| query(REWRAP).bind(key.id.as_str()).bind(&key.old).bind(&key.new);
        let statements = keys.iter().map(rewrap).collect();
        self.methods.rewrap_keys.measure(self.change_each(COUNT, statements))
    }
}

/// Returns a statement with all parts of a key, in the order of the columns.
fn bound<'a>(sql: &'static str, key: &'a StoredKey) -> Statement<'a> {
    query(sql)
        .bind(key.epoch)
        .bind(key.id.as_str())
        .bind(&key.algorithm)
        .bind(key.published_at.as_unix())
        .bind(key.used_from.as_unix())
        .bind(key.token_lifetime.as_seconds())
        .bind(key.accepts_missing_kid)
        .bind(&key.sealed)
}
