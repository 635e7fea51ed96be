//! Scopes of clients and users that no resource declares.

use std::collections::BTreeMap;

use scopegate_domain::{Client, DeclaredScheme, Scope, ScopeToken, User};
use scopegate_policy::nearest_name;
use scopegate_store::{Store, StoreError};

use super::Apis;
use crate::config::Settings;

/// The number of clients, and of users, whose scopes are checked at start. A start with many must
/// not take longer.
const CHECKED: u16 = 1_000;

/// The maximum number of warnings at start.
const MAX_WARNINGS: usize = 20;

/// The declared scopes, to compare others with.
pub(crate) struct DeclaredScopes {
    names: Vec<ScopeToken>,
    has_resources: bool,
}

impl DeclaredScopes {
    /// The scopes of these APIs.
    pub(crate) fn of(settings: &Settings, apis: &Apis) -> Self {
        let own = apis.own.catalog.schemes().iter().flat_map(DeclaredScheme::scopes);
        let names = if apis.resources.is_empty() {
            own.map(|scope| scope.token().clone()).collect()
        } else {
            apis.resources.scopes().into_iter().cloned().collect()
        };
        Self {
            names,
            has_resources: settings.demo || !settings.resources.is_empty(),
        }
    }

    /// Returns a sentence for each scope that is not declared.
    pub(crate) fn warnings(&self, scope: &Scope) -> Vec<String> {
        let undeclared = scope.iter().filter(|token| !self.names.contains(token));
        undeclared.map(|token| self.warning(token)).collect()
    }

    fn warning(&self, token: &ScopeToken) -> String {
        let remedy = match nearest_name(token.as_str(), self.names.iter().map(ScopeToken::as_str)) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None if self.has_resources => "declare it in the document of a resource, or give another scope".to_owned(),
            None => "no `[[resources]]` are configured; `--config` names the file that declares them".to_owned(),
        };
        format!("no resource declares scope `{token}`, so no token contains it; {remedy}")
    }

    /// Returns a sentence for each undeclared scope of a stored client or user, up to a limit.
    ///
    /// # Errors
    ///
    /// The error of the store.
    pub(crate) async fn stored(&self, store: &dyn Store) -> Result<Vec<String>, StoreError> {
        let mut holders: BTreeMap<ScopeToken, String> = BTreeMap::new();
        let mut add = |scope: &Scope, holder: &dyn Fn() -> String| {
            for token in scope.iter().filter(|token| !self.names.contains(token)) {
                holders.entry(token.clone()).or_insert_with(holder);
            }
        };
        for client in &store.clients().list(None, CHECKED).await? {
            add(Client::scope(client), &|| format!("client `{}`", client.id()));
        }
        for user in &store.users().list(None, CHECKED).await? {
            add(User::scope(user), &|| format!("user `{}`", user.username()));
        }
        let warnings = holders
            .iter()
            .map(|(token, holder)| format!("{holder}: {}", self.warning(token)));
        Ok(warnings.take(MAX_WARNINGS).collect())
    }
}
