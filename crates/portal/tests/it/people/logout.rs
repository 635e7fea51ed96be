//! Logout: the page, the form, and the way back to an application.

use scopegate_domain::RedirectUri;

use super::life::text;
use super::{Browser, People, encode, parameter};

const BACK: &str = "https://web.example/goodbye";

async fn people() -> People {
    let people = People::new().await;
    let back = RedirectUri::parse(BACK).unwrap();
    people
        .change_client("web", |client| client.with_post_logout_redirect_uris([back]))
        .await;
    people
}

#[tokio::test]
async fn logout_ends_the_session_and_its_access() {
    let people = people().await;
    let mut browser = Browser::default();
    let mut tokens = Vec::new();
    for (client, scope) in [
        ("page", "me"),
        ("tool", "me"),
        ("web", "me"),
        ("page", "me offline_access"),
    ] {
        let location = browser.answer(&people, client, &[("scope", scope)]).await;
        let found = people.redeem(client, &parameter(&location, "code").unwrap()).await;
        tokens.push((client, text(&found, "refresh_token")));
    }
    let before = browser.clone();
    let page = browser.get(&people, "/logout").await;
    assert!(page.status == 200 && page.heading() == "Log out?" && page.has("johndoe"));
    assert_eq!(
        browser.get(&people, "/account").await.heading(),
        "Your account",
        "no GET changes state"
    );
    let page = browser.submit(&people, &page, "/logout", &[]).await;
    assert_eq!(
        (page.status.as_u16(), page.heading().as_str()),
        (200, "You are logged out")
    );
    assert!(!browser.cookies.contains_key("__Host-scopegate"));
    for mut old in [browser.clone(), before] {
        assert_eq!(old.get(&people, "/account").await.heading(), "Log in");
    }
    let mut works = Vec::new();
    for (client, token) in &tokens {
        works.push(people.refresh(client, token).await["access_token"].is_string());
    }
    assert_eq!(
        works,
        [false, true, true, true],
        "browser applications end with the session, unless offline"
    );
    assert_eq!(browser.get(&people, "/logout").await.heading(), "You are not logged in");
}

#[tokio::test]
async fn browser_returns_to_registered_uris_only() {
    let people = people().await;
    for (uri, client, returns) in [
        (BACK, "web", true),
        ("https://web.example/goodbye/", "web", false),
        ("https://evil.example/", "web", false),
        (BACK, "page", false),
        (BACK, "nobody", false),
        ("https://web.example/cb", "web", false),
    ] {
        let mut browser = Browser::default();
        browser.log_in_here(&people, "johndoe", "secret").await;
        let query = encode(&[
            ("client_id", client),
            ("post_logout_redirect_uri", uri),
            ("state", "a&b \u{e9}"),
        ]);
        let page = browser.get(&people, &format!("/logout?{query}")).await;
        assert_eq!(page.has("Then you return to"), returns, "{uri} {client}");
        let end = if returns {
            "form-action 'self' https://web.example"
        } else {
            "form-action 'self'"
        };
        assert!(page.policy.ends_with(end), "{}", page.policy);
        let page = browser.submit(&people, &page, "/logout", &[]).await;
        assert!(
            !browser.cookies.contains_key("__Host-scopegate"),
            "logged out in each case"
        );
        if returns {
            let location = page.location.unwrap();
            assert!(location.starts_with("https://web.example/goodbye?state="), "{location}");
            assert_eq!(parameter(&location, "state").as_deref(), Some("a&b \u{e9}"));
            // Without a session, the way back is one click away.
            let page = browser.get(&people, &format!("/logout?{query}")).await;
            assert!(page.heading() == "You are not logged in" && page.button().starts_with(BACK));
        } else {
            assert_eq!(page.status.as_u16(), 200);
            assert!(
                page.has("is not registered, so you stay here") && !page.has("evil.example"),
                "{page:?}"
            );
        }
    }
}

#[tokio::test]
async fn logout_form_needs_its_token() {
    let people = people().await;
    let (mut browser, mut jane) = (Browser::default(), Browser::default());
    browser.log_in_here(&people, "johndoe", "secret").await;
    jane.log_in_here(&people, "jane", "secret").await;
    let foreign = jane.get(&people, "/logout").await.fields("/logout");
    let request = format!(
        "client_id=web&post_logout_redirect_uri={}",
        "https%3A%2F%2Fweb.example%2Fgoodbye"
    );
    for token in [&foreign[0].1, "", "x"] {
        let page = browser
            .post(&people, "/logout", &[("token", token), ("request", &request)])
            .await;
        assert_eq!(
            (page.status.as_u16(), page.heading().as_str()),
            (400, "The page has expired")
        );
        assert_eq!(page.button(), format!("/logout?{request}"));
    }
    assert_eq!(browser.get(&people, "/account").await.heading(), "Your account");
    let page = browser.get(&people, "/logout?state=a&state=b").await;
    assert_eq!(page.status, 400);
    let page = browser
        .get(&people, &format!("/logout?state={}", "x".repeat(8 * 1024)))
        .await;
    assert_eq!(page.status, 414);
}
