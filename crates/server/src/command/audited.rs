//! The entries of the audit log that commands write with their changes.

use std::sync::Arc;

use scopegate_domain::{
    AuditDetail, AuditEntry, AuditEvent, Client, ClientId, RegisteredSecret, Revoked, SecretDigest, SystemClock, UserId,
};
use scopegate_grant::audit_entry;
use scopegate_store::{DisableAndRevoke, Store};
use scopegate_token::{SystemRandomSource, short_digest};

/// Returns an entry of an event that happens now.
pub(crate) fn entry(event: AuditEvent) -> anyhow::Result<AuditEntry> {
    Ok(audit_entry(event, &SystemClock, &SystemRandomSource)?)
}

/// Returns the store for one change of a user, which writes its entry.
pub(super) fn of_user(
    store: &dyn Store,
    event: AuditEvent,
    user: &UserId,
    detail: Option<AuditDetail>,
) -> anyhow::Result<Arc<dyn Store>> {
    let entry = entry(event)?.of_user(user.clone());
    Ok(store.audited(&[detail.into_iter().fold(entry, AuditEntry::with_detail)]))
}

/// Returns the store for one change of a client, which writes its entry.
pub(super) fn of_client(store: &dyn Store, event: AuditEvent, client: &ClientId) -> anyhow::Result<Arc<dyn Store>> {
    Ok(store.audited(&[entry(event)?.of_client(client.clone())]))
}

/// Returns the store for one revocation, which writes its entry.
pub(super) fn of_revocation(store: &dyn Store, whose: &Revoked) -> anyhow::Result<Arc<dyn Store>> {
    let token = |id: &str| -> anyhow::Result<AuditEntry> {
        let digest = AuditDetail::Digest(short_digest(id));
        Ok(entry(AuditEvent::TokenRevoked)?.with_detail(digest))
    };
    let entry = match whose {
        Revoked::Client(id) => entry(AuditEvent::ClientRevoked)?.of_client(id.clone()),
        Revoked::Consent { id, client_id, .. } => {
            let entry = entry(AuditEvent::UserRevoked)?.of_user(id.clone());
            entry.of_client(client_id.clone())
        }
        Revoked::Family(id) => token(&id.to_string())?,
        Revoked::Token(id) => token(id.as_str())?,
        Revoked::User { id, .. } => entry(AuditEvent::UserRevoked)?.of_user(id.clone()),
    };
    Ok(store.audited(&[entry]))
}

/// Returns the store for one change that revokes tokens, which writes its entry.
pub(super) fn of_withdrawal(store: &dyn Store, change: DisableAndRevoke<'_>) -> anyhow::Result<Arc<dyn Store>> {
    let user = |event, id: &UserId| -> anyhow::Result<AuditEntry> { Ok(entry(event)?.of_user(id.clone())) };
    let client = |event, id: &ClientId| -> anyhow::Result<AuditEntry> { Ok(entry(event)?.of_client(id.clone())) };
    let revoked = AuditDetail::TokensKept(false);
    let entry = match change {
        DisableAndRevoke::DisableUser(id) => user(AuditEvent::UserDisabled, id)?,
        DisableAndRevoke::RemoveClient(id) => client(AuditEvent::ClientRemoved, id)?,
        DisableAndRevoke::RemoveUser(id) => user(AuditEvent::UserRemoved, id)?,
        DisableAndRevoke::SetPasswordHash(id, _) => user(AuditEvent::UserPasswordChanged, id)?.with_detail(revoked),
        DisableAndRevoke::SetProfile(new) => user(AuditEvent::UserChanged, new.id())?.with_detail(revoked),
        DisableAndRevoke::SetUserScope(id, _) => user(AuditEvent::UserScopeChanged, id)?.with_detail(revoked),
        DisableAndRevoke::UpdateClient { old, new } => return Ok(store.audited(&updated(old, new, Some(revoked))?)),
    };
    Ok(store.audited(&[entry]))
}

/// Returns the store for a change of a client that revokes no tokens, which writes its entry.
/// `has_less` states that the change takes something away, so that the entry states the tokens.
pub(super) fn of_update(
    store: &dyn Store,
    old: &Client,
    new: &Client,
    has_less: bool,
) -> anyhow::Result<Arc<dyn Store>> {
    let entries = updated(old, new, has_less.then_some(AuditDetail::TokensKept(true)))?;
    Ok(store.audited(&entries))
}

/// Returns the entries of a change of settings. Each secret that is new or removed is an event of
/// its own.
fn updated(old: &Client, new: &Client, tokens: Option<AuditDetail>) -> anyhow::Result<Vec<AuditEntry>> {
    let of_secret = |event, secret: &SecretDigest| (event, Some(AuditDetail::of_secret(secret)));
    let removed = only_in(old, new).map(|secret| of_secret(AuditEvent::ClientSecretRemoved, secret));
    let added = only_in(new, old).map(|secret| of_secret(AuditEvent::ClientSecretAdded, secret));
    let changed = (AuditEvent::ClientChanged, tokens);
    let is_changed = only_in(new, old).next().is_none();
    let events = removed.chain(added).chain(is_changed.then_some(changed));
    let entry_of = |(event, detail): (AuditEvent, Option<AuditDetail>)| {
        let entry = entry(event)?.of_client(new.id().clone());
        Ok(detail.into_iter().fold(entry, AuditEntry::with_detail))
    };
    events.map(entry_of).collect()
}

/// Returns the store for one change of a secret, which writes its entry.
pub(super) fn of_secret(
    store: &dyn Store,
    event: AuditEvent,
    client: &ClientId,
    secret: &SecretDigest,
) -> anyhow::Result<Arc<dyn Store>> {
    let entry = entry(event)?.of_client(client.clone());
    Ok(store.audited(&[entry.with_detail(AuditDetail::of_secret(secret))]))
}

/// Returns the secrets that only one of two clients has.
fn only_in<'a>(one: &'a Client, other: &'a Client) -> impl Iterator<Item = &'a SecretDigest> {
    let is_of_other = |digest: &SecretDigest| other.secrets().iter().any(|secret| secret.digest() == digest);
    let digests = one.secrets().iter().map(RegisteredSecret::digest);
    digests.filter(move |digest| !is_of_other(digest))
}
