//! How long a revocation has to be kept.

use scopegate_domain::{Lifetime, Revocation, Timestamp};
use scopegate_store::{Store, StoreError};

/// What clocks of nodes may differ by, at the node that issued, the one that verifies and the one
/// that forgets, and some time more.
const MARGIN: Lifetime = Lifetime::from_minutes(5);

/// When the last of the tokens that were issued until now has expired, on every node.
///
/// The store knows how long they live: from the keys that signed them, and of tokens without `iat`
/// from what their servers said. If it knows nothing, it is [`Revocation::KEPT`] from now.
///
/// # Errors
///
/// [`StoreError`].
pub async fn last_expiry(store: &dyn Store, now: Timestamp) -> Result<Timestamp, StoreError> {
    let keys = store.signing_keys().list().await?;
    let of_keys = keys.iter().map(|key| key.token_lifetime).max();
    let said = store.revocations().longest_lifetime(now).await?;
    Ok(now + of_keys.max(said).unwrap_or(Revocation::KEPT) + MARGIN)
}
