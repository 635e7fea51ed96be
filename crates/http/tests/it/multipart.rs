//! Forms with files: what is read, and which bodies are refused.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::{Request, StatusCode};
use http_body_util::StreamBody;
use hyper::body::Frame;
use hyper::service::Service;
use proptest::prelude::*;
use scopegate_http::input::{BodyError, Multipart, MultipartError};
use scopegate_http::{Gate, HandledOperation, post};
use serde_json::json;

use crate::common::{self, Answered, Profile, whole};

const TYPE: &str = "multipart/form-data; boundary=X";

async fn built(profile: Profile, operation: HandledOperation) -> Gate {
    common::gate(profile).await.operation(operation).build().unwrap()
}

/// Answers each field: name, file name, media type and value.
async fn list(mut form: Multipart) -> Result<String, MultipartError> {
    let mut fields = Vec::new();
    while let Some(mut field) = form.field().await? {
        let head = format!("{} {:?} {:?}", field.name(), field.file_name(), field.media_type());
        fields.push(format!("{head} {}", field.text(64).await?));
    }
    Ok(fields.join("\n"))
}

async fn listing() -> Gate {
    built(Profile::Rfc, post("/x").public().then(list)).await
}

async fn sent<S>(gate: &Gate, media_type: &str, parts: S) -> Answered
where
    S: Stream<Item = Result<Bytes, io::Error>> + Send + 'static,
{
    let body = StreamBody::new(futures_util::StreamExt::map(parts, |part| part.map(Frame::data)));
    let request = Request::post("/x").header("content-type", media_type);
    whole(gate.service().call(request.body(body).unwrap()).await.unwrap()).await
}

/// Sends the body in parts of this size.
async fn sent_in(gate: &Gate, size: usize, body: impl AsRef<[u8]>) -> Answered {
    let parts: Vec<_> = body
        .as_ref()
        .chunks(size)
        .map(|part| Ok(Bytes::copy_from_slice(part)))
        .collect();
    sent(gate, TYPE, stream::iter(parts)).await
}

fn field(name: &str, value: &str) -> String {
    format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

/// The message of a 400.
fn message(answered: &Answered) -> String {
    assert_eq!(answered.status, StatusCode::BAD_REQUEST, "{}", answered.body);
    assert_eq!(answered.header("content-type"), Some("application/problem+json"));
    let body = answered.json();
    assert_eq!(body["errors"][0]["loc"], json!(["body"]));
    body["errors"][0]["msg"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn fields_are_read_from_parts_of_any_size() {
    let gate = listing().await;
    let file = "--X\r\ncontent-disposition: Form-Data; name=\"f\"; filename=\"ü.txt\"\r\nContent-Type: text/x\r\n\r\na\r\n--Y\r\n";
    let body = format!(
        "preamble\r\n{}{file}\r\n{}--X--\r\nepilogue",
        field("a", "1"),
        field("a", "")
    );
    for size in 1..=body.len() {
        let answered = sent_in(&gate, size, &body).await;
        assert_eq!(
            answered.body, "a None None 1\nf Some(\"ü.txt\") Some(\"text/x\") a\r\n--Y\r\n\na None None ",
            "{size}"
        );
    }
    assert_eq!(sent_in(&gate, 99, "--X--\r\n").await.body, "");
}

proptest! {
    #[test]
    fn values_are_read_as_they_are_sent(values in prop::collection::vec("[X\r\n-]{0,24}", 1..5), size in 1_usize..20) {
        // A value that contains the boundary ends there.
        prop_assume!(values.iter().all(|value| !format!("\r\n{value}").contains("\r\n--X")));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let fields: String = values.iter().map(|value| field("a", value)).collect();
        let answered = runtime.block_on(async { sent_in(&listing().await, size, format!("{fields}--X--")).await });
        let expected: Vec<_> = values.iter().map(|value| format!("a None None {value}")).collect();
        prop_assert_eq!(answered.body, expected.join("\n"));
    }
}

#[tokio::test]
async fn unread_rest_of_a_field_is_skipped() {
    async fn names(mut form: Multipart) -> Result<String, MultipartError> {
        let mut names = Vec::new();
        while let Some(mut field) = form.field().await? {
            match field.name() {
                "part" => names.push(format!("{:?}", field.part().await?.map(|part| part.len()))),
                "large" => names.push(format!("{:?}", field.bytes(8).await)),
                name => names.push(name.to_owned()),
            }
        }
        Ok(names.join(" "))
    }
    let gate = built(Profile::Rfc, post("/x").public().then(names)).await;
    let long = "x".repeat(100_000);
    let names = ["a", "part", "large", "z"];
    let body: String = names.iter().map(|name| field(name, &long)).collect();
    let answered = sent_in(&gate, 30_000, format!("{body}--X--")).await;
    let parts: Vec<_> = answered.body.split(' ').collect();
    assert_eq!(
        (parts[0], parts[2], parts[3]),
        ("a", "Err(FieldTooLarge)", "z"),
        "{parts:?}"
    );
    assert!(parts[1].starts_with("Some("), "{parts:?}");
}

#[tokio::test]
async fn sizes_over_a_limit_are_413() {
    let gate = listing().await;
    let value = |length| format!("{}--X--", field("a", &"x".repeat(length)));
    assert_eq!(sent_in(&gate, 10, value(64)).await.status, 200);
    let field_too_large = sent_in(&gate, 10, value(65)).await;
    let gate = built(Profile::Rfc, post("/x").public().body_limit(32).then(list)).await;
    let body_too_large = sent_in(&gate, 10, value(1)).await;
    for refused in [field_too_large, body_too_large] {
        assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(refused.header("content-type"), Some("application/problem+json"));
        assert!(refused.body.contains("too large"), "{}", refused.body);
    }
}

#[tokio::test]
async fn other_media_type_is_415() {
    let gate = listing().await;
    for media_type in ["", "text/plain; boundary=X", "multipart/mixed; boundary=X"] {
        let refused = sent(&gate, media_type, stream::empty()).await;
        assert_eq!(refused.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{media_type}");
        assert!(refused.body.contains("multipart/form-data"), "{}", refused.body);
    }
    let request = Request::post("/x")
        .header("content-type", TYPE)
        .header("content-encoding", "gzip");
    let encoded = common::send(&gate, request.body(String::new()).unwrap()).await;
    assert_eq!(encoded.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn boundary_is_required() {
    let gate = listing().await;
    let long = format!("multipart/form-data; boundary={}", "x".repeat(71));
    for media_type in ["multipart/form-data", "multipart/form-data; boundary=\"\"", &long] {
        let refused = sent(&gate, media_type, stream::empty()).await;
        assert!(message(&refused).contains("boundary"), "{}", refused.body);
    }
    let quoted = sent(
        &gate,
        "Multipart/Form-Data; charset=x; boundary=\"X\"",
        stream::iter([Ok("--X--".into())]),
    );
    assert_eq!(quoted.await.status, 200);
}

#[tokio::test]
async fn malformed_body_is_refused() {
    let gate = listing().await;
    let part = |head: &str| format!("--X\r\n{head}\r\n\r\nv\r\n--X--").into_bytes();
    let mut invalid_name = part("Content-Disposition: form-data; name=\"?\"");
    let mut invalid_file = part("Content-Disposition: form-data; name=\"a\"; filename=\"?\"");
    for body in [&mut invalid_name, &mut invalid_file] {
        let at = body.iter().position(|byte| *byte == b'?').unwrap();
        body[at] = 0xFF;
    }
    let whole = format!("{}--X--", field("a", "value"));
    let truncated = (0..whole.len()).map(|length| whole.as_bytes()[..length].to_vec());
    let bodies = [
        b"--Y\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv\r\n--Y--".to_vec(),
        b"--XY\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv\r\n--XY--".to_vec(),
        part("X-Other: 1"),
        part("Content-Disposition: form-data"),
        part("Content-Disposition: attachment; name=\"a\""),
        part("no header"),
        part(&"A: b\r\n".repeat(40)),
        invalid_name,
        invalid_file,
    ];
    for body in truncated.chain(bodies) {
        for size in [1, 7, 1_000] {
            let refused = sent_in(&gate, size, &body).await;
            let text = String::from_utf8_lossy(&body);
            assert!(message(&refused).contains("multipart/form-data"), "{text:?}");
        }
    }
    let mut text = field("a", "?").into_bytes();
    let at = text.iter().position(|byte| *byte == b'?').unwrap();
    text[at] = 0xFF;
    text.extend_from_slice(b"--X--");
    assert!(message(&sent_in(&gate, 99, text).await).contains("UTF-8"));
}

/// Counts the bytes that are read of an endless body.
struct Endless {
    begin: Option<Bytes>,
    then: Bytes,
    left: usize,
    read: std::sync::Arc<std::sync::atomic::AtomicUsize>,
}

impl Stream for Endless {
    type Item = Result<Bytes, io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let part = self.begin.take().unwrap_or_else(|| self.then.clone());
        self.left = self.left.saturating_sub(part.len());
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.read.fetch_add(part.len(), std::sync::atomic::Ordering::Relaxed);
        Poll::Ready(Some(Ok(part)))
    }
}

#[tokio::test]
async fn part_whose_headers_never_end_is_refused() {
    let gate = built(
        Profile::Rfc,
        post("/x").public().body_limit(64 * 1024 * 1024).then(list),
    )
    .await;
    let after_field = format!("{}--X\r\n", field("a", "1"));
    for begin in ["", "--X", "--X\r\n", "--X\r\nX-Header: ", &after_field] {
        for then in [&b"a"[..], b" ", b"a: b\r\n", &[b'='; 4096]] {
            let read = std::sync::Arc::default();
            let body = Endless {
                begin: Some(Bytes::copy_from_slice(begin.as_bytes())).filter(|begin| !begin.is_empty()),
                then: Bytes::copy_from_slice(then),
                left: 8 * 1024 * 1024,
                read: std::sync::Arc::clone(&read),
            };
            let refused = sent(&gate, TYPE, body).await;
            let text = message(&refused);
            assert!(text.contains("headers") || text.contains("multipart"), "{text}");
            let read = read.load(std::sync::atomic::Ordering::Relaxed);
            assert!(read <= 40 * 1024, "{begin:?} {then:?}: {read} bytes are read");
        }
    }
}

#[tokio::test]
async fn too_many_fields_are_refused() {
    let gate = listing().await;
    let body = |count| format!("{}--X--", field("a", "1").repeat(count));
    assert_eq!(sent_in(&gate, 50_000, body(1_000)).await.status, 200);
    for count in [1_001, 10_000] {
        let refused = sent_in(&gate, 50_000, body(count)).await;
        assert!(message(&refused).contains("too many fields"), "{}", refused.body);
    }
    let few = post("/x")
        .public()
        .then(async |form: Multipart| list(form.field_count(2)).await);
    let gate = built(Profile::Rfc, few).await;
    assert_eq!(sent_in(&gate, 50_000, body(2)).await.status, 200);
    assert_eq!(sent_in(&gate, 50_000, body(3)).await.status, 400);
}

#[tokio::test]
async fn error_of_the_body_is_kept() {
    async fn twice(mut form: Multipart) -> String {
        let mut errors = Vec::new();
        for _ in 0..2 {
            let error = match form.field().await {
                Ok(Some(mut field)) => field.bytes(1_000).await.unwrap_err(),
                Ok(None) => panic!("there is no end"),
                Err(error) => error,
            };
            errors.push(error);
        }
        let expected = MultipartError::Body(BodyError::Incomplete);
        assert_eq!(errors, [expected, expected]);
        String::new()
    }
    let gate = built(Profile::Rfc, post("/x").public().then(twice)).await;
    let begin = Ok(Bytes::from(field("a", "value")));
    let broken = stream::iter([begin, Err(io::Error::other("reset"))]);
    assert_eq!(sent(&gate, TYPE, broken).await.status, 200);
}

#[tokio::test]
async fn refusals_have_the_form_of_the_dialect() {
    let gate = built(Profile::Tutorial, post("/x").public().then(list)).await;
    let refused = sent_in(&gate, 9, "--X").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json()["detail"][0]["loc"], json!(["body"]));
}

#[tokio::test]
async fn form_is_documented() {
    async fn optional(form: Option<Multipart>) -> String {
        form.is_some().to_string()
    }
    let gate = listing().await;
    let body = &gate.openapi()["paths"]["/x"]["post"]["requestBody"];
    let expected =
        json!({ "content": { "multipart/form-data": { "schema": { "type": "object" } } }, "required": true });
    assert_eq!(*body, expected);
    let gate = built(Profile::Rfc, post("/x").public().then(optional)).await;
    assert_eq!(gate.openapi()["paths"]["/x"]["post"]["requestBody"]["required"], false);
    let none = common::send(&gate, Request::post("/x").body(String::new()).unwrap()).await;
    assert_eq!(none.body, "false");
}
