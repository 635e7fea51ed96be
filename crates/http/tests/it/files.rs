//! Files as answers: conditions, ranges, and files that change.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::service::Service;
use proptest::prelude::*;
use scopegate_http::answer::{Answer, File};
use scopegate_http::{Gate, Guard, HandledOperation, get, post};
use serde_json::Value;

use crate::common::{self, Answered, Profile, whole};

const TEXT: &str = "0123456789";

async fn built(operation: HandledOperation) -> Gate {
    common::gate(Profile::Rfc).await.operation(operation).build().unwrap()
}

async fn of<A: Answer>(make: fn() -> A) -> Gate {
    built(get("/x").public().then(move || async move { make() })).await
}

async fn text() -> Gate {
    of(|| File::from_bytes(TEXT).media_type("text/plain").attachment("a.txt")).await
}

/// A gate that answers with the file at this path.
async fn at(path: &Path) -> Gate {
    let path = path.to_owned();
    let open = move || {
        let path = path.clone();
        async move { File::open(path).await.ok() }
    };
    built(get("/x").public().then(open)).await
}

fn request(method: Method, headers: &[(&str, &str)]) -> Request<Empty<Bytes>> {
    let request = Request::builder().method(method).uri("/x");
    let request = headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(Empty::new()).unwrap()
}

fn set_length(path: &Path, length: u64) {
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_len(length).unwrap();
}

async fn ask(gate: &Gate, headers: &[(&str, &str)]) -> Answered {
    whole(gate.service().call(request(Method::GET, headers)).await.unwrap()).await
}

async fn tag_of(gate: &Gate) -> String {
    ask(gate, &[]).await.header("etag").unwrap().to_owned()
}

/// A file in a folder of the test, which is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("files-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join("file");
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn file_has_its_headers() {
    let answered = ask(&text().await, &[]).await;
    assert_eq!((answered.status, answered.body.as_str()), (StatusCode::OK, TEXT));
    for (name, value) in [
        ("accept-ranges", "bytes"),
        ("content-length", "10"),
        ("content-type", "text/plain"),
        ("content-disposition", "attachment; filename=\"a.txt\""),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(answered.header(name), Some(value), "{name}");
    }
    let tag = answered.header("etag").unwrap();
    assert!(tag.starts_with('"') && tag.len() > 2 && tag.ends_with('"'), "{tag}");
    assert_eq!(answered.header("last-modified"), None);
    let plain = ask(&of(|| File::from_bytes("").media_type("a\r\nb: c")).await, &[]).await;
    assert_eq!(plain.header("content-type"), Some("application/octet-stream"));
    assert_eq!(plain.header("content-disposition"), None);
    assert_eq!((plain.body.as_str(), plain.header("content-length")), ("", Some("0")));
}

#[tokio::test]
async fn file_of_the_file_system_is_sent_whole() {
    let folder = Folder::new("whole");
    // Longer than three parts.
    let content: Vec<u8> = (0..40_000)
        .flat_map(|number| format!("{number:05}").into_bytes())
        .collect();
    let path = folder.file(&content);
    let modified = SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_000_000_500);
    fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(modified)
        .unwrap();
    let gate = at(&path).await;
    let answered = ask(&gate, &[]).await;
    assert!(answered.body.as_bytes() == content);
    assert_eq!(answered.header("content-length"), Some("200000"));
    assert_eq!(answered.header("last-modified"), Some("Sun, 09 Sep 2001 01:46:40 GMT"));
    for (range, part) in [
        ("bytes=0-0", &content[..1]),
        ("bytes=65530-131080", &content[65_530..=131_080]),
        ("bytes=-7", &content[199_993..]),
    ] {
        let answered = ask(&gate, &[("range", range)]).await;
        assert_eq!(answered.status, StatusCode::PARTIAL_CONTENT);
        assert!(answered.body.as_bytes() == part, "{range}");
    }
}

#[tokio::test]
async fn path_to_another_thing_is_not_found() {
    let folder = Folder::new("absent");
    for path in [folder.0.join("absent"), folder.0.clone(), PathBuf::from("/dev/null")] {
        let error = File::open(&path).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{path:?}");
        let answered = ask(&at(&path).await, &[]).await;
        assert_eq!(answered.status, StatusCode::NOT_FOUND);
        assert_eq!(answered.header("content-type"), Some("application/problem+json"));
    }
}

#[tokio::test]
async fn range_is_206_or_416() {
    let gate = text().await;
    for (range, body, content_range) in [
        ("bytes=0-3", "0123", "bytes 0-3/10"),
        ("bytes=8-", "89", "bytes 8-9/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
        ("bytes=5-99", "56789", "bytes 5-9/10"),
    ] {
        let answered = ask(&gate, &[("range", range)]).await;
        assert_eq!(answered.status, StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(answered.body, body);
        assert_eq!(answered.header("content-range"), Some(content_range));
        assert_eq!(answered.header("content-length").unwrap(), body.len().to_string());
        assert_eq!(answered.header("content-type"), Some("text/plain"));
        assert!(answered.header("etag").is_some());
    }
    let refused = ask(&gate, &[("range", "bytes=10-")]).await;
    assert_eq!(
        (refused.status, refused.body.as_str()),
        (StatusCode::RANGE_NOT_SATISFIABLE, "")
    );
    assert_eq!(refused.header("content-range"), Some("bytes */10"));
    assert_eq!((refused.header("content-type"), refused.header("etag")), (None, None));
    for ignored in [
        &[("range", "bytes=0-1,4-5")][..],
        &[("range", "bytes=4-1")],
        &[("range", "lines=0-1")],
        &[("range", "bytes=0-1"), ("range", "bytes=4-5")],
    ] {
        let answered = ask(&gate, ignored).await;
        assert_eq!(
            (answered.status, answered.body.as_str()),
            (StatusCode::OK, TEXT),
            "{ignored:?}"
        );
        assert_eq!(answered.header("content-range"), None);
    }
}

proptest! {
    #[test]
    fn two_halves_are_the_file(length in 2_usize..200_000, at in 1_usize..200_000) {
        let (content, at) = (vec![b'x'; length], at % (length - 1) + 1);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let halves = runtime.block_on(async {
            let file = File::from_bytes(content);
            let gate = built(get("/x").public().then(move || { let file = file.clone(); async move { file } })).await;
            let first = ask(&gate, &[("range", &format!("bytes=0-{}", at - 1))]).await;
            let second = ask(&gate, &[("range", &format!("bytes={at}-"))]).await;
            [first.body.len(), second.body.len()]
        });
        prop_assert_eq!(halves, [at, length - at]);
    }
}

#[tokio::test]
async fn range_of_another_version_is_the_whole_file() {
    let gate = text().await;
    let tag = tag_of(&gate).await;
    let weak = format!("W/{tag}");
    for (known, status) in [
        (tag.as_str(), 206),
        ("\"other\"", 200),
        (&weak, 200),
        ("Sun, 09 Sep 2001 01:46:40 GMT", 200),
        ("", 200),
    ] {
        for (range, unsatisfiable) in [("bytes=0-1", false), ("bytes=99-", true)] {
            let answered = ask(&gate, &[("range", range), ("if-range", known)]).await;
            let expected = if status == 206 && unsatisfiable { 416 } else { status };
            assert_eq!(answered.status.as_u16(), expected, "{known} {range}");
        }
    }
    assert_eq!(ask(&gate, &[("if-range", &tag)]).await.status, 200, "without a range");
}

#[tokio::test]
async fn known_version_is_304() {
    let gate = text().await;
    let tag = tag_of(&gate).await;
    let (weak, list) = (format!("W/{tag}"), format!("\"a\", {tag}"));
    for (known, status) in [
        (tag.as_str(), 304),
        (&weak, 304),
        (&list, 304),
        ("*", 304),
        ("\"a\"", 200),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let headers = [("if-none-match", known), ("range", "bytes=99-")];
            let headers = if status == 304 { &headers[..] } else { &headers[..1] };
            let response = gate.service().call(request(method, headers)).await.unwrap();
            let answered = whole(response).await;
            assert_eq!(answered.status.as_u16(), status, "{known}");
            assert_eq!(answered.header("etag"), Some(tag.as_str()));
            if status == 304 {
                assert_eq!((answered.body.as_str(), answered.header("content-type")), ("", None));
                assert_eq!(answered.header("content-disposition"), None);
            }
        }
    }
}

#[tokio::test]
async fn dates_are_conditions_if_no_tag_is() {
    let folder = Folder::new("dates");
    let path = folder.file(TEXT);
    let modified = SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_000_000_500);
    fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(modified)
        .unwrap();
    let gate = at(&path).await;
    let (before, then) = ("Sun, 09 Sep 2001 01:46:39 GMT", "Sun, 09 Sep 2001 01:46:40 GMT");
    for (headers, status) in [
        (&[("if-modified-since", then)][..], 304),
        (&[("if-modified-since", before)], 200),
        (&[("if-modified-since", "yesterday")], 200),
        (&[("if-modified-since", then), ("if-none-match", "\"a\"")], 200),
        (&[("if-unmodified-since", then)], 200),
        (&[("if-unmodified-since", before)], 412),
        (&[("if-unmodified-since", before), ("if-match", "*")], 200),
        (&[("if-match", "\"a\"")], 412),
        (&[("if-match", "\"a\""), ("if-none-match", "*")], 412),
    ] {
        assert_eq!(ask(&gate, headers).await.status.as_u16(), status, "{headers:?}");
    }
    let tag = tag_of(&gate).await;
    assert_eq!(ask(&gate, &[("if-match", &tag)]).await.status, 200);
    assert_eq!(ask(&gate, &[("if-match", &format!("W/{tag}"))]).await.status, 412);
}

#[tokio::test]
async fn head_has_the_headers_and_no_body() {
    let gate = text().await;
    let headers = [("range", "bytes=0-1")];
    let answered = whole(gate.service().call(request(Method::HEAD, &headers)).await.unwrap()).await;
    assert_eq!((answered.status, answered.body.as_str()), (StatusCode::OK, ""));
    assert_eq!(answered.header("content-length"), Some("10"));
    assert_eq!(answered.header("accept-ranges"), Some("bytes"));
}

#[tokio::test]
async fn changed_file_has_another_tag() {
    let folder = Folder::new("tag");
    let path = folder.file("one");
    let first = tag_of(&at(&path).await).await;
    assert_eq!(tag_of(&at(&path).await).await, first);
    // A file of the same length and time.
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let other = folder.0.join("other");
    tokio::time::sleep(Duration::from_millis(20)).await;
    fs::write(&other, "two").unwrap();
    fs::File::options()
        .write(true)
        .open(&other)
        .unwrap()
        .set_modified(modified)
        .unwrap();
    fs::rename(&other, &path).unwrap();
    assert_ne!(tag_of(&at(&path).await).await, first);
}

#[tokio::test]
async fn file_that_changes_while_it_is_sent_ends_the_body() {
    let changes: [fn(&Path); 3] = [
        |path| set_length(path, 70_000),
        |path| fs::File::options().write(true).open(path).unwrap().set_len(0).unwrap(),
        |path| fs::write(path, vec![b'y'; 200_001]).unwrap(),
    ];
    for change in changes {
        let folder = Folder::new("changes");
        let path = folder.file(vec![b'x'; 200_000]);
        let gate = at(&path).await;
        let mut body = gate
            .service()
            .call(request(Method::GET, &[]))
            .await
            .unwrap()
            .into_body();
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(first.len(), 64 * 1024);
        change(&path);
        assert!(body.frame().await.unwrap().is_err());
        assert!(body.frame().await.is_none());
        assert_eq!(ask(&gate, &[]).await.status, StatusCode::OK, "the gate answers on");
    }
}

#[tokio::test]
async fn removed_file_is_sent_to_its_end() {
    let folder = Folder::new("removed");
    let path = folder.file(vec![b'x'; 200_000]);
    let opened = File::open(&path).await.unwrap();
    let copies = [opened.clone(), opened];
    let bodies = copies.map(|file| file.into_response().into_body().collect());
    for body in futures_util::future::join_all(bodies).await {
        assert_eq!(body.unwrap().to_bytes().len(), 200_000);
    }
}

#[tokio::test]
async fn conditions_are_applied_after_the_guard_and_to_success_only() {
    let guarded = built(
        get("/x")
            .guard(Guard::authenticated())
            .then(|| async { File::from_bytes(TEXT) }),
    )
    .await;
    assert_eq!(ask(&guarded, &[("if-none-match", "*")]).await.status, 401);
    let created = of(|| scopegate_http::answer::Created(File::from_bytes(TEXT))).await;
    let answered = ask(&created, &[("if-none-match", "*"), ("range", "bytes=0-1")]).await;
    assert_eq!((answered.status.as_u16(), answered.body.as_str()), (201, TEXT));
    let posted = built(post("/x").public().then(|| async { File::from_bytes(TEXT) })).await;
    let response = posted.service().call(request(Method::POST, &[("range", "bytes=0-1")]));
    assert_eq!(whole(response.await.unwrap()).await.status, 200);
    // The tag of the application takes precedence.
    let own = of(|| {
        let headers = HeaderMap::from_iter([(http::header::ETAG, HeaderValue::from_static("\"v1\""))]);
        (StatusCode::OK, headers, File::from_bytes(TEXT))
    })
    .await;
    assert_eq!(ask(&own, &[("if-none-match", "\"v1\"")]).await.status, 304);
}

#[tokio::test]
async fn statuses_are_documented() {
    let gate = text().await;
    let responses = &gate.openapi()["paths"]["/x"]["get"]["responses"];
    let mut statuses: Vec<&str> = responses.as_object().unwrap().keys().map(String::as_str).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, ["200", "206", "304", "412", "416"]);
    for (status, header) in [
        ("200", "accept-ranges"),
        ("206", "content-range"),
        ("416", "content-range"),
    ] {
        assert_eq!(responses[status]["headers"][header]["schema"]["type"], "string");
    }
    for status in ["200", "206"] {
        assert_eq!(
            responses[status]["content"]["*/*"]["schema"],
            Value::Object(serde_json::Map::new())
        );
    }
    assert_eq!(responses["304"].get("content"), None);
}
