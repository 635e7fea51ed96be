//! The settings of the grants that users allow, and what these grants share.

use std::sync::Arc;

use scopegate_domain::{Issuer, Lifetime};
use scopegate_token::Sealer;

use crate::secrets::{SecretRings, ServerSecrets};

/// The settings of the code grant and of refresh tokens.
#[derive(Debug)]
pub(crate) struct People {
    pub(crate) issuer: Issuer,
    pub(crate) secrets: Arc<ServerSecrets>,
    /// The time in which the direct predecessor of a refresh token is a retry.
    pub(crate) refresh_retry: Lifetime,
    /// The least number of characters of a new password.
    pub(crate) password_min_length: usize,
}

/// The least number of characters of a new password, by default: 8 (NIST SP 800-63B).
pub(crate) const PASSWORD_MIN_LENGTH: usize = 8;

/// The time for which the direct predecessor of a refresh token receives the same successor, by
/// default: 10 s.
pub(crate) const REFRESH_RETRY: Lifetime = Lifetime::from_seconds(10);

impl People {
    pub(crate) fn rings(&self) -> Arc<SecretRings> {
        self.secrets.current()
    }

    /// Returns what seals flows.
    pub(crate) fn sealer(&self) -> Sealer {
        Sealer::new(self.rings().flow.clone(), self.issuer.clone())
    }
}
