//! The document: out of the same declarations as the routes and the guards.

use scopegate_http::openapi::DocumentInfo;
use scopegate_http::serde::{Deserialize, Serialize};
use scopegate_http::utoipa::ToSchema;
use scopegate_http::{
    CurrentUser, Gate, Guard, Json, Path, Permit, Query,
    answer::{AnyJson, Created, StatusCode},
    get, post, put,
};
use serde_json::{Value, json};

use crate::common::{self, ITEMS, ME, Profile};

#[derive(Serialize, Deserialize, ToSchema)]
struct Report {
    title: String,
    author: Option<Author>,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Author {
    name: String,
}

#[derive(Deserialize, ToSchema)]
struct Page {
    /// Counted from 1.
    number: u32,
    size: Option<u8>,
}

async fn read(_: Permit, Path(id): Path<u32>, Query(page): Query<Page>) -> Json<Report> {
    Json(Report {
        title: format!("{id}, {} of {:?}", page.number, page.size),
        author: None,
    })
}

async fn create(_: CurrentUser, Json(report): Json<Report>) -> Created<Json<Report>> {
    Created(Json(report))
}

async fn site(profile: Profile) -> Gate {
    let reader = Guard::requires([ITEMS]);
    let author = Guard::any_of([vec![ITEMS, ME]]).depends_on(&Guard::user());
    common::gate(profile)
        .await
        .info("Reports", "1.2.0")
        .operation(
            get("/reports/{id}")
                .named("read_report")
                .tag("reports")
                .guard(&reader)
                .then(read),
        )
        .operation(
            post("/reports")
                .named("create_report")
                .description("Stores it.")
                .guard(author)
                .then(create),
        )
        .operation(
            get("/list")
                .named("list")
                .guard(&reader)
                .optional()
                .then(|| async { Json(Vec::<Report>::new()) }),
        )
        .operation(
            put("/open")
                .public()
                .then(|| async { (StatusCode::ACCEPTED, AnyJson(json!(null))) }),
        )
        .operation(get("/closed").guard(Guard::deny()).then(|| async { "never" }))
        .docs()
        .build()
        .unwrap()
}

fn operation<'d>(document: &'d Value, path: &str, method: &str) -> &'d Value {
    &document["paths"][path][method]
}

#[tokio::test]
async fn document_has_inputs_answers_and_security() {
    let gate = site(Profile::Rfc).await;
    let document = gate.openapi();
    assert_eq!(document["info"], json!({ "title": "Reports", "version": "1.2.0" }));

    let read = operation(document, "/reports/{id}", "get");
    assert_eq!(read["operationId"], "read_report_reports__id__get");
    assert_eq!(read["summary"], "Read Report");
    assert_eq!(read["tags"], json!(["reports"]));
    assert_eq!(read["security"], json!([{ "OAuth2PasswordBearer": ["items"] }]));
    let parameters = read["parameters"].as_array().unwrap();
    assert_eq!(
        parameters[0],
        json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "integer", "format": "uint32", "minimum": 0, "maximum": u32::MAX } })
    );
    assert_eq!(
        (&parameters[1]["name"], &parameters[1]["in"], &parameters[1]["required"]),
        (&json!("number"), &json!("query"), &json!(true))
    );
    assert_eq!(
        (&parameters[2]["name"], &parameters[2]["required"]),
        (&json!("size"), &json!(false))
    );
    assert_eq!(
        read["responses"]["200"]["content"]["application/json"]["schema"],
        json!({ "$ref": "#/components/schemas/Report" })
    );
    let statuses: Vec<_> = read["responses"].as_object().unwrap().keys().collect();
    assert_eq!(statuses, ["200", "400", "401", "403"]);

    let create = operation(document, "/reports", "post");
    assert_eq!(create["description"], "Stores it.");
    assert_eq!(
        create["requestBody"]["content"]["application/json"]["schema"],
        json!({ "$ref": "#/components/schemas/Report" })
    );
    assert!(create["responses"].get("201").is_some() && create["responses"].get("200").is_none());
    assert_eq!(create["security"], json!([{ "OAuth2PasswordBearer": ["items", "me"] }]));

    let list = operation(document, "/list", "get");
    assert_eq!(
        list["responses"]["200"]["content"]["application/json"]["schema"]["type"],
        "array"
    );
    assert_eq!(list["security"], json!([{ "OAuth2PasswordBearer": ["items"] }, {}]));
    assert_eq!(operation(document, "/open", "put")["security"], json!([]));
    assert!(
        operation(document, "/open", "put")["responses"]
            .get("default")
            .is_some()
    );
    assert_eq!(operation(document, "/closed", "get"), &Value::Null);
    assert!(document["components"]["schemas"].get("Author").is_some());
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    for profile in [Profile::Rfc, Profile::Tutorial] {
        let gate = site(profile).await;
        let text = gate.openapi().to_string();
        for reference in text
            .split("\"#/components/schemas/")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
        {
            assert!(
                gate.openapi()["components"]["schemas"].get(reference).is_some(),
                "{reference}"
            );
        }
    }
}

#[tokio::test]
async fn the_document_is_served_as_it_is() {
    let gate = site(Profile::Rfc).await;
    let served = common::get(&gate, "/openapi.json").await;
    assert_eq!(served.header("content-type"), Some("application/json"));
    assert_eq!(&served.json(), gate.openapi());
}

#[tokio::test]
async fn the_tutorials_profile_writes_as_fastapi_does() {
    let gate = site(Profile::Tutorial).await;
    let document = gate.openapi();
    let read = operation(document, "/reports/{id}", "get");
    let statuses: Vec<_> = read["responses"].as_object().unwrap().keys().collect();
    assert_eq!(statuses, ["200", "422"]);
    let report = &document["components"]["schemas"]["Report"];
    assert_eq!(report["title"], "Report");
    assert_eq!(
        report["properties"]["title"],
        json!({ "type": "string", "title": "Title" })
    );
    assert!(document["components"]["schemas"].get("HTTPValidationError").is_some());
}

#[tokio::test]
async fn two_types_of_one_name_are_an_error() {
    mod other {
        #[derive(scopegate_http::serde::Serialize, scopegate_http::utoipa::ToSchema)]
        pub(super) struct Report {
            pub(super) other: u8,
        }
    }
    let builder = common::gate(Profile::Rfc)
        .await
        .operation(get("/a").public().then(|| async {
            Json(Report {
                title: String::new(),
                author: None,
            })
        }))
        .operation(get("/b").public().then(|| async { Json(other::Report { other: 1 }) }));
    assert_eq!(
        builder.build().unwrap_err().to_string(),
        "two schemas of the document are called `Report`"
    );
}

#[tokio::test]
async fn document_names_servers_contact_and_tags() {
    let info = DocumentInfo::new("Reports", "2.1.0")
        .description("All reports.")
        .terms_of_service("https://reports.example/terms")
        .contact("The team", "https://reports.example/team")
        .license("MIT", "https://spdx.org/licenses/MIT")
        .server("https://api.example", "Production")
        .server("https://test.example", "Tests")
        .tag("reports", "What was found")
        .external_docs("https://reports.example/guide", "A guide");
    let builder = Gate::builder(common::catalog()).bearer("OAuth2PasswordBearer", common::verifier());
    let old = get("/old").guard(Guard::requires([ME])).named("old").deprecated();
    let hidden = get("/hidden").guard(Guard::requires([ME])).named("hidden").hidden();
    let gate = builder
        .document_info(info)
        .operation(
            old.external_docs("https://reports.example/old", "Why it is old")
                .then(|_: Permit| async { "old" }),
        )
        .operation(hidden.then(|_: Permit| async { Json(HiddenNote { text: 1 }) }))
        .build()
        .unwrap();
    let document = gate.openapi();
    assert_eq!(
        document["info"],
        json!({
            "title": "Reports",
            "description": "All reports.",
            "termsOfService": "https://reports.example/terms",
            "contact": { "name": "The team", "url": "https://reports.example/team" },
            "license": { "name": "MIT", "url": "https://spdx.org/licenses/MIT" },
            "version": "2.1.0",
        })
    );
    assert_eq!(document["servers"].as_array().unwrap().len(), 2);
    assert_eq!(document["servers"][1]["url"], "https://test.example");
    assert_eq!(
        document["tags"],
        json!([{ "name": "reports", "description": "What was found" }])
    );
    assert_eq!(document["externalDocs"]["url"], "https://reports.example/guide");
    let old = &document["paths"]["/old"]["get"];
    assert_eq!(
        (&old["deprecated"], &old["externalDocs"]["description"]),
        (&json!(true), &json!("Why it is old"))
    );

    // A hidden operation is enforced, and nothing of it is in the document.
    assert!(!document.to_string().to_lowercase().contains("hidden"));
    let refused = common::get(&gate, "/hidden").await;
    assert_eq!(refused.status, 401);
    assert!(refused.challenges()[0].contains(r#"realm="Reports""#));
    assert_eq!(gate.operations().operations().len(), 2);
}

#[derive(Serialize, ToSchema)]
struct HiddenNote {
    text: u32,
}
