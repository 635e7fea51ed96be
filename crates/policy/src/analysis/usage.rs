//! What a client holds, against what it does.

use std::collections::HashSet;

use scopegate_domain::ScopeToken;

use super::grant::Grant;
use super::least::least_of;
use super::locate::Locator;
use crate::{Method, OperationTable, ResolvedOperation};

/// Which of the scopes that somebody holds these calls need.
///
/// The calls that are refused as it is, and those of no operation, need nothing. `budget` is that of
/// [`least()`](super::least()).
///
/// ```
/// # use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
/// # use scopegate_policy::{Guard, Method, Operation, OperationTable};
/// use scopegate_policy::analysis::usage;
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
/// let usage = usage(&table, &[READ, WRITE], [(Method::Get, "/items/7")], 1_000);
/// assert_eq!((usage.needed(), usage.unneeded()), (&[READ][..], &[WRITE][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn usage<P: AsRef<str>>(
    table: &OperationTable,
    held: &[ScopeToken],
    calls: impl IntoIterator<Item = (Method, P)>,
    budget: usize,
) -> Usage {
    let locator = Locator::new(table);
    let grant = Grant::of_scopes(table, held.iter().cloned());
    let mut usage = Usage::default();
    let mut seen = HashSet::new();
    let mut operations: Vec<&ResolvedOperation> = Vec::new();
    for (method, path) in calls {
        match locator.find(method, path.as_ref()) {
            None => usage.unknown_calls.push((method, path.as_ref().to_owned())),
            Some(operation) if !grant.opens(operation) => {
                usage.refused_calls.push((method, path.as_ref().to_owned()));
            }
            Some(operation) => {
                if seen.insert(operation.tree_number()) {
                    operations.push(operation);
                }
            }
        }
    }
    let least = least_of(&operations, &|token| held.contains(token), budget);
    usage.is_optimal = least.is_optimal();
    usage.needed = least.sets().first().cloned().unwrap_or_default();
    let unneeded = held.iter().filter(|token| !usage.needed.contains(token));
    usage.unneeded = unneeded.cloned().collect();
    usage
}

/// The answer of [`usage()`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    needed: Vec<ScopeToken>,
    unneeded: Vec<ScopeToken>,
    is_optimal: bool,
    refused_calls: Vec<(Method, String)>,
    unknown_calls: Vec<(Method, String)>,
}

impl Usage {
    /// A smallest part of what is held that allows every call which the whole allows.
    #[must_use]
    pub fn needed(&self) -> &[ScopeToken] {
        &self.needed
    }

    /// The rest, in the order in which it was told: it can be taken away all at once.
    #[must_use]
    pub fn unneeded(&self) -> &[ScopeToken] {
        &self.unneeded
    }

    /// Whether no smaller part would do; unsure where the budget was spent.
    #[must_use]
    pub const fn is_optimal(&self) -> bool {
        self.is_optimal
    }

    /// The calls that what is held does not allow.
    #[must_use]
    pub fn refused_calls(&self) -> &[(Method, String)] {
        &self.refused_calls
    }

    /// The calls of no operation.
    #[must_use]
    pub fn unknown_calls(&self) -> &[(Method, String)] {
        &self.unknown_calls
    }
}
