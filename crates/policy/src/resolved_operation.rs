//! An operation with its resolved requirement.

use std::fmt;
use std::sync::Arc;

use scopegate_domain::{SchemeName, ScopeToken};

use crate::index::RequirementIndex;
use crate::nearest::{NearestAlternative, nearest};
use crate::{
    Alternative, Check, DenialPrecedence, Fact, FactId, FactSet, FactTable, Group, Guard, Method, Needs, Operation,
    Requirement,
};

/// An operation with a guard tree that is resolved to one requirement. Cheap to clone.
///
/// ```
/// use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
/// use scopegate_policy::{Guard, Operation, OperationTable};
///
/// const ME: ScopeToken = ScopeToken::from_static("me");
/// const ITEMS: ScopeToken = ScopeToken::from_static("items");
/// let catalog = Catalog::builder()
///     .scheme("oauth", SecurityScheme::oauth2_password("token"))
///     .scope(ME, "").scope(ITEMS, "")
///     .build()?;
/// let me = Guard::requires([ME]);
/// let table = OperationTable::builder(catalog)
///     .operation(Operation::get("/users/me/items/").guard(Guard::requires([ITEMS]).depends_on(&me)))
///     .build()?;
/// assert_eq!(table.operations()[0].challenge_scope(), [ITEMS, ME]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ResolvedOperation(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    fact_table: Arc<FactTable>,
    method: Method,
    template: String,
    name: Option<String>,
    overridden: Vec<Guard>,
    order: DenialPrecedence,
    tree: ResolvedTree,
}

/// A resolved tree: the same for every operation with the same guards, and cheap to clone.
#[derive(Clone)]
pub(crate) struct ResolvedTree {
    /// The index of the guard tree in the table.
    number: usize,
    requirement: Requirement,
    anonymous: Option<Requirement>,
    alternatives: Arc<[Alternative]>,
    nearest_to_nothing: Option<usize>,
    needs_user: bool,
    checks: Arc<[CheckPlace]>,
    facts: Arc<[(Arc<str>, FactId, Needs)]>,
    contexts: Arc<[ResolutionContext]>,
}

/// The result of the resolver.
pub(crate) struct Resolved {
    pub(crate) is_optional: bool,
    pub(crate) requirement: Requirement,
    /// The schemes and scopes, dependants before their dependencies.
    pub(crate) named: Vec<FactId>,
    pub(crate) contexts: Vec<ResolutionContext>,
    pub(crate) checks: Vec<CheckPlace>,
}

/// A check at one position in the tree.
#[derive(Debug)]
pub(crate) struct CheckPlace {
    pub(crate) fact: FactId,
    pub(crate) check: Arc<dyn Check>,
    pub(crate) visible: Arc<[ScopeToken]>,
}

/// A guard and its visible scopes.
#[derive(Debug)]
pub(crate) struct ResolutionContext {
    pub(crate) depth: usize,
    pub(crate) guard: Guard,
    pub(crate) visible: Arc<[ScopeToken]>,
    pub(crate) requirement: Requirement,
}

/// The kind of requirement of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "reports and documents say something about each")]
pub enum Access {
    /// A credential or a check is required, and no scope.
    Authenticated,
    /// The operation denies every caller.
    Deny,
    /// The operation is public.
    Public,
    /// The operation requires facts.
    Scoped,
}

impl ResolvedTree {
    /// The next tree of the index.
    pub(crate) fn new(fact_table: &FactTable, resolved: Resolved, index: &mut RequirementIndex) -> Self {
        let Resolved {
            is_optional,
            requirement,
            named,
            contexts,
            checks,
        } = resolved;
        let sets = requirement.alternatives();
        let generators: Vec<FactSet> = sets.iter().map(|closed| fact_table.generators(closed)).collect();
        let describe = |(closed, generators)| Alternative::new(fact_table, closed, generators, &named);
        let anonymous = is_optional.then(|| requirement.for_anonymous(fact_table));
        let nearest_to_nothing = nearest(&requirement, fact_table, &FactSet::EMPTY, None);
        let facts = facts(&contexts, fact_table, &checks);
        Self {
            number: index.add_tree(fact_table, &generators, anonymous.as_ref()),
            anonymous,
            alternatives: sets.iter().zip(&generators).map(describe).collect(),
            nearest_to_nothing: nearest_to_nothing.map(|nearest| nearest.alternative()),
            needs_user: sets.iter().any(|set| set.contains(FactId::USER)),
            checks: checks.into(),
            facts: facts.into(),
            contexts: contexts.into(),
            requirement,
        }
    }
}

impl ResolvedOperation {
    pub(crate) fn new(
        fact_table: Arc<FactTable>,
        operation: Operation,
        overridden: Vec<Guard>,
        order: DenialPrecedence,
        tree: ResolvedTree,
    ) -> Self {
        Self(Arc::new(Inner {
            fact_table,
            method: operation.method,
            template: operation.template,
            name: operation.name,
            overridden,
            order,
            tree,
        }))
    }

    /// Returns the same operation for a table whose fact table has the same facts.
    pub(crate) fn in_fact_table(&self, fact_table: &Arc<FactTable>) -> Self {
        let mut inner = Inner::clone(&self.0);
        inner.fact_table = Arc::clone(fact_table);
        Self(Arc::new(inner))
    }

    /// Returns the declaration of the operation, with the guards that it overrides around it.
    pub(crate) fn to_group(&self) -> Group {
        let roots = self.contexts().iter().filter(|context| context.depth == 0);
        let operation = Operation {
            method: self.method(),
            template: self.template().to_owned(),
            name: self.name().map(str::to_owned),
            outer: Vec::new(),
            guards: roots.map(|context| context.guard.clone()).collect(),
            is_optional: self.is_optional(),
            is_override: self.is_override(),
        };
        let group = self.overridden().iter().fold(Group::new(""), Group::guard);
        group.operation(operation)
    }

    /// Returns the number of the guard tree in the table, from 0. Operations with the same number
    /// have the same requirement.
    #[must_use]
    pub fn tree_number(&self) -> usize {
        self.0.tree.number
    }

    /// Returns the method.
    #[must_use]
    pub fn method(&self) -> Method {
        self.0.method
    }

    /// Returns the path template, with the prefix of the group.
    #[must_use]
    pub fn template(&self) -> &str {
        &self.0.template
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// Returns the conjunction of all requirements in the tree.
    #[inline]
    #[must_use]
    pub fn requirement(&self) -> &Requirement {
        &self.0.tree.requirement
    }

    /// Returns the facts that occur in the requirement.
    #[must_use]
    pub fn fact_table(&self) -> &FactTable {
        &self.0.fact_table
    }

    /// Returns the alternatives of the requirement as text, in the same order.
    #[must_use]
    pub fn alternatives(&self) -> &[Alternative] {
        &self.0.tree.alternatives
    }

    /// Returns the `security` of a document: the alternatives. An alternative that any scheme
    /// satisfies becomes one for each scheme. Optional authentication is not among them.
    #[must_use]
    pub fn security(&self) -> Vec<Alternative> {
        let mut security = Vec::new();
        let closed = self.0.tree.requirement.alternatives().iter();
        for (closed, alternative) in closed.zip(self.alternatives()) {
            if alternative.schemes().is_empty() && closed.contains(FactId::AUTHENTICATED) {
                security.extend(
                    self.0
                        .fact_table
                        .scheme_names()
                        .map(|name| alternative.with_scheme(name)),
                );
            } else {
                security.push(alternative.clone());
            }
        }
        security
    }

    /// Returns the schemes of the credentials that can be presented, each once, in the order of
    /// [`ResolvedOperation::security`].
    #[must_use]
    pub fn schemes(&self) -> Vec<SchemeName> {
        let mut schemes = Vec::new();
        for (name, _) in self.security().into_iter().flat_map(Alternative::into_schemes) {
            if !schemes.contains(&name) {
                schemes.push(name);
            }
        }
        schemes
    }

    /// Returns the kind of the requirement.
    #[must_use]
    pub fn access(&self) -> Access {
        if self.0.tree.requirement.is_deny() {
            Access::Deny
        } else if self.0.tree.requirement.is_public() {
            Access::Public
        } else if self
            .0
            .tree
            .alternatives
            .iter()
            .any(|alternative| !alternative.scope().is_empty())
        {
            Access::Scoped
        } else {
            Access::Authenticated
        }
    }

    /// Whether requests without a credential are authorized as anonymous.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        self.0.tree.anonymous.is_some()
    }

    /// Returns the checks without code that the guards name. A request must provide their results
    /// ([`PresentedCredentials::with_fact`](crate::PresentedCredentials::with_fact)).
    pub fn external_checks(&self) -> impl Iterator<Item = FactId> + '_ {
        self.facts().iter().map(|(_, id, _)| *id)
    }

    /// Whether the operation's guards replace those of its groups and of the application.
    #[must_use]
    pub fn is_override(&self) -> bool {
        !self.0.overridden.is_empty()
    }

    /// Returns the guards of the application and of the groups that the operation overrides.
    #[must_use]
    pub fn overridden(&self) -> &[Guard] {
        &self.0.overridden
    }

    /// Whether the user has to be looked up before the decision.
    #[must_use]
    pub fn needs_user(&self) -> bool {
        self.0.tree.needs_user
    }

    /// Returns the order in which a denial names missing facts.
    #[must_use]
    pub fn order(&self) -> DenialPrecedence {
        self.0.order
    }

    /// Returns the scope that a client without a credential should request: that of the smallest
    /// alternative, dependants first, each scope at its first position.
    #[must_use]
    pub fn challenge_scope(&self) -> &[ScopeToken] {
        self.scope_of(self.0.tree.nearest_to_nothing)
    }

    /// Returns the nearest alternative, with the facts that it lacks; `None` if no alternative
    /// exists.
    ///
    /// `obtainable` contains the facts that this client can obtain. `None` means all of them.
    #[must_use]
    pub fn nearest(&self, closed: &FactSet, obtainable: Option<&FactSet>) -> Option<NearestAlternative> {
        nearest(&self.0.tree.requirement, &self.0.fact_table, closed, obtainable)
    }

    /// Returns the requirement that decides: the whole requirement. If authentication is optional
    /// and no credential was presented, the part that needs no credential.
    // SECURITY: the gate, explanations, assumed credentials and shadows all call this function, so
    // each refuses a credential that does not suffice. Tested by
    // `decision::all_commands_agree_with_the_gate`.
    #[inline]
    pub(crate) fn deciding(&self, has_credential: bool) -> &Requirement {
        match &self.0.tree.anonymous {
            Some(anonymous) if !has_credential => anonymous,
            _ => &self.0.tree.requirement,
        }
    }

    /// Whether a request with exactly these facts may run the operation. The set must be closed.
    #[must_use]
    pub fn is_open_to(&self, closed: &FactSet) -> bool {
        self.deciding(closed.contains(FactId::AUTHENTICATED)).allows(closed)
    }

    /// Returns the requirement for a request without a credential, if authentication is optional.
    #[must_use]
    pub fn anonymous(&self) -> Option<&Requirement> {
        self.0.tree.anonymous.as_ref()
    }

    pub(crate) fn scope_of(&self, alternative: Option<usize>) -> &[ScopeToken] {
        self.alternative(alternative).map_or(&[], Alternative::scope)
    }

    pub(crate) fn alternative(&self, index: Option<usize>) -> Option<&Alternative> {
        self.0.tree.alternatives.get(index?)
    }

    pub(crate) fn shared_fact_table(&self) -> &Arc<FactTable> {
        &self.0.fact_table
    }

    #[inline]
    pub(crate) fn has_checks(&self) -> bool {
        !self.0.tree.checks.is_empty() || !self.0.tree.facts.is_empty()
    }

    pub(crate) fn checks(&self) -> &[CheckPlace] {
        &self.0.tree.checks
    }

    /// Checks without code: the request provides their results.
    pub(crate) fn facts(&self) -> &[(Arc<str>, FactId, Needs)] {
        &self.0.tree.facts
    }

    /// Returns the guards of the tree, dependants before their dependencies. A guard appears once
    /// for each list of scopes that it sees.
    pub fn guards(&self) -> impl Iterator<Item = &Guard> {
        self.0.tree.contexts.iter().map(|context| &context.guard)
    }

    pub(crate) fn contexts(&self) -> &[ResolutionContext] {
        &self.0.tree.contexts
    }
}

/// Returns the checks without code that some guard requires, even if the whole operation does not
/// need them. An explanation reports the result of each guard.
fn facts(
    contexts: &[ResolutionContext],
    fact_table: &FactTable,
    checks: &[CheckPlace],
) -> Vec<(Arc<str>, FactId, Needs)> {
    let sets = contexts.iter().flat_map(|context| context.requirement.alternatives());
    let named = sets.fold(FactSet::EMPTY, |all, set| all.union(set));
    let by_code: FactSet = checks.iter().map(|place| place.fact).collect();
    let fact = |id: FactId| match fact_table.fact(id) {
        Some(Fact::Check { name, needs }) => Some((Arc::clone(name), id, *needs)),
        _ => None,
    };
    named.difference(&by_code).iter().filter_map(fact).collect()
}

impl fmt::Display for ResolvedOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.method, self.0.template)
    }
}

impl fmt::Debug for ResolvedOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResolvedOperation")
            .field("operation", &format_args!("{self}"))
            .field("alternatives", &self.0.tree.alternatives)
            .finish_non_exhaustive()
    }
}
