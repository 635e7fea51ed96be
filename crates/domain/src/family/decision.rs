//! The decision about a refresh token, by the row of its family.

use std::cmp::Ordering;

use super::{EndReason, Family, Generation};
use crate::{ClientId, GrantBinding, KeyThumbprint, Lifetime, SecretDigest, Timestamp};

/// A refresh token whose MAC was verified, with what the client presented next to it.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "each caller must present a new binding")]
pub struct PresentedRefresh<'p> {
    /// The generation of the token.
    pub generation: Generation,
    /// The digest of the secret of the token.
    pub secret_digest: SecretDigest,
    /// The client that authenticated.
    pub client_id: &'p ClientId,
    /// The key that the client proved to have.
    pub key_thumbprint: Option<&'p KeyThumbprint>,
}

/// The decision about a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each store must handle a new decision")]
pub enum FamilyDecision {
    /// The family has ended. Nothing changes.
    Ended(EndReason),
    /// The token is genuine and newer than the row, because a rotation was lost. The row moves to
    /// this generation, the successor of the token.
    Forward(Generation),
    /// The token is bound to another client or key. Nothing changes.
    Mismatch(GrantBinding),
    /// The direct predecessor of the valid token, within the window. The client receives the valid
    /// token again, and nothing changes.
    Retry,
    /// An older token was used again. The family ends.
    Reused,
    /// The valid token. The row moves to this generation, its successor.
    Rotate(Generation),
    /// The secret is not that of the family. Nothing changes.
    Unknown,
}

/// Decides about a refresh token by the row of its family. Every store decides like this; the
/// status of user and client is an additional condition.
///
/// The secret is compared first, so a MAC key without a secret changes nothing. `retry_window` is
/// inclusive, and zero disables the retry.
#[must_use]
pub fn family_decision(
    row: &Family,
    presented: &PresentedRefresh<'_>,
    now: Timestamp,
    retry_window: Lifetime,
) -> FamilyDecision {
    if row.secret_digest != presented.secret_digest {
        return FamilyDecision::Unknown;
    }
    if row.authorization.client_id != *presented.client_id {
        return FamilyDecision::Mismatch(GrantBinding::Client);
    }
    if row.authorization.key_thumbprint.as_ref() != presented.key_thumbprint {
        return FamilyDecision::Mismatch(GrantBinding::Key);
    }
    if let Some(reason) = row.end_reason(now) {
        return FamilyDecision::Ended(reason);
    }
    let Some(next) = presented.generation.next() else {
        return FamilyDecision::Ended(EndReason::Age);
    };
    let is_retried = next == row.generation && retry_window.as_seconds() > 0 && now <= row.rotated_at + retry_window;
    match presented.generation.cmp(&row.generation) {
        Ordering::Equal => FamilyDecision::Rotate(next),
        Ordering::Greater => FamilyDecision::Forward(next),
        Ordering::Less if is_retried => FamilyDecision::Retry,
        Ordering::Less => FamilyDecision::Reused,
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
