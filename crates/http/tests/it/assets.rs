//! Files of the documentation pages, compressed or not.

use crate::common::Profile;
use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::service::Service as _;

use crate::common;

const SCRIPT: &str = "/docs/assets/swagger-ui-bundle.js";

struct RequestParts {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl RequestParts {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Whether a `Vary` names `Accept-Encoding`.
    fn varies(&self) -> bool {
        let mut vary = self.headers.get_all("vary").iter();
        vary.any(|value| value.to_str().unwrap().eq_ignore_ascii_case("accept-encoding"))
    }
}

async fn ask(method: &Method, path: &str, headers: &[(&str, &str)]) -> RequestParts {
    let gate = common::gate(Profile::Rfc).await.docs().build().unwrap();
    let request = Request::builder().method(method.clone()).uri(path);
    let request = headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value));
    let request = request.body(Full::new(Bytes::new())).unwrap();
    let (head, body) = gate.service().call(request).await.unwrap().into_parts();
    RequestParts {
        status: head.status.as_u16(),
        headers: head.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}

#[tokio::test]
async fn a_large_file_is_compressed_for_a_client_that_accepts_it() {
    let plain = ask(&Method::GET, SCRIPT, &[]).await;
    let gzip = ask(&Method::GET, SCRIPT, &[("accept-encoding", "gzip, deflate, br")]).await;
    let refused = ask(&Method::GET, SCRIPT, &[("accept-encoding", "gzip;q=0, br")]).await;
    for sent in [&plain, &gzip, &refused] {
        assert_eq!(sent.status, 200);
        assert!(sent.varies());
        assert_eq!(sent.header("content-type"), "text/javascript; charset=utf-8");
    }
    assert_eq!(gzip.header("content-encoding"), "gzip");
    assert_eq!(gzip.body.get(..2), Some(&[0x1f, 0x8b][..]));
    assert!(gzip.body.len() * 2 < plain.body.len());
    for sent in [&plain, &refused] {
        assert_eq!(sent.header("content-encoding"), "");
        assert!(sent.body == plain.body);
    }
    assert_ne!(plain.header("etag"), gzip.header("etag"));
    assert_eq!(plain.header("etag"), refused.header("etag"));
}

#[tokio::test]
async fn a_tag_belongs_to_one_coding() {
    let accepts = ("accept-encoding", "gzip");
    let plain = ask(&Method::GET, SCRIPT, &[]).await.header("etag").to_owned();
    let gzip = ask(&Method::GET, SCRIPT, &[accepts]).await.header("etag").to_owned();
    for method in [Method::GET, Method::HEAD] {
        for (headers, status) in [
            (&[("if-none-match", &*plain)][..], 304),
            (&[("if-none-match", &*gzip)], 200),
            (&[("if-none-match", &*gzip), accepts], 304),
            (&[("if-none-match", &*plain), accepts], 200),
            (&[("if-none-match", &*format!("{plain}, {gzip}")), accepts], 304),
        ] {
            let sent = ask(&method, SCRIPT, headers).await;
            assert_eq!(sent.status, status, "{method} {headers:?}");
            assert!(sent.varies());
            let is_gzip = headers.contains(&accepts);
            assert_eq!(sent.header("etag"), if is_gzip { &gzip } else { &plain });
            let coding = if is_gzip && status == 200 { "gzip" } else { "" };
            assert_eq!(sent.header("content-encoding"), coding, "{method} {headers:?}");
            assert_eq!(sent.body.is_empty(), status == 304 || method == Method::HEAD);
        }
    }
}

#[tokio::test]
async fn head_announces_the_length_of_the_coding() {
    for headers in [&[][..], &[("accept-encoding", "gzip")]] {
        let get = ask(&Method::GET, SCRIPT, headers).await;
        let head = ask(&Method::HEAD, SCRIPT, headers).await;
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.header("content-length"), get.body.len().to_string());
        for name in ["etag", "content-encoding", "content-type", "cache-control"] {
            assert_eq!(head.header(name), get.header(name), "{name}");
        }
    }
}

#[tokio::test]
async fn a_small_file_has_one_form() {
    for path in ["/docs/assets/docs.js", "/docs/assets/favicon-32x32.png"] {
        let plain = ask(&Method::GET, path, &[]).await;
        let gzip = ask(&Method::GET, path, &[("accept-encoding", "gzip")]).await;
        assert_eq!((plain.status, gzip.status), (200, 200));
        assert_eq!(plain.header("etag"), gzip.header("etag"));
        assert_eq!(gzip.header("content-encoding"), "");
        assert!(!gzip.varies());
        assert!(plain.body == gzip.body);
    }
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
    assert_eq!((root.status.as_u16(), root.header("location")), (307, Some("./docs")));
    let gate = common::gate(Profile::Rfc).await.docs().build().unwrap();
    let root = common::send(&gate, Request::get("/").body(String::new()).unwrap()).await;
    assert_eq!(root.status.as_u16(), 404);
}
