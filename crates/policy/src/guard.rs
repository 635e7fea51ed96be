//! Guards: what an operation depends on.

use std::any::type_name;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use scopegate_domain::ScopeToken;

use crate::{Check, Fact, Rule};

/// A node of a guard tree: a rule, optional checks, and the guards that it depends on.
///
/// A guard depends on other guards and sees the scopes of all its dependants. Every declaration in
/// the tree is enforced, even if no check reads it.
///
/// A guard is cheap to clone, and a clone is the same node. A guard with several dependants is
/// checked once for each list of scopes that it sees.
///
/// ```
/// use scopegate_domain::ScopeToken;
/// use scopegate_policy::{ActiveUser, Guard};
///
/// const ME: ScopeToken = ScopeToken::from_static("me");
/// const ITEMS: ScopeToken = ScopeToken::from_static("items");
///
/// let user = Guard::user().named("get_current_user");
/// let active = Guard::requires([ME]).check(ActiveUser).depends_on(&user).named("get_current_active_user");
/// let items = Guard::requires([ITEMS]).depends_on(&active);
/// assert_eq!(items.to_string(), "requires items");
/// assert_eq!(active.to_string(), "get_current_active_user");
/// ```
#[derive(Clone)]
pub struct Guard(Arc<Node>);

#[derive(Clone, Debug)]
pub(crate) struct Node {
    name: Option<String>,
    own: Option<Own>,
    /// The schemes of which one suffices. Empty: the only scheme that declares a scope.
    schemes: Vec<String>,
    checks: Vec<Arc<dyn Check>>,
    dependencies: Vec<Guard>,
    depth: usize,
}

/// The own requirement of a guard, without its dependencies.
#[derive(Clone, Debug)]
pub(crate) enum Own {
    Public,
    Rule(Rule),
}

impl Guard {
    /// Creates a guard that explicitly requires nothing. This is the only method to make an
    /// operation public.
    #[must_use]
    pub fn public() -> Self {
        Self::of(Some(Own::Public))
    }

    /// Requires a valid credential of any user or client.
    #[must_use]
    pub fn authenticated() -> Self {
        Self::rule(Rule::Fact(Fact::Authenticated))
    }

    /// Requires a credential of a known user.
    #[must_use]
    pub fn user() -> Self {
        Self::rule(Rule::Fact(Fact::User))
    }

    /// Requires all of these scopes. An empty list requires authentication.
    #[must_use]
    pub fn requires(scopes: impl IntoIterator<Item = ScopeToken>) -> Self {
        Self::rule(Rule::All(scopes.into_iter().map(Rule::Scope).collect()))
    }

    /// Requires all scopes of one of these lists. An empty inner list requires authentication. An
    /// empty outer list is never satisfied.
    #[must_use]
    pub fn any_of<I>(alternatives: impl IntoIterator<Item = I>) -> Self
    where
        I: IntoIterator<Item = ScopeToken>,
    {
        let all = |scopes: I| Rule::All(scopes.into_iter().map(Rule::Scope).collect());
        Self::rule(Rule::Any(alternatives.into_iter().map(all).collect()))
    }

    /// Creates a guard that denies every request.
    #[must_use]
    pub fn deny() -> Self {
        Self::rule(Rule::Deny)
    }

    /// Requires the facts of a rule.
    #[must_use]
    pub fn rule(rule: Rule) -> Self {
        Self::of(Some(Own::Rule(rule)))
    }

    /// Creates a guard without an own requirement that depends on these guards, in this order.
    #[must_use]
    pub fn all_of<'a>(guards: impl IntoIterator<Item = &'a Self>) -> Self {
        guards.into_iter().fold(Self::of(None), Self::depends_on)
    }

    /// Sets the name for explanations. Default: none.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        self.with(|node| node.name = Some(name.into()))
    }

    /// Adds a check beyond rules.
    #[must_use]
    pub fn check(self, check: impl Check) -> Self {
        self.with(|node| node.checks.push(Arc::new(check)))
    }

    /// Adds a guard that this one depends on.
    #[must_use]
    pub fn depends_on(self, other: &Self) -> Self {
        self.with(|node| {
            node.depth = node.depth.max(other.0.depth.saturating_add(1));
            node.dependencies.push(other.clone());
        })
    }

    /// Sets the security scheme of the guard's scopes. A guard without scopes then requires a
    /// credential of that scheme. Default: the only scheme that declares the scope.
    #[must_use]
    pub fn with_scheme(self, name: impl Into<String>) -> Self {
        self.with_any_scheme([name])
    }

    /// Sets the security schemes of the guard's scopes: a credential of one of them is enough. It
    /// must have all scopes of the guard. An empty list is never satisfied. Default: the only
    /// scheme that declares the scope.
    ///
    /// ```
    /// use scopegate_domain::ScopeToken;
    /// use scopegate_policy::Guard;
    ///
    /// const READ: ScopeToken = ScopeToken::from_static("notes:read");
    ///
    /// // A token of a user, or an API key of a machine.
    /// let read = Guard::requires([READ]).with_any_scheme(["login", "key"]);
    /// assert_eq!(read.schemes(), ["login", "key"]);
    /// ```
    #[must_use]
    pub fn with_any_scheme<N: Into<String>>(self, names: impl IntoIterator<Item = N>) -> Self {
        self.with(|node| {
            node.schemes = names.into_iter().map(Into::into).collect();
            if node.schemes.is_empty() {
                node.own = Some(Own::Rule(Rule::Deny));
            }
        })
    }

    /// Returns the guard's own rule, without those of its dependencies.
    #[must_use]
    pub fn own_rule(&self) -> Option<&Rule> {
        match self.0.own() {
            Some(Own::Rule(rule)) => Some(rule),
            Some(Own::Public) | None => None,
        }
    }

    /// The schemes of [`Guard::with_scheme`] or [`Guard::with_any_scheme`].
    #[must_use]
    pub fn schemes(&self) -> &[String] {
        self.0.schemes()
    }

    /// Returns the guard's own checks, without those of its dependencies.
    #[must_use]
    pub fn checks(&self) -> &[Arc<dyn Check>] {
        self.0.checks()
    }

    /// Returns the guards that this one depends on, in the order of declaration.
    #[must_use]
    pub fn dependencies(&self) -> &[Self] {
        self.0.dependencies()
    }

    pub(crate) fn node(&self) -> &Node {
        &self.0
    }

    /// Returns the address of the guard: the same for every clone, and different for every other
    /// existing guard.
    #[must_use]
    pub fn identity(&self) -> *const () {
        Arc::as_ptr(&self.0).cast()
    }

    fn of(own: Option<Own>) -> Self {
        let node = Node {
            name: None,
            own,
            schemes: Vec::new(),
            checks: Vec::new(),
            dependencies: Vec::new(),
            depth: 1,
        };
        Self(Arc::new(node))
    }

    fn with(mut self, change: impl FnOnce(&mut Node)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl Node {
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) const fn own(&self) -> Option<&Own> {
        self.own.as_ref()
    }

    pub(crate) fn schemes(&self) -> &[String] {
        &self.schemes
    }

    pub(crate) fn checks(&self) -> &[Arc<dyn Check>] {
        &self.checks
    }

    pub(crate) fn dependencies(&self) -> &[Guard] {
        &self.dependencies
    }

    /// Whether the guard has a requirement, or is declared *public*.
    pub(crate) fn says_something(&self) -> bool {
        self.says_public() || self.asks()
    }

    pub(crate) const fn says_public(&self) -> bool {
        matches!(self.own, Some(Own::Public))
    }

    pub(crate) fn asks(&self) -> bool {
        matches!(self.own, Some(Own::Rule(_))) || !self.schemes.is_empty() || !self.checks.is_empty()
    }

    /// Returns the number of guards on the longest path from here, including this guard.
    pub(crate) const fn depth(&self) -> usize {
        self.depth
    }
}

/// Returns every guard that can be reached from these guards, once.
pub(crate) fn reachable<'g>(roots: &'g [Guard]) -> impl Iterator<Item = &'g Node> {
    let mut seen = HashSet::new();
    let mut open: Vec<&'g Guard> = roots.iter().rev().collect();
    std::iter::from_fn(move || {
        loop {
            let guard = open.pop()?;
            if seen.insert(guard.identity()) {
                let unseen = guard.node().dependencies.iter().rev();
                open.extend(unseen.filter(|guard| !seen.contains(&guard.identity())));
                return Some(guard.node());
            }
        }
    })
}

impl Drop for Node {
    /// Drops a long chain in a loop. Dropping it link by link would overflow the stack.
    fn drop(&mut self) {
        let mut open = std::mem::take(&mut self.dependencies);
        while let Some(Guard(node)) = open.pop() {
            if let Some(mut last) = Arc::into_inner(node) {
                open.append(&mut last.dependencies);
            }
        }
    }
}

impl From<&Guard> for Guard {
    fn from(guard: &Guard) -> Self {
        guard.clone()
    }
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.0.name, &self.0.own) {
            (Some(name), _) => f.write_str(name),
            (None, Some(Own::Public)) => f.write_str("public"),
            (None, Some(Own::Rule(rule))) => write!(f, "requires {rule}"),
            (None, None) => f.write_str("all of"),
        }
    }
}

impl fmt::Debug for Guard {
    /// Prints one line without the dependencies, because a shared tree printed in full can be
    /// exponentially long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dependencies = self.0.dependencies.len();
        write!(
            f,
            "{}({self}; on {dependencies})",
            type_name::<Self>().rsplit("::").next().unwrap_or_default()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_chain_is_dropped_and_printed_without_recursion() {
        let chain = (0..100_000).fold(Guard::user(), |below, _| Guard::authenticated().depends_on(&below));
        assert_eq!(format!("{chain:?}"), "Guard(requires authenticated; on 1)");
        assert_eq!(chain.node().depth(), 100_001);
    }

    #[test]
    fn a_change_to_a_clone_leaves_the_original_alone() {
        let guard = Guard::user().named("original");
        let changed = guard.clone().named("changed");
        assert_eq!(
            (guard.to_string(), changed.to_string()),
            ("original".to_owned(), "changed".to_owned())
        );
        assert_ne!(guard.identity(), changed.identity());
        assert_eq!(guard.identity(), guard.clone().identity());
    }
}
