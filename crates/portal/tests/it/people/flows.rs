//! Sealed flows: each works in its browser, session and stage, for ten minutes.

use base64_simd::URL_SAFE_NO_PAD;

use super::html::Page;
use super::{Browser, People, parameter};

async fn consent_page(people: &People, browser: &mut Browser, client: &str) -> Page {
    let page = browser.authorize(people, client, &[]).await;
    browser.log_in(people, &page, "johndoe", "secret").await
}

fn with_flow(mut fields: Vec<(String, String)>, flow: &str) -> Vec<(String, String)> {
    for (name, value) in &mut fields {
        if name == "flow" {
            flow.clone_into(value);
        }
    }
    fields
}

fn flow_of(fields: &[(String, String)]) -> String {
    fields.iter().find(|(name, _)| name == "flow").unwrap().1.clone()
}

#[tokio::test]
async fn flow_with_any_bit_changed_is_refused() {
    let people = People::new().await;
    let mut browser = Browser::default();
    let page = consent_page(&people, &mut browser, "web").await;
    let mut fields = page.fields("/consent");
    fields.push(("decision".to_owned(), "allow".to_owned()));
    let flow = flow_of(&fields);
    let bytes = URL_SAFE_NO_PAD.decode_to_vec(&flow).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let changed = URL_SAFE_NO_PAD.encode_to_string(&changed);
        let page = browser
            .post(&people, "/consent", &with_flow(fields.clone(), &changed))
            .await;
        assert_eq!(
            (page.status.as_u16(), page.heading().as_str()),
            (400, "The link is damaged"),
            "bit {bit}"
        );
    }
    let (shorter, longer) = (flow.get(1..).unwrap(), format!("{flow}A"));
    let cut = flow.get(..flow.len() - 1).unwrap();
    for changed in ["", "x", shorter, &longer, cut] {
        let page = browser
            .post(&people, "/consent", &with_flow(fields.clone(), changed))
            .await;
        assert_eq!(page.status, 400, "{changed}");
        let page = browser.get(&people, &format!("/authorize?flow={changed}")).await;
        assert_eq!((page.status.as_u16(), page.location), (400, None), "{changed}");
    }
    let answer = browser.post(&people, "/consent", &fields).await;
    assert!(parameter(&answer.location.unwrap(), "code").is_some());
}

#[tokio::test]
async fn flow_of_another_browser_starts_again() {
    let people = People::new().await;
    let (mut own, mut other) = (Browser::default(), Browser::default());
    consent_page(&people, &mut other, "page").await;
    let login = own.authorize(&people, "web", &[]).await;
    let page = other.log_in(&people, &login, "johndoe", "secret").await;
    assert_eq!(
        (page.status.as_u16(), page.heading().as_str()),
        (400, "The login began elsewhere")
    );
    let consent = own.log_in(&people, &login, "johndoe", "secret").await;
    let page = other.decide(&people, &consent, "allow").await;
    assert_eq!(
        (page.status.as_u16(), page.heading().as_str()),
        (400, "The login began elsewhere")
    );
    // The session of the victim does not suffice: the cookie of the browser is compared, too.
    let mut thief = Browser::default();
    let session = own.cookies["__Host-scopegate"].clone();
    other.cookies.insert("__Host-scopegate".to_owned(), session.clone());
    thief.cookies.insert("__Host-scopegate".to_owned(), session);
    assert_eq!(other.decide(&people, &consent, "allow").await.status, 400);
    assert_eq!(thief.decide(&people, &consent, "allow").await.status, 400);
    // The button begins the same request here.
    let again = page.button();
    assert!(again.starts_with("/authorize?"));
    let page = other.get(&people, &again).await;
    assert!(page.has("johndoe"));
    assert!(own.decide(&people, &consent, "allow").await.location.is_some());
}

#[tokio::test]
async fn flow_of_another_stage_or_session_is_refused() {
    let people = People::new().await;
    let mut browser = Browser::default();
    let login = browser.authorize(&people, "web", &[]).await;
    let consent = browser.log_in(&people, &login, "johndoe", "secret").await;
    let (login_flow, consent_flow) = (flow_of(&login.fields("/login")), flow_of(&consent.fields("/consent")));
    // Stages.
    let fields = with_flow(login.fields("/login"), &consent_flow);
    let fields = [&fields[..], &[("password".into(), "secret".into())]].concat();
    let page = browser.post(&people, "/login", &fields).await;
    assert_eq!(page.status.as_u16(), 400);
    let mut fields = with_flow(consent.fields("/consent"), &login_flow);
    fields.push(("decision".to_owned(), "allow".to_owned()));
    assert_eq!(
        browser.post(&people, "/consent", &fields).await.heading(),
        "The login began elsewhere"
    );
    for flow in [&login_flow, &consent_flow] {
        let page = browser.get(&people, &format!("/authorize?flow={flow}")).await;
        assert_eq!((page.status.as_u16(), page.location), (400, None));
    }
    // Another session of the same browser.
    browser.log_in(&people, &login, "jane", "secret").await;
    let page = browser.decide(&people, &consent, "allow").await;
    assert_eq!(
        (page.status.as_u16(), page.heading().as_str()),
        (400, "The login began elsewhere")
    );
    // No session.
    browser.cookies.remove("__Host-scopegate");
    assert_eq!(browser.decide(&people, &consent, "allow").await.status, 400);
}

#[tokio::test]
async fn flow_expires_after_ten_minutes() {
    let people = People::new().await;
    let mut browser = Browser::default();
    let login = browser.authorize(&people, "web", &[]).await;
    people.advance(599);
    let consent = browser.log_in(&people, &login, "johndoe", "secret").await;
    assert!(consent.has("wants to use your account"));
    people.advance(1);
    for page in [
        browser.decide(&people, &consent, "allow").await,
        browser.log_in(&people, &login, "johndoe", "secret").await,
    ] {
        assert_eq!(
            (page.status.as_u16(), page.heading().as_str()),
            (400, "The page has expired")
        );
        assert!(page.button().starts_with("/authorize?"));
    }
    let page = browser.decide(&people, &consent, "allow").await;
    let location = browser.finish(&people, page).await;
    assert_eq!(parameter(&location, "state").as_deref(), Some("a state"));
}

#[tokio::test]
async fn each_login_has_a_new_session() {
    let people = People::new().await;
    let mut browser = Browser::default();
    let page = browser.authorize(&people, "web", &[]).await;
    browser.log_in(&people, &page, "johndoe", "secret").await;
    let old = browser.clone();
    browser.log_in(&people, &page, "johndoe", "secret").await;
    assert_ne!(old.cookies["__Host-scopegate"], browser.cookies["__Host-scopegate"]);
    assert_eq!(
        old.cookies["__Host-scopegate-browser"],
        browser.cookies["__Host-scopegate-browser"]
    );
    let page = old.clone().authorize(&people, "web", &[]).await;
    assert_eq!(page.heading(), "Log in");
}
