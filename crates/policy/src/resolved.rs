//! Operations, resolved.

use std::fmt;
use std::sync::Arc;

use scopegate_domain::{SchemeName, ScopeToken};

use crate::index::RequirementIndex;
use crate::nearest::{Nearest, nearest};
use crate::{
    Alternative, Atom, AtomId, AtomSet, Check, ClassOrder, Guard, Method, Needs, Operation, Requirement, Universe,
};

/// An operation with its tree resolved to one requirement. Cheap to clone.
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
///     .operation(Operation::get("/users/me/items/").guard(Guard::requires([ITEMS]).on(&me)))
///     .build()?;
/// assert_eq!(table.operations()[0].challenge_scope(), [ITEMS, ME]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ResolvedOperation(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    universe: Arc<Universe>,
    method: Method,
    template: String,
    name: Option<String>,
    overridden: Vec<Guard>,
    order: ClassOrder,
    tree: ResolvedTree,
}

/// What a tree came to: the same for every operation behind the same guards, and cheap to clone.
#[derive(Clone)]
pub(crate) struct ResolvedTree {
    /// Which of the table's trees it is, counted from 0.
    number: usize,
    requirement: Requirement,
    anonymous: Option<Requirement>,
    alternatives: Arc<[Alternative]>,
    nearest_to_nothing: Option<usize>,
    needs_user: bool,
    checks: Arc<[CheckPlace]>,
    facts: Arc<[(Arc<str>, AtomId, Needs)]>,
    contexts: Arc<[Context]>,
}

/// What the resolver found out.
pub(crate) struct Resolved {
    pub(crate) is_optional: bool,
    pub(crate) requirement: Requirement,
    /// Schemes and scopes, dependants before what they depend on.
    pub(crate) named: Vec<AtomId>,
    pub(crate) contexts: Vec<Context>,
    pub(crate) checks: Vec<CheckPlace>,
}

/// A check at one place in the tree.
#[derive(Debug)]
pub(crate) struct CheckPlace {
    pub(crate) atom: AtomId,
    pub(crate) check: Arc<dyn Check>,
    pub(crate) visible: Arc<[ScopeToken]>,
}

/// A guard and the scopes visible to it.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) depth: usize,
    pub(crate) guard: Guard,
    pub(crate) visible: Arc<[ScopeToken]>,
    pub(crate) requirement: Requirement,
}

/// What an operation asks for, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "reports and documents say something about each")]
pub enum Access {
    /// Something must be proved, and no scope is needed.
    Authenticated,
    /// Nobody may.
    Deny,
    /// Everybody may.
    Public,
    /// Scopes are needed.
    Scoped,
}

impl ResolvedTree {
    /// The next tree of the index.
    pub(crate) fn new(universe: &Universe, resolved: Resolved, index: &mut RequirementIndex) -> Self {
        let Resolved {
            is_optional,
            requirement,
            named,
            contexts,
            checks,
        } = resolved;
        let sets = requirement.alternatives();
        let generators: Vec<AtomSet> = sets.iter().map(|closed| universe.generators(closed)).collect();
        let describe = |(closed, generators)| Alternative::new(universe, closed, generators, &named);
        let anonymous = is_optional.then(|| requirement.for_anonymous(universe));
        let nearest_to_nothing = nearest(&requirement, universe, &AtomSet::EMPTY, None);
        let facts = facts(&contexts, universe, &checks);
        Self {
            number: index.add_tree(universe, &generators, anonymous.as_ref()),
            anonymous,
            alternatives: sets.iter().zip(&generators).map(describe).collect(),
            nearest_to_nothing: nearest_to_nothing.map(|nearest| nearest.alternative()),
            needs_user: sets.iter().any(|set| set.contains(AtomId::USER)),
            checks: checks.into(),
            facts: facts.into(),
            contexts: contexts.into(),
            requirement,
        }
    }
}

impl ResolvedOperation {
    pub(crate) fn new(
        universe: Arc<Universe>,
        operation: Operation,
        overridden: Vec<Guard>,
        order: ClassOrder,
        tree: ResolvedTree,
    ) -> Self {
        Self(Arc::new(Inner {
            universe,
            method: operation.method,
            template: operation.template,
            name: operation.name,
            overridden,
            order,
            tree,
        }))
    }

    /// The same operation of a table whose universe has the same atoms.
    pub(crate) fn in_universe(&self, universe: &Arc<Universe>) -> Self {
        let mut inner = Inner::clone(&self.0);
        inner.universe = Arc::clone(universe);
        Self(Arc::new(inner))
    }

    /// The number of its guard tree in the table, from 0. Operations with one number have the same
    /// requirement.
    #[must_use]
    pub fn tree_number(&self) -> usize {
        self.0.tree.number
    }

    /// Its method.
    #[must_use]
    pub fn method(&self) -> Method {
        self.0.method
    }

    /// Its path template, with the prefix of its group.
    #[must_use]
    pub fn template(&self) -> &str {
        &self.0.template
    }

    /// Its name, where it was given one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The conjunction of everything that its tree asks for.
    #[inline]
    #[must_use]
    pub fn requirement(&self) -> &Requirement {
        &self.0.tree.requirement
    }

    /// The atoms that the requirement speaks of.
    #[must_use]
    pub fn universe(&self) -> &Universe {
        &self.0.universe
    }

    /// The same alternatives as those of the requirement, in the same order, in words.
    #[must_use]
    pub fn alternatives(&self) -> &[Alternative] {
        &self.0.tree.alternatives
    }

    /// What the document says: the alternatives, with one for each scheme in the place of one that any scheme satisfies.
    /// Optional authentication is not among them.
    #[must_use]
    pub fn security(&self) -> Vec<Alternative> {
        let mut security = Vec::new();
        let closed = self.0.tree.requirement.alternatives().iter();
        for (closed, alternative) in closed.zip(self.alternatives()) {
            if alternative.schemes().is_empty() && closed.contains(AtomId::AUTHENTICATED) {
                security.extend(self.0.universe.scheme_names().map(|name| alternative.with_scheme(name)));
            } else {
                security.push(alternative.clone());
            }
        }
        security
    }

    /// The schemes by which a credential can be presented, each once, in the order of [`ResolvedOperation::security`].
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

    /// What it asks for, in one word.
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

    /// Whether requests without a credential are let through as anonymous.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        self.0.tree.anonymous.is_some()
    }

    /// The checks without code that its guards name: a request must bring their results
    /// ([`Presented::with_fact`](crate::Presented::with_fact)).
    pub fn external_checks(&self) -> impl Iterator<Item = AtomId> + '_ {
        self.facts().iter().map(|(_, id, _)| *id)
    }

    /// Whether its own guards stand in the place of those of its groups and of the application.
    #[must_use]
    pub fn is_override(&self) -> bool {
        !self.0.overridden.is_empty()
    }

    /// The guards of the application and of its groups that do not stand before it, because it overrides them.
    #[must_use]
    pub fn overridden(&self) -> &[Guard] {
        &self.0.overridden
    }

    /// Whether the user has to be looked up before the decision.
    #[must_use]
    pub fn needs_user(&self) -> bool {
        self.0.tree.needs_user
    }

    /// What is looked at first where several things are missing.
    #[must_use]
    pub fn order(&self) -> ClassOrder {
        self.0.order
    }

    /// The scope that a client without any credential should ask for: that of the alternative that asks for least,
    /// dependants first, each scope where it first stands.
    #[must_use]
    pub fn challenge_scope(&self) -> &[ScopeToken] {
        self.scope_of(self.0.tree.nearest_to_nothing)
    }

    /// The alternative that is nearest to being satisfied, with what it lacks; none where nothing would help.
    ///
    /// `obtainable` are the atoms that this client can come by; unsaid, all of them.
    #[must_use]
    pub fn nearest(&self, closed: &AtomSet, obtainable: Option<&AtomSet>) -> Option<Nearest> {
        nearest(&self.0.tree.requirement, &self.0.universe, closed, obtainable)
    }

    /// What decides about a request: the requirement, or where authentication is optional and no credential was presented,
    /// the part of it that needs no credential.
    // SECURITY: the gate, explanations, grants and shadows all ask here, so that a credential that does not suffice is refused
    // by each of them. Held by `decision::all_commands_agree_with_the_gate`.
    #[inline]
    pub(crate) fn deciding(&self, has_credential: bool) -> &Requirement {
        match &self.0.tree.anonymous {
            Some(anonymous) if !has_credential => anonymous,
            _ => &self.0.tree.requirement,
        }
    }

    /// Whether a request may run it in which these facts hold and no others. The set must be closed.
    #[must_use]
    pub fn is_open_to(&self, closed: &AtomSet) -> bool {
        self.deciding(closed.contains(AtomId::AUTHENTICATED)).allows(closed)
    }

    /// The requirement of a request without any credential, where authentication is optional.
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

    pub(crate) fn shared_universe(&self) -> &Arc<Universe> {
        &self.0.universe
    }

    #[inline]
    pub(crate) fn has_checks(&self) -> bool {
        !self.0.tree.checks.is_empty() || !self.0.tree.facts.is_empty()
    }

    pub(crate) fn checks(&self) -> &[CheckPlace] {
        &self.0.tree.checks
    }

    /// Checks without code: the request brings their results.
    pub(crate) fn facts(&self) -> &[(Arc<str>, AtomId, Needs)] {
        &self.0.tree.facts
    }

    /// The guards of its tree, dependants before what they depend on. A guard appears once for each
    /// list of scopes that it sees.
    pub fn guards(&self) -> impl Iterator<Item = &Guard> {
        self.0.tree.contexts.iter().map(|context| &context.guard)
    }

    pub(crate) fn contexts(&self) -> &[Context] {
        &self.0.tree.contexts
    }
}

/// The checks without code that some guard asks for, also where the operation as a whole can do without: an explanation tells
/// what each guard found.
fn facts(contexts: &[Context], universe: &Universe, checks: &[CheckPlace]) -> Vec<(Arc<str>, AtomId, Needs)> {
    let sets = contexts.iter().flat_map(|context| context.requirement.alternatives());
    let named = sets.fold(AtomSet::EMPTY, |all, set| all.union(set));
    let by_code: AtomSet = checks.iter().map(|place| place.atom).collect();
    let fact = |id: AtomId| match universe.atom(id) {
        Some(Atom::Check { name, needs }) => Some((Arc::clone(name), id, *needs)),
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
