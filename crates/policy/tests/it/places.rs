//! Places of guards: application, groups in groups, next to the operation and on it; and what code
//! at each place can ask.

use std::sync::{Arc, Mutex};

use scopegate_domain::{Catalog, Claims, ScopeLayout, ScopeToken, SecurityScheme, Timestamp, Verified};
use scopegate_policy::{
    Access, Check, CheckContext, Group, Guard, Needs, Operation, OperationTable, PresentedCredentials, TableError,
    authorize, explain,
};

const A: ScopeToken = ScopeToken::from_static("a");
const B: ScopeToken = ScopeToken::from_static("b");
const C: ScopeToken = ScopeToken::from_static("c");
const D: ScopeToken = ScopeToken::from_static("d");
const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);

/// Declared in the other order than that of the places below.
fn catalog() -> Catalog {
    let builder = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
    let declared = [D, C, B, A].into_iter();
    declared
        .fold(builder, |builder, scope| builder.scope(scope, ""))
        .build()
        .unwrap()
}

fn build(operation: Operation) -> Result<OperationTable, TableError> {
    OperationTable::builder(catalog()).operation(operation).build()
}

/// Passes, and notes which scopes are required at its place, and which were granted.
#[derive(Clone, Debug, Default)]
struct Asks(Arc<Mutex<Vec<(String, String)>>>);

impl Check for Asks {
    fn name(&self) -> &'static str {
        "asks"
    }

    fn needs(&self) -> Needs {
        Needs::Nothing
    }

    fn passes(&self, place: &CheckContext<'_>) -> bool {
        self.0.lock().unwrap().push((place.scope_str(), text(place.granted())));
        true
    }
}

fn text<'s>(scopes: impl IntoIterator<Item = &'s ScopeToken>) -> String {
    scopes.into_iter().map(ScopeToken::as_str).collect::<Vec<_>>().join(" ")
}

/// A handler asks its permit, a check asks its place: what was required, from the outside in as far
/// as it can see, and what was granted, be it more.
#[test]
fn code_at_every_place_can_ask_what_was_required_and_what_was_granted() {
    let asks = Asks::default();
    let guard = |scope| Guard::requires([scope]).check(asks.clone());
    let inner = guard(D).depends_on(&guard(B));
    let table = OperationTable::builder(catalog())
        .guard(guard(A))
        .operation(Operation::get("/x").guard(Guard::requires([C]).depends_on(&inner)))
        .operation(
            Operation::get("/open")
                .guard(Guard::public().check(asks.clone()))
                .override_guards(),
        )
        .operation(Operation::get("/optional").guard(guard(C)).optional().override_guards())
        .build()
        .unwrap();
    let heard = || std::mem::take(&mut *asks.0.lock().unwrap());
    let heard_as = |expected: &[(&str, &str)]| {
        let owned = |(required, granted): &(&str, &str)| ((*required).to_owned(), (*granted).to_owned());
        assert_eq!(heard(), expected.iter().map(owned).collect::<Vec<_>>());
    };

    let claims = Claims::parse(br#"{"sub":"u","scopes":["a","b","c","d"]}"#, ScopeLayout::List).unwrap();
    let scheme = table.scheme_id(&table.operations()[0].schemes()[0]).unwrap();
    let token = table.token_facts(scheme, &Verified::assertion(claims)).unwrap();
    let request = PresentedCredentials::new(NOW).with_token(&token, Some("u"));
    let permit = authorize(&table.operations()[0], &request).unwrap();
    assert_eq!(permit.required(), [A, C, D, B]);
    assert_eq!(text(permit.granted()), "d c b a");
    heard_as(&[("a", "d c b a"), ("c d", "d c b a"), ("c d b", "d c b a")]);

    let anonymous = authorize(&table.operations()[1], &PresentedCredentials::new(NOW)).unwrap();
    assert!(anonymous.is_anonymous() && anonymous.required().is_empty() && anonymous.granted().next().is_none());
    heard_as(&[("", "")]);

    let optional = authorize(&table.operations()[2], &PresentedCredentials::new(NOW)).unwrap();
    assert!(optional.is_anonymous() && optional.required().is_empty() && optional.granted().next().is_none());
    assert_eq!(optional.operation().challenge_scope(), [C]);
    heard_as(&[("c", "")]);
    let optional = authorize(&table.operations()[2], &request).unwrap();
    assert_eq!((optional.required(), optional.has_scope(&B)), (&[C][..], true));
}

#[test]
fn guards_of_application_and_group_come_first() {
    let table = OperationTable::builder(catalog())
        .guard(Guard::user())
        .group(
            Group::new("/admin")
                .guard(Guard::requires([B]))
                .operation(Operation::get("/a").guard(Guard::requires([A])))
                .operation(Operation::get("/b").guard(Guard::public()).override_guards())
                .operation(Operation::get("/c")),
        )
        .build()
        .unwrap();
    let [a, b, c] = table.operations() else { unreachable!() };
    assert_eq!((a.template(), a.challenge_scope()), ("/admin/a", &[B, A][..]));
    assert_eq!((b.access(), b.is_override()), (Access::Public, true));
    assert_eq!((c.challenge_scope(), c.needs_user()), (&[B][..], true));
}

#[test]
fn scopes_have_the_order_of_their_declarations() {
    let guard = |scope| Guard::requires([scope]);
    let operation = Operation::get("/x").guard(guard(D)).and_guard(guard(C));
    let table = OperationTable::builder(catalog())
        .group(Group::new("/g").operation(operation).guard(guard(B)))
        .guard(guard(A))
        .build()
        .unwrap();
    assert_eq!(table.operations()[0].challenge_scope(), [A, B, C, D]);
}

#[test]
fn an_override_is_explained() {
    let table = OperationTable::builder(catalog())
        .guard(Guard::user().named("everybody"))
        .group(
            Group::new("/open")
                .guard(Guard::requires([B]))
                .operation(Operation::get("/b").guard(Guard::public()).override_guards()),
        )
        .build()
        .unwrap();
    let operation = &table.operations()[0];
    let overridden: Vec<String> = operation.overridden().iter().map(ToString::to_string).collect();
    assert_eq!(overridden, ["everybody", "requires b"]);
    assert_eq!(
        explain(operation, &PresentedCredentials::new(NOW)).to_string(),
        "GET /open/b: allowed\noverrides: everybody, requires b\n- public: satisfied\n",
    );
}

#[test]
fn override_is_explicit_and_overrides_something() {
    let below = |operation: Operation| {
        let group = Group::new("/g").operation(operation);
        OperationTable::builder(catalog())
            .guard(Guard::user())
            .group(group)
            .build()
    };
    let open = || Operation::get("/x").guard(Guard::public());
    let optional = || Operation::get("/x").guard(Guard::requires([B])).optional();
    for operation in [open(), optional()] {
        assert!(below(operation.clone().override_guards()).is_ok());
        assert_eq!(
            below(operation).unwrap_err().to_string(),
            "`GET /g/x` is open below guards that are not; declare that it overrides them"
        );
    }
    assert_eq!(
        build(open().override_guards()).unwrap_err().to_string(),
        "`GET /x` overrides guards, and there are none above it"
    );
    assert!(matches!(
        below(Operation::get("/x").override_guards()).unwrap_err(),
        TableError::NoRequirement { .. }
    ));
    let above_is_public = OperationTable::builder(catalog()).guard(Guard::public());
    assert!(above_is_public.operation(open()).build().is_ok());
    // A caller without a credential needs the seal, too: nothing is loosened.
    let sealed = Guard::public().check(Asks::default());
    assert!(
        OperationTable::builder(catalog())
            .guard(sealed)
            .operation(optional())
            .build()
            .is_ok()
    );
}

#[test]
fn prefixes_and_templates_meet_with_one_slash() {
    let below = |prefixes: &[&str], template: &str| {
        let operation = Operation::get(template).guard(Guard::public());
        let inner = Group::new(*prefixes.last().unwrap()).operation(operation);
        let outer = prefixes[..prefixes.len() - 1].iter().rev();
        let group = outer.fold(inner, |inner, prefix| Group::new(*prefix).group(inner));
        OperationTable::builder(catalog()).group(group).build()
    };
    for (prefixes, template, whole) in [
        (&["/a"][..], "/x", "/a/x"),
        (&["/a"], "", "/a"),
        (&["/a"], "/", "/a/"),
        (&["/a", "/{b}", ""], "/x", "/a/{b}/x"),
        (&["/a", ""], "", "/a"),
        (&[""], "/x", "/x"),
    ] {
        assert_eq!(below(prefixes, template).unwrap().operations()[0].template(), whole);
    }
    for (prefixes, template) in [
        (&["/a/"][..], "/x"),
        (&["a"], "/x"),
        (&["/a"], "x"),
        (&["/"], "/x"),
        (&["/a", "b"], "/x"),
        (&["", "b"], "/x"),
        (&[""], ""),
    ] {
        let fault = below(prefixes, template).unwrap_err();
        assert!(
            matches!(fault, TableError::Prefix { .. }),
            "{prefixes:?} {template}: {fault}"
        );
    }
    let twice = Group::new("/a").operation(Operation::get("/{x}").guard(Guard::public()));
    let twice = OperationTable::builder(catalog())
        .group(twice)
        .operation(Operation::get("/a/{y}").guard(Guard::public()));
    assert_eq!(twice.build().unwrap_err().to_string(), "`GET /a/{y}` is declared twice");
}
