//! Bytes that are not UTF-8 are refused in every place of a request, and never replaced.
#![expect(dead_code, reason = "fields are only read from requests")]

use std::collections::BTreeMap;

use http::{HeaderValue, Request};
use scopegate_http::input::{Cookie, Form, Header};
use scopegate_http::utoipa::{self, ToSchema};
use scopegate_http::{Gate, HandledOperation, Path, Query, get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::common::{self, Answered, Profile, send};

#[derive(Deserialize, ToSchema)]
struct Fields {
    x_text: Option<String>,
    #[serde(default)]
    x_list: Vec<String>,
}

async fn built(operation: HandledOperation) -> Gate {
    common::gate(Profile::Rfc).await.operation(operation).build().unwrap()
}

fn places(answered: &Answered) -> Vec<Value> {
    assert_eq!(answered.status, 400, "{}", answered.body);
    let body = answered.json();
    let faults = body["errors"].as_array().unwrap();
    assert!(faults.iter().all(|fault| fault["type"] == "value_error"), "{faults:?}");
    faults.iter().map(|fault| fault["loc"].clone()).collect()
}

fn form(bytes: &[u8]) -> Request<Vec<u8>> {
    let request = Request::post("/x").header("content-type", "application/x-www-form-urlencoded");
    request.body(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn bytes_that_are_not_text_are_refused_in_every_place() {
    type Map = BTreeMap<String, String>;
    let query = built(get("/x").public().then(|_: Query<Fields>| async {})).await;
    let optional = built(get("/x").public().then(|_: Option<Query<Fields>>| async {})).await;
    let map = built(get("/x").public().then(|_: Query<Map>| async {})).await;
    let body = built(post("/x").public().then(|_: Form<Fields>| async {})).await;
    for (raw, wanted) in [
        ("x_text=%FF", vec![json!(["x_text"])]),
        ("x_text=a%C3", vec![json!(["x_text"])]),
        ("x_text=%ED%A0%80", vec![json!(["x_text"])]),
        ("x_text=%C0%AF", vec![json!(["x_text"])]),
        ("x_list=a&x_list=%FE", vec![json!(["x_list"])]),
        ("other=%FF", vec![json!(["other"])]),
        ("%FF=1", vec![json!([])]),
        (
            "x_text=+%FF&x_list=%FF&%FF",
            vec![json!(["x_text"]), json!(["x_list"]), json!([])],
        ),
    ] {
        let of = |place: &str| -> Vec<Value> {
            let location = |steps: &Value| {
                let steps = steps.as_array().unwrap().iter().cloned();
                std::iter::once(json!(place)).chain(steps).collect()
            };
            wanted.iter().map(location).collect()
        };
        for gate in [&query, &optional, &map] {
            let answered = common::get(gate, &format!("/x?{raw}")).await;
            assert_eq!(places(&answered), of("query"), "{raw}");
        }
        assert_eq!(places(&send(&body, form(raw.as_bytes())).await), of("body"), "{raw}");
    }
    let raw = send(&body, form(b"x_text=\xFF")).await;
    assert_eq!(places(&raw), [json!(["body", "x_text"])]);
}

#[tokio::test]
async fn headers_and_cookies_that_are_not_text_are_refused() {
    let read = |_: Header<Fields>, _: Cookie<Fields>| async {};
    let gate = built(get("/x").public().then(read)).await;
    for (name, value, wanted) in [
        ("x-text", &b"\xFF"[..], json!(["header", "x-text"])),
        ("x-list", b"a, \xFF", json!(["header", "x-list"])),
        ("cookie", b"a=\xFE; x_text=\xFF", json!(["cookie", "x_text"])),
    ] {
        let request = Request::get("/x").header(name, HeaderValue::from_bytes(value).unwrap());
        let answered = send(&gate, request.body(String::new()).unwrap()).await;
        assert_eq!(places(&answered), [wanted], "{name}");
    }
    // A percent sign has no meaning in them.
    for name in ["x-text", "cookie"] {
        let request = Request::get("/x").header(name, "x_text=%FF");
        assert_eq!(send(&gate, request.body(String::new()).unwrap()).await.status, 204);
    }
}

/// No template matches such a path, so no operation has it.
#[tokio::test]
async fn path_that_is_not_text_is_not_found() {
    let gate = built(
        get("/x/{name}")
            .public()
            .then(|Path(name): Path<String>| async { name }),
    )
    .await;
    assert_eq!(common::get(&gate, "/x/%C3%A9").await.body, "é");
    for path in ["/x/%FF", "/x/a%C3", "/x/%C0%AF"] {
        let answered = common::get(&gate, path).await;
        assert_eq!(answered.status, 404, "{path}");
        assert!(!answered.body.contains('\u{FFFD}'), "{path}");
    }
}
