//! Tolerance: `null` for a list or an object, and merge keys of YAML.

use scopegate_openapi::import::NoteKind;
use scopegate_policy::Access;

use crate::documents::{fault, find, kinds, read, shown};

const HEAD: &str = r"
openapi: 3.1.0
components:
  securitySchemes:
    login:
      type: oauth2
      flows: { clientCredentials: { tokenUrl: token, scopes: { see: x, switch: y } } }
security: [{ login: [see] }]
";

/// The pointers of the notes on `null`.
fn nulls(imported: &scopegate_openapi::import::Imported) -> Vec<&str> {
    let notes = imported.notes().iter().filter(|note| note.kind() == NoteKind::Null);
    notes.map(|note| note.place().pointer().unwrap()).collect()
}

#[test]
fn null_in_an_operation_reads_as_empty() {
    for (operation, access, pointer) in [
        (
            "get: { security: [{ login: }] }",
            Access::Authenticated,
            "/paths/~1a/get/security/0/login",
        ),
        ("get: { security: [] , description: }", Access::Public, ""),
        ("get: { security: }", Access::Public, "/paths/~1a/get/security"),
        ("get: { security: [null] }", Access::Public, "/paths/~1a/get/security/0"),
        ("get: ", Access::Scoped, "/paths/~1a/get"),
        (
            "get: { operationId: ~, deprecated: ~ }",
            Access::Scoped,
            "/paths/~1a/get/deprecated",
        ),
    ] {
        let imported = read(&format!("{HEAD}paths:\n  /a:\n    {operation}\n"));
        assert_eq!(find(&imported, "/a").access(), access, "{operation}");
        let nulls = nulls(&imported);
        assert_eq!(nulls.first().copied().unwrap_or_default(), pointer, "{operation}");
    }
}

#[test]
fn null_elsewhere_reads_as_empty() {
    for (text, pointers) in [
        ("openapi: 3.0.0\npaths:\n", &["/paths"][..]),
        ("openapi: 3.0.0\npaths: {/a: }\n", &["/paths/~1a"]),
        ("openapi: 3.0.0\npaths: {}\ncomponents:\n", &["/components"]),
        (
            "openapi: 3.0.0\npaths: {}\ncomponents: {securitySchemes: }\n",
            &["/components/securitySchemes"],
        ),
        ("openapi: 3.0.0\npaths: {}\nsecurity:\n", &["/security"]),
        (
            "openapi: 3.0.0\npaths: {}\ncomponents: {securitySchemes: {o: {type: oauth2, flows: }}}\n",
            &["/components/securitySchemes/o/flows"],
        ),
        (
            "openapi: 3.0.0\npaths: {}\ncomponents: {securitySchemes: {o: {type: oauth2, flows: {password: {scopes: }}}}}\n",
            &["/components/securitySchemes/o/flows/password/scopes"],
        ),
        (
            "openapi: 3.0.0\npaths: {}\ncomponents: {securitySchemes: {o: {type: oauth2, flows: {password: }}}}\n",
            &["/components/securitySchemes/o/flows/password"],
        ),
        (
            "swagger: '2.0'\npaths: {}\nsecurityDefinitions:\n",
            &["/securityDefinitions"],
        ),
        (
            r#"{ "discoveryVersion": "v1", "auth": null, "resources": null, "methods": { "m": { "httpMethod": "GET", "path": "p", "scopes": null } } }"#,
            &["/auth", "/methods/m/scopes", "/resources"],
        ),
        (
            r#"{ "discoveryVersion": "v1", "auth": { "oauth2": { "scopes": null } }, "methods": null }"#,
            &["/auth/oauth2/scopes", "/methods"],
        ),
        (
            r#"{ "permissions": { "A": { "schemes": null, "pathSets": null } } }"#,
            &["/permissions/A/schemes", "/permissions/A/pathSets"],
        ),
    ] {
        let imported = read(text);
        assert_eq!(nulls(&imported), pointers, "{text}");
    }
}

#[test]
fn null_where_something_else_belongs_is_a_fault() {
    for text in [
        "openapi: 3.0.0\npaths: {}\ncomponents: {securitySchemes: {o: }}\n",
        "openapi: 3.0.0\npaths: {/a: {$ref: }}\n",
        "openapi: 3.0.0\npaths: {/a: {get: {security: [{o: [null]}]}}}\ncomponents: {securitySchemes: {o: {type: http, scheme: basic}}}\n",
    ] {
        let _ = fault(text);
    }
}

#[test]
fn merge_of_one_object_adds_its_members() {
    let imported = read(&format!(
        "{HEAD}x-all: &all {{ security: [{{ login: [switch] }}], tags: [a] }}\npaths:\n  /a: {{ get: {{ <<: *all, summary: x }} }}\n"
    ));
    assert_eq!(shown(find(&imported, "/a")), "login(switch)");
    assert_eq!(kinds(&imported), []);
}

#[test]
fn merge_lets_own_names_win() {
    for operation in [
        "{ <<: *all, security: [] }",
        "{ security: [], <<: *all }",
        "{ <<: [*all], security: [] }",
        "{ <<: { security: [{ login: [see] }] }, security: [] }",
    ] {
        let imported = read(&format!(
            "{HEAD}x-all: &all {{ security: [{{ login: [switch] }}] }}\npaths:\n  /a: {{ get: {operation} }}\n"
        ));
        assert_eq!(find(&imported, "/a").access(), Access::Public, "{operation}");
    }
}

#[test]
fn merge_of_a_list_lets_earlier_objects_win() {
    for operation in [
        "{ <<: [*one, *two] }",
        "{ <<: *both }",
        "{ <<: [{ security: [{ login: [switch] }] }, *two] }",
        "\n        <<:\n          - *one\n          - *two",
    ] {
        let imported = read(&format!(
            "{HEAD}x-one: &one {{ security: [{{ login: [switch] }}] }}\nx-two: &two {{ security: [] }}\nx-both: &both [*one, *two]\npaths:\n  /a:\n    get: {operation}\n"
        ));
        assert_eq!(shown(find(&imported, "/a")), "login(switch)", "{operation}");
    }
}

#[test]
fn merge_is_read_at_any_depth() {
    let imported = read(&format!(
        "{HEAD}x-inner: &inner {{ security: [{{ login: [switch] }}] }}\nx-outer: &outer {{ <<: *inner, summary: x }}\nx-item: &item {{ get: {{ <<: *outer }} }}\nx-paths: &paths {{ /a: {{ <<: *item }} }}\npaths: {{ <<: *paths, /b: {{ get: {{}} }} }}\n"
    ));
    assert_eq!(shown(find(&imported, "/a")), "login(switch)");
    assert_eq!(shown(find(&imported, "/b")), "login(see)");
}

#[test]
fn merge_in_schemes_and_requirements_is_read() {
    let imported = read(
        "openapi: 3.1.0\nx-flow: &flow {tokenUrl: t, scopes: {a: x}}\nx-way: &way {o: [a]}\ncomponents: {securitySchemes: {o: {type: oauth2, flows: {password: {<<: *flow}}}}}\npaths: {/a: {get: {security: [{<<: *way}]}}}\n",
    );
    assert_eq!(shown(find(&imported, "/a")), "o(a)");
    assert_eq!(kinds(&imported), []);
}

#[test]
fn merge_key_in_quotes_is_an_ordinary_name() {
    for (text, name) in [
        (
            "openapi: 3.1.0\nx-all: &all {get: {}}\npaths: {/a: {\"<<\": *all}}\n",
            "/paths/~1a/<<",
        ),
        (
            "openapi: 3.1.0\nx-all: &all {get: {}}\npaths: {/a: {'<<': *all}}\n",
            "/paths/~1a/<<",
        ),
        (
            "openapi: 3.1.0\nx-all: &all {get: {}}\npaths: {/a: {!!str <<: *all}}\n",
            "/paths/~1a/<<",
        ),
        (
            r#"{ "openapi": "3.1.0", "paths": { "/a": { "<<": { "get": {} } } } }"#,
            "/paths/~1a/<<",
        ),
    ] {
        let said = fault(text);
        assert!(said.contains(name) && said.contains("neither a method"), "{said}");
    }
}
