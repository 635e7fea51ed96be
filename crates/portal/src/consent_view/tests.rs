use proptest::prelude::*;
use scopegate_domain::{Catalog, Issuer, SecurityScheme};
use scopegate_grant::ConsentReason;
use scopegate_policy::{Guard, Method, Operation, OperationTable};

use super::*;
use crate::api_descriptions::ApiDescription;

fn token(name: &str) -> ScopeToken {
    ScopeToken::parse(name).unwrap()
}

fn audience(name: &str) -> Audience {
    Audience::parse(name).unwrap()
}

/// An API with scopes and implications; each scope opens `GET` and `DELETE` of its own path.
fn api(name: &str, scopes: &[&str], edges: &[(&str, &str)]) -> ApiDescription {
    let catalog = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
    let catalog = scopes.iter().fold(catalog, |catalog, name| {
        catalog.scope(token(name), format!("What {name} does"))
    });
    let catalog = edges.iter().fold(catalog, |catalog, (stronger, weaker)| {
        catalog.implies(token(stronger), token(weaker))
    });
    let table = scopes
        .iter()
        .fold(OperationTable::builder(catalog.build().unwrap()), |table, name| {
            let guard = || Guard::requires([token(name)]);
            table
                .operation(Operation::get(format!("/{name}")).guard(guard()))
                .operation(Operation::delete(format!("/{name}")).guard(guard()))
        });
    ApiDescription::new(name, table.build().unwrap())
        .audience(audience(name))
        .summary(Method::Get, "/a", "Read an a")
}

fn offer(scope: &str, optional: &str, granted: &str) -> ConsentOffer {
    ConsentOffer {
        scope: scope.parse().unwrap(),
        granted_before: granted.parse().unwrap(),
        optional: optional.parse().unwrap(),
        refused_before: Scope::EMPTY,
        reason: ConsentReason::New,
    }
}

fn site() -> PortalSite {
    PortalSite::new(&Issuer::parse("https://id.example").unwrap()).unwrap()
}

/// The scope tokens that the form has a field for, sorted.
fn fields(resources: &[ConsentResource<'_>]) -> Vec<String> {
    let scopes = resources.iter().flat_map(|resource| &resource.scopes);
    let of_scope = |scope: &ConsentScope<'_>| {
        let own = (scope.field != ScopeField::None).then(|| scope.token.to_string());
        let implied = scope.implies.iter().filter(|implied| implied.is_requested);
        let implied: Vec<String> = implied.map(|implied| implied.token.to_string()).collect();
        own.into_iter().chain(implied).collect::<Vec<_>>()
    };
    let mut fields: Vec<String> = scopes.flat_map(of_scope).collect();
    fields.sort();
    fields
}

#[test]
fn implied_scope_is_listed_under_its_parent() {
    let apis = [api(
        "https://one.example",
        &["a", "b", "c", "d"],
        &[("a", "b"), ("b", "c")],
    )];
    let (site, audiences) = (site(), [audience("https://one.example")]);
    let offer = offer("c a d", "", "");
    let resources = ConsentView::new(&site, &apis).resources(&audiences, &offer);
    let [resource] = &resources[..] else {
        panic!("{resources:?}")
    };
    let listed: Vec<&str> = resource.scopes.iter().map(|scope| scope.token.as_str()).collect();
    assert_eq!(listed, ["a", "d"]);
    let [a, _] = &resource.scopes[..] else {
        panic!("{resource:?}")
    };
    let implied: Vec<(&str, bool)> = a
        .implies
        .iter()
        .map(|implied| (implied.token.as_str(), implied.is_requested))
        .collect();
    assert_eq!(implied, [("b", false), ("c", true)]);
    assert_eq!((a.operations.reads.len(), a.operations.deletes.len()), (3, 3));
    assert_eq!(a.operations.reads[0].summary.to_string(), "Read an a");
    assert_eq!(a.description.to_string(), "What a does");
    assert_eq!(fields(&resources), ["a", "c", "d"]);
}

#[test]
fn optional_scopes_are_refused_one_by_one() {
    let apis = [api("https://one.example", &["a", "b"], &[("a", "b")])];
    let (site, audiences) = (site(), [audience("https://one.example")]);
    let offer = offer("a b", "a b", "");
    let resources = ConsentView::new(&site, &apis).resources(&audiences, &offer);
    let ticked = ScopeField::Optional { is_ticked: true };
    assert!(resources[0].scopes.iter().all(|scope| scope.field == ticked));
    assert_eq!(resources[0].scopes.len(), 2);
}

fn subset(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::subsequence(of, 0..=of.len()).prop_map(|tokens| tokens.join(" "))
}

proptest! {
    #[test]
    fn each_offered_scope_has_one_field(
        scope in subset(&["a", "b", "c", "d", "e", "offline_access", "z"]),
        optional in subset(&["a", "b", "c", "d", "e", "z"]),
        granted in subset(&["a", "b", "c", "d", "e"]),
        edges in prop::sample::subsequence(vec![("a", "b"), ("b", "c"), ("a", "d"), ("d", "c")], 0..=4),
        named in prop::sample::subsequence(vec!["https://one.example", "https://two.example", "https://x.example"], 0..=3),
    ) {
        let apis = [
            api("https://one.example", &["a", "b", "c", "d"], &edges),
            api("https://two.example", &["b", "c", "e"], &[]),
        ];
        let (site, audiences) = (site(), named.iter().map(|name| audience(name)).collect::<Vec<_>>());
        let offer = offer(&scope, &optional, &granted);
        let resources = ConsentView::new(&site, &apis).resources(&audiences, &offer);
        let mut expected: Vec<String> = offer.scope.iter().map(ScopeToken::to_string).collect();
        expected.retain(|token| token != "offline_access");
        expected.sort();
        prop_assert_eq!(fields(&resources), expected);
    }
}
