//! Errors of handlers that the gate writes as its refusals.

use std::collections::HashMap;

use http::{HeaderMap, Request, StatusCode};
use scopegate_http::answer::{AnyJson, Created, CreatedAt, HandlerError};
use scopegate_http::credential::TicketError;
use scopegate_http::domain::ReadClaimError;
use scopegate_http::input::{InputError, InvalidInput, MultipartError};
use scopegate_http::site::{BodyError, RefusalContext, RefusalFormat, RefusalKind, RefusalSchema};
use scopegate_http::{Gate, GateBuilder, get};
use serde_json::{Value, json};

use crate::common::{self, Answered, Profile, listen, send};
use crate::trace::RecordedLog;

/// An error with a cause that only the log may contain.
#[derive(Debug, thiserror::Error)]
#[error("table `secrets` is gone")]
struct DatabaseError(#[source] std::fmt::Error);

async fn gone() -> Result<(), HandlerError> {
    Err(HandlerError::new(
        StatusCode::GONE,
        "archived",
        format!("report {} is in the archive", 7),
    ))
}

async fn broken() -> Result<(), HandlerError> {
    Err(DatabaseError(std::fmt::Error))?
}

async fn with_errors(profile: Profile) -> GateBuilder {
    common::gate(profile)
        .await
        .operation(get("/gone").public().then(gone))
        .operation(get("/broken").public().then(broken))
}

async fn ask(gate: &Gate, path: &str) -> Answered {
    send(gate, Request::get(path).body(String::new()).unwrap()).await
}

#[tokio::test]
async fn error_of_a_handler_has_the_form_of_refusals() {
    let gate = with_errors(Profile::Rfc).await.build().unwrap();
    let gone = ask(&gate, "/gone").await;
    assert_eq!(gone.header("content-type"), Some("application/problem+json"));
    assert_eq!(
        (gone.status, gone.json()),
        (
            StatusCode::GONE,
            json!({ "title": "Gone", "status": 410, "detail": "report 7 is in the archive", "error": "archived" })
        )
    );
    let tutorial = with_errors(Profile::Tutorial).await.build().unwrap();
    let gone = ask(&tutorial, "/gone").await;
    assert_eq!(gone.json(), json!({ "detail": "report 7 is in the archive" }));
    let documented = &gate.openapi()["paths"]["/gone"]["get"]["responses"]["default"]["content"];
    assert_eq!(
        documented["application/problem+json"]["schema"]["$ref"],
        "#/components/schemas/ProblemDetails"
    );
}

#[tokio::test]
async fn cause_of_another_error_is_in_the_log_alone() {
    let gate = with_errors(Profile::Rfc).await.build().unwrap();
    let log = RecordedLog::default();
    let answered = {
        let _guard = listen(log.clone());
        ask(&gate, "/broken").await
    };
    assert_eq!(answered.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(
        !answered.json().to_string().contains("secrets"),
        "{:?}",
        answered.json()
    );
    let text = log.text();
    let id = answered.header("x-request-id").unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("secrets")).collect();
    assert!(matches!(*lines, [line] if line.contains(id)), "{text}");
    assert!(text.contains("an error occurred when formatting an argument"), "{text}");
}

#[tokio::test]
async fn error_of_the_library_keeps_its_status() {
    fn answer<E: std::error::Error + Clone + Send + Sync + 'static>(error: E) -> scopegate_http::HandledOperation {
        get("/").public().then(move || {
            let error = error.clone();
            async move { Result::<(), HandlerError>::Err(error.into()) }
        })
    }
    let invalid = InputError::from(InvalidInput::new("value_error", "query", Some("q"), "odd".to_owned()));
    for (operation, status) in [
        (answer(invalid), 400),
        (answer(InputError::MediaType("send JSON")), 415),
        (answer(BodyError::TooLarge), 413),
        (answer(MultipartError::FieldTooLarge), 413),
        (answer(MultipartError::Malformed), 400),
        (answer(TicketError::Full), 503),
        (answer(ReadClaimError::WrongType { name: "tenant".into() }), 403),
        (answer(ReadClaimError::NotKept { name: "tenant".into() }), 500),
        (answer(std::fmt::Error), 500),
    ] {
        let gate = common::gate(Profile::Rfc).await.operation(operation).build().unwrap();
        let answered = ask(&gate, "/").await;
        assert_eq!(answered.status, status);
        assert_eq!(answered.json()["status"], status);
    }
}

#[tokio::test]
async fn error_keeps_its_status_inside_of_another_answer() {
    fn unwritable() -> AnyJson<HashMap<Vec<u8>, u8>> {
        AnyJson(HashMap::from([(vec![1], 1)]))
    }
    fn conflict() -> Result<String, StatusCode> {
        Err(StatusCode::CONFLICT)
    }
    let builder = common::gate(Profile::Rfc).await;
    let gate = builder
        .operation(get("/created").public().then(async || Created(unwritable())))
        .operation(
            get("/created_at")
                .public()
                .then(async || CreatedAt::new("/x", unwritable())),
        )
        .operation(
            get("/status")
                .public()
                .then(async || (StatusCode::ACCEPTED, unwritable())),
        )
        .operation(
            get("/headers")
                .public()
                .then(async || (StatusCode::OK, HeaderMap::new(), unwritable())),
        )
        .operation(get("/conflict").public().then(async || Created(conflict())))
        .operation(
            get("/teapot")
                .public()
                .then(async || (StatusCode::IM_A_TEAPOT, "short and stout")),
        )
        .build()
        .unwrap();
    for (path, status) in [
        ("/created", 500),
        ("/created_at", 500),
        ("/status", 500),
        ("/headers", 500),
        ("/conflict", 409),
        ("/teapot", 418),
    ] {
        assert_eq!(ask(&gate, path).await.status, status, "{path}");
    }
}

/// Writes the kind, and turns every error into a success if it can.
struct Kinds;

impl RefusalFormat for Kinds {
    fn body(&self, refusal: &RefusalContext<'_>) -> Vec<u8> {
        json!([refusal.kind.as_str(), refusal.sentence])
            .to_string()
            .into_bytes()
    }

    fn schema(&self) -> RefusalSchema {
        RefusalSchema::new("Kinds", "application/json", json!({ "type": "array" }))
    }

    fn status(&self, _: RefusalKind, _: StatusCode) -> StatusCode {
        StatusCode::OK
    }
}

#[tokio::test]
async fn error_of_a_handler_is_never_a_success() {
    let success = async || Result::<(), _>::Err(HandlerError::new(StatusCode::OK, "fine", "all is well"));
    let builder = with_errors(Profile::Rfc)
        .await
        .operation(get("/fine").public().then(success));
    let gate = builder.refusals(Kinds).build().unwrap();
    let code = |answered: &Answered| -> Value { answered.json()[0].clone() };
    for (path, status, kind) in [
        ("/gone", 410, "archived"),
        ("/broken", 500, "server_fault"),
        ("/fine", 500, "fine"),
    ] {
        let answered = ask(&gate, path).await;
        assert_eq!((answered.status.as_u16(), code(&answered)), (status, json!(kind)));
    }
}

#[tokio::test]
async fn short_forms_have_their_statuses() {
    let gate = common::gate(Profile::Rfc)
        .await
        .operation(
            get("/a")
                .public()
                .then(async || Result::<(), _>::Err(HandlerError::forbidden("mine", "no"))),
        )
        .operation(
            get("/b")
                .public()
                .then(async || Result::<(), _>::Err(HandlerError::conflict("taken", "no"))),
        )
        .build()
        .unwrap();
    for (path, status, code) in [("/a", 403, "mine"), ("/b", 409, "taken")] {
        let answered = ask(&gate, path).await;
        assert_eq!(
            (answered.status.as_u16(), &answered.json()["error"]),
            (status, &json!(code))
        );
    }
}
