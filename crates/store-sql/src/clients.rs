//! Clients in SQL.

use scopegate_domain::{Client, ClientId, GrantType, RedirectUri, Scope, SecretDigest};
use scopegate_store::{BoxFuture, Clients, NewsItem, StoreError};

use crate::SqlStore;
use crate::row;
use crate::statement::Statement;

const FIND: &str = "SELECT id, name, secret_sha256, redirect_uris, grant_types, scope, may_introspect \
     FROM clients WHERE id = $1";

const LIST: &str = "SELECT id, name, secret_sha256, redirect_uris, grant_types, scope, may_introspect \
     FROM clients WHERE id > $1 ORDER BY id LIMIT $2";

const ADD: &str = "INSERT INTO clients \
     (id, name, secret_sha256, redirect_uris, grant_types, scope, may_introspect) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)";

const SET_SCOPE: &str = "UPDATE clients SET scope = $2 WHERE id = $1";

const SET_SECRET: &str = "UPDATE clients SET secret_sha256 = $2 WHERE id = $1";

const REMOVE: &str = "DELETE FROM clients WHERE id = $1";

impl Clients for SqlStore {
    fn find<'a>(&'a self, id: &'a ClientId) -> BoxFuture<'a, Result<Option<Client>, StoreError>> {
        self.methods
            .find_client
            .measure(self.one(Statement::new(FIND).bind(id.as_str()), row::client))
    }

    fn list<'a>(&'a self, after: Option<&'a ClientId>, limit: u16) -> BoxFuture<'a, Result<Vec<Client>, StoreError>> {
        // No id is empty, so all ids come after the empty text.
        let after = after.map_or("", ClientId::as_str);
        self.methods
            .list_clients
            .measure(self.all(Statement::new(LIST).bind(after).bind(limit), row::client))
    }

    fn add(&self, client: Client) -> BoxFuture<'_, Result<(), StoreError>> {
        self.methods.add_client.measure(async move {
            let add = Statement::new(ADD)
                .bind(client.id().as_str())
                .bind(client.name())
                .bind(client.secret().map(|secret| secret.as_bytes().as_slice()))
                .bind(row::joined(client.redirect_uris().iter().map(RedirectUri::as_str)))
                .bind(row::joined(client.grant_types().iter().copied().map(GrantType::as_str)))
                .bind(row::joined(client.scope()))
                .bind(client.may_introspect());
            self.change(add).await.map(|_| ())
        })
    }

    fn set_scope<'a>(&'a self, id: &'a ClientId, scope: &'a Scope) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.methods
            .set_client_scope
            .measure(self.change_client(id, set_scope(id, scope)))
    }

    fn set_secret<'a>(&'a self, id: &'a ClientId, secret: SecretDigest) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.methods
            .set_secret
            .measure(self.change_client(id, set_secret(id, secret)))
    }

    fn remove<'a>(&'a self, id: &'a ClientId) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.methods.remove_client.measure(self.change_client(id, remove(id)))
    }
}

impl SqlStore {
    /// Changes a record that exists, and adds an entry to the log.
    async fn change_client(&self, id: &ClientId, change: Statement) -> Result<bool, StoreError> {
        self.change_and_tell(Some(change), NewsItem::ClientChanged(id.clone()))
            .await
    }
}

pub(crate) fn set_scope(id: &ClientId, scope: &Scope) -> Statement {
    Statement::new(SET_SCOPE).bind(id.as_str()).bind(row::joined(scope))
}

pub(crate) fn set_secret(id: &ClientId, secret: SecretDigest) -> Statement {
    Statement::new(SET_SECRET)
        .bind(id.as_str())
        .bind(secret.as_bytes().as_slice())
}

pub(crate) fn remove(id: &ClientId) -> Statement {
    Statement::new(REMOVE).bind(id.as_str())
}
