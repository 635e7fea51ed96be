//! Redemption of authorization codes.

use scopegate_domain::{AuditEvent, ClientId, ErrorCode, GrantType, Lifetime, Revocation, Revoked, Scope, UserStatus};
use scopegate_grant::{GrantError, TokenSet};
use scopegate_store::DisableAndRevoke;

use crate::common::{NOW, clients, scope, user};
use crate::people::{Browser, PeopleFixture, VERIFIER, WEB, redemption, refresh_of, request, scope_of};

fn code_of(refused: Result<TokenSet, GrantError>) -> (ErrorCode, String) {
    let error = refused.unwrap_err();
    (error.code(), error.to_string())
}

fn invalid_grant() -> (ErrorCode, String) {
    (
        ErrorCode::InvalidGrant,
        "code is not valid, or it does not belong to this request".to_owned(),
    )
}

#[tokio::test]
async fn code_becomes_tokens_of_one_family() {
    let fixture = PeopleFixture::new().await;
    for client in ["web", "page", "tool"] {
        let mut browser = Browser::new();
        let tokens = fixture.tokens_of(client, "me items undeclared", &mut browser).await;
        assert_eq!(scope_of(&tokens), scope("me items"));
        assert_eq!(tokens.expires_in(), Lifetime::from_minutes(10));
        assert!(fixture.is_accepted(&tokens));
        assert_eq!(refresh_of(&tokens).len(), 100);
    }
    let expected = [
        AuditEvent::LoginSucceeded,
        AuditEvent::ConsentGranted,
        AuditEvent::CodeIssued,
        AuditEvent::CodeRedeemed,
        AuditEvent::FamilyBegun,
    ];
    assert_eq!(fixture.events().await, expected.map(|event| [event; 3]).concat());
}

#[tokio::test]
async fn client_without_the_grant_gets_no_refresh_token() {
    let fixture = PeopleFixture::new().await;
    let grants = [GrantType::AuthorizationCode];
    fixture
        .change_client("web", |client| client.with_grant_types(grants))
        .await;
    let tokens = fixture.tokens_of("web", "me offline_access", &mut Browser::new()).await;
    assert!(tokens.refresh_token().is_none() && fixture.is_accepted(&tokens));
}

#[tokio::test]
async fn each_single_mismatch_is_refused() {
    let fixture = PeopleFixture::new().await;
    let mut browser = Browser::new();
    let code = fixture.code(&request("web", &[]), &mut browser).await;
    let usual = redemption("web", &code);
    let changed = |name: &str, value: Option<&'static str>| {
        let mut fields = usual.clone();
        fields.retain(|(given, _)| *given != name);
        let name = usual
            .iter()
            .map(|(given, _)| *given)
            .find(|given| *given == name)
            .unwrap();
        fields.extend(value.map(|value| (name, value)));
        fields
    };
    let long: &'static str = Box::leak("a".repeat(129).into_boxed_str());
    for fields in [
        changed("redirect_uri", None),
        changed("redirect_uri", Some("https://web.example/cb/")),
        changed("redirect_uri", Some("https://page.example/cb")),
        changed("code_verifier", None),
        changed("code_verifier", Some(VERIFIER.get(..42).unwrap())),
        changed("code_verifier", Some(long)),
        changed("code_verifier", Some("aBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")),
        changed("code", Some("sgac_x")),
        changed("code", Some("sgrt_x")),
    ] {
        assert_eq!(
            code_of(fixture.token("web", &fields).await),
            invalid_grant(),
            "{fields:?}"
        );
    }
    for client in ["page", "tool"] {
        assert_eq!(code_of(fixture.token(client, &usual).await), invalid_grant());
    }
    let missing = fixture.token("web", &changed("code", None)).await;
    assert_eq!(missing.unwrap_err().code(), ErrorCode::InvalidRequest);
    assert!(fixture.has_counted(AuditEvent::CodeRefused).await);
    // None of them has used the code.
    assert!(fixture.token("web", &usual).await.is_ok());
}

#[tokio::test]
async fn code_without_redirect_uri_is_redeemed_without() {
    let fixture = PeopleFixture::new().await;
    let code = fixture
        .code(&request("web", &[("redirect_uri", "")]), &mut Browser::new())
        .await;
    assert_eq!(code_of(fixture.redeem("web", &code).await), invalid_grant());
    let mut fields = redemption("web", &code);
    fields.retain(|(name, _)| *name != "redirect_uri");
    assert!(fixture.token("web", &fields).await.is_ok());
}

#[tokio::test]
async fn code_expires_after_a_minute() {
    let fixture = PeopleFixture::new().await;
    let mut browser = Browser::new();
    for (seconds, is_valid) in [(59, true), (60, false)] {
        let code = fixture.code(&request("web", &[]), &mut browser).await;
        fixture.advance(seconds);
        assert_eq!(fixture.redeem("web", &code).await.is_ok(), is_valid, "{seconds}");
    }
}

#[tokio::test]
async fn change_after_issuing_refuses_the_code() {
    for change in [
        "disabled",
        "withdrawn",
        "removed",
        "user scope",
        "client scope",
        "logged out",
    ] {
        let fixture = PeopleFixture::new().await;
        let mut browser = Browser::new();
        let code = fixture.code(&request("web", &[]), &mut browser).await;
        let (store, john) = (fixture.store(), user("johndoe"));
        let web = ClientId::parse("web").unwrap();
        let account = fixture.account(&browser).await.unwrap();
        match change {
            "disabled" => assert!(store.users().set_status(john.id(), UserStatus::Disabled).await.unwrap()),
            "withdrawn" => assert!(fixture.withdraw(&account, &web).await),
            "removed" => assert!(clients(&fixture.store).remove(&web).await.unwrap()),
            "user scope" => assert!(store.users().set_scope(john.id(), &Scope::EMPTY).await.unwrap()),
            "client scope" => {
                let narrowed = fixture.change_client("web", |client| client.with_scope(scope("other")));
                narrowed.await;
            }
            _ => assert!(
                fixture
                    .accounts
                    .end_session(&account, account.session().id(), &fixture.origin)
                    .await
                    .unwrap()
            ),
        }
        let refused = fixture.redeem("web", &code).await.unwrap_err().code();
        let expected = if change == "removed" {
            ErrorCode::InvalidClient
        } else {
            ErrorCode::InvalidGrant
        };
        assert_eq!(refused, expected, "{change}");
    }
}

#[tokio::test]
async fn lowered_ceiling_narrows_the_tokens() {
    let fixture = PeopleFixture::new().await;
    let code = fixture.code(&request("web", &[]), &mut Browser::new()).await;
    let john = user("johndoe");
    assert!(
        fixture
            .store()
            .users()
            .set_scope(john.id(), &scope("items"))
            .await
            .unwrap()
    );
    assert_eq!(fixture.redeem("web", &code).await.unwrap().scope(), &scope("items"));
}

#[tokio::test]
async fn replay_ends_the_family_only_with_all_bindings() {
    let fixture = PeopleFixture::new().await;
    let code = fixture.code(&request("web", &[]), &mut Browser::new()).await;
    let tokens = fixture.redeem("web", &code).await.unwrap();
    let usual = redemption("web", &code);
    let without = |name: &str| {
        usual
            .iter()
            .copied()
            .filter(|(given, _)| *given != name)
            .collect::<Vec<_>>()
    };
    let other = |name, value| [without(name), vec![(name, value)]].concat();
    for fields in [
        without("redirect_uri"),
        without("code_verifier"),
        other("redirect_uri", "https://web.example/other"),
        other("code_verifier", "aBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    ] {
        assert_eq!(code_of(fixture.token("web", &fields).await), invalid_grant());
        assert!(fixture.is_accepted(&tokens));
    }
    assert_eq!(code_of(fixture.token("page", &usual).await), invalid_grant());
    assert!(fixture.is_accepted(&tokens));
    let next = fixture.refresh("web", &refresh_of(&tokens)).await.unwrap();

    assert_eq!(code_of(fixture.token("web", &usual).await), invalid_grant());
    assert!(!fixture.is_accepted(&tokens) && !fixture.is_accepted(&next));
    assert!(fixture.refresh("web", &refresh_of(&next)).await.is_err());
    assert_eq!(
        fixture
            .events()
            .await
            .iter()
            .filter(|event| **event == AuditEvent::CodeReplayed)
            .count(),
        1
    );
    assert_eq!(WEB, "https://web.example/cb");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_redemptions_succeeds() {
    let fixture = std::sync::Arc::new(PeopleFixture::new().await);
    for count in [2, 8, 64] {
        let code = fixture.code(&request("web", &[]), &mut Browser::new()).await;
        let tasks: Vec<_> = (0..count)
            .map(|_| {
                let (fixture, code) = (fixture.clone(), code.clone());
                tokio::spawn(async move { fixture.redeem("web", &code).await })
            })
            .collect();
        let mut redeemed = Vec::new();
        for task in tasks {
            redeemed.extend(task.await.unwrap().ok());
        }
        assert_eq!(redeemed.len(), 1, "{count}");
        // The others were replays with all bindings.
        assert!(fixture.refresh("web", &refresh_of(&redeemed[0])).await.is_err());
    }
}

#[tokio::test]
async fn password_of_the_user_ends_codes() {
    let fixture = PeopleFixture::new().await;
    let code = fixture.code(&request("web", &[]), &mut Browser::new()).await;
    let john = user("johndoe");
    let revocation = Revocation::until(
        Revoked::User {
            id: john.id().clone(),
            username: john.username().clone(),
        },
        NOW,
    );
    let change = DisableAndRevoke::SetPasswordHash(john.id(), None);
    assert!(fixture.store().news().withdraw(change, &revocation).await.unwrap());
    assert_eq!(code_of(fixture.redeem("web", &code).await), invalid_grant());
}

/// Another process revokes the tokens of the user, who then logs in again. The client is cached,
/// and the log was not read since.
#[tokio::test]
async fn first_token_is_later_than_a_revocation() {
    let (window, cached) = (Lifetime::from_seconds(10), Lifetime::from_seconds(5));
    let fixture = PeopleFixture::with_cache(window, None, cached).await;
    let before = fixture.tokens_of("web", "me", &mut Browser::new()).await;
    fixture.watch.refresh().await.unwrap();
    let john = user("johndoe");
    let whose = Revoked::User {
        id: john.id().clone(),
        username: john.username().clone(),
    };
    let revocation = Revocation::until(whose, NOW);
    fixture.store().news().revoke(&revocation).await.unwrap();
    let after = fixture.tokens_of("web", "me", &mut Browser::new()).await;
    fixture.watch.refresh().await.unwrap();
    assert!(!fixture.is_accepted(&before));
    assert!(fixture.is_accepted(&after));
}
