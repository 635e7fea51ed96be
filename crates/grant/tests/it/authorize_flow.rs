//! Forms of pages: which are refused, and what a consent form decides.

use scopegate_domain::{AuditEvent, ErrorCode};
use scopegate_grant::{
    AuthorizeError, ConsentChoice, ConsentStep, FlowRefusal, FormError, InvalidConsentForm, Params, Step,
};

use crate::common::scope;
use crate::people::{Browser, PeopleFixture, query_of, request, scope_of, token, value_of};

async fn consent_page(fixture: &PeopleFixture, browser: &mut Browser, request: &Params) -> ConsentStep {
    let mut step = fixture.authorize(request, browser).await.unwrap();
    loop {
        step = match step {
            Step::Login(page) => fixture.pass_login(&page, browser, "johndoe").await,
            Step::Consent(page) => return *page,
            Step::Answer(_) => panic!("no consent page"),
        };
    }
}

fn refusal(refused: Result<impl std::fmt::Debug, FormError>) -> FlowRefusal {
    match refused.unwrap_err() {
        FormError::Flow(refusal) => refusal,
        error => panic!("{error}"),
    }
}

#[tokio::test]
async fn consent_form_is_refused_elsewhere() {
    let fixture = PeopleFixture::new().await;
    let mut browser = Browser::new();
    let page = consent_page(&fixture, &mut browser, &request("web", &[])).await;
    let other = Browser {
        cookie: Browser::new().cookie,
        ..browser.clone()
    };
    assert!(matches!(
        refusal(fixture.allow(&page, &other).await),
        FlowRefusal::OtherBrowser(_)
    ));
    let logged_out = Browser {
        session: None,
        ..browser.clone()
    };
    assert!(matches!(
        refusal(fixture.allow(&page, &logged_out).await),
        FlowRefusal::OtherSession(_)
    ));
    let mut jane = browser.clone();
    let login = fixture.login_page(&request("web", &[("prompt", "login")]), &jane).await;
    fixture.pass_login(&login, &mut jane, "jane").await;
    assert!(matches!(
        refusal(fixture.allow(&page, &jane).await),
        FlowRefusal::OtherSession(_)
    ));
    // Its own session has ended with the login of another user.
    assert!(matches!(
        refusal(fixture.allow(&page, &browser).await),
        FlowRefusal::OtherSession(_)
    ));
}

#[tokio::test]
async fn form_of_another_stage_is_refused() {
    let fixture = PeopleFixture::new().await;
    let mut browser = Browser::new();
    let login = fixture.login_page(&request("web", &[]), &browser).await;
    let consent = consent_page(&fixture, &mut browser, &request("web", &[])).await;
    let mut crossed = consent.clone();
    crossed.flow.clone_from(&login.flow);
    assert!(matches!(
        refusal(fixture.allow(&crossed, &browser).await),
        FlowRefusal::OtherStage(_)
    ));
    let mut crossed = login.clone();
    crossed.flow.clone_from(&consent.flow);
    let refused = fixture.log_in(&crossed, &browser, "johndoe", "secret").await;
    assert!(matches!(refusal(refused), FlowRefusal::OtherStage(_)));
    for flow in [&login.flow, &consent.flow] {
        let refused = fixture.endpoint.resume(flow, &fixture.visit(&browser)).await;
        assert!(matches!(refusal(refused), FlowRefusal::OtherStage(_)));
    }
    let mut crossed = consent;
    crossed.flow = "x".to_owned();
    assert_eq!(refusal(fixture.allow(&crossed, &browser).await), FlowRefusal::Invalid);
}

#[tokio::test]
async fn expired_form_begins_the_request_again() {
    let fixture = PeopleFixture::new().await;
    let mut browser = Browser::new();
    let page = consent_page(&fixture, &mut browser, &request("web", &[])).await;
    fixture.advance(600);
    let refused = refusal(fixture.allow(&page, &browser).await);
    let restart = refused.restart().unwrap();
    let again: Params = query_of(&format!("?{}", restart.query())).into_iter().collect();
    let page = consent_page(&fixture, &mut browser, &again).await;
    let Step::Answer(answer) = fixture.allow(&page, &browser).await.unwrap() else {
        panic!("no answer")
    };
    assert_eq!(
        value_of(&query_of(answer.location().expose()), "state").as_deref(),
        Some("a state")
    );
}

#[tokio::test]
async fn twenty_tabs_end_at_their_own_uri() {
    let fixture = PeopleFixture::new().await;
    let mut browser = Browser::new();
    let clients = ["web", "page", "tool"];
    let requests: Vec<Params> = (0..20)
        .map(|tab| {
            let state = format!("tab {tab}");
            request(clients[tab % 3], &[("state", &state)])
        })
        .collect();
    let mut logins = Vec::new();
    for request in &requests {
        logins.push(fixture.login_page(request, &browser).await);
    }
    // The user logs in once, in the last tab. Each other tab is submitted later, in another order.
    for tab in (0..20).rev() {
        let mut step = fixture.pass_login(&logins[tab], &mut browser, "johndoe").await;
        let answer = loop {
            step = match step {
                Step::Consent(page) => fixture.allow(&page, &browser).await.unwrap(),
                Step::Answer(answer) => break answer,
                Step::Login(_) => panic!("a second login"),
            };
        };
        let state = value_of(&query_of(answer.location().expose()), "state");
        assert_eq!(state, Some(format!("tab {tab}")));
        assert_eq!(answer.redirect_uri(), &logins[tab].redirect_uri);
    }
}

#[tokio::test]
async fn consent_form_is_refused_as_a_whole() {
    let fixture = PeopleFixture::new().await;
    fixture
        .change_client("web", |client| client.with_optional_scope(scope("items")))
        .await;
    let mut browser = Browser::new();
    let page = consent_page(&fixture, &mut browser, &request("web", &[])).await;
    for (ticked, cause) in [
        (&["me", "items", "offline_access"][..], InvalidConsentForm::NotOffered),
        (&["me", "undeclared"], InvalidConsentForm::NotOffered),
        (&["me", ""], InvalidConsentForm::NotOffered),
        (&["me", "me"], InvalidConsentForm::Repeated),
        (&["items"], InvalidConsentForm::Required),
        (&[], InvalidConsentForm::Required),
    ] {
        match fixture
            .decide(&page, &browser, ConsentChoice::Allow(ticked))
            .await
            .unwrap_err()
        {
            FormError::Consent {
                cause: refused,
                restart,
            } => {
                assert_eq!(refused, cause, "{ticked:?}");
                assert!(restart.query().contains("client_id=web"));
            }
            error => panic!("{error}"),
        }
    }
    assert!(!fixture.events().await.contains(&AuditEvent::CodeIssued));
    let Step::Answer(answer) = fixture
        .decide(&page, &browser, ConsentChoice::Allow(&["me"]))
        .await
        .unwrap()
    else {
        panic!("no answer")
    };
    let code = value_of(&query_of(answer.location().expose()), "code").unwrap();
    assert_eq!(scope_of(&fixture.redeem("web", &code).await.unwrap()), scope("me"));
    // The refused scope is remembered, and not offered again.
    let tokens = fixture.code(&request("web", &[("prompt", "none")]), &mut browser).await;
    assert_eq!(scope_of(&fixture.redeem("web", &tokens).await.unwrap()), scope("me"));
}

#[tokio::test]
async fn changed_offer_refuses_the_form() {
    let fixture = PeopleFixture::new().await;
    let mut browser = Browser::new();
    let page = consent_page(&fixture, &mut browser, &request("web", &[])).await;
    fixture
        .change_client("web", |client| client.with_scope(scope("me")))
        .await;
    for ticked in [&["me"][..], &["me", "items"]] {
        let refused = fixture
            .decide(&page, &browser, ConsentChoice::Allow(ticked))
            .await
            .unwrap_err();
        let is_changed = matches!(
            refused,
            FormError::Consent {
                cause: InvalidConsentForm::Changed,
                ..
            }
        );
        assert!(is_changed, "{refused}");
    }
}

#[tokio::test]
async fn wider_request_offers_the_difference() {
    let fixture = PeopleFixture::new().await;
    let mut browser = Browser::new();
    fixture.tokens_of("web", "me", &mut browser).await;
    let page = consent_page(&fixture, &mut browser, &request("web", &[])).await;
    assert_eq!(page.offer.granted_before, scope("me"));
    assert!(page.offer.required().contains(&token("items")));
    assert!(matches!(fixture.allow(&page, &browser).await.unwrap(), Step::Answer(_)));
    assert!(fixture.events().await.contains(&AuditEvent::ConsentWidened));
    // A narrower request changes nothing.
    fixture
        .code(&request("web", &[("scope", "me"), ("prompt", "none")]), &mut browser)
        .await;
    fixture.code(&request("web", &[("prompt", "none")]), &mut browser).await;
}

#[tokio::test]
async fn denied_consent_is_an_error_for_the_client() {
    let fixture = PeopleFixture::new().await;
    let mut browser = Browser::new();
    let page = consent_page(&fixture, &mut browser, &request("web", &[])).await;
    match fixture.decide(&page, &browser, ConsentChoice::Deny).await.unwrap_err() {
        FormError::Authorize(AuthorizeError::Redirected(error)) => assert_eq!(error.code(), ErrorCode::AccessDenied),
        error => panic!("{error}"),
    }
    let step = fixture
        .decide(&page, &browser, ConsentChoice::SwitchAccount)
        .await
        .unwrap();
    let Step::Login(login) = step else { panic!("{step:?}") };
    let Step::Consent(page) = fixture.pass_login(&login, &mut browser, "jane").await else {
        panic!("no consent page")
    };
    assert_eq!(page.user.username().as_str(), "jane");
}

#[tokio::test]
async fn first_party_client_shows_no_page() {
    let fixture = PeopleFixture::new().await;
    fixture
        .change_client("page", |client| client.with_first_party(true))
        .await;
    let mut browser = Browser::new();
    let login = fixture.login_page(&request("page", &[]), &browser).await;
    let step = fixture.pass_login(&login, &mut browser, "johndoe").await;
    assert!(matches!(step, Step::Answer(_)), "{step:?}");
}

#[tokio::test]
async fn replayed_form_makes_another_code() {
    let fixture = PeopleFixture::new().await;
    let mut browser = Browser::new();
    let page = consent_page(&fixture, &mut browser, &request("web", &[])).await;
    let mut codes = Vec::new();
    for _ in 0..2 {
        let Step::Answer(answer) = fixture.allow(&page, &browser).await.unwrap() else {
            panic!("no answer")
        };
        codes.push(value_of(&query_of(answer.location().expose()), "code").unwrap());
    }
    assert_ne!(codes[0], codes[1]);
    let issued = fixture.events().await;
    assert_eq!(
        issued.iter().filter(|event| **event == AuditEvent::CodeIssued).count(),
        2
    );
}
