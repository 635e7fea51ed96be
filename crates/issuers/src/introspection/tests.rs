//! Introspection requests, and an issuer with invalid responses.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt as _;
use scopegate_domain::{Audience, Issuer, Lifetime, ManualClock, ScopeToken, Secret, Timestamp};

use super::*;
use crate::skip_time::{at_limit, skip, until};
use crate::test_provider::{HANG, Step, TestProvider, json, response};
use crate::{AllowedNetwork, HttpFetcher, InvalidEndpoint, RemoteSetupError, SubjectMapping};

const NOW: Timestamp = Timestamp::from_unix(1_000);
const GOOD: &str = r#"{"active": true, "aud": "https://api.example", "sub": "1", "scope": "a b", "exp": 1030}"#;

/// Longer than a busy machine takes. Tests of the timeout skip it.
const FETCH_TIMEOUT: Duration = Duration::from_mins(1);

struct Fixture {
    provider: TestProvider,
    clock: Arc<ManualClock>,
    introspection: Introspection,
}

/// Creates an `Introspection` with the endpoint of a test provider, without discovery.
async fn fixture(
    script: impl Fn(&str, usize) -> Vec<Step> + Send + Sync + 'static,
    set: impl Fn(IntrospectionBuilder) -> IntrospectionBuilder,
) -> Fixture {
    let provider = TestProvider::start(script).await;
    let clock = Arc::new(ManualClock::at(NOW));
    let fetcher = HttpFetcher::builder()
        .allow(AllowedNetwork::LOOPBACK)
        .connect_timeout(FETCH_TIMEOUT)
        .timeout(FETCH_TIMEOUT)
        .build()
        .unwrap();
    let builder = Introspection::builder(
        Issuer::parse(&format!("http://{}", provider.address)).unwrap(),
        Audience::parse("https://api.example").unwrap(),
        "the api",
        Secret::new("secret: 100%".to_owned()),
    )
    .endpoint(provider.url("/introspect"))
    .fetcher(fetcher)
    .timeout(2 * FETCH_TIMEOUT)
    .clock(Arc::<ManualClock>::clone(&clock));
    Fixture {
        introspection: set(builder).build().unwrap(),
        provider,
        clock,
    }
}

impl Fixture {
    async fn introspect(&self, token: &str) -> Outcome {
        self.introspection.introspect(token).await
    }

    async fn accepts(&self, token: &str) -> bool {
        matches!(self.introspect(token).await, Ok(Some(_)))
    }
}

#[tokio::test]
async fn request_contains_client_authentication_and_token() {
    let fixture = fixture(|_, _| json(GOOD), |builder| builder).await;
    let issuer = fixture.introspection.0.client.issuer.clone();
    let token = fixture.introspect("to ken&x=+").await.unwrap().unwrap();
    assert_eq!(token.claims.subject(), Some(format!("{issuer}#1").as_str()));
    assert_eq!(token.scopes, ["a", "b"].map(ScopeToken::from_static));
    let request = fixture.provider.requests.lock().unwrap()[0].clone();
    assert!(request.starts_with("POST /introspect HTTP/1.1\r\n"), "{request}");
    // base64 of `the+api:secret%3A+100%25`
    assert!(
        request.contains("\r\nauthorization: Basic dGhlK2FwaTpzZWNyZXQlM0ErMTAwJTI1\r\n"),
        "{request}"
    );
    assert!(
        request.ends_with("\r\n\r\ntoken=to+ken%26x%3D%2B&token_type_hint=access_token"),
        "{request}"
    );
}

#[tokio::test]
async fn client_secret_post_is_sent_in_the_form() {
    let fixture = fixture(
        |_, _| json(GOOD),
        |builder| builder.authentication(ClientAuthentication::Post),
    )
    .await;
    assert!(fixture.accepts("t").await);
    let request = fixture.provider.requests.lock().unwrap()[0].clone();
    assert!(!request.contains("authorization:"), "{request}");
    assert!(
        request.ends_with("&client_id=the+api&client_secret=secret%3A+100%25"),
        "{request}"
    );
}

#[tokio::test]
async fn cached_answer_ends_with_exp() {
    let fixture = fixture(|_, _| json(GOOD), |builder| builder).await;
    assert!(fixture.accepts("t").await && fixture.accepts("t").await);
    assert_eq!(fixture.provider.count(), 1);
    fixture.clock.advance(Lifetime::from_seconds(29));
    assert!(fixture.accepts("t").await);
    assert_eq!(fixture.provider.count(), 1);
    fixture.clock.advance(Lifetime::from_seconds(1));
    assert!(
        !fixture.accepts("t").await,
        "expired, although the issuer says `active`"
    );
    assert_eq!(fixture.provider.count(), 2);
}

#[tokio::test]
async fn revoked_token_is_refused_after_the_ttl() {
    let is_revoked = Arc::new(AtomicBool::new(false));
    let state = Arc::clone(&is_revoked);
    let good = GOOD.replace("1030", "99999");
    let script = move |_: &str, _| {
        json(if state.load(Ordering::SeqCst) {
            r#"{"active": false}"#
        } else {
            &good
        })
    };
    let fixture = fixture(script, |builder| builder.cache_ttl(10, 2)).await;
    assert!(fixture.accepts("t").await);
    is_revoked.store(true, Ordering::SeqCst);
    fixture.clock.advance(Lifetime::from_seconds(9));
    assert!(fixture.accepts("t").await);
    fixture.clock.advance(Lifetime::from_seconds(1));
    assert!(!fixture.accepts("t").await);
    // The TTL of an invalid token is shorter.
    is_revoked.store(false, Ordering::SeqCst);
    fixture.clock.advance(Lifetime::from_seconds(1));
    assert!(!fixture.accepts("t").await);
    fixture.clock.advance(Lifetime::from_seconds(1));
    assert!(fixture.accepts("t").await);
    assert_eq!(fixture.provider.count(), 3);
}

#[tokio::test]
async fn zero_ttl_disables_the_cache() {
    let fixture = fixture(|_, _| json(GOOD), |builder| builder.cache_ttl(0, 0)).await;
    assert!(fixture.accepts("t").await && fixture.accepts("t").await);
    assert_eq!(fixture.provider.count(), 2);
}

#[tokio::test]
async fn concurrent_callers_share_one_request() {
    let slow = |_: &str, _| {
        [Step::Wait(Duration::from_millis(100))]
            .into_iter()
            .chain(json(GOOD))
            .collect()
    };
    let fixture = fixture(slow, |builder| builder.cache_ttl(0, 0)).await;
    let all = (0..100).map(|_| fixture.accepts("t"));
    assert!(
        futures_util::future::join_all(all)
            .await
            .into_iter()
            .all(|is_good| is_good)
    );
    assert_eq!(fixture.provider.count(), 1);
}

/// Waits this number of milliseconds, and then returns these steps.
fn after(milliseconds: u64, steps: Vec<Step>) -> Vec<Step> {
    let wait = Step::Wait(Duration::from_millis(milliseconds));
    std::iter::once(wait).chain(steps).collect()
}

#[tokio::test]
async fn concurrent_callers_share_a_failure() {
    let fixture = fixture(|_, _| after(100, response("500 X", "", "")), |builder| builder).await;
    let all = (0..100).map(|_| fixture.introspect("t"));
    for outcome in futures_util::future::join_all(all).await {
        assert!(matches!(outcome, Err(RemoteError::Fetch { .. })), "{outcome:?}");
    }
    assert_eq!(fixture.provider.count(), 1);
}

#[tokio::test]
async fn request_continues_after_its_caller_was_cancelled() {
    let held = FETCH_TIMEOUT / 2;
    let script = move |_: &str, _| std::iter::once(Step::Wait(held)).chain(json(GOOD)).collect();
    let fixture = fixture(script, |builder| builder.cache_ttl(0, 0)).await;
    assert_eq!(fixture.introspect("t").now_or_never(), None, "cancelled");
    until(|| fixture.provider.count() == 1).await;
    let (is_accepted, ()) = futures_util::future::join(fixture.accepts("t"), skip(held)).await;
    assert!(is_accepted, "waits for the same request");
    assert_eq!(fixture.provider.count(), 1);
}

/// A client that resets its streams must not fill the memory with tasks.
#[tokio::test]
async fn cancelled_callers_leave_no_tasks() {
    let fixture = fixture(|_, _| vec![HANG], |builder| builder).await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    assert_eq!(fixture.introspect("t").now_or_never(), None);
    until(|| fixture.provider.count() == 1).await;
    let before = tasks();
    for _ in 0..100 {
        let all = (0..10).map(|_| fixture.introspect("t"));
        assert_eq!(futures_util::future::join_all(all).now_or_never(), None);
        tokio::task::yield_now().await;
    }
    assert_eq!((fixture.provider.count(), tasks()), (1, before));
}

/// The task of a request may be cancelled at any time, for example when the client disconnects or a
/// runtime ends.
#[tokio::test]
async fn lost_request_does_not_block_its_token() {
    let fixture = fixture(|_, _| json(GOOD), |builder| builder).await;
    let token = Arc::new(TokenText::new("t"));
    let dropped = fixture.introspection.0.running.get_value_or_guard_async(&token).await;
    let waiting = fixture.accepts("t");
    let drop_later = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(dropped);
    };
    assert!(futures_util::future::join(waiting, drop_later).await.0);
}

#[tokio::test]
async fn concurrent_requests_are_limited() {
    let fixture = fixture(|_, _| vec![HANG], |builder| builder.max_concurrency(3)).await;
    let introspection = fixture.introspection.clone();
    let all = async move {
        let tokens: Vec<String> = (0..50).map(|number| format!("guess {number}")).collect();
        futures_util::future::join_all(tokens.iter().map(|token| introspection.introspect(token))).await
    };
    let outcomes = at_limit(FETCH_TIMEOUT, || fixture.provider.count() == 3, all).await;
    let count = |fault: fn(&RemoteError) -> bool| {
        outcomes
            .iter()
            .filter(|outcome| outcome.as_ref().is_err_and(fault))
            .count()
    };
    assert_eq!(count(|fault| matches!(fault, RemoteError::Busy)), 47);
    assert_eq!(count(|fault| matches!(fault, RemoteError::Fetch { .. })), 3);
    assert_eq!(fixture.provider.count(), 3);
    assert!(fixture.introspection.0.running.is_empty());
}

#[tokio::test]
async fn silent_provider_is_an_error_at_the_timeout() {
    let fixture = fixture(|_, _| vec![HANG], |builder| builder.timeout(FETCH_TIMEOUT / 2)).await;
    for expected in ["Slow", "Fetch"] {
        let introspection = fixture.introspection.clone();
        let has_asked = || fixture.provider.count() == 1;
        let asking = async move { introspection.introspect("t").await };
        let outcome = at_limit(FETCH_TIMEOUT / 2, has_asked, asking).await;
        let fault = format!("{:?}", outcome.unwrap_err());
        assert!(fault.starts_with(expected), "{fault}");
    }
}

#[tokio::test]
async fn failed_request_is_an_error_and_not_cached() {
    let scripts = [
        (vec![], "Fetch"),
        (response("500 X", "", ""), "Fetch"),
        (response("401 X", "", r#"{"active": true}"#), "Fetch"),
        (response("302 X", "Location: http://127.0.0.1/\r\n", ""), "Fetch"),
        (response("200 OK", "Content-Encoding: gzip\r\n", GOOD), "Fetch"),
        (
            vec![Step::Send(
                format!("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{GOOD}").into_bytes(),
            )],
            "Fetch",
        ),
        (
            vec![
                Step::Send(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
                Step::Flood(vec![b' '; 65_536]),
            ],
            "Fetch",
        ),
        (json("<html>"), "Document"),
        (json(r#"{"active": "yes"}"#), "Document"),
    ];
    for (steps, expected) in scripts {
        let script = steps.clone();
        let script = move |_: &str, number| if number == 1 { script.clone() } else { json(GOOD) };
        let fixture = fixture(script, |builder| builder).await;
        let fault = format!("{:?}", fixture.introspect("t").await.unwrap_err());
        assert!(fault.starts_with(expected), "{steps:?}: {fault}");
        assert!(!fault.contains("Timeout"), "{steps:?}: {fault}");
        let cache = &fixture.introspection.0.cache;
        assert_eq!(cache.find(&Arc::new(TokenText::new("t")), NOW), None);
        assert!(fixture.introspection.0.running.is_empty());
        assert!(fixture.accepts("t").await, "the next request succeeds");
    }
}

#[tokio::test]
async fn empty_and_oversized_tokens_cause_no_request() {
    let fixture = fixture(|_, _| json(GOOD), |builder| builder).await;
    for token in [String::new(), "x".repeat(TokenRules::MAX_TOKEN + 1)] {
        assert_eq!(fixture.introspect(&token).await.unwrap(), None);
    }
    assert_eq!(fixture.provider.count(), 0);
}

#[tokio::test]
async fn endpoint_is_discovered_once() {
    let provider = TestProvider::start(|request, _| {
        let host = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        if request.starts_with("POST /ask ") {
            json(GOOD)
        } else if request.starts_with("GET /.well-known/oauth-authorization-server ") {
            json(&format!(
                r#"{{"issuer": "http://{host}", "introspection_endpoint": "http://{host}/ask"}}"#
            ))
        } else {
            response("404 X", "", "")
        }
    })
    .await;
    let introspection = Introspection::builder(
        Issuer::parse(&format!("http://{}", provider.address)).unwrap(),
        Audience::parse("https://api.example").unwrap(),
        "api",
        Secret::new("secret".to_owned()),
    )
    .fetcher(HttpFetcher::builder().allow(AllowedNetwork::LOOPBACK).build().unwrap())
    .clock(Arc::new(ManualClock::at(NOW)))
    .map_subjects(SubjectMapping::Ours)
    .build()
    .unwrap();
    for token in ["a", "b"] {
        let answer = introspection.introspect(token).await.unwrap();
        assert_eq!(answer.unwrap().claims.subject(), Some("1"));
    }
    assert_eq!((provider.count(), provider.count_of("/ask")), (3, 2));
}

#[test]
fn debug_output_contains_no_secret() {
    let builder = Introspection::builder(
        Issuer::parse("https://id.example").unwrap(),
        Audience::parse("x").unwrap(),
        "api",
        Secret::new("hunter2".to_owned()),
    );
    let before = format!("{builder:?}");
    let printed = format!("{before} {:?}", builder.any_audience().build().unwrap());
    assert!(!printed.contains("hunter2"), "{printed}");
    let odd = |issuer: &str| {
        let issuer = Issuer::parse(issuer).unwrap();
        let secret = Secret::new(String::new());
        Introspection::builder(issuer, Audience::parse("x").unwrap(), "api", secret)
            .build()
            .unwrap_err()
    };
    assert_eq!(odd("joe"), RemoteSetupError::Endpoint(InvalidEndpoint::Scheme));
}
