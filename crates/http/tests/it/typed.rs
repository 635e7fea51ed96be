//! Typed inputs and answers: the handler gets the declared values, and an invalid input is
//! answered.

use http::Request;
use scopegate_http::serde::{Deserialize, Serialize};
use scopegate_http::utoipa::ToSchema;
use scopegate_http::{
    CurrentUser, Gate, Guard, Json, Path, Permit, Query,
    answer::{Answer, AnyJson, Created, Response, StatusCode, WarpReply},
    get, post, warp,
};
use serde_json::json;

use crate::common::{self, Answered, ME, Profile, get_with, send, token};

#[derive(Serialize, Deserialize, ToSchema)]
struct Note {
    text: String,
    stars: Option<u8>,
}

#[derive(Deserialize, ToSchema)]
struct Page {
    number: u32,
    #[serde(default)]
    tag: Vec<String>,
}

async fn write(
    user: CurrentUser,
    Path((owner, id)): Path<(String, u32)>,
    Query(page): Query<Page>,
    Json(note): Json<Note>,
) -> Created<Json<String>> {
    Created(Json(format!(
        "{} to {owner}/{id}, page {} {:?}: {} {:?}",
        user.username(),
        page.number,
        page.tag,
        note.text,
        note.stars
    )))
}

async fn site(profile: Profile) -> Gate {
    let route = post("/{owner}/notes/{id}").guard(Guard::requires([ME]).depends_on(&Guard::user()));
    common::gate(profile)
        .await
        .body_limit(64)
        .operation(route.then(write))
        .operation(
            get("/flag/{flag}")
                .public()
                .then(|Path(flag): Path<bool>| async move { flag.to_string() }),
        )
        .build()
        .unwrap()
}

async fn ask(gate: &Gate, path: &str, media_type: &str, body: &str) -> Answered {
    let request = Request::post(path).header("content-type", media_type);
    let request = request.header("authorization", format!("Bearer {}", token("johndoe", &[ME])));
    send(gate, request.body(body.to_owned()).unwrap()).await
}

const JSON: &str = "application/json";
const NOTE: &str = r#"{"text":"hello"}"#;

#[tokio::test]
async fn the_handler_gets_what_was_declared() {
    let gate = site(Profile::Rfc).await;
    let answered = ask(&gate, "/a%20b/notes/7?number=2&tag=x&tag=y", JSON, NOTE).await;
    assert_eq!(answered.status, 201);
    assert_eq!(answered.json(), "johndoe to a b/7, page 2 [\"x\", \"y\"]: hello None");
    assert_eq!(answered.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn what_is_not_as_declared_is_422_in_the_tutorials_words() {
    let gate = site(Profile::Tutorial).await;
    let cases = [
        (
            "/a/notes/x?number=2",
            NOTE,
            json!({
                "type": "int_parsing",
                "loc": ["path", "id"],
                "msg": "Input should be a valid integer, unable to parse string as an integer",
                "input": "x",
            }),
        ),
        (
            "/a/notes/1",
            NOTE,
            json!({ "type": "missing", "loc": ["query", "number"], "msg": "Field required", "input": null }),
        ),
        (
            "/a/notes/1?number=1",
            "{}",
            json!({ "type": "missing", "loc": ["body", "text"], "msg": "Field required", "input": null }),
        ),
        (
            "/a/notes/1?number=1",
            "",
            json!({ "type": "missing", "loc": ["body"], "msg": "Field required", "input": null }),
        ),
        (
            "/a/notes/1?number=1",
            "{",
            json!({ "type": "json_invalid", "loc": ["body"], "msg": "JSON decode error", "input": null }),
        ),
    ];
    for (path, body, fault) in cases {
        let answered = ask(&gate, path, JSON, body).await;
        assert_eq!(
            (answered.status.as_u16(), answered.json()),
            (422, json!({ "detail": [fault] })),
            "{path} {body}"
        );
    }
    let flag = common::get(&gate, "/flag/maybe").await;
    assert_eq!(flag.json()["detail"][0]["type"], "bool_parsing");
}

#[tokio::test]
async fn what_is_not_as_declared_is_a_problem_by_the_rfcs() {
    let gate = site(Profile::Rfc).await;
    let answered = ask(&gate, "/a/notes/x?number=2", JSON, NOTE).await;
    assert_eq!(
        (answered.status.as_u16(), answered.header("content-type")),
        (400, Some("application/problem+json"))
    );
    assert_eq!(answered.json()["errors"][0]["loc"], json!(["path", "id"]));
}

#[tokio::test]
async fn bodies_are_bounded_and_of_one_media_type() {
    for profile in [Profile::Rfc, Profile::Tutorial] {
        let gate = site(profile).await;
        let path = "/a/notes/1?number=1";
        let long = format!(r#"{{"text":"{}"}}"#, "x".repeat(100));
        assert_eq!(ask(&gate, path, JSON, &long).await.status, 413);
        assert_eq!(ask(&gate, path, "text/plain", NOTE).await.status, 415);
        assert_eq!(
            ask(&gate, path, "application/ld+json; charset=utf-8", NOTE)
                .await
                .status,
            201
        );
    }
}

#[tokio::test]
async fn nothing_of_it_is_read_before_the_guard() {
    let gate = site(Profile::Tutorial).await;
    let request = Request::post("/a/notes/x")
        .header("content-type", "text/plain")
        .body("x".repeat(1000))
        .unwrap();
    assert_eq!(send(&gate, request).await.status, 401);
}

#[tokio::test]
async fn no_answer_shows_a_type_or_what_was_sent() {
    for profile in [Profile::Rfc, Profile::Tutorial] {
        let gate = site(profile).await;
        for body in [
            "\"hunter2\"",
            "[\"hunter2\"]",
            "{\"text\":[\"hunter2\"]}",
            "{\"text\":\"hunter2\",\"stars\":\"hunter2\"}",
        ] {
            let answered = ask(&gate, "/a/notes/1?number=1", JSON, body).await;
            for word in ["hunter2", "Note", "u8", "struct", "expected"] {
                assert!(!answered.body.contains(word), "{}", answered.body);
            }
        }
    }
}

enum Gone {
    Moved,
}

impl Answer for Gone {
    fn into_response(self) -> Response {
        match self {
            Self::Moved => (StatusCode::GONE, "moved").into_response(),
        }
    }

    fn describe(description: &mut scopegate_http::answer::OperationDescription) {
        description.response(StatusCode::GONE, "It was taken down");
    }
}

#[tokio::test]
async fn every_kind_of_answer() {
    let gate = common::gate(Profile::Rfc)
        .await
        .operation(get("/json").public().then(|| async {
            Json(Note {
                text: "t".into(),
                stars: None,
            })
        }))
        .operation(
            get("/any")
                .public()
                .then(|| async { AnyJson(json!({ "a": [1, null] })) }),
        )
        .operation(get("/status").public().then(|| async { StatusCode::NO_CONTENT }))
        .operation(get("/both").public().then(|| async { (StatusCode::ACCEPTED, Json(1)) }))
        .operation(get("/text").public().then(|| async { "text" }))
        .operation(
            get("/raw")
                .public()
                .then(|| async { WarpReply(warp::reply::html("<p>")) }),
        )
        .operation(
            get("/result/{ok}")
                .public()
                .then(|Path(ok): Path<bool>| async move { if ok { Ok(Json("ok")) } else { Err(Gone::Moved) } }),
        )
        .build()
        .unwrap();
    for (path, status, media_type, body) in [
        ("/json", 200, Some("application/json"), r#"{"text":"t","stars":null}"#),
        ("/any", 200, Some("application/json"), r#"{"a":[1,null]}"#),
        ("/status", 204, None, ""),
        ("/both", 202, Some("application/json"), "1"),
        ("/text", 200, Some("text/plain; charset=utf-8"), "text"),
        ("/raw", 200, Some("text/html; charset=utf-8"), "<p>"),
        ("/result/true", 200, Some("application/json"), "\"ok\""),
        ("/result/false", 410, Some("text/plain; charset=utf-8"), "moved"),
    ] {
        let answered = common::get(&gate, path).await;
        let found = (
            answered.status.as_u16(),
            answered.header("content-type"),
            answered.body.as_str(),
        );
        assert_eq!(found, (status, media_type, body), "{path}");
    }
}

#[tokio::test]
async fn a_value_that_cannot_be_written_is_a_500_without_a_word() {
    #[derive(ToSchema)]
    struct Odd;
    impl Serialize for Odd {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("hunter2"))
        }
    }
    let gate = common::gate(Profile::Rfc)
        .await
        .operation(get("/odd").public().then(|| async { Json(Odd) }))
        .build()
        .unwrap();
    let answered = common::get(&gate, "/odd").await;
    assert_eq!((answered.status.as_u16(), answered.body.as_str()), (500, ""));
}

#[tokio::test]
async fn parameters_are_counted() {
    let too_many = get("/{a}").public().then(|Path((_, _)): Path<(u8, u8)>| async { "" });
    let error = common::gate(Profile::Rfc)
        .await
        .operation(too_many)
        .build()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the template of `GET /{a}` has 1 parameter, and its handler takes 2"
    );
}

#[tokio::test]
async fn any_caller_for_a_guarded_operation() {
    let guard = Guard::requires([ME]).depends_on(&Guard::user());
    let gate = common::gate(Profile::Rfc)
        .await
        .operation(get("/nobody").guard(&guard).then(|| async { "nobody" }))
        .operation(
            get("/permit")
                .guard(&guard)
                .then(|permit: Permit| async move { permit.required().len().to_string() }),
        )
        .operation(
            get("/user")
                .guard(&guard)
                .then(|user: CurrentUser| async move { user.id().to_string() }),
        )
        .operation(
            get("/maybe")
                .guard(&guard)
                .optional()
                .then(|permit: Option<Permit>| async move { permit.is_some().to_string() }),
        )
        .build()
        .unwrap();
    for (path, body) in [
        ("/nobody", "nobody"),
        ("/permit", "1"),
        ("/user", "johndoe"),
        ("/maybe", "true"),
    ] {
        assert_eq!(get_with(&gate, path, &token("johndoe", &[ME])).await.body, body);
    }
    assert_eq!(common::get(&gate, "/maybe").await.body, "false");
}
