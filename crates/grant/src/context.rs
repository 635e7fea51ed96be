//! The context that every grant needs: one argument, not ten.

use std::fmt;
use std::sync::Arc;

use scopegate_domain::{Client, ClientId, Clock, GrantType, Lifetime, LoginSession, SessionId, Timestamp, User};
use scopegate_store::{ClientsCache, SEEN_EVERY, Store, StoreError};
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
        self.revocations.as_ref().map_or(Ok(()), |watch| watch.expect_news())
    }

    /// Returns the active session with this id and its user, and records its use.
    pub(crate) async fn use_session(
        &self,
        id: &SessionId,
        now: Timestamp,
    ) -> Result<Option<(LoginSession, User)>, StoreError> {
        let sessions = self.store.sessions();
        let found = sessions.find(id, now).await?;
        if let Some((session, _)) = &found
            && session.seen_at + SEEN_EVERY <= now
        {
            sessions.touch(id, now).await?;
        }
        Ok(found)
    }

    /// Returns the client that a request names. `None`: it names none, or an unknown one.
    pub(crate) async fn named_client(&self, id: Option<&str>) -> Result<Option<Client>, StoreError> {
        match id.and_then(|id| ClientId::parse(id).ok()) {
            Some(id) => self.store.clients().find(&id).await,
            None => Ok(None),
        }
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
