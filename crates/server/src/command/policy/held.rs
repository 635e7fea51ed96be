//! The credentials that a request is assumed to present.

use std::collections::BTreeMap;

use anyhow::bail;
use scopegate_domain::{DeclaredScheme, SchemeName};
use scopegate_policy::{
    AssumedCredentials, AssumedCredentialsBuilder, AuthorizationServer, AuthorizationServers, Ceiling, CeilingKind,
    Fact, OperationTable, ResolvedOperation, ServerScope,
};

use super::names::{misnamed, unknown};
use crate::arguments::{Ceilings, Held};

/// Maximum number of requests that are tried, if several tokens of a server are held.
const MOST_REQUESTS: usize = 1_024;

/// The assumed credentials of a caller, as the requests that they allow.
pub(super) struct Holdings(Vec<AssumedCredentials>);

impl Holdings {
    /// Reads the description of the credentials. A name that the policy does not have is an error.
    pub(super) fn new(table: &OperationTable, held: &Held) -> anyhow::Result<Self> {
        let servers = AuthorizationServers::of(table);
        let mut base = AssumedCredentials::builder();
        for name in &held.scheme {
            base = base.scheme(scheme(&servers, name)?);
        }
        // Without a token and without any other credential the request is anonymous.
        if held.scope.is_empty() && held.scheme.is_empty() {
            base = base.without(Fact::Authenticated);
        }
        let base = lacking(table, held, base)?;
        let tokens = held.scope.iter().map(|text| Token::read(&servers, text));
        let tokens = tokens.collect::<anyhow::Result<Vec<_>>>()?;
        let present = |presented: &PresentedCredentials| {
            let chosen = presented
                .iter()
                .filter_map(|(server, token)| tokens.get(*token)?.of(*server));
            chosen
                .fold(base.clone(), |builder, token| token.present(builder))
                .build(table)
        };
        Ok(Self(requests(&tokens)?.iter().map(present).collect()))
    }

    /// Whether one of the requests is allowed to perform the operation.
    pub(super) fn opens(&self, operation: &ResolvedOperation) -> bool {
        self.0.iter().any(|grant| grant.opens(operation))
    }

    /// The request that is allowed to perform the operation, or the first of all.
    pub(super) fn best_for(&self, operation: &ResolvedOperation) -> Option<&AssumedCredentials> {
        let open = self.0.iter().find(|grant| grant.opens(operation));
        open.or_else(|| self.0.first())
    }
}

/// The presented token of each authorization server, by its index.
type PresentedCredentials = BTreeMap<usize, usize>;

/// A token, with each authorization server that can have issued it.
struct Token(Vec<(usize, TokenOf)>);

/// A token of one authorization server.
enum TokenOf {
    Scopes(Vec<ServerScope>),
    /// A token without a scope, of the server of this scheme.
    Bare(SchemeName),
}

impl Token {
    fn read(servers: &AuthorizationServers<'_>, text: &str) -> anyhow::Result<Self> {
        let scopes = servers.token(text).map_err(|fault| misnamed(servers, &fault))?;
        let place_of = |name: &SchemeName| servers.as_slice().iter().position(|server| server.has_scheme(name));
        if let Some(place) = scopes.first().and_then(|scope| place_of(scope.scheme())) {
            return Ok(Self(vec![(place, TokenOf::Scopes(scopes))]));
        }
        // A token without a scope can be of each server that issues tokens.
        let bare = |wanted: fn(&DeclaredScheme) -> bool| -> Vec<(usize, TokenOf)> {
            let numbered = servers.as_slice().iter().enumerate();
            let token = |(place, server): (usize, &AuthorizationServer<'_>)| {
                let declared = server.schemes().iter().find(|declared| wanted(declared))?;
                Some((place, TokenOf::Bare(declared.name().clone())))
            };
            numbered.filter_map(token).collect()
        };
        let with_scopes = bare(DeclaredScheme::has_scopes);
        if with_scopes.is_empty() {
            Ok(Self(bare(|declared| declared.scheme().is_bearer())))
        } else {
            Ok(Self(with_scopes))
        }
    }

    fn of(&self, server: usize) -> Option<&TokenOf> {
        let mut all = self.0.iter();
        all.find(|(place, _)| *place == server).map(|(_, token)| token)
    }
}

impl TokenOf {
    fn present(&self, builder: AssumedCredentialsBuilder) -> AssumedCredentialsBuilder {
        match self {
            Self::Bare(scheme) => builder.token_of(scheme.clone()),
            Self::Scopes(scopes) => scopes.iter().fold(builder, |builder, scope| {
                builder.scope_of(scope.scheme().clone(), scope.token().clone())
            }),
        }
    }
}

/// The requests that these tokens allow: each presents at most one token of a server, and as many
/// tokens as it can.
fn requests(tokens: &[Token]) -> anyhow::Result<Vec<PresentedCredentials>> {
    let mut requests = vec![PresentedCredentials::new()];
    for (number, token) in tokens.iter().enumerate() {
        let mut with_it: Vec<PresentedCredentials> = Vec::new();
        for request in &requests {
            // If another token of its server is presented, this one may be omitted.
            if !token.0.iter().any(|(server, _)| !request.contains_key(server)) {
                with_it.push(request.clone());
            }
            for (server, _) in &token.0 {
                let mut request = request.clone();
                request.insert(*server, number);
                with_it.push(request);
            }
        }
        with_it.sort();
        with_it.dedup();
        if with_it.len() > MOST_REQUESTS {
            bail!("more than {MOST_REQUESTS} requests can be made with these tokens; give `--scope` fewer times");
        }
        requests = with_it;
    }
    Ok(requests)
}

/// The scheme of this name.
fn scheme(servers: &AuthorizationServers<'_>, name: &str) -> anyhow::Result<SchemeName> {
    let mut schemes = servers.as_slice().iter().flat_map(AuthorizationServer::schemes);
    match schemes.find(|declared| declared.name().as_str() == name) {
        Some(declared) => Ok(declared.name().clone()),
        None => bail!("{}", super::names::unknown_scheme(servers, name)),
    }
}

fn lacking(
    table: &OperationTable,
    held: &Held,
    builder: AssumedCredentialsBuilder,
) -> anyhow::Result<AssumedCredentialsBuilder> {
    let facts = table.fact_table().facts();
    held.lacking.iter().try_fold(builder, |builder, word| {
        let is_meant = |fact: &Fact| match fact {
            Fact::Scope { scheme, token } => {
                *word == token.as_str() || *word == ServerScope::new(scheme.clone(), token.clone()).to_string()
            }
            other => other.to_string() == *word,
        };
        let mut named = facts.iter().filter(|fact| is_meant(fact)).peekable();
        if named.peek().is_none() {
            bail!("{}", unknown("word", word, facts.iter().map(ToString::to_string)));
        }
        Ok(named.fold(builder, |builder, fact| builder.without(fact.clone())))
    })
}

/// The described ceilings. A name that the policy does not have is an error.
pub(super) fn ceilings(table: &OperationTable, given: &Ceilings) -> anyhow::Result<Vec<Ceiling>> {
    let servers = AuthorizationServers::of(table);
    let kinds = [
        (CeilingKind::Client, &given.client_scope),
        (CeilingKind::User, &given.user_scope),
        (CeilingKind::Consent, &given.consented),
    ];
    let given = kinds
        .into_iter()
        .filter_map(|(kind, text)| Some((kind, text.as_deref()?)));
    let ceiling = |(kind, text): (CeilingKind, &str)| {
        let scopes = servers.scopes_named(text).map_err(|fault| misnamed(&servers, &fault))?;
        let scope = scopes.iter().map(|scope| scope.token().clone()).collect();
        Ok(Ceiling::new(kind, "", scope).of_servers(scopes))
    };
    given.map(ceiling).collect()
}

/// The scopes of a client: for each authorization server those of one token.
pub(super) fn scopes(table: &OperationTable, given: &[String]) -> anyhow::Result<Vec<ServerScope>> {
    let servers = AuthorizationServers::of(table);
    let mut scopes: Vec<ServerScope> = Vec::new();
    let mut seen: Vec<&AuthorizationServer<'_>> = Vec::new();
    for text in given {
        let token = servers.token(text).map_err(|fault| misnamed(&servers, &fault))?;
        let Some(server) = token.first().and_then(|scope| servers.of_scheme(scope.scheme())) else {
            continue;
        };
        if seen.iter().any(|known| std::ptr::eq(*known, server)) {
            bail!("two tokens are of one authorization server (`{server}`); give all its scopes to one `--scope`");
        }
        seen.push(server);
        scopes.extend(token);
    }
    Ok(scopes)
}
