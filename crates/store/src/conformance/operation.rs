//! Random changes and queries.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use scopegate_domain::{
    Account, AuditEntry, AuditEvent, AuditId, Client, ClientId, KeyId, Lifetime, PasswordHash, RegisteredSecret,
    Revocation, Scope, SecretDigest, StoredKey, Timestamp, User, UserId, UserStatus, Username,
};

use super::change::{Change, ClientUpdate};
use super::random::{
    any_account, any_client, any_client_id, any_digest, any_hash, any_revocation, any_scope, any_secret, any_status,
    any_text, any_time, any_user_id, any_username,
};
use crate::{AddSecretOutcome, AuditRetention, ResealedKey, SigningKeys, Store, StoreError, StoreErrorKind};

/// One call of a method that changes something, or of a list.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    AddClient(Client),
    AddSecret(ClientId, RegisteredSecret),
    AddUser(Account),
    /// Another operation, with an entry of the audit log.
    Audited(AuditEntry, Box<Operation>),
    DeleteEntries(AuditRetention, u16),
    ForgetRevocations(Timestamp),
    AllowLifetime(u32, Lifetime),
    ListClients(Option<ClientId>, u16),
    ListUsers(Option<Username>, u16),
    RemoveClient(ClientId),
    RemoveKeysThrough(u32),
    /// One of the client's secrets by its position, or this one.
    RemoveSecret(ClientId, usize, SecretDigest),
    RemoveUser(UserId),
    /// The store is closed and opened again.
    Restart,
    ReplacePasswordHash(UserId, PasswordHash, PasswordHash),
    Revoke(Revocation),
    /// The keys up to this one, counted from the oldest. That key gets another time.
    ReplaceKeys(usize, Timestamp),
    /// These keys of all stored ones, counted from the newest.
    Rewrap(usize, Vec<u8>),
    /// The number of epochs after the newest.
    Rotate(u32, StoredKey),
    SetPasswordHash(UserId, Option<PasswordHash>),
    SetProfile(User),
    SetStatus(UserId, UserStatus),
    SetUserScope(UserId, Scope),
    UpdateClient(Box<ClientUpdate>),
    WithdrawClient(ClientId, Change, Revocation),
    WithdrawUser(UserId, Change, Revocation),
    WriteEntries(Vec<AuditEntry>),
}

/// The result of an operation on a store.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    Changed(bool),
    Secret(AddSecretOutcome),
    Clients(Vec<Client>),
    Done,
    Forgotten(u64),
    Users(Vec<User>),
}

impl Operation {
    /// Applies the operation to a store.
    pub(super) async fn apply(&self, store: &dyn Store) -> Result<Answer, StoreErrorKind> {
        let (users, clients, keys) = (store.users(), store.clients(), store.signing_keys());
        let answer = match self {
            Self::AddClient(client) => clients.add(client.clone()).await.map(|()| Answer::Done),
            Self::AddSecret(id, secret) => clients.add_secret(id, *secret).await.map(Answer::Secret),
            Self::AddUser(account) => users.add(account.clone()).await.map(|()| Answer::Done),
            Self::Audited(..) | Self::DeleteEntries(..) | Self::WriteEntries(..) => {
                return self.apply_to_audit(store).await;
            }
            Self::ForgetRevocations(now) => store.news().forget_news(*now).await.map(Answer::Forgotten),
            Self::AllowLifetime(from, lifetime) => keys.allow_lifetime(*from, *lifetime).await.map(Answer::Changed),
            Self::ListClients(after, limit) => clients.list(after.as_ref(), *limit).await.map(Answer::Clients),
            Self::ListUsers(after, limit) => users.list(after.as_ref(), *limit).await.map(Answer::Users),
            Self::RemoveClient(id) => clients.remove(id).await.map(Answer::Changed),
            Self::RemoveKeysThrough(epoch) => keys.remove_through(*epoch).await.map(Answer::Changed),
            Self::RemoveSecret(id, position, other) => {
                let client = clients.find(id).await.map_err(|error| error.kind())?;
                let secret = client.and_then(|client| client.secrets().get(*position).copied());
                let digest = secret.map_or(*other, |secret| *secret.digest());
                clients.remove_secret(id, &digest).await.map(Answer::Changed)
            }
            Self::RemoveUser(id) => users.remove(id).await.map(Answer::Changed),
            Self::Restart => Ok(Answer::Done),
            Self::ReplacePasswordHash(id, old, new) => {
                users.replace_password_hash(id, old, new).await.map(Answer::Changed)
            }
            Self::Revoke(revocation) => store.news().revoke(revocation).await.map(|()| Answer::Done),
            Self::ReplaceKeys(..) | Self::Rewrap(..) | Self::Rotate(..) => {
                let known = keys.list().await.map_err(|error| error.kind())?;
                self.apply_to_keys(keys, known).await.map(Answer::Changed)
            }
            Self::SetPasswordHash(id, hash) => users.set_password_hash(id, hash.as_ref()).await.map(Answer::Changed),
            Self::SetProfile(user) => users.set_profile(user).await.map(Answer::Changed),
            Self::SetStatus(id, status) => users.set_status(id, *status).await.map(Answer::Changed),
            Self::SetUserScope(id, scope) => users.set_scope(id, scope).await.map(Answer::Changed),
            Self::UpdateClient(update) => {
                let old = update.old(store).await.map_err(|error| error.kind())?;
                clients.update(&old, &update.new).await.map(Answer::Changed)
            }
            Self::WithdrawClient(id, change, revocation) => {
                change.withdraw_client(id, revocation, store).await.map(Answer::Changed)
            }
            Self::WithdrawUser(id, change, revocation) => {
                change.withdraw_user(id, revocation, store).await.map(Answer::Changed)
            }
        };
        answer.map_err(|error| error.kind())
    }

    /// Applies the operation to the audit log.
    async fn apply_to_audit(&self, store: &dyn Store) -> Result<Answer, StoreErrorKind> {
        let audit = store.audit();
        let answer = match self {
            Self::Audited(entry, other) => {
                let audited = store.audited(std::slice::from_ref(entry));
                return Box::pin(other.apply(&*audited)).await;
            }
            Self::DeleteEntries(retention, limit) => {
                audit.delete_entries(*retention, *limit).await.map(Answer::Forgotten)
            }
            Self::WriteEntries(entries) => audit.write_entries(entries).await.map(|()| Answer::Done),
            _ => Ok(Answer::Done),
        };
        answer.map_err(|error| error.kind())
    }

    /// Applies the operation to the stored keys.
    async fn apply_to_keys(&self, keys: &dyn SigningKeys, known: Vec<StoredKey>) -> Result<bool, StoreError> {
        match self {
            Self::ReplaceKeys(number, time) => {
                let mut new = known.clone();
                if let Some(key) = new.get_mut(*number) {
                    key.used_from = *time;
                }
                new.truncate(number.saturating_add(1));
                keys.replace(&known, &new).await
            }
            Self::Rewrap(count, sealed) => {
                let newest = known.iter().rev().take(*count);
                let rewrapped: Vec<_> = newest.map(|key| rewrapped(key, sealed)).collect();
                keys.rewrap(&rewrapped).await
            }
            Self::Rotate(step, key) => {
                let newest = known.last().map_or(0, |key| key.epoch);
                let key = StoredKey {
                    epoch: newest + step,
                    ..key.clone()
                };
                keys.rotate(key).await
            }
            other => unreachable!("{other:?} is about no key"),
        }
    }

    /// Generates any operation. Names and ids are few, so that they collide; all other values are
    /// as unusual as the domain allows.
    pub(super) fn any() -> BoxedStrategy<Self> {
        let audited = |other| (any_entry(), other).prop_map(|(entry, other)| Self::Audited(entry, Box::new(other)));
        prop_oneof![
            6 => Self::any_change(),
            3 => audited(Self::any_change()),
            1 => Just(Self::Restart),
            1 => vec(any_entry(), 0..4).prop_map(Self::WriteEntries),
            1 => any_retention().prop_map(|(retention, limit)| Self::DeleteEntries(retention, limit)),
        ]
        .boxed()
    }

    fn any_change() -> BoxedStrategy<Self> {
        prop_oneof![
            4 => any_account().prop_map(Self::AddUser),
            2 => any_client().prop_map(Self::AddClient),
            1 => (option::of(any_client_id()), 0u16..4).prop_map(|(after, limit)| Self::ListClients(after, limit)),
            1 => (option::of(any_username()), 0u16..4).prop_map(|(after, limit)| Self::ListUsers(after, limit)),
            1 => any_time().prop_map(Self::ForgetRevocations),
            2 => any_revocation().prop_map(Self::Revoke),
            1 => (0u32..5, 1u32..100).prop_map(|(from, time)| Self::AllowLifetime(from, Lifetime::from_seconds(time))),
            3 => (select(vec![0, 1, 1, 1, 2]), any_key()).prop_map(|(step, key)| Self::Rotate(step, key)),
            1 => (0u32..8).prop_map(Self::RemoveKeysThrough),
            1 => (0usize..6, any_time()).prop_map(|(number, time)| Self::ReplaceKeys(number, time)),
            1 => (0usize..6, vec(any::<u8>(), 0..4)).prop_map(|(count, sealed)| Self::Rewrap(count, sealed)),
            1 => any_client_id().prop_map(Self::RemoveClient),
            1 => any_user_id().prop_map(Self::RemoveUser),
            2 => (any_user_id(), any_hash(), any_hash())
                .prop_map(|(id, old, new)| Self::ReplacePasswordHash(id, old, new)),
            2 => (any_client_id(), any_secret()).prop_map(|(id, secret)| Self::AddSecret(id, secret)),
            1 => (any_client_id(), 0usize..3, any_digest())
                .prop_map(|(id, position, other)| Self::RemoveSecret(id, position, other)),
            2 => ClientUpdate::any().prop_map(|update| Self::UpdateClient(Box::new(update))),
            1 => (any_user_id(), option::of(any_hash())).prop_map(|(id, hash)| Self::SetPasswordHash(id, hash)),
            3 => any_account().prop_map(|account| Self::SetProfile(account.user)),
            1 => (any_user_id(), any_status()).prop_map(|(id, status)| Self::SetStatus(id, status)),
            1 => (any_user_id(), any_scope()).prop_map(|(id, scope)| Self::SetUserScope(id, scope)),
            2 => (any_client_id(), Change::any(), any_revocation())
                .prop_map(|(id, change, whose)| Self::WithdrawClient(id, change, whose)),
            3 => (any_user_id(), Change::any(), any_revocation())
                .prop_map(|(id, change, whose)| Self::WithdrawUser(id, change, whose)),
        ]
        .boxed()
    }
}

fn any_entry() -> impl Strategy<Value = AuditEntry> {
    let id = (0..20_u64, any::<u16>(), any::<[u8; 8]>());
    let id = id.prop_map(|(day, time, random)| AuditId::new(day * 86_400_000_000 + u64::from(time), random));
    let about = (option::of(any_user_id()), option::of(any_client_id()));
    (id, select(AuditEvent::ALL), about, any::<u32>()).prop_map(|(id, event, (user, client), count)| {
        let entry = AuditEntry::new(id, event).with_count(count);
        let entry = user.into_iter().fold(entry, AuditEntry::of_user);
        client.into_iter().fold(entry, AuditEntry::of_client)
    })
}

fn any_retention() -> impl Strategy<Value = (AuditRetention, u16)> {
    (0..20_i64, 0..9_u32, 0..9_u16).prop_map(|(first_day, max_entries, limit)| {
        let retention = AuditRetention { first_day, max_entries };
        (retention, limit)
    })
}

fn rewrapped(key: &StoredKey, sealed: &[u8]) -> ResealedKey {
    ResealedKey {
        id: key.id.clone(),
        old: key.sealed.clone(),
        new: sealed.to_vec(),
    }
}

fn any_key() -> impl Strategy<Value = StoredKey> {
    let id = select(vec!["k1", "K1", "k 1", "'--", "k2", "k3"]).prop_filter_map("no id", |id| KeyId::parse(id).ok());
    let times = (any::<i64>(), any::<i64>(), any::<u32>());
    (id, any_text(), times, any::<bool>(), vec(any::<u8>(), 0..9)).prop_map(
        |(id, algorithm, (published_at, used_from, lifetime), accepts_missing_kid, sealed)| StoredKey {
            id,
            algorithm,
            epoch: 0,
            published_at: Timestamp::from_unix(published_at),
            used_from: Timestamp::from_unix(used_from),
            token_lifetime: Lifetime::from_seconds(lifetime),
            accepts_missing_kid,
            sealed,
        },
    )
}
