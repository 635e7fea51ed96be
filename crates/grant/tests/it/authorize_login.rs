//! Logins on a page: sessions, the throttle, `prompt` and `max_age`.

use scopegate_domain::{AuditEvent, ErrorCode, Lifetime};
use scopegate_grant::{
    AuthorizeError, ConsentReason, FormError, LoginForm, LoginOutcome, LoginProblem, LoginStep, Params,
    RedirectedCause, Step,
};
use scopegate_token::SessionCookie;

use crate::common::{NOW, scope, user};
use crate::people::{Browser, PeopleFixture, query_of, request, value_of};

fn cause(refused: Result<Step, AuthorizeError>) -> RedirectedCause {
    match refused.unwrap_err() {
        AuthorizeError::Redirected(error) => error.cause(),
        error => panic!("{error}"),
    }
}

#[tokio::test]
async fn login_consent_and_answer_follow_each_other() {
    let fixture = PeopleFixture::new().await;
    let mut browser = Browser::new();
    let page = fixture
        .login_page(&request("web", &[("login_hint", "johndoe")]), &browser)
        .await;
    assert_eq!((page.username.as_str(), page.client.id().as_str()), ("johndoe", "web"));
    let Step::Consent(consent) = fixture.pass_login(&page, &mut browser, "johndoe").await else {
        panic!("no consent page")
    };
    assert_eq!(consent.offer.scope, scope("me items"));
    assert_eq!(consent.offer.reason, ConsentReason::New);
    assert_eq!(consent.user.username().as_str(), "johndoe");
    let refresh = consent.refresh.unwrap();
    assert!(!refresh.ends_with_session);
    let Step::Answer(answer) = fixture.allow(&consent, &browser).await.unwrap() else {
        panic!("no answer")
    };
    let query = query_of(answer.location().expose());
    assert_eq!(value_of(&query, "state").as_deref(), Some("a state"));
    assert_eq!(value_of(&query, "iss").as_deref(), Some("https://issuer.example"));
    // The second request needs neither page.
    let step = fixture
        .authorize(&request("web", &[("prompt", "none")]), &browser)
        .await
        .unwrap();
    assert!(matches!(step, Step::Answer(_)));
}

#[tokio::test]
async fn failed_logins_show_one_page() {
    let fixture = PeopleFixture::new().await;
    let browser = Browser::new();
    let page = fixture.login_page(&request("web", &[]), &browser).await;
    let long = "a".repeat(5_000);
    for (name, password) in [
        ("johndoe", "wrong"),
        ("nobody", "secret"),
        ("alice", "secret"),
        ("johndoe", &long),
        ("johndoe", "secret\0"),
        ("johndoe\0", "secret"),
        ("johndoe", ""),
        ("", "secret"),
        ("", ""),
    ] {
        let LoginOutcome::Again(again) = fixture.log_in(&page, &browser, name, password).await.unwrap() else {
            panic!("{name:?} is logged in")
        };
        assert_eq!(
            (again.problem, again.username.as_str()),
            (Some(LoginProblem::Rejected), name)
        );
    }
    let sessions = fixture
        .store()
        .sessions()
        .of_user(user("johndoe").id(), NOW, 9)
        .await
        .unwrap();
    assert!(sessions.is_empty());
}

#[tokio::test]
async fn each_login_has_a_new_session() {
    let fixture = PeopleFixture::new().await;
    let mut browser = Browser::new();
    let mut seen: Vec<SessionCookie> = Vec::new();
    for name in ["johndoe", "johndoe", "jane", "johndoe"] {
        let page = fixture
            .login_page(&request("web", &[("prompt", "login")]), &browser)
            .await;
        fixture.pass_login(&page, &mut browser, name).await;
        let session = browser.session.clone().unwrap();
        assert!(seen.iter().all(|other| other.id() != session.id()));
        for other in &seen {
            assert!(
                fixture.accounts.find(other).await.unwrap().is_none(),
                "the row before is deleted"
            );
        }
        let found = fixture.accounts.find(&session).await.unwrap().unwrap();
        assert_eq!(found.user().username().as_str(), name);
        seen.push(session);
    }
}

#[tokio::test]
async fn session_ends_by_idleness_and_age() {
    const HOUR: u32 = 60 * 60;
    for (stay, steps, is_active) in [
        (false, &[12 * HOUR - 1, 12 * HOUR - 1][..], true),
        (false, &[12 * HOUR][..], false),
        (false, &[11 * HOUR, 11 * HOUR, 2 * HOUR][..], false),
        (true, &[29 * 24 * HOUR][..], true),
        (true, &[30 * 24 * HOUR][..], false),
    ] {
        let fixture = PeopleFixture::new().await;
        let browser = Browser::new();
        let page = fixture.login_page(&request("web", &[]), &browser).await;
        let password = scopegate_domain::Secret::new("secret".to_owned());
        let form = LoginForm {
            flow: &page.flow,
            username: "johndoe",
            password: &password,
            stay,
        };
        let LoginOutcome::LoggedIn(login) = fixture.endpoint.login(&form, &fixture.visit(&browser)).await.unwrap()
        else {
            panic!("not logged in")
        };
        assert_eq!(login.cookies.session_age.is_some(), stay);
        let mut found = None;
        for seconds in steps {
            fixture.advance(*seconds);
            found = fixture.accounts.find(&login.cookies.session).await.unwrap();
        }
        assert_eq!(found.is_some(), is_active, "{stay} {steps:?}");
    }
}

#[tokio::test]
async fn use_of_a_session_is_recorded_each_five_minutes() {
    let fixture = PeopleFixture::new().await;
    let mut browser = Browser::new();
    fixture.tokens_of("web", "me", &mut browser).await;
    let seen_at = async || {
        let cookie = browser.session.as_ref().unwrap();
        fixture.accounts.find(cookie).await.unwrap();
        let found = fixture
            .store()
            .sessions()
            .find(&cookie.id(), scopegate_domain::Clock::now(&*fixture.clock))
            .await;
        found.unwrap().unwrap().0.seen_at
    };
    fixture.advance(299);
    assert_eq!(seen_at().await, NOW);
    fixture.advance(1);
    assert_eq!(seen_at().await, NOW + Lifetime::from_seconds(300));
}

#[tokio::test]
async fn user_has_at_most_fifty_sessions() {
    let fixture = PeopleFixture::new().await;
    let mut browsers = Vec::new();
    for _ in 0..52 {
        let mut browser = Browser::new();
        let page = fixture.login_page(&request("web", &[]), &browser).await;
        fixture.pass_login(&page, &mut browser, "johndoe").await;
        browsers.push(browser);
        fixture.advance(1);
    }
    let mut active = Vec::new();
    for browser in &browsers {
        active.push(fixture.account(browser).await.is_some());
    }
    assert_eq!(active.iter().position(|is_active| *is_active), Some(2));
    assert!(active[2..].iter().all(|is_active| *is_active));
}

#[tokio::test]
async fn prompt_login_needs_a_later_login() {
    let fixture = PeopleFixture::new().await;
    let mut browser = Browser::new();
    fixture.tokens_of("web", "me items", &mut browser).await;
    for prompt in ["login", "select_account"] {
        for again in [
            request("web", &[("prompt", prompt)]),
            request("web", &[("max_age", "0")]),
        ] {
            // The clock has not moved: the session of the same second does not count.
            let page = fixture.login_page(&again, &browser).await;
            let step = fixture.pass_login(&page, &mut browser, "johndoe").await;
            assert!(matches!(step, Step::Answer(_)), "{step:?}");
        }
    }
    let none = fixture
        .authorize(&request("web", &[("prompt", "none"), ("max_age", "0")]), &browser)
        .await;
    assert_eq!(cause(none), RedirectedCause::LoginRequired);
}

#[tokio::test]
async fn max_age_is_compared_again() {
    let fixture = PeopleFixture::new().await;
    let mut browser = Browser::new();
    let limited = request("web", &[("max_age", "60")]);
    let page = fixture.login_page(&limited, &browser).await;
    let Step::Consent(consent) = fixture.pass_login(&page, &mut browser, "johndoe").await else {
        panic!("no consent page")
    };
    fixture.advance(61);
    let step = fixture.allow(&consent, &browser).await.unwrap();
    assert!(matches!(step, Step::Login(_)), "{step:?}");
    // The second login is recent enough.
    let Step::Login(page) = step else {
        panic!("no login page")
    };
    let Step::Consent(consent) = fixture.pass_login(&page, &mut browser, "johndoe").await else {
        panic!("no consent page")
    };
    fixture.advance(60);
    assert!(matches!(
        fixture.allow(&consent, &browser).await.unwrap(),
        Step::Answer(_)
    ));
    let none = request("web", &[("max_age", "60"), ("prompt", "none")]);
    assert!(matches!(
        fixture.authorize(&none, &browser).await.unwrap(),
        Step::Answer(_)
    ));
    fixture.advance(1);
    assert_eq!(
        cause(fixture.authorize(&none, &browser).await),
        RedirectedCause::LoginRequired
    );
}

#[tokio::test]
async fn prompt_none_shows_no_page() {
    let fixture = PeopleFixture::new().await;
    let mut browser = Browser::new();
    let none = |client, requested| request(client, &[("prompt", "none"), ("scope", requested)]);
    assert_eq!(
        cause(fixture.authorize(&none("web", "me"), &browser).await),
        RedirectedCause::LoginRequired
    );
    fixture.tokens_of("web", "me", &mut browser).await;
    fixture.tokens_of("tool", "me", &mut browser).await;
    assert!(fixture.authorize(&none("web", "me"), &browser).await.is_ok());
    for (client, requested, expected) in [
        ("web", "me items", RedirectedCause::ConsentRequired),
        ("page", "me", RedirectedCause::ConsentRequired),
        ("tool", "me items", RedirectedCause::ConsentRequired),
        ("tool", "me", RedirectedCause::InteractionRequired),
    ] {
        assert_eq!(
            cause(fixture.authorize(&none(client, requested), &browser).await),
            expected,
            "{client} {requested}"
        );
    }
}

#[tokio::test]
async fn user_without_the_scope_is_refused() {
    let fixture = PeopleFixture::new().await;
    let mut browser = Browser::new();
    fixture.tokens_of("web", "me", &mut browser).await;
    let shared = fixture.store();
    assert!(
        shared
            .users()
            .set_scope(user("johndoe").id(), &scope("me"))
            .await
            .unwrap()
    );
    // The change ends no session, because no token is revoked.
    let refused = fixture
        .authorize(&request("web", &[("scope", "items")]), &browser)
        .await
        .unwrap_err();
    let AuthorizeError::Redirected(error) = refused else {
        panic!("{refused}")
    };
    assert_eq!(error.code(), ErrorCode::InvalidScope);
    let Step::Consent(page) = fixture.authorize(&request("page", &[]), &browser).await.unwrap() else {
        panic!("no consent page")
    };
    assert_eq!(page.offer.scope, scope("me"));
}

#[tokio::test(start_paused = true)]
async fn known_browser_is_not_locked_out() {
    let fixture = PeopleFixture::new().await;
    let mut owner = Browser::new();
    let page = fixture.login_page(&request("web", &[]), &owner).await;
    fixture.pass_login(&page, &mut owner, "johndoe").await;
    let attacker = Browser::new();
    let page = fixture.login_page(&request("web", &[]), &attacker).await;
    let attempt =
        async |browser: &Browser, page: &LoginStep| match fixture.log_in(page, browser, "johndoe", "wrong").await {
            Ok(LoginOutcome::Again(again)) => again.problem.unwrap(),
            other => panic!("{other:?}"),
        };
    for _ in 0..10 {
        assert_eq!(attempt(&attacker, &page).await, LoginProblem::Rejected);
    }
    assert!(matches!(
        attempt(&attacker, &page).await,
        LoginProblem::Throttled { .. }
    ));
    // The cookie of another browser, and one of another user, prove nothing.
    let mut thief = Browser::new();
    let mut jane = Browser::new();
    thief.known = owner.known.clone();
    let login = fixture.login_page(&request("web", &[]), &jane).await;
    fixture.pass_login(&login, &mut jane, "jane").await;
    for browser in [&thief, &jane] {
        let page = fixture
            .login_page(&request("web", &[("prompt", "login")]), browser)
            .await;
        assert!(matches!(attempt(browser, &page).await, LoginProblem::Throttled { .. }));
    }
    let page = fixture
        .login_page(&request("web", &[("prompt", "login")]), &owner)
        .await;
    fixture.pass_login(&page, &mut owner, "johndoe").await;
    let page = fixture
        .login_page(&request("web", &[("prompt", "login")]), &owner)
        .await;
    for _ in 0..10 {
        assert_eq!(attempt(&owner, &page).await, LoginProblem::Rejected);
    }
    assert!(matches!(attempt(&owner, &page).await, LoginProblem::Throttled { .. }));
}

#[tokio::test]
async fn cancelled_login_is_access_denied() {
    let fixture = PeopleFixture::new().await;
    let browser = Browser::new();
    let page = fixture.login_page(&request("web", &[]), &browser).await;
    let answer = fixture
        .endpoint
        .cancel(&page.flow, &fixture.visit(&browser))
        .await
        .unwrap();
    assert_eq!(answer.error_code(), Some(ErrorCode::AccessDenied));
    let other = fixture
        .endpoint
        .cancel(&page.flow, &fixture.visit(&Browser::new()))
        .await;
    assert!(matches!(other.unwrap_err(), FormError::Flow(_)));
}

#[tokio::test]
async fn request_of_another_site_is_carried() {
    let fixture = PeopleFixture::new().await;
    let mut browser = Browser::new();
    let flow = fixture
        .endpoint
        .carry(&request("web", &[("prompt", "login")]), &fixture.origin)
        .await
        .unwrap();
    let Step::Login(page) = fixture.endpoint.resume(&flow, &fixture.visit(&browser)).await.unwrap() else {
        panic!("no login page")
    };
    assert!(matches!(
        fixture.pass_login(&page, &mut browser, "johndoe").await,
        Step::Consent(_)
    ));
    let refused = fixture.endpoint.carry(&Params::default(), &fixture.origin).await;
    assert!(matches!(refused.unwrap_err(), AuthorizeError::Shown(_)));
}

#[tokio::test]
async fn events_of_a_login_are_written_with_it() {
    let fixture = PeopleFixture::new().await;
    let mut browser = Browser::new();
    let page = fixture.login_page(&request("web", &[]), &browser).await;
    fixture.pass_login(&page, &mut browser, "johndoe").await;
    assert_eq!(fixture.events().await, [AuditEvent::LoginSucceeded]);
}
