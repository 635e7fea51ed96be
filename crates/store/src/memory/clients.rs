//! The clients of the store in memory.

use scopegate_domain::{Client, ClientId, ClientKind, RegisteredSecret, SecretDigest};

use super::{MemoryStore, Tables, after, answer};
use crate::{AddSecretOutcome, BoxFuture, Clients, DisableAndRevoke, NewsItem, StoreError};

impl Clients for MemoryStore {
    fn find<'a>(&'a self, id: &'a ClientId) -> BoxFuture<'a, Result<Option<Client>, StoreError>> {
        answer(self.read().clients.get(id).cloned())
    }

    fn list<'a>(&'a self, start: Option<&'a ClientId>, limit: u16) -> BoxFuture<'a, Result<Vec<Client>, StoreError>> {
        let tables = self.read();
        let clients = tables.clients.range::<ClientId, _>(after(start)).take(limit.into());
        answer(clients.map(|(_, client)| client.clone()).collect())
    }

    fn add(&self, client: Client) -> BoxFuture<'_, Result<(), StoreError>> {
        self.change(|tables| {
            client.check().map_err(StoreError::invalid)?;
            if tables.clients.contains_key(client.id()) {
                return Err(StoreError::conflict());
            }
            tables.grants.remove_consents_of_client(client.id());
            tables.end_grants_of_client(client.id());
            tables.clients.insert(client.id().clone(), client);
            Ok(())
        })
    }

    fn update<'a>(&'a self, old: &'a Client, new: &'a Client) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.change_client(old.id(), DisableAndRevoke::UpdateClient { old, new })
    }

    fn add_secret<'a>(
        &'a self,
        id: &'a ClientId,
        secret: RegisteredSecret,
    ) -> BoxFuture<'a, Result<AddSecretOutcome, StoreError>> {
        self.change(|tables| {
            let outcome = tables.add_secret(id, secret);
            let is_added = matches!(outcome, Ok(AddSecretOutcome::Added));
            tables.tell(is_added, NewsItem::ClientChanged(id.clone()));
            outcome
        })
    }

    fn remove_secret<'a>(
        &'a self,
        id: &'a ClientId,
        secret: &'a SecretDigest,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.change(|tables| {
            let is_removed = tables.remove_secret(id, secret);
            Ok(tables.tell(is_removed, NewsItem::ClientChanged(id.clone())))
        })
    }

    fn remove<'a>(&'a self, id: &'a ClientId) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.change_client(id, DisableAndRevoke::RemoveClient(id))
    }
}

impl MemoryStore {
    /// Makes the change of a client that revokes no tokens.
    fn change_client<'a>(
        &self,
        id: &ClientId,
        change: DisableAndRevoke<'_>,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.withdraw_and_tell(change, &NewsItem::ClientChanged(id.clone()))
    }
}

impl Tables {
    /// Replaces a client that is equal to another one. Returns `false` if it is not.
    pub(super) fn update_client(&mut self, old: &Client, new: &Client) -> Result<bool, StoreError> {
        new.check_change(old).map_err(StoreError::invalid)?;
        let stored = self.clients.get_mut(old.id()).filter(|stored| *stored == old);
        let stored = stored.filter(|_| old.id() == new.id());
        Ok(stored.map(|stored| *stored = new.clone()).is_some())
    }

    fn add_secret(&mut self, id: &ClientId, secret: RegisteredSecret) -> Result<AddSecretOutcome, StoreError> {
        let client = self.clients.get_mut(id);
        let Some(client) = client.filter(|client| client.kind() == ClientKind::Confidential) else {
            return Ok(AddSecretOutcome::Unknown);
        };
        let is_kept = |other: &&RegisteredSecret| secret.created_at().is_none_or(|now| other.is_valid(now));
        let mut kept: Vec<_> = client.secrets().iter().filter(is_kept).copied().collect();
        if kept.len() >= Client::MAX_SECRETS {
            return Ok(AddSecretOutcome::Full);
        }
        if kept.iter().any(|other| other.digest() == secret.digest()) {
            return Err(StoreError::conflict());
        }
        kept.push(secret);
        *client = client.clone().with_secrets(kept);
        Ok(AddSecretOutcome::Added)
    }

    fn remove_secret(&mut self, id: &ClientId, secret: &SecretDigest) -> bool {
        let Some(client) = self.clients.get_mut(id) else {
            return false;
        };
        let others = client.secrets().iter().filter(|other| other.digest() != secret);
        let changed = client.clone().with_secrets(others.copied());
        let is_removed = changed.secrets().len() < client.secrets().len();
        *client = changed;
        is_removed
    }
}
