//! Authorization requests: which answer each of them gets.

use scopegate_domain::{ErrorCode, GrantType, RedirectUri};
use scopegate_grant::{AuthorizeError, ConsentChoice, FormError, LoginOutcome, Params, ShownCause, Step};
use scopegate_token::AcceptedTokens;

use crate::common::{clients, scope, user};
use crate::people::{Browser, ISSUER, PeopleFixture, TOOL, WEB, query_of, request, value_of};

/// The answer to a request: an error at the redirect URI, a page, or the login page.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Error(ErrorCode),
    Login,
    Shown(ShownCause),
}

async fn answer(fixture: &PeopleFixture, request: &Params) -> Answer {
    match fixture.authorize(request, &Browser::new()).await {
        Ok(Step::Login(_)) => Answer::Login,
        Ok(step) => panic!("{step:?}"),
        Err(AuthorizeError::Shown(cause)) => Answer::Shown(cause),
        Err(AuthorizeError::Redirected(error)) => {
            let (code, description) = (error.code(), error.description());
            assert!(
                description
                    .bytes()
                    .all(|byte| matches!(byte, 0x20..=0x7E) && !matches!(byte, b'"' | b'\\'))
            );
            let answer = error.into_answer();
            let query = query_of(answer.location().expose());
            assert_eq!(value_of(&query, "error").as_deref(), Some(code.as_str()));
            assert_eq!(value_of(&query, "error_description"), Some(description));
            assert_eq!(value_of(&query, "iss").as_deref(), Some(ISSUER));
            assert_eq!(value_of(&query, "code"), None);
            Answer::Error(code)
        }
        Err(error) => panic!("{error}"),
    }
}

fn with(changes: &[(&str, &str)]) -> Params {
    request("web", changes)
}

/// A text of 513 bytes.
const LONG: &str = match std::str::from_utf8(&[b'x'; 513]) {
    Ok(text) => text,
    Err(_) => "",
};

/// Parameters in addition or instead, and the error that the client receives.
const REDIRECTED: &[(&[(&str, &str)], ErrorCode)] = &[
    (&[("response_type", "")], ErrorCode::InvalidRequest),
    (&[("response_type", "token")], ErrorCode::UnsupportedResponseType),
    (
        &[("response_type", "code id_token")],
        ErrorCode::UnsupportedResponseType,
    ),
    (&[("code_challenge", "")], ErrorCode::InvalidRequest),
    (&[("code_challenge_method", "")], ErrorCode::InvalidRequest),
    (&[("code_challenge_method", "plain")], ErrorCode::InvalidRequest),
    (&[("code_challenge_method", "s256")], ErrorCode::InvalidRequest),
    (
        &[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c")],
        ErrorCode::InvalidRequest,
    ),
    (
        &[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMA")],
        ErrorCode::InvalidRequest,
    ),
    (&[("scope", "me  items")], ErrorCode::InvalidScope),
    (&[("scope", "\"me\"")], ErrorCode::InvalidScope),
    (&[("scope", "undeclared openid")], ErrorCode::InvalidScope),
    (&[("scope", "")], ErrorCode::InvalidScope),
    (&[("resource", "/api")], ErrorCode::InvalidTarget),
    (&[("resource", "https://issuer.example#x")], ErrorCode::InvalidTarget),
    (&[("resource", "https://other.example")], ErrorCode::InvalidTarget),
    (&[("prompt", "enter")], ErrorCode::InvalidRequest),
    (&[("prompt", "none login")], ErrorCode::InvalidRequest),
    (&[("prompt", "none none")], ErrorCode::InvalidRequest),
    (&[("max_age", "-1")], ErrorCode::InvalidRequest),
    (&[("max_age", "+1")], ErrorCode::InvalidRequest),
    (&[("max_age", "soon")], ErrorCode::InvalidRequest),
    (&[("max_age", "99999999999")], ErrorCode::InvalidRequest),
    (&[("state", LONG)], ErrorCode::InvalidRequest),
    (&[("nonce", LONG)], ErrorCode::InvalidRequest),
    (&[("prompt", "none")], ErrorCode::LoginRequired),
    (&[("scope", "me"), ("scope", "me")], ErrorCode::InvalidRequest),
    (&[("state", "a"), ("state", "a")], ErrorCode::InvalidRequest),
    (&[("other", "a"), ("other", "b")], ErrorCode::InvalidRequest),
    (&[("state", "a\nb")], ErrorCode::InvalidRequest),
    (&[("state", "a\0")], ErrorCode::InvalidRequest),
    (&[("other", "\u{fffd}")], ErrorCode::InvalidRequest),
    (&[("o\u{7f}", "a")], ErrorCode::InvalidRequest),
    (&[("request", "eyJ")], ErrorCode::RequestNotSupported),
    (
        &[("request_uri", "https://web.example/r")],
        ErrorCode::RequestUriNotSupported,
    ),
    (&[("registration", "{}")], ErrorCode::InvalidRequest),
    (&[("authorization_details", "[]")], ErrorCode::InvalidRequest),
    (&[("dpop_jkt", "x")], ErrorCode::InvalidRequest),
    (&[("response_mode", "fragment")], ErrorCode::InvalidRequest),
    (&[("response_mode", "form_post")], ErrorCode::InvalidRequest),
];

/// The store may not return the client either, so it is not read.
#[tokio::test]
async fn unread_revocations_precede_the_client() {
    let fixture = PeopleFixture::new().await;
    let browser = Browser::new();
    fixture.watch.set().accept(AcceptedTokens::None);
    for id in ["web", "unknown"] {
        let refused = fixture.authorize(&request(id, &[]), &browser).await;
        assert!(
            matches!(refused, Err(AuthorizeError::Unavailable(_))),
            "{id}: {refused:?}"
        );
    }
    fixture.watch.set().accept(AcceptedTokens::All);
    fixture.login_page(&request("web", &[]), &browser).await;
}

#[tokio::test]
async fn unknown_place_of_the_answer_is_shown() {
    let fixture = PeopleFixture::new().await;
    let two = [WEB, "https://web.example/other"].map(|uri| RedirectUri::parse(uri).unwrap());
    fixture
        .change_client("page", |client| client.with_redirect_uris(two))
        .await;
    fixture
        .change_client("tool", |client| client.with_grant_types([GrantType::RefreshToken]))
        .await;
    let too_long = "x".repeat(8 * 1024);
    let shown = [
        (with(&[("client_id", "")]), ShownCause::MissingClient),
        (with(&[("client_id", "nobody")]), ShownCause::UnknownClient),
        (with(&[("client_id", "n\u{f6}body")]), ShownCause::UnknownClient),
        (
            with(&[("client_id", "web"), ("client_id", "web")]),
            ShownCause::Repeated,
        ),
        (
            with(&[("redirect_uri", WEB), ("redirect_uri", WEB)]),
            ShownCause::Repeated,
        ),
        (request("tool", &[]), ShownCause::UnauthorizedClient),
        (request("page", &[("redirect_uri", "")]), ShownCause::MissingRedirectUri),
        (
            with(&[("redirect_uri", "https://web.example/cb/")]),
            ShownCause::UnregisteredRedirectUri,
        ),
        (
            with(&[("redirect_uri", "https://evil.example/cb"), ("prompt", "none")]),
            ShownCause::UnregisteredRedirectUri,
        ),
        (
            with(&[("client_id", "nobody"), ("prompt", "none")]),
            ShownCause::UnknownClient,
        ),
        (with(&[("other", &too_long)]), ShownCause::TooLong),
    ];
    for (request, cause) in shown {
        assert_eq!(
            answer(&fixture, &request).await,
            Answer::Shown(cause),
            "{:?}",
            request.text("redirect_uri")
        );
    }
}

#[tokio::test]
async fn each_error_reaches_the_client() {
    let fixture = PeopleFixture::new().await;
    for (changes, code) in REDIRECTED {
        assert_eq!(
            answer(&fixture, &with(changes)).await,
            Answer::Error(*code),
            "{changes:?}"
        );
    }
    for changes in [
        &[][..],
        &[("response_mode", "query")],
        &[
            ("other", "a"),
            ("display", "popup"),
            ("claims", "{}"),
            ("acr_values", "9"),
        ],
        &[("scope", "undeclared me")],
        &[("resource", ISSUER), ("resource", ISSUER)],
        &[("prompt", "login consent")],
        &[("max_age", "0")],
        &[("redirect_uri", "")],
    ] {
        assert_eq!(answer(&fixture, &with(changes)).await, Answer::Login, "{changes:?}");
    }
}

#[tokio::test]
async fn unsupported_parameter_is_named() {
    let fixture = PeopleFixture::new().await;
    for name in [
        "registration",
        "authorization_details",
        "dpop_jkt",
        "response_mode",
        "request",
        "request_uri",
    ] {
        let refused = fixture
            .authorize(&with(&[(name, "x")]), &Browser::new())
            .await
            .unwrap_err();
        assert!(refused.to_string().contains(&format!("`{name}`")), "{refused}");
    }
}

#[tokio::test]
async fn state_is_repeated_only_if_it_is_clean() {
    let fixture = PeopleFixture::new().await;
    let long = "x".repeat(513);
    for (states, repeated) in [
        (&["a&b=c%20d"][..], Some("a&b=c%20d")),
        (&[&*"x".repeat(512)], Some(&*"x".repeat(512))),
        (&[&*long], None),
        (&["a", "b"], None),
        (&["a\r\nb"], None),
        (&[], None),
    ] {
        let mut changes = vec![("response_type", "token")];
        changes.extend(states.iter().map(|state| ("state", *state)));
        if states.is_empty() {
            changes.push(("state", ""));
        }
        let refused = fixture.authorize(&with(&changes), &Browser::new()).await.unwrap_err();
        let AuthorizeError::Redirected(error) = refused else {
            panic!("{refused}")
        };
        let location = error.into_answer().location();
        assert_eq!(value_of(&query_of(location.expose()), "state").as_deref(), repeated);
    }
}

#[tokio::test]
async fn unregistered_redirect_uri_is_never_used() {
    let fixture = PeopleFixture::new().await;
    for uri in [
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:80@evil.example/cb",
        "http://127.0.0.2/cb",
        "http://localhost/cb",
        "http://127.0.0.1/cb/",
        "http://127.0.0.1/CB",
        "http://127.0.0.1/cb?x",
        "http://127.0.0.1/cb#x",
        "javascript:alert(1)",
    ] {
        let refused = answer(&fixture, &request("tool", &[("redirect_uri", uri)])).await;
        assert_eq!(refused, Answer::Shown(ShownCause::UnregisteredRedirectUri), "{uri}");
    }
    let free_port = request("tool", &[("redirect_uri", "http://127.0.0.1:51004/cb")]);
    let page = fixture.login_page(&free_port, &Browser::new()).await;
    assert_eq!(page.redirect_uri.as_str(), "http://127.0.0.1:51004/cb");
}

#[tokio::test]
async fn program_receives_errors_after_a_click() {
    let fixture = PeopleFixture::new().await;
    for (client, needs_click) in [("web", false), ("tool", true)] {
        let refused = fixture
            .authorize(&request(client, &[("prompt", "none")]), &Browser::new())
            .await;
        let AuthorizeError::Redirected(error) = refused.unwrap_err() else {
            panic!("not redirected")
        };
        assert_eq!(error.into_answer().needs_click(), needs_click, "{client}");
    }
    assert!(TOOL.starts_with("http:"));
}

#[tokio::test]
async fn default_scope_replaces_an_absent_one() {
    let fixture = PeopleFixture::new().await;
    fixture
        .change_client("web", |client| client.with_default_scope(scope("items")))
        .await;
    let mut browser = Browser::new();
    let code = fixture.code(&with(&[("scope", "")]), &mut browser).await;
    assert_eq!(fixture.redeem("web", &code).await.unwrap().scope(), &scope("items"));
}

#[tokio::test]
async fn visits_without_login_write_nothing() {
    let fixture = PeopleFixture::new().await;
    let before = fixture.events().await;
    for _ in 0..100 {
        fixture.login_page(&with(&[]), &Browser::new()).await;
    }
    assert_eq!(fixture.events().await, before);
    assert!(clients(&fixture.store).list(None, 9).await.unwrap().len() > 3);
}

#[tokio::test]
async fn disabled_grant_has_no_endpoint() {
    let server = crate::common::builder(&crate::common::store().await).build();
    assert!(server.authorization_endpoint().is_none() && server.user_accounts().is_none());
    let types: Vec<_> = server.grant_types().collect();
    assert_eq!(types, [GrantType::ClientCredentials, GrantType::Password]);
    let fixture = PeopleFixture::new().await;
    let types: Vec<_> = fixture.server.grant_types().collect();
    let expected = [
        GrantType::AuthorizationCode,
        GrantType::ClientCredentials,
        GrantType::Password,
        GrantType::RefreshToken,
    ];
    assert_eq!(types, expected);
}

#[tokio::test]
async fn offline_access_alone_is_nothing() {
    let fixture = PeopleFixture::new().await;
    let alone = with(&[("scope", "offline_access undeclared")]);
    assert_eq!(answer(&fixture, &alone).await, Answer::Error(ErrorCode::InvalidScope));
    // The user may have nothing else of the request.
    let (store, john) = (fixture.store(), user("johndoe"));
    assert!(
        store
            .users()
            .set_scope(john.id(), &scope("offline_access"))
            .await
            .unwrap()
    );
    let browser = &mut Browser::new();
    let both = with(&[("scope", "me offline_access")]);
    let page = fixture.login_page(&both, browser).await;
    let logged_in = fixture.log_in(&page, browser, "johndoe", "secret").await.unwrap();
    let LoginOutcome::LoggedIn(login) = logged_in else {
        panic!("not logged in")
    };
    browser.keep(&login);
    match fixture.authorize(&both, browser).await {
        Err(AuthorizeError::Redirected(error)) => assert_eq!(error.code(), ErrorCode::InvalidScope),
        other => panic!("{other:?}"),
    }
    // All scopes of the API are unticked.
    assert!(
        store
            .users()
            .set_scope(john.id(), &scope("me offline_access"))
            .await
            .unwrap()
    );
    fixture
        .change_client("web", |client| client.with_optional_scope(scope("me offline_access")))
        .await;
    match fixture.authorize(&both, browser).await.unwrap() {
        Step::Consent(page) => {
            let form = fixture
                .decide(&page, browser, ConsentChoice::Allow(&["offline_access"]))
                .await;
            assert!(matches!(form, Err(FormError::Consent { .. })), "{form:?}");
            assert!(matches!(fixture.allow(&page, browser).await, Ok(Step::Answer(_))));
        }
        other => panic!("{other:?}"),
    }
}
