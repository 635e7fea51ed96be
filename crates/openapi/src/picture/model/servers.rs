//! Authorization servers, by the schemes that accept their tokens.

use scopegate_domain::{DeclaredScheme, SecurityScheme};
use scopegate_policy::{AuthorizationServer, AuthorizationServers, Fact, FactId, OperationTable};

/// An authorization server.
pub(crate) struct Server {
    /// The atoms of its schemes: a token of the server is accepted for all of them.
    pub(crate) schemes: Vec<usize>,
    /// The word for its credentials: `token` or `credential`.
    pub(crate) word: &'static str,
    /// Whether a token without scopes may come from it, if the token's server is not named.
    pub(crate) is_default: bool,
}

pub(super) fn servers(table: &OperationTable) -> Vec<Server> {
    let servers = AuthorizationServers::of(table);
    let defaults = defaults(&servers);
    let server = |(place, server): (usize, &AuthorizationServer<'_>)| {
        let atoms = server
            .schemes()
            .iter()
            .map(|declared| Fact::Scheme(declared.name().clone()));
        let is_token = |declared: &&DeclaredScheme| issues_tokens(declared);
        Server {
            schemes: atoms
                .filter_map(|atom| table.fact_table().find(&atom))
                .map(FactId::index)
                .collect(),
            word: if server.schemes().iter().any(is_token) {
                "token"
            } else {
                "credential"
            },
            is_default: defaults.contains(&place),
        }
    };
    servers.as_slice().iter().enumerate().map(server).collect()
}

fn issues_tokens(declared: &DeclaredScheme) -> bool {
    declared.scheme().has_scopes() || declared.scheme().is_bearer()
}

/// Returns the indexes of the servers that may have issued a token without scopes: those whose
/// tokens have scopes, or else those of bearer tokens.
pub(super) fn defaults(servers: &AuthorizationServers<'_>) -> Vec<usize> {
    let having = |wanted: fn(&DeclaredScheme) -> bool| -> Vec<usize> {
        let numbered = servers.as_slice().iter().enumerate();
        let fitting = numbered.filter(|(_, server)| server.schemes().iter().any(|declared| wanted(declared)));
        fitting.map(|(place, _)| place).collect()
    };
    let with_scopes = having(DeclaredScheme::has_scopes);
    if with_scopes.is_empty() {
        having(|declared| SecurityScheme::is_bearer(declared.scheme()))
    } else {
        with_scopes
    }
}
