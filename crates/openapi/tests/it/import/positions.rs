//! References to an object of another type, and members next to a reference.

use crate::import::documents::{find, shown};
use crate::import::references::{Files, with_paths};

#[test]
fn a_reference_to_another_kind_of_object_is_a_fault() {
    let operation = "{ security: [{ login: [see] }], responses: {} }";
    let path_item = format!("{{ get: {operation} }}");
    let document = format!("{{ openapi: 3.1.0, security: [], paths: {{ /a: {path_item} }} }}");
    let schema = "{ type: object, description: x, properties: {} }";
    let wrapped = format!("{{ list: {operation} }}");
    let not_operation = "reference `other.yaml` leads to an object that is not an operation";
    let not_path_item = "reference `other.yaml` leads to an object that is not a path item";
    let not_field = "`other.yaml#/paths`: `paths` is neither a method nor a field of a path item";
    let is_operation = "`other.yaml#/get`: must be a path item and is an operation";
    let rows: [(&str, &[(&str, &str)]); 3] = [
        (
            "/a: { get: { $ref: other.yaml } }",
            &[
                (&path_item, not_operation),
                (&document, not_operation),
                (schema, not_operation),
                (&wrapped, not_operation),
            ],
        ),
        (
            "/a: { $ref: other.yaml }",
            &[
                (operation, not_path_item),
                (&document, not_field),
                (schema, not_path_item),
                ("{ summary: x, security: [] }", not_path_item),
            ],
        ),
        (
            "$ref: other.yaml",
            &[
                (&document, "`other.yaml#/openapi`: must be an object"),
                (&path_item, is_operation),
                ("{ get: { security: [] } }", is_operation),
            ],
        ),
    ];
    for (paths, others) in rows {
        for (other, expected) in others {
            for version in ["3.0.4", "3.1.1", "3.2.0"] {
                let text = with_paths(&format!("  {paths}")).replace("3.1.0", version);
                let fault = Files::new(&[("api.yaml", &text), ("other.yaml", other)]).fault();
                assert!(fault.contains(expected), "{paths} {other}: {fault}");
            }
        }
    }
    for other in [
        "{}",
        "{ summary: x }",
        "{ x-a: 1 }",
        "{ tags: [a], unknown: 1, responses: {} }",
    ] {
        let text = with_paths("  /a: { get: { $ref: other.yaml } }");
        let imported = Files::new(&[("api.yaml", &text), ("other.yaml", other)]).imported();
        assert_eq!(shown(find(&imported, "/a")), "login(see)", "{other}");
    }
}

#[test]
fn a_reference_in_a_scheme_to_another_kind_of_object_is_a_fault() {
    let rows = [
        (
            "components: { $ref: other.yaml }",
            "{ login: { type: http, scheme: basic } }",
        ),
        (
            "components: { $ref: other.yaml }",
            "{ components: { securitySchemes: {} } }",
        ),
        (
            "components: { securitySchemes: { a: { type: oauth2, flows: { password: { $ref: other.yaml } } } } }",
            "{ password: { tokenUrl: t, scopes: {} } }",
        ),
        (
            "components: { securitySchemes: { a: { type: oauth2, flows: { password: { scopes: { $ref: other.yaml } } } } } }",
            "{ scopes: { see: x } }",
        ),
    ];
    for (components, other) in rows {
        let text = format!("openapi: 3.1.0\n{components}\npaths: {{}}\n");
        let fault = Files::new(&[("api.yaml", &text), ("other.yaml", other)]).fault();
        assert!(fault.contains("`other.yaml`") && fault.contains("correct"), "{fault}");
    }
}

#[test]
fn a_reference_loses_nothing_that_is_next_to_it() {
    let other = "{ securitySchemes: { a: { type: http, scheme: basic } }, /b: { get: {} }, a: [] }";
    for (text, remedy) in [
        ("paths: { $ref: other.yaml, /a: { get: {} } }", "move it"),
        (
            "paths: {}\ncomponents: { $ref: other.yaml, securitySchemes: {} }",
            "move it",
        ),
        (
            "paths: {}\ncomponents: { securitySchemes: { $ref: 'other.yaml#/securitySchemes', b: {} } }",
            "move it",
        ),
        ("paths: {}\nsecurity: [{ $ref: other.yaml, b: [] }]", "move it"),
        (
            "paths: { /a: { get: { $ref: other.yaml, servers: [] } } }",
            "remove one of `$ref` and `servers`",
        ),
        (
            "paths: { /a: { get: { $ref: other.yaml, x-scopegate-guards: [] } } }",
            "remove one of `$ref` and `x-scopegate-guards`",
        ),
    ] {
        let fault = Files::new(&[
            ("api.yaml", &format!("openapi: 3.1.0\n{text}\n")),
            ("other.yaml", other),
        ])
        .fault();
        assert!(fault.contains("`$ref`") && fault.contains(remedy), "{text}: {fault}");
    }
    let text = "openapi: 3.1.0\npaths: { /a: { get: { security: [{ a: [] }] } } }\ncomponents:\n  securitySchemes:\n    \
                a: { $ref: 'other.yaml#/securitySchemes/a', description: x, type: apiKey }\n";
    let imported = Files::new(&[("api.yaml", text), ("other.yaml", other)]).imported();
    let [note] = imported.notes() else {
        panic!("{:?}", imported.notes())
    };
    assert_eq!(
        note.to_string(),
        "`/components/securitySchemes/a`: `type` next to `$ref` is ignored"
    );
}

#[test]
fn a_reference_removes_dots_before_a_file_is_opened() {
    for reference in ["nothing/../b/a.yaml", "./c/./../b/a.yaml", "b/%2E%2E/b/a.yaml"] {
        let text = with_paths(&format!("  /a: {{ $ref: '{reference}' }}"));
        let imported = Files::new(&[("api.yaml", &text), ("b/a.yaml", "get: {}")]).imported();
        assert_eq!(imported.table().operations().len(), 1, "{reference}");
    }
}

#[test]
fn yaml_may_begin_as_json_in_a_file_named_so() {
    for text in [
        "{\"openapi\": \"3.1.0\", info: {}, paths: {/a: {get: {security: []}}}}",
        "{\"openapi\": \"3.1.0\", # a comment\n \"paths\": {\"/a\": {\"get\": {\"security\": []}}}}",
        "{\"openapi\": \"3.1.0\", \"paths\": {\"/a\": {\"get\": {\"security\": [],},},},}",
    ] {
        for name in ["api.yaml", "api.YML"] {
            assert_eq!(
                Files::new(&[(name, text)]).imported().table().operations().len(),
                1,
                "{text}"
            );
        }
        let fault = Files::new(&[("api.json", text)]).fault();
        assert!(fault.contains("line "), "{fault}");
    }
    let fault = Files::new(&[(
        "api.yaml",
        "{\"openapi\": \"3.1.0\", \"paths\": {\"/a\": {}, \"/a\": {}}}",
    )])
    .fault();
    assert!(fault.contains("name `/a` comes twice"), "{fault}");
}
