//! The time until which a revocation must be kept.

use scopegate_domain::{Lifetime, Revocation, Timestamp};
use scopegate_store::{Store, StoreError};

/// The maximum difference between the clocks of the nodes that issue, verify and remove
/// revocations, plus a margin.
const MARGIN: Lifetime = Lifetime::from_minutes(5);

/// Returns when the last of the tokens that were issued until now has expired, on every node.
///
/// The store knows their lifetimes: from the keys that signed them, and for tokens without `iat`
/// from the records of their servers. If it knows nothing, it is [`Revocation::KEPT`] from now.
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
