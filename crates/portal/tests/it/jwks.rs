//! The published keys, as programs fetch them that verify tokens of the issuer.

use bytes::Bytes;
use http::{Request, Response};
use scopegate_domain::{KeyId, Secret};
use scopegate_gate::{Catalog, Gate, RequestHead};
use scopegate_portal::PublishedKeys;
use scopegate_token::{JwksPolicy, KeySet, SigningKey, VerifyingKey};
use serde_json::Value;

const PATH: &str = "/.well-known/jwks.json";

fn public(id: &str) -> VerifyingKey {
    let key = SigningKey::es256_generate().unwrap();
    key.with_id(KeyId::parse(id).unwrap()).verifying_key()
}

/// Returns the answer to a request; an endpoint without a body answers instead of a permit.
async fn ask(gate: &Gate, method: &str, headers: &[(&str, &str)]) -> Response<Bytes> {
    let request = Request::builder().method(method).uri(PATH);
    let request = headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value))
        .body(())
        .unwrap();
    match gate.authorize(&RequestHead::of(&request)).await {
        Err(answer) => answer,
        Ok(permit) => panic!("an endpoint has no permit: {permit:?}"),
    }
}

fn gate(keys: &PublishedKeys) -> Gate {
    let gate = Gate::builder(Catalog::builder().build().unwrap());
    gate.site(keys.clone()).build().unwrap()
}

fn header<'a>(answer: &'a Response<Bytes>, name: &str) -> Option<&'a str> {
    answer.headers().get(name).map(|value| value.to_str().unwrap())
}

fn ids(answer: &Response<Bytes>) -> Vec<String> {
    let jwks = KeySet::from_jwks(answer.body(), JwksPolicy::PUBLIC_ONLY).unwrap();
    assert_eq!(jwks.skipped(), []);
    jwks.keys().iter().map(|key| key.id().unwrap().to_string()).collect()
}

#[tokio::test]
async fn published_keys_are_cacheable_and_replaced_at_once() {
    let (first, second) = (public("first"), public("second"));
    let keys = PublishedKeys::new(&KeySet::from(first.clone()));
    let gate = gate(&keys);
    let one = ask(&gate, "GET", &[]).await;
    assert_eq!((one.status().as_u16(), ids(&one)), (200, vec!["first".to_owned()]));
    assert_eq!(header(&one, "content-type"), Some("application/jwk-set+json"));
    assert_eq!(header(&one, "cache-control"), Some("public, max-age=300"));
    let set: Value = serde_json::from_slice(one.body()).unwrap();
    let first_key = set.get("keys").and_then(|keys| keys.get(0)).unwrap();
    assert!(first_key.get("kty").is_some() && first_key.get("d").is_none(), "{set}");

    let tag = header(&one, "etag").unwrap().to_owned();
    let known = [("if-none-match", tag.as_str())];
    let same = ask(&gate, "GET", &known).await;
    assert_eq!((same.status().as_u16(), same.body().is_empty()), (304, true));
    assert_eq!(header(&same, "etag"), Some(tag.as_str()));

    keys.replace(&KeySet::new([first, second]).unwrap());
    let two = ask(&gate, "GET", &known).await;
    assert_eq!(
        (two.status().as_u16(), ids(&two)),
        (200, vec!["first".to_owned(), "second".to_owned()])
    );
    assert_ne!(header(&two, "etag"), Some(tag.as_str()));
    let head = ask(&gate, "HEAD", &[]).await;
    assert_eq!((head.status().as_u16(), head.body().is_empty()), (200, true));
    let post = ask(&gate, "POST", &[]).await;
    assert_eq!(
        (post.status().as_u16(), header(&post, "allow")),
        (405, Some("GET, HEAD"))
    );
}

#[tokio::test]
async fn secret_keys_are_not_published() {
    let secret = Secret::new(vec![7; 32]);
    let shared = SigningKey::hs256(&secret).unwrap().verifying_key();
    let keys = PublishedKeys::new(&KeySet::new([shared, public("public")]).unwrap());
    assert_eq!(ids(&ask(&gate(&keys), "GET", &[]).await), ["public"]);
    let without = Gate::builder(Catalog::builder().build().unwrap()).build().unwrap();
    assert_eq!(ask(&without, "GET", &[]).await.status().as_u16(), 404);
}
