//! Authorization servers, each with the schemes that accept its tokens.

use std::collections::HashMap;
use std::fmt;

use scopegate_domain::{Catalog, DeclaredScheme, DeclaredScope, SchemeName, ScopeToken};

use crate::OperationTable;
use crate::servers::group;

/// The authorization servers of a table, in the order of their first schemes.
///
/// Two schemes share a server if one of their addresses is equal: the authorization, token or
/// refresh endpoint, or the discovery document. [`OperationTable::with_same_server`] joins others.
/// A scheme without an address is its own server: a key, a password, a bearer token.
///
/// ```
/// use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
/// use scopegate_policy::{AuthorizationServers, OperationTable};
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
pub struct AuthorizationServers<'t> {
    servers: Vec<AuthorizationServer<'t>>,
    /// For each scope, the servers that declare it, each with the first scheme that declares it.
    by_scope: HashMap<&'t ScopeToken, Vec<(usize, &'t SchemeName)>>,
    /// For each scheme, the position of its server.
    by_scheme: HashMap<&'t str, (usize, &'t DeclaredScheme)>,
    /// The maximum number of words in the name of a scheme.
    longest_name: usize,
}

/// An authorization server: the schemes that accept its tokens.
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
        Self::grouped(table.catalog(), table.fact_table().servers())
    }

    /// The servers of a catalog.
    #[must_use]
    pub fn of_catalog(catalog: &'t Catalog) -> Self {
        Self::grouped(catalog, group(catalog).into_iter())
    }

    fn grouped(catalog: &'t Catalog, firsts: impl Iterator<Item = usize>) -> Self {
        let mut servers: Vec<(usize, AuthorizationServer<'t>)> = Vec::new();
        for (declared, first) in catalog.schemes().iter().zip(firsts) {
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
        let servers: Vec<AuthorizationServer<'t>> = servers.into_iter().map(|(_, server)| server).collect();
        let mut by_scope: HashMap<_, Vec<_>> = HashMap::new();
        let mut by_scheme = HashMap::new();
        for (place, server) in servers.iter().enumerate() {
            for scheme in &server.schemes {
                by_scheme.insert(scheme.name().as_str(), (place, *scheme));
                for token in scheme.scopes().iter().map(DeclaredScope::token) {
                    let declaring = by_scope.entry(token).or_default();
                    if declaring.last().is_none_or(|(last, _)| *last != place) {
                        declaring.push((place, scheme.name()));
                    }
                }
            }
        }
        let words = |name: &&str| name.split_whitespace().count();
        Self {
            longest_name: by_scheme.keys().map(words).max().unwrap_or_default(),
            servers,
            by_scope,
            by_scheme,
        }
    }

    /// The servers.
    #[must_use]
    pub fn as_slice(&self) -> &[AuthorizationServer<'t>] {
        &self.servers
    }

    /// Returns the server of a scheme; `None` if the table does not declare the scheme.
    #[must_use]
    pub fn of_scheme(&self, name: &SchemeName) -> Option<&AuthorizationServer<'t>> {
        let (place, _) = self.by_scheme.get(name.as_str())?;
        self.servers.get(*place)
    }

    /// Returns the position of the server of a scheme in [`AuthorizationServers::as_slice`].
    #[must_use]
    pub fn place_of(&self, name: &str) -> Option<usize> {
        self.by_scheme.get(name).map(|(place, _)| *place)
    }

    /// Returns the positions of the servers that declare a scope of this name.
    pub fn places_declaring(&self, token: &ScopeToken) -> impl Iterator<Item = usize> {
        let declaring = self.by_scope.get(token).into_iter().flatten();
        declaring.map(|(place, _)| *place)
    }

    /// The servers that declare a scope of this name.
    pub fn declaring(&self, token: &ScopeToken) -> impl Iterator<Item = &AuthorizationServer<'t>> {
        let declaring = self.by_scope.get(token).into_iter().flatten();
        declaring.filter_map(|(place, _)| self.servers.get(*place))
    }

    /// Returns the possible meanings of a name: the positions of the servers that declare it. If
    /// the name contains a scheme, the only meaning is the server of that scheme, if the scheme
    /// declares it.
    pub(crate) fn meaning(&self, token: &ScopeToken, of: Option<&SchemeName>) -> Vec<(usize, ServerScope)> {
        let scope = |scheme: &SchemeName| ServerScope::new(scheme.clone(), token.clone());
        let declaring = self.by_scope.get(token).into_iter().flatten();
        let of_server = |place: Option<usize>| {
            let kept = declaring.filter(move |(own, _)| place.is_none_or(|place| place == *own));
            kept.map(|(own, name)| (*own, scope(name))).collect()
        };
        let Some(name) = of else { return of_server(None) };
        match self.by_scheme.get(name.as_str()) {
            Some((place, scheme)) if scheme.scopes().iter().any(|scope| scope.token() == token) => {
                of_server(Some(*place))
            }
            _ => Vec::new(),
        }
    }

    /// Returns the scheme whose name begins a text, the longest if there are several, and the rest
    /// of the text.
    pub(crate) fn scheme_before<'s>(&self, text: &'s str) -> Option<(SchemeName, &'s str)> {
        let spaces = text.match_indices(char::is_whitespace).map(|(place, _)| place);
        let ends: Vec<usize> = spaces.chain([text.len()]).take(self.longest_name).collect();
        ends.into_iter().rev().find_map(|end| {
            let (name, rest) = text.split_at_checked(end)?;
            let (_, scheme) = self.by_scheme.get(name)?;
            Some((scheme.name().clone(), rest.trim_start()))
        })
    }

    /// Returns the scopes of all servers, each once, in the order of declaration.
    pub fn scopes(&self) -> impl Iterator<Item = ServerScope> {
        self.servers.iter().flat_map(AuthorizationServer::scopes)
    }
}

impl<'t> AuthorizationServer<'t> {
    /// Returns the schemes that accept the tokens of the server, in the order of declaration.
    #[must_use]
    pub fn schemes(&self) -> &[&'t DeclaredScheme] {
        &self.schemes
    }

    /// Whether the tokens of the server have scopes.
    #[must_use]
    pub fn has_scopes(&self) -> bool {
        self.schemes.iter().any(|scheme| scheme.has_scopes())
    }

    /// Whether a scheme accepts the tokens of the server.
    #[must_use]
    pub fn has_scheme(&self, name: &SchemeName) -> bool {
        self.schemes.iter().any(|scheme| scheme.name() == name)
    }

    /// Returns the scope of this name, as the first scheme declares it.
    #[must_use]
    pub fn scope(&self, token: &ScopeToken) -> Option<ServerScope> {
        let declares = |scheme: &&&DeclaredScheme| scheme.scopes().iter().any(|scope| scope.token() == token);
        let scheme = self.schemes.iter().find(declares)?;
        Some(ServerScope::new(scheme.name().clone(), token.clone()))
    }

    /// Returns the scopes of the server, each once, in the order of declaration.
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
    /// Returns the names of the schemes.
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

    /// Returns a scheme that declares the scope.
    #[must_use]
    pub const fn scheme(&self) -> &SchemeName {
        &self.scheme
    }

    /// Returns the scope token.
    #[must_use]
    pub const fn token(&self) -> &ScopeToken {
        &self.token
    }
}

impl fmt::Display for ServerScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.scheme.as_str();
        if scheme.contains(char::is_whitespace) {
            write!(f, "{} of `{scheme}`", self.token)
        } else {
            write!(f, "{} of {scheme}", self.token)
        }
    }
}
