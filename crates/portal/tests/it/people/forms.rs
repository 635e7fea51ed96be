//! Forms: which are refused, and what failed logins show.

use std::time::Duration;

use http::Request;
use scopegate_domain::{ClientId, UserId, UserStatus};

use super::html::Page;
use super::{Browser, People, encode};

async fn login_page(people: &People, browser: &mut Browser) -> Page {
    browser.authorize(people, "web", &[]).await
}

fn credentials(page: &Page, name: &str, password: &str) -> Vec<(String, String)> {
    let mut fields = page.fields("/login");
    fields.retain(|(field, _)| field == "flow");
    fields.push(("username".to_owned(), name.to_owned()));
    fields.push(("password".to_owned(), password.to_owned()));
    fields
}

fn body(fields: &[(String, String)]) -> Vec<u8> {
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    encode(&fields).into_bytes()
}

#[tokio::test]
async fn failed_logins_show_one_page() {
    let people = People::new().await;
    let mut browser = Browser::default();
    let id = UserId::parse("id-of-jane").unwrap();
    let disabled = UserStatus::Disabled;
    assert!(people.store().users().set_status(&id, disabled).await.unwrap());
    let first = login_page(&people, &mut browser).await;
    let long = "x".repeat(5_000);
    let mut pages = Vec::new();
    for (name, password) in [
        ("johndoe", "wrong"),
        ("nobody", "secret"),
        ("jane", "secret"),
        (&long, "secret"),
        ("johndoe", &long),
        ("johndoe", "secret\0"),
        ("john\0doe", "secret"),
        ("johndoe", ""),
        ("", "secret"),
        ("", ""),
    ] {
        let page = browser
            .post(&people, "/login", &credentials(&first, name, password))
            .await;
        assert_eq!(page.status.as_u16(), 403, "{name} {password}");
        assert!(page.has("The user name or the password is wrong.") && !page.has(">secret"));
        // The focus depends on whether the field is empty.
        if !name.is_empty() {
            pages.push(without_values(&page));
        }
    }
    assert!(pages.len() == 8 && pages.iter().all(|page| *page == pages[0]));
}

/// The page without the values of its fields.
fn without_values(page: &Page) -> String {
    let mut parts = page.html.split(" value=\"");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| text + part.split_once('"').unwrap().1)
}

#[tokio::test(start_paused = true)]
async fn throttled_login_states_the_delay() {
    let people = People::new().await;
    let mut browser = Browser::default();
    let page = login_page(&people, &mut browser).await;
    let wrong = credentials(&page, "johndoe", "wrong");
    for _ in 0..10 {
        assert_eq!(browser.post(&people, "/login", &wrong).await.status, 403);
    }
    let right = credentials(&page, "johndoe", "secret");
    let page = browser.post(&people, "/login", &right).await;
    assert_eq!(page.status.as_u16(), 429);
    assert_eq!(page.retry_after.as_deref(), Some("30"));
    assert!(page.has("Try again in 30 seconds.") && !browser.cookies.contains_key("__Host-scopegate"));
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(browser.post(&people, "/login", &right).await.status, 303);
}

#[tokio::test]
async fn session_cookie_lasts_as_the_user_chose() {
    let people = People::new().await;
    for (stay, age) in [(false, None), (true, Some("; Max-Age=2592000"))] {
        let mut browser = Browser::default();
        let page = login_page(&people, &mut browser).await;
        let mut fields = credentials(&page, "johndoe", "secret");
        fields.extend(stay.then(|| ("stay".to_owned(), "1".to_owned())));
        let cookies: Vec<_> = browser
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = Request::post("/login")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header("cookie", cookies.join("; "));
        let answer = people.send(request.body(body(&fields)).unwrap()).await;
        let set: Vec<_> = answer
            .headers()
            .get_all("set-cookie")
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect();
        let session = set
            .iter()
            .find(|set| set.starts_with("__Host-scopegate=sgss_"))
            .unwrap();
        assert_eq!(session.contains("Max-Age"), age.is_some(), "{session}");
        assert!(session.contains(age.unwrap_or_default()), "{session}");
        let year = "; Max-Age=31536000";
        assert_eq!(
            set.iter().filter(|set| set.contains(year)).count(),
            2,
            "browser and known browser"
        );
        assert!(answer.headers().get_all("set-cookie").iter().count() == 3);
    }
}

#[tokio::test]
async fn known_browser_is_not_locked_out() {
    let people = People::new().await;
    let mut owner = Browser::default();
    let page = login_page(&people, &mut owner).await;
    owner.log_in(&people, &page, "johndoe", "secret").await;
    let page = owner.authorize(&people, "web", &[("prompt", "login")]).await;
    let mut thief = Browser::default();
    let foreign = login_page(&people, &mut thief).await;
    for _ in 0..11 {
        thief
            .post(&people, "/login", &credentials(&foreign, "johndoe", "wrong"))
            .await;
    }
    assert_eq!(
        thief
            .post(&people, "/login", &credentials(&foreign, "johndoe", "secret"))
            .await
            .status,
        429
    );
    assert_eq!(
        owner
            .post(&people, "/login", &credentials(&page, "johndoe", "secret"))
            .await
            .status,
        303
    );
}

#[tokio::test]
async fn form_of_another_site_is_refused() {
    let people = People::new().await;
    let mut browser = Browser::default();
    let login = login_page(&people, &mut browser).await;
    let consent = browser.clone().log_in(&people, &login, "johndoe", "secret").await;
    let mut decision = consent.fields("/consent");
    decision.push(("decision".to_owned(), "allow".to_owned()));
    let forms = [
        ("/login", credentials(&login, "johndoe", "secret")),
        ("/consent", decision),
    ];
    for (path, fields) in forms {
        for headers in [
            &[][..],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site"), ("origin", "https://id.example")],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://evil.example")],
            &[("origin", "null")],
        ] {
            let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
            let request = headers
                .iter()
                .fold(request, |request, (name, value)| request.header(*name, *value));
            let page = browser.clone().ask(&people, request, body(&fields)).await;
            assert_eq!(page.status.as_u16(), 403, "{path} {headers:?}");
            assert_eq!(page.heading(), "The form came from another site", "{path} {headers:?}");
        }
    }
    // A browser without fetch metadata sends `Origin`.
    let request = Request::post("/login")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("origin", "https://id.example");
    let page = browser
        .ask(&people, request, body(&credentials(&login, "johndoe", "secret")))
        .await;
    assert_eq!(page.status, 303);
}

#[tokio::test]
async fn form_without_cookies_states_that_they_are_required() {
    let people = People::new().await;
    let mut browser = Browser {
        is_without_cookies: true,
        ..Browser::default()
    };
    let page = login_page(&people, &mut browser).await;
    let page = browser
        .post(&people, "/login", &credentials(&page, "johndoe", "secret"))
        .await;
    assert_eq!(
        (page.status.as_u16(), page.heading().as_str()),
        (400, "Cookies are required")
    );
    assert!(page.button().starts_with("/authorize?client_id=web"));
}

#[tokio::test]
async fn two_cookies_of_one_name_are_refused() {
    let people = People::new().await;
    let mut browser = Browser::default();
    let login = login_page(&people, &mut browser).await;
    let consent = browser.log_in(&people, &login, "johndoe", "secret").await;
    let mut fields = consent.fields("/consent");
    fields.push(("decision".to_owned(), "allow".to_owned()));
    for name in ["__Host-scopegate", "__Host-scopegate-browser", "__Host-scopegate-known"] {
        let second = format!("{name}={}", browser.cookies[name]);
        let request = Request::post("/consent")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header("cookie", second);
        let page = browser.clone().ask(&people, request, body(&fields)).await;
        assert_eq!((page.status.as_u16(), page.location.as_ref()), (400, None), "{name}");
        assert_eq!(page.heading(), "Your browser sent two cookies of one name");
    }
    assert!(browser.decide(&people, &consent, "allow").await.location.is_some());
}

#[tokio::test]
async fn consent_form_is_refused_as_a_whole() {
    let people = People::new().await;
    people
        .change_client("web", |client| client.with_optional_scope("items".parse().unwrap()))
        .await;
    let mut browser = Browser::default();
    let login = login_page(&people, &mut browser).await;
    let consent = browser.log_in(&people, &login, "johndoe", "secret").await;
    let fields = consent.fields("/consent");
    let flow: Vec<_> = fields.iter().filter(|(name, _)| name == "flow").cloned().collect();
    let with = |scopes: &[&str]| {
        let scopes = scopes.iter().map(|scope| ("scope".to_owned(), (*scope).to_owned()));
        let decision = ("decision".to_owned(), "allow".to_owned());
        flow.iter().cloned().chain(scopes).chain([decision]).collect::<Vec<_>>()
    };
    for scopes in [
        &["me", "items", "offline_access"][..],
        &["me", "cargo"],
        &["me", "me"],
        &["items"],
        &[],
        &["me items"],
    ] {
        let page = browser.post(&people, "/consent", &with(scopes)).await;
        assert_eq!(
            (page.status.as_u16(), page.heading().as_str()),
            (400, "The form was not accepted"),
            "{scopes:?}"
        );
        assert!(page.button().starts_with("/authorize?"));
    }
    let (user, client) = (UserId::parse("id-of-johndoe").unwrap(), ClientId::parse("web").unwrap());
    let stored = people.store().consents().find(&user, &client).await.unwrap();
    assert!(stored.is_none(), "nothing was granted");
    for decision in ["", "ALLOW", "yes"] {
        let mut fields = fields.clone();
        fields.push(("decision".to_owned(), decision.to_owned()));
        assert_eq!(
            browser.post(&people, "/consent", &fields).await.status,
            400,
            "{decision}"
        );
    }
    let page = browser.post(&people, "/consent", &with(&["me"])).await;
    assert!(page.location.unwrap().starts_with("https://web.example/cb?code="));
    let stored = people.store().consents().find(&user, &client).await.unwrap().unwrap();
    assert_eq!(
        (
            stored.scope.to_string().as_str(),
            stored.refused_scope.to_string().as_str()
        ),
        ("me", "items")
    );
    // A refused scope is offered again, and not ticked.
    let page = browser.authorize(&people, "web", &[("prompt", "consent")]).await;
    assert!(page.has("value=\"items\">") && !page.has("value=\"items\" checked"));
}

#[tokio::test]
async fn address_of_a_form_is_a_page() {
    let people = People::new().await;
    let mut browser = Browser::default();
    for path in ["/login", "/consent"] {
        let page = browser.get(&people, path).await;
        assert_eq!(
            (page.status.as_u16(), page.heading().as_str()),
            (400, "Start again in the application"),
            "{path}"
        );
        assert_eq!(page.button(), "/account", "{path}");
    }
    browser.log_in_here(&people, "johndoe", "secret").await;
    for path in [
        "/login",
        "/sessions/end",
        "/sessions/end-others",
        "/applications/withdraw",
        "/password",
    ] {
        let page = browser.get(&people, &format!("/account{path}")).await;
        assert_eq!(
            (page.status.as_u16(), page.heading().as_str()),
            (200, "Your account"),
            "{path}"
        );
    }
}

/// A `GET` would issue a code here, because session and consent are known.
#[tokio::test]
async fn head_request_issues_no_code() {
    let people = People::new().await;
    let mut browser = Browser::default();
    browser.answer(&people, "web", &[]).await;
    people.advance(600);
    let query = encode(&super::request("web", &[]));
    let body = encode(&super::request("web", &[]));
    let posted = Request::post("/authorize").header("content-type", "application/x-www-form-urlencoded");
    let carried = browser.ask(&people, posted, body.into_bytes()).await.location.unwrap();
    let rows = async || people.store().count_rows().await.unwrap();
    let before = rows().await;
    let cookies = browser.cookies.clone();
    for path in [format!("/authorize?{query}"), carried.clone()] {
        let page = browser.ask(&people, Request::head(&path), Vec::new()).await;
        assert_eq!((page.status.as_u16(), page.location), (200, None), "{path}");
    }
    assert_eq!((rows().await, &browser.cookies), (before.clone(), &cookies));
    let page = browser.get(&people, &carried).await;
    assert!(page.location.unwrap().contains("code="));
    assert_ne!(rows().await, before);
}

#[tokio::test]
async fn cancelled_login_reaches_the_client() {
    let people = People::new().await;
    let cancel = [("decision", "cancel")];
    for client in ["web", "tool", "app"] {
        let mut browser = Browser::default();
        let page = browser.authorize(&people, client, &[]).await;
        let refused = browser.submit(&people, &page, "/login", &cancel).await;
        let answer = match refused.location {
            Some(location) => location,
            // A program of the device gets it after a click.
            None => refused.button(),
        };
        assert!(answer.starts_with(super::uri_of(client)), "{answer}");
        let parts = ["error", "state"].map(|name| super::parameter(&answer, name));
        assert_eq!(parts, [Some("access_denied".to_owned()), Some("a state".to_owned())]);
        assert_eq!(
            (browser.cookies.len(), client == "web"),
            (1, answer.starts_with("https:"))
        );
        // The flow of another browser, or none, is refused like at a login.
        let foreign = Browser::default().submit(&people, &page, "/login", &cancel).await;
        assert_eq!(foreign.status.as_u16(), 400);
        let none = browser.post(&people, "/login", &cancel).await;
        assert_eq!(none.status.as_u16(), 400);
    }
    let page = Browser::default().get(&people, "/account").await;
    assert!(!page.has("value=\"cancel\""), "no application waits for an answer");
}

#[tokio::test]
async fn repeated_fields_and_large_forms_are_refused() {
    let people = People::new().await;
    let mut browser = Browser::default();
    let login = login_page(&people, &mut browser).await;
    let fields = credentials(&login, "johndoe", "secret");
    for more in [("flow", ""), ("username", "jane"), ("password", "x")] {
        let mut fields = fields.clone();
        fields.push((more.0.to_owned(), more.1.to_owned()));
        let page = browser.post(&people, "/login", &fields).await;
        assert_eq!(
            (page.status.as_u16(), page.heading().as_str()),
            (400, "The link is damaged"),
            "{more:?}"
        );
    }
    let mut large = fields.clone();
    large.push(("x".to_owned(), "x".repeat(64 * 1024)));
    assert_eq!(browser.post(&people, "/login", &large).await.status, 413);
    let json = Request::post("/login")
        .header("content-type", "application/json")
        .header("sec-fetch-site", "same-origin");
    assert_eq!(browser.ask(&people, json, b"{}".to_vec()).await.status, 415);
}
