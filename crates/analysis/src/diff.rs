//! The changes between two versions of a policy.

use std::collections::HashMap;
use std::fmt;

use scopegate_policy::{Fact, Limit, Method, OperationTable, RequirementIndex, ResolvedOperation};

use crate::fact_mapping::FactMapping;
use crate::pairing::Pairing;
use crate::reach::who_can;
use crate::schemes::{SchemeChange, SchemePairs, Version, pair, pair_renamed};

/// The changes from one policy to another: one entry for each operation that is new, was removed,
/// or no longer allows the same. The order is that of the new table; removed operations come last.
///
/// Two operations are the same if method and template are, regardless of the names of parameters.
/// Callers are compared as sets of facts without implied ones, and each table adds its own
/// implications. So a change of `implies` edges alone is found as a change of the operations that
/// the scopes open.
///
/// ```
/// # use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
/// # use scopegate_policy::{Guard, Operation, OperationTable};
/// use scopegate_analysis::{ChangeKind, diff};
///
/// # const READ: ScopeToken = ScopeToken::from_static("read");
/// # const WRITE: ScopeToken = ScopeToken::from_static("write");
/// # let catalog = Catalog::builder()
/// #     .scheme("oauth", SecurityScheme::oauth2_password("token"))
/// #     .scope(READ, "").scope(WRITE, "")
/// #     .build()?;
/// let before = OperationTable::builder(catalog.clone())
///     .operation(Operation::put("/items/{id}").guard(Guard::requires([READ, WRITE])))
///     .build()?;
/// let after = OperationTable::builder(catalog)
///     .operation(Operation::put("/items/{item}").guard(Guard::any_of([[READ], [WRITE]])))
///     .build()?;
/// let [change] = &diff(&before, &after)?[..] else { panic!() };
/// assert_eq!(change.kind(), ChangeKind::Weaker);
/// assert_eq!(change.allowed_now().unwrap()[0].to_string(), "read");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`DiffError`] if the comparison of an operation takes more steps than a limit. This requires
/// scopes that imply many others in one table and not in the other.
pub fn diff(old: &OperationTable, new: &OperationTable) -> Result<Vec<Change>, DiffError> {
    Ok(compare(&Version::new(old), &Version::new(new))?.changes)
}

/// Compares two versions of a policy: operations as in [`diff()`], and the schemes that they name.
///
/// A key, OAuth 2.0 or OpenID Connect scheme that changes only its name is the same scheme.
/// Prefixes that moved are those of the old version.
///
/// ```
/// # use scopegate_domain::{Catalog, SecurityScheme};
/// # use scopegate_policy::{Guard, Operation, OperationTable};
/// use scopegate_analysis::{Version, compare};
///
/// let version = |url: &str| {
///     let catalog = Catalog::builder().scheme("login", SecurityScheme::openid_connect(url)).build()?;
///     let operation = Operation::get("/items").guard(Guard::authenticated().with_scheme("login"));
///     Ok::<_, Box<dyn std::error::Error>>(OperationTable::builder(catalog).operation(operation).build()?)
/// };
/// let (old, new) = (version("https://id.example/c")?, version("https://other.example/c")?);
/// let found = compare(&Version::new(&old), &Version::new(&new))?;
/// let [change] = found.schemes() else { panic!() };
/// assert_eq!((change.fields()[0].field(), change.operations().len()), ("openIdConnectUrl", 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// The [`DiffError`] of [`diff()`].
pub fn compare(old: &Version<'_>, new: &Version<'_>) -> Result<PolicyDiff, DiffError> {
    let by_name = compare_with(old, new, pair(old, new))?;
    let Some(renamed) = pair_renamed(old, new) else {
        return Ok(by_name);
    };
    // Names were exchanged: either the schemes have other names, or the operations require other
    // schemes.
    let renamed = compare_with(old, new, renamed)?;
    Ok(if renamed.changes.len() < by_name.changes.len() {
        renamed
    } else {
        by_name
    })
}

fn compare_with(old: &Version<'_>, new: &Version<'_>, mut schemes: SchemePairs) -> Result<PolicyDiff, DiffError> {
    let mut comparison = Comparison::new(old.table, new.table, &schemes);
    let pairing = Pairing::new(old.table.operations(), new.table.operations(), &old.moved);
    let mut changes = Vec::new();
    for (number, operation) in new.table.operations().iter().enumerate() {
        let Some(partner) = pairing.partner(number) else {
            changes.push(Change::added(operation));
            continue;
        };
        changes.extend(comparison.compare(partner, operation)?);
        if schemes.changes.is_empty() {
            continue;
        }
        let (before, after) = (partner.schemes(), operation.schemes());
        for change in &mut schemes.changes {
            if before.contains(&change.scheme) && after.contains(&change.scheme) {
                change
                    .operations
                    .push((operation.method(), operation.template().to_owned()));
            }
        }
    }
    changes.extend(pairing.left().map(Change::removed));
    Ok(PolicyDiff {
        changes,
        schemes: schemes.changes,
    })
}

/// The answer of [`compare()`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyDiff {
    changes: Vec<Change>,
    schemes: Vec<SchemeChange>,
}

impl PolicyDiff {
    /// Returns the operations that changed, as [`diff()`] lists them.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Returns the schemes that changed under their name, in the order of the new version,
    /// including schemes that no operation names.
    #[must_use]
    pub fn schemes(&self) -> &[SchemeChange] {
        &self.schemes
    }
}

/// The change of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    method: Method,
    template: String,
    kind: ChangeKind,
    allowed_now: Option<Vec<Fact>>,
    refused_now: Option<Vec<Fact>>,
}

/// The kind of change of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a program that decides by a comparison must handle each"
)]
pub enum ChangeKind {
    /// The operation is new.
    Added,
    /// The operation was removed.
    Removed,
    /// The operation allows more.
    Weaker,
    /// The operation allows less.
    Stronger,
    /// The operation allows some new credentials and no longer allows some old ones.
    Incomparable,
}

impl ChangeKind {
    /// Returns the name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Weaker => "weaker",
            Self::Stronger => "stronger",
            Self::Incomparable => "incomparable",
        }
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Change {
    /// The method.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// Returns the template, as declared in the new table, or in the old table if the operation was
    /// removed.
    #[must_use]
    pub fn template(&self) -> &str {
        &self.template
    }

    /// The kind of change.
    #[must_use]
    pub const fn kind(&self) -> ChangeKind {
        self.kind
    }

    /// Whether an existing operation allows something that it refused: weaker or incomparable.
    #[must_use]
    pub const fn opens(&self) -> bool {
        matches!(self.kind, ChangeKind::Weaker | ChangeKind::Incomparable)
    }

    /// Whether a request without a credential is allowed now, and was refused before or had no
    /// operation.
    #[must_use]
    pub fn opens_to_public(&self) -> bool {
        self.allowed_now.as_ref().is_some_and(Vec::is_empty)
    }

    /// Returns minimal credentials that are allowed now and were not before; empty if the operation
    /// needs none.
    ///
    /// Weaker and incomparable operations have such a witness, and new ones that any caller can
    /// reach.
    #[must_use]
    pub fn allowed_now(&self) -> Option<&[Fact]> {
        self.allowed_now.as_deref()
    }

    /// Returns minimal credentials that were allowed and no longer are; empty if the operation
    /// needed none.
    ///
    /// Stronger and incomparable operations have such a witness, and removed ones that any caller
    /// could reach.
    #[must_use]
    pub fn refused_now(&self) -> Option<&[Fact]> {
        self.refused_now.as_deref()
    }

    fn of(operation: &ResolvedOperation, kind: ChangeKind) -> Self {
        Self {
            method: operation.method(),
            template: operation.template().to_owned(),
            kind,
            allowed_now: None,
            refused_now: None,
        }
    }

    fn added(operation: &ResolvedOperation) -> Self {
        Self {
            allowed_now: who_can(operation).into_iter().next(),
            ..Self::of(operation, ChangeKind::Added)
        }
    }

    fn removed(operation: &ResolvedOperation) -> Self {
        Self {
            refused_now: who_can(operation).into_iter().next(),
            ..Self::of(operation, ChangeKind::Removed)
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.kind, self.method, self.template)
    }
}

/// Two versions of an operation could not be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{operation}` cannot be compared: {limit}")]
#[non_exhaustive]
pub struct DiffError {
    /// The operation.
    pub operation: String,
    /// The limit that was exceeded.
    #[source]
    pub limit: Limit,
}

/// The witnesses of one pair of trees, in both directions.
type Witnesses = (Option<Vec<Fact>>, Option<Vec<Fact>>);

/// Compares operations, each pair of trees once.
struct Comparison<'t> {
    old: &'t RequirementIndex,
    new: &'t RequirementIndex,
    /// For each tree of the old table, the last one of the new table that is the same.
    same: Vec<Option<usize>>,
    to_old: FactMapping<'t>,
    to_new: FactMapping<'t>,
    known: HashMap<(usize, usize), Witnesses>,
}

impl<'t> Comparison<'t> {
    fn new(old: &'t OperationTable, new: &'t OperationTable, schemes: &SchemePairs) -> Self {
        Self {
            old: old.index(),
            new: new.index(),
            same: vec![None; old.index().tree_count()],
            to_old: FactMapping::new(new.fact_table(), old.fact_table(), &schemes.to_old),
            to_new: FactMapping::new(old.fact_table(), new.fact_table(), &schemes.to_new),
            known: HashMap::new(),
        }
    }

    fn compare(&mut self, old: &ResolvedOperation, new: &ResolvedOperation) -> Result<Option<Change>, DiffError> {
        let trees = (old.tree_number(), new.tree_number());
        if self.is_same(trees) {
            return Ok(None);
        }
        if !self.known.contains_key(&trees) {
            let too_large = |limit| DiffError {
                operation: new.to_string(),
                limit,
            };
            let allowed_now = self.to_old.separate(new, old).map_err(too_large)?;
            let witnesses = (allowed_now, self.to_new.separate(old, new).map_err(too_large)?);
            self.known.insert(trees, witnesses);
        }
        let kind = match self.known.get(&trees) {
            None | Some((None, None)) => return Ok(None),
            Some((Some(_), None)) => ChangeKind::Weaker,
            Some((None, Some(_))) => ChangeKind::Stronger,
            Some((Some(_), Some(_))) => ChangeKind::Incomparable,
        };
        let (allowed_now, refused_now) = self.known.get(&trees).cloned().unwrap_or_default();
        Ok(Some(Change {
            allowed_now,
            refused_now,
            ..Change::of(new, kind)
        }))
    }

    /// Whether the trees are equal, alternative by alternative. Most are, and this check costs far
    /// less than a search for witnesses. Trees that are equivalent and not equal have no witnesses.
    fn is_same(&mut self, (old, new): (usize, usize)) -> bool {
        let last = self.same.get_mut(old);
        if last.as_deref().is_some_and(|last| *last == Some(new)) {
            return true;
        }
        let (to_old, to_new) = (&self.to_old, &self.to_new);
        let is_same = |(old, new)| to_new.is_same(old, new) && to_old.is_same(new, old);
        let own = (self.old.alternatives(old), self.new.alternatives(new));
        let anonymous = (self.old.anonymous(old), self.new.anonymous(new));
        let is_same = own.0.len() == own.1.len()
            && anonymous.0.len() == anonymous.1.len()
            && own.0.zip(own.1).all(is_same)
            && anonymous.0.zip(anonymous.1).all(is_same);
        if let Some(last) = last.filter(|_| is_same) {
            *last = Some(new);
        }
        is_same
    }
}
