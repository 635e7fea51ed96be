//! The document of the tutorial is the one that FastAPI writes for the tutorial's program.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
use scopegate_openapi::{DocumentInfo, OperationDocs, document};
use scopegate_policy::{ActiveUser, Guard, Method, Operation, OperationTable};
use serde_json::{Value, json};

const ME: ScopeToken = ScopeToken::from_static("me");
const ITEMS: ScopeToken = ScopeToken::from_static("items");

/// The response of FastAPI 0.165.0 for `/openapi.json`.
const RECORDED: &str = include_str!("../../../server/tests/it/tutorial/openapi.json");

fn table() -> OperationTable {
    let catalog = Catalog::builder()
        .scheme("OAuth2PasswordBearer", SecurityScheme::oauth2_password("token"))
        .scope(ME, "Read information about the current user.")
        .scope(ITEMS, "Read items.")
        .build()
        .unwrap();
    let user = Guard::user();
    let active = Guard::requires([ME]).check(ActiveUser).depends_on(&user);
    OperationTable::builder(catalog)
        .operation(Operation::get("/users/me/").guard(&active))
        .operation(Operation::get("/users/me/items/").guard(Guard::requires([ITEMS]).depends_on(&active)))
        .operation(Operation::get("/status/").guard(&user))
        .build()
        .unwrap()
}

fn answer(description: &str, schema: &Value) -> Value {
    json!({ "description": description, "content": { "application/json": { "schema": schema } } })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn docs() -> [OperationDocs; 4] {
    let body = reference("Body_login_for_access_token_token_post");
    let read = |template: &str, summary: &str, id: &str, schema: Value| {
        OperationDocs::new(Method::Get, template)
            .summary(summary)
            .operation_id(id)
            .response("200", answer("Successful Response", &schema))
    };
    [
        OperationDocs::new(Method::Post, "/token")
            .summary("Login For Access Token")
            .operation_id("login_for_access_token_token_post")
            .request_body(
                json!({ "content": { "application/x-www-form-urlencoded": { "schema": body } }, "required": true }),
            )
            .response("200", answer("Successful Response", &reference("Token")))
            .response("422", answer("Validation Error", &reference("HTTPValidationError"))),
        read(
            "/users/me/",
            "Read Users Me",
            "read_users_me_users_me__get",
            reference("User"),
        ),
        read(
            "/users/me/items/",
            "Read Own Items",
            "read_own_items_users_me_items__get",
            json!({}),
        ),
        read(
            "/status/",
            "Read System Status",
            "read_system_status_status__get",
            json!({}),
        ),
    ]
}

#[test]
fn without_extensions_the_documents_are_equal() {
    let recorded: Value = serde_json::from_str(RECORDED).unwrap();
    let schemas = recorded["components"]["schemas"].as_object().unwrap();
    let info = DocumentInfo::new("FastAPI", "0.1.0").without_extensions();
    assert_eq!(document(&info, &table(), &docs(), schemas), recorded);
}

#[test]
fn extensions_add_only_guards() {
    let recorded: Value = serde_json::from_str(RECORDED).unwrap();
    let schemas = recorded["components"]["schemas"].as_object().unwrap();
    let mut ours = document(&DocumentInfo::new("FastAPI", "0.1.0"), &table(), &docs(), schemas);
    for (path, guards) in [
        ("/users/me/", json!([["active"]])),
        ("/users/me/items/", json!([["active"]])),
        ("/status/", json!([["user"]])),
    ] {
        let operation = ours["paths"][path]["get"].as_object_mut().unwrap();
        assert_eq!(operation.remove("x-scopegate-guards"), Some(guards), "{path}");
    }
    assert_eq!(ours, recorded);
}

#[test]
fn the_same_arguments_give_the_same_bytes() {
    let write = || {
        let written = document(
            &DocumentInfo::new("FastAPI", "0.1.0"),
            &table(),
            &docs(),
            &serde_json::Map::new(),
        );
        serde_json::to_string(&written).unwrap()
    };
    assert_eq!(write(), write());
}
