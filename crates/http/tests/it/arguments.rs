//! Arguments of handlers: what each reads, and what the document says about it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::StreamBody;
use hyper::body::Frame;
use hyper::service::Service;
use scopegate_http::answer::OperationDescription;
use scopegate_http::input::{
    BodyError, BodyStream, Cookie, Form, Head, Header, Input, InputError, InvalidInput, ParameterPlace, Parsed,
    PeerAddress, RequestId, RequestParts, State,
};
use scopegate_http::utoipa::{self, ToSchema};
use scopegate_http::{CurrentUser, Gate, Group, Guard, HandledOperation, Json, Path, Permit, Query, get, post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::common::{self, Answered, ME, Profile, send, token, whole};

async fn built(operation: HandledOperation) -> Gate {
    common::gate(Profile::Rfc).await.operation(operation).build().unwrap()
}

async fn error_of(operation: HandledOperation) -> String {
    let builder = common::gate(Profile::Rfc).await.operation(operation);
    builder.build().unwrap_err().to_string()
}

fn request(method: &Method, path: &str, headers: &[(&str, &str)], body: &str) -> Request<String> {
    let request = Request::builder().method(method).uri(path);
    let request = headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(body.to_owned()).unwrap()
}

async fn got(gate: &Gate, path: &str, headers: &[(&str, &str)]) -> Answered {
    send(gate, request(&Method::GET, path, headers, "")).await
}

async fn posted(gate: &Gate, headers: &[(&str, &str)], body: &str) -> Answered {
    send(gate, request(&Method::POST, "/x", headers, body)).await
}

fn operation<'g>(gate: &'g Gate, path: &str, method: &str) -> &'g Value {
    &gate.openapi()["paths"][path][method]
}

/// The location and the message of each fault of a 400.
fn faults(answered: &Answered) -> Vec<(Value, String)> {
    assert_eq!(answered.status, StatusCode::BAD_REQUEST, "{}", answered.body);
    let body = answered.json();
    let faults = body["errors"].as_array().unwrap();
    let fault = |fault: &Value| (fault["loc"].clone(), fault["msg"].as_str().unwrap().to_owned());
    faults.iter().map(fault).collect()
}

#[derive(Deserialize, ToSchema)]
struct Fields {
    x_count: u8,
    #[serde(default)]
    x_tag: Vec<String>,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Note {
    title: String,
}

#[tokio::test]
async fn twelve_arguments_in_any_order_reach_the_handler() {
    #[expect(clippy::too_many_arguments, reason = "twelve are allowed")]
    async fn all(
        method: Method,
        State(prefix): State<Arc<str>>,
        user: CurrentUser,
        uri: Uri,
        Path(id): Path<u32>,
        headers: HeaderMap,
        Query(query): Query<BTreeMap<String, String>>,
        permit: Permit,
        PeerAddress(peer): PeerAddress,
        RequestId(request): RequestId,
        Cookie(cookies): Cookie<Fields>,
        Json(note): Json<Note>,
    ) -> Json<Vec<String>> {
        let first = query.get("a").cloned().unwrap_or_default();
        Json(vec![
            format!("{prefix} {method} {uri} {id} {first} {peer:?} {}", note.title),
            format!("{} {} {}", user.username(), permit.required().len(), cookies.x_count),
            format!("{} {request}", headers.len()),
        ])
    }
    let route = post("/notes/{id}").guard(Guard::requires([ME]).depends_on(&Guard::user()));
    let builder = common::gate(Profile::Rfc).await.state(Arc::<str>::from("state"));
    let gate = builder.operation(route.then(all)).build().unwrap();
    let bearer = format!("Bearer {}", token("johndoe", &[ME]));
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("cookie", "x_count=3"),
    ];
    let request = request(&Method::POST, "/notes/7?a=b", &headers, r#"{"title":"t"}"#);
    let service = gate.service().from_peer([192, 0, 2, 1].into());
    let request = request.map(|body| http_body_util::Full::new(Bytes::from(body)));
    let answered = whole(service.call(request).await.unwrap()).await;
    let id = answered.header("x-request-id").unwrap();
    let expected = json!([
        "state POST /notes/7?a=b 7 b Some(192.0.2.1) t",
        "johndoe 1 3",
        format!("3 {id}"),
    ]);
    assert_eq!(answered.json(), expected);
    let parameters = operation(&gate, "/notes/{id}", "post")["parameters"]
        .as_array()
        .unwrap();
    let places: Vec<_> = parameters
        .iter()
        .map(|parameter| parameter["in"].as_str().unwrap())
        .collect();
    assert_eq!(places, ["path", "query", "cookie", "cookie"]);
}

#[tokio::test]
async fn missing_state_is_a_build_error() {
    let takes = |State(_): State<Arc<str>>| async { "" };
    let error = error_of(get("/x").public().then(takes)).await;
    assert!(
        error.contains("`GET /x`") && error.contains("GateBuilder::state"),
        "{error}"
    );
}

#[tokio::test]
async fn path_is_a_value_a_tuple_a_structure_or_a_map() {
    #[derive(Deserialize, ToSchema)]
    struct Ids {
        note: u8,
        team: String,
    }
    #[derive(Deserialize, ToSchema)]
    struct TeamOnly {
        team: String,
    }
    type Map = BTreeMap<String, String>;
    let template = "/{team}/{note}";
    let tuple = get(template)
        .public()
        .then(|Path((team, note)): Path<(String, u8)>| async move { format!("{team} {note}") });
    let structure = get(template)
        .public()
        .then(|Path(ids): Path<Ids>| async move { format!("{} {}", ids.team, ids.note) });
    let map = get(template)
        .public()
        .then(|Path(map): Path<Map>| async move { format!("{} {}", map["team"], map["note"]) });
    let both = get(template)
        .public()
        .then(
            |Path(one): Path<TeamOnly>, Path(all): Path<Vec<String>>| async move { format!("{} {}", one.team, all[1]) },
        );
    for operation in [tuple, structure, map, both] {
        let gate = built(operation).await;
        assert_eq!(got(&gate, "/a%20b/7", &[]).await.body, "a b 7");
        let parameters = self::operation(&gate, template, "get")["parameters"]
            .as_array()
            .unwrap()
            .clone();
        let names: Vec<_> = parameters.iter().map(|parameter| &parameter["name"]).collect();
        assert_eq!(names.len(), 2, "{parameters:?}");
    }
}

#[tokio::test]
async fn parameter_that_no_argument_reads_is_a_build_error() {
    #[derive(Deserialize, ToSchema)]
    struct Other {
        #[expect(dead_code, reason = "it is never read")]
        other: u8,
    }
    let none = error_of(get("/{id}").public().then(|| async { "" })).await;
    assert!(none.contains("has 1 parameter") && none.contains("takes 0"), "{none}");
    let other = error_of(get("/{id}").public().then(|Path(_): Path<Other>| async { "" })).await;
    assert!(other.contains("`GET /{id}`") && other.contains("`other`"), "{other}");
    let many = error_of(get("/{id}").public().then(|Path(_): Path<(u8, u8)>| async { "" })).await;
    assert!(many.contains("takes 2"), "{many}");
}

#[tokio::test]
async fn every_fault_of_a_request_is_in_one_answer() {
    async fn read(
        _: Path<(u8, u16, Parsed<std::net::IpAddr>)>,
        _: Query<Fields>,
        _: Header<Fields>,
        _: Cookie<Fields>,
        _: Json<Note>,
    ) {
    }
    let gate = built(post("/{a}/{b}/{c}").public().then(read)).await;
    let headers = [
        ("content-type", "application/json"),
        ("x-count", "many"),
        ("cookie", "x_count=-"),
    ];
    let answered = send(
        &gate,
        request(&Method::POST, "/x/7/host?x_count=300", &headers, r#"{"title":1}"#),
    )
    .await;
    let places: Vec<Value> = faults(&answered).into_iter().map(|(place, _)| place).collect();
    let expected = [
        json!(["path", "a"]),
        json!(["path", "c"]),
        json!(["query", "x_count"]),
        json!(["header", "x-count"]),
        json!(["cookie", "x_count"]),
        json!(["body", "title"]),
    ];
    assert_eq!(places, expected);
    assert!(
        faults(&answered)[1].1.contains("invalid IP address"),
        "{}",
        answered.body
    );
}

#[tokio::test]
async fn headers_are_read_by_the_names_of_fields() {
    let operation = get("/x")
        .public()
        .then(|Header(fields): Header<Fields>| async move { format!("{} {:?}", fields.x_count, fields.x_tag) });
    let gate = built(operation).await;
    let headers = [("x-count", "3"), ("x-tag", "a"), ("x-tag", "b"), ("x-other", "c")];
    assert_eq!(got(&gate, "/x", &headers).await.body, r#"3 ["a", "b"]"#);
    assert_eq!(faults(&got(&gate, "/x", &[]).await)[0].0, json!(["header", "x-count"]));
    let mut invalid = request(&Method::GET, "/x", &[], "");
    let value = http::HeaderValue::from_bytes(b"\xFF").unwrap();
    invalid.headers_mut().insert("x-count", value);
    assert_eq!(faults(&send(&gate, invalid).await)[0].0, json!(["header", "x-count"]));
    let parameters = &self::operation(&gate, "/x", "get")["parameters"];
    assert_eq!(parameters[0]["name"], "x-count");
    assert_eq!(
        (&parameters[0]["in"], &parameters[0]["required"]),
        (&json!("header"), &json!(true))
    );
    assert_eq!(parameters[1]["required"], false);
}

#[tokio::test]
async fn header_that_a_document_cannot_contain_is_a_build_error() {
    #[derive(Deserialize, ToSchema)]
    struct Token {
        #[expect(dead_code, reason = "it is never read")]
        authorization: String,
    }
    let error = error_of(get("/x").public().then(|_: Header<Token>| async { "" })).await;
    assert!(error.contains("`authorization`"), "{error}");
    let error = error_of(
        get("/x")
            .public()
            .then(|_: Header<BTreeMap<String, String>>| async { "" }),
    )
    .await;
    assert!(error.contains("declare each as a field"), "{error}");
}

#[tokio::test]
async fn cookies_are_read_from_all_headers_of_cookies() {
    let operation = get("/x")
        .public()
        .then(|Cookie(fields): Cookie<Fields>| async move { format!("{} {:?}", fields.x_count, fields.x_tag) });
    let gate = built(operation).await;
    let headers = [
        ("cookie", "other=1; x_tag=\"a\";x_count=3"),
        ("cookie", "x_tag=b; broken"),
    ];
    assert_eq!(got(&gate, "/x", &headers).await.body, r#"3 ["a", "b"]"#);
}

#[tokio::test]
async fn form_is_a_body_of_its_media_type() {
    let gate = built(
        post("/x")
            .public()
            .then(|Form(note): Form<Note>| async move { note.title }),
    )
    .await;
    let form = [("content-type", "Application/x-www-form-urlencoded; charset=utf-8")];
    assert_eq!(posted(&gate, &form, "title=a+b%26").await.body, "a b&");
    assert_eq!(
        faults(&posted(&gate, &form, "other=1").await)[0].0,
        json!(["body", "title"])
    );
    assert_eq!(faults(&posted(&gate, &form, "").await)[0].0, json!(["body", "title"]));
    let json = posted(&gate, &[("content-type", "application/json")], "{}").await;
    assert_eq!(json.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert!(json.body.contains("x-www-form-urlencoded"), "{}", json.body);
    let invalid = Request::post("/x").header(form[0].0, form[0].1);
    let body = http_body_util::Full::new(Bytes::from_static(b"title=\xFF"));
    let invalid = whole(gate.service().call(invalid.body(body).unwrap()).await.unwrap()).await;
    assert_eq!(faults(&invalid)[0].0, json!(["body", "title"]));
    let body = &operation(&gate, "/x", "post")["requestBody"];
    let schema = &body["content"]["application/x-www-form-urlencoded"]["schema"];
    assert_eq!(
        (&body["required"], &schema["$ref"]),
        (&json!(true), &json!("#/components/schemas/Note"))
    );
}

#[tokio::test]
async fn option_is_none_only_if_the_input_is_absent() {
    async fn read(fields: Option<Query<Fields>>, note: Option<Json<Note>>) -> String {
        format!(
            "{:?} {:?}",
            fields.map(|fields| fields.0.x_count),
            note.map(|note| note.0.title)
        )
    }
    let gate = built(post("/x").public().then(read)).await;
    let json = [("content-type", "application/json")];
    assert_eq!(posted(&gate, &[], "").await.body, "None None");
    assert_eq!(posted(&gate, &json, r#"{"title":"t"}"#).await.body, r#"None Some("t")"#);
    assert_eq!(faults(&posted(&gate, &json, "{}").await)[0].0, json!(["body", "title"]));
    let invalid = send(&gate, request(&Method::POST, "/x?x_count=x", &[], "")).await;
    assert_eq!(faults(&invalid)[0].0, json!(["query", "x_count"]));
    let operation = operation(&gate, "/x", "post");
    assert_eq!(operation["requestBody"]["required"], false);
    assert_eq!(operation["parameters"][0]["required"], false);
}

#[tokio::test]
async fn result_passes_the_error_to_the_handler() {
    async fn read(note: Result<Json<Note>, InputError>) -> Result<String, InputError> {
        match note {
            Ok(Json(note)) => Ok(note.title),
            Err(InputError::MediaType(_)) => Ok("not JSON".to_owned()),
            Err(error) => Err(error),
        }
    }
    let gate = built(post("/x").public().then(read)).await;
    assert_eq!(posted(&gate, &[], "{}").await.body, "not JSON");
    let json = [("content-type", "application/json")];
    let invalid = posted(&gate, &json, "{}").await;
    assert_eq!(faults(&invalid)[0].0, json!(["body", "title"]));
    assert_eq!(invalid.header("content-type"), Some("application/problem+json"));
}

#[tokio::test]
async fn body_limit_is_that_of_the_operation_then_the_group_then_the_gate() {
    let open = |path: &str| post(path.to_owned()).public();
    let group = Group::new("/g")
        .body_limit(8)
        .operation(open("/of-group").then(|_: Bytes| async { "" }))
        .operation(open("/own").body_limit(16).then(|_: Bytes| async { "" }))
        .group(
            Group::new("/i")
                .body_limit(12)
                .operation(open("/inner").then(|_: Bytes| async { "" })),
        );
    let builder = common::gate(Profile::Rfc).await.body_limit(4).group(group);
    let gate = builder
        .operation(open("/plain").then(|_: Bytes| async { "" }))
        .build()
        .unwrap();
    for (path, limit) in [("/g/of-group", 8), ("/g/own", 16), ("/g/i/inner", 12), ("/plain", 4)] {
        for (length, status) in [(limit, 200), (limit + 1, 413)] {
            let answered = send(&gate, request(&Method::POST, path, &[], &"x".repeat(length))).await;
            assert_eq!(answered.status.as_u16(), status, "{path} {length}");
        }
    }
}

#[tokio::test]
async fn stream_is_read_by_the_handler_within_the_limit() {
    async fn count(mut body: BodyStream) -> Result<String, BodyError> {
        let mut parts = Vec::new();
        while let Some(part) = body.part().await? {
            parts.push(part.len());
        }
        Ok(format!("{parts:?}"))
    }
    let gate = built(post("/x").public().body_limit(8).then(count)).await;
    let sent = |lengths: &'static [usize]| {
        let gate = gate.clone();
        async move {
            let frames = lengths
                .iter()
                .map(|length| Ok::<_, std::io::Error>(Frame::data(Bytes::from(vec![0; *length]))));
            let body = StreamBody::new(futures_util::stream::iter(frames));
            whole(
                gate.service()
                    .call(Request::post("/x").body(body).unwrap())
                    .await
                    .unwrap(),
            )
            .await
        }
    };
    assert_eq!(sent(&[3, 0, 4]).await.body, "[3, 4]");
    assert_eq!(sent(&[]).await.body, "[]");
    let large = sent(&[3, 4, 2]).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(large.header("content-type"), Some("application/problem+json"));
    assert_eq!(
        posted(&gate, &[], "123456789").await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert_eq!(posted(&gate, &[], "12345678").await.body, "[8]");
}

#[tokio::test]
async fn own_input_is_read_and_described() {
    struct Version(u8);

    impl Input for Version {
        type Reads = Head;

        fn read(parts: &mut RequestParts<'_>) -> Result<Self, InputError> {
            let text = parts.parameter("version").unwrap_or_default();
            let version = text.strip_prefix('v').and_then(|number| number.parse().ok());
            version
                .map(Self)
                .ok_or_else(|| InvalidInput::new("value_error", "path", Some("version"), "not a version").into())
        }

        fn describe(description: &mut OperationDescription) {
            let schema = json!({ "type": "string", "pattern": "^v[0-9]+$" });
            description.parameter(ParameterPlace::Path, "version", true, &schema);
        }
    }
    let gate = built(
        get("/{version}/x")
            .public()
            .then(|version: Version| async move { version.0.to_string() }),
    )
    .await;
    assert_eq!(got(&gate, "/v7/x", &[]).await.body, "7");
    assert_eq!(faults(&got(&gate, "/7/x", &[]).await)[0].0, json!(["path", "version"]));
    let parameter = &operation(&gate, "/{version}/x", "get")["parameters"][0];
    assert_eq!(parameter["schema"]["pattern"], "^v[0-9]+$");
    let error = error_of(get("/x").public().then(|_: Version| async { "" })).await;
    assert!(error.contains("`version`"), "{error}");
}

#[tokio::test]
async fn permit_is_given_to_each_argument_that_takes_it() {
    async fn twice(first: Permit, user: CurrentUser, second: Permit) -> String {
        format!("{:?} {} {:?}", first.subject(), user.username(), second.subject())
    }
    let guard = Guard::requires([ME]).depends_on(&Guard::user());
    let gate = built(get("/x").guard(guard).then(twice)).await;
    let answered = common::get_with(&gate, "/x", &token("johndoe", &[ME])).await;
    assert_eq!(answered.body, r#"Some("johndoe") johndoe Some("johndoe")"#);
}

#[tokio::test]
async fn optional_caller_is_none_for_an_anonymous_request() {
    async fn who(permit: Option<Permit>, user: Option<CurrentUser>) -> String {
        format!("{} {}", permit.is_some(), user.is_some())
    }
    let guard = Guard::requires([ME]).depends_on(&Guard::user());
    let gate = built(get("/x").guard(guard).optional().then(who)).await;
    assert_eq!(got(&gate, "/x", &[]).await.body, "false false");
    assert_eq!(
        common::get_with(&gate, "/x", &token("johndoe", &[ME])).await.body,
        "true true"
    );
}
