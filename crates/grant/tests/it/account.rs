//! The account of a user: sessions, applications, the password, and logout.

use scopegate_domain::{AuditEvent, ClientId, RedirectUri, Secret};
use scopegate_grant::{
    AccountError, AccountLogin, AccountLoginError, AccountSession, LoginForm, LoginOutcome, LoginProblem, Logout,
    LogoutRequest, PasswordChange,
};

use scopegate_token::AcceptedTokens;

use crate::people::{Browser, PeopleFixture, refresh_of, request};

async fn logged_in(fixture: &PeopleFixture, name: &str) -> Browser {
    let mut browser = Browser::new();
    let page = fixture.login_page(&request("web", &[]), &browser).await;
    fixture.pass_login(&page, &mut browser, name).await;
    fixture.advance(1);
    browser
}

#[tokio::test]
async fn user_ends_own_sessions_only() {
    let fixture = PeopleFixture::new().await;
    let (one, two, three) = (
        logged_in(&fixture, "johndoe").await,
        logged_in(&fixture, "johndoe").await,
        logged_in(&fixture, "johndoe").await,
    );
    let jane = logged_in(&fixture, "jane").await;
    let account = fixture.account(&one).await.unwrap();
    assert_eq!(fixture.accounts.sessions(&account, 10).await.unwrap().len(), 3);
    let end = async |browser: &Browser| {
        let id = browser.session.as_ref().unwrap().id();
        fixture
            .accounts
            .end_session(&account, &id, &fixture.origin)
            .await
            .unwrap()
    };
    assert!(!end(&jane).await && fixture.account(&jane).await.is_some());
    assert!(end(&two).await && !end(&two).await);
    assert!(fixture.account(&two).await.is_none());
    assert_eq!(
        fixture
            .accounts
            .end_other_sessions(&account, &fixture.origin)
            .await
            .unwrap(),
        1
    );
    assert!(fixture.account(&three).await.is_none() && fixture.account(&one).await.is_some());
    assert!(fixture.account(&jane).await.is_some());
    let ended = fixture.events().await;
    assert_eq!(
        ended.iter().filter(|event| **event == AuditEvent::SessionEnded).count(),
        2
    );
}

/// The store may not return the session either, so it is not read.
#[tokio::test]
async fn unread_revocations_precede_the_session() {
    let fixture = PeopleFixture::new().await;
    let browser = logged_in(&fixture, "johndoe").await;
    let accounts = &fixture.accounts;
    let session = browser.session.as_ref().unwrap();
    let flow = accounts.login_flow(&fixture.visit(&browser)).unwrap();
    let password = Secret::new("secret".to_owned());
    let form = LoginForm {
        flow: &flow,
        username: "johndoe",
        password: &password,
        stay: false,
    };
    let back = LogoutRequest {
        client_id: Some("web"),
        post_logout_redirect_uri: Some("https://web.example/out"),
        state: None,
    };
    fixture.watch.set().accept(AcceptedTokens::None);
    assert!(accounts.find(session).await.is_err());
    assert!(accounts.logout_return(&back).await.is_err());
    let here = LogoutRequest::default();
    assert!(accounts.log_out(Some(session), &here, &fixture.origin).await.is_err());
    let login = accounts.log_in(&form, &fixture.visit(&browser)).await;
    assert!(
        matches!(login, Err(AccountLoginError::Account(AccountError::Store(_)))),
        "{login:?}"
    );
    fixture.watch.set().accept(AcceptedTokens::All);
    assert!(fixture.account(&browser).await.is_some(), "nothing has ended");
    let login = accounts.log_in(&form, &fixture.visit(&browser)).await;
    assert!(matches!(login, Ok(AccountLogin::LoggedIn(_))), "{login:?}");
}

#[tokio::test]
async fn withdrawn_application_loses_its_tokens() {
    let fixture = PeopleFixture::new().await;
    let mut browser = Browser::new();
    let web = fixture.tokens_of("web", "me", &mut browser).await;
    let tool = fixture.tokens_of("tool", "me", &mut browser).await;
    let account = fixture.account(&browser).await.unwrap();
    let applications = fixture.accounts.applications(&account, None, 10).await.unwrap();
    let names: Vec<_> = applications
        .iter()
        .map(|(client, summary)| (client.id().as_str(), summary.live_families))
        .collect();
    assert_eq!(names, [("tool", 1), ("web", 1)]);
    let id = ClientId::parse("web").unwrap();
    let after = fixture
        .accounts
        .applications(&account, Some(&ClientId::parse("tool").unwrap()), 10)
        .await
        .unwrap();
    assert_eq!(after.len(), 1);
    assert!(fixture.withdraw(&account, &id).await);
    assert!(!fixture.withdraw(&account, &id).await);
    assert!(!fixture.is_accepted(&web) && fixture.is_accepted(&tool));
    assert!(fixture.refresh("web", &refresh_of(&web)).await.is_err());
    assert!(fixture.refresh("tool", &refresh_of(&tool)).await.is_ok());
    let withdrawn = fixture.events().await;
    assert_eq!(
        withdrawn
            .iter()
            .filter(|event| **event == AuditEvent::ConsentWithdrawn)
            .count(),
        1
    );
}

async fn change(
    fixture: &PeopleFixture,
    account: &AccountSession,
    browser: &Browser,
    old: &str,
) -> Result<scopegate_grant::LoginCookies, AccountError> {
    let (old, new) = (Secret::new(old.to_owned()), Secret::new("a new password".to_owned()));
    let change = PasswordChange {
        old: &old,
        new: &new,
        stay: false,
        browser: &browser.cookie,
        user_agent: "a browser",
    };
    fixture
        .accounts
        .change_password(account, &change, &fixture.origin)
        .await
}

#[tokio::test]
async fn changed_password_ends_all_other_access() {
    let fixture = PeopleFixture::new().await;
    let mut browser = Browser::new();
    let tokens = fixture.tokens_of("web", "me", &mut browser).await;
    let other = logged_in(&fixture, "johndoe").await;
    let account = fixture.account(&browser).await.unwrap();
    let changed = change(&fixture, &account, &browser, "secret").await.unwrap();
    assert!(fixture.account(&browser).await.is_none() && fixture.account(&other).await.is_none());
    assert!(fixture.accounts.find(&changed.session).await.unwrap().is_some());
    assert!(!fixture.is_accepted(&tokens));
    assert!(fixture.refresh("web", &refresh_of(&tokens)).await.is_err());
    let fresh = Browser::new();
    let page = fixture.login_page(&request("web", &[]), &fresh).await;
    let old = fixture.log_in(&page, &fresh, "johndoe", "secret").await.unwrap();
    assert!(matches!(old, LoginOutcome::Again(_)));
    let new = fixture
        .log_in(&page, &fresh, "johndoe", "a new password")
        .await
        .unwrap();
    assert!(matches!(new, LoginOutcome::LoggedIn(_)));
    assert!(fixture.events().await.contains(&AuditEvent::PasswordChanged));
}

#[tokio::test(start_paused = true)]
async fn password_change_is_throttled() {
    let fixture = PeopleFixture::new().await;
    let browser = logged_in(&fixture, "johndoe").await;
    let account = fixture.account(&browser).await.unwrap();
    // Each attempt has another cookie of the browser.
    for _ in 0..10 {
        let refused = change(&fixture, &account, &Browser::new(), "wrong").await.unwrap_err();
        assert!(
            matches!(refused, AccountError::Password(LoginProblem::Rejected)),
            "{refused:?}"
        );
    }
    let refused = change(&fixture, &account, &Browser::new(), "secret").await.unwrap_err();
    assert!(
        matches!(refused, AccountError::Password(LoginProblem::Throttled { .. })),
        "{refused:?}"
    );
    assert!(fixture.account(&browser).await.is_some());
}

#[tokio::test]
async fn logout_returns_to_registered_uris_only() {
    let fixture = PeopleFixture::new().await;
    let uris = ["https://web.example/out", "http://127.0.0.1/out?a=b"].map(|uri| RedirectUri::parse(uri).unwrap());
    fixture
        .change_client("web", |client| client.with_post_logout_redirect_uris(uris))
        .await;
    let log_out = async |client, uri, state| {
        let browser = logged_in(&fixture, "johndoe").await;
        let request = LogoutRequest {
            client_id: client,
            post_logout_redirect_uri: uri,
            state,
        };
        let outcome = fixture
            .accounts
            .log_out(browser.session.as_ref(), &request, &fixture.origin)
            .await
            .unwrap();
        assert!(fixture.account(&browser).await.is_none());
        match outcome {
            Logout::Return(back) => Some(back.location),
            Logout::Here => {
                assert!(uri.is_none());
                None
            }
            Logout::Unregistered => {
                assert!(uri.is_some());
                None
            }
        }
    };
    let registered = Some("https://web.example/out");
    assert_eq!(log_out(Some("web"), registered, None).await.as_deref(), registered);
    assert_eq!(
        log_out(Some("web"), registered, Some("a b")).await.unwrap(),
        "https://web.example/out?state=a%20b"
    );
    let port = Some("http://127.0.0.1:81/out?a=b");
    assert_eq!(
        log_out(Some("web"), port, Some("x")).await.unwrap(),
        "http://127.0.0.1:81/out?a=b&state=x"
    );
    for (client, uri) in [
        (None, None),
        (None, registered),
        (Some("page"), registered),
        (Some("nobody"), registered),
        (Some("web"), Some("https://web.example/cb")),
        (Some("web"), Some("https://web.example/out/")),
    ] {
        assert_eq!(log_out(client, uri, Some("x")).await, None, "{client:?} {uri:?}");
    }
}

#[tokio::test]
async fn form_token_is_bound_to_session_form_and_day() {
    const DAY: u32 = 24 * 60 * 60;
    let fixture = PeopleFixture::new().await;
    let (one, two) = (
        logged_in(&fixture, "johndoe").await,
        logged_in(&fixture, "johndoe").await,
    );
    let (one, two) = (
        fixture.account(&one).await.unwrap(),
        fixture.account(&two).await.unwrap(),
    );
    let token = fixture.accounts.form_token(&one, "withdraw");
    assert!(fixture.accounts.accepts_form(&one, "withdraw", &token));
    assert!(!fixture.accounts.accepts_form(&two, "withdraw", &token));
    assert!(!fixture.accounts.accepts_form(&one, "end-session", &token));
    for other in ["", token.get(1..).unwrap(), &token.to_uppercase(), &format!("{token}0")] {
        assert!(!fixture.accounts.accepts_form(&one, "withdraw", other), "{other}");
    }
    fixture.advance(DAY);
    assert!(fixture.accounts.accepts_form(&one, "withdraw", &token));
    fixture.advance(DAY);
    assert!(!fixture.accounts.accepts_form(&one, "withdraw", &token));
}
