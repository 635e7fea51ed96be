//! How each kind of scheme and each kind of requirement is written.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use scopegate_domain::{ApiKeyLocation, Catalog, HttpScheme, OAuthFlow, OAuthFlows, ScopeToken, SecurityScheme};
use scopegate_openapi::{DocumentInfo, OperationDocs, document};
use scopegate_policy::{Atom, Guard, Method, Needs, Operation, OperationTable, Rule};
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
    Rule::Atom(Atom::Check {
        name: name.into(),
        needs,
    })
}

#[test]
fn what_holds_together_stands_in_one_object() {
    let both = Guard::requires([WRITE, READ]).on(&Guard::authenticated().with_scheme("key"));
    assert_eq!(security(get(both)), json!([{ "oauth": ["write", "read"], "key": [] }]));
}

#[test]
fn what_replaces_each_other_stands_in_several() {
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
fn what_everybody_is_denied_is_left_out() {
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
fn guards_stand_beside_the_object_that_they_belong_to() {
    let rule = Rule::Any(vec![
        Rule::All(vec![Rule::Scope(READ), Rule::Atom(Atom::Active)]),
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
        Rule::Atom(Atom::User),
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
fn an_operation_without_documentation_is_documented_by_its_name() {
    let document = written(get(Guard::public()).named("health"), &DocumentInfo::new("t", "1"));
    assert_eq!(
        document["paths"],
        json!({ "/x": { "get": { "operationId": "health", "security": [] } } })
    );
}

#[test]
fn methods_of_one_path_stand_together() {
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

fn flow(authorization: Option<&str>, token: Option<&str>, refresh: Option<&str>) -> Option<OAuthFlow> {
    let mut flow = OAuthFlow::default();
    flow.authorization_url = authorization.map(str::to_owned);
    flow.token_url = token.map(str::to_owned);
    flow.refresh_url = refresh.map(str::to_owned);
    Some(flow)
}

#[test]
fn every_kind_of_scheme_is_written() {
    let mut flows = OAuthFlows::default();
    flows.authorization_code = flow(Some("/authorize"), Some("/token"), Some("/refresh"));
    flows.client_credentials = flow(None, Some("/token"), None);
    flows.implicit = flow(Some("/authorize"), None, None);
    let bearer = HttpScheme::Bearer {
        format: Some("JWT".to_owned()),
    };
    let catalog = Catalog::builder()
        .scheme("oauth", SecurityScheme::OAuth2(flows.into()))
        .description("Log in.")
        .scope(READ, "Read.")
        .scope(WRITE, "Write.")
        .implies(WRITE, READ)
        .scheme(
            "oidc",
            SecurityScheme::OpenIdConnect {
                url: "/.well-known/openid-configuration".to_owned(),
            },
        )
        .scheme("basic", SecurityScheme::http_basic())
        .scheme("bearer", SecurityScheme::Http(bearer))
        .scheme("digest", SecurityScheme::Http(HttpScheme::Digest))
        .scheme("cookie", SecurityScheme::api_key(ApiKeyLocation::Cookie, "session"))
        .scheme("header", SecurityScheme::api_key(ApiKeyLocation::Header, "X-Key"))
        .scheme("query", SecurityScheme::api_key(ApiKeyLocation::Query, "key"))
        .build()
        .unwrap();
    let table = OperationTable::builder(catalog).build().unwrap();
    let document = document(&DocumentInfo::new("t", "1"), &table, &[], &Map::new());
    insta::with_settings!({ sort_maps => true }, {
        insta::assert_json_snapshot!(document["components"]["securitySchemes"], @r#"
        {
          "basic": {
            "scheme": "basic",
            "type": "http"
          },
          "bearer": {
            "bearerFormat": "JWT",
            "scheme": "bearer",
            "type": "http"
          },
          "cookie": {
            "in": "cookie",
            "name": "session",
            "type": "apiKey"
          },
          "digest": {
            "scheme": "digest",
            "type": "http"
          },
          "header": {
            "in": "header",
            "name": "X-Key",
            "type": "apiKey"
          },
          "oauth": {
            "description": "Log in.",
            "flows": {
              "authorizationCode": {
                "authorizationUrl": "/authorize",
                "refreshUrl": "/refresh",
                "scopes": {
                  "read": "Read.",
                  "write": "Write."
                },
                "tokenUrl": "/token"
              },
              "clientCredentials": {
                "scopes": {
                  "read": "Read.",
                  "write": "Write."
                },
                "tokenUrl": "/token"
              },
              "implicit": {
                "authorizationUrl": "/authorize",
                "scopes": {
                  "read": "Read.",
                  "write": "Write."
                }
              }
            },
            "type": "oauth2",
            "x-scopegate-implies": {
              "write": [
                "read"
              ]
            }
          },
          "oidc": {
            "openIdConnectUrl": "/.well-known/openid-configuration",
            "type": "openIdConnect"
          },
          "query": {
            "in": "query",
            "name": "key",
            "type": "apiKey"
          }
        }
        "#);
    });
}
