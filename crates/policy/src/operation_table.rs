//! The table of operations: every tree resolved once, at start.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use scopegate_domain::{Catalog, SchemeName};

use crate::declared_guards::DeclaredGuards;
use crate::group::Declared;
use crate::index::RequirementIndex;
use crate::named_checks::NamedChecks;
use crate::resolve::Resolver;
use crate::{
    Check, DenialPrecedence, FactTable, Group, Guard, Method, Operation, ResolvedOperation, SchemeId, TableError,
};

/// All operations of a policy, each with a guard tree that is resolved to one requirement.
///
/// ```
/// use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
/// use scopegate_policy::{Access, Guard, Operation, OperationTable};
///
/// const ME: ScopeToken = ScopeToken::from_static("me");
/// let catalog = Catalog::builder()
///     .scheme("oauth", SecurityScheme::oauth2_password("token"))
///     .scope(ME, "Read information about the current user.")
///     .build()?;
/// let table = OperationTable::builder(catalog)
///     .operation(Operation::get("/users/me/").guard(Guard::requires([ME])))
///     .operation(Operation::get("/health").guard(Guard::public()))
///     .build()?;
/// assert_eq!(table.operations()[0].access(), Access::Scoped);
/// assert_eq!(table.operations()[1].access(), Access::Public);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct OperationTable {
    catalog: Arc<Catalog>,
    fact_table: Arc<FactTable>,
    operations: Vec<ResolvedOperation>,
    index: Arc<RequirementIndex>,
}

impl OperationTable {
    /// Returns a builder of a table over the declared schemes and scopes.
    #[must_use]
    pub fn builder(catalog: Catalog) -> OperationTableBuilder {
        OperationTableBuilder {
            catalog,
            guards: Vec::new(),
            operations: Vec::new(),
            checks: Vec::new(),
            order: DenialPrecedence::default(),
            is_by_text: false,
        }
    }

    /// The operations, in the order of declaration.
    #[must_use]
    pub fn operations(&self) -> &[ResolvedOperation] {
        &self.operations
    }

    /// The operation of this method and template.
    #[must_use]
    pub fn find(&self, method: Method, template: &str) -> Option<&ResolvedOperation> {
        self.operations
            .iter()
            .find(|operation| operation.method() == method && operation.template() == template)
    }

    /// The declared schemes and scopes.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The facts that the policy names.
    #[must_use]
    pub fn fact_table(&self) -> &FactTable {
        &self.fact_table
    }

    /// Returns the table with two schemes that accept the tokens of one authorization server
    /// although they share no address. Only the analysis of policies depends on it. `None` if a
    /// scheme is not declared.
    #[must_use]
    pub fn with_same_server(&self, one: &SchemeName, other: &SchemeName) -> Option<Self> {
        let (one, other) = (self.scheme_id(one)?, self.scheme_id(other)?);
        let fact_table = Arc::new(FactTable::clone(&self.fact_table).with_same_server(one, other));
        let operations = self.operations.iter();
        Some(Self {
            catalog: Arc::clone(&self.catalog),
            operations: operations
                .map(|operation| operation.in_fact_table(&fact_table))
                .collect(),
            fact_table,
            index: Arc::clone(&self.index),
        })
    }

    /// Returns the requirements of all operations.
    #[must_use]
    pub fn index(&self) -> &RequirementIndex {
        &self.index
    }

    pub(crate) const fn shared_fact_table(&self) -> &Arc<FactTable> {
        &self.fact_table
    }

    /// Returns the declarations of all operations, below a prefix as [`Group::new`] takes it. The
    /// catalog is not part of them.
    ///
    /// So a table that was read from a document becomes a part of another one:
    ///
    /// ```
    /// use scopegate_domain::{Catalog, SecurityScheme};
    /// use scopegate_policy::{Guard, Operation, OperationTable};
    ///
    /// let catalog = Catalog::builder().scheme("key", SecurityScheme::http_bearer()).build()?;
    /// let read = OperationTable::builder(catalog.clone())
    ///     .operation(Operation::get("/items").guard(Guard::authenticated()))
    ///     .build()?;
    /// let served = OperationTable::builder(catalog)
    ///     .group(read.to_group("/v1"))
    ///     .operation(Operation::get("/health").guard(Guard::public()))
    ///     .build()?;
    /// assert_eq!(served.operations()[0].to_string(), "GET /v1/items");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_group(&self, prefix: impl Into<String>) -> Group {
        let operations = self.operations.iter().map(ResolvedOperation::to_group);
        operations.fold(Group::new(prefix), Group::group)
    }

    /// The number of a scheme. Look it up once and keep it.
    #[must_use]
    pub fn scheme_id(&self, name: &SchemeName) -> Option<SchemeId> {
        self.fact_table.scheme_id(name)
    }
}

/// Builds a table of operations. [`OperationTableBuilder::build`] reports errors.
#[derive(Clone, Debug)]
pub struct OperationTableBuilder {
    catalog: Catalog,
    guards: Vec<Guard>,
    operations: Vec<Declared>,
    checks: Vec<Arc<dyn Check>>,
    order: DenialPrecedence,
    is_by_text: bool,
}

impl OperationTableBuilder {
    /// Adds a guard to every operation, except those that override it.
    #[must_use]
    pub fn guard(mut self, guard: impl Into<Guard>) -> Self {
        self.guards.push(guard.into());
        self
    }

    /// Adds an operation.
    #[must_use]
    pub fn operation(mut self, operation: Operation) -> Self {
        self.operations.push(Declared::new(operation));
        self
    }

    /// Adds the operations of a group.
    #[must_use]
    pub fn group(mut self, group: Group) -> Self {
        self.operations.extend(group.declared());
        self
    }

    /// Adds the code of a check that rules name: that of each `check:NAME`. A policy from a
    /// document names its checks, and has no code.
    #[must_use]
    pub fn check(mut self, check: impl Check) -> Self {
        self.checks.push(Arc::new(check));
        self
    }

    /// Sets which missing requirement a denial names first. Default: [`DenialPrecedence::Rfc`].
    #[must_use]
    pub const fn order(mut self, order: DenialPrecedence) -> Self {
        self.order = order;
        self
    }

    /// Distinguishes templates by their whole text, so that a table can contain both `/items/{id}`
    /// and `/items/{name}`. Only for tables from third-party documents, which serve no requests.
    #[must_use]
    pub const fn templates_by_text(mut self) -> Self {
        self.is_by_text = true;
        self
    }

    /// Resolves every tree.
    ///
    /// # Errors
    ///
    /// The first [`TableError`], which names the operation at fault.
    pub fn build(self) -> Result<OperationTable, TableError> {
        self.refuse_clashes()?;
        let Self {
            catalog,
            guards,
            operations,
            checks,
            order,
            is_by_text: _,
        } = self;
        let places = |declared| DeclaredGuards::of(&guards, declared);
        let operations = operations.into_iter().map(places).collect::<Result<Vec<_>, _>>()?;
        let mut resolver = Resolver::new(&catalog, order, NamedChecks::new(checks));
        let numbers = operations.iter().map(|places| resolver.check_guards(places));
        let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
        let mut trees = resolver.with_fact_table()?;
        let operations = operations.into_iter().zip(numbers);
        let operations = operations.map(|(places, number)| trees.resolve(places, number));
        let operations = operations.collect::<Result<_, _>>()?;
        let (fact_table, index) = trees.into_parts()?;
        Ok(OperationTable {
            catalog: Arc::new(catalog),
            fact_table,
            operations,
            index: Arc::new(index),
        })
    }

    /// Two templates match the same paths if they differ only in the names of their parameters.
    fn refuse_clashes(&self) -> Result<(), TableError> {
        let mut seen = HashSet::with_capacity(self.operations.len());
        for Declared {
            operation,
            is_joined_well,
            ..
        } in &self.operations
        {
            if !is_joined_well || operation.template.is_empty() {
                return Err(TableError::Prefix {
                    operation: operation.label(),
                });
            }
            let template = if self.is_by_text {
                Cow::Borrowed(&*operation.template)
            } else {
                Cow::Owned(anonymous_template(&operation.template))
            };
            if !seen.insert((operation.method, template)) {
                return Err(TableError::Duplicate {
                    operation: operation.label(),
                });
            }
        }
        Ok(())
    }
}

/// Returns the template without the names of its parameters: `/users/{}/items`. Two templates that
/// differ only in these match the same paths.
#[must_use]
pub fn anonymous_template(template: &str) -> String {
    let mut shape = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        shape.push_str(before);
        shape.push('{');
        let Some((_, after)) = behind.split_once('}') else {
            return shape;
        };
        shape.push('}');
        rest = after;
    }
    shape.push_str(rest);
    shape
}
