//! Authorization servers: whose tokens the schemes take.

use std::fmt;

use scopegate_domain::{DeclaredScheme, DeclaredScope, SchemeName, ScopeToken};

use crate::OperationTable;

/// The authorization servers of a table, in the order of their first schemes.
///
/// Schemes share a server where an address of one is equal to an address of the other: of the authorization, token or refresh
/// endpoint, or of the discovery document. [`OperationTable::with_same_server`] joins others. A scheme without an address is a
/// server of its own: a key, a password, a bearer token.
///
/// ```
/// use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
/// use scopegate_policy::OperationTable;
/// use scopegate_policy::analysis::AuthorizationServers;
///
/// const READ: ScopeToken = ScopeToken::from_static("read");
/// let catalog = Catalog::builder()
///     .scheme("app", SecurityScheme::oauth2_client_credentials("https://id.example/token"))
///     .scope(READ, "")
///     .scheme("owner", SecurityScheme::oauth2_authorization_code("https://id.example/ask", "https://id.example/token"))
///     .scope(READ, "")
///     .scheme("station", SecurityScheme::http_bearer())
///     .scope(READ, "")
///     .build()?;
/// let table = OperationTable::builder(catalog).build()?;
/// let servers = AuthorizationServers::of(&table);
/// let schemes = |place: usize| -> Vec<&str> {
///     servers.as_slice()[place].schemes().iter().map(|scheme| scheme.name().as_str()).collect()
/// };
/// assert_eq!((schemes(0), schemes(1)), (vec!["app", "owner"], vec!["station"]));
/// let names: Vec<String> = servers.scopes().map(|scope| scope.to_string()).collect();
/// assert_eq!(names, ["read of app", "read of station"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct AuthorizationServers<'t>(Vec<AuthorizationServer<'t>>);

/// An authorization server: the schemes that take its tokens.
#[derive(Clone, Debug)]
pub struct AuthorizationServer<'t> {
    schemes: Vec<&'t DeclaredScheme>,
}

/// A scope of one authorization server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerScope {
    token: ScopeToken,
    scheme: SchemeName,
}

impl<'t> AuthorizationServers<'t> {
    /// The servers of a table.
    #[must_use]
    pub fn of(table: &'t OperationTable) -> Self {
        let mut servers: Vec<(usize, AuthorizationServer<'t>)> = Vec::new();
        for (declared, first) in table.catalog().schemes().iter().zip(table.universe().servers()) {
            match servers.iter_mut().find(|(known, _)| *known == first) {
                Some((_, server)) => server.schemes.push(declared),
                None => servers.push((
                    first,
                    AuthorizationServer {
                        schemes: vec![declared],
                    },
                )),
            }
        }
        Self(servers.into_iter().map(|(_, server)| server).collect())
    }

    /// The servers.
    #[must_use]
    pub fn as_slice(&self) -> &[AuthorizationServer<'t>] {
        &self.0
    }

    /// The server of a scheme; none where the table does not declare the scheme.
    #[must_use]
    pub fn of_scheme(&self, name: &SchemeName) -> Option<&AuthorizationServer<'t>> {
        self.0.iter().find(|server| server.has_scheme(name))
    }

    /// The servers that declare a scope of this name.
    pub fn declaring(&self, token: &ScopeToken) -> impl Iterator<Item = &AuthorizationServer<'t>> {
        self.0.iter().filter(move |server| server.scope(token).is_some())
    }

    /// The scopes of all servers, each once, in the order of declaration.
    pub fn scopes(&self) -> impl Iterator<Item = ServerScope> {
        self.0.iter().flat_map(AuthorizationServer::scopes)
    }
}

impl<'t> AuthorizationServer<'t> {
    /// The schemes that take its tokens, in the order of declaration.
    #[must_use]
    pub fn schemes(&self) -> &[&'t DeclaredScheme] {
        &self.schemes
    }

    /// Whether its tokens carry scopes.
    #[must_use]
    pub fn has_scopes(&self) -> bool {
        self.schemes.iter().any(|scheme| scheme.has_scopes())
    }

    /// Whether a scheme takes its tokens.
    #[must_use]
    pub fn has_scheme(&self, name: &SchemeName) -> bool {
        self.schemes.iter().any(|scheme| scheme.name() == name)
    }

    /// The scope of this name, by the first scheme that declares it.
    #[must_use]
    pub fn scope(&self, token: &ScopeToken) -> Option<ServerScope> {
        let declares = |scheme: &&&DeclaredScheme| scheme.scopes().iter().any(|scope| scope.token() == token);
        let scheme = self.schemes.iter().find(declares)?;
        Some(ServerScope::new(scheme.name().clone(), token.clone()))
    }

    /// Its scopes, each once, in the order of declaration.
    #[must_use]
    pub fn scopes(&self) -> Vec<ServerScope> {
        let mut seen = std::collections::HashSet::new();
        let mut scopes = Vec::new();
        for scheme in &self.schemes {
            for token in scheme.scopes().iter().map(DeclaredScope::token) {
                if seen.insert(token) {
                    scopes.push(ServerScope::new(scheme.name().clone(), token.clone()));
                }
            }
        }
        scopes
    }
}

impl fmt::Display for AuthorizationServer<'_> {
    /// The names of its schemes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, scheme) in self.schemes.iter().enumerate() {
            let comma = if place > 0 { ", " } else { "" };
            write!(f, "{comma}{}", scheme.name())?;
        }
        Ok(())
    }
}

impl ServerScope {
    /// A scope of the server whose tokens this scheme takes.
    #[must_use]
    pub const fn new(scheme: SchemeName, token: ScopeToken) -> Self {
        Self { token, scheme }
    }

    /// A scheme that declares it.
    #[must_use]
    pub const fn scheme(&self) -> &SchemeName {
        &self.scheme
    }

    /// Its name.
    #[must_use]
    pub const fn token(&self) -> &ScopeToken {
        &self.token
    }
}

impl fmt::Display for ServerScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.token, self.scheme)
    }
}
