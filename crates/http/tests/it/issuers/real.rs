//! Tests with a real issuer: npm's `oidc-provider`.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scopegate_http::domain::{Audience, Issuer, Secret};
use scopegate_http::{
    Gate,
    issuers::{Discovery, Introspection, RemoteIssuer, RemoteIssuerBuilder},
};

use crate::issuers::common::{Load, ask, fetcher, gate, status};
use crate::issuers::provider::Provider;

const JWT: &str = "https://api.example/jwt";
const OPAQUE: &str = "https://api.example/opaque";

fn remote(provider: &Provider) -> RemoteIssuerBuilder {
    let issuer = Issuer::parse(&provider.issuer).unwrap();
    RemoteIssuer::builder(issuer, Audience::parse(JWT).unwrap()).fetcher(fetcher())
}

fn trusting(remote: RemoteIssuerBuilder) -> Gate {
    gate().issuer("oauth", remote.build().unwrap()).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn provider_tokens_grant_their_scope() {
    let Some(provider) = Provider::start() else { return };
    for discovery in [Discovery::Either, Discovery::OpenId, Discovery::Rfc8414] {
        let gate = trusting(remote(&provider).discovery(discovery));
        let read = provider.token(JWT, "reports:read");
        assert_eq!(
            ask(&gate, "/reports", &read).await.2,
            format!("{}#machine", provider.issuer),
            "{discovery:?}"
        );
        assert_eq!(status(&gate, &provider.token(JWT, "reports:write")).await, 403);
        assert_eq!(
            status(&gate, &provider.token("https://api.example/jwt2", "reports:read")).await,
            401
        );
        assert_eq!(status(&gate, &provider.token(OPAQUE, "reports:read")).await, 401);
        let (message, signature) = read.rsplit_once('.').unwrap();
        let other: String = signature.chars().rev().collect();
        assert_eq!(status(&gate, &format!("{message}.{other}")).await, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn key_rotation_fails_no_request() {
    let Some(provider) = Provider::start() else { return };
    let gate = trusting(remote(&provider));
    let tokens = Arc::new(Mutex::new(vec![provider.token(JWT, "reports:read")]));
    let load = Load::start(&gate, &tokens);
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        provider.rotate();
        tokens.lock().unwrap().push(provider.token(JWT, "reports:read"));
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (count, odd) = load.end().await;
    assert_eq!(odd, BTreeSet::new(), "of {count} requests");
    assert!(count > 100, "{count} requests");
    assert_eq!(provider.fetched(), 4, "once at first, and once for each new key");
}

#[tokio::test(flavor = "multi_thread")]
async fn provider_shutdown_fails_no_request() {
    let Some(mut provider) = Provider::start() else { return };
    let ages = (Duration::from_millis(100), Duration::from_millis(200));
    let gate = trusting(
        remote(&provider)
            .key_ttl(ages.0, ages.1)
            .rate_limit(4, Duration::from_millis(200)),
    );
    let tokens = Arc::new(Mutex::new(vec![provider.token(JWT, "reports:read")]));
    let load = Load::start(&gate, &tokens);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(provider.fetched() > 1, "keys are asked for again while it is there");
    provider.stop();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let (count, odd) = load.end().await;
    assert_eq!(odd, BTreeSet::new(), "of {count} requests");
    assert!(count > 100, "{count} requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn provider_introspects_its_opaque_tokens() {
    let Some(mut provider) = Provider::start() else { return };
    let issuer = Issuer::parse(&provider.issuer).unwrap();
    let audience = Audience::parse(OPAQUE).unwrap();
    let introspection = Introspection::builder(issuer, audience, "api", Secret::new("secret of api".to_owned()));
    let introspection = introspection.fetcher(fetcher()).cache_ttl(2, 1).build().unwrap();
    let gate = gate().verifier("oauth", Arc::new(introspection)).build().unwrap();
    let token = provider.token(OPAQUE, "reports:read");
    assert_eq!(status(&gate, &token).await, 200);
    assert_eq!(status(&gate, &provider.token(OPAQUE, "reports:write")).await, 403);
    assert_eq!(status(&gate, "made-up").await, 401);
    let other = provider.token("https://elsewhere.example/opaque", "reports:read");
    assert_eq!(status(&gate, &other).await, 401, "it is meant for somebody else");
    provider.revoke(&token);
    tokio::time::sleep(Duration::from_millis(3_100)).await;
    assert_eq!(status(&gate, &token).await, 401);
    provider.stop();
    let (status, retry, _) = ask(&gate, "/reports", "not-seen-before").await;
    assert_eq!((status, retry.as_deref()), (503, Some("1")));
}
