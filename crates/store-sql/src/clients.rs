//! Clients in SQL.

use scopegate_domain::{
    Audience, Client, ClientAuthMethod, ClientId, ClientKind, GrantType, Lifetime, RedirectUri, RegisteredSecret,
    SecretDigest, Timestamp,
};
use scopegate_store::{AddSecretOutcome, BoxFuture, Clients, NewsItem, StoreError};

use crate::SqlStore;
use crate::news_steps::lane;
use crate::row;
use crate::statement::{Statement, Step};

/// The columns of the settings, in the order of [`settings`] and of [`row::client`].
macro_rules! setting_columns {
    () => {
        "name, auth_method, redirect_uris, grant_types, scope, may_introspect, resources, optional_scope, default_scope, \
         first_party, post_logout_redirect_uris, refresh_idle, refresh_age"
    };
}

// A row for each secret of a client, and one for a client without secrets.
const FIND: &str = concat!(
    "SELECT id, ",
    setting_columns!(),
    ", digest, created_at, ends_at FROM clients LEFT JOIN client_secrets ON client_id = id WHERE id = $1"
);

const LIST: &str = concat!(
    "SELECT id, ",
    setting_columns!(),
    ", digest, created_at, ends_at FROM (SELECT * FROM clients WHERE id > $1 ORDER BY id LIMIT $2) AS page \
         LEFT JOIN client_secrets ON client_id = id \
     ORDER BY id"
);

const ADD: &str = concat!(
    "INSERT INTO clients (id, secret_sha256, ",
    setting_columns!(),
    ", grants_from) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, \
         (SELECT place FROM news_head WHERE lane = $16))"
);

/// Consents for a client that was removed earlier.
const REMOVE_CONSENTS: &str = "DELETE FROM consents WHERE client_id = $1";

/// Replaces the settings if they are those of the arguments from $16 on. A missing time is compared
/// as -1.
const UPDATE: &str = "UPDATE clients SET secret_sha256 = $2, name = $3, auth_method = $4, redirect_uris = $5, \
         grant_types = $6, scope = $7, may_introspect = $8, resources = $9, optional_scope = $10, \
         default_scope = $11, first_party = $12, post_logout_redirect_uris = $13, refresh_idle = $14, \
         refresh_age = $15 \
     WHERE id = $1 AND name = $16 AND auth_method = $17 AND redirect_uris = $18 AND grant_types = $19 \
         AND scope = $20 AND may_introspect = $21 AND resources = $22 AND optional_scope = $23 \
         AND default_scope = $24 AND first_party = $25 AND post_logout_redirect_uris = $26 \
         AND COALESCE(refresh_idle, -1) = COALESCE($27, -1) AND COALESCE(refresh_age, -1) = COALESCE($28, -1) \
         AND (SELECT COUNT(*) FROM client_secrets WHERE client_id = $1) = $29";

/// Locks the client until the commit, so that two secrets that are added at once are counted.
const LOCK_CONFIDENTIAL: &str = "UPDATE clients SET secret_sha256 = $2 WHERE id = $1 AND auth_method <> 'none'";

const REMOVE: &str = "DELETE FROM clients WHERE id = $1";

const ADD_SECRET: &str = "INSERT INTO client_secrets (client_id, digest, created_at, ends_at) VALUES ($1, $2, $3, $4)";

/// Adds a secret if there are fewer than $5.
const ADD_SECRET_WITHIN: &str = "INSERT INTO client_secrets (client_id, digest, created_at, ends_at) \
     SELECT $1, $2, $3, $4 WHERE (SELECT COUNT(*) FROM client_secrets WHERE client_id = $1) < $5";

const REMOVE_ENDED: &str = "DELETE FROM client_secrets WHERE client_id = $1 AND ends_at <= $2";

const REMOVE_SECRET: &str = "DELETE FROM client_secrets WHERE client_id = $1 AND digest = $2";

/// Removes a secret if its times are these; $5 is in place of a missing time.
const REMOVE_EQUAL: &str = "DELETE FROM client_secrets WHERE client_id = $1 AND digest = $2 \
     AND COALESCE(created_at, $5) = $3 AND COALESCE(ends_at, $5) = $4";

const REMOVE_SECRETS: &str = "DELETE FROM client_secrets WHERE client_id = $1";

/// Gives a server of an earlier release the newest secret that is left, or $2.
const MIRROR: &str = "UPDATE clients SET secret_sha256 = COALESCE( \
         (SELECT digest FROM client_secrets WHERE client_id = $1 ORDER BY created_at DESC LIMIT 1), $2) \
     WHERE id = $1";

impl Clients for SqlStore {
    fn find<'a>(&'a self, id: &'a ClientId) -> BoxFuture<'a, Result<Option<Client>, StoreError>> {
        self.methods.find_client.measure(async move {
            let rows = self.all(Statement::new(FIND).bind(id.as_str()), row::client).await?;
            Ok(with_secrets(rows).pop())
        })
    }

    fn list<'a>(&'a self, after: Option<&'a ClientId>, limit: u16) -> BoxFuture<'a, Result<Vec<Client>, StoreError>> {
        // No id is empty, so all ids come after the empty text.
        let after = after.map_or("", ClientId::as_str);
        self.methods.list_clients.measure(async move {
            let list = Statement::new(LIST).bind(after).bind(limit);
            Ok(with_secrets(self.all(list, row::client).await?))
        })
    }

    fn add(&self, client: Client) -> BoxFuture<'_, Result<(), StoreError>> {
        self.methods.add_client.measure(async move {
            client.check().map_err(StoreError::invalid)?;
            let add = settings(
                Statement::new(ADD).bind(client.id().as_str()).bind(mirrored(&client)),
                &client,
            );
            let secrets = client.secrets().iter().map(|secret| add_secret(&client, secret));
            let add = add.bind(lane(client.id().as_str()));
            let consents = Statement::new(REMOVE_CONSENTS).bind(client.id().as_str());
            let steps = [consents.any(), add.changes(1)].into_iter().chain(secrets).collect();
            self.change_all(steps).await.map(|_| ())
        })
    }

    fn update<'a>(&'a self, old: &'a Client, new: &'a Client) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.methods.update_client.measure(async move {
            let steps = replacement(old, new)?;
            Ok(self.take_and_tell(steps, changed(old.id())).await?.is_none())
        })
    }

    fn add_secret<'a>(
        &'a self,
        id: &'a ClientId,
        secret: RegisteredSecret,
    ) -> BoxFuture<'a, Result<AddSecretOutcome, StoreError>> {
        self.methods.add_secret.measure(async move {
            let now = secret.created_at().unwrap_or(MISSING).as_unix();
            let digest = || secret.digest().as_bytes().as_slice();
            let lock = Statement::new(LOCK_CONFIDENTIAL).bind(id.as_str()).bind(digest());
            let ended = Statement::new(REMOVE_ENDED).bind(id.as_str()).bind(now);
            let add = with_times(Statement::new(ADD_SECRET_WITHIN).bind(id.as_str()), &secret);
            let most = i64::try_from(Client::MAX_SECRETS).unwrap_or(i64::MAX);
            let steps = vec![lock.changes(1), ended.any(), add.bind(most).changes(1)];
            Ok(match self.take_and_tell(steps, changed(id)).await? {
                None => AddSecretOutcome::Added,
                Some(0) => AddSecretOutcome::Unknown,
                Some(_) => AddSecretOutcome::Full,
            })
        })
    }

    fn remove_secret<'a>(
        &'a self,
        id: &'a ClientId,
        secret: &'a SecretDigest,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let remove = Statement::new(REMOVE_SECRET).bind(id.as_str());
        let remove = remove.bind(secret.as_bytes().as_slice());
        let mirror = Statement::new(MIRROR).bind(id.as_str()).bind(NO_SECRET.as_slice());
        let steps = vec![remove.changes(1), mirror.any()];
        self.methods
            .remove_secret
            .measure(async move { Ok(self.take_and_tell(steps, changed(id)).await?.is_none()) })
    }

    fn remove<'a>(&'a self, id: &'a ClientId) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.methods
            .remove_client
            .measure(async move { Ok(self.take_and_tell(removal(id), changed(id)).await?.is_none()) })
    }
}

/// The digest of no known text.
const NO_SECRET: [u8; 32] = [0; 32];

/// A time in place of a missing one.
const MISSING: Timestamp = Timestamp::from_unix(i64::MIN);

fn changed(id: &ClientId) -> NewsItem {
    NewsItem::ClientChanged(id.clone())
}

/// Joins the rows of each client, which follow each other.
fn with_secrets(rows: Vec<(Client, Option<RegisteredSecret>)>) -> Vec<Client> {
    let mut clients: Vec<Client> = Vec::new();
    for (client, secret) in rows {
        let last = clients.pop_if(|last| last.id() == client.id());
        let client = last.unwrap_or(client);
        let secrets = client.secrets().iter().copied().chain(secret).collect::<Vec<_>>();
        clients.push(client.with_secrets(secrets));
    }
    clients
}

/// Returns the column that an earlier release reads: a digest unless the client is public.
fn mirrored(client: &Client) -> Option<&[u8]> {
    let newest = client.secrets().last();
    let digest = newest.map_or(NO_SECRET.as_slice(), |secret| secret.digest().as_bytes().as_slice());
    (client.kind() == ClientKind::Confidential).then_some(digest)
}

/// Binds the settings, in the order of their columns.
fn settings(statement: Statement, client: &Client) -> Statement {
    let uris = |uris: &[RedirectUri]| row::joined(uris.iter().map(RedirectUri::as_str));
    statement
        .bind(client.name())
        .bind(ClientAuthMethod::as_str(client.auth_method()))
        .bind(uris(client.redirect_uris()))
        .bind(row::joined(client.grant_types().iter().copied().map(GrantType::as_str)))
        .bind(row::joined(client.scope()))
        .bind(client.may_introspect())
        .bind(row::joined_lines(client.resources().iter().map(Audience::as_str)))
        .bind(row::joined(client.optional_scope()))
        .bind(row::joined(client.default_scope()))
        .bind(client.is_first_party())
        .bind(uris(client.post_logout_redirect_uris()))
        .bind(client.refresh_idle().map(Lifetime::as_seconds))
        .bind(client.refresh_age().map(Lifetime::as_seconds))
}

/// Binds digest, creation and end.
fn with_times(statement: Statement, secret: &RegisteredSecret) -> Statement {
    statement
        .bind(secret.digest().as_bytes().as_slice())
        .bind(secret.created_at().map(Timestamp::as_unix))
        .bind(secret.ends_at().map(Timestamp::as_unix))
}

fn add_secret(client: &Client, secret: &RegisteredSecret) -> Step {
    with_times(Statement::new(ADD_SECRET).bind(client.id().as_str()), secret).changes(1)
}

/// The step that removes a secret which is equal to this one.
fn remove_equal(client: &Client, secret: &RegisteredSecret) -> Step {
    Statement::new(REMOVE_EQUAL)
        .bind(client.id().as_str())
        .bind(secret.digest().as_bytes().as_slice())
        .bind(secret.created_at().unwrap_or(MISSING).as_unix())
        .bind(secret.ends_at().unwrap_or(MISSING).as_unix())
        .bind(MISSING.as_unix())
        .changes(1)
}

/// The steps that replace all settings of a client. One of them misses its expectation if the
/// stored client is not equal to `old`.
pub(crate) fn replacement(old: &Client, new: &Client) -> Result<Vec<Step>, StoreError> {
    new.check_change(old).map_err(StoreError::invalid)?;
    let update = Statement::new(UPDATE).bind(new.id().as_str()).bind(mirrored(new));
    let count = i64::try_from(old.secrets().len()).unwrap_or(i64::MAX);
    let update = settings(settings(update, new), old).bind(count);
    // No statement changes this number of rows, so a client with another id stays as it is.
    let expected = if old.id() == new.id() { 1 } else { u64::MAX };
    let mut steps = vec![update.changes(expected)];
    steps.extend(old.secrets().iter().map(|secret| remove_equal(old, secret)));
    steps.extend(new.secrets().iter().map(|secret| add_secret(new, secret)));
    Ok(steps)
}

/// The steps that remove a client.
pub(crate) fn removal(id: &ClientId) -> Vec<Step> {
    let remove = Statement::new(REMOVE).bind(id.as_str());
    let secrets = Statement::new(REMOVE_SECRETS).bind(id.as_str());
    vec![remove.changes(1), secrets.any()]
}
