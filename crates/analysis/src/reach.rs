//! Finds the callers that reach an operation, and the operations that a caller reaches.

use scopegate_policy::{
    AssumedCredentials, Ceiling, Fact, FactSet, OperationTable, Requirement, ResolvedOperation, minimise,
};

/// Returns the operations that the credentials open, in the order of declaration.
///
/// ```
/// # use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
/// # use scopegate_policy::{Guard, Operation, OperationTable};
/// use scopegate_analysis::operations_for;
/// use scopegate_policy::AssumedCredentials;
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
/// let [operation] = operations_for(&table, &AssumedCredentials::of_scopes(&table, [WRITE]))[..] else { panic!() };
/// assert_eq!(operation.to_string(), "POST /items");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn operations_for<'t>(table: &'t OperationTable, grant: &AssumedCredentials) -> Vec<&'t ResolvedOperation> {
    if !grant.is_of(table) {
        return Vec::new();
    }
    // Reads only the index, because the operations are scattered over the memory.
    let index = table.index();
    let trees: Vec<bool> = (0..index.tree_count())
        .map(|tree| index.is_open(tree, grant.facts()))
        .collect();
    let operations = table.operations().iter().zip(index.tree_of());
    let open = operations.filter(|(_, tree)| trees.get(**tree).is_some_and(|is_open| *is_open));
    open.map(|(operation, _)| operation).collect()
}

/// Returns the minimal sets of facts that suffice for an operation, each without implied facts, the
/// smallest first. Empty if the operation denies every caller.
///
/// If authentication is optional, the first sets are those of a request without a credential: the
/// empty set, unless checks are required. The sets of a request with a credential follow, because
/// it is refused if it has none of them.
#[must_use]
pub fn who_can(operation: &ResolvedOperation) -> Vec<Vec<Fact>> {
    let fact_table = operation.fact_table();
    let mut sets: Vec<FactSet> = operation.requirement().alternatives().to_vec();
    minimise(&mut sets);
    let without = operation.anonymous().map_or(&[][..], Requirement::alternatives);
    sets.retain(|set| !without.contains(set));
    let words = |set| fact_table.facts_of(&fact_table.generators(set)).cloned().collect();
    without.iter().chain(&sets).map(words).collect()
}

/// Returns the ceilings that allow an operation, each with the assumptions of
/// [`AssumedCredentials`].
#[must_use]
pub fn callers_of<'c>(operation: &ResolvedOperation, ceilings: &'c [Ceiling]) -> Vec<&'c Ceiling> {
    let is_within = |ceiling: &&Ceiling| {
        let grant = ceiling.holder().build_for(operation);
        operation.is_open_to(grant.facts())
    };
    ceilings.iter().filter(is_within).collect()
}
