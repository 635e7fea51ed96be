//! One gate gives one answer to a request, whichever entry point receives it.

use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use scopegate_http::warp::{self, Filter};
use scopegate_http::{Gate, Guard, Json, get, post, site::RequestHead};

use crate::common::{self, ITEMS, ME, Profile, token};

async fn site(profile: Profile) -> Gate {
    common::gate(profile)
        .await
        .body_limit(8)
        .operation(get("/open").public().then(|| async { "open" }))
        .operation(get("/me/").guard(Guard::requires([ME])).then(|| async { "me" }))
        .operation(
            post("/me/")
                .guard(Guard::requires([ITEMS]))
                .then(|_: scopegate_http::Permit, Json(number): Json<u32>| async move { Json(number) }),
        )
        .docs()
        .build()
        .unwrap()
}

/// Status, headers but for the id, and body.
type Seen = (StatusCode, HeaderMap, Bytes);

fn seen(status: StatusCode, mut headers: HeaderMap, body: Bytes) -> Seen {
    assert!(headers.remove("x-request-id").is_some(), "an id");
    // A test client of warp's adds it or not.
    headers.remove("content-length");
    (status, headers, body)
}

async fn by_service(gate: &Gate, request: Request<String>) -> Seen {
    let request = request.map(|body| Full::new(Bytes::from(body)));
    let response = hyper::service::Service::call(&gate.service(), request).await.unwrap();
    let (parts, body) = response.into_parts();
    seen(parts.status, parts.headers, body.collect().await.unwrap().to_bytes())
}

async fn by_filter<F>(filter: &F, request: &Request<String>) -> Seen
where
    F: Filter<Error = std::convert::Infallible> + Clone + Send + Sync + 'static,
    F::Extract: warp::Reply + Send,
{
    let mut service = warp::service(filter.clone());
    let request = request.clone().map(|body| Full::new(Bytes::from(body)));
    let response = tower_service::Service::call(&mut service, request).await.unwrap();
    let (parts, body) = response.into_parts();
    seen(parts.status, parts.headers, body.collect().await.unwrap().to_bytes())
}

/// The answer of the entry point without handlers. A permit has no answer.
async fn by_authorize(gate: &Gate, request: &Request<String>) -> Result<(), Seen> {
    match gate.authorize(&RequestHead::of(request)).await {
        Ok(_) => Ok(()),
        Err(response) => {
            let (parts, body) = response.into_parts();
            Err(seen(parts.status, parts.headers, body))
        }
    }
}

/// A body above the limit of the gate.
const TOO_LONG: &str = "123456789";

#[expect(clippy::too_many_lines, reason = "a list of requests")]
fn corpus() -> Vec<Request<String>> {
    let (me, items) = (token("johndoe", &[ME]), token("johndoe", &[ITEMS]));
    let bearer = |token: &str| format!("Bearer {token}");
    let mut requests = Vec::new();
    for (method, target, headers, body) in [
        ("GET", "/open", vec![], ""),
        ("HEAD", "/open", vec![], ""),
        ("GET", "/me/", vec![], ""),
        ("GET", "/me/", vec![("authorization", bearer(&me))], ""),
        ("GET", "/me/", vec![("authorization", bearer(&items))], ""),
        ("HEAD", "/me/", vec![("authorization", bearer(&me))], ""),
        (
            "POST",
            "/me/",
            vec![
                ("authorization", bearer(&items)),
                ("content-type", "application/json".into()),
            ],
            "7",
        ),
        (
            "POST",
            "/me/",
            vec![
                ("authorization", bearer(&items)),
                ("content-type", "application/json".into()),
            ],
            TOO_LONG,
        ),
        ("GET", "/missing", vec![], ""),
        ("HEAD", "/missing", vec![], ""),
        ("GET", "/me", vec![], ""),
        ("DELETE", "/me/", vec![("authorization", bearer(&me))], ""),
        ("GET", "/me/", vec![("authorization", "Bearer x.y.z".to_owned())], ""),
        ("GET", "/docs", vec![], ""),
        ("GET", "/openapi.json", vec![], ""),
    ] {
        for hosts in [
            &[][..],
            &["a"],
            &["a.example:8000"],
            &["[::1]:80"],
            &[""],
            &["a", "a"],
            &["a", "b"],
            &["a b"],
            &["u@a"],
            &["a:b"],
            &["a:+1"],
            &["a:65536"],
            &["[::1]:x"],
            &["[::g]"],
        ] {
            for authority in ["", "http://a", "http://A", "http://b", "http://u@a", "http://a:65536"] {
                let request = Request::builder().method(method).uri(format!("{authority}{target}"));
                let request = hosts
                    .iter()
                    .fold(request, |request, host| request.header("host", *host));
                let request = headers
                    .iter()
                    .fold(request, |request, (name, value)| request.header(*name, value));
                // The parser of request targets refuses some of them before any gate.
                requests.extend(request.body(body.to_owned()));
            }
        }
    }
    requests
}

#[tokio::test]
async fn every_entry_point_gives_the_same_answer() {
    let (mut refused, mut allowed) = (0, 0);
    for profile in [Profile::Rfc, Profile::Tutorial] {
        let gate = site(profile).await;
        let whole = gate.site_filter();
        let filter = gate
            .filter()
            .or(warp::any().map(|| StatusCode::IM_A_TEAPOT))
            .unify_replies();
        for request in corpus() {
            let expected = by_service(&gate, request.clone()).await;
            refused += usize::from(expected.0 == StatusCode::BAD_REQUEST);
            let what = format!("{} {} {:?}", request.method(), request.uri(), request.headers());
            assert_eq!(by_filter(&whole, &request).await, expected, "whole: {what}");
            if let Err(refusal) = by_authorize(&gate, &request).await {
                assert_eq!(refusal, expected, "authorize: {what}");
            } else {
                // The handler ran, or its input was not as declared.
                allowed += 1;
                let answer = if request.body() == TOO_LONG { 413 } else { 200 };
                assert_eq!(expected.0.as_u16(), answer, "authorize: {what}: {expected:?}");
            }
            // If no operation matches, the filter leaves the request to others.
            let is_known =
                !["/missing", "/me"].contains(&request.uri().path()) && request.method() != http::Method::DELETE;
            if is_known && (profile == Profile::Rfc || request.method() != http::Method::HEAD) {
                assert_eq!(by_filter(&filter, &request).await, expected, "filter: {what}");
            }
        }
    }
    assert!(refused > 100 && allowed > 50, "{refused} refused, {allowed} allowed");
}

/// Makes one type of the replies of two filters.
trait UnifyReplies {
    fn unify_replies(
        self,
    ) -> impl Filter<Extract = (warp::reply::Response,), Error = std::convert::Infallible> + Clone + Send + Sync + 'static;
}

impl<F, R> UnifyReplies for F
where
    F: Filter<Extract = (R,), Error = std::convert::Infallible> + Clone + Send + Sync + 'static,
    R: warp::Reply + Send,
{
    fn unify_replies(
        self,
    ) -> impl Filter<Extract = (warp::reply::Response,), Error = std::convert::Infallible> + Clone + Send + Sync + 'static
    {
        self.map(|reply: R| reply.into_response())
    }
}
