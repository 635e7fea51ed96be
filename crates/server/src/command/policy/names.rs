//! Names of a policy: how scopes are written, and the nearest name to an unknown one.

use crate::output::quoted;
use scopegate_domain::{DeclaredScheme, DeclaredScope};
use scopegate_openapi::import::Imported;
use scopegate_policy::{AuthorizationServer, AuthorizationServers, Fact, NameError, OperationTable, ServerScope};
use strsim::{jaro_winkler, osa_distance};

/// The spelling of scopes in an answer: by name, and with the scheme if the answer involves several
/// authorization servers.
pub(super) struct Spelling {
    with_scheme: bool,
}

impl Spelling {
    /// The spelling for an answer with these scopes.
    pub(super) fn of<'s>(table: &OperationTable, scopes: impl IntoIterator<Item = &'s ServerScope>) -> Self {
        let servers = AuthorizationServers::of(table);
        let mut first: Option<&AuthorizationServer<'_>> = None;
        let with_scheme = scopes.into_iter().any(|scope| {
            let is_other = |server: &AuthorizationServer<'_>| !server.has_scheme(scope.scheme());
            let is_ambiguous = servers.declaring(scope.token()).nth(1).is_some();
            let is_of_other = first.is_some_and(is_other);
            first = first.or_else(|| servers.of_scheme(scope.scheme()));
            is_ambiguous || is_of_other
        });
        Self { with_scheme }
    }

    /// The spelling for an answer with these facts.
    pub(super) fn of_atoms<'a>(table: &OperationTable, facts: impl IntoIterator<Item = &'a Fact>) -> Self {
        let scopes: Vec<ServerScope> = facts.into_iter().filter_map(scope_of).collect();
        Self::of(table, &scopes)
    }

    /// The fact in words.
    pub(super) fn fact(&self, fact: &Fact) -> String {
        scope_of(fact).map_or_else(|| fact.to_string(), |scope| self.word(&scope))
    }

    /// The facts in words.
    pub(super) fn facts<'a>(&self, facts: impl IntoIterator<Item = &'a Fact>) -> Vec<String> {
        facts.into_iter().map(|fact| self.fact(fact)).collect()
    }

    /// The scope in words.
    pub(super) fn word(&self, scope: &ServerScope) -> String {
        if self.with_scheme {
            scope.to_string()
        } else {
            scope.token().to_string()
        }
    }

    /// The scopes in words.
    pub(super) fn words(&self, scopes: &[ServerScope]) -> Vec<String> {
        scopes.iter().map(|scope| self.word(scope)).collect()
    }
}

/// The scope that a fact requires.
pub(super) fn scope_of(fact: &Fact) -> Option<ServerScope> {
    match fact {
        Fact::Scope { scheme, token } => Some(ServerScope::new(scheme.clone(), token.clone())),
        _ => None,
    }
}

/// The error about a name, with the known name nearest to it.
pub(super) fn misnamed(servers: &AuthorizationServers<'_>, fault: &NameError) -> anyhow::Error {
    match fault {
        NameError::UnknownScheme { name } => anyhow::anyhow!("{}", unknown_scheme(servers, name)),
        NameError::UnknownScope { token, scheme } => {
            let all = servers.as_slice().iter().flat_map(AuthorizationServer::schemes);
            let named = all.filter(|declared| scheme.as_ref().is_none_or(|name| name == declared.name()));
            let scopes = named.flat_map(|declared| declared.scopes()).map(DeclaredScope::token);
            let known = scopes.map(ToString::to_string);
            let what = match scheme {
                Some(name) => format!("scope of scheme `{name}` with the name"),
                None => "scope".to_owned(),
            };
            anyhow::anyhow!("{}", unknown(&what, token.as_str(), known))
        }
        NameError::Apart { .. } => anyhow::anyhow!("{fault}; give each token its own `--scope`"),
        fault => anyhow::anyhow!("{fault}"),
    }
}

/// The message that no scheme has this name.
pub(super) fn unknown_scheme(servers: &AuthorizationServers<'_>, name: &str) -> String {
    let all = servers.as_slice().iter().flat_map(AuthorizationServer::schemes);
    unknown("scheme", name, all.map(|declared| declared.name().to_string()))
}

/// The message that a name is unknown, with the known name nearest to it.
pub(super) fn unknown(what: &str, name: &str, known: impl Iterator<Item = String>) -> String {
    near(&format!("the policy has no {what}"), name, known)
}

/// The message for an unknown name, with the known name nearest to it.
pub(super) fn near(fault: &str, name: &str, known: impl Iterator<Item = String>) -> String {
    // In a short name, `jaro_winkler` scores two swapped characters too low. Long names are
    // skipped.
    let is_one_slip = |known: &str| name.len().max(known.len()) <= 64 && osa_distance(name, known) <= 1;
    let likeness = |known: String| {
        let slip = if is_one_slip(&known) { 0.9 } else { 0.0 };
        (jaro_winkler(name, &known).max(slip), known)
    };
    let nearest = known.map(likeness).max_by(|a, b| a.0.total_cmp(&b.0));
    let said = format!("{fault} `{}`", quoted(name));
    match nearest {
        Some((likeness, nearest)) if likeness > 0.8 => format!("{said}; did you mean `{nearest}`?"),
        _ => said,
    }
}

/// Makes one authorization server of the servers of two schemes, for each `A=B`.
pub(super) fn join_servers(policy: &mut Imported, pairs: &[String]) -> anyhow::Result<()> {
    for pair in pairs {
        let schemes = policy.table().catalog().schemes();
        let named = |name: &str| {
            schemes
                .iter()
                .map(DeclaredScheme::name)
                .find(|known| known.as_str() == name)
        };
        let splits = pair.match_indices('=').filter_map(|(place, _)| {
            let (one, other) = pair.split_at_checked(place)?;
            Some((one, other.strip_prefix('=')?))
        });
        // The name of a scheme may contain the equals sign.
        let known = splits
            .clone()
            .find_map(|(one, other)| Some((named(one)?.clone(), named(other)?.clone())));
        if let Some((one, other)) = known {
            policy.join_servers(&one, &other);
            continue;
        }
        let servers = AuthorizationServers::of(policy.table());
        return Err(match splits.clone().next() {
            None => anyhow::anyhow!("`{}` is not two schemes with `=` between them", quoted(pair)),
            Some((one, other)) => {
                let name = if named(one).is_some() { other } else { one };
                anyhow::anyhow!("{}", unknown_scheme(&servers, name))
            }
        });
    }
    Ok(())
}
