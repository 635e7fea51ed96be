//! The table of the authorization endpoint: each case with its answer.

use http::Request;
use scopegate_domain::{GrantType, RedirectUri};

use super::html::Page;
use super::{Browser, CHALLENGE, ISSUER, LOOPBACK_ISSUER, OTHER, People, encode, parameter, request};

/// The client, the changed parameters, and the heading of the page.
type Case<'c> = (&'c str, &'c [(&'c str, &'c str)], &'c str);

/// Sends a request by both methods; both have the same answer.
async fn both(people: &People, query: &str) -> [Page; 2] {
    let get = Browser::default().get(people, &format!("/authorize?{query}")).await;
    let post = Request::post("/authorize")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "cross-site");
    let post = Browser::default().ask(people, post, query.as_bytes().to_vec()).await;
    [get, post]
}

#[tokio::test]
async fn first_row_is_never_a_redirect() {
    let people = People::new().await;
    let second = RedirectUri::parse("https://web.example/second").unwrap();
    let first = RedirectUri::parse("https://web.example/cb").unwrap();
    people
        .change_client("web", |client| client.with_redirect_uris([first, second]))
        .await;
    people
        .change_client("page", |client| client.with_grant_types([GrantType::RefreshToken]))
        .await;
    let cases: [Case<'_>; 9] = [
        ("web", &[("client_id", "")], "The link is incomplete"),
        ("web", &[("client_id", "nobody")], "The application is not known here"),
        (
            "web",
            &[("client_id", "caf\u{e9}")],
            "The application is not known here",
        ),
        ("page", &[], "The application may not log you in"),
        ("web", &[("redirect_uri", "")], "The link is incomplete"),
        (
            "web",
            &[("redirect_uri", "https://evil.example/cb")],
            "The return address is not registered",
        ),
        (
            "web",
            &[("redirect_uri", "https://web.example/cb/")],
            "The return address is not registered",
        ),
        (
            "web",
            &[("redirect_uri", "javascript:alert(1)")],
            "The return address is not registered",
        ),
        (
            "web",
            &[("redirect_uri", "https://web.example/cb\u{0}")],
            "The return address is not registered",
        ),
    ];
    for (client, changes, heading) in cases {
        for prompt in [&[][..], &[("prompt", "none")]] {
            let all = [changes, prompt].concat();
            for page in both(&people, &encode(&request(client, &all))).await {
                assert_eq!((page.status.as_u16(), page.location.as_ref()), (400, None), "{all:?}");
                assert_eq!(page.heading(), heading, "{all:?}");
                assert!(page.has("Request id") && !page.has("evil.example"), "{all:?}");
            }
        }
    }
    let usual = encode(&request("web", &[]));
    for twice in [
        "client_id=web",
        "client_id=page",
        "redirect_uri=https%3A%2F%2Fweb.example%2Fcb",
    ] {
        for page in both(&people, &format!("{usual}&{twice}")).await {
            assert_eq!((page.status.as_u16(), page.location), (400, None), "{twice}");
        }
    }
}

#[tokio::test]
async fn each_error_is_a_redirect_with_state_and_issuer() {
    let people = People::new().await;
    let long = "x".repeat(513);
    let short = CHALLENGE.get(1..).unwrap();
    let cases: [(&[(&str, &str)], &str); 34] = [
        (&[("response_type", "")], "invalid_request"),
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("response_type", "code token")], "unsupported_response_type"),
        (&[("code_challenge", "")], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge", short)], "invalid_request"),
        (&[("scope", "me  items")], "invalid_scope"),
        (&[("scope", "undeclared openid")], "invalid_scope"),
        (&[("scope", "")], "invalid_scope"),
        (&[("resource", "/ships")], "invalid_target"),
        (&[("resource", "https://api.example/ships#f")], "invalid_target"),
        (&[("resource", "https://api.example/unknown")], "invalid_target"),
        (&[("resource", OTHER)], "invalid_target"),
        (&[("prompt", "create")], "invalid_request"),
        (&[("prompt", "none login")], "invalid_request"),
        (&[("max_age", "-1")], "invalid_request"),
        (&[("max_age", "soon")], "invalid_request"),
        (&[("nonce", &long)], "invalid_request"),
        (&[("prompt", "none")], "login_required"),
        (&[("request", "eyJ")], "request_not_supported"),
        (&[("request_uri", "urn:x")], "request_uri_not_supported"),
        (&[("registration", "{}")], "invalid_request"),
        (&[("authorization_details", "[]")], "invalid_request"),
        (&[("dpop_jkt", "x")], "invalid_request"),
        (&[("response_mode", "fragment")], "invalid_request"),
        (&[("response_mode", "form_post")], "invalid_request"),
        (&[("nonce", "a\u{0}b")], "invalid_request"),
        (&[("nonce", "a\r\nb")], "invalid_request"),
        (&[("unknown", "a\u{7f}b")], "invalid_request"),
        (&[("a\tb", "c")], "invalid_request"),
        (&[("scope", "me \"")], "invalid_scope"),
        (&[("scope", "cargo")], "invalid_scope"),
        (&[("max_age", "99999999999")], "invalid_request"),
    ];
    for (changes, error) in cases {
        for page in both(&people, &encode(&request("web", changes))).await {
            // `prompt=none` by another site is decided when the browser comes with its cookies.
            let page = Browser::default().follow(&people, page).await;
            expect_error(&page, error, Some("a state"), &format!("{changes:?}"));
        }
    }
    for (changes, name) in [
        (("registration", "{}"), "`registration` is not supported"),
        (
            ("authorization_details", "[]"),
            "`authorization_details` is not supported",
        ),
        (("dpop_jkt", "x"), "`dpop_jkt` is not supported"),
        (("response_mode", "fragment"), "`response_mode` is not supported"),
    ] {
        let [page, _] = both(&people, &encode(&request("web", &[changes]))).await;
        let location = page.location.unwrap();
        assert_eq!(parameter(&location, "error_description").as_deref(), Some(name));
    }
}

fn expect_error(page: &Page, error: &str, state: Option<&str>, context: &str) {
    let location = page.location.as_ref().unwrap_or_else(|| panic!("{context}: {page:?}"));
    assert!(
        location.starts_with("https://web.example/cb?error="),
        "{context}: {location}"
    );
    assert_eq!(parameter(location, "error").as_deref(), Some(error), "{context}");
    assert_eq!(parameter(location, "state").as_deref(), state, "{context}");
    assert_eq!(parameter(location, "iss").as_deref(), Some(ISSUER), "{context}");
    assert!(parameter(location, "code").is_none(), "{context}");
    assert!(
        parameter(location, "error_description").unwrap().is_ascii(),
        "{context}"
    );
}

#[tokio::test]
async fn malformed_parameters_are_an_invalid_request() {
    let people = People::new().await;
    let usual = encode(&request("web", &[]));
    for more in [
        "scope=me",
        "state=b",
        "unknown=1&unknown=1",
        "nonce=%FF",
        "nonce=%00",
        "x=%C3%28",
        "%FF=x",
        "nonce=%0A",
        "nonce=%",
        "nonce=%zz",
        "%4g=x",
    ] {
        for page in both(&people, &format!("{usual}&{more}")).await {
            // Of two values of `state`, none is returned.
            let state = (more != "state=b").then_some("a state");
            expect_error(&page, "invalid_request", state, more);
        }
    }
    let long = "s".repeat(513);
    for state in [long.as_str(), "a\u{0}", "a\r\nSet-Cookie: x=y"] {
        let query = encode(&request("web", &[("state", state)]));
        for page in both(&people, &query).await {
            expect_error(&page, "invalid_request", None, "state");
        }
    }
}

#[tokio::test]
async fn unknown_parameters_and_repeated_resources_change_nothing() {
    let people = People::new().await;
    let usual = encode(&request("web", &[]));
    let more = "sub=jane&user=jane&consent=allow&scopes=x&flow=x&resource=https%3A%2F%2Fapi.example%2Fships\
                &resource=https%3A%2F%2Fapi.example%2Fships&ui_locales=de&acr_values=1&client_secret=x";
    for page in both(&people, &format!("{usual}&{more}")).await {
        let page = Browser::default().follow(&people, page).await;
        assert_eq!((page.status.as_u16(), page.heading().as_str()), (200, "Log in"));
    }
}

#[tokio::test]
async fn silent_request_states_what_is_missing() {
    let people = People::new().await;
    let mut browser = Browser::default();
    let none = [("prompt", "none")];
    let page = browser.authorize(&people, "web", &[]).await;
    browser.log_in(&people, &page, "johndoe", "secret").await;
    let page = browser.authorize(&people, "web", &none).await;
    expect_error(&page, "consent_required", Some("a state"), "no consent");
    browser.answer(&people, "web", &[]).await;
    let page = browser.authorize(&people, "web", &none).await;
    assert!(parameter(&page.location.unwrap(), "code").is_some());
    people.advance(100);
    let page = browser
        .authorize(&people, "web", &[("prompt", "none"), ("max_age", "60")])
        .await;
    expect_error(&page, "login_required", Some("a state"), "too old");
    // The page of a program of the device is always required.
    browser.answer(&people, "tool", &[]).await;
    let page = browser.authorize(&people, "tool", &none).await;
    let error = parameter(&page.button(), "error");
    assert_eq!(error.as_deref(), Some("interaction_required"));
}

#[tokio::test]
async fn request_over_8_kib_is_refused() {
    let people = People::new().await;
    for (length, is_refused) in [(7 * 1024, false), (8 * 1024, true)] {
        let query = encode(&request("web", &[("unknown", &"x".repeat(length))]));
        let [get, post] = both(&people, &query).await;
        let expected = if is_refused { (414, 413) } else { (200, 303) };
        assert_eq!((get.status.as_u16(), post.status.as_u16()), expected, "{length}");
        if is_refused {
            assert_eq!(
                (get.heading(), post.heading()),
                ("The link is too long".into(), "The link is too long".into())
            );
        }
    }
    let long = Browser::default()
        .get(&people, &format!("/authorize?flow={}", "A".repeat(17 * 1024)))
        .await;
    assert_eq!(long.status, 414);
    // The largest request is carried through a redirect and through a login.
    let nonce = "n".repeat(512);
    let hint = "p".repeat(6_000);
    let query = encode(&request(
        "web",
        &[("nonce", &nonce), ("state", &nonce), ("login_hint", &hint)],
    ));
    let [_, post] = both(&people, &query).await;
    let mut browser = Browser::default();
    let page = browser.follow(&people, post).await;
    let location = browser.finish(&people, page).await;
    assert_eq!(parameter(&location, "state").as_deref(), Some(nonce.as_str()));
}

#[tokio::test]
async fn other_media_types_and_queries_are_refused() {
    let people = People::new().await;
    let body = encode(&request("web", &[]));
    for (path, media_type, status) in [
        ("/authorize", "application/json", 415),
        ("/authorize", "multipart/form-data; boundary=b", 415),
        ("/authorize", "application/x-www-form-urlencoded; charset=utf-16", 415),
        ("/authorize?client_id=web", "application/x-www-form-urlencoded", 400),
    ] {
        let post = Request::post(path).header("content-type", media_type);
        let page = Browser::default().ask(&people, post, body.clone().into_bytes()).await;
        assert_eq!(
            (page.status.as_u16(), page.location),
            (status, None),
            "{path} {media_type}"
        );
    }
}

#[tokio::test]
async fn redirect_uris_are_shown_without_tls_only() {
    let sent = "https://web.example/<b>";
    for (issuer, is_shown) in [(ISSUER, false), (LOOPBACK_ISSUER, true)] {
        let people = People::at(issuer).await;
        for page in both(&people, &encode(&request("web", &[("redirect_uri", sent)]))).await {
            assert_eq!(page.status.as_u16(), 400);
            let parts = [
                page.has("https://web.example/&#60;b&#62;"),
                page.has("https://web.example/cb"),
            ];
            assert_eq!(parts, [is_shown; 2], "{issuer}");
        }
    }
}

#[tokio::test]
async fn headers_of_a_request_change_no_byte() {
    let people = People::new().await;
    let query = encode(&request("web", &[("redirect_uri", "https://evil.example/")]));
    let forged = Request::get(format!("/authorize?{query}"))
        .header("host", "evil.example")
        .header("x-forwarded-host", "evil.example")
        .header("x-forwarded-proto", "http")
        .header("forwarded", "host=evil.example");
    let page = Browser::default().ask(&people, forged, Vec::new()).await;
    let plain = Browser::default().get(&people, &format!("/authorize?{query}")).await;
    let without_id = |page: &Page| page.html.split("Request id").next().unwrap().to_owned();
    assert_eq!(without_id(&page), without_id(&plain));
}
