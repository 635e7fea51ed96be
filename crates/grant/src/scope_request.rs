//! Restricts a scope: never more than was requested, than the client may have, than the subject
//! may have.

use scopegate_domain::{Audience, Client, Scope, ScopeToken};
use scopegate_policy::restrict_scope;

use crate::InvalidScopeCause;
use crate::RequestedScope;
use crate::targets::RequestTargets;

/// The granted scope, and its text in a token.
#[derive(Debug)]
pub(crate) struct Narrowed {
    pub(crate) scope: Scope,
    /// The members of `scope` in the order of the request, with the repetitions of a
    /// [`RequestedScope::List`].
    pub(crate) granted: Vec<ScopeToken>,
    /// The resources that declare a granted scope. Empty for the one API of a server without
    /// resources.
    pub(crate) audiences: Vec<Audience>,
}

/// Restricts the requested scope to the targets and to two ceilings. The subject is a user, or the
/// client itself.
///
/// If the client requests no scope, it requests its default scope, or its whole ceiling if it has
/// no default ([RFC 6749, section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3) leaves
/// that to the server).
// SECURITY: tested by `granted_scope_is_within_each_ceiling` below.
pub(crate) fn narrow(
    requested: &RequestedScope,
    targets: &RequestTargets<'_>,
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
            .filter(|token| targets.declare(token))
            .cloned()
            .collect();
        restrict_scope(&known, client.scope(), subject_ceiling).into_granted()
    };
    let narrowed = match requested {
        RequestedScope::Default => Ok(Narrowed::once_each(granted(default))),
        RequestedScope::Scope(requested) => match granted(requested) {
            scope if scope.is_empty() => Err(InvalidScopeCause::NothingLeft),
            scope => Ok(Narrowed::once_each(scope)),
        },
        RequestedScope::List(list) => {
            let scope = granted(&list.iter().cloned().collect());
            Ok(Narrowed::as_requested(scope, list.clone()))
        }
    }?;
    let audiences = targets.audiences(&narrowed.scope)?;
    Ok(Narrowed { audiences, ..narrowed })
}

/// The maximum number of bytes that repeated scopes may take in a token: half of what a verifier
/// accepts as a payload.
const MAX_GRANTED_LEN: usize = 4 * 1024;

impl Narrowed {
    fn once_each(scope: Scope) -> Self {
        Self {
            granted: scope.iter().cloned().collect(),
            scope,
            audiences: Vec::new(),
        }
    }

    /// Repeated scopes are written once each if they would no longer fit into a token.
    fn as_requested(scope: Scope, mut list: Vec<ScopeToken>) -> Self {
        list.retain(|token| scope.contains(token));
        let len: usize = list.iter().map(|token| token.as_str().len() + 3).sum();
        let fits = list.len() <= Scope::MAX_TOKENS && len <= MAX_GRANTED_LEN;
        if fits {
            Self {
                scope,
                granted: list,
                audiences: Vec::new(),
            }
        } else {
            Self::once_each(scope)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use scopegate_domain::{Catalog, ClientId, Resource, Resources, SecurityScheme};

    use crate::targets::Targets;

    use super::*;

    const NAMES: [&str; 4] = ["a", "b", "c", "undeclared"];

    /// The one API with the declared names.
    fn narrow(
        requested: &RequestedScope,
        client: &Client,
        user_ceiling: &Scope,
    ) -> Result<Narrowed, InvalidScopeCause> {
        let targets = Targets::new(&catalog(), None);
        let current = targets.current();
        super::narrow(requested, &RequestTargets::one_api(&current), client, user_ceiling)
    }

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
        let narrowed = narrow(&requested, &client(&all), &all).unwrap();
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
        let outcome = |requested, user_may: &[&str]| {
            let narrowed = narrow(&requested, &client(&scope(&["a", "b"])), &scope(user_may));
            narrowed.map(|narrowed| narrowed.scope)
        };
        assert_eq!(outcome(RequestedScope::Default, &["b", "c"]), Ok(scope(&["b"])));
        assert_eq!(outcome(RequestedScope::Default, &["c"]), Ok(Scope::EMPTY));
        assert_eq!(
            outcome(RequestedScope::Scope(scope(&["c", "b", "d"])), &["b", "c"]),
            Ok(scope(&["b"]))
        );
        assert_eq!(
            outcome(RequestedScope::Scope(scope(&["c", "d"])), &["b", "c"]),
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
            let narrowed = narrow(&form, &app, &user_may);
            let both = scope(&NAMES[..3]).intersection(&client_may).intersection(&user_may);
            let Ok(Narrowed { scope, granted, .. }) = narrowed else {
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

        #[test]
        fn audience_is_within_the_resources(
            declared in proptest::collection::vec(some(), 1..5),
            own in proptest::collection::vec(any::<bool>(), 5),
            named in proptest::collection::vec(0..5usize, 0..4),
            requested in some(),
            ceiling in some(),
        ) {
            let audience = |number: usize| Audience::parse(&format!("https://{number}.example")).unwrap();
            let resource = |(number, scope): (usize, &Scope)| {
                let resource = Resource::new(audience(number), "");
                scope.iter().fold(resource, |resource, token| resource.with_scope(token.clone(), ""))
            };
            let resources = Resources::new(declared.iter().enumerate().map(resource)).unwrap();
            let may: Vec<Audience> = (0..5).filter(|number| own[*number]).map(audience).collect();
            let params = named.iter().map(|number| ("resource", audience(*number).to_string()));
            let targets = Targets::new(&catalog(), Some(resources));
            let current = targets.current();
            let chosen = RequestTargets::parse(&current, None, &may, &params.collect());
            let is_allowed = |number: &usize| own[*number] && *number < declared.len();
            let Ok(chosen) = chosen else {
                prop_assert!(!named.iter().all(is_allowed));
                return Ok(());
            };
            prop_assert!(named.iter().all(is_allowed));
            let numbers: Vec<usize> = if named.is_empty() { (0..5).filter(is_allowed).collect() } else { named };
            let opened = |number: &usize| declared[*number].intersection(&requested).intersection(&ceiling);
            let form = RequestedScope::Scope(requested.clone());
            let Ok(narrowed) = super::narrow(&form, &chosen, &client(&ceiling), &ceiling) else {
                prop_assert!(numbers.iter().all(|number| opened(number).is_empty()));
                return Ok(());
            };
            let all: Scope = numbers.iter().flat_map(|number| opened(number).iter().cloned().collect::<Vec<_>>()).collect();
            prop_assert_eq!(&narrowed.scope, &all);
            let mut expected: Vec<Audience> = numbers.iter().filter(|number| !opened(number).is_empty()).map(|number| audience(*number)).collect();
            let mut found = narrowed.audiences;
            found.sort();
            expected.sort();
            expected.dedup();
            prop_assert_eq!(found, expected);
        }
    }
}
