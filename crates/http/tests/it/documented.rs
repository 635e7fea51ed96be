//! What several sources say of one operation is all in its document.

use std::collections::HashMap;

use scopegate_http::serde::{Deserialize, Serialize};
use scopegate_http::utoipa::ToSchema;
use scopegate_http::{
    Gate, Guard, HandledOperation, Json, Path, Permit, Query,
    answer::{Answer, NoContent, OperationDescription, Response, StatusCode},
    get, post,
};
use serde_json::{Value, json};

use crate::common::{self, ME, Profile};

#[derive(Clone, Serialize, Deserialize, ToSchema)]
struct Note {
    title: String,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Page<T> {
    items: Vec<T>,
    next: Option<u32>,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct NotePage(Page<Note>);

mod other {
    use super::{Deserialize, Serialize, ToSchema};

    #[derive(Serialize, Deserialize, ToSchema)]
    pub(super) struct Note {
        text: String,
    }
}

const STATUSES: [StatusCode; 4] = [
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::UNPROCESSABLE_ENTITY,
];

/// Says the same of each status that a gate documents, too.
enum Refusal {
    Own,
}

impl Answer for Refusal {
    fn into_response(self) -> Response {
        StatusCode::BAD_REQUEST.into_response()
    }

    fn describe(description: &mut OperationDescription) {
        for status in STATUSES {
            description.json_response::<Note>(status, "The note is not good");
            description.text_response(status, "Another text");
        }
    }
}

async fn build(profile: Profile, operations: impl IntoIterator<Item = HandledOperation>) -> Result<Gate, String> {
    let builder = common::gate(profile).await.operations(operations);
    builder.build().map_err(|error| error.to_string())
}

fn guarded() -> HandledOperation {
    let operation = post("/f").guard(Guard::requires([ME]));
    operation.then(|_: Permit, _: Json<Note>| async { if true { Ok("") } else { Err(Refusal::Own) } })
}

#[tokio::test]
async fn what_an_error_type_says_stays_in_the_document() {
    for profile in [Profile::Rfc, Profile::Tutorial] {
        let gate = build(profile, [guarded()]).await.unwrap();
        for status in STATUSES {
            let response = &gate.openapi()["paths"]["/f"]["post"]["responses"][status.as_str()];
            let description = response["description"].as_str().unwrap();
            let mut paragraphs = description.split("\n\n");
            assert_eq!(paragraphs.next(), Some("The note is not good"), "{status}");
            assert_eq!(paragraphs.next(), Some("Another text"), "{status}");
            let of_gate = paragraphs.next();
            assert!(of_gate.is_none_or(|text| text.len() > 5), "{status}: {of_gate:?}");
            assert_eq!(paragraphs.next(), None, "{status}");
            let content = &response["content"];
            assert_eq!(content["text/plain"]["schema"]["type"], "string", "{status}");
            let note = json!({ "$ref": "#/components/schemas/Note" });
            let validation = json!({ "$ref": "#/components/schemas/HTTPValidationError" });
            let schema = &content["application/json"]["schema"];
            if profile == Profile::Tutorial && status == StatusCode::UNPROCESSABLE_ENTITY {
                assert_eq!(*schema, json!({ "anyOf": [note, validation] }));
            } else {
                assert_eq!(*schema, note, "{status}");
            }
            let problem = &content["application/problem+json"]["schema"]["$ref"];
            let has_problem = profile == Profile::Rfc && status != StatusCode::UNPROCESSABLE_ENTITY;
            assert_eq!(
                *problem == "#/components/schemas/ProblemDetails",
                has_problem,
                "{status}"
            );
        }
    }
}

#[tokio::test]
async fn two_types_of_one_name_are_not_built() {
    let first = get("/a").public().then(|| async { Json(None::<Note>) });
    let first = [
        first,
        get("/n")
            .public()
            .then(|| async { Json(Note { title: String::new() }) }),
    ];
    let second = post("/b").public().then(|Json(_): Json<other::Note>| async { "" });
    let error = build(Profile::Rfc, first.into_iter().chain([second]))
        .await
        .unwrap_err();
    assert!(error.contains("`Note`"), "{error}");
}

#[tokio::test]
async fn a_generic_type_of_primitives_is_written_out() {
    let operation = post("/f")
        .public()
        .then(|Json(page): Json<Page<u8>>| async move { Json(page) });
    let gate = build(Profile::Rfc, [operation]).await.unwrap();
    let operation = &gate.openapi()["paths"]["/f"]["post"];
    for content in [&operation["requestBody"], &operation["responses"]["200"]] {
        let schema = &content["content"]["application/json"]["schema"];
        let items = json!({ "type": "integer", "format": "uint8", "minimum": 0, "maximum": 255 });
        assert_eq!(schema["properties"]["items"]["items"], items);
    }
}

#[tokio::test]
async fn a_reference_that_leads_nowhere_is_not_built() {
    let page = || {
        get("/f").public().then(|| async {
            Json(Page::<Note> {
                items: Vec::new(),
                next: None,
            })
        })
    };
    let body = post("/f").public();
    let body = body.then(|_: Json<Page<HashMap<String, u8>>>| async { "" });
    for (operation, place, name) in [(page(), "`GET /f`", "`Note`"), (body, "`POST /f`", "`HashMap`")] {
        let error = build(Profile::Rfc, [operation]).await.unwrap_err();
        assert!(
            error.contains(place) && error.contains(name) && error.contains("structure of its own"),
            "{error}"
        );
    }
    // Another operation declares the schema.
    let note = get("/n")
        .public()
        .then(|| async { Json(Note { title: String::new() }) });
    build(Profile::Rfc, [page(), note]).await.unwrap();
    let own = get("/f").public().then(|| async {
        Json(NotePage(Page {
            items: Vec::new(),
            next: None,
        }))
    });
    let gate = build(Profile::Rfc, [own]).await.unwrap();
    assert_eq!(references(gate.openapi()), 0, "{}", gate.openapi());
}

/// How many references lead nowhere.
fn references(document: &Value) -> usize {
    fn count(value: &Value, document: &Value) -> usize {
        match value {
            Value::Object(members) => {
                let reference = members.get("$ref").and_then(Value::as_str);
                let is_lost =
                    reference.is_some_and(|reference| document.pointer(reference.trim_start_matches('#')).is_none());
                usize::from(is_lost) + members.values().map(|value| count(value, document)).sum::<usize>()
            }
            Value::Array(values) => values.iter().map(|value| count(value, document)).sum(),
            _ => 0,
        }
    }
    count(document, document)
}

#[tokio::test]
async fn a_body_whose_type_and_document_differ_is_not_built() {
    // utoipa documents a structure, and serde reads the number in it.
    #[derive(Deserialize, ToSchema)]
    #[serde(transparent)]
    struct Count {
        #[expect(dead_code, reason = "only its schema counts")]
        value: u8,
    }
    #[derive(Deserialize, ToSchema)]
    struct Counts {
        #[expect(dead_code, reason = "only its schema counts")]
        all: Vec<Count>,
        #[expect(dead_code, reason = "only its schema counts")]
        first: Count,
    }
    #[derive(Deserialize)]
    struct Read {
        id: u32,
    }
    #[derive(Deserialize, ToSchema)]
    #[serde(from = "Read")]
    struct Renamed {
        #[expect(dead_code, reason = "only its schema counts")]
        number: u32,
    }
    impl From<Read> for Renamed {
        fn from(read: Read) -> Self {
            Self { number: read.id }
        }
    }
    #[derive(Deserialize, ToSchema)]
    struct Text {
        #[schema(value_type = String)]
        #[expect(dead_code, reason = "only its schema counts")]
        flag: bool,
    }
    for (operation, reason) in [
        (
            post("/f").public().then(|Json(_): Json<Count>| async { "" }),
            "int_type at ``",
        ),
        (
            post("/f").public().then(|Json(_): Json<Counts>| async { "" }),
            "int_type at `/first`",
        ),
        (
            post("/f").public().then(|Json(_): Json<Renamed>| async { "" }),
            "missing at `/id`",
        ),
        (
            post("/f").public().then(|Json(_): Json<Text>| async { "" }),
            "bool_type at `/flag`",
        ),
    ] {
        let error = build(Profile::Rfc, [operation]).await.unwrap_err();
        assert!(error.contains("`POST /f`") && error.contains(reason), "{error}");
    }
}

#[tokio::test]
async fn a_constant_status_is_documented() {
    let gate = build(Profile::Rfc, [get("/f").public().then(|| async { NoContent })])
        .await
        .unwrap();
    let responses = gate.openapi()["paths"]["/f"]["get"]["responses"].as_object().unwrap();
    assert_eq!(responses.keys().collect::<Vec<_>>(), ["204"]);
    let answered = common::get(&gate, "/f").await;
    assert_eq!((answered.status.as_u16(), answered.body.as_str()), (204, ""));
}

#[tokio::test]
async fn comment_of_a_field_describes_the_parameter() {
    #[derive(Deserialize, ToSchema)]
    #[expect(dead_code, reason = "only the document is compared")]
    struct Place {
        /// The number of the report.
        report: u8,
    }
    #[derive(Deserialize, ToSchema)]
    #[expect(dead_code, reason = "only the document is compared")]
    struct Limit {
        /// The maximum number of rows.
        limit: Option<u8>,
    }
    let read = |_: Path<Place>, _: Query<Limit>| async {};
    let gate = build(Profile::Rfc, [get("/reports/{report}").public().then(read)])
        .await
        .unwrap();
    let parameters = &gate.openapi()["paths"]["/reports/{report}"]["get"]["parameters"];
    let described = |index: usize| (&parameters[index]["in"], &parameters[index]["description"]);
    assert_eq!(described(0), (&json!("path"), &json!("The number of the report.")));
    // Swagger UI does not show the description in the schema.
    assert_eq!(described(1), (&json!("query"), &json!("The maximum number of rows.")));
}
