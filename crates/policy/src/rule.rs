//! Rules: what a guard requires, as it is written down.

use std::fmt;

use scopegate_domain::{SchemeName, ScopeToken};

use crate::Fact;

/// The rule of one guard as declared: "all of" and "any of" over scopes and other facts.
///
/// A rule cannot declare *public*; only [`Guard::public`](crate::Guard::public) can. An empty "all
/// of" requires authentication. An empty "any of" is never satisfied.
///
/// ```
/// use scopegate_domain::{SchemeName, ScopeToken};
/// use scopegate_policy::{Fact, Rule};
///
/// let scope = |name| ScopeToken::parse(name).map(Rule::Scope);
/// let rule = Rule::Any(vec![scope("admin")?, Rule::All(vec![scope("items")?, Rule::Fact(Fact::User)])]);
/// assert_eq!(rule.to_string(), "admin or (items and user)");
/// # Ok::<(), scopegate_domain::InvalidScope>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the grammar of the policy language, which readers of policies match on"
)]
pub enum Rule {
    /// All of these rules. An empty list requires authentication only.
    All(Vec<Rule>),
    /// One of these rules. An empty list is never satisfied.
    Any(Vec<Rule>),
    /// A fact by its full name.
    Fact(Fact),
    /// The rule is never satisfied.
    Deny,
    /// A scope of the guard's scheme, or of the only scheme that declares it.
    Scope(ScopeToken),
}

impl Rule {
    /// Returns the scopes that the rule names, in the order of declaration, with repetitions. Reads
    /// at most `depth` levels.
    pub(crate) fn scopes(&self, depth: usize) -> Vec<&ScopeToken> {
        match self {
            Self::All(rules) | Self::Any(rules) => match depth.checked_sub(1) {
                Some(depth) => rules.iter().flat_map(|rule| rule.scopes(depth)).collect(),
                None => Vec::new(),
            },
            Self::Scope(token) | Self::Fact(Fact::Scope { token, .. }) => vec![token],
            Self::Fact(_) | Self::Deny => Vec::new(),
        }
    }

    /// Whether the rule has more than `most` levels.
    pub(crate) fn is_deeper_than(&self, most: usize) -> bool {
        match (self, most.checked_sub(1)) {
            (Self::All(rules) | Self::Any(rules), Some(most)) => rules.iter().any(|rule| rule.is_deeper_than(most)),
            (Self::All(_) | Self::Any(_), None) => true,
            _ => false,
        }
    }

    /// Returns the rule as text, with facts as `word` writes them.
    pub(crate) fn in_words(&self, word: &dyn Fn(&Fact) -> String) -> String {
        let list = |rules: &[Self], between: &str| {
            let part = |rule: &Self| match rule {
                Self::All(inner) | Self::Any(inner) if inner.len() > 1 => format!("({})", rule.in_words(word)),
                _ => rule.in_words(word),
            };
            rules.iter().map(part).collect::<Vec<_>>().join(between)
        };
        match self {
            Self::All(rules) if rules.is_empty() => "authenticated".to_owned(),
            Self::Any(rules) if rules.is_empty() => "deny".to_owned(),
            Self::All(rules) => list(rules, " and "),
            Self::Any(rules) => list(rules, " or "),
            Self::Fact(fact) => word(fact),
            Self::Deny => "deny".to_owned(),
            Self::Scope(token) => token.to_string(),
        }
    }

    /// Returns the rule with full names of scopes, if `scheme_of` returns a scheme.
    pub(crate) fn with_schemes(&self, scheme_of: &dyn Fn(&ScopeToken) -> Option<SchemeName>) -> Self {
        let each = |rules: &[Self]| rules.iter().map(|rule| rule.with_schemes(scheme_of)).collect();
        match self {
            Self::All(rules) => Self::All(each(rules)),
            Self::Any(rules) => Self::Any(each(rules)),
            Self::Scope(token) => match scheme_of(token) {
                Some(scheme) => Self::Fact(Fact::Scope {
                    scheme,
                    token: token.clone(),
                }),
                None => self.clone(),
            },
            Self::Fact(_) | Self::Deny => self.clone(),
        }
    }

    /// The facts of the rule, in the order of writing.
    pub(crate) fn facts(&self) -> Vec<&Fact> {
        match self {
            Self::All(rules) | Self::Any(rules) => rules.iter().flat_map(Self::facts).collect(),
            Self::Fact(fact) => vec![fact],
            Self::Deny | Self::Scope(_) => Vec::new(),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(&Fact::to_string))
    }
}
