//! Restricts the requested scope of a token to what the client and the user may have.

use scopegate_domain::Scope;

/// The result of restricting a requested scope to what was requested, what the client may have, and
/// what the user may grant.
///
/// ```
/// use scopegate_policy::restrict_scope;
///
/// let scope = |text: &str| text.parse();
/// let outcome = restrict_scope(&scope("items me admin")?, &scope("me items")?, &scope("items me profile")?);
/// assert_eq!(outcome.granted().to_string(), "items me");
/// assert_eq!(outcome.dropped().to_string(), "admin");
/// # Ok::<(), scopegate_domain::InvalidScope>(())
/// ```
#[must_use]
pub fn restrict_scope(asked: &Scope, client_ceiling: &Scope, user_ceiling: &Scope) -> GrantedScope {
    let (granted, dropped): (Vec<_>, Vec<_>) = asked
        .iter()
        .cloned()
        .partition(|token| client_ceiling.contains(token) && user_ceiling.contains(token));
    GrantedScope {
        granted: granted.into_iter().collect(),
        dropped: dropped.into_iter().collect(),
    }
}

/// The outcome of [`restrict_scope`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantedScope {
    granted: Scope,
    dropped: Scope,
}

impl GrantedScope {
    /// Returns the granted scope, in the order of the request.
    #[must_use]
    pub const fn granted(&self) -> &Scope {
        &self.granted
    }

    /// Returns the requested scopes that may not be granted, in the order of the request.
    #[must_use]
    pub const fn dropped(&self) -> &Scope {
        &self.dropped
    }

    /// Returns the granted scope by value.
    #[must_use]
    pub fn into_granted(self) -> Scope {
        self.granted
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use scopegate_domain::ScopeToken;

    use super::*;

    fn scope() -> impl Strategy<Value = Scope> {
        proptest::collection::vec("[a-e]", 0..6)
            .prop_map(|names| names.iter().map(|name| ScopeToken::parse(name).unwrap()).collect())
    }

    proptest! {
        #[test]
        fn granted_is_the_most_within_all_three(asked in scope(), client in scope(), user in scope()) {
            let outcome = restrict_scope(&asked, &client, &user);
            let (granted, dropped) = (outcome.granted(), outcome.dropped());
            prop_assert!(*granted <= asked && *granted <= client && *granted <= user);
            prop_assert!(dropped.iter().all(|token| !client.contains(token) || !user.contains(token)));
            prop_assert_eq!(granted.iter().chain(dropped).cloned().collect::<Scope>(), asked);
        }
    }
}
