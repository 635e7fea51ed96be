//! The life of a grant, from the request to its end.

use serde_json::Value;

use super::{Browser, CHALLENGE, ISSUER, LOOPBACK_ISSUER, People, encode, parameter, request, uri_of};

pub(crate) fn text(answer: &Value, name: &str) -> String {
    answer[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name}: {answer}"))
        .to_owned()
}

#[tokio::test]
async fn user_grants_access_and_client_refreshes_it() {
    let people = People::new().await;
    let mut browser = Browser::default();
    let page = browser.authorize(&people, "web", &[("login_hint", "johndoe")]).await;
    assert_eq!((page.status.as_u16(), page.heading().as_str()), (200, "Log in"));
    assert!(page.has("Application web") && page.has("web.example") && page.has("value=\"johndoe\""));
    assert!(page.policy.ends_with("form-action 'self' https://web.example"));
    let page = browser.log_in(&people, &page, "johndoe", "secret").await;
    assert_eq!(page.heading(), "Application web wants to use your account");
    for part in [
        "Ships",
        "Read your items",
        "Opens 1 operation",
        "/items/{id}",
        "johndoe",
        "web.example",
    ] {
        assert!(page.has(part), "{part}: {}", page.html);
    }
    assert!(page.policy.ends_with("form-action 'self' https://web.example"));
    let page = browser.decide(&people, &page, "allow").await;
    let location = page.location.unwrap();
    assert!(location.starts_with("https://web.example/cb?code=sgac_"), "{location}");
    assert_eq!(parameter(&location, "state").as_deref(), Some("a state"));
    assert_eq!(parameter(&location, "iss").as_deref(), Some(ISSUER));
    let tokens = people.redeem("web", &parameter(&location, "code").unwrap()).await;
    assert_eq!(
        (text(&tokens, "scope"), text(&tokens, "token_type")),
        ("me items".to_owned(), "Bearer".to_owned())
    );
    let bearer = format!("Bearer {}", text(&tokens, "access_token"));
    let own = http::Request::get("/user").header("authorization", bearer);
    assert_eq!(people.send(own.body(Vec::new()).unwrap()).await.status(), 200);
    let refreshed = people.refresh("web", &text(&tokens, "refresh_token")).await;
    let token = text(&refreshed, "access_token");
    let found = people.post("/introspect", "web", &[("token", &token)]).await;
    assert_eq!(
        (found["active"].as_bool(), text(&found, "username")),
        (Some(true), "johndoe".to_owned())
    );

    // The next request needs no page.
    let again = browser.authorize(&people, "web", &[]).await;
    assert!(again.location.unwrap().starts_with("https://web.example/cb?code="));
}

#[tokio::test]
async fn pages_work_below_a_path_on_loopback() {
    let people = People::at(LOOPBACK_ISSUER).await;
    let mut browser = Browser::default();
    let location = browser.answer(&people, "web", &[]).await;
    assert_eq!(parameter(&location, "iss").as_deref(), Some(LOOPBACK_ISSUER));
    let names: Vec<_> = browser.cookies.keys().map(String::as_str).collect();
    assert_eq!(names, ["scopegate", "scopegate-browser", "scopegate-known"]);
}

#[tokio::test]
async fn refusal_reaches_the_client() {
    let people = People::new().await;
    let mut browser = Browser::default();
    let page = browser.authorize(&people, "web", &[]).await;
    let page = browser.log_in(&people, &page, "johndoe", "secret").await;
    let denied = browser.decide(&people, &page, "deny").await.location.unwrap();
    assert_eq!(parameter(&denied, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&denied, "iss").as_deref(), Some(ISSUER));
}

#[tokio::test]
async fn another_user_can_log_in_at_the_consent_page() {
    let people = People::new().await;
    let mut browser = Browser::default();
    let page = browser.authorize(&people, "web", &[]).await;
    let page = browser.log_in(&people, &page, "johndoe", "secret").await;
    let page = browser.decide(&people, &page, "switch").await;
    assert_eq!(page.heading(), "Log in");
    let page = browser.log_in(&people, &page, "jane", "secret").await;
    assert!(page.has("jane") && !page.has("johndoe"));
    let location = browser.decide(&people, &page, "allow").await.location.unwrap();
    let tokens = people.redeem("web", &parameter(&location, "code").unwrap()).await;
    let found = people
        .post("/introspect", "web", &[("token", &text(&tokens, "access_token"))])
        .await;
    assert_eq!(text(&found, "username"), "jane");
}

#[tokio::test]
async fn program_of_the_device_always_shows_the_page() {
    let people = People::new().await;
    let mut browser = Browser::default();
    let uri = "http://127.0.0.1:51004/cb";
    let first = browser.answer(&people, "tool", &[("redirect_uri", uri)]).await;
    assert!(first.starts_with("http://127.0.0.1:51004/cb?code="), "{first}");
    let page = browser.authorize(&people, "tool", &[("redirect_uri", uri)]).await;
    assert!(page.has("as before") && page.has("Never copy an address"));
    assert!(page.policy.ends_with("form-action 'self' http://127.0.0.1:51004"));
    // An error is one click away.
    let page = browser.decide(&people, &page, "deny").await;
    assert_eq!(
        (page.status.as_u16(), page.heading().as_str()),
        (200, "Continue in the application")
    );
    assert!(page.has("Application tool"));
    assert_eq!(parameter(&page.button(), "error").as_deref(), Some("access_denied"));
    let native = browser.answer(&people, "app", &[]).await;
    assert!(native.starts_with("com.example.app:/cb?code="), "{native}");
}

#[tokio::test]
async fn request_by_post_works_without_cookies() {
    let people = People::new().await;
    let mut browser = Browser::default();
    browser.answer(&people, "web", &[]).await;
    let mut other_site = Browser::default();
    let post = http::Request::post("/authorize")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "cross-site")
        .header("origin", "https://web.example");
    let body = encode(&request("web", &[("state", "posted"), ("unknown", "x"), ("flow", "x")]));
    let page = other_site.ask(&people, post, body.into_bytes()).await;
    let location = page.location.clone().unwrap();
    assert!(location.starts_with("/authorize?flow="), "{location}");
    // The redirect is a `GET` within the top window, so the browser sends its cookies.
    let answer = browser.follow(&people, page).await.location.unwrap();
    assert_eq!(parameter(&answer, "state").as_deref(), Some("posted"));
    assert!(answer.starts_with(uri_of("web")) && parameter(&answer, "code").is_some());
    // A browser without cookies logs in first.
    let login = Browser::default().get(&people, &location).await;
    assert_eq!(login.heading(), "Log in");
    assert!(CHALLENGE.len() == 43);
}

#[tokio::test]
async fn required_login_is_checked_when_the_code_is_issued() {
    let people = People::new().await;
    let mut browser = Browser::default();
    browser.answer(&people, "web", &[]).await;
    people.advance(100);
    for changes in [[("prompt", "login")], [("max_age", "0")], [("max_age", "60")]] {
        let page = browser.authorize(&people, "web", &changes).await;
        assert!(
            page.heading() == "Log in" && page.has("Enter your password again"),
            "{changes:?}"
        );
        let page = browser.log_in(&people, &page, "johndoe", "secret").await;
        assert!(
            page.location.unwrap().starts_with("https://web.example/cb?code="),
            "{changes:?}"
        );
        people.advance(100);
    }
    // The consent page stays open for longer than `max_age`.
    let changes = [("max_age", "60"), ("prompt", "consent")];
    let page = browser.authorize(&people, "web", &changes).await;
    let page = browser.log_in(&people, &page, "johndoe", "secret").await;
    people.advance(61);
    let page = browser.decide(&people, &page, "allow").await;
    assert!(page.heading() == "Log in" && page.has("Enter your password again"));
}
