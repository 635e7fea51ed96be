//! Rules: what a guard asks for, as it is written down.

use std::fmt;

use scopegate_domain::ScopeToken;

use crate::Atom;

/// What one guard asks for, as it is written down: all of, any of, down to scopes and other atoms.
///
/// A rule cannot say *public*; only [`Guard::public`](crate::Guard::public) can. All of nothing asks for authentication,
/// any of nothing is never satisfied.
///
/// ```
/// use scopegate_domain::ScopeToken;
/// use scopegate_policy::{Atom, Rule};
///
/// let scope = |name| ScopeToken::parse(name).map(Rule::Scope);
/// let rule = Rule::Any(vec![scope("admin")?, Rule::All(vec![scope("items")?, Rule::Atom(Atom::User)])]);
/// assert_eq!(rule.to_string(), "admin or (items and user)");
/// # Ok::<(), scopegate_domain::InvalidScope>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the grammar of the policy language, which readers of policies match on"
)]
pub enum Rule {
    /// All of them; of nothing, authentication alone.
    All(Vec<Rule>),
    /// One of them; of nothing, never.
    Any(Vec<Rule>),
    /// An atom by its full name.
    Atom(Atom),
    /// Never.
    Deny,
    /// A scope of the guard's scheme, or of the only scheme that declares it.
    Scope(ScopeToken),
}

impl Rule {
    /// The scopes that the rule names, in the order of writing, each as often as it stands there. Looks no deeper than
    /// `depth` levels.
    pub(crate) fn scopes(&self, depth: usize) -> Vec<&ScopeToken> {
        match self {
            Self::All(rules) | Self::Any(rules) => match depth.checked_sub(1) {
                Some(depth) => rules.iter().flat_map(|rule| rule.scopes(depth)).collect(),
                None => Vec::new(),
            },
            Self::Scope(token) | Self::Atom(Atom::Scope { token, .. }) => vec![token],
            Self::Atom(_) | Self::Deny => Vec::new(),
        }
    }

    /// How many levels there are, counted up to `most`.
    pub(crate) fn is_deeper_than(&self, most: usize) -> bool {
        match (self, most.checked_sub(1)) {
            (Self::All(rules) | Self::Any(rules), Some(most)) => rules.iter().any(|rule| rule.is_deeper_than(most)),
            (Self::All(_) | Self::Any(_), None) => true,
            _ => false,
        }
    }

    fn write_list(f: &mut fmt::Formatter<'_>, rules: &[Self], word: &str) -> fmt::Result {
        for (index, rule) in rules.iter().enumerate() {
            if index > 0 {
                write!(f, " {word} ")?;
            }
            match rule {
                Self::All(inner) | Self::Any(inner) if inner.len() > 1 => write!(f, "({rule})")?,
                _ => write!(f, "{rule}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(rules) if rules.is_empty() => f.write_str("authenticated"),
            Self::Any(rules) if rules.is_empty() => f.write_str("deny"),
            Self::All(rules) => Self::write_list(f, rules, "and"),
            Self::Any(rules) => Self::write_list(f, rules, "or"),
            Self::Atom(atom) => write!(f, "{atom}"),
            Self::Deny => f.write_str("deny"),
            Self::Scope(token) => write!(f, "{token}"),
        }
    }
}
