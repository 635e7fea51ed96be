//! Answers of handlers: their responses, and what the document says about them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, HeaderValue, Request};
use scopegate_http::answer::{Answer, CreatedAt, Event, Html, NoContent, Redirect, Sse, StatusCode, Streamed};
use scopegate_http::domain::{Lifetime, ManualClock};
use scopegate_http::token::{TokenRules, Verifier};
use scopegate_http::{Gate, GateBuilder, Guard, HandledOperation, Json, Permit, get};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::common::{self, Answered, ME, Profile, get_with, send, token};

/// A gate with one public operation, which answers with this value.
async fn built<A: Answer>(profile: Profile, make: fn() -> A) -> Gate {
    let operation: HandledOperation = get("/x").public().named("x").then(move || async move { make() });
    let builder: GateBuilder = common::gate(profile).await;
    builder.operation(operation).build().unwrap()
}

async fn ask(gate: &Gate) -> Answered {
    send(gate, Request::get("/x").body(String::new()).unwrap()).await
}

/// The response and the documented responses of an answer.
async fn answered<A: Answer>(make: fn() -> A) -> (Answered, Value) {
    let gate = built(Profile::Rfc, make).await;
    let documented = gate.openapi()["paths"]["/x"]["get"]["responses"].clone();
    (ask(&gate).await, documented)
}

fn statuses(documented: &Value) -> Vec<&str> {
    let mut statuses: Vec<&str> = documented.as_object().unwrap().keys().map(String::as_str).collect();
    statuses.sort_unstable();
    statuses
}

#[tokio::test]
async fn nothing_is_204() {
    for (response, documented) in [answered(|| ()).await, answered(|| NoContent).await] {
        assert_eq!((response.status.as_u16(), response.body.as_str()), (204, ""));
        assert_eq!(statuses(&documented), ["204"]);
        assert_eq!(documented["204"].get("content"), None);
    }
}

#[tokio::test]
async fn content_has_its_media_type() {
    let html = answered(|| Html("<p>")).await;
    let bytes = answered(|| Bytes::from_static(b"<p>")).await;
    for ((response, documented), media_type, written) in [
        (html, "text/html", "text/html; charset=utf-8"),
        (bytes, "application/octet-stream", "application/octet-stream"),
    ] {
        assert_eq!((response.status.as_u16(), response.body.as_str()), (200, "<p>"));
        assert_eq!(response.header("content-type"), Some(written));
        let content = documented["200"]["content"].as_object().unwrap();
        assert_eq!(content.keys().collect::<Vec<_>>(), [media_type]);
    }
}

#[tokio::test]
async fn streams_are_sent_part_by_part() {
    let (response, documented) = answered(|| {
        let parts = ["a", "b"].map(|part| Ok::<_, std::io::Error>(Bytes::from_static(part.as_bytes())));
        Streamed(stream::iter(parts))
    })
    .await;
    assert_eq!(response.body, "ab");
    assert_eq!(response.header("content-length"), None);
    assert!(documented["200"]["content"].get("application/octet-stream").is_some());

    let (response, documented) = answered(|| {
        Sse(stream::iter([
            Event::json(&json!({ "n": 1 })).unwrap(),
            Event::text("two").named("note").with_id("2"),
            Event::comment("alive"),
        ]))
    })
    .await;
    assert_eq!(
        response.body,
        "data: {\"n\":1}\n\nevent: note\nid: 2\ndata: two\n\n: alive\n\n"
    );
    assert_eq!(response.header("content-type"), Some("text/event-stream"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert!(documented["200"]["content"].get("text/event-stream").is_some());
}

#[tokio::test(start_paused = true)]
async fn events_end_when_the_credential_expires() {
    let events = || async { Sse(stream::once(async { Event::text("first") }).chain(stream::pending())) };
    let builder = common::gate(Profile::Rfc).await;
    let gate = builder
        .operation(
            get("/events")
                .guard(Guard::requires([ME]))
                .then(move |_: Permit| events()),
        )
        .operation(get("/open").public().then(events))
        .build()
        .unwrap();
    let (hour, token) = (Duration::from_hours(1), token("johndoe", &[ME]));
    let asked = timeout(hour, get_with(&gate, "/events", &token));
    assert_eq!(asked.await.unwrap().body, "data: first\n\n");
    let asked = timeout(hour, common::get(&gate, "/open"));
    assert!(asked.await.is_err(), "no credential expires");
}

/// Otherwise a browser would connect again and again, and get nothing.
#[tokio::test(start_paused = true)]
async fn token_within_the_leeway_gets_events() {
    let leeway = Lifetime::from_seconds(30);
    let rules = TokenRules::shared_secret().with_leeway(leeway).unwrap();
    let verifier = common::remembering(Verifier::new(rules, common::key().verifying_key()));
    let clock = common::clock();
    let events = async |_: Permit| Sse(stream::once(async { Event::text("first") }).chain(stream::pending()));
    let gate = Gate::builder(common::catalog())
        .bearer("OAuth2PasswordBearer", verifier)
        .clock(Arc::<ManualClock>::clone(&clock))
        .operation(get("/events").guard(Guard::requires([ME])).then(events))
        .build()
        .unwrap();
    let token = token("johndoe", &[ME]);
    clock.set(common::NOW + Lifetime::from_minutes(30) + Lifetime::from_seconds(20));
    let begin = Instant::now();
    let asked = timeout(Duration::from_hours(1), get_with(&gate, "/events", &token));
    assert_eq!(asked.await.unwrap().body, "data: first\n\n");
    assert_eq!(begin.elapsed().as_secs(), 2 * 10, "the rest of the leeway, twice");
    clock.set(common::NOW + Lifetime::from_minutes(30) + leeway);
    assert_eq!(get_with(&gate, "/events", &token).await.status, 401);
}

#[tokio::test]
async fn locations_are_sent_and_documented() {
    let (response, documented) = answered(|| Redirect::<303>::to("/there?a=b")).await;
    assert_eq!((response.status.as_u16(), response.body.as_str()), (303, ""));
    assert_eq!(response.header("location"), Some("/there?a=b"));
    assert_eq!(
        documented["303"]["headers"]["location"]["schema"],
        json!({ "type": "string" })
    );

    let (response, documented) = answered(|| CreatedAt::new("/notes/7", Json("made".to_owned())).unwrap()).await;
    assert_eq!((response.status.as_u16(), response.body.as_str()), (201, "\"made\""));
    assert_eq!(response.header("location"), Some("/notes/7"));
    assert_eq!(statuses(&documented), ["201"]);
    assert!(documented["201"]["headers"].get("location").is_some());
    assert!(documented["201"]["content"].get("application/json").is_some());

    for invalid in ["", "/a b", "/a\r\nX: y", "/é", "\0"] {
        assert!(Redirect::<307>::to(invalid).is_err(), "{invalid:?}");
        assert!(CreatedAt::new(invalid, ()).is_err(), "{invalid:?}");
    }
    let (response, _) = answered(|| Redirect::<307>::to("/a b")).await;
    assert_eq!(response.status, 500, "a handler may return the error");
}

#[tokio::test]
async fn headers_replace_those_of_the_answer() {
    let (response, documented) = answered(|| {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/vnd.report+json"));
        headers.append("x-page", HeaderValue::from_static("1"));
        headers.append("x-page", HeaderValue::from_static("2"));
        (StatusCode::ACCEPTED, headers, Json(7))
    })
    .await;
    assert_eq!((response.status.as_u16(), response.body.as_str()), (202, "7"));
    assert_eq!(response.header("content-type"), Some("application/vnd.report+json"));
    assert_eq!(response.headers.get_all("x-page").iter().count(), 2);
    assert_eq!(response.headers.get_all("content-type").iter().count(), 1);
    assert_eq!(statuses(&documented), ["default"]);
}

#[tokio::test]
async fn absent_resource_is_404_in_the_form_of_refusals() {
    let (found, documented) = answered(|| Some(Json(7))).await;
    assert_eq!((found.status.as_u16(), found.body.as_str()), (200, "7"));
    assert_eq!(statuses(&documented), ["200", "404"]);
    let content = &documented["404"]["content"]["application/problem+json"];
    assert_eq!(content["schema"]["$ref"], "#/components/schemas/ProblemDetails");

    let (response, _) = answered(|| None::<Json<u32>>).await;
    assert_eq!(response.status, 404);
    assert_eq!(response.header("content-type"), Some("application/problem+json"));
    assert_eq!(response.json()["title"], "Not Found");
    let gate = built(Profile::Tutorial, || None::<Json<u32>>).await;
    assert_eq!(ask(&gate).await.json(), json!({ "detail": "Not Found" }));

    // A result of an option: the error keeps its own answer.
    let (failed, _) = answered(|| Err::<Option<Json<u32>>, _>(StatusCode::CONFLICT)).await;
    assert_eq!(failed.status, 409);
}
