//! The context that every grant needs: one argument, not ten.

use std::fmt;
use std::sync::Arc;

use scopegate_domain::{Clock, GrantType, Lifetime};
use scopegate_store::{ClientsCache, Store, StoreError};
use scopegate_token::{RandomSource, Signer};

use crate::people::People;
use crate::targets::Targets;
use crate::{Dialect, RevocationWatch};
use scopegate_login::{AuditLog, PasswordCheck, Throttle};

pub(crate) struct GrantContext {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clients: Option<Arc<ClientsCache>>,
    pub(crate) signer: Arc<Signer>,
    pub(crate) passwords: PasswordCheck,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) audit: AuditLog,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn RandomSource>,
    pub(crate) targets: Targets,
    pub(crate) dialect: Dialect,
    pub(crate) lifetime: Lifetime,
    /// The lifetime of a token by the password grant.
    pub(crate) password_lifetime: Lifetime,
    pub(crate) password_grant: bool,
    /// The settings of the code grant. `None`: the grant is not enabled.
    pub(crate) people: Option<Arc<People>>,
    pub(crate) revocations: Option<Arc<RevocationWatch>>,
}

impl GrantContext {
    /// Fails while revocations may be unknown. Each endpoint calls it before it reads the client,
    /// because the store that does not return the revocations may not return the client either.
    pub(crate) fn expect_news(&self) -> Result<(), StoreError> {
        let Some(watch) = &self.revocations else {
            return Ok(());
        };
        watch.set().check().map_err(StoreError::unavailable)
    }

    /// Returns the lifetime of a token by this grant type.
    pub(crate) const fn lifetime_of(&self, grant_type: GrantType) -> Lifetime {
        match grant_type {
            GrantType::AuthorizationCode | GrantType::ClientCredentials | GrantType::RefreshToken => self.lifetime,
            GrantType::Password => self.password_lifetime,
        }
    }

    /// Returns whether this server offers a grant type at all.
    pub(crate) const fn offers(&self, grant_type: GrantType) -> bool {
        match grant_type {
            GrantType::AuthorizationCode | GrantType::RefreshToken => self.people.is_some(),
            GrantType::ClientCredentials => true,
            GrantType::Password => self.password_grant,
        }
    }
}

impl fmt::Debug for GrantContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrantContext")
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}
