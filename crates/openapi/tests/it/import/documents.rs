//! The meaning of documents: security of documents and operations, references, and what cannot be
//! expressed.

use scopegate_openapi::import::{self, Format, Imported, NoteKind};
use scopegate_policy::{Access, Method, ResolvedOperation};

pub(super) fn read(text: &str) -> Imported {
    import::read(text.as_bytes()).unwrap_or_else(|fault| panic!("{fault}\n{text}"))
}

pub(super) fn fault(text: &str) -> String {
    import::read(text.as_bytes()).unwrap_err().to_string()
}

pub(super) fn kinds(imported: &Imported) -> Vec<NoteKind> {
    imported.notes().iter().map(import::ImportNote::kind).collect()
}

pub(super) fn find<'i>(imported: &'i Imported, template: &str) -> &'i ResolvedOperation {
    imported.table().find(Method::Get, template).unwrap()
}

/// `"a b & key | -"`: alternatives by `|`, schemes and guards by `&`.
pub(super) fn shown(operation: &ResolvedOperation) -> String {
    let way = |way: &scopegate_policy::Alternative| {
        let schemes = way.schemes().iter().map(|(name, tokens)| {
            let tokens: Vec<&str> = tokens.iter().map(AsRef::as_ref).collect();
            format!("{name}({})", tokens.join(" "))
        });
        let guards = way.guards().iter().map(ToString::to_string);
        schemes.chain(guards).collect::<Vec<_>>().join(" & ")
    };
    let mut ways: Vec<String> = operation.alternatives().iter().map(way).collect();
    ways.sort();
    ways.join(" | ")
}

const YAML: &str = r"
openapi: 3.0.3
info: { title: Items, version: 1.2 }
components:
  securitySchemes:
    oauth:
      type: oauth2
      flows:
        clientCredentials: { tokenUrl: token, scopes: { a: A, b: B, no: 'Not a boolean' } }
    key: { type: apiKey, in: header, name: X-Key }
    alias: { $ref: '#/components/securitySchemes/key' }
  pathItems:
    shared: { get: { security: [{ key: [] }] } }
security: [{ oauth: [a] }]
paths:
  /inherits: { get: {} }
  /replaces: { get: { security: [{ oauth: [a, b], key: [] }, { alias: [] }] } }
  /public: { get: { security: [] } }
  /empty: { get: { security: [{}] } }
  /optional: { get: { security: [{}, { oauth: [no] }] } }
  /shared: { $ref: '#/components/pathItems/shared' }
  /undefined: { get: { security: [{ nobody: [] }] } }
  /both: { get: { security: [{ nobody: [], key: [] }, { key: [] }] } }
  /undeclared: { get: { security: [{ oauth: [c] }] } }
  /scoped-key: { get: { security: [{ key: [admin] }] } }
  /odd: { query: {}, note: text }
";

#[test]
fn security_of_documents_and_operations() {
    let imported = read(YAML);
    assert_eq!(imported.format(), Format::OpenApi30);
    assert_eq!((imported.title(), imported.version()), (Some("Items"), Some("1.2")));
    for (path, expected) in [
        ("/inherits", "oauth(a)"),
        ("/replaces", "alias() | oauth(a b) & key()"),
        ("/optional", "oauth(no)"),
        ("/shared", "key()"),
        ("/undefined", ""),
        ("/both", "key()"),
        ("/undeclared", "oauth(c)"),
        ("/scoped-key", "key(admin)"),
    ] {
        assert_eq!(shown(find(&imported, path)), expected, "{path}");
    }
    assert_eq!(find(&imported, "/undefined").access(), Access::Deny);
    assert_eq!(find(&imported, "/public").access(), Access::Public);
    assert_eq!(find(&imported, "/empty").access(), Access::Public);
    assert!(find(&imported, "/optional").is_optional());
    assert_eq!(
        kinds(&imported),
        [
            NoteKind::UndefinedScheme,
            NoteKind::UndefinedScheme,
            NoteKind::UndeclaredScope,
            NoteKind::ScopeOnSchemeWithout,
            NoteKind::UnknownMethod,
        ]
    );
    assert_eq!(
        imported.notes()[2].place().to_string(),
        "`/paths/~1undeclared/get/security/0/oauth/0`"
    );
}

#[test]
fn inexpressible_parts_are_noted_and_never_open() {
    let imported = read(
        r#"{ "openapi": "3.1.0", "info": { "title": "t", "version": "1" },
        "components": { "securitySchemes": {
            "cert": { "type": "mutualTLS" }, "odd": { "type": "http", "scheme": "Negotiate" },
            "basic": { "type": "http", "scheme": "Basic" }, "new": { "type": "spell" },
            "oauth": { "type": "oauth2", "flows": { "implicit": { "scopes": { "a": "" } }, "password": { "scopes": {} } } } } },
        "webhooks": { "paid": {} },
        "paths": { "/": { "get": { "deprecated": true, "callbacks": {}, "security": [
            { "cert": [] }, { "odd": [] }, { "basic": ["admin"] }, { "new": [] }, { "oauth": ["a b"] } ] } },
          "/checked": { "get": { "security": [{ "oauth": ["a"] }, { "basic": [] }, {}],
            "x-scopegate-guards": [["check:signature"], [], ["check:signature"]] } },
          "/unknown": { "get": { "security": [{ "oauth": ["a"] }], "x-scopegate-guards": [["moon=full"]] } } },
        "x-scopegate-checks": { "signature": "nothing" } }"#,
    );
    assert_eq!(shown(find(&imported, "/")), "basic(admin) | cert() | new() | odd()");
    // Without a credential the signature would be required. An operation with optional
    // authentication would not require it.
    assert!(!find(&imported, "/checked").is_optional());
    assert_eq!(find(&imported, "/unknown").access(), Access::Deny);
    let mut kinds = kinds(&imported);
    kinds.sort();
    assert_eq!(
        kinds,
        [
            NoteKind::Callbacks,
            NoteKind::Deprecated,
            NoteKind::FlowsDiffer,
            NoteKind::InvalidScope,
            NoteKind::MutualTls,
            NoteKind::OptionalLost,
            NoteKind::UnknownGuard,
            NoteKind::UnsupportedScheme,
            NoteKind::UnsupportedScheme,
            NoteKind::Webhooks,
        ]
    );
}

#[test]
fn swagger_and_discovery() {
    let swagger = read(
        r#"{ "swagger": "2.0", "info": { "title": "t", "version": "1" }, "securityDefinitions": {
            "oauth": { "type": "oauth2", "flow": "accessCode", "authorizationUrl": "a", "tokenUrl": "t", "scopes": { "r": "" } },
            "basic": { "type": "basic" } },
          "security": [{ "basic": [] }], "paths": { "/": { "get": { "security": [{ "oauth": ["r"] }] }, "post": {} } } }"#,
    );
    assert_eq!(shown(find(&swagger, "/")), "oauth(r)");
    let discovery = read(
        r#"{ "discoveryVersion": "v1", "title": "Things", "version": "v1", "servicePath": "things/", "parameters": { "key": {} },
          "auth": { "oauth2": { "scopes": { "https://x/a": {}, "https://x/b": {} } } },
          "methods": { "open": { "httpMethod": "GET", "path": "open" } },
          "resources": { "one": { "resources": { "two": { "methods": {
            "get": { "httpMethod": "GET", "path": "v1/{+name}", "flatPath": "v1/one/{id}", "scopes": ["https://x/a", "https://x/b"] },
            "rest": { "httpMethod": "GET", "path": "v2/{+name}", "scopes": ["https://x/a"] } } } } } } }"#,
    );
    assert_eq!(
        shown(find(&discovery, "/things/v1/one/{id}")),
        "Oauth2(https://x/a) | Oauth2(https://x/b)"
    );
    assert_eq!(shown(find(&discovery, "/things/v2/{*name}")), "Oauth2(https://x/a)");
    assert_eq!(find(&discovery, "/things/open").access(), Access::Public);
    assert_eq!(kinds(&discovery), [NoteKind::NoScopes]);
}

#[test]
fn permissions_of_graph() {
    let graph = read(
        r#"{ "permissions": {
          "A": { "schemes": { "DelegatedWork": { "adminDisplayName": "Do A" }, "Application": {} }, "pathSets": [
            { "schemeKeys": ["DelegatedWork", "Application"], "methods": ["GET"],
              "paths": { "/x": "least=Application", "/y": "AlsoRequires=B,C" } } ] },
          "B": { "schemes": { "DelegatedWork": {}, "Application": {} }, "pathSets": [
            { "schemeKeys": ["DelegatedWork"], "methods": ["GET"], "paths": { "/x": "" } } ] },
          "C": { "schemes": { "DelegatedWork": {} }, "pathSets": [] } } }"#,
    );
    assert_eq!(
        shown(find(&graph, "/x")),
        "Application(A) | DelegatedWork(A) | DelegatedWork(B)"
    );
    assert_eq!(
        shown(find(&graph, "/y")),
        "Application(A B) | Application(A C) | DelegatedWork(A B) | DelegatedWork(A C)"
    );
    let [least] = graph.least_marks() else { panic!() };
    assert_eq!(
        (least.template(), least.scope().as_str(), least.scheme().as_str()),
        ("/x", "A", "Application")
    );
    assert_eq!(import::counts(&graph).triples(), 4);
    assert_eq!(kinds(&graph), [NoteKind::UndeclaredScope]);
}

#[test]
fn faults_say_where() {
    let head = r#"{ "openapi": "3.1.0", "paths": "#;
    for (text, expected) in [
        (format!("{head}[] }}"), "`/paths`: must be an object"),
        (format!("{head}{{ \"/a~b\": {{ \"get\": {{ \"security\": {{}} }} }} }} }}"), "`/paths/~1a~0b/get/security`: must be a list"),
        (format!("{head}{{}},\n \"x\": tru }}"), "line 2, column 10: expected ident"),
        (format!("{head}{{}},\n \"paths\": {{}} }}"), "line 2, column 8: name `paths` comes twice"),
        (
            format!("{head}{{}},\n \"components\": {{ \"schemas\": {{ \"S\": {{ \"a\": 1, \"a\": 2 }} }} }} }}"),
            "line 2, column 48: name `a` comes twice",
        ),
        ("openapi: 3.0.0\npaths:\n  /a: {}\n  /a: {}\n".to_owned(), "line 4, column 3: name `/a` comes twice"),
        ("openapi: 3.0.0\npaths: [\n".to_owned(), "line 3, column 1: while parsing a node, did not find expected node content"),
        ("openapi: 3.0.0\n---\nopenapi: 3.0.0\n".to_owned(), "line 3, column 1: a second document begins here"),
        ("openapi: 3.0.0\npaths:\n  /a: &a\n    <<: *a\n".to_owned(), "line 4, column 9: an alias refers to a value that contains it"),
        ("openapi: 3.0.0\npaths:\n  /a:\n    <<: text\n".to_owned(), "line 4, column 9: `<<` merges an object, or a list of objects"),
        ("openapi: 4.0.0\n".to_owned(), "OpenAPI of version `4.0.0` is not known"),
        ("{}".to_owned(), "the document is none of OpenAPI (`openapi`), Swagger (`swagger`), Google discovery (`discoveryVersion`), Microsoft Graph permissions (`permissions`) and Scopegate's TOML"),
        (
            r##"{ "openapi": "3.0.0", "paths": { "/a": { "$ref": "#/paths/~1b" }, "/b": { "$ref": "#/paths/~1a" } } }"##.to_owned(),
            "`/paths/~1b`: reference `#/paths/~1a` leads in a circle; remove one of the references in it",
        ),
    ] {
        assert_eq!(fault(&text), expected, "{text}");
    }
    assert_eq!(
        import::read(b"\xff").unwrap_err().to_string(),
        "byte 0 is not UTF-8; save the document as UTF-8"
    );
}
