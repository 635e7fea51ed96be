//! Random changes that revoke tokens, and random changes of all settings of a client.

use proptest::option;
use proptest::prelude::*;
use scopegate_domain::{Client, ClientId, PasswordHash, Revocation, Scope, User, UserId};

use super::random::{any_account, any_client, any_hash, any_scope};
use super::values::username;
use crate::{DisableAndRevoke, Store, StoreError};

/// A change that a withdrawal makes.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Disable,
    Remove,
    Scope(Scope),
    /// All settings of a client.
    Update(Box<ClientUpdate>),
    /// A user's password.
    Password(Option<PasswordHash>),
    /// The profile of a user, whose id is replaced.
    Profile(User),
}

impl Change {
    /// Generates any change.
    pub(super) fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            Just(Self::Disable),
            Just(Self::Remove),
            any_scope().prop_map(Self::Scope),
            ClientUpdate::any().prop_map(|update| Self::Update(Box::new(update))),
            option::of(any_hash()).prop_map(Self::Password),
            any_account().prop_map(|account| Self::Profile(account.user)),
        ]
    }

    /// Changes a client and revokes. A change that only a user has removes it.
    pub(super) async fn withdraw_client(
        &self,
        id: &ClientId,
        revocation: &Revocation,
        store: &dyn Store,
    ) -> Result<bool, StoreError> {
        let (old, new) = match self {
            Self::Update(update) => (Some(update.old(store).await?), Some(&update.new)),
            _ => (None, None),
        };
        let withdrawal = match (&old, new) {
            (Some(old), Some(new)) => DisableAndRevoke::UpdateClient { old, new },
            _ => DisableAndRevoke::RemoveClient(id),
        };
        store.news().withdraw(withdrawal, revocation).await
    }

    /// Changes a user and revokes. A change that only a client has removes the user.
    pub(super) async fn withdraw_user(
        &self,
        id: &UserId,
        revocation: &Revocation,
        store: &dyn Store,
    ) -> Result<bool, StoreError> {
        let profile = self.profile_of(id);
        let withdrawal = match self {
            Self::Profile(_) => DisableAndRevoke::SetProfile(&profile),
            Self::Disable => DisableAndRevoke::DisableUser(id),
            Self::Scope(scope) => DisableAndRevoke::SetUserScope(id, scope),
            Self::Password(hash) => DisableAndRevoke::SetPasswordHash(id, hash.as_ref()),
            Self::Remove | Self::Update(_) => DisableAndRevoke::RemoveUser(id),
        };
        store.news().withdraw(withdrawal, revocation).await
    }

    /// Returns the profile for the user with this id.
    fn profile_of(&self, id: &UserId) -> User {
        let user = match self {
            Self::Profile(user) => user.clone(),
            _ => return User::new(id.clone(), username("unused")),
        };
        let named = User::new(id.clone(), user.username().clone());
        let named = user.email().into_iter().fold(named, User::with_email);
        user.full_name().into_iter().fold(named, User::with_full_name)
    }
}

/// A change of all settings of a client.
#[derive(Clone, Debug)]
pub(super) struct ClientUpdate {
    pub(super) new: Client,
    /// The settings that the caller believes to be stored, if not the stored ones.
    stale: Option<Client>,
}

impl ClientUpdate {
    pub(super) fn any() -> impl Strategy<Value = Self> {
        (any_client(), option::weighted(0.2, any_client())).prop_map(|(new, stale)| Self { new, stale })
    }

    /// Returns the settings that the caller believes to be stored.
    pub(super) async fn old(&self, store: &dyn Store) -> Result<Client, StoreError> {
        if let Some(stale) = &self.stale {
            return Ok(stale.clone());
        }
        let stored = store.clients().find(self.new.id()).await?;
        Ok(stored.unwrap_or_else(|| self.new.clone()))
    }
}
