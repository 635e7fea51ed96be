//! The written form of each kind of scheme and each kind of requirement.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may fail")]

use scopegate_domain::{
    ApiKeyLocation, Catalog, CatalogBuilder, HttpScheme, OAuthFlow, OAuthFlows, ScopeToken, SecurityScheme,
};
use scopegate_openapi::{DocumentInfo, OperationDocs, document};
use scopegate_policy::{Fact, Guard, Method, Needs, Operation, OperationTable, Rule};
use serde_json::{Map, Value, json};

const READ: ScopeToken = ScopeToken::from_static("read");
const WRITE: ScopeToken = ScopeToken::from_static("write");

fn catalog() -> Catalog {
    Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_password("token"))
        .scope(READ, "Read.")
        .scope(WRITE, "Write.")
        .scheme("key", SecurityScheme::api_key(ApiKeyLocation::Header, "X-Key"))
        .build()
        .unwrap()
}

/// The document of one operation, `GET /x`.
fn written(operation: Operation, info: &DocumentInfo) -> Value {
    let table = OperationTable::builder(catalog()).operation(operation).build().unwrap();
    document(info, &table, &[], &Map::new())
}

fn security(operation: Operation) -> Value {
    written(operation, &DocumentInfo::new("t", "1").without_extensions())["paths"]["/x"]["get"]["security"].clone()
}

fn get(guard: Guard) -> Operation {
    Operation::get("/x").guard(guard)
}

fn check(name: &str, needs: Needs) -> Rule {
    Rule::Fact(Fact::Check {
        name: name.into(),
        needs,
    })
}

#[test]
fn conjunction_is_one_object() {
    let both = Guard::requires([WRITE, READ]).depends_on(&Guard::authenticated().with_scheme("key"));
    assert_eq!(security(get(both)), json!([{ "oauth": ["write", "read"], "key": [] }]));
}

#[test]
fn alternatives_are_several_objects() {
    assert_eq!(
        security(get(Guard::any_of([[READ], [WRITE]]))),
        json!([{ "oauth": ["read"] }, { "oauth": ["write"] }])
    );
    assert_eq!(
        security(get(Guard::authenticated())),
        json!([{ "oauth": [] }, { "key": [] }])
    );
}

#[test]
fn public_is_the_empty_list_and_optional_the_empty_object() {
    assert_eq!(security(get(Guard::public())), json!([]));
    assert_eq!(security(get(Guard::public()).optional()), json!([]));
    assert_eq!(
        security(get(Guard::requires([READ])).optional()),
        json!([{ "oauth": ["read"] }, {}])
    );
}

#[test]
fn unsatisfiable_alternative_is_left_out() {
    let info = DocumentInfo::new("t", "1");
    assert_eq!(written(get(Guard::deny()), &info)["paths"], json!({}));
    assert_eq!(written(get(Guard::deny()).optional(), &info)["paths"], json!({}));
    let docs = [OperationDocs::new(Method::Get, "/x").summary("Never")];
    let table = OperationTable::builder(catalog())
        .operation(get(Guard::deny()))
        .build()
        .unwrap();
    assert_eq!(document(&info, &table, &docs, &Map::new())["paths"], json!({}));
}

#[test]
fn guards_are_next_to_their_object() {
    let rule = Rule::Any(vec![
        Rule::All(vec![Rule::Scope(READ), Rule::Fact(Fact::Active)]),
        Rule::Scope(WRITE),
        check("signature", Needs::Nothing),
    ]);
    let operation = |guard| written(get(guard), &DocumentInfo::new("t", "1"))["paths"]["/x"]["get"].clone();
    let ours = operation(Guard::rule(rule));
    assert_eq!(
        ours["security"],
        json!([{}, { "oauth": ["write"] }, { "oauth": ["read"] }])
    );
    assert_eq!(ours["x-scopegate-guards"], json!([["check:signature"], [], ["active"]]));
    assert_eq!(operation(Guard::requires([READ])).get("x-scopegate-guards"), None);
}

#[test]
fn an_anonymous_request_keeps_the_guards_that_need_no_credential() {
    let rule = Rule::All(vec![
        Rule::Scope(READ),
        Rule::Fact(Fact::User),
        check("open_hours", Needs::Nothing),
    ]);
    let document = written(get(Guard::rule(rule)).optional(), &DocumentInfo::new("t", "1"));
    let operation = &document["paths"]["/x"]["get"];
    assert_eq!(operation["security"], json!([{ "oauth": ["read"] }, {}]));
    assert_eq!(
        operation["x-scopegate-guards"],
        json!([["user", "check:open_hours"], ["check:open_hours"]])
    );
}

#[test]
fn without_guards_the_same_object_is_not_written_twice() {
    let rule = Rule::Any(vec![
        Rule::All(vec![Rule::Scope(READ), check("a", Needs::Authentication)]),
        Rule::All(vec![Rule::Scope(READ), check("b", Needs::Authentication)]),
    ]);
    assert_eq!(security(get(Guard::rule(rule))), json!([{ "oauth": ["read"] }]));
}

#[test]
fn check_without_credential_names_no_scheme() {
    let operation = || get(Guard::rule(check("signature", Needs::Nothing)));
    assert_eq!(security(operation()), json!([]));
    let ours = written(operation(), &DocumentInfo::new("t", "1"))["paths"]["/x"]["get"].clone();
    assert_eq!(ours["security"], json!([{}]));
    assert_eq!(ours["x-scopegate-guards"], json!([["check:signature"]]));
}

#[test]
fn an_operation_without_documentation_is_documented_by_its_name() {
    let document = written(get(Guard::public()).named("health"), &DocumentInfo::new("t", "1"));
    assert_eq!(
        document["paths"],
        json!({ "/x": { "get": { "operationId": "health", "security": [] } } })
    );
}

#[test]
fn methods_of_one_path_are_grouped() {
    let table = OperationTable::builder(catalog())
        .operation(Operation::get("/x").guard(Guard::public()))
        .operation(Operation::delete("/x").guard(Guard::requires([WRITE])))
        .build()
        .unwrap();
    let docs = [
        OperationDocs::new(Method::Delete, "/x")
            .tag("a")
            .tag("b")
            .parameter(json!({ "name": "p", "in": "query" })),
        OperationDocs::new(Method::Post, "/token").description("No guard is before it."),
    ];
    let document = document(
        &DocumentInfo::new("t", "1").description("d"),
        &table,
        &docs,
        &Map::new(),
    );
    assert_eq!(
        document["info"],
        json!({ "title": "t", "description": "d", "version": "1" })
    );
    assert_eq!(
        document["paths"],
        json!({
            "/x": {
                "get": { "security": [] },
                "delete": {
                    "tags": ["a", "b"],
                    "parameters": [{ "name": "p", "in": "query" }],
                    "security": [{ "oauth": ["write"] }],
                },
            },
            "/token": { "post": { "description": "No guard is before it." } },
        })
    );
}

#[test]
fn a_parameter_that_takes_the_rest_is_written_by_its_name() {
    let operation = Operation::get("/files/{*path}").guard(Guard::public());
    let document = written(operation, &DocumentInfo::new("t", "1"));
    assert_eq!(
        document["paths"],
        json!({ "/files/{path}": { "get": { "security": [] } } })
    );
}

fn flow(authorization: &str, token: &str, refresh: &str) -> OAuthFlow {
    let url = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let mut flow = OAuthFlow::default();
    flow.authorization_url = url(authorization);
    flow.token_url = url(token);
    flow.refresh_url = url(refresh);
    flow
}

/// Returns the `components.securitySchemes` of these schemes.
fn schemes(catalog: CatalogBuilder) -> Value {
    let table = OperationTable::builder(catalog.build().unwrap()).build().unwrap();
    let document = document(&DocumentInfo::new("t", "1"), &table, &[], &Map::new());
    document["components"]["securitySchemes"].clone()
}

#[test]
fn every_flow_has_its_addresses_and_all_scopes() {
    let mut flows = OAuthFlows::default();
    flows.authorization_code = Some(flow("/authorize", "/token", "/refresh"));
    flows.client_credentials = Some(flow("", "/token", ""));
    flows.implicit = Some(flow("/authorize", "", ""));
    flows.password = Some(flow("", "/token", ""));
    let catalog = Catalog::builder()
        .scheme("oauth", SecurityScheme::OAuth2(flows.into()))
        .description("Log in.")
        .scope(READ, "Read.")
        .scope(WRITE, "Write.")
        .implies(WRITE, READ);
    let scopes = json!({ "read": "Read.", "write": "Write." });
    let expected = json!({
        "type": "oauth2",
        "description": "Log in.",
        "flows": {
            "authorizationCode": {
                "authorizationUrl": "/authorize", "tokenUrl": "/token", "refreshUrl": "/refresh", "scopes": scopes
            },
            "clientCredentials": { "tokenUrl": "/token", "scopes": scopes },
            "implicit": { "authorizationUrl": "/authorize", "scopes": scopes },
            "password": { "tokenUrl": "/token", "scopes": scopes },
        },
        "x-scopegate-implies": { "write": ["read"] },
    });
    assert_eq!(schemes(catalog), json!({ "oauth": expected }));
}

#[test]
fn every_other_kind_of_scheme_is_written() {
    let bearer = HttpScheme::Bearer {
        format: Some("JWT".to_owned()),
    };
    let catalog = Catalog::builder()
        .scheme(
            "oidc",
            SecurityScheme::OpenIdConnect {
                url: "/.well-known/openid-configuration".to_owned(),
            },
        )
        .scheme("basic", SecurityScheme::http_basic())
        .scheme("bearer", SecurityScheme::http_bearer())
        .scheme("jwt", SecurityScheme::Http(bearer))
        .scheme("digest", SecurityScheme::Http(HttpScheme::Digest))
        .scheme("cookie", SecurityScheme::api_key(ApiKeyLocation::Cookie, "session"))
        .scheme("header", SecurityScheme::api_key(ApiKeyLocation::Header, "X-Key"))
        .scheme("query", SecurityScheme::api_key(ApiKeyLocation::Query, "key"));
    let expected = json!({
        "oidc": { "type": "openIdConnect", "openIdConnectUrl": "/.well-known/openid-configuration" },
        "basic": { "type": "http", "scheme": "basic" },
        "bearer": { "type": "http", "scheme": "bearer" },
        "jwt": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
        "digest": { "type": "http", "scheme": "digest" },
        "cookie": { "type": "apiKey", "in": "cookie", "name": "session" },
        "header": { "type": "apiKey", "in": "header", "name": "X-Key" },
        "query": { "type": "apiKey", "in": "query", "name": "key" },
    });
    assert_eq!(schemes(catalog), expected);
}

#[test]
fn override_is_exported() {
    let table = OperationTable::builder(catalog())
        .guard(Guard::requires([WRITE]).named("writers"))
        .guard(Guard::requires([READ]))
        .operation(get(Guard::public()).override_guards())
        .operation(Operation::get("/y"))
        .build()
        .unwrap();
    let paths = |info: &DocumentInfo| document(info, &table, &[], &Map::new())["paths"].clone();
    let told = paths(&DocumentInfo::new("t", "1"));
    assert_eq!(
        told["/x"]["get"],
        json!({ "security": [], "x-scopegate-overrides": ["writers", "requires read"] })
    );
    assert_eq!(
        told["/y"]["get"],
        json!({ "security": [{ "oauth": ["write", "read"] }] })
    );
    let bare = paths(&DocumentInfo::new("t", "1").without_extensions());
    assert_eq!(bare["/x"]["get"], json!({ "security": [] }));
}
