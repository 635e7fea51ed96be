//! The stored clients and users that do not fit the configuration: undeclared scopes and resources,
//! and a client of all logins that gets no token.

use std::collections::BTreeMap;

use scopegate_domain::{Audience, Client, ScopeToken};
use scopegate_store::{Store, StoreError};
use tracing::warn;

use super::login_client::LoginClient;
use super::{Apis, DeclaredScopes};
use crate::config::Settings;
use crate::output::{command_line, counted, message, quoted};

/// The pages of clients, and of users, that are read, and the length of a page.
const PAGES: u16 = 20;
const PAGE: u16 = 500;

/// The maximum number of sentences about scopes, and about resources.
const MAX_WARNINGS: usize = 20;

/// The maximum number of clients, and of users, that a sentence names.
const SHOWN: usize = 5;

/// Compares stored clients and users with a configuration. The start, a reload and `config check`
/// call it.
pub(crate) struct StoredCheck {
    declared: DeclaredScopes,
    /// The audiences of the resources. Empty for a server without resources.
    audiences: Vec<Audience>,
    login: Option<LoginClient>,
}

impl StoredCheck {
    /// The check for these APIs.
    pub(crate) fn of(settings: &Settings, apis: &Apis) -> Self {
        Self {
            declared: DeclaredScopes::of(settings, apis),
            audiences: apis.resources.iter().map(|one| one.audience().clone()).collect(),
            login: LoginClient::of(settings, apis),
        }
    }

    /// Logs the sentences of [`Self::warnings`]. A start with many clients must not take longer, so
    /// this runs while requests are served.
    pub(crate) async fn log(&self, store: &dyn Store) {
        match self.warnings(store).await {
            Ok(warnings) => warnings.iter().for_each(|warning| warn!("{}", message(warning))),
            Err(cause) => {
                let cause: &dyn std::error::Error = &cause;
                warn!(
                    cause,
                    "cannot read clients and users; their scopes and resources are not checked"
                );
            }
        }
    }

    /// Returns a sentence for each undeclared scope and resource, with the number of clients and
    /// users that have it. It reads a limited number of them.
    pub(crate) async fn warnings(&self, store: &dyn Store) -> Result<Vec<String>, StoreError> {
        let mut warnings = Vec::new();
        if let Some(login) = &self.login {
            warnings.extend(login.warning(store).await?);
        }
        let mut found = Found::default();
        self.read_clients(store, &mut found).await?;
        self.read_users(store, &mut found).await?;
        let scopes = found.by_scope.iter();
        warnings.extend(scopes.map(|(token, holders)| format!("{}: {}", holders.text(), self.declared.warning(token))));
        let resources = found.by_resource.iter();
        warnings.extend(resources.map(|(resource, holders)| unknown(resource, holders)));
        warnings.extend(found.limits());
        Ok(warnings)
    }

    async fn read_clients(&self, store: &dyn Store, found: &mut Found) -> Result<(), StoreError> {
        let mut last = None;
        for _ in 0..PAGES {
            let page = store.clients().list(last.as_ref(), PAGE).await?;
            for client in &page {
                let id = client.id().as_str();
                for token in self.undeclared(client.scope().iter()) {
                    found.add_scope(token, |holders| holders.clients.add(id));
                }
                for resource in self.unknown(client) {
                    found.add_resource(resource, |holders| holders.clients.add(id));
                }
            }
            last = page.last().map(|client| client.id().clone());
            if page.len() < usize::from(PAGE) {
                return Ok(());
            }
        }
        found.is_part = true;
        Ok(())
    }

    async fn read_users(&self, store: &dyn Store, found: &mut Found) -> Result<(), StoreError> {
        let mut last = None;
        for _ in 0..PAGES {
            let page = store.users().list(last.as_ref(), PAGE).await?;
            for user in &page {
                for token in self.undeclared(user.scope().iter()) {
                    found.add_scope(token, |holders| holders.users.add(user.username().as_str()));
                }
            }
            last = page.last().map(|user| user.username().clone());
            if page.len() < usize::from(PAGE) {
                return Ok(());
            }
        }
        found.is_part = true;
        Ok(())
    }

    fn undeclared<'t>(&self, scope: impl Iterator<Item = &'t ScopeToken>) -> impl Iterator<Item = &'t ScopeToken> {
        scope.filter(|token| !self.declared.contains(token))
    }

    /// Returns the resources of a client that are not configured.
    fn unknown<'c>(&'c self, client: &'c Client) -> impl Iterator<Item = &'c Audience> {
        let is_unknown = |resource: &&Audience| !self.audiences.is_empty() && !self.audiences.contains(resource);
        client.resources().iter().filter(is_unknown)
    }
}

/// Describes a resource that is not configured.
fn unknown(resource: &Audience, holders: &Holders) -> String {
    // The command is for one client. Of several the operator names each.
    let client = match (holders.clients.count, holders.clients.first.first()) {
        (1, Some(id)) => id,
        _ => "CLIENT",
    };
    format!(
        "{}: resource `{resource}` is not configured, so no token is for it; declare it in `[[resources]]`, or replace the \
         list with `{}`",
        holders.text(),
        command_line("client set", client, "--resource AUDIENCE")
    )
}

/// The undeclared names found so far, up to a limit.
#[derive(Default)]
struct Found {
    by_scope: BTreeMap<ScopeToken, Holders>,
    by_resource: BTreeMap<Audience, Holders>,
    /// Whether there are more scopes or resources than the limit.
    is_cut: bool,
    /// Whether there are more clients or users than were read.
    is_part: bool,
}

impl Found {
    fn add_scope(&mut self, token: &ScopeToken, add: impl FnOnce(&mut Holders)) {
        self.is_cut |= !add_to(&mut self.by_scope, token, add);
    }

    fn add_resource(&mut self, resource: &Audience, add: impl FnOnce(&mut Holders)) {
        self.is_cut |= !add_to(&mut self.by_resource, resource, add);
    }

    /// Returns a sentence for each limit that was reached.
    fn limits(&self) -> Vec<String> {
        let mut limits = Vec::new();
        if self.is_cut {
            limits.push(format!(
                "clients and users have further scopes or resources that are not declared; at most {MAX_WARNINGS} of each are \
                 named"
            ));
        }
        let is_empty = self.by_scope.is_empty() && self.by_resource.is_empty();
        if self.is_part && !is_empty {
            limits.push(format!(
                "only the first {} clients and users were compared with the configuration",
                u32::from(PAGES) * u32::from(PAGE)
            ));
        }
        limits
    }
}

/// Adds a holder of a name. `false` if the name is one more than the limit.
fn add_to<K: Ord + Clone>(map: &mut BTreeMap<K, Holders>, name: &K, add: impl FnOnce(&mut Holders)) -> bool {
    let is_new = !map.contains_key(name);
    if is_new && map.len() >= MAX_WARNINGS {
        return false;
    }
    add(map.entry(name.clone()).or_default());
    true
}

/// The clients and users that have a name.
#[derive(Default)]
struct Holders {
    clients: Named,
    users: Named,
}

impl Holders {
    /// Returns their numbers, each with the first names.
    fn text(&self) -> String {
        let parts = [self.clients.text("client"), self.users.text("user")];
        parts.into_iter().flatten().collect::<Vec<String>>().join(" and ")
    }
}

/// A number of clients or users, and the first of them.
#[derive(Default)]
struct Named {
    count: usize,
    first: Vec<String>,
}

impl Named {
    fn add(&mut self, name: &str) {
        self.count = self.count.saturating_add(1);
        if self.first.len() < SHOWN {
            self.first.push(name.to_owned());
        }
    }

    fn text(&self, noun: &str) -> Option<String> {
        let names: Vec<String> = self.first.iter().map(|name| format!("`{}`", quoted(name))).collect();
        let names = names.join(", ");
        match self.count {
            0 => None,
            1 => Some(format!("{noun} {names}")),
            count if count > SHOWN => Some(format!(
                "{} ({names} and {} more)",
                counted(count, noun),
                count.saturating_sub(SHOWN)
            )),
            count => Some(format!("{} ({names})", counted(count, noun))),
        }
    }
}

#[cfg(test)]
mod tests;
