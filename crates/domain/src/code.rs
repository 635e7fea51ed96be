//! The stored row of an authorization code: [RFC 6749, section
//! 4.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2).

use crate::{Authorization, CodeChallenge, CodeId, Lifetime, Timestamp};

/// An authorization code as it is stored when it is issued. The code itself is not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new column to each backend"
)]
pub struct AuthorizationCode {
    /// The id of the row: the day of its end, and the digest of the code.
    pub id: CodeId,
    /// What the user allowed.
    pub authorization: Authorization,
    /// The redirect URI of the request, as the client sent it. `None`: the request had none, and
    /// the client has only one.
    pub redirect_uri: Option<String>,
    /// The challenge that the verifier of the client must match.
    pub challenge: CodeChallenge,
    /// The time from which the code is refused.
    pub expires_at: Timestamp,
}

impl AuthorizationCode {
    /// The lifetime of a code: 60 s.
    pub const LIFETIME: Lifetime = Lifetime::from_seconds(60);

    /// The minimum time that the row is kept after the code has expired: 10 minutes. During it a
    /// replay is detected.
    pub const KEPT: Lifetime = Lifetime::from_minutes(10);
}
