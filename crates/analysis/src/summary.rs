//! Lists what a scope opens, scope by scope, for a person who decides about it.

use scopegate_domain::{Scope, ScopeToken};
use scopegate_policy::{AssumedCredentials, FactSet, Method, OperationTable, ResolvedOperation};

use crate::reach::operations_for;

/// Returns the operations that a token of this scope opens and a request without a token does not,
/// scope by scope.
///
/// The token is assumed to be that of an active user, as [`AssumedCredentials`] describes.
/// Together the groups contain each such operation of [`operations_for`]. An operation that several
/// scopes open alone is in the group of each.
///
/// ```
/// # use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
/// # use scopegate_policy::{Guard, Operation, OperationTable};
/// use scopegate_analysis::summarize_scope;
///
/// # const READ: ScopeToken = ScopeToken::from_static("read");
/// # const WRITE: ScopeToken = ScopeToken::from_static("write");
/// # let catalog = Catalog::builder()
/// #     .scheme("oauth", SecurityScheme::oauth2_password("token"))
/// #     .scope(READ, "").scope(WRITE, "")
/// #     .build()?;
/// let table = OperationTable::builder(catalog)
///     .operation(Operation::get("/items").guard(Guard::requires([READ])))
///     .operation(Operation::delete("/items").guard(Guard::requires([READ, WRITE])))
///     .build()?;
/// let summary = summarize_scope(&table, &"read write".parse()?);
/// let (scope, read) = &summary.scopes()[0];
/// assert_eq!((scope.as_str(), read.reads().len(), read.len()), ("read", 1, 1));
/// assert_eq!(summary.together().deletes()[0].to_string(), "DELETE /items");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn summarize_scope<'t>(table: &'t OperationTable, scope: &Scope) -> ScopeSummary<'t> {
    let is_anonymous = |operation: &ResolvedOperation| operation.is_open_to(&FactSet::EMPTY);
    summarize(table, scope, scope.iter(), is_anonymous)
}

/// Returns the operations that a token of the scope `wider` opens and one of `narrower` does not,
/// for each scope that only `wider` has.
///
/// ```
/// # use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
/// # use scopegate_policy::{Guard, Operation, OperationTable};
/// use scopegate_analysis::summarize_difference;
///
/// # const READ: ScopeToken = ScopeToken::from_static("read");
/// # const WRITE: ScopeToken = ScopeToken::from_static("write");
/// # let catalog = Catalog::builder()
/// #     .scheme("oauth", SecurityScheme::oauth2_password("token"))
/// #     .scope(READ, "").scope(WRITE, "")
/// #     .build()?;
/// let table = OperationTable::builder(catalog)
///     .operation(Operation::get("/items").guard(Guard::requires([READ])))
///     .operation(Operation::post("/items").guard(Guard::requires([WRITE])))
///     .build()?;
/// let summary = summarize_difference(&table, &"read write".parse()?, &"read".parse()?);
/// let [(scope, write)] = summary.scopes() else { panic!() };
/// assert_eq!((scope.as_str(), write.changes()[0].to_string()), ("write", "POST /items".to_owned()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn summarize_difference<'t>(table: &'t OperationTable, wider: &Scope, narrower: &Scope) -> ScopeSummary<'t> {
    let held = AssumedCredentials::of_scopes(table, narrower.iter().cloned());
    let added = wider.iter().filter(|token| !narrower.contains(token));
    summarize(table, wider, added, |operation| held.opens(operation))
}

fn summarize<'t, 's>(
    table: &'t OperationTable,
    scope: &Scope,
    tokens: impl Iterator<Item = &'s ScopeToken>,
    is_known: impl Fn(&ResolvedOperation) -> bool,
) -> ScopeSummary<'t> {
    let whole = AssumedCredentials::of_scopes(table, scope.iter().cloned());
    let mut opened = operations_for(table, &whole);
    opened.retain(|operation| !is_known(operation));
    let bare = AssumedCredentials::of_scopes(table, []);
    let (any_token, mut together): (Vec<_>, Vec<_>) = opened.into_iter().partition(|operation| bare.opens(operation));
    let of_scopes = together.clone();
    let opened_alone = |token: &ScopeToken| {
        let alone = AssumedCredentials::of_scopes(table, [token.clone()]);
        let group: Vec<_> = of_scopes
            .iter()
            .filter(|operation| alone.opens(operation))
            .copied()
            .collect();
        together.retain(|operation| !alone.opens(operation));
        (token.clone(), OperationGroups::of(group))
    };
    ScopeSummary {
        scopes: tokens.map(opened_alone).collect(),
        any_token: OperationGroups::of(any_token),
        together: OperationGroups::of(together),
    }
}

/// The answer of [`summarize_scope`] and [`summarize_difference`].
#[derive(Clone, Debug)]
pub struct ScopeSummary<'t> {
    any_token: OperationGroups<'t>,
    scopes: Vec<(ScopeToken, OperationGroups<'t>)>,
    together: OperationGroups<'t>,
}

impl<'t> ScopeSummary<'t> {
    /// Returns the operations that need a token, but no scope.
    #[must_use]
    pub const fn any_token(&self) -> &OperationGroups<'t> {
        &self.any_token
    }

    /// Returns each scope, in the order of the request, with the operations that it opens alone.
    #[must_use]
    pub fn scopes(&self) -> &[(ScopeToken, OperationGroups<'t>)] {
        &self.scopes
    }

    /// Returns the operations that none of the scopes opens alone.
    #[must_use]
    pub const fn together(&self) -> &OperationGroups<'t> {
        &self.together
    }
}

/// Operations by the effect of their methods, each group in the order of declaration.
#[derive(Clone, Debug, Default)]
pub struct OperationGroups<'t> {
    reads: Vec<&'t ResolvedOperation>,
    changes: Vec<&'t ResolvedOperation>,
    deletes: Vec<&'t ResolvedOperation>,
}

impl<'t> OperationGroups<'t> {
    fn of(operations: Vec<&'t ResolvedOperation>) -> Self {
        let mut groups = Self::default();
        for operation in operations {
            let group = match operation.method() {
                Method::Get
                | Method::Head
                | Method::Options
                | Method::PropFind
                | Method::Query
                | Method::Report
                | Method::Search
                | Method::Trace => &mut groups.reads,
                Method::Delete | Method::Purge | Method::Unbind => &mut groups.deletes,
                // A method that is not known to be safe changes something.
                _ => &mut groups.changes,
            };
            group.push(operation);
        }
        groups
    }

    /// Returns the operations of safe methods ([RFC 9110, section
    /// 9.2.1](https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1)).
    #[must_use]
    pub fn reads(&self) -> &[&'t ResolvedOperation] {
        &self.reads
    }

    /// Returns the operations of all other methods that do not delete.
    #[must_use]
    pub fn changes(&self) -> &[&'t ResolvedOperation] {
        &self.changes
    }

    /// Returns the operations of `DELETE` and of similar methods.
    #[must_use]
    pub fn deletes(&self) -> &[&'t ResolvedOperation] {
        &self.deletes
    }

    /// Returns the number of operations.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.reads.len() + self.changes.len() + self.deletes.len()
    }

    /// Whether there is no operation.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use scopegate_domain::Catalog;
    use scopegate_policy::Operation;

    use super::*;

    #[test]
    fn each_method_is_in_one_group() {
        let operations = Method::ALL.map(|method| Operation::new(method, format!("/{method}")));
        let builder = OperationTable::builder(Catalog::builder().build().unwrap());
        let table = operations.into_iter().fold(builder, |builder, operation| {
            builder.operation(operation.guard(scopegate_policy::Guard::public()))
        });
        let table = table.build().unwrap();
        let groups = OperationGroups::of(table.operations().iter().collect());
        let names = |group: &[&ResolvedOperation]| group.iter().map(|one| one.method()).collect::<Vec<_>>();
        assert_eq!(groups.len(), Method::ALL.len());
        assert_eq!(names(groups.deletes()), [Method::Delete, Method::Purge, Method::Unbind]);
        assert!(names(groups.changes()).contains(&Method::Post) && names(groups.changes()).contains(&Method::Connect));
        assert!(names(groups.reads()).contains(&Method::Get) && !groups.is_empty());
    }
}
