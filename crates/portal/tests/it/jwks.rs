//! The public keys of the gate, as those fetch them who verify its tokens.

use http::Request;
use scopegate_http::domain::KeyId;
use scopegate_http::token::{JwksPolicy, KeySet, SigningKey, VerifyingKey};
use scopegate_http::{Cors, Gate, Profile, PublishedKeys};

use crate::common::{self, Answered};

const PATH: &str = "/.well-known/jwks.json";

fn public(id: &str) -> VerifyingKey {
    let key = SigningKey::es256_generate().unwrap();
    key.with_id(KeyId::parse(id).unwrap()).verifying_key()
}

async fn ask(gate: &Gate, method: &str, headers: &[(&str, &str)]) -> Answered {
    let request = Request::builder().method(method).uri(PATH);
    let request = headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value));
    common::send(gate, request.body(String::new()).unwrap()).await
}

fn ids(answer: &Answered) -> Vec<String> {
    let jwks = KeySet::from_jwks(answer.body.as_bytes(), JwksPolicy::PUBLIC_ONLY).unwrap();
    assert_eq!(jwks.skipped(), []);
    jwks.keys().iter().map(|key| key.id().unwrap().to_string()).collect()
}

#[tokio::test]
async fn keys_are_shown_for_five_minutes_and_replaced_in_place() {
    let (first, second) = (public("first"), public("second"));
    let keys = PublishedKeys::new(&KeySet::from(first.clone()));
    let gate = common::gate(Profile::Rfc)
        .await
        .jwks(keys.clone())
        .docs()
        .build()
        .unwrap();
    let one = ask(&gate, "GET", &[]).await;
    assert_eq!((one.status.as_u16(), ids(&one)), (200, vec!["first".to_owned()]));
    assert_eq!(one.header("content-type"), Some("application/jwk-set+json"));
    assert_eq!(one.header("cache-control"), Some("public, max-age=300"));
    let members = one.json()["keys"][0]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect::<Vec<_>>();
    assert!(!members.contains(&"d".to_owned()), "{members:?}");

    let tag = one.header("etag").unwrap().to_owned();
    let known = [("if-none-match", tag.as_str())];
    let same = ask(&gate, "GET", &known).await;
    assert_eq!((same.status.as_u16(), same.body.as_str()), (304, ""));
    assert_eq!(same.header("etag"), Some(tag.as_str()));

    keys.replace(&KeySet::new([first, second]).unwrap());
    let two = ask(&gate, "GET", &known).await;
    assert_eq!(
        (two.status.as_u16(), ids(&two)),
        (200, vec!["first".to_owned(), "second".to_owned()])
    );
    assert_ne!(two.header("etag"), Some(tag.as_str()));
    let head = ask(&gate, "HEAD", &[]).await;
    assert_eq!((head.status.as_u16(), head.body.as_str()), (200, ""));
    assert_eq!(ask(&gate, "POST", &[]).await.header("allow"), Some("GET, HEAD"));
    assert_eq!(gate.openapi()["paths"].get(PATH), None, "no operation");
}

#[tokio::test]
async fn secrets_are_not_shown_and_without_keys_there_is_no_place() {
    let secret = scopegate_http::domain::Secret::new(vec![7; 32]);
    let shared = SigningKey::hs256(&secret).unwrap().verifying_key();
    let keys = PublishedKeys::new(&KeySet::new([shared, public("public")]).unwrap());
    let gate = common::gate(Profile::Rfc).await.jwks(keys).build().unwrap();
    assert_eq!(ids(&ask(&gate, "GET", &[]).await), ["public"]);
    let gate = common::gate(Profile::Tutorial).await.build().unwrap();
    assert_eq!(ask(&gate, "GET", &[]).await.status.as_u16(), 404);
}

#[tokio::test]
async fn scripts_of_configured_pages_may_read_them() {
    let cors = Cors::origins(["https://app.example"]).unwrap();
    let keys = PublishedKeys::new(&KeySet::from(public("first")));
    let gate = common::gate(Profile::Rfc).await.jwks(keys).cors(cors).build().unwrap();
    for (origin, open) in [
        ("https://app.example", Some("https://app.example")),
        ("https://evil.example", None),
    ] {
        let answer = ask(&gate, "GET", &[("origin", origin)]).await;
        assert_eq!(answer.header("access-control-allow-origin"), open);
    }
    let preflight = [
        ("origin", "https://app.example"),
        ("access-control-request-method", "GET"),
    ];
    assert_eq!(ask(&gate, "OPTIONS", &preflight).await.status.as_u16(), 204);
}

#[tokio::test]
async fn a_file_of_a_page_is_sent_once() {
    let gate = common::gate(Profile::Rfc).await.docs().build().unwrap();
    let ask = async |path: &str, tag: Option<&str>| {
        let request = Request::get(path);
        let request = tag
            .into_iter()
            .fold(request, |request, tag| request.header("if-none-match", tag));
        common::send(&gate, request.body(String::new()).unwrap()).await
    };
    let mut tags = std::collections::BTreeSet::new();
    for name in ["swagger-ui-bundle.js", "redoc.standalone.js", "docs.js"] {
        let path = format!("/docs/assets/{name}");
        let first = ask(&path, None).await;
        let tag = first.header("etag").expect("a tag").to_owned();
        assert_eq!((first.status.as_u16(), first.body.is_empty()), (200, false));
        let again = ask(&path, Some(&tag)).await;
        assert_eq!((again.status.as_u16(), again.body.as_str()), (304, ""));
        assert_eq!(again.header("etag"), Some(&*tag));
        assert_eq!(ask(&path, Some("\"other\"")).await.body, first.body);
        tags.insert(tag);
    }
    assert_eq!(tags.len(), 3);
    assert_eq!(ask("/docs/assets/none.js", None).await.status.as_u16(), 404);
}

#[tokio::test]
async fn root_redirects_to_the_docs_if_configured() {
    let gate = common::gate(Profile::Rfc).await.docs().docs_at_root().build().unwrap();
    let root = common::send(&gate, Request::get("/").body(String::new()).unwrap()).await;
    assert_eq!((root.status.as_u16(), root.header("location")), (307, Some("/docs")));
    let gate = common::gate(Profile::Rfc).await.docs().build().unwrap();
    let root = common::send(&gate, Request::get("/").body(String::new()).unwrap()).await;
    assert_eq!(root.status.as_u16(), 404);
}
