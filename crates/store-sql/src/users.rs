//! Users in SQL.

use scopegate_domain::{Account, PasswordHash, Scope, User, UserId, UserStatus, Username};
use scopegate_store::{BoxFuture, NewsItem, PasswordScheme, StoreError, Users};

use crate::SqlStore;
use crate::grant_steps::{end_user_grants, remove_consents_of, remove_sessions_of};
use crate::news_steps::lane;
use crate::row;
use crate::statement::{Statement, Step};

/// Begins with the name, so that both rows are found by their keys. A name without its user is an
/// error, because a row without an id cannot be read.
pub(crate) const FIND_ACCOUNT: &str = "SELECT id, username, email, full_name, status, scope, password_hash \
     FROM user_names LEFT JOIN users ON id = user_id WHERE canonical_name = $1";

const LIST: &str = "SELECT id, username, email, full_name, status, scope FROM users \
     WHERE username > $1 ORDER BY username LIMIT $2";

/// Steps from each scheme to the next by the index, so that the cost depends on the number of
/// schemes, not of users.
const PASSWORD_SCHEMES: &str = "WITH RECURSIVE schemes (scheme) AS ( \
         SELECT min(password_scheme) FROM users WHERE password_scheme > '' \
         UNION ALL \
         SELECT (SELECT min(password_scheme) FROM users WHERE password_scheme > schemes.scheme) \
         FROM schemes WHERE schemes.scheme IS NOT NULL \
     ) SELECT scheme FROM schemes WHERE scheme IS NOT NULL LIMIT $1";

/// Before the user is added: a user without a name was added by another program.
const ADD_NAME: &str = "INSERT INTO user_names (user_id, canonical_name) VALUES ($1, $2)";

const REMOVE_NAME: &str = "DELETE FROM user_names WHERE user_id = $1";

const ADD: &str = "INSERT INTO users \
     (id, username, email, full_name, status, scope, password_hash, password_scheme) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Grants of a removed user with this id are not those of the new one.
const ADD_GRANTS: &str = "INSERT INTO user_grants (user_id, grants_from) \
     VALUES ($1, (SELECT place FROM news_head WHERE lane = $2))";

const REPLACE_PASSWORD_HASH: &str =
    "UPDATE users SET password_hash = $3, password_scheme = $4 WHERE id = $1 AND password_hash = $2";

const SET_PASSWORD_HASH: &str = "UPDATE users SET password_hash = $2, password_scheme = $3 WHERE id = $1";

const SET_PROFILE: &str = "UPDATE users SET username = $2, email = $3, full_name = $4 WHERE id = $1";

const SET_SCOPE: &str = "UPDATE users SET scope = $2 WHERE id = $1";

const SET_STATUS: &str = "UPDATE users SET status = $2 WHERE id = $1";

const REMOVE: &str = "DELETE FROM users WHERE id = $1";

impl Users for SqlStore {
    fn find<'a>(&'a self, username: &'a Username) -> BoxFuture<'a, Result<Option<User>, StoreError>> {
        self.methods
            .find_user
            .measure(self.look_up(&self.users_by_name, username.as_str(), row::user))
    }

    fn find_by_id<'a>(&'a self, id: &'a UserId) -> BoxFuture<'a, Result<Option<User>, StoreError>> {
        self.methods
            .find_user_by_id
            .measure(self.look_up(&self.users_by_id, id.as_str(), row::user))
    }

    fn find_account<'a>(&'a self, username: &'a Username) -> BoxFuture<'a, Result<Option<Account>, StoreError>> {
        self.methods.find_account.measure(self.one(
            Statement::new(FIND_ACCOUNT).bind(username.canonical().as_str()),
            row::account,
        ))
    }

    fn list<'a>(&'a self, after: Option<&'a Username>, limit: u16) -> BoxFuture<'a, Result<Vec<User>, StoreError>> {
        // No name is empty, so all names come after the empty text.
        let after = after.map_or("", Username::as_str);
        self.methods
            .list_users
            .measure(self.all(Statement::new(LIST).bind(after).bind(limit), row::user))
    }

    fn password_schemes(&self) -> BoxFuture<'_, Result<Vec<PasswordScheme>, StoreError>> {
        let limit = u16::try_from(PasswordScheme::MAX_LISTED).unwrap_or(u16::MAX);
        self.methods
            .password_schemes
            .measure(self.scan(Statement::new(PASSWORD_SCHEMES).bind(limit), row::password_scheme))
    }

    fn add(&self, account: Account) -> BoxFuture<'_, Result<(), StoreError>> {
        self.methods.add_user.measure(async move {
            let Account { user, password_hash } = &account;
            let add = Statement::new(ADD)
                .bind(user.id().as_str())
                .bind(user.username().as_str())
                .bind(user.email())
                .bind(user.full_name())
                .bind(row::status_text(user.status()))
                .bind(row::joined(user.scope()))
                .bind(password_hash.as_ref().map(PasswordHash::expose))
                .bind(scheme(password_hash.as_ref()));
            let id = user.id().as_str();
            let grants = Statement::new(ADD_GRANTS).bind(id).bind(lane(id));
            let steps = vec![add_name(user), add.changes(1), grants.changes(1)];
            self.change_all(steps).await.map(|_| ())
        })
    }

    fn replace_password_hash<'a>(
        &'a self,
        id: &'a UserId,
        expected: &'a PasswordHash,
        replacement: &'a PasswordHash,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let replace = Statement::new(REPLACE_PASSWORD_HASH)
            .bind(id.as_str())
            .bind(expected.expose())
            .bind(replacement.expose())
            .bind(scheme(Some(replacement)));
        self.methods.replace_password_hash.measure(self.change(replace))
    }

    fn set_password_hash<'a>(
        &'a self,
        id: &'a UserId,
        password_hash: Option<&'a PasswordHash>,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.methods
            .set_password_hash
            .measure(self.change_user(id, set_password_hash(id, password_hash)))
    }

    fn set_profile<'a>(&'a self, user: &'a User) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.methods.set_profile.measure(async move {
            Ok(self
                .take_and_tell(set_profile(user), changed(user.id()))
                .await?
                .is_none())
        })
    }

    fn set_scope<'a>(&'a self, id: &'a UserId, scope: &'a Scope) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.methods
            .set_user_scope
            .measure(self.change_user(id, set_scope(id, scope)))
    }

    fn set_status<'a>(&'a self, id: &'a UserId, status: UserStatus) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.methods.set_status.measure(async move {
            let mut steps = Vec::new();
            if status == UserStatus::Disabled {
                steps.extend(remove_sessions_of(id));
            }
            steps.push(set_status(id, status).at_least(1));
            if status == UserStatus::Disabled {
                steps.push(end_user_grants(id));
            }
            Ok(self.take_and_tell(steps, changed(id)).await?.is_none())
        })
    }

    fn remove<'a>(&'a self, id: &'a UserId) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.methods.remove_user.measure(async move {
            let mut steps: Vec<_> = remove_sessions_of(id).into();
            steps.extend([remove_consents_of(id), remove(id).at_least(1)]);
            Ok(self.take_and_tell(steps, changed(id)).await?.is_none())
        })
    }
}

impl SqlStore {
    /// Changes a record that exists, and adds an entry to the log.
    async fn change_user(&self, id: &UserId, change: Statement) -> Result<bool, StoreError> {
        self.change_and_tell(change, changed(id)).await
    }
}

fn changed(id: &UserId) -> NewsItem {
    NewsItem::UserChanged(id.clone())
}

pub(crate) fn set_status(id: &UserId, status: UserStatus) -> Statement {
    Statement::new(SET_STATUS)
        .bind(id.as_str())
        .bind(row::status_text(status))
}

pub(crate) fn set_password_hash(id: &UserId, password_hash: Option<&PasswordHash>) -> Statement {
    Statement::new(SET_PASSWORD_HASH)
        .bind(id.as_str())
        .bind(password_hash.map(PasswordHash::expose))
        .bind(scheme(password_hash))
}

/// The steps that change name, email address and full name.
pub(crate) fn set_profile(user: &User) -> Vec<Step> {
    let remove_name = Statement::new(REMOVE_NAME).bind(user.id().as_str());
    let set = Statement::new(SET_PROFILE)
        .bind(user.id().as_str())
        .bind(user.username().as_str())
        .bind(user.email())
        .bind(user.full_name());
    vec![remove_name.any(), set.at_least(1), add_name(user)]
}

fn add_name(user: &User) -> Step {
    let name = user.username().canonical();
    Statement::new(ADD_NAME)
        .bind(user.id().as_str())
        .bind(name.as_str())
        .changes(1)
}

pub(crate) fn set_scope(id: &UserId, scope: &Scope) -> Statement {
    Statement::new(SET_SCOPE).bind(id.as_str()).bind(row::joined(scope))
}

pub(crate) fn remove(id: &UserId) -> Statement {
    Statement::new(REMOVE).bind(id.as_str())
}

fn scheme(hash: Option<&PasswordHash>) -> Option<String> {
    hash.and_then(PasswordScheme::of)
        .map(|scheme| scheme.as_str().to_owned())
}
