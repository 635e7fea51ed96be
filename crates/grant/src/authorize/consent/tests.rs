use proptest::prelude::*;
use scopegate_domain::{
    Catalog, ClientAuthMethod, ClientId, RedirectUri, Resource, Resources, SecurityScheme, Timestamp, UserId,
};

use super::*;
use crate::Params;
use crate::targets::Targets;

const NAMES: [&str; 6] = ["a", "b", "c", "d", "offline_access", "undeclared"];

fn scope(names: &[&str]) -> Scope {
    names.iter().map(|name| ScopeToken::parse(name).unwrap()).collect()
}

fn some() -> impl Strategy<Value = Scope> {
    let names = proptest::sample::subsequence(NAMES.to_vec(), 0..=NAMES.len());
    names.prop_shuffle().prop_map(|names| scope(&names))
}

fn one_api() -> Targets {
    let declared = ["a", "b", "c", "d"].iter().fold(
        Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token")),
        |builder, name| builder.scope(ScopeToken::parse(name).unwrap(), ""),
    );
    Targets::new(&declared.build().unwrap(), None)
}

fn client(ceiling: &Scope, uri: &str) -> Client {
    Client::public(ClientId::parse("app").unwrap(), "App")
        .with_scope(ceiling.clone())
        .with_redirect_uris([RedirectUri::parse(uri).unwrap()])
}

const HTTPS: &str = "https://app.example/cb";

fn stored(granted: &Scope, refused: &Scope) -> Consent {
    let (user, client) = (UserId::parse("u1").unwrap(), ClientId::parse("app").unwrap());
    Consent::new(user, client, granted.clone(), refused.clone(), Timestamp::from_unix(1))
}

fn need(scope: &Scope, client: &Client, prompt: Prompt, stored: Option<&Consent>) -> ConsentNeed {
    let kind = client.redirect_uris()[0].kind();
    consent_need(scope, client, kind, prompt, stored)
}

proptest! {
    #[test]
    fn granted_scope_is_within_each_ceiling(requested in some(), client_may in some(), user_may in some()) {
        let targets = one_api();
        let current = targets.current();
        let targets = RequestTargets::one_api(&current);
        let possible = scope(&NAMES[..5]).intersection(&client_may).intersection(&user_may);
        match grantable(&requested, &targets, &client_may, &user_may) {
            Ok(granted) => {
                prop_assert_eq!(granted.scope, requested.intersection(&possible));
                prop_assert!(granted.audiences.is_empty());
            }
            Err(cause) => {
                prop_assert_eq!(cause, InvalidScopeCause::NothingLeft);
                prop_assert!(is_nothing(&requested.intersection(&possible)));
            }
        }
    }

    #[test]
    fn form_cannot_widen_the_offer(
        offered in some(),
        optional in some(),
        ticked in proptest::collection::vec(proptest::sample::select(NAMES.to_vec()), 0..8),
    ) {
        let client = client(&offered, HTTPS).with_optional_scope(offered.intersection(&optional));
        let offer = ConsentOffer::new(&offered, &client, None);
        let distinct: HashSet<_> = ticked.iter().collect();
        let as_scope = scope(&ticked);
        let is_right = distinct.len() == ticked.len()
            && as_scope <= offered
            && offer.required() <= as_scope
            && !is_nothing(&as_scope);
        match offer.decide(ticked) {
            Ok(decision) => {
                prop_assert!(is_right);
                prop_assert!(decision.granted == as_scope);
                prop_assert!(decision.granted.intersection(&decision.refused).is_empty());
                prop_assert_eq!(decision.granted.len() + decision.refused.len(), offered.len());
                prop_assert!(decision.refused <= optional);
            }
            Err(_) => prop_assert!(!is_right),
        }
    }

    #[test]
    fn remembered_decision_is_never_wider(
        requested in some(), granted in some(), refused in some(), optional in some(), first_party in any::<bool>(),
    ) {
        let refused = refused.iter().filter(|token| !granted.contains(token)).cloned().collect();
        let client = client(&requested, HTTPS)
            .with_optional_scope(requested.intersection(&optional))
            .with_first_party(first_party);
        let consent = stored(&granted, &refused);
        match need(&requested, &client, Prompt::default(), Some(&consent)) {
            ConsentNeed::Decided(decision) if first_party => prop_assert_eq!(decision.granted, requested),
            ConsentNeed::Decided(decision) => {
                prop_assert!(decision.granted <= granted && decision.granted <= requested);
                prop_assert!(decision.refused <= refused && decision.refused <= optional);
                prop_assert_eq!(decision.granted.len() + decision.refused.len(), requested.len());
                prop_assert!(!is_nothing(&decision.granted));
            }
            ConsentNeed::Page(offer) => {
                prop_assert!(!first_party);
                prop_assert_eq!(&offer.scope, &requested);
                prop_assert!(offer.granted_before <= granted && offer.refused_before <= refused);
                prop_assert_eq!(offer.reason, ConsentReason::New);
            }
        }
    }
}

#[test]
fn impersonable_client_always_shows_the_page() {
    let all = scope(&["a", "b"]);
    let consent = stored(&all, &Scope::EMPTY);
    for uri in ["http://127.0.0.1/cb", "http://localhost:8000/cb", "com.example.app:/cb"] {
        let client = client(&all, uri).with_first_party(true);
        for client in [client.clone(), client.with_auth_method(ClientAuthMethod::SecretBasic)] {
            let ConsentNeed::Page(offer) = need(&all, &client, Prompt::default(), Some(&consent)) else {
                panic!("{uri} needs the page");
            };
            assert_eq!(
                (offer.reason, offer.granted_before),
                (ConsentReason::Impersonable, all.clone())
            );
        }
    }
    // A client with `https` that answers to a program of the device.
    let both = client(&all, HTTPS).with_first_party(true);
    let need = consent_need(
        &all,
        &both,
        RedirectUriKind::Loopback,
        Prompt::default(),
        Some(&consent),
    );
    assert!(matches!(need, ConsentNeed::Page(_)));
}

#[test]
fn page_is_shown_on_request_and_for_new_scope() {
    let (all, one) = (scope(&["a", "b"]), scope(&["a"]));
    let client = client(&all, HTTPS).with_optional_scope(scope(&["b"]));
    let consent = stored(&one, &scope(&["b"]));
    let prompt = Prompt {
        consent: true,
        ..Prompt::default()
    };
    let reason = |need| match need {
        ConsentNeed::Page(offer) => Some(offer.reason),
        ConsentNeed::Decided(_) => None,
    };
    assert_eq!(
        reason(need(&all, &client, prompt, Some(&consent))),
        Some(ConsentReason::Requested)
    );
    assert_eq!(
        reason(need(&all, &client, Prompt::default(), None)),
        Some(ConsentReason::New)
    );
    assert_eq!(reason(need(&all, &client, Prompt::default(), Some(&consent))), None);
    // The request has only scopes that were refused before, so nothing is left to grant.
    let refused = scope(&["b"]);
    assert_eq!(
        reason(need(&refused, &client, Prompt::default(), Some(&consent))),
        Some(ConsentReason::New)
    );
    // An optional scope is required now.
    let required = client.with_optional_scope(Scope::EMPTY);
    assert_eq!(
        reason(need(&all, &required, Prompt::default(), Some(&consent))),
        Some(ConsentReason::New)
    );
}

#[test]
fn offline_access_belongs_to_no_resource() {
    let audience = Audience::parse("https://ships.example").unwrap();
    let ships = Resource::new(audience.clone(), "Ships").with_scope(ScopeToken::from_static("a"), "");
    let catalog = Catalog::builder().build().unwrap();
    let targets = Targets::new(&catalog, Some(Resources::new([ships]).unwrap()));
    let current = targets.current();
    let targets = RequestTargets::parse(&current, None, std::slice::from_ref(&audience), &Params::default()).unwrap();
    let all = scope(&["a", "offline_access", "undeclared"]);
    let granted = grantable(&all, &targets, &all, &all).unwrap();
    assert_eq!(granted.scope, scope(&["a", "offline_access"]));
    assert_eq!(granted.audiences, [audience]);
    let alone = scope(&["offline_access"]);
    assert_eq!(
        grantable(&alone, &targets, &all, &all),
        Err(InvalidScopeCause::NothingLeft)
    );
}
