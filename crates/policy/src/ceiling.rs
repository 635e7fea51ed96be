//! Ceilings: the most that a client, a user or a role can be granted.

use scopegate_domain::{Scope, ScopeToken};

use crate::{AssumedCredentials, AssumedCredentialsBuilder, FactTable, ServerScope};

/// The maximum that a client, a user or a role can be granted.
///
/// ```
/// use scopegate_policy::{Ceiling, CeilingKind};
///
/// let ceiling = Ceiling::new(CeilingKind::Client, "web", "items me".parse()?);
/// assert_eq!(ceiling.to_string(), "client `web`");
/// # Ok::<(), scopegate_domain::InvalidScope>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceiling {
    kind: CeilingKind,
    name: String,
    scope: Scope,
    of_servers: Vec<ServerScope>,
}

/// The kind of holder of a ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CeilingKind {
    /// A client's.
    Client,
    /// The consent of the user for the client.
    Consent,
    /// The ceiling of every user with a role.
    Role,
    /// A user's.
    User,
}

impl CeilingKind {
    /// Returns the name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Consent => "consent",
            Self::Role => "role",
            Self::User => "user",
        }
    }
}

impl Ceiling {
    /// Creates a ceiling of this kind, holder and scope; the name may be empty.
    #[must_use]
    pub fn new(kind: CeilingKind, name: impl Into<String>, scope: Scope) -> Self {
        Self {
            kind,
            name: name.into(),
            scope,
            of_servers: Vec::new(),
        }
    }

    /// Sets the authorization servers of the scopes. A scope that is not among these belongs to the
    /// only server that declares it. Default: none.
    #[must_use]
    pub fn of_servers(mut self, scopes: impl IntoIterator<Item = ServerScope>) -> Self {
        self.of_servers.extend(scopes);
        self
    }

    /// The kind of holder.
    #[must_use]
    pub const fn kind(&self) -> CeilingKind {
        self.kind
    }

    /// The name of the holder.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The most that can be granted.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Returns the assumed credentials of a caller with the whole ceiling.
    #[must_use]
    pub fn holder(&self) -> AssumedCredentialsBuilder {
        let is_bare = |token: &&ScopeToken| !self.of_servers.iter().any(|scope| scope.token() == *token);
        let builder = AssumedCredentials::builder().scopes(self.scope.iter().filter(is_bare).cloned());
        self.of_servers.iter().fold(builder, |builder, scope| {
            builder.scope_of(scope.scheme().clone(), scope.token().clone())
        })
    }

    /// Returns the scopes, each with the position of its authorization server. Scopes of no server
    /// or of several are omitted.
    pub(crate) fn scopes_in(&self, fact_table: &FactTable) -> Vec<(usize, &ScopeToken)> {
        let mut scopes = Vec::new();
        for token in &self.scope {
            let mut said = self.of_servers.iter().filter(|scope| scope.token() == token).peekable();
            if said.peek().is_none() {
                let servers = fact_table.servers_declaring(token.as_str());
                let only = servers.first().filter(|_| servers.len() == 1);
                scopes.extend(only.map(|server| (*server, token)));
            }
            let servers = said.filter_map(|scope| fact_table.server_of(scope.scheme()));
            scopes.extend(servers.map(|server| (server, token)));
        }
        scopes
    }
}

impl std::fmt::Display for Ceiling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name.as_str() {
            "" => f.write_str(self.kind.as_str()),
            name => write!(f, "{} `{name}`", self.kind.as_str()),
        }
    }
}
