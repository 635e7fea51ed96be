//! Checks of resources: what they load, refuse, document and count.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http::{Request, StatusCode};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use scopegate_http::analysis::lint;
use scopegate_http::answer::{Answer, OperationDescription, Response};
use scopegate_http::input::{Loaded, State};
use scopegate_http::policy::LintRule;
use scopegate_http::{
    CurrentUser, Gate, Guard, HandledOperation, Json, Path, Permit, Route, delete, get, openapi, post, typestate,
};
use serde_json::json;

use crate::common::{self, Answered, ITEMS, ME, Profile, send, token};

struct Note {
    owner: &'static str,
    text: String,
}

/// Notes with an even number belong to `johndoe`.
async fn own_note(permit: Permit, Path(id): Path<u32>) -> Option<Note> {
    let owner = if id.is_multiple_of(2) { "johndoe" } else { "alice" };
    let text = format!("note {id}");
    (permit.subject() == Some(owner)).then_some(Note { owner, text })
}

async fn read(Loaded(note): Loaded<Note>, permit: Permit) -> Json<String> {
    Json(format!("{} of {} for {:?}", note.text, note.owner, permit.subject()))
}

fn route() -> Route<typestate::Guarded> {
    get("/notes/{id}").guard(Guard::requires([ME]))
}

async fn built(operations: impl IntoIterator<Item = HandledOperation>) -> Gate {
    let builder = common::gate(Profile::Rfc).await.state(Calls::default());
    builder.operations(operations).build().unwrap()
}

async fn error_of(operation: HandledOperation) -> String {
    let builder = common::gate(Profile::Rfc).await.operation(operation);
    builder.build().unwrap_err().to_string()
}

async fn asked(gate: &Gate, path: &str) -> Answered {
    common::get_with(gate, path, &token("johndoe", &[ME])).await
}

#[derive(Clone, Default)]
struct Calls(Arc<AtomicUsize>);

#[tokio::test]
async fn handler_gets_the_resource_that_the_check_loaded() {
    let gate = built([route().load(own_note).then(read)]).await;
    let answered = asked(&gate, "/notes/2").await;
    assert_eq!(answered.json(), json!(r#"note 2 of johndoe for Some("johndoe")"#));
}

#[tokio::test]
async fn handler_runs_only_with_the_resource() {
    async fn count(State(calls): State<Calls>, Loaded(_): Loaded<Note>) {
        calls.0.fetch_add(1, Ordering::Relaxed);
    }
    let calls = Calls::default();
    for (operation, status) in [
        (route().load(own_note).then(count), StatusCode::NOT_FOUND),
        (route().load(own_note).or_forbidden().then(count), StatusCode::FORBIDDEN),
    ] {
        let builder = common::gate(Profile::Rfc).await.state(calls.clone());
        let gate = builder.operation(operation).build().unwrap();
        let refused = asked(&gate, "/notes/1").await;
        assert_eq!(refused.status, status);
        assert_eq!(refused.header("content-type"), Some("application/problem+json"));
        assert_eq!(asked(&gate, "/notes/x").await.status, StatusCode::BAD_REQUEST);
        assert_eq!(common::get(&gate, "/notes/2").await.status, StatusCode::UNAUTHORIZED);
        let weak = common::get_with(&gate, "/notes/2", &token("johndoe", &[ITEMS])).await;
        assert_eq!(weak.status, StatusCode::FORBIDDEN);
        assert_eq!(calls.0.load(Ordering::Relaxed), 0);
    }
}

#[tokio::test]
async fn check_runs_before_the_body_is_read() {
    async fn write(Loaded(note): Loaded<Note>, Json(text): Json<String>) -> String {
        note.text + &text
    }
    let operation = post("/notes/{id}")
        .guard(Guard::requires([ME]))
        .body_limit(8)
        .load(own_note);
    let gate = built([operation.then(write)]).await;
    let sent = async |id: u32, body: &str| {
        let request = Request::post(format!("/notes/{id}"))
            .header("authorization", format!("Bearer {}", token("johndoe", &[ME])))
            .header("content-type", "application/json");
        send(&gate, request.body(body.to_owned()).unwrap()).await
    };
    assert_eq!(sent(2, r#"": a""#).await.body, "note 2: a");
    assert_eq!(sent(2, r#""too large""#).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(sent(1, r#""too large""#).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn error_of_a_check_is_its_answer() {
    struct Down;

    impl Answer for Down {
        fn into_response(self) -> Response {
            StatusCode::BAD_GATEWAY.into_response()
        }

        fn describe(description: &mut OperationDescription) {
            description.response(StatusCode::BAD_GATEWAY, "The database is down");
        }
    }

    async fn broken(_: CurrentUser, Path(id): Path<u32>) -> Result<Option<Note>, Down> {
        if id == 0 { Err(Down) } else { Ok(None) }
    }
    let guard = Guard::requires([ME]).depends_on(&Guard::user());
    let gate = built([get("/notes/{id}").guard(guard).load(broken).then(read)]).await;
    assert_eq!(asked(&gate, "/notes/0").await.status, StatusCode::BAD_GATEWAY);
    assert_eq!(asked(&gate, "/notes/1").await.status, StatusCode::NOT_FOUND);
    let responses = gate.openapi()["paths"]["/notes/{id}"]["get"]["responses"]
        .as_object()
        .unwrap();
    assert_eq!(responses["502"]["description"], "The database is down");
    assert!(responses.contains_key("404"));
    let without_user = error_of(route().load(broken).then(read)).await;
    assert!(without_user.contains("takes a user"), "{without_user}");
}

#[tokio::test]
async fn resource_that_is_not_loaded_is_a_build_error() {
    let none = error_of(route().then(|_: Loaded<Note>, _: Path<u32>| async { "" })).await;
    assert!(
        none.contains("`GET /notes/{id}`") && none.contains(".load(..)"),
        "{none}"
    );
    let other = error_of(route().load(own_note).then(|_: Loaded<String>| async { "" })).await;
    assert!(other.contains("Loaded<alloc::string::String>"), "{other}");
    let closure = route().load(|Path(id): Path<u32>| async move { Some(id) });
    let unnamed = error_of(closure.then(|_: Loaded<u32>| async { "" })).await;
    assert!(unnamed.contains("check_named"), "{unnamed}");
}

#[tokio::test]
async fn check_is_in_the_document_and_in_the_policy_file() {
    let gate = built([route().load(own_note).then(read)]).await;
    let operation = &gate.openapi()["paths"]["/notes/{id}"]["get"];
    assert!(operation.to_string().contains("check:resource:own_note"), "{operation}");
    let parameters = operation["parameters"].as_array().unwrap();
    assert_eq!(
        parameters
            .iter()
            .map(|parameter| &parameter["name"])
            .collect::<Vec<_>>(),
        ["id"]
    );
    let responses: Vec<&String> = operation["responses"].as_object().unwrap().keys().collect();
    assert!(responses.contains(&&String::from("404")), "{responses:?}");
    let file = openapi::export::toml(gate.operations());
    assert!(file.unwrap().contains("resource:own_note"));
    let named = route().load(own_note).check_named("is_mine").then(read);
    let gate = built([named]).await;
    assert!(gate.openapi().to_string().contains("check:resource:is_mine"));
}

/// Counts the increments of each counter of checks, by its labels.
#[derive(Default)]
struct Counters(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

impl Recorder for Counters {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let labels: Vec<&str> = key.labels().map(metrics::Label::value).collect();
        let mut counters = self.0.lock().unwrap();
        let counter = counters
            .entry(format!("{} {}", key.name(), labels.join(" ")))
            .or_default();
        Counter::from_arc(Arc::clone(counter))
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[tokio::test]
async fn outcomes_of_a_check_are_counted() {
    let builder = common::gate(Profile::Rfc)
        .await
        .operation(route().load(own_note).then(read));
    let counters = Counters::default();
    let gate = metrics::with_local_recorder(&counters, || builder.build().unwrap());
    for (path, times) in [("/notes/2", 1), ("/notes/1", 2)] {
        for _ in 0..times {
            common::get_once_with(&gate, path, &token("johndoe", &[ME])).await;
        }
    }
    let counters = counters.0.into_inner().unwrap();
    let count = |outcome: &str| {
        counters[&format!("scopegate_resource_checks_total own_note {outcome}")].load(Ordering::Relaxed)
    };
    assert_eq!((count("loaded"), count("refused")), (1, 2));
}

#[tokio::test]
async fn operation_on_a_checked_resource_without_a_check_is_found() {
    let guard = || Guard::requires([ME]);
    let unchecked = delete("/notes/{id}").guard(guard()).then(|_: Path<u32>| async { "" });
    let tags = get("/notes/{note}/tags").guard(guard()).load(own_note).then(read);
    let list = get("/notes").guard(guard()).then(|| async { "" });
    assert_eq!(
        unchecked_operations([route().load(own_note).then(read), list, tags]).await,
        [""; 0]
    );
    let found = unchecked_operations([route().load(own_note).then(read), unchecked]).await;
    assert_eq!(found, ["DELETE /notes/{id}"]);
}

async fn unchecked_operations(operations: impl IntoIterator<Item = HandledOperation>) -> Vec<String> {
    let gate = built(operations).await;
    let found = lint(gate.operations(), &[]).into_iter();
    let found = found.filter(|finding| finding.rule() == LintRule::UncheckedResource);
    let label = |(method, path): &(scopegate_http::policy::Method, String)| format!("{method} {path}");
    found
        .flat_map(|finding| finding.operations().iter().map(label).collect::<Vec<_>>())
        .collect()
}
