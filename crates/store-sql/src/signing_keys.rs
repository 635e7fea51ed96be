//! Signing keys in SQL.

use std::iter;

use scopegate_domain::{Lifetime, StoredKey};
use scopegate_store::{BoxFuture, ResealedKey, SigningKeys, StoreError};

use crate::SqlStore;
use crate::reseal_steps::reseal_keys;
use crate::row;
use crate::statement::Statement;

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

/// Removes a key that has exactly these parts.
const REMOVE: &str = "DELETE FROM signing_keys \
     WHERE epoch = $1 AND id = $2 AND algorithm = $3 AND published_at = $4 \
     AND used_from = $5 AND token_lifetime = $6 AND is_unnamed = $7 AND sealed = $8";

const REMOVE_REST: &str = "DELETE FROM signing_keys";

const ADD: &str = "INSERT INTO signing_keys \
     (epoch, id, algorithm, published_at, used_from, token_lifetime, is_unnamed, sealed) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

impl SigningKeys for SqlStore {
    fn list(&self) -> BoxFuture<'_, Result<Vec<StoredKey>, StoreError>> {
        self.methods
            .list_keys
            .measure(self.all(Statement::new(LIST), row::stored_key))
    }

    fn rotate(&self, key: StoredKey) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.methods
            .rotate_keys
            .measure(async move { self.change(bound(ROTATE, &key)).await })
    }

    fn allow_lifetime(&self, from_epoch: u32, lifetime: Lifetime) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.methods.allow_key_lifetime.measure(
            self.change(
                Statement::new(ALLOW_LIFETIME)
                    .bind(from_epoch)
                    .bind(lifetime.as_seconds()),
            ),
        )
    }

    fn remove_through(&self, epoch: u32) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.methods
            .remove_keys
            .measure(self.change(Statement::new(REMOVE_THROUGH).bind(epoch)))
    }

    fn replace<'a>(&'a self, old: &'a [StoredKey], new: &'a [StoredKey]) -> BoxFuture<'a, Result<bool, StoreError>> {
        let removed = old.iter().map(|key| bound(REMOVE, key).changes(1));
        let rest = iter::once(Statement::new(REMOVE_REST).changes(0));
        let added = new.iter().map(|key| bound(ADD, key).changes(1));
        let steps = removed.chain(rest).chain(added).collect();
        // Keys are listed by epoch, so a list in another order is not the present one.
        let is_ordered = old.is_sorted_by(|one, next| one.epoch < next.epoch);
        self.methods
            .replace_keys
            .measure(async move { Ok(is_ordered && self.change_all(steps).await?) })
    }

    fn rewrap<'a>(&'a self, keys: &'a [ResealedKey]) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.methods.rewrap_keys.measure(self.change_all(reseal_keys(keys)))
    }
}

/// Returns a statement with all parts of a key, in the order of the columns.
fn bound(sql: &'static str, key: &StoredKey) -> Statement {
    Statement::new(sql)
        .bind(key.epoch)
        .bind(key.id.as_str())
        .bind(key.algorithm.as_str())
        .bind(key.published_at.as_unix())
        .bind(key.used_from.as_unix())
        .bind(key.token_lifetime.as_seconds())
        .bind(key.accepts_missing_kid)
        .bind(key.sealed.as_slice())
}
