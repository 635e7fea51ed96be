//! The resources of codes and families: what the access tokens are for.

use scopegate_domain::{
    Audience, ClientId, Clock as _, EndReason, ErrorCode, Lifetime, Resource, Resources, ScopeToken,
};
use scopegate_grant::{GrantError, TokenSet};

use crate::common::{scope, user};
use crate::people::{Browser, PeopleFixture, refresh_of, request, scope_of};

const SHIPS: &str = "https://api.example/ships";
const PORTS: &str = "https://api.example/ports";
const CREWS: &str = "https://api.example/crews";

fn audience(text: &str) -> Audience {
    Audience::of_resource(text).unwrap()
}

/// A server with three resources. `web` has two of them, and may have the scopes of all.
async fn fixture() -> PeopleFixture {
    let resource = |text: &str, names: &[&str]| {
        let resource = Resource::new(audience(text), text);
        names.iter().fold(resource, |resource, name| {
            resource.with_scope(ScopeToken::parse(name).unwrap(), "")
        })
    };
    let resources = [
        resource(SHIPS, &["ships", "shared"]),
        resource(PORTS, &["ports", "shared"]),
        resource(CREWS, &["crews"]),
    ];
    let window = Lifetime::from_seconds(10);
    let fixture = PeopleFixture::build(window, Some(Resources::new(resources).unwrap())).await;
    let all = scope("ships ports shared crews offline_access");
    let store = fixture.store();
    assert!(store.users().set_scope(user("johndoe").id(), &all).await.unwrap());
    let two = [SHIPS, PORTS].map(audience);
    fixture
        .change_client("web", |client| client.with_scope(all).with_resources(two))
        .await;
    fixture
}

async fn refresh(fixture: &PeopleFixture, tokens: &TokenSet, changes: &[(&str, &str)]) -> Result<TokenSet, GrantError> {
    let token = refresh_of(tokens);
    let fields = [
        &[("grant_type", "refresh_token"), ("refresh_token", token.as_str())],
        changes,
    ]
    .concat();
    fixture.advance(60);
    fixture.token("web", &fields).await
}

async fn tokens(fixture: &PeopleFixture, changes: &[(&str, &str)]) -> TokenSet {
    let code = fixture.code(&request("web", changes), &mut Browser::new()).await;
    fixture.redeem("web", &code).await.unwrap()
}

#[tokio::test]
async fn audience_is_the_resources_of_granted_scopes() {
    let fixture = fixture().await;
    for (requested, named, granted, expected) in [
        (
            "ships ports crews offline_access",
            &[][..],
            "ships ports offline_access",
            &[SHIPS, PORTS][..],
        ),
        ("ships crews", &[], "ships", &[SHIPS]),
        ("shared", &[], "shared", &[SHIPS, PORTS]),
        ("ships shared", &[PORTS], "shared", &[PORTS]),
        ("ships ports", &[PORTS, SHIPS], "ships ports", &[SHIPS, PORTS]),
    ] {
        let mut changes = vec![("scope", requested)];
        changes.extend(named.iter().map(|name| ("resource", *name)));
        let tokens = tokens(&fixture, &changes).await;
        assert_eq!(scope_of(&tokens), scope(granted), "{requested}");
        let mut audiences = fixture.audiences(&tokens);
        audiences.sort_by_key(|audience| audience != SHIPS);
        assert_eq!(audiences, expected, "{requested}");
    }
}

#[tokio::test]
async fn resource_of_a_refresh_narrows_one_token() {
    let fixture = fixture().await;
    let first = tokens(&fixture, &[("scope", "ships ports shared")]).await;
    let narrow = refresh(&fixture, &first, &[("resource", PORTS)]).await.unwrap();
    assert_eq!(fixture.audiences(&narrow), [PORTS]);
    assert_eq!(scope_of(&narrow), scope("ports shared"));
    for foreign in [CREWS, "https://api.example/other", "ships"] {
        let refused = refresh(&fixture, &narrow, &[("resource", foreign)]).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidTarget, "{foreign}");
    }
    let whole = refresh(&fixture, &narrow, &[]).await.unwrap();
    assert_eq!(
        (fixture.audiences(&whole).len(), scope_of(&whole)),
        (2, scope("ships ports shared"))
    );
    let nothing = refresh(&fixture, &whole, &[("resource", PORTS), ("scope", "ships")])
        .await
        .unwrap_err();
    assert_eq!(nothing.code(), ErrorCode::InvalidScope);
}

#[tokio::test]
async fn refused_refresh_does_not_use_the_token() {
    let fixture = fixture().await;
    let first = tokens(&fixture, &[("scope", "ships ports")]).await;
    let fewer = scope("ports");
    let store = fixture.store();
    for refused in [
        &[("resource", PORTS), ("scope", "ships")][..],
        &[("scope", "ships ports shared")],
        &[("resource", CREWS)],
    ] {
        refresh(&fixture, &first, refused).await.unwrap_err();
    }
    assert!(store.users().set_scope(user("johndoe").id(), &fewer).await.unwrap());
    let lowered = refresh(&fixture, &first, &[("scope", "ships")]).await.unwrap_err();
    assert_eq!(lowered.code(), ErrorCode::InvalidScope);
    let next = refresh(&fixture, &first, &[]).await.unwrap();
    assert_eq!(scope_of(&next), fewer);
}

#[tokio::test]
async fn refused_redemption_leaves_no_family() {
    let fixture = fixture().await;
    let mut browser = Browser::new();
    let only_ships = request("web", &[("scope", "ships shared"), ("resource", SHIPS)]);
    let code = fixture.code(&only_ships, &mut browser).await;
    let refused = fixture
        .redeem_with("web", &code, &[("resource", PORTS)])
        .await
        .unwrap_err();
    assert_eq!(refused.code(), ErrorCode::InvalidTarget);
    let (john, web) = (user("johndoe"), ClientId::parse("web").unwrap());
    let store = fixture.store();
    let families = store
        .families()
        .of_client(john.id(), &web, fixture.clock.now(), 9)
        .await
        .unwrap();
    let ends: Vec<_> = families.iter().map(|found| found.end).collect();
    assert_eq!(ends, [Some(EndReason::Refused)]);
}

#[tokio::test]
async fn code_fixes_the_resources() {
    let fixture = fixture().await;
    let ships = tokens(&fixture, &[("scope", "ships shared"), ("resource", SHIPS)]).await;
    assert_eq!(fixture.audiences(&ships), [SHIPS]);
    let refused = refresh(&fixture, &ships, &[("resource", PORTS)]).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::InvalidTarget);
    assert_eq!(
        fixture.audiences(&refresh(&fixture, &ships, &[]).await.unwrap()),
        [SHIPS]
    );
}

#[tokio::test]
async fn removed_resource_loses_its_tokens() {
    let fixture = fixture().await;
    let first = tokens(&fixture, &[("scope", "ships ports")]).await;
    fixture
        .change_client("web", |client| client.with_resources([audience(SHIPS)]))
        .await;
    let second = refresh(&fixture, &first, &[]).await.unwrap();
    assert_eq!(
        (fixture.audiences(&second), scope_of(&second)),
        (vec![SHIPS.to_owned()], scope("ships"))
    );
    fixture
        .change_client("web", |client| client.with_resources([audience(CREWS)]))
        .await;
    assert_eq!(
        refresh(&fixture, &second, &[]).await.unwrap_err().code(),
        ErrorCode::InvalidGrant
    );
}
