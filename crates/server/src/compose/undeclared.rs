//! Scopes and resources of clients and users that the configuration does not declare.

use std::collections::BTreeMap;

use scopegate_domain::{Audience, Client, DeclaredScheme, Scope, ScopeToken};
use scopegate_policy::nearest_name;
use scopegate_store::{Store, StoreError};
use tracing::warn;

use super::Apis;
use crate::config::Settings;
use crate::output::command_line;

/// The pages of clients, and of users, that are checked after a start or a reload, and the length
/// of a page.
const PAGES: u16 = 20;
const PAGE: u16 = 500;

/// The maximum number of warnings about scopes, and about resources.
const MAX_WARNINGS: usize = 20;

/// The declared scopes, to compare others with.
pub(crate) struct DeclaredScopes {
    names: Vec<ScopeToken>,
    /// The audiences of the resources. Empty for a server without resources.
    audiences: Vec<Audience>,
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
            audiences: apis.resources.iter().map(|one| one.audience().clone()).collect(),
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

    /// Logs a warning for each undeclared scope of a stored client or user, up to a limit, and for
    /// each resource of a client that is not configured. A start with many of them must not take
    /// longer, so this runs while requests are served.
    pub(crate) async fn warn_of_stored(&self, store: &dyn Store) {
        match self.stored(store).await {
            Ok(warnings) => warnings.iter().for_each(|warning| warn!("{warning}")),
            Err(cause) => {
                let cause: &dyn std::error::Error = &cause;
                warn!(
                    cause,
                    "cannot read clients and users; their scopes and resources are not checked"
                );
            }
        }
    }

    async fn stored(&self, store: &dyn Store) -> Result<Vec<String>, StoreError> {
        let mut holders = Holders {
            declared: &self.names,
            by_scope: BTreeMap::new(),
        };
        let mut by_resource = BTreeMap::new();
        let mut last = None;
        for _ in 0..PAGES {
            let page = store.clients().list(last.as_ref(), PAGE).await?;
            for client in &page {
                holders.add(client.scope(), || format!("client `{}`", client.id()));
                for resource in self.unknown(client) {
                    by_resource
                        .entry(resource.clone())
                        .or_insert_with(|| client.id().clone());
                }
            }
            last = page.last().map(|client| client.id().clone());
            if last.is_none() {
                break;
            }
        }
        let mut last = None;
        for _ in 0..PAGES {
            let page = store.users().list(last.as_ref(), PAGE).await?;
            for user in &page {
                holders.add(user.scope(), || format!("user `{}`", user.username()));
            }
            last = page.last().map(|user| user.username().clone());
            if last.is_none() {
                break;
            }
        }
        let warnings = holders
            .by_scope
            .iter()
            .map(|(token, holder)| format!("{holder}: {}", self.warning(token)));
        let resources = by_resource.iter().map(|(resource, client)| {
            format!(
                "client `{client}`: resource `{resource}` is not configured, so no token is for it; declare it in \
                 `[[resources]]`, or replace the list with `{}`",
                command_line("client set", client.as_str(), "--resource AUDIENCE")
            )
        });
        Ok(warnings
            .take(MAX_WARNINGS)
            .chain(resources.take(MAX_WARNINGS))
            .collect())
    }

    /// Returns the resources of a client that are not configured.
    fn unknown<'c>(&'c self, client: &'c Client) -> impl Iterator<Item = &'c Audience> {
        let is_unknown = |resource: &&Audience| !self.audiences.is_empty() && !self.audiences.contains(resource);
        client.resources().iter().filter(is_unknown)
    }
}

/// The undeclared scopes, each with a client or user that has it.
struct Holders<'d> {
    declared: &'d [ScopeToken],
    by_scope: BTreeMap<ScopeToken, String>,
}

impl Holders<'_> {
    fn add(&mut self, scope: &Scope, holder: impl Fn() -> String) {
        for token in scope.iter().filter(|token| !self.declared.contains(token)) {
            self.by_scope.entry(token.clone()).or_insert_with(&holder);
        }
    }
}

#[cfg(test)]
mod tests {
    use scopegate_domain::{Account, ClientId, User, UserId, Username};
    use scopegate_store::MemoryStore;

    use super::*;

    #[tokio::test]
    async fn scopes_and_resources_of_every_page_are_checked() {
        let store: &dyn Store = &MemoryStore::new();
        for number in 0..=PAGE {
            let id = format!("c{number:04}");
            let scope = Scope::parse(if number < PAGE { "ships" } else { "shisp" }).unwrap();
            let resource = Audience::parse(if number < PAGE { "https://a" } else { "https://b" }).unwrap();
            let client = Client::public(ClientId::parse(&id).unwrap(), &id).with_scope(scope.clone());
            let client = client.with_resources([resource]);
            store.clients().add(client).await.unwrap();
            let user = User::new(UserId::parse(&id).unwrap(), Username::parse(&id).unwrap()).with_scope(scope);
            let account = Account {
                user,
                password_hash: None,
            };
            store.users().add(account).await.unwrap();
        }
        let names = vec![ScopeToken::parse("ships").unwrap()];
        let declared = DeclaredScopes {
            names,
            audiences: vec![Audience::parse("https://a").unwrap()],
            has_resources: true,
        };
        let warnings = declared.stored(store).await.unwrap();
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(
            warnings[1].starts_with("client `c0500`: resource `https://b` is not configured"),
            "{warnings:?}"
        );
        assert!(
            warnings[0].starts_with("client `c0500`: no resource declares scope `shisp`"),
            "{warnings:?}"
        );
    }
}
