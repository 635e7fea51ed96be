//! The requirements that a refused request does not meet.

use scopegate_domain::{SchemeName, ScopeToken};

use crate::{Fact, FactSet, NearestAlternative, ResolvedOperation};

/// Everything that a refused request lacks, for explanations and challenges.
///
/// ```
/// use scopegate_domain::{Catalog, ScopeToken, SecurityScheme, Timestamp};
/// use scopegate_policy::{Fact, Guard, Operation, OperationTable, PresentedCredentials, authorize};
///
/// const READ: ScopeToken = ScopeToken::from_static("reports:read");
/// let catalog = Catalog::builder()
///     .scheme("oauth", SecurityScheme::oauth2_client_credentials("token"))
///     .scope(READ, "Read reports.")
///     .build()?;
/// let table = OperationTable::builder(catalog)
///     .operation(Operation::get("/reports").guard(Guard::requires([READ])))
///     .build()?;
/// let anonymous = PresentedCredentials::new(Timestamp::from_unix(0));
/// let denial = authorize(&table.operations()[0], &anonymous).unwrap_err();
///
/// let unmet = denial.unmet_requirement();
/// assert_eq!(unmet.scope(), [READ]);
/// assert!(unmet.missing().iter().any(|fact| matches!(fact, Fact::Scope { token, .. } if *token == READ)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct UnmetRequirement {
    operation: ResolvedOperation,
    residual: Vec<FactSet>,
    chosen: Option<usize>,
    missing: FactSet,
}

impl UnmetRequirement {
    pub(crate) fn new(operation: &ResolvedOperation, closed: &FactSet) -> Self {
        let residual = operation.requirement().missing_sets(closed);
        let (chosen, missing) = match operation.nearest(closed, None) {
            Some(NearestAlternative { alternative, missing }) => (Some(alternative), missing),
            None => (None, FactSet::EMPTY),
        };
        Self {
            operation: operation.clone(),
            residual,
            chosen,
            missing,
        }
    }

    /// The operation that was refused.
    #[must_use]
    pub const fn operation(&self) -> &ResolvedOperation {
        &self.operation
    }

    /// Returns the minimal sets of facts that would satisfy the requirement if added, closed under
    /// implication.
    #[must_use]
    pub fn closed_missing_sets(&self) -> &[FactSet] {
        &self.residual
    }

    /// Returns the same without implied facts, one list for each remedy.
    #[must_use]
    pub fn missing_sets(&self) -> Vec<Vec<&Fact>> {
        self.residual.iter().map(|set| self.words(set)).collect()
    }

    /// Returns the index of the nearest alternative, from 0. `None` if no facts would help.
    #[must_use]
    pub const fn chosen(&self) -> Option<usize> {
        self.chosen
    }

    /// Returns the missing facts of the chosen alternative, without implied ones.
    #[must_use]
    pub fn missing(&self) -> Vec<&Fact> {
        self.words(&self.missing)
    }

    /// Returns the scope of the whole chosen alternative, including the scopes of the request ([RFC
    /// 6750, section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3)): dependants first, each
    /// scope once.
    #[must_use]
    pub fn scope(&self) -> &[ScopeToken] {
        self.operation.scope_of(self.chosen)
    }

    /// Returns the part of [`UnmetRequirement::scope`] that belongs to one scheme.
    #[must_use]
    pub fn scope_of(&self, scheme: &SchemeName) -> &[ScopeToken] {
        let schemes = self
            .operation
            .alternative(self.chosen)
            .map_or(&[][..], |alternative| alternative.schemes());
        schemes
            .iter()
            .find(|(name, _)| name == scheme)
            .map_or(&[], |(_, scope)| scope)
    }

    pub(crate) const fn missing_facts(&self) -> &FactSet {
        &self.missing
    }

    fn words(&self, set: &FactSet) -> Vec<&Fact> {
        let fact_table = self.operation.fact_table();
        fact_table
            .generators(set)
            .iter()
            .filter_map(|id| fact_table.fact(id))
            .collect()
    }
}
