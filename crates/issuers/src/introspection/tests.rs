//! Questions about opaque tokens, and an issuer that answers badly.

use std::sync::atomic::{AtomicBool, Ordering};

use scopegate_domain::{Lifetime, ManualClock};

use super::*;
use crate::test_provider::{HANG, Step, TestProvider, json, response};
use crate::{AllowedNetwork, InvalidEndpoint};

const NOW: Timestamp = Timestamp::from_unix(1_000);
const GOOD: &str = r#"{"active": true, "aud": "https://api.example", "sub": "1", "scope": "a b", "exp": 1030}"#;

struct Asked {
    provider: TestProvider,
    clock: Arc<ManualClock>,
    introspection: Introspection,
}

/// Queries the provider itself, without searching for a document first.
async fn asked(
    script: impl Fn(&str, usize) -> Vec<Step> + Send + Sync + 'static,
    set: impl Fn(IntrospectionBuilder) -> IntrospectionBuilder,
) -> Asked {
    let provider = TestProvider::start(script).await;
    let clock = Arc::new(ManualClock::at(NOW));
    let fetcher = HttpFetcher::builder()
        .allow(AllowedNetwork::LOOPBACK)
        .timeout(Duration::from_millis(700))
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
    .clock(Arc::<ManualClock>::clone(&clock));
    Asked {
        introspection: set(builder).build().unwrap(),
        provider,
        clock,
    }
}

impl Asked {
    async fn introspect(&self, token: &str) -> Outcome {
        self.introspection.introspect(token).await
    }

    async fn accepts(&self, token: &str) -> bool {
        matches!(self.introspect(token).await, Ok(Some(_)))
    }
}

#[tokio::test]
async fn the_client_says_who_it_is_and_what_it_asks_about() {
    let asked = asked(|_, _| json(GOOD), |builder| builder).await;
    let issuer = asked.introspection.0.issuer.clone();
    let expected = IntrospectedToken {
        subject: Some(format!("{issuer}#1").into()),
        scopes: ["a", "b"].map(ScopeToken::from_static).into(),
    };
    assert_eq!(asked.introspect("to ken&x=+").await.unwrap(), Some(expected));
    let request = asked.provider.requests.lock().unwrap()[0].clone();
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
async fn the_client_can_say_it_in_the_form() {
    let asked = asked(
        |_, _| json(GOOD),
        |builder| builder.authentication(ClientAuthentication::Post),
    )
    .await;
    assert!(asked.accepts("t").await);
    let request = asked.provider.requests.lock().unwrap()[0].clone();
    assert!(!request.contains("authorization:"), "{request}");
    assert!(
        request.ends_with("&client_id=the+api&client_secret=secret%3A+100%25"),
        "{request}"
    );
}

#[tokio::test]
async fn an_answer_is_remembered_no_longer_than_its_token_lives() {
    let asked = asked(|_, _| json(GOOD), |builder| builder).await;
    assert!(asked.accepts("t").await && asked.accepts("t").await);
    assert_eq!(asked.provider.count(), 1);
    asked.clock.advance(Lifetime::from_seconds(29));
    assert!(asked.accepts("t").await);
    assert_eq!(asked.provider.count(), 1);
    asked.clock.advance(Lifetime::from_seconds(1));
    assert!(
        !asked.accepts("t").await,
        "its `exp` has come, whatever the issuer still says"
    );
    assert_eq!(asked.provider.count(), 2);
}

#[tokio::test]
async fn a_revoked_token_is_refused_within_a_bounded_time() {
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
    let asked = asked(script, |builder| builder.cache_ttl(10, 2)).await;
    assert!(asked.accepts("t").await);
    is_revoked.store(true, Ordering::SeqCst);
    asked.clock.advance(Lifetime::from_seconds(9));
    assert!(asked.accepts("t").await);
    asked.clock.advance(Lifetime::from_seconds(1));
    assert!(!asked.accepts("t").await);
    // And a bad answer is soon forgotten.
    is_revoked.store(false, Ordering::SeqCst);
    asked.clock.advance(Lifetime::from_seconds(1));
    assert!(!asked.accepts("t").await);
    asked.clock.advance(Lifetime::from_seconds(1));
    assert!(asked.accepts("t").await);
    assert_eq!(asked.provider.count(), 3);
}

#[tokio::test]
async fn nothing_is_remembered_where_that_is_said() {
    let asked = asked(|_, _| json(GOOD), |builder| builder.cache_ttl(0, 0)).await;
    assert!(asked.accepts("t").await && asked.accepts("t").await);
    assert_eq!(asked.provider.count(), 2);
}

#[tokio::test]
async fn many_who_come_at_once_with_one_token_cause_one_question() {
    let slow = |_: &str, _| {
        [Step::Wait(Duration::from_millis(100))]
            .into_iter()
            .chain(json(GOOD))
            .collect()
    };
    let asked = asked(slow, |builder| builder.cache_ttl(0, 0)).await;
    let all = (0..100).map(|_| asked.accepts("t"));
    assert!(
        futures_util::future::join_all(all)
            .await
            .into_iter()
            .all(|is_good| is_good)
    );
    assert_eq!(asked.provider.count(), 1);
}

#[tokio::test]
async fn so_many_questions_are_open_and_no_more() {
    let asked = asked(|_, _| vec![HANG], |builder| builder.max_concurrency(3)).await;
    let tokens: Vec<String> = (0..50).map(|number| format!("guess {number}")).collect();
    let all = tokens.iter().map(|token| asked.introspect(token));
    for outcome in futures_util::future::join_all(all).await {
        assert!(
            matches!(outcome, Err(RemoteError::Busy | RemoteError::Fetch { .. })),
            "{outcome:?}"
        );
    }
    assert!(asked.provider.count() <= 3, "{}", asked.provider.count());
    assert!(asked.introspection.0.state().open.is_empty());
}

#[tokio::test]
async fn whatever_a_bad_issuer_does_nobody_is_let_in_and_nobody_waits_long() {
    let scripts: [Vec<Step>; 10] = [
        vec![HANG],
        vec![],
        response("500 X", "", ""),
        response("401 X", "", r#"{"active": true}"#),
        response("302 X", "Location: http://127.0.0.1/\r\n", ""),
        response("200 OK", "Content-Encoding: gzip\r\n", GOOD),
        vec![Step::Send(
            format!("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{GOOD}").into_bytes(),
        )],
        vec![
            Step::Send(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
            Step::Flood(vec![b' '; 65_536]),
        ],
        json("<html>"),
        json(r#"{"active": "yes"}"#),
    ];
    for steps in scripts {
        let script = steps.clone();
        let asked = asked(move |_, _| script.clone(), |builder| builder).await;
        let began = tokio::time::Instant::now();
        let outcome = asked.introspect("t").await;
        assert!(
            matches!(outcome, Err(RemoteError::Fetch { .. } | RemoteError::Document { .. })),
            "{steps:?}: {outcome:?}"
        );
        assert!(began.elapsed() < Duration::from_secs(2));
        assert!(
            asked
                .introspection
                .0
                .state()
                .answers
                .find(&TokenText::new("t"), NOW)
                .is_none()
        );
    }
}

#[tokio::test]
async fn what_is_no_token_is_not_asked_about() {
    let asked = asked(|_, _| json(GOOD), |builder| builder).await;
    for token in [String::new(), "x".repeat(TokenRules::MAX_TOKEN + 1)] {
        assert_eq!(asked.introspect(&token).await.unwrap(), None);
    }
    assert_eq!(asked.provider.count(), 0);
}

#[tokio::test]
async fn the_issuer_says_where_to_ask() {
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
        assert_eq!(answer.unwrap().subject.as_deref(), Some("1"));
    }
    assert_eq!((provider.count(), provider.count_of("/ask")), (3, 2));
}

#[test]
fn nothing_of_a_secret_is_printed() {
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
