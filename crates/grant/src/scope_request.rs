//! Restricts a scope: never more than was requested, than the client may have, than the subject
//! may have.

use scopegate_domain::{Catalog, Client, Scope, ScopeToken};
use scopegate_policy::restrict_scope;

use crate::InvalidScopeCause;
use crate::RequestedScope;

/// The granted scope, and its text in a token.
#[derive(Debug)]
pub(crate) struct Narrowed {
    pub(crate) scope: Scope,
    /// The members of `scope` in the order of the request, with the repetitions of a
    /// [`RequestedScope::List`].
    pub(crate) granted: Vec<ScopeToken>,
}

/// Restricts the requested scope to two ceilings. The subject is a user, or the client itself.
///
/// If the client requests no scope, it requests its default scope, or its whole ceiling if it has
/// no default ([RFC 6749, section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3) leaves
/// that to the server).
// SECURITY: tested by `granted_scope_is_within_each_ceiling` below.
pub(crate) fn narrow(
    requested: &RequestedScope,
    catalog: &Catalog,
    client: &Client,
    subject_ceiling: &Scope,
) -> Result<Narrowed, InvalidScopeCause> {
    let default = match client.default_scope() {
        none if none.is_empty() => client.scope(),
        default => default,
    };
    let granted = |requested: &Scope| {
        let known = requested
            .iter()
            .filter(|token| is_declared(catalog, token))
            .cloned()
            .collect();
        restrict_scope(&known, client.scope(), subject_ceiling).into_granted()
    };
    match requested {
        RequestedScope::Default => Ok(Narrowed::once_each(granted(default))),
        RequestedScope::Scope(requested) => match granted(requested) {
            scope if scope.is_empty() => Err(InvalidScopeCause::NothingLeft),
            scope => Ok(Narrowed::once_each(scope)),
        },
        RequestedScope::List(list) => {
            let scope = granted(&list.iter().cloned().collect());
            Ok(Narrowed::as_requested(scope, list.clone()))
        }
    }
}

/// The maximum number of bytes that repeated scopes may take in a token: half of what a verifier
/// accepts as a payload.
const MAX_GRANTED_LEN: usize = 4 * 1024;

impl Narrowed {
    fn once_each(scope: Scope) -> Self {
        Self {
            granted: scope.iter().cloned().collect(),
            scope,
        }
    }

    /// Repeated scopes are written once each if they would no longer fit into a token.
    fn as_requested(scope: Scope, mut list: Vec<ScopeToken>) -> Self {
        list.retain(|token| scope.contains(token));
        let len: usize = list.iter().map(|token| token.as_str().len() + 3).sum();
        let fits = list.len() <= Scope::MAX_TOKENS && len <= MAX_GRANTED_LEN;
        if fits {
            Self { scope, granted: list }
        } else {
            Self::once_each(scope)
        }
    }
}

fn is_declared(catalog: &Catalog, token: &ScopeToken) -> bool {
    catalog
        .schemes()
        .iter()
        .any(|scheme| scheme.scopes().iter().any(|scope| scope.token() == token))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use scopegate_domain::{ClientId, SecurityScheme};

    use super::*;

    const NAMES: [&str; 4] = ["a", "b", "c", "undeclared"];

    fn catalog() -> Catalog {
        let builder = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
        let declare = |builder: scopegate_domain::CatalogBuilder, name| builder.scope(token(name), "");
        NAMES[..3]
            .iter()
            .fold(builder, |builder, name| declare(builder, name))
            .build()
            .unwrap()
    }

    fn token(name: &str) -> ScopeToken {
        ScopeToken::parse(name).unwrap()
    }

    fn scope(names: &[&str]) -> Scope {
        names.iter().map(|name| token(name)).collect()
    }

    fn client(ceiling: &Scope) -> Client {
        Client::public(ClientId::parse("app").unwrap(), "App").with_scope(ceiling.clone())
    }

    fn granted_of(text: &str) -> Vec<String> {
        let all = scope(&["a", "b", "c"]);
        let list = text.split(' ').map(token).collect();
        let requested = RequestedScope::List(list);
        let narrowed = narrow(&requested, &catalog(), &client(&all), &all).unwrap();
        narrowed.granted.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn list_keeps_order_and_repetition() {
        assert_eq!(granted_of("b a b"), ["b", "a", "b"]);
        assert_eq!(granted_of("c undeclared d"), ["c"]);
        assert_eq!(granted_of("undeclared"), [""; 0]);
        let repeated = |times| vec!["a b"; times].join(" ");
        assert_eq!(granted_of(&repeated(Scope::MAX_TOKENS / 2)).len(), Scope::MAX_TOKENS);
        assert_eq!(granted_of(&repeated(Scope::MAX_TOKENS)), ["a", "b"]);
    }

    #[test]
    fn empty_scope_after_restriction_is_refused() {
        let narrow = |requested, user_may: &[&str]| {
            let narrowed = narrow(&requested, &catalog(), &client(&scope(&["a", "b"])), &scope(user_may));
            narrowed.map(|narrowed| narrowed.scope)
        };
        assert_eq!(narrow(RequestedScope::Default, &["b", "c"]), Ok(scope(&["b"])));
        assert_eq!(narrow(RequestedScope::Default, &["c"]), Ok(Scope::EMPTY));
        assert_eq!(
            narrow(RequestedScope::Scope(scope(&["c", "b", "d"])), &["b", "c"]),
            Ok(scope(&["b"]))
        );
        assert_eq!(
            narrow(RequestedScope::Scope(scope(&["c", "d"])), &["b", "c"]),
            Err(InvalidScopeCause::NothingLeft)
        );
    }

    fn some() -> impl Strategy<Value = Scope> {
        proptest::sample::subsequence(NAMES.to_vec(), 0..=NAMES.len())
            .prop_shuffle()
            .prop_map(|names| scope(&names))
    }

    proptest! {
        #[test]
        fn granted_scope_is_within_each_ceiling(
            requested in some(), client_may in some(), default in some(), user_may in some(), form in 0..3,
        ) {
            let form = match form {
                0 => RequestedScope::Default,
                1 => RequestedScope::Scope(requested.clone()),
                _ => RequestedScope::List(requested.iter().cloned().collect()),
            };
            let app = client(&client_may).with_default_scope(default.clone());
            let narrowed = narrow(&form, &catalog(), &app, &user_may);
            let both = scope(&NAMES[..3]).intersection(&client_may).intersection(&user_may);
            let Ok(Narrowed { scope, granted }) = narrowed else {
                prop_assert!(requested.intersection(&both).is_empty());
                return Ok(());
            };
            prop_assert_eq!(granted.into_iter().collect::<Scope>(), scope.clone());
            let wanted = match form {
                RequestedScope::Default if default.is_empty() => both,
                RequestedScope::Default => default.intersection(&both),
                _ => requested.intersection(&both),
            };
            prop_assert_eq!(scope, wanted);
        }
    }
}
