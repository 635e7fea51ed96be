//! A hostile provider: its tokens grant no access, requests end at their timeout, and the error is
//! the cause.

use std::sync::atomic::Ordering;
use std::time::Duration;

use scopegate_http::domain::Issuer;
use scopegate_http::issuers::{FetchError, InvalidDocument, RemoteError, RemoteIssuer};
use scopegate_issuers::test_provider::{HANG, Step, TestProvider, json, response};

use crate::issuers::common::{FETCH_TIMEOUT, LocalIssuer, audience, fetcher, gate, jwks, key, publish, status, token};
use crate::skip_time::{at_limit, skip, until};

/// Starts a provider whose response with the keys consists of these steps.
async fn provider(keys: impl Fn() -> Vec<Step> + Send + Sync + 'static) -> TestProvider {
    TestProvider::start(move |request, _| {
        if request.starts_with("GET /jwks ") {
            keys()
        } else {
            publish(request, "")
        }
    })
    .await
}

fn remote(provider: &TestProvider) -> RemoteIssuer {
    let name = Issuer::parse(&format!("http://{}", provider.address)).unwrap();
    let remote = RemoteIssuer::builder(name, audience()).fetcher(fetcher());
    let remote = remote.timeout(2 * FETCH_TIMEOUT).rate_limit(4, Duration::from_hours(1));
    remote.build().unwrap()
}

/// Returns the error for a provider with these keys, and checks that its tokens are 503.
async fn outcome(keys: impl Fn() -> Vec<Step> + Send + Sync + 'static) -> RemoteError {
    outcome_at(&provider(keys).await).await
}

async fn outcome_at(provider: &TestProvider) -> RemoteError {
    let remote = remote(provider);
    let gate = gate().issuer("oauth", remote.clone()).build().unwrap();
    let token = token(remote.issuer(), &key("1"), "1");
    assert_eq!(status(&gate, &token).await, 503);
    remote.fetch().await.unwrap_err()
}

fn cause(error: RemoteError) -> FetchError {
    match error {
        RemoteError::Fetch { cause, .. } => cause,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn slow_provider_ends_at_the_timeout() {
    let provider = provider(|| vec![HANG]).await;
    let remote = remote(&provider);
    let gate = gate().issuer("oauth", remote.clone()).build().unwrap();
    let token = token(remote.issuer(), &key("1"), "1");
    let asking = async move { status(&gate, &token).await };
    let has_asked = || provider.count_of("/jwks") == 1;
    assert_eq!(at_limit(FETCH_TIMEOUT, has_asked, asking).await, 503);
    let fetching = async move { remote.fetch().await };
    let has_asked = || provider.count_of("/jwks") == 2;
    let outcome = at_limit(FETCH_TIMEOUT, has_asked, fetching).await;
    assert_eq!(cause(outcome.unwrap_err()), FetchError::Timeout);
}

#[tokio::test]
async fn endless_progress_ends_at_the_timeout() {
    let pause = FETCH_TIMEOUT / 6;
    let provider = provider(move || {
        let head = Step::Send(b"HTTP/1.1 200 OK\r\n\r\n".to_vec());
        let drops = std::iter::repeat_n([Step::Send(vec![b' ']), Step::Wait(pause)], 500);
        std::iter::once(head).chain(drops.flatten()).collect()
    })
    .await;
    let remote = remote(&provider);
    let fetching = tokio::spawn(async move { remote.fetch().await });
    until(|| provider.count_of("/jwks") == 1).await;
    let written = || provider.written.load(Ordering::Relaxed);
    let mut before = 0;
    for number in 1..=6 {
        until(|| written() > before).await;
        assert!(!fetching.is_finished(), "it ends after {number} drops");
        before = written();
        skip(pause).await;
    }
    until(|| fetching.is_finished()).await;
    let outcome = fetching.await.unwrap();
    assert_eq!(cause(outcome.unwrap_err()), FetchError::Timeout);
}

/// Without it, the tests here would pass if nothing were accepted.
#[tokio::test]
async fn honest_provider_is_accepted() {
    let key = key("1");
    let issuer = LocalIssuer::start(Some(&key)).await;
    let remote = remote(&issuer.provider);
    let gate = gate().issuer("oauth", remote.clone()).build().unwrap();
    assert_eq!(status(&gate, &token(&issuer.name, &key, "1")).await, 200);
    assert!(remote.fetch().await.is_ok());
}

#[tokio::test]
async fn large_response_ends_at_its_limit() {
    let huge = || {
        vec![
            Step::Send(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
            Step::Flood(vec![b' '; 65_536]),
        ]
    };
    assert_eq!(cause(outcome(huge).await), FetchError::TooLarge);
    let many = || {
        json(&format!(
            r#"{{"keys": [{}]}}"#,
            vec![r#"{"kty": "x"}"#; 1_000].join(",")
        ))
    };
    assert!(matches!(outcome(many).await, RemoteError::Keys { .. }));
    let deep = || json(&format!(r#"{{"keys": {}"#, "[".repeat(60_000)));
    assert!(matches!(outcome(deep).await, RemoteError::Keys { .. }));
}

#[tokio::test]
async fn redirect_is_not_followed() {
    let secret = TestProvider::start(|_, _| json("{}")).await;
    let location = format!("Location: {}\r\n", secret.url("/inside"));
    let redirect = cause(outcome(move || response("302 X", &location, "")).await);
    assert_eq!(redirect, FetchError::Redirect { status: 302 });
    assert_eq!(secret.count(), 0);
}

#[tokio::test]
async fn document_with_internal_url_is_not_followed() {
    for (inside, is_plain) in [
        ("https://169.254.169.254/latest", false),
        ("https://[fd00:ec2::254]/", false),
        ("http://8.8.8.8/", true),
    ] {
        let provider = TestProvider::start(move |request, _| {
            let host = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
            json(&format!(r#"{{"issuer": "http://{host}", "jwks_uri": "{inside}"}}"#))
        })
        .await;
        match cause(outcome_at(&provider).await) {
            FetchError::ForbiddenAddress { .. } => assert!(!is_plain, "{inside}"),
            FetchError::Plaintext => assert!(is_plain, "{inside}"),
            other => panic!("{inside} {other:?}"),
        }
    }
}

#[tokio::test]
async fn document_that_names_another_issuer_is_rejected() {
    let key = jwks(&key("1"));
    let provider = TestProvider::start(move |request, _| {
        let host = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        if request.starts_with("GET /jwks ") {
            return json(&key);
        }
        json(&format!(
            r#"{{"issuer": "https://victim.example", "jwks_uri": "http://{host}/jwks"}}"#
        ))
    })
    .await;
    assert!(matches!(outcome_at(&provider).await, RemoteError::OtherIssuer { .. }));
    assert_eq!(provider.count_of("/jwks"), 0);
}

#[tokio::test]
async fn compressed_document_is_not_unpacked() {
    let bomb = || response("200 OK", "Content-Encoding: gzip\r\n", "\u{1f}\u{8b}\u{8}");
    assert_eq!(cause(outcome(bomb).await), FetchError::Encoded);
    // Without the header it is a text that is not JSON.
    let silent = || response("200 OK", "", "\u{1f}\u{8b}\u{8}");
    assert!(matches!(outcome(silent).await, RemoteError::Keys { .. }));
}

#[tokio::test]
async fn malformed_key_set_is_rejected() {
    for body in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"keys": {}}"#,
        r#"{"keys": [1]}"#,
        r#"{"keys": []} x"#,
        r#"{"keys": [], "keys": []}"#,
        "<html>",
    ] {
        let outcome = outcome(move || json(body)).await;
        assert!(matches!(outcome, RemoteError::Keys { .. }), "{body} {outcome:?}");
    }
    for (body, is_json) in [("<html>", false), (r#"{"issuer""#, false), (r#"{"issuer": 1}"#, true)] {
        let provider = TestProvider::start(move |_, _| json(body)).await;
        match outcome_at(&provider).await {
            RemoteError::Document {
                fault: InvalidDocument::NotJson,
                ..
            } => assert!(!is_json, "{body}"),
            RemoteError::Document {
                fault: InvalidDocument::Member { .. },
                ..
            } => assert!(is_json, "{body}"),
            other => panic!("{body} {other:?}"),
        }
    }
}

#[tokio::test]
async fn truncated_key_set_is_rejected() {
    let half = || {
        vec![Step::Send(
            b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"keys\": [".to_vec(),
        )]
    };
    assert!(matches!(cause(outcome(half).await), FetchError::Protocol(_)));
    assert!(matches!(cause(outcome(Vec::new).await), FetchError::Protocol(_)));
}

#[tokio::test]
async fn changing_keys_accept_no_foreign_token() {
    let provider = TestProvider::start(|request, number| publish(request, &jwks(&key(&number.to_string())))).await;
    let remote = remote(&provider);
    let name = remote.issuer().clone();
    let gate = gate().issuer("oauth", remote).build().unwrap();
    for number in 0..50 {
        assert_eq!(status(&gate, &token(&name, &key(&number.to_string()), "1")).await, 401);
    }
    assert_eq!(provider.count_of("/jwks"), 4);
}
