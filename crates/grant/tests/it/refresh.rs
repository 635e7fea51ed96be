//! Refresh tokens: rotation, retries, reuse, limits, introspection and revocation.

use std::sync::Arc;

use scopegate_domain::{AuditEvent, ClientId, ErrorCode, Lifetime, Revocation, Revoked, Scope, UserStatus};
use scopegate_grant::{Params, SecretRings};
use scopegate_store::DisableAndRevoke;
use scopegate_token::SystemRandomSource;

use crate::common::{NOW, clients, scope, user};
use crate::people::{Browser, PAGE, PeopleFixture, VERIFIER, refresh_of, request, scope_of};

#[tokio::test]
async fn refresh_rotates_the_token() {
    let fixture = PeopleFixture::new().await;
    for client in ["web", "page", "tool"] {
        let first = fixture.tokens_of(client, "me items", &mut Browser::new()).await;
        let mut token = refresh_of(&first);
        for _ in 0..3 {
            fixture.advance(60);
            let tokens = fixture.refresh(client, &token).await.unwrap();
            assert_eq!(scope_of(&tokens), scope("me items"));
            assert!(fixture.is_accepted(&tokens));
            assert_ne!(refresh_of(&tokens), token);
            token = refresh_of(&tokens);
        }
    }
}

#[tokio::test]
async fn retry_receives_the_same_successor() {
    let fixture = PeopleFixture::new().await;
    let first = refresh_of(&fixture.tokens_of("page", "me", &mut Browser::new()).await);
    let second = refresh_of(&fixture.refresh("page", &first).await.unwrap());
    fixture.advance(10);
    let retried = fixture.refresh("page", &first).await.unwrap();
    assert_eq!(refresh_of(&retried), second);
    assert!(fixture.is_accepted(&retried));
    assert!(fixture.refresh("page", &second).await.is_ok());
    assert!(fixture.has_counted(AuditEvent::FamilyRetried).await);
}

#[tokio::test]
async fn reuse_ends_the_family() {
    // The direct predecessor after the window, and an older token at once.
    for (rotations, wait) in [(1, 11), (2, 0)] {
        let fixture = PeopleFixture::new().await;
        let first = fixture.tokens_of("web", "me", &mut Browser::new()).await;
        let (mut last, mut all) = (refresh_of(&first), vec![first]);
        for _ in 0..rotations {
            let tokens = fixture.refresh("web", &last).await.unwrap();
            last = refresh_of(&tokens);
            all.push(tokens);
        }
        fixture.advance(wait);
        let refused = fixture.refresh("web", &refresh_of(&all[0])).await.unwrap_err();
        assert_eq!(refused.to_string(), "refresh token is not valid");
        assert_eq!(refused.code(), ErrorCode::InvalidGrant);
        assert!(fixture.refresh("web", &last).await.is_err());
        assert!(all.iter().all(|tokens| !fixture.is_accepted(tokens)));
        assert_eq!(
            fixture
                .events()
                .await
                .iter()
                .filter(|event| **event == AuditEvent::FamilyReused)
                .count(),
            1
        );
    }
}

#[tokio::test]
async fn window_of_zero_disables_the_retry() {
    let fixture = PeopleFixture::with_retry(Lifetime::from_seconds(0)).await;
    let first = refresh_of(&fixture.tokens_of("web", "me", &mut Browser::new()).await);
    let second = refresh_of(&fixture.refresh("web", &first).await.unwrap());
    assert!(fixture.refresh("web", &first).await.is_err());
    assert!(fixture.refresh("web", &second).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_refreshes_have_one_successor() {
    let fixture = Arc::new(PeopleFixture::new().await);
    let mut token = refresh_of(&fixture.tokens_of("page", "me", &mut Browser::new()).await);
    for count in [2, 8, 64] {
        let tasks: Vec<_> = (0..count)
            .map(|_| {
                let (fixture, token) = (Arc::clone(&fixture), token.clone());
                tokio::spawn(async move { fixture.refresh("page", &token).await })
            })
            .collect();
        let mut successors = Vec::new();
        for task in tasks {
            successors.push(refresh_of(&task.await.unwrap().unwrap()));
        }
        successors.dedup();
        assert_eq!(successors.len(), 1, "{count}");
        token = successors.remove(0);
    }
}

#[tokio::test]
async fn foreign_token_changes_nothing() {
    let fixture = PeopleFixture::new().await;
    let mut browser = Browser::new();
    let tokens = fixture.tokens_of("web", "me", &mut browser).await;
    let own = refresh_of(&tokens);
    let code = fixture.code(&request("page", &[]), &mut browser).await;
    for client in ["page", "tool"] {
        assert_eq!(
            fixture.refresh(client, &own).await.unwrap_err().code(),
            ErrorCode::InvalidGrant
        );
    }
    let flipped = |position: usize| {
        let mut bytes = own.clone().into_bytes();
        bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    let mut others: Vec<String> = (0..own.len()).map(flipped).collect();
    others.extend((1..own.len()).map(|length| own.get(..length).unwrap().to_owned()));
    others.extend([
        format!("{own}A"),
        tokens.access_token().expose().clone(),
        code,
        "sgcs_x".to_owned(),
    ]);
    for other in others {
        let refused = fixture.refresh("web", &other).await.unwrap_err();
        assert_eq!(refused.to_string(), "refresh token is not valid", "{other}");
        let introspected = introspect(&fixture, "web", &other).await;
        assert!(introspected.is_none());
    }
    revoke(&fixture, "page", &own).await;
    assert!(fixture.is_accepted(&tokens) && fixture.refresh("web", &own).await.is_ok());
}

#[tokio::test]
async fn scope_is_narrowed_and_never_widened() {
    let fixture = PeopleFixture::new().await;
    let token = refresh_of(&fixture.tokens_of("web", "me", &mut Browser::new()).await);
    let ask = async |token: &str, changes: &[(&str, &str)]| {
        let fields = [&[("grant_type", "refresh_token"), ("refresh_token", token)], changes].concat();
        fixture.token("web", &fields).await
    };
    for wider in ["me items", "items", "undeclared"] {
        assert_eq!(
            ask(&token, &[("scope", wider)]).await.unwrap_err().code(),
            ErrorCode::InvalidScope
        );
    }
    let foreign = ask(&token, &[("resource", "https://other.example")]).await;
    assert_eq!(foreign.unwrap_err().code(), ErrorCode::InvalidTarget);
    // None of them has used the token.
    fixture.advance(60);
    let token = refresh_of(&ask(&token, &[("scope", "me")]).await.unwrap());
    fixture.advance(60);
    assert!(ask(&token, &[]).await.is_ok());

    let token = refresh_of(&fixture.tokens_of("web", "me items", &mut Browser::new()).await);
    let narrow = ask(&token, &[("scope", "items")]).await.unwrap();
    assert_eq!(scope_of(&narrow), scope("items"));
    // The family keeps its scope.
    let whole = ask(&refresh_of(&narrow), &[]).await.unwrap();
    assert_eq!(scope_of(&whole), scope("me items"));
}

#[tokio::test]
async fn lowered_ceiling_narrows_the_next_token() {
    let fixture = PeopleFixture::new().await;
    let token = refresh_of(&fixture.tokens_of("web", "me items", &mut Browser::new()).await);
    let (users, john) = (fixture.store(), user("johndoe"));
    assert!(users.users().set_scope(john.id(), &scope("items")).await.unwrap());
    let tokens = fixture.refresh("web", &token).await.unwrap();
    assert_eq!(scope_of(&tokens), scope("items"));
    fixture
        .change_client("web", |client| client.with_scope(scope("me")))
        .await;
    let refused = fixture.refresh("web", &refresh_of(&tokens)).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::InvalidGrant);
    assert!(users.users().set_scope(john.id(), &Scope::EMPTY).await.unwrap());
}

#[tokio::test]
async fn refresh_without_scope_changes_nothing() {
    let fixture = PeopleFixture::new().await;
    let token = refresh_of(&fixture.tokens_of("web", "me", &mut Browser::new()).await);
    let (store, john) = (fixture.store(), user("johndoe"));
    for ceiling in [Scope::EMPTY, scope("items")] {
        assert!(store.users().set_scope(john.id(), &ceiling).await.unwrap());
        // After the window the token would be reuse, if a refusal had used it.
        for _ in 0..2 {
            fixture.advance(11);
            let refused = fixture.refresh("web", &token).await.unwrap_err();
            assert_eq!(refused.code(), ErrorCode::InvalidGrant);
        }
    }
    assert!(store.users().set_scope(john.id(), &scope("me items")).await.unwrap());
    fixture.advance(11);
    let next = fixture.refresh("web", &token).await.unwrap();
    assert!(!fixture.events().await.contains(&AuditEvent::FamilyReused));
    // A retry is refused in the same way, and reuse still ends the family.
    assert!(store.users().set_scope(john.id(), &Scope::EMPTY).await.unwrap());
    assert!(fixture.refresh("web", &token).await.is_err());
    assert!(!fixture.events().await.contains(&AuditEvent::FamilyReused));
    fixture.advance(11);
    assert!(fixture.refresh("web", &token).await.is_err());
    assert!(fixture.events().await.contains(&AuditEvent::FamilyReused));
    assert!(store.users().set_scope(john.id(), &scope("me items")).await.unwrap());
    assert!(fixture.refresh("web", &refresh_of(&next)).await.is_err());
}

#[tokio::test]
async fn family_ends_by_idleness_and_age() {
    const DAY: u32 = 24 * 60 * 60;
    for (client, idle, age) in [
        ("page", DAY, 14 * DAY),
        ("tool", 30 * DAY, 180 * DAY),
        ("web", 30 * DAY, 365 * DAY),
    ] {
        let fixture = PeopleFixture::new().await;
        // The family of a browser application does not end with the session.
        let token = refresh_of(
            &fixture
                .tokens_of(client, "me offline_access", &mut Browser::new())
                .await,
        );
        fixture.advance(idle - 1);
        let mut token = refresh_of(&fixture.refresh(client, &token).await.unwrap());
        let mut passed = idle - 1;
        while passed + idle - 1 < age {
            fixture.advance(idle - 1);
            passed += idle - 1;
            token = refresh_of(&fixture.refresh(client, &token).await.unwrap());
        }
        fixture.advance(age - passed);
        assert!(fixture.refresh(client, &token).await.is_err(), "{client}");

        let fixture = PeopleFixture::new().await;
        let token = refresh_of(
            &fixture
                .tokens_of(client, "me offline_access", &mut Browser::new())
                .await,
        );
        fixture.advance(idle);
        assert!(fixture.refresh(client, &token).await.is_err(), "{client}");
    }
}

#[tokio::test]
async fn registered_lifetimes_replace_the_defaults() {
    let fixture = PeopleFixture::new().await;
    let (idle, age) = (Some(Lifetime::from_seconds(100)), Some(Lifetime::from_seconds(150)));
    fixture
        .change_client("web", |client| client.with_refresh_idle(idle).with_refresh_age(age))
        .await;
    let token = refresh_of(&fixture.tokens_of("web", "me", &mut Browser::new()).await);
    fixture.advance(99);
    let token = refresh_of(&fixture.refresh("web", &token).await.unwrap());
    fixture.advance(51);
    assert!(fixture.refresh("web", &token).await.is_err());
}

#[tokio::test]
async fn browser_family_ends_with_the_session() {
    for (client, requested, ends) in [
        ("page", "me", true),
        ("page", "me offline_access", false),
        ("web", "me", false),
        ("tool", "me", false),
    ] {
        let fixture = PeopleFixture::new().await;
        let mut browser = Browser::new();
        let tokens = fixture.tokens_of(client, requested, &mut browser).await;
        let cookie = browser.session.as_ref();
        fixture
            .accounts
            .log_out(cookie, &scopegate_grant::LogoutRequest::default(), &fixture.origin)
            .await
            .unwrap();
        assert_eq!(fixture.is_accepted(&tokens), !ends, "{client} {requested}");
        assert_eq!(
            fixture.refresh(client, &refresh_of(&tokens)).await.is_err(),
            ends,
            "{client} {requested}"
        );
    }
    assert!(PAGE.starts_with("https:"));
}

#[tokio::test]
async fn ended_family_refuses_its_tokens() {
    for change in ["disabled", "withdrawn", "removed", "revoked", "secrets"] {
        let fixture = PeopleFixture::new().await;
        let mut browser = Browser::new();
        let tokens = fixture.tokens_of("web", "me", &mut browser).await;
        let (john, web) = (user("johndoe"), ClientId::parse("web").unwrap());
        let account = fixture.account(&browser).await.unwrap();
        match change {
            "disabled" => {
                let store = fixture.store();
                assert!(store.users().set_status(john.id(), UserStatus::Disabled).await.unwrap());
            }
            "withdrawn" => {
                assert!(fixture.withdraw(&account, &web).await);
                assert!(!fixture.is_accepted(&tokens));
            }
            "removed" => assert!(clients(&fixture.store).remove(&web).await.unwrap()),
            "revoked" => {
                revoke(&fixture, "web", &refresh_of(&tokens)).await;
                assert!(!fixture.is_accepted(&tokens));
                assert!(fixture.events().await.contains(&AuditEvent::FamilyEnded));
            }
            _ => fixture
                .secrets
                .replace(SecretRings::generate(&SystemRandomSource).unwrap()),
        }
        assert!(fixture.refresh("web", &refresh_of(&tokens)).await.is_err(), "{change}");
    }
}

async fn introspect(fixture: &PeopleFixture, client: &str, token: &str) -> Option<scopegate_grant::IntrospectedToken> {
    let form = Params::from_iter([("token", token)]);
    fixture
        .tokens
        .introspect(&form, &fixture.credentials(client), None)
        .await
        .unwrap()
}

async fn revoke(fixture: &PeopleFixture, client: &str, token: &str) {
    let mut fields = vec![("token", token)];
    if client != "web" {
        fields.push(("client_id", client));
    }
    let form = Params::from_iter(fields);
    fixture
        .tokens
        .revoke(&form, &fixture.credentials(client), None)
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn introspection_answers_for_own_refresh_tokens() {
    let fixture = PeopleFixture::new().await;
    let tokens = fixture.tokens_of("web", "me", &mut Browser::new()).await;
    let (first, foreign) = (
        refresh_of(&tokens),
        fixture.tokens_of("page", "me", &mut Browser::new()).await,
    );
    assert!(introspect(&fixture, "web", &first).await.is_none(), "without the right");
    fixture
        .change_client("web", |client| client.with_introspection(true))
        .await;
    let found = introspect(&fixture, "web", &first).await.unwrap();
    assert!(found.is_refresh_token());
    assert_eq!((found.token().scope(), found.token().client_id()), ("me", Some("web")));
    assert_eq!(found.username().unwrap().as_str(), "johndoe");
    assert!(introspect(&fixture, "web", &refresh_of(&foreign)).await.is_none());
    let access = introspect(&fixture, "web", tokens.access_token().expose())
        .await
        .unwrap();
    assert!(!access.is_refresh_token());

    let second = refresh_of(&fixture.refresh("web", &first).await.unwrap());
    assert!(introspect(&fixture, "web", &first).await.is_none());
    assert!(introspect(&fixture, "web", &second).await.is_some());
    revoke(&fixture, "web", &first).await;
    assert!(introspect(&fixture, "web", &second).await.is_none());
    assert!(VERIFIER.len() == 43);
}

/// Another process gives a client this ceiling, and revokes its tokens.
async fn set_ceiling(fixture: &PeopleFixture, ceiling: &str) {
    let web = ClientId::parse("web").unwrap();
    let old = clients(&fixture.store).find(&web).await.unwrap().unwrap();
    let new = old.clone().with_scope(scope(ceiling));
    let change = DisableAndRevoke::UpdateClient { old: &old, new: &new };
    let revocation = Revocation::until(Revoked::Client(web), NOW);
    assert!(fixture.store().news().withdraw(change, &revocation).await.unwrap());
}

/// Another process lowers the ceiling of the client. The token that is issued before the log is
/// read has a position before that of the revocation.
#[tokio::test]
async fn refresh_of_a_stale_client_is_covered() {
    let (window, cached) = (Lifetime::from_seconds(10), Lifetime::from_seconds(5));
    let fixture = PeopleFixture::with_cache(window, None, cached).await;
    let first = fixture.tokens_of("web", "me items", &mut Browser::new()).await;
    fixture.watch.refresh().await.unwrap();
    set_ceiling(&fixture, "me").await;
    let stale = fixture.refresh("web", &refresh_of(&first)).await.unwrap();
    assert_eq!(scope_of(&stale), scope("me items"));
    fixture.watch.refresh().await.unwrap();
    assert!(!fixture.is_accepted(&stale));
    let current = fixture.refresh("web", &refresh_of(&stale)).await.unwrap();
    assert_eq!(scope_of(&current), scope("me"));
    assert!(fixture.is_accepted(&current));
}

/// Another process raises the ceiling of a client that is cached. A part or nothing of the scope
/// was left before.
#[tokio::test]
async fn raised_ceiling_works_at_once() {
    let (window, cached) = (Lifetime::from_seconds(10), Lifetime::from_seconds(5));
    for low in ["me", "offline_access"] {
        let fixture = PeopleFixture::with_cache(window, None, cached).await;
        let first = fixture.tokens_of("web", "me items", &mut Browser::new()).await;
        set_ceiling(&fixture, low).await;
        fixture.watch.refresh().await.unwrap();
        let lowered = fixture.refresh("web", &refresh_of(&first)).await;
        let token = match &lowered {
            Ok(tokens) => refresh_of(tokens),
            Err(_) => refresh_of(&first),
        };
        assert_eq!(lowered.is_ok(), low == "me");
        set_ceiling(&fixture, "me items").await;
        let raised = fixture.refresh("web", &token).await.unwrap();
        assert_eq!(scope_of(&raised), scope("me items"));
        // The token is later than the revocation.
        fixture.watch.refresh().await.unwrap();
        assert!(fixture.is_accepted(&raised));
    }
}
