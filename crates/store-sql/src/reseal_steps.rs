//! The steps that replace the sealed bytes of keys and server secrets.

use std::iter;

use scopegate_store::{ResealedKey, ResealedSecret};

use crate::statement::{Statement, Step};

/// Changes nothing, and so counts the keys.
const TOUCH_KEYS: &str = "UPDATE signing_keys SET sealed = sealed";

const RESEAL_KEY: &str = "UPDATE signing_keys SET sealed = $3 WHERE id = $1 AND sealed = $2";

/// Changes nothing, and so counts the secrets.
const TOUCH_SECRETS: &str = "UPDATE sealed_secrets SET sealed = sealed";

const RESEAL_SECRET: &str = "UPDATE sealed_secrets SET sealed = $4 WHERE purpose = $1 AND version = $2 AND sealed = $3";

/// The steps that replace the sealed bytes of all keys.
pub(crate) fn reseal_keys(keys: &[ResealedKey]) -> Vec<Step> {
    let count = u64::try_from(keys.len()).unwrap_or(u64::MAX);
    let reseal = |key: &ResealedKey| {
        let reseal = Statement::new(RESEAL_KEY).bind(key.id.as_str());
        reseal.bind(key.old.as_slice()).bind(key.new.as_slice()).changes(1)
    };
    let all = iter::once(Statement::new(TOUCH_KEYS).changes(count));
    all.chain(keys.iter().map(reseal)).collect()
}

/// The steps that replace the sealed bytes of all secrets.
pub(crate) fn reseal_secrets(secrets: &[ResealedSecret]) -> Vec<Step> {
    let count = u64::try_from(secrets.len()).unwrap_or(u64::MAX);
    let reseal = |secret: &ResealedSecret| {
        let reseal = Statement::new(RESEAL_SECRET)
            .bind(secret.purpose.as_str())
            .bind(secret.version);
        reseal
            .bind(secret.old.as_slice())
            .bind(secret.new.as_slice())
            .changes(1)
    };
    let all = iter::once(Statement::new(TOUCH_SECRETS).changes(count));
    all.chain(secrets.iter().map(reseal)).collect()
}
