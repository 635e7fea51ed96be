//! Documents that a gate can enforce, and those that it cannot.

use scopegate_openapi::import::{self, EnforceOptions, NotEnforceable};
use scopegate_policy::{Access, OperationTable, ResolvedOperation, TableError};

/// An OpenAPI document in YAML with this part, and schemes.
fn document(rest: &str) -> String {
    format!(
        r#"
openapi: 3.1.0
info: {{ title: Items, version: "1" }}
components:
  securitySchemes:
    oauth: {{ type: oauth2, flows: {{ password: {{ tokenUrl: token, scopes: {{ items: Read items. }} }} }} }}
    key: {{ type: apiKey, in: header, name: X-Key }}
{rest}
"#
    )
}

fn enforceable(text: &str, options: &EnforceOptions) -> Result<OperationTable, NotEnforceable> {
    import::read(text.as_bytes()).unwrap().enforceable(options)
}

fn fault(rest: &str) -> String {
    enforceable(&document(rest), &EnforceOptions::new())
        .unwrap_err()
        .to_string()
}

fn templates(rest: &str, options: &EnforceOptions) -> Vec<String> {
    let table = enforceable(&document(rest), options).unwrap();
    let operations = table.operations().iter();
    operations.map(|operation| operation.template().to_owned()).collect()
}

#[test]
fn part_that_the_table_lost_is_refused() {
    for (rest, says) in [
        (
            "paths: { /x: { get: { security: [{ oauth: [items] }, { lost: [] }] } } }",
            "`/paths/~1x/get/security/1/lost`: scheme `lost` is not declared, so nothing satisfies this alternative (a \
             gate cannot enforce this part, so repair the document)",
        ),
        (
            "paths: { /x: { get: { security: [{ oauth: [\"a b\"] }] } } }",
            "`/paths/~1x/get/security/0/oauth/0`",
        ),
        (
            "paths: { /x: { get: { security: [{ oauth: [items] }], x-scopegate-guards: [[\"age<minute\"]] } } }",
            "`age<minute` is not a guard",
        ),
        (
            "paths: { /x: { get: { security: [{ oauth: [items] }], x-scopegate-guard: [[user]] } } }",
            "x-scopegate-guard",
        ),
        (
            "security: [{ oauth: [items] }]\npaths: { /x: { get: { security: null } } }",
            "`null` is read as",
        ),
        (
            "security: [{ oauth: [items] }]\npaths: { /x: { get: } }",
            "`null` is read as",
        ),
        (
            "x-scopegate-checks: { seal: nothing }\npaths: { /x: { get: { security: [{}, { oauth: [] }, { key: [] }], \
             x-scopegate-guards: [[\"check:seal\"], [\"check:seal\"], []] } } }",
            "requests without a credential require other checks",
        ),
    ] {
        let fault = enforceable(&document(rest), &EnforceOptions::new()).unwrap_err();
        assert!(matches!(fault, NotEnforceable::Part { .. }), "{rest}: {fault}");
        assert!(fault.to_string().contains(says), "{rest}: {fault}");
    }
}

#[test]
fn what_is_only_reported_is_enforceable() {
    let table = enforceable(
        &document(
            "webhooks: { called: { post: {} } }\n\
             paths:\n  x: { get: { deprecated: true, callbacks: {}, security: [{ oauth: [undeclared] }] } }\n",
        ),
        &EnforceOptions::new(),
    );
    assert_eq!(table.unwrap().operations()[0].to_string(), "GET /x");
}

#[test]
fn operation_without_security_is_public_by_option_alone() {
    let rest = "paths: { /open: { get: { security: [] } }, /x: { get: {} } }";
    assert_eq!(
        fault(rest),
        "`GET /x` has no `security`, and the document has none for all operations; write `security: []` for a public \
         operation"
    );
    let table = enforceable(&document(rest), &EnforceOptions::new().absent_security_is_public()).unwrap();
    assert!(
        table
            .operations()
            .iter()
            .all(|operation| operation.access() == Access::Public)
    );
    let inherited = format!("security: [{{ oauth: [items] }}]\n{rest}");
    let table = enforceable(&document(&inherited), &EnforceOptions::new()).unwrap();
    let access: Vec<_> = table.operations().iter().map(ResolvedOperation::access).collect();
    assert_eq!(access, [Access::Public, Access::Scoped]);
}

#[test]
fn path_of_the_servers_precedes_each_template() {
    let paths = "paths: { '/x/{id}': { get: { security: [] } } }";
    let below = |servers: &str| templates(&format!("servers: {servers}\n{paths}"), &EnforceOptions::new());
    for (servers, template) in [
        ("[]", "/x/{id}"),
        ("[{ url: / }]", "/x/{id}"),
        ("[{ url: \"https://api.example\" }]", "/x/{id}"),
        ("[{ url: \"https://api.example/v1/\" }, { url: /v1 }]", "/v1/x/{id}"),
        (
            "[{ url: \"https://{place}.example/{base}\", variables: { base: { default: v1, enum: [v1] } } }]",
            "/v1/x/{id}",
        ),
    ] {
        assert_eq!(below(servers), [template], "{servers}");
    }
    assert_eq!(templates(paths, &EnforceOptions::new()), ["/x/{id}"]);
}

#[test]
fn servers_with_different_paths_need_a_base_path() {
    let paths = "paths: { /x: { get: { security: [] } } }";
    for (rest, cause) in [
        (
            format!("servers: [{{ url: /v1 }}, {{ url: \"https://api.example/v2\" }}]\n{paths}"),
            "`GET /x` has a server below `/v2/`, and another is below `/v1/`",
        ),
        (
            format!("servers: [{{ url: \"/{{version}}\", variables: {{ version: {{ default: v1 }} }} }}]\n{paths}"),
            "`GET /x` has a server whose path has a variable",
        ),
        (
            "paths: { /x: { get: { security: [] } }, /y: { servers: [{ url: /files }], get: { security: [] } } }"
                .to_owned(),
            "`GET /y` has a server below `/files/`, and another is below `/`",
        ),
        (
            format!("servers: [{{ url: /v1 }}, {{}}]\n{paths}"),
            "the server has no `url`",
        ),
    ] {
        let fault = fault(&rest);
        assert!(fault.contains(cause), "{fault}");
        for (path, template) in [("/v3", "/v3/x"), ("/v3/", "/v3/x"), ("", "/x"), ("/", "/x")] {
            assert_eq!(templates(&rest, &EnforceOptions::new().base_path(path))[0], template);
        }
    }
    let fault = enforceable(&document(paths), &EnforceOptions::new().base_path("v1")).unwrap_err();
    assert!(
        matches!(fault, NotEnforceable::Table(TableError::Prefix { .. })),
        "{fault}"
    );
}

#[test]
fn templates_of_the_same_paths_are_refused() {
    let fault = fault("paths: { '/x/{a}': { get: { security: [] } }, '/x/{b}': { get: { security: [] } } }");
    assert_eq!(fault, "`GET /x/{b}` is declared twice");
}

#[test]
fn policy_file_keeps_groups_guards_and_overrides() {
    let text = r#"
requires = "items"
[schemes.oauth]
kind = "oauth2"
password = { token = "token" }
[schemes.oauth.scopes]
items = "Read items."
admin = "Administer."
[checks]
owner = "nothing"
[[operations]]
method = "GET"
path = "/health"
public = true
override = true
[[operations]]
method = "GET"
path = "/notes"
requires = "check:owner"
[[groups]]
prefix = "/admin"
requires = "admin"
[[groups.operations]]
method = "DELETE"
path = "/users/{id}"
requires = "authenticated"
"#;
    let options = EnforceOptions::new().base_path("/v1");
    let (read, table) = (
        import::read(text.as_bytes()).unwrap(),
        enforceable(text, &options).unwrap(),
    );
    assert_eq!(table.operations().len(), 3);
    for (before, after) in read.table().operations().iter().zip(table.operations()) {
        assert_eq!(
            format!("{} /v1{}", before.method(), before.template()),
            after.to_string()
        );
        assert_eq!((before.access(), before.security()), (after.access(), after.security()));
        assert_eq!(before.is_override(), after.is_override());
    }
    assert_eq!(table.operations()[2].challenge_scope().len(), 2);
}
