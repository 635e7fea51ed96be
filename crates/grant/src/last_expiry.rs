//! The time until which a revocation must be kept.

use scopegate_domain::{Lifetime, Revocation, Timestamp};
use scopegate_store::{Store, StoreError};

/// The maximum difference between the clocks of the nodes that issue, verify and remove
/// revocations, plus a margin. A revocation is kept for this time after its tokens have expired.
pub(crate) const MARGIN: Lifetime = Lifetime::from_minutes(5);

/// Returns when the last of the tokens that were issued until now has expired, on every node.
///
/// It is at least [`Revocation::KEPT`] from now, because the store does not know the lifetime of
/// tokens that a shared secret signs. It is later if a key in the store signs for longer.
///
/// # Errors
///
/// [`StoreError`].
pub async fn last_expiry(store: &dyn Store, now: Timestamp) -> Result<Timestamp, StoreError> {
    let keys = store.signing_keys().list().await?;
    let of_keys = keys.iter().map(|key| key.token_lifetime).max();
    Ok(now + of_keys.map_or(Revocation::KEPT, |longest| longest.max(Revocation::KEPT)) + MARGIN)
}
