//! Compares the scopes that a client holds with the operations that it calls.

use std::collections::HashSet;

use scopegate_policy::{
    AssumedCredentials, AssumedCredentialsBuilder, Locator, Method, OperationTable, ResolvedOperation, ServerScope,
};

use crate::least::{is_open_with_credentials, least_of};

/// Returns which of the caller's scopes these calls need. The scopes of one authorization server
/// are those of one token.
///
/// Credentials without scopes that an operation requires together with scopes are assumed. Calls
/// that are refused with all scopes, and calls without an operation, need nothing. `budget` is that
/// of [`minimal_scopes()`](super::minimal_scopes()).
///
/// ```
/// # use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
/// # use scopegate_policy::{Guard, Method, Operation, OperationTable};
/// use scopegate_analysis::usage;
/// use scopegate_policy::ServerScope;
///
/// # const READ: ScopeToken = ScopeToken::from_static("read");
/// # const WRITE: ScopeToken = ScopeToken::from_static("write");
/// # let catalog = Catalog::builder()
/// #     .scheme("oauth", SecurityScheme::oauth2_password("token"))
/// #     .scope(READ, "").scope(WRITE, "")
/// #     .build()?;
/// let table = OperationTable::builder(catalog)
///     .operation(Operation::get("/items/{id}").guard(Guard::requires([READ])))
///     .operation(Operation::post("/items").guard(Guard::requires([WRITE])))
///     .build()?;
/// let held = [READ, WRITE].map(|token| ServerScope::new("oauth".parse().unwrap(), token));
/// let usage = usage(&table, &held, [(Method::Get, "/items/7")], 1_000);
/// assert_eq!((usage.needed(), usage.unneeded()), (&held[..1], &held[1..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn usage<P: AsRef<str>>(
    table: &OperationTable,
    held: &[ServerScope],
    calls: impl IntoIterator<Item = (Method, P)>,
    budget: usize,
) -> Usage {
    let locator = Locator::new(table);
    let held_by = |builder: AssumedCredentialsBuilder, scope: &ServerScope| {
        builder.scope_of(scope.scheme().clone(), scope.token().clone())
    };
    let grant_of = |held: &[ServerScope]| held.iter().fold(AssumedCredentials::builder(), held_by).build(table);
    let grant = grant_of(held);
    let mut usage = Usage::default();
    let mut seen = HashSet::new();
    let mut operations: Vec<&ResolvedOperation> = Vec::new();
    for (method, path) in calls {
        match locator.find(method, path.as_ref()) {
            None => usage.unknown_calls.push((method, path.as_ref().to_owned())),
            Some(operation) if !grant.opens(operation) && !is_open_with_credentials(operation, grant.facts()) => {
                usage.refused_calls.push((method, path.as_ref().to_owned()));
            }
            Some(operation) => {
                if seen.insert(operation.tree_number()) {
                    operations.push(operation);
                }
            }
        }
    }
    // A scope has one name for each scheme of its server that declares it.
    let fact_table = table.fact_table();
    let is_same = |one: &ServerScope, other: &ServerScope| {
        one.token() == other.token() && fact_table.server_of(one.scheme()) == fact_table.server_of(other.scheme())
    };
    let is_held = |scope: &ServerScope| held.iter().any(|held| is_same(held, scope));
    // The client presents its token with every call. So a call that is open without a token still
    // requires the scopes that a presented token needs.
    let least = least_of(&operations, &is_held, false, budget);
    usage.is_optimal = least.is_optimal();
    let opens = |scopes: &[ServerScope]| {
        let fewer = grant_of(scopes);
        operations.iter().all(|operation| {
            fewer.opens(operation) || (!grant.opens(operation) && is_open_with_credentials(operation, fewer.facts()))
        })
    };
    // An operation may need a token whose scopes are all unknown. No set of known scopes provides
    // it.
    let known = least.sets().first().filter(|set| opens(set));
    usage.needed = known.cloned().unwrap_or_else(|| without_surplus(held, opens));
    let is_needed = |held: &ServerScope| usage.needed.iter().any(|needed| is_same(needed, held));
    let unneeded = held.iter().filter(|scope| !is_needed(scope));
    usage.unneeded = unneeded.cloned().collect();
    usage
}

/// Returns the scopes without those that the scopes before them make unnecessary.
fn without_surplus(held: &[ServerScope], opens: impl Fn(&[ServerScope]) -> bool) -> Vec<ServerScope> {
    let mut kept = held.to_vec();
    for scope in held {
        let fewer: Vec<ServerScope> = kept.iter().filter(|other| *other != scope).cloned().collect();
        if opens(&fewer) {
            kept = fewer;
        }
    }
    kept
}

/// The answer of [`usage()`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    needed: Vec<ServerScope>,
    unneeded: Vec<ServerScope>,
    is_optimal: bool,
    refused_calls: Vec<(Method, String)>,
    unknown_calls: Vec<(Method, String)>,
}

impl Usage {
    /// Returns a minimal subset of the scopes that allows every call which all scopes allow.
    #[must_use]
    pub fn needed(&self) -> &[ServerScope] {
        &self.needed
    }

    /// Returns the remaining scopes, in the given order. They can be removed together.
    #[must_use]
    pub fn unneeded(&self) -> &[ServerScope] {
        &self.unneeded
    }

    /// Whether no smaller subset suffices; unknown if the budget was exhausted.
    #[must_use]
    pub const fn is_optimal(&self) -> bool {
        self.is_optimal
    }

    /// Returns the calls that the scopes do not allow.
    #[must_use]
    pub fn refused_calls(&self) -> &[(Method, String)] {
        &self.refused_calls
    }

    /// The calls without an operation.
    #[must_use]
    pub fn unknown_calls(&self) -> &[(Method, String)] {
        &self.unknown_calls
    }
}
