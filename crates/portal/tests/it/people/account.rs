//! The account: sessions, applications and the password.

use std::time::Duration;

use http::Request;
use scopegate_domain::{
    AuthorizationCode, Client, ClientId, CodeChallenge, CodeId, Consent, Day, LoginSession, Scope, SessionId, UserId,
};
use scopegate_store::{BeginOutcome, ChangeTime};

use super::html::Page;
use super::life::text;
use super::{Browser, LOOPBACK_ISSUER, People, encode, parameter};
use crate::node::NOW;

const FORMS: [&str; 4] = [
    "/account/sessions/end",
    "/account/sessions/end-others",
    "/account/applications/withdraw",
    "/account/password",
];

const PASSWORDS: [(&str, &str); 3] = [
    ("old_password", "secret"),
    ("new_password", "a new secret"),
    ("repeat_password", "a new secret"),
];

/// A browser in which `johndoe` gave `web` access, and the tokens of `web`.
async fn with_application(people: &People) -> (Browser, serde_json::Value) {
    let mut browser = Browser::default();
    let location = browser.answer(people, "web", &[]).await;
    let tokens = people.redeem("web", &parameter(&location, "code").unwrap()).await;
    (browser, tokens)
}

#[tokio::test]
async fn user_logs_in_at_the_account_page() {
    for issuer in [super::ISSUER, LOOPBACK_ISSUER] {
        let people = People::at(issuer).await;
        let mut browser = Browser::default();
        let page = browser.get(&people, "/account").await;
        assert!(page.status == 200 && page.heading() == "Log in" && page.policy.ends_with("form-action 'self'"));
        let page = browser.log_in_here(&people, "johndoe", "wrong").await;
        assert!(page.status == 403 && page.has("The user name or the password is wrong."));
        let page = browser.log_in_here(&people, "johndoe", "secret").await;
        assert!(page.heading() == "Your account" && page.has("johndoe") && page.has("This session"));
        assert!(page.has("No application has access") && page.has("Browser on Linux"));
    }
}

#[tokio::test]
async fn login_flow_of_the_account_is_bound() {
    let people = People::new().await;
    let (mut own, mut other) = (Browser::default(), Browser::default());
    let page = own.get(&people, "/account").await;
    let login = own.authorize(&people, "web", &[]).await;
    other.get(&people, "/account").await;
    let (account, request) = (page.fields("/account/login"), login.fields("/login"));
    // Another browser, another stage, and no cookies.
    let mut without = Browser::default();
    for (browser, path, fields, heading) in [
        (&mut other, "/account/login", &account, "The login began elsewhere"),
        (&mut own.clone(), "/login", &account, "The login began elsewhere"),
        (
            &mut own.clone(),
            "/account/login",
            &request,
            "The login began elsewhere",
        ),
        (&mut without, "/account/login", &account, "Cookies are required"),
    ] {
        let page = send_login(&people, browser, path, fields).await;
        assert_eq!((page.status.as_u16(), page.heading().as_str()), (400, heading));
    }
    assert_eq!(
        send_login(&people, &mut own, "/account/login", &account).await.status,
        303
    );
    people.advance(600);
    let page = send_login(&people, &mut own, "/account/login", &account).await;
    assert_eq!(
        (page.heading().as_str(), page.button().as_str()),
        ("The page has expired", "/account")
    );
}

/// Sends the credentials of `johndoe` with the flow of a page.
async fn send_login(people: &People, browser: &mut Browser, path: &str, fields: &[(String, String)]) -> Page {
    let (_, flow) = fields.iter().find(|(name, _)| name == "flow").unwrap();
    let fields = [("flow", flow.as_str()), ("username", "johndoe"), ("password", "secret")];
    browser.post(people, path, &fields).await
}

#[tokio::test]
async fn withdrawn_application_loses_its_access() {
    let people = People::new().await;
    let (mut browser, tokens) = with_application(&people).await;
    let page = browser.get(&people, "/account").await;
    assert!(page.has("Application web") && page.has("me items"));
    let details = browser.get(&people, "/account/application?client_id=web").await;
    assert!(details.heading() == "Application web" && details.has("Read your items") && details.has("/items/{id}"));
    let page = browser
        .submit(&people, &page, "/account/applications/withdraw", &[])
        .await;
    assert!(page.has("The access of the application has ended.") && !page.has("Application web"));
    let refused = people.refresh("web", &text(&tokens, "refresh_token")).await;
    assert_eq!(text(&refused, "error"), "invalid_grant");
    let token = text(&tokens, "access_token");
    let found = people.post("/introspect", "web", &[("token", &token)]).await;
    assert_eq!(found["active"].as_bool(), Some(false));
    let request = Request::get("/user").header("authorization", format!("Bearer {token}"));
    assert_eq!(people.send(request.body(Vec::new()).unwrap()).await.status(), 401);
    for id in ["web", "unknown", "%20", "a%2Fb", "%00", ""] {
        let page = browser
            .get(&people, &format!("/account/application?client_id={id}"))
            .await;
        assert_eq!(page.status.as_u16(), 404, "{id}");
    }
}

#[tokio::test]
async fn user_ends_own_sessions() {
    let people = People::new().await;
    let mut browsers: Vec<Browser> = Vec::new();
    for name in ["johndoe", "johndoe", "johndoe", "jane"] {
        let mut browser = Browser::default();
        browser.log_in_here(&people, name, "secret").await;
        browsers.push(browser);
        people.advance(1);
    }
    let [one, two, three, jane] = &mut browsers[..] else {
        panic!()
    };
    let page = one.get(&people, "/account").await;
    assert_eq!(page.forms("/account/sessions/end").len(), 2, "not the own one");
    // The session of another user is not ended.
    let foreign = jane.get(&people, "/account").await;
    assert!(foreign.forms("/account/sessions/end").is_empty());
    let key = |browser: &Browser| {
        let cookie = scopegate_token::SessionCookie::parse(&browser.cookies["__Host-scopegate"]).unwrap();
        let bytes = cookie.id().to_bytes();
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        digits
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect::<String>()
    };
    let stolen = key(jane);
    one.submit(&people, &page, "/account/sessions/end", &[("session", &stolen)])
        .await;
    assert_eq!(jane.get(&people, "/account").await.heading(), "Your account");
    let ended = key(two);
    let done = one
        .submit(&people, &page, "/account/sessions/end", &[("session", &ended)])
        .await;
    assert!(done.has("The session has ended."));
    assert_eq!(two.get(&people, "/account").await.heading(), "Log in");
    let done = one.submit(&people, &page, "/account/sessions/end-others", &[]).await;
    assert!(done.has("All other sessions have ended.") && done.has("You are not logged in elsewhere."));
    assert_eq!(three.get(&people, "/account").await.heading(), "Log in");
    assert_eq!(jane.get(&people, "/account").await.heading(), "Your account");
    let page = one
        .submit(&people, &page, "/account/sessions/end", &[("session", "x")])
        .await;
    assert_eq!(page.status, 400);
}

#[tokio::test]
async fn changed_password_ends_all_other_access() {
    let people = People::new().await;
    let (mut browser, tokens) = with_application(&people).await;
    let mut other = Browser::default();
    other.log_in_here(&people, "johndoe", "secret").await;
    let old = browser.clone();
    let page = browser.get(&people, "/account").await;
    for ((old, new, repeated), status, notice) in [
        (("secret", "a", "b"), 400, "The two new passwords differ."),
        (("secret", "", ""), 400, "empty or too long"),
        (("wrong", "a", "a"), 403, "The old password is wrong."),
        (("", "a", "a"), 403, "The old password is wrong."),
        (("secret", "7 chars", "7 chars"), 400, "it needs at least 8 characters"),
    ] {
        let changes = [
            ("old_password", old),
            ("new_password", new),
            ("repeat_password", repeated),
        ];
        let page = browser.submit(&people, &page, "/account/password", &changes).await;
        assert!(page.status == status && page.has(notice), "{changes:?} {page:?}");
    }
    let page = browser.submit(&people, &page, "/account/password", &PASSWORDS).await;
    assert!(page.has("The password was changed."), "{page:?}");
    assert_ne!(old.cookies["__Host-scopegate"], browser.cookies["__Host-scopegate"]);
    for mut old in [old, other] {
        assert_eq!(old.get(&people, "/account").await.heading(), "Log in");
    }
    let refused = people.refresh("web", &text(&tokens, "refresh_token")).await;
    assert_eq!(text(&refused, "error"), "invalid_grant");
    let mut fresh = Browser::default();
    assert_eq!(fresh.log_in_here(&people, "johndoe", "secret").await.status, 403);
    assert_eq!(fresh.log_in_here(&people, "johndoe", "a new secret").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn password_change_is_throttled() {
    let people = People::new().await;
    let mut browser = Browser::default();
    let page = browser.log_in_here(&people, "johndoe", "secret").await;
    let mut wrong = PASSWORDS;
    wrong[0].1 = "wrong";
    for _ in 0..10 {
        let page = browser.submit(&people, &page, "/account/password", &wrong).await;
        assert_eq!(page.status, 403);
    }
    let throttled = browser.submit(&people, &page, "/account/password", &PASSWORDS).await;
    assert_eq!(
        (throttled.status.as_u16(), throttled.retry_after.as_deref()),
        (429, Some("30"))
    );
    assert!(throttled.has("Try again in 30 seconds."));
    tokio::time::advance(Duration::from_secs(30)).await;
    let page = browser.submit(&people, &page, "/account/password", &PASSWORDS).await;
    assert!(page.has("The password was changed."));
}

#[tokio::test]
async fn form_of_another_session_changes_nothing() {
    let people = People::new().await;
    let (mut browser, tokens) = with_application(&people).await;
    let mut jane = Browser::default();
    let foreign = jane.log_in_here(&people, "jane", "secret").await;
    let page = browser.get(&people, "/account").await;
    let token = |page: &Page, path: &str| {
        page.fields(path)
            .into_iter()
            .find(|(name, _)| name == "token")
            .unwrap()
            .1
    };
    let own = token(&page, "/account/password");
    let of_jane = token(&foreign, "/account/password");
    let fields = |token: &str| {
        let fields = [("token", token), ("client_id", "web"), ("session", &"00".repeat(34))];
        let fields = fields
            .iter()
            .chain(&PASSWORDS)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        fields.collect::<Vec<_>>()
    };
    for path in FORMS {
        let other_form = if path == "/account/password" {
            token(&page, "/account/applications/withdraw")
        } else {
            own.clone()
        };
        for token in ["", "x", &of_jane, &other_form, &"0".repeat(64)] {
            let page = browser.post(&people, path, &fields(token)).await;
            assert!(
                page.status == 400 && page.has("The form was too old."),
                "{path} {token}"
            );
        }
        refused_elsewhere(&people, &mut browser, path, &fields(&own)).await;
    }
    assert!(
        text(
            &people.refresh("web", &text(&tokens, "refresh_token")).await,
            "access_token"
        )
        .len()
            > 100
    );
    people.advance(2 * 86_400);
    let page = browser.submit(&people, &page, "/account/password", &PASSWORDS).await;
    assert_eq!(page.status, 403, "the session has ended");
}

/// Checks that a form is refused without a session, and from another site.
async fn refused_elsewhere(people: &People, browser: &mut Browser, path: &str, fields: &[(String, String)]) {
    let page = Browser::default().post(people, path, fields).await;
    assert_eq!(
        (page.status.as_u16(), page.heading().as_str()),
        (403, "You are not logged in"),
        "{path}"
    );
    let request = Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-site");
    let pairs: Vec<_> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let page = browser.ask(people, request, encode(&pairs).into_bytes()).await;
    assert_eq!(
        (page.status.as_u16(), page.heading().as_str()),
        (403, "The form came from another site")
    );
}

#[tokio::test]
async fn foreign_link_states_no_result() {
    let people = People::new().await;
    let mut browser = Browser::default();
    browser.log_in_here(&people, "johndoe", "secret").await;
    for done in [
        "password",
        "password.",
        "password.0",
        &format!("others.{}", "0".repeat(64)),
        "x.y",
    ] {
        let page = browser.get(&people, &format!("/account?done={done}")).await;
        assert!(
            page.heading() == "Your account" && !page.has("role=\"status\""),
            "{done}"
        );
    }
    // No GET changes state: at the address of a form it shows the account.
    let rows = people.store().count_rows().await.unwrap();
    for path in FORMS {
        let page = browser.get(&people, path).await;
        assert!(
            page.heading() == "Your account" && !page.has("role=\"status\""),
            "{path}"
        );
    }
    assert_eq!(people.store().count_rows().await.unwrap(), rows);
}

/// Adds this number of applications and sessions of `johndoe`.
async fn add_rows(people: &People, number: u32) {
    let user = UserId::parse("id-of-johndoe").unwrap();
    let mut session = people
        .store()
        .sessions()
        .of_user(&user, NOW, 1)
        .await
        .unwrap()
        .remove(0);
    for index in 0..number {
        let id = ClientId::parse(&format!("client {index:05}/")).unwrap();
        people
            .store()
            .clients()
            .add(Client::public(id.clone(), "Many"))
            .await
            .unwrap();
        let consent = Consent::new(user.clone(), id.clone(), "me".parse().unwrap(), Scope::EMPTY, NOW);
        let mut digest = [9; 32];
        digest[..4].copy_from_slice(&index.to_be_bytes());
        let code = AuthorizationCode {
            id: CodeId::new(Day::of(NOW), digest),
            authorization: scopegate_domain::Authorization {
                user_id: user.clone(),
                client_id: id,
                resources: Vec::new(),
                scope: "me".parse().unwrap(),
                login: session.login.clone(),
                key_thumbprint: None,
                nonce: None,
            },
            redirect_uri: None,
            challenge: CodeChallenge::from_bytes([0; 32]),
            expires_at: NOW,
        };
        people.store().codes().allow(&consent, &code, NOW).await.unwrap();
    }
    for index in 0..number {
        let mut digest = [7; 32];
        digest[..4].copy_from_slice(&index.to_be_bytes());
        session.login.session = SessionId::new(Day::of(NOW), digest);
        let session: &LoginSession = &session;
        let begun = people
            .store()
            .sessions()
            .begin(session, None, u16::MAX, ChangeTime::at(NOW))
            .await;
        assert!(matches!(begun.unwrap(), BeginOutcome::Begun(_)));
    }
}

#[tokio::test]
async fn long_lists_are_shown_in_pages() {
    let people = People::new().await;
    let mut browser = Browser::default();
    browser.log_in_here(&people, "johndoe", "secret").await;
    add_rows(&people, 60).await;
    let mut path = "/account".to_owned();
    let (mut applications, mut pages) = (0, 0);
    loop {
        let page = browser.get(&people, &path).await;
        pages += 1;
        let shown = page.forms("/account/applications/withdraw").len();
        assert!(shown <= 25);
        applications += shown;
        assert_eq!(page.has("First entries"), pages > 1);
        let Some((_, rest)) = page.html.split_once("/account?applications_after=") else {
            break;
        };
        path = format!("/account?applications_after={}", rest.split('#').next().unwrap());
    }
    assert_eq!((applications, pages), (60, 3));
    let (mut sessions, mut pages, mut path) = (0, 0, "/account".to_owned());
    loop {
        let page = browser.get(&people, &path).await;
        pages += 1;
        sessions += page.forms("/account/sessions/end").len();
        assert_eq!(page.has("This session"), pages == 1);
        let Some((_, rest)) = page.html.split_once("/account?sessions_after=") else {
            break;
        };
        path = format!("/account?sessions_after={}", rest.split('#').next().unwrap());
    }
    assert_eq!((sessions, pages), (60, 3));
    // Each application has its page, also with a space and a slash in its id.
    let page = browser
        .get(&people, "/account/application?client_id=client%2000042%2F")
        .await;
    assert_eq!(page.heading(), "Many");
}
