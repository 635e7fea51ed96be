//! Tolerance: `null` for a list or an object, and merge keys of YAML.

use scopegate_openapi::import::NoteKind;
use scopegate_policy::Access;

use crate::import::documents::{fault, find, kinds, read, shown};

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
    for (text, expected) in [
        (
            "openapi: 3.0.0\npaths: {/a: {$ref: }}\n",
            "`/paths/~1a`: `$ref` must be a text",
        ),
        (
            "openapi: 3.0.0\npaths: {/a: {get: {security: [{o: [null]}]}}}\ncomponents: {securitySchemes: {o: {type: http, scheme: basic}}}\n",
            "`/paths/~1a/get/security/0/o/0`: must be a text",
        ),
    ] {
        assert_eq!(fault(text), expected, "{text}");
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

#[test]
fn null_for_a_scheme_declares_nothing() {
    let imported = read(
        "openapi: 3.1.0\ninfo:\ncomponents: { securitySchemes: { none: , key: { type: apiKey, in: header, name: K } } }\n\
         servers: [{ url: /v1, variables: }]\n\
         paths: { /a: { get: { security: [{ key: [] }] } }, /b: { get: { security: [{ none: [] }] } } }\n",
    );
    assert_eq!(find(&imported, "/a").access(), Access::Authenticated);
    assert_eq!(find(&imported, "/b").access(), Access::Deny);
    let mut pointers = nulls(&imported);
    pointers.sort_unstable();
    assert_eq!(
        pointers,
        ["/components/securitySchemes/none", "/info", "/servers/0/variables"]
    );
}

#[test]
fn merge_keys_may_have_their_tag() {
    let of = |merge: &str| {
        read(&format!(
            "{HEAD}x-a: &a {{ security: [{{ login: [switch] }}] }}\npaths: {{ /a: {{ get: {{ {merge}: *a }} }} }}\n"
        ))
    };
    assert_eq!(shown(find(&of("!!merge <<"), "/a")), "login(switch)");
    assert_eq!(shown(find(&of("!!merge \"<<\""), "/a")), "login(switch)");
    assert_eq!(
        shown(find(&of("\"<<\""), "/a")),
        "login(see)",
        "a quoted name merges nothing"
    );
    let fault = fault(&format!(
        "{HEAD}paths: {{}}\nx-a: {{ <<: {{ a: 1 }}, <<: {{ b: 1 }} }}\n"
    ));
    assert!(fault.contains("write one `<<` with a list"), "{fault}");
}

#[test]
fn a_line_that_is_indented_too_little_is_read_with_a_note() {
    let example = |text: &str| {
        read(&format!(
            "{HEAD}paths:\n  /a:\n    get:\n      x-note:\n        {text}\n      security: [{{ login: [switch] }}]\n  /b:\n    get: {{}}\n"
        ))
    };
    for (text, lines) in [
        (
            "description: \"It's a \\\"text\\\" that\n        goes on: here\n\n      and here\"",
            2,
        ),
        ("description: 'It is\n        a ''text'' # that\n        goes on'", 2),
        ("example: {\n          \"a\": {},\n          \"b\": {}\n        }", 1),
        ("example: [\n          {a: 1},\n          {}\n    ]", 1),
        ("example: [{}\n        , {}\n    ]", 2),
    ] {
        let imported = example(text);
        assert_eq!(shown(find(&imported, "/a")), "login(switch)", "{text}");
        assert_eq!(shown(find(&imported, "/b")), "login(see)", "{text}");
        let notes: Vec<NoteKind> = kinds(&imported);
        assert_eq!(notes, vec![NoteKind::Indentation; lines], "{text}");
        assert!(
            imported.notes().iter().all(|note| note.place().line() > Some(12)),
            "{text}"
        );
    }
    for text in [
        "a: 1\n       b: 2",
        "example: {\n  a: {},\nb: {} }",
        "a: \"not closed\n  b",
    ] {
        let document = format!("{HEAD}paths:\n  /a:\n    get:\n      x-note:\n        {text}\n");
        assert!(!fault(&document).is_empty(), "{text}");
    }
}

#[test]
fn many_lines_that_are_indented_too_little_end_in_an_error() {
    let lines = "  - k: \"a\n    b\"\n".repeat(200);
    let fault = fault(&format!("{HEAD}paths: {{}}\nx-all:\n{lines}"));
    assert!(fault.contains("invalid indentation"), "{fault}");
}

#[test]
fn yaml_that_begins_with_a_brace_is_read() {
    let imported = read("{openapi: 3.1.0, info: {}, # a comment\npaths: {/a: {get: {security: []}}}}\n");
    assert_eq!(find(&imported, "/a").access(), Access::Public);
    let fault = fault("{\"openapi\": \"3.1.0\",\n \"paths\": {\"/a\": {}, \"/a\": {}}}");
    assert!(fault.contains("name `/a` comes twice"), "{fault}");
}

#[test]
fn scheme_of_unknown_type_requires_a_credential() {
    for document in [
        "openapi: 3.1.0\ncomponents: { securitySchemes: { odd: { type: spell } } }\npaths: { /a: { get: { security: [{ odd: [word] }] } } }\n",
        "swagger: '2.0'\nsecurityDefinitions: { odd: { type: http, scheme: bearer } }\npaths: { /a: { get: { security: [{ odd: [word] }] } } }\n",
    ] {
        let imported = read(document);
        assert_eq!(shown(find(&imported, "/a")), "odd(word)");
        assert!(kinds(&imported).contains(&NoteKind::UnsupportedScheme));
    }
}

#[test]
fn an_alias_may_be_a_name_and_a_name_may_have_an_anchor() {
    let text = "openapi: 3.1.0
x-name: &login login
components: { securitySchemes: { *login : { type: http, scheme: bearer } } }
paths:
  &path /a: { get: { security: [{ *login : [see] }], x-path: *path } }
";
    let imported = read(text);
    assert_eq!(shown(find(&imported, "/a")), "login(see)");
    let list = text.replace("&login login", "&login [login]");
    assert!(fault(&list).contains("a name must be a text"), "{}", fault(&list));
}
