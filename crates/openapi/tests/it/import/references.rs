//! References: which are followed, and which are refused.

use std::fs;
use std::path::PathBuf;

use scopegate_openapi::import::{self, FileRefusal, ImportError, ImportLimit, Imported, ReadOptions};
use scopegate_policy::Access;
use tempfile::TempDir;

use crate::import::documents::{find, read, shown};

/// A folder of files; the first is the document.
pub(crate) struct Files {
    dir: TempDir,
    document: PathBuf,
}

impl Files {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let dir = TempDir::new().unwrap();
        let document = dir.path().join(files[0].0);
        let files_of = Self { dir, document };
        for (name, text) in files {
            files_of.add(name, text);
        }
        files_of
    }

    fn add(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn read(&self) -> Result<Imported, ImportError> {
        import::read_file(&self.document, &ReadOptions::new())
    }

    pub(crate) fn imported(&self) -> Imported {
        self.read().unwrap_or_else(|fault| panic!("{fault}"))
    }

    pub(crate) fn fault(&self) -> String {
        self.read().unwrap_err().to_string()
    }
}

const SCHEMES: &str = r"
components:
  securitySchemes:
    login: { type: oauth2, flows: { clientCredentials: { tokenUrl: t, scopes: { see: x, switch: y } } } }
security: [{ login: [see] }]
";

/// A document of version 3.1 with both scopes, and these paths.
pub(crate) fn with_paths(paths: &str) -> String {
    format!("openapi: 3.1.0\n{SCHEMES}paths:\n{paths}\n")
}

#[test]
fn a_reference_in_each_position_is_followed() {
    let switch = "[{ login: [switch] }]";
    let positions: [(&str, String, &str, String); 8] = [
        (
            "an operation",
            with_paths("  /a: { get: { $ref: x.yaml } }"),
            "x.yaml",
            format!("security: {switch}"),
        ),
        (
            "a part of a file",
            with_paths("  /a: { get: { $ref: 'x.yaml#/some/get' } }"),
            "x.yaml",
            format!("some: {{ get: {{ security: {switch} }} }}"),
        ),
        (
            "a path item",
            with_paths("  /a: { $ref: x.json }"),
            "x.json",
            r#"{ "get": { "security": [{ "login": ["switch"] }] } }"#.to_owned(),
        ),
        (
            "paths",
            format!("openapi: 3.0.0\n{SCHEMES}paths: {{ $ref: x.yaml }}"),
            "x.yaml",
            format!("/a: {{ get: {{ security: {switch} }} }}"),
        ),
        (
            "security",
            with_paths("  /a: { get: { security: { $ref: 'x.yaml#/all' } } }"),
            "x.yaml",
            format!("all: {switch}"),
        ),
        (
            "a list",
            with_paths("  /a: { get: { security: { $ref: x.yaml } } }"),
            "x.yaml",
            switch.to_owned(),
        ),
        (
            "a requirement",
            with_paths("  /a: { get: { security: [{ $ref: 'x.yaml#/way' }] } }"),
            "x.yaml",
            "way: { login: [switch] }".to_owned(),
        ),
        (
            "scopes of a requirement",
            with_paths("  /a: { get: { security: [{ login: { $ref: 'x.yaml#/0' } }] } }"),
            "x.yaml",
            "[[switch]]".to_owned(),
        ),
    ];
    for (what, document, name, file) in positions {
        let imported = Files::new(&[("api.yaml", &document), (name, &file)]).imported();
        assert_eq!(shown(find(&imported, "/a")), "login(switch)", "{what}");
        assert_eq!(imported.notes(), [], "{what}");
    }
}

#[test]
fn a_reference_in_a_scheme_is_followed() {
    let document = |components: &str| {
        format!(
            "openapi: 3.0.3\ncomponents: {components}\npaths: {{ /a: {{ get: {{ security: [{{ login: [see] }}] }} }} }}\n"
        )
    };
    let scheme = "{ type: oauth2, flows: { password: { tokenUrl: t, scopes: { see: x } } } }";
    for (what, components, file) in [
        (
            "a scheme",
            "{ securitySchemes: { login: { $ref: x.yaml } } }",
            scheme.to_owned(),
        ),
        (
            "a scheme by a pointer",
            "{ securitySchemes: { login: { $ref: 'x.yaml#/components/securitySchemes/a' } } }",
            format!("components: {{ securitySchemes: {{ a: {scheme} }}, schemas: {{ A: {{}} }} }}"),
        ),
        (
            "a scheme named like something else",
            "{ securitySchemes: { login: { $ref: 'x.yaml#/parameters/headers' } } }",
            format!("parameters: {{ headers: {scheme} }}"),
        ),
        (
            "schemes",
            "{ securitySchemes: { $ref: x.yaml } }",
            format!("login: {scheme}"),
        ),
        (
            "components",
            "{ $ref: 'x.yaml#/components' }",
            format!("components: {{ securitySchemes: {{ login: {scheme} }} }}"),
        ),
        (
            "flows",
            "{ securitySchemes: { login: { type: oauth2, flows: { $ref: 'x.yaml#/f' } } } }",
            "f: { password: { scopes: { see: x } } }".to_owned(),
        ),
        (
            "a flow",
            "{ securitySchemes: { login: { type: oauth2, flows: { password: { $ref: 'x.yaml#/f' } } } } }",
            "f: { scopes: { see: x } }".to_owned(),
        ),
        (
            "scopes",
            "{ securitySchemes: { login: { type: oauth2, flows: { password: { scopes: { $ref: 'x.yaml#/s' } } } } } }",
            "s: { see: x }".to_owned(),
        ),
    ] {
        let imported = Files::new(&[("api.yaml", &document(components)), ("x.yaml", &file)]).imported();
        assert_eq!(shown(find(&imported, "/a")), "login(see)", "{what}");
        assert_eq!(imported.notes(), [], "{what}");
    }
    let swagger = "swagger: '2.0'\nsecurityDefinitions: { login: { $ref: 'x.yaml#/login' } }\nsecurity: [{ login: [see] }]\npaths: { /a: { $ref: 'x.yaml#/a' } }\n";
    let file = "login: { type: oauth2, flow: password, tokenUrl: t, scopes: { $ref: '#/scopes' } }\nscopes: { see: x }\na: { get: {} }\n";
    let imported = Files::new(&[("api.yaml", swagger), ("x.yaml", file)]).imported();
    assert_eq!(shown(find(&imported, "/a")), "login(see)");
}

#[test]
fn a_reference_to_a_scheme_outside_of_its_list_keeps_the_description() {
    let scheme = "type: http\nscheme: bearer\ndescription: |-\n  Both words.\n";
    let indented = scheme.replace('\n', "\n    ");
    let document = |reference: &str, rest: &str| {
        format!(
            "openapi: 3.1.0\ninfo: {{title: T, version: '1'}}\ncomponents: {{securitySchemes: {{login: {{$ref: '{reference}'}}}}}}\n\
             paths: {{/a: {{get: {{security: [{{login: []}}]}}}}}}\n{rest}"
        )
    };
    let own = format!("x-common:\n  login:\n    {indented}\n");
    for files in [
        [
            ("api.yaml", document("login.yaml", "")),
            ("login.yaml", scheme.to_owned()),
        ],
        [
            ("api.yaml", document("common.yaml#/login", "")),
            ("common.yaml", own.replace("x-common:", "").replace("\n  ", "\n")),
        ],
        [
            (
                "api.yaml",
                document("", "").replace("{login: {$ref: ''}}", "{$ref: schemes.yaml}"),
            ),
            ("schemes.yaml", own.replace("x-common:", "").replace("\n  ", "\n")),
        ],
        [
            ("api.yaml", document("#/x-common/login", &own)),
            ("other.yaml", String::new()),
        ],
    ] {
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let imported = Files::new(&files).imported();
        let described = imported.table().catalog().schemes()[0].description().map(str::to_owned);
        assert_eq!(described.as_deref(), Some("Both words."), "{files:?}");
    }
}

#[test]
fn a_reference_inside_of_the_document_is_followed() {
    for (paths, rest) in [
        (
            "  /a: { get: { $ref: '#/x-operations/a~1b' } }",
            "x-operations: { a/b: { security: [{ login: [switch] }] } }",
        ),
        (
            "  /a: { get: { $ref: '#/x-operations/a%20b' } }",
            "x-operations: { a b: { security: [{ login: [switch] }] } }",
        ),
        (
            "  /a: { get: { $ref: '#/paths/~1b/put' } }\n  /b: { put: { security: [{ login: [switch] }] } }",
            "",
        ),
        (
            "  /a: { get: { $ref: '#/definitions/examples/a' } }",
            "definitions: { examples: { a: { security: [{ login: [switch] }] } } }",
        ),
        ("  /a: { $ref: '#/components/x-items/a' }", ""),
        (
            "  /a: { get: { $ref: '#/x-list/1' } }",
            "x-list: [{}, { security: [{ login: [switch] }] }]",
        ),
        (
            "  /a: { get: { $ref: '#/x-more/get' } }",
            "x-more: { $ref: '#/x-item' }\nx-item: { get: { security: [{ login: [switch] }] } }",
        ),
    ] {
        let document = with_paths(&format!("{paths}\n{rest}")).replace(
            "components:\n",
            "components:\n  x-items: { a: { get: { security: [{ login: [switch] }] } } }\n",
        );
        let imported = read(&document);
        assert_eq!(shown(find(&imported, "/a")), "login(switch)", "{document}");
    }
}

#[test]
fn a_reference_over_several_files_resolves_against_each() {
    let files = Files::new(&[
        (
            "api/openapi.yaml",
            &with_paths("  /a: { $ref: 'items/one.json#/item' }\n  /b: { get: { security: [] } }"),
        ),
        (
            "api/items/one.json",
            r#"{ "item": { "$ref": "deep/two.yaml" }, "back": { "$ref": "../openapi.yaml#/paths/~1b/get" } }"#,
        ),
        (
            "api/items/deep/two.yaml",
            "get: { $ref: '#/x-op/get' }\nput: { $ref: '../one.json#/back' }\npost: { security: [{ login: [see, switch] }] }\nx-op: { get: { $ref: '../../last%20one.yaml' } }",
        ),
        ("api/last one.yaml", "summary: without a requirement\n"),
    ]);
    let imported = files.imported();
    let ways: Vec<String> = imported.table().operations().iter().map(shown).collect();
    assert_eq!(ways, ["login(see)", "", "login(see switch)", ""]);
    let place = imported.operation_place(0).unwrap();
    assert_eq!((place.file(), place.line()), (Some("last one.yaml"), Some(1)));
    let security = imported.security_place(0).unwrap();
    assert_eq!((security.file(), security.pointer()), (None, Some("/security")));
    let security = imported.security_place(2).unwrap();
    assert_eq!(
        (security.file(), security.line()),
        (Some("items/deep/two.yaml"), Some(3))
    );
}

#[test]
fn a_reference_next_to_operations_keeps_them() {
    let files = Files::new(&[
        (
            "api.yaml",
            &with_paths("  /a:\n    $ref: one.yaml\n    put: { security: [] }"),
        ),
        ("one.yaml", "$ref: two.yaml\npost: { security: [{ login: [switch] }] }"),
        ("two.yaml", "get: {}"),
    ]);
    let imported = files.imported();
    let ways: Vec<String> = imported.table().operations().iter().map(shown).collect();
    assert_eq!(ways, ["", "login(switch)", "login(see)"]);
    assert_eq!(imported.table().operations()[0].access(), Access::Public);
}

#[test]
fn a_reference_from_an_operation_refuses_its_own_security() {
    let files = Files::new(&[
        (
            "api.yaml",
            &with_paths("  /a: { get: { $ref: one.yaml, security: [] } }"),
        ),
        ("one.yaml", "{}"),
    ]);
    let said = files.fault();
    assert!(
        said.contains("/paths/~1a/get/security") && said.contains("remove"),
        "{said}"
    );
}

#[test]
fn a_reference_of_a_note_names_the_file() {
    let files = Files::new(&[
        ("api.yaml", &with_paths("  /a: { $ref: items/a.yaml }")),
        ("items/a.yaml", "get:\n  security: [{ nobody: [] }]\n"),
    ]);
    let imported = files.imported();
    let [note] = imported.notes() else { panic!() };
    let place = note.place();
    assert_eq!(place.file(), Some("items/a.yaml"));
    assert_eq!(place.pointer(), Some("/get/security/0/nobody"));
    assert_eq!((place.line(), place.column()), (Some(2), Some(24)));
}

#[test]
fn a_reference_that_leads_nowhere_is_a_fault() {
    for (reference, says) in [
        ("missing.yaml", "add the file"),
        ("one.yaml#/lost", "correct it"),
        ("#/paths/~1lost", "correct it"),
        ("one.yaml#anchor", "correct it"),
        (".", "not a file"),
        ("one.yaml%ff", "correct it"),
        ("one.yaml%00", "correct it"),
        ("https://example.com/a.yaml", "is a URL"),
        ("HTTPS://example.com/a.yaml#/x", "is a URL"),
        ("//example.com/a.yaml", "is a URL"),
        ("file:///etc/hostname", "is a URL"),
        ("urn:a:b", "is a URL"),
        ("../outside.yaml", "outside of"),
        ("%2e%2e/outside.yaml", "outside of"),
        ("..%2Foutside.yaml", "outside of"),
        ("sub/../../outside.yaml", "outside of"),
        ("/etc/hostname", "outside of"),
        ("link.yaml", "outside of"),
        ("linked/outside.yaml", "outside of"),
    ] {
        for paths in [
            format!("  /a: {{ $ref: '{reference}' }}"),
            format!("  /a: {{ get: {{ $ref: '{reference}' }} }}"),
        ] {
            let files = Files::new(&[
                ("api/openapi.yaml", &with_paths(&paths)),
                ("api/one.yaml", "get: {}"),
                ("api/sub/x.yaml", "{}"),
                ("outside.yaml", "get: {}"),
            ]);
            std::os::unix::fs::symlink(files.path("outside.yaml"), files.path("api/link.yaml")).unwrap();
            std::os::unix::fs::symlink(files.dir.path(), files.path("api/linked")).unwrap();
            let said = files.fault();
            assert!(said.contains(says), "{reference}: {said}");
            assert!(
                said.contains(reference) && said.contains("/paths/~1a"),
                "{reference}: {said}"
            );
        }
    }
}

#[test]
fn a_reference_in_a_circle_is_a_fault() {
    for files in [
        [
            ("api.yaml", with_paths("  /a: { $ref: one.yaml }")),
            ("one.yaml", "$ref: two.yaml".to_owned()),
            ("two.yaml", "$ref: one.yaml".to_owned()),
        ],
        [
            ("api.yaml", with_paths("  /a: { get: { $ref: one.yaml } }")),
            ("one.yaml", "$ref: two.yaml".to_owned()),
            ("two.yaml", "$ref: two.yaml".to_owned()),
        ],
        [
            (
                "api.yaml",
                with_paths("  /a: { get: { security: { $ref: 'one.yaml#/a' } } }"),
            ),
            ("one.yaml", "a: { $ref: '#/b' }\nb: { $ref: '#/a' }".to_owned()),
            ("two.yaml", String::new()),
        ],
        [
            ("api.yaml", with_paths("  /a: { get: { $ref: 'one.yaml#/a/b' } }")),
            ("one.yaml", "a: { $ref: '#/a/b' }".to_owned()),
            ("two.yaml", String::new()),
        ],
        [
            ("api.yaml", with_paths("  /a: { $ref: 'api.yaml#/paths/~1a' }")),
            ("one.yaml", String::new()),
            ("two.yaml", String::new()),
        ],
    ] {
        let all: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let said = Files::new(&all).fault();
        assert!(said.contains("circle"), "{said}");
    }
}

#[test]
fn a_reference_outside_is_followed_if_its_folder_is_allowed() {
    let files = Files::new(&[
        (
            "api/openapi.yaml",
            &with_paths("  /a: { $ref: ../common/a.yaml }\n  /b: { $ref: link.yaml }"),
        ),
        ("common/a.yaml", "get: { $ref: b/c.yaml }"),
        ("common/b/c.yaml", "security: [{ login: [switch] }]"),
    ]);
    std::os::unix::fs::symlink(files.path("common/a.yaml"), files.path("api/link.yaml")).unwrap();
    let options = ReadOptions::new().allow_root(files.path("common"));
    let imported = import::read_file(&files.document, &options).unwrap();
    assert_eq!(shown(find(&imported, "/a")), "login(switch)");
    assert_eq!(shown(find(&imported, "/b")), "login(switch)");
    for folder in ["missing", "common/a.yaml"] {
        let options = ReadOptions::new().allow_root(files.path(folder));
        let said = import::read_file(&files.document, &options).unwrap_err().to_string();
        assert!(said.contains("cannot be used"), "{said}");
    }
}

#[test]
fn a_reference_of_a_linked_document_starts_where_the_document_is() {
    let files = Files::new(&[
        ("real/openapi.yaml", &with_paths("  /a: { $ref: a.yaml }")),
        ("real/a.yaml", "get: {}"),
        ("other/a.yaml", "put: {}"),
    ]);
    let link = files.path("other/openapi.yaml");
    std::os::unix::fs::symlink(files.path("real/openapi.yaml"), &link).unwrap();
    let imported = import::read_file(&link, &ReadOptions::new()).unwrap();
    assert_eq!(shown(find(&imported, "/a")), "login(see)");
}

#[test]
fn a_reference_from_bytes_needs_a_base() {
    let document = with_paths("  /a: { $ref: a.yaml }");
    let fault = import::read(document.as_bytes()).unwrap_err();
    assert!(
        matches!(
            &fault,
            ImportError::FileNotAllowed {
                refusal: FileRefusal::NoFolder,
                ..
            }
        ),
        "{fault}"
    );
    assert!(fault.to_string().contains("a.yaml"), "{fault}");
    let files = Files::new(&[("a.yaml", "get: {}")]);
    let options = ReadOptions::new().base(files.dir.path());
    let imported = import::read_with(document.as_bytes(), &options).unwrap();
    assert_eq!(shown(find(&imported, "/a")), "login(see)");
}

#[test]
fn a_reference_that_cannot_change_access_is_not_opened() {
    let document = with_paths(
        r"  /a:
    parameters: [{ $ref: missing.yaml }]
    get:
      parameters: [{ $ref: 'https://example.com/p.yaml' }]
      requestBody: { $ref: ../../outside.yaml }
      responses: { '200': { $ref: missing.yaml }, default: { content: { a/b: { schema: { $ref: missing.json } } } } }
      callbacks: { done: { $ref: missing.yaml } }
webhooks: { paid: { $ref: missing.yaml } }
info: { $ref: missing.yaml }
tags: { $ref: missing.yaml }",
    )
    .replace(
        "components:\n",
        "components:\n  schemas: { A: { $ref: missing.yaml } }\n  examples: { $ref: missing.yaml }\n",
    );
    let imported = read(&document);
    assert_eq!(shown(find(&imported, "/a")), "login(see)");
}

#[test]
fn a_reference_to_broken_text_names_its_file() {
    for (text, says) in [
        ("get: [", "`sub/one.yaml`, line 2"),
        (
            "get: {}\nget: {}",
            "`sub/one.yaml`, line 2, column 1: name `get` comes twice",
        ),
        ("get: 7", "`sub/one.yaml#/get`: must be an object"),
        ("- 1", "`sub/one.yaml`: must be an object"),
    ] {
        let files = Files::new(&[
            ("api.yaml", &with_paths("  /a: { $ref: sub/one.yaml }")),
            ("sub/one.yaml", text),
        ]);
        let said = files.fault();
        assert!(said.contains(says), "{said}");
    }
    let files = Files::new(&[("api.yaml", &with_paths("  /a: { $ref: one.yaml }"))]);
    fs::write(files.path("one.yaml"), b"get: \xff").unwrap();
    assert!(files.fault().contains("`one.yaml`"), "{}", files.fault());
}

#[test]
fn a_reference_to_a_pipe_is_refused() {
    let files = Files::new(&[("api.yaml", &with_paths("  /a: { $ref: pipe }"))]);
    let made = std::process::Command::new("mkfifo").arg(files.path("pipe")).status();
    assert!(made.unwrap().success());
    assert!(files.fault().contains("not a file"), "{}", files.fault());
}

/// Each file is read once, regardless of the number of references to it.
#[test]
fn a_reference_to_one_of_many_files_stays_within_bounds() {
    let many = |count: usize| {
        let paths = (0..count).fold(String::new(), |text, number| {
            format!("{text}  /{number}: {{ $ref: 'p/{number}.yaml#/item' }}\n")
        });
        let files = Files::new(&[("api.yaml", &with_paths(&paths))]);
        for number in 0..count {
            files.add(
                &format!("p/{number}.yaml"),
                "item: { get: { $ref: '#/operation' } }\noperation: { security: [{ login: [switch] }] }\n",
            );
        }
        files.read()
    };
    assert_eq!(many(255).unwrap().table().operations().len(), 255);
    assert_eq!(many(256).unwrap_err(), ImportError::TooLarge(ImportLimit::Files));
    let paths = (0..60_000).fold(String::new(), |text, number| {
        format!("{text}  /{number}: {{ $ref: 'p.yaml#/item' }}\n")
    });
    let files = Files::new(&[("api.yaml", &with_paths(&paths)), ("p.yaml", "item: { get: {} }")]);
    assert_eq!(files.imported().table().operations().len(), 60_000);
    let paths = (0..5).fold(String::new(), |text, number| {
        format!("{text}  /{number}: {{ $ref: '{number}.yaml#/item' }}\n")
    });
    let files = Files::new(&[("api.yaml", &with_paths(&paths))]);
    for number in 0..5 {
        files.add(
            &format!("{number}.yaml"),
            &format!("item: {{}}\n#{}", "x".repeat(15 * 1024 * 1024)),
        );
    }
    assert_eq!(
        files.read().unwrap_err(),
        ImportError::TooLarge(ImportLimit::FilesBytes)
    );
}

#[test]
fn a_reference_of_swagger_and_of_each_version_is_followed() {
    for head in ["swagger: '2.0'", "openapi: 3.0.3", "openapi: 3.1.1", "openapi: 3.2.0"] {
        let document = format!("{head}\npaths: {{ /a: {{ get: {{ $ref: a.yaml }} }}, /b: {{ $ref: 'b.json' }} }}\n");
        let files = Files::new(&[
            ("api.yaml", &document),
            ("a.yaml", "security: [{ nobody: [] }]"),
            ("b.json", "{\"get\":{}}"),
        ]);
        let imported = files.imported();
        assert_eq!(find(&imported, "/a").access(), Access::Deny, "{head}");
        assert_eq!(find(&imported, "/b").access(), Access::Public, "{head}");
    }
}

#[test]
fn a_reference_into_a_list_has_the_number_of_an_item() {
    let operation = |index: &str| {
        Files::new(&[
            (
                "api.yaml",
                &with_paths(&format!("  /a: {{ get: {{ $ref: 'x.yaml#/all/{index}' }} }}")),
            ),
            (
                "x.yaml",
                "all:\n- { security: [] }\n- { security: [{ login: [switch] }] }\n",
            ),
        ])
    };
    for index in ["1", "%31"] {
        assert_eq!(
            shown(find(&operation(index).imported(), "/a")),
            "login(switch)",
            "{index}"
        );
    }
    for index in ["01", "+1", "-", "2", "1.0", ""] {
        let fault = operation(index).fault();
        assert!(fault.contains("leads to nothing"), "{index}: {fault}");
    }
}

#[test]
fn a_reference_may_escape_its_slashes() {
    for pointer in [
        "#/paths/~1a~0b%20c/get",
        "#%2Fpaths%2F~1a~0b%20c%2Fget",
        "#/paths/%2Fa~0b%20c/get",
        "#/paths/%7E1a~0b c/get",
    ] {
        let paths =
            format!("  '/a~b c': {{ get: {{ security: [{{ login: }}] }} }}\n  /z: {{ get: {{ $ref: '{pointer}' }} }}");
        let imported = read(&with_paths(&paths));
        assert_eq!(find(&imported, "/z").access(), Access::Authenticated, "{pointer}");
    }
    let imported = Files::new(&[
        ("api.yaml", &with_paths("  /a: { get: { $ref: 'x.yaml#/of%20a/b' } }")),
        ("x.yaml", "of a: { b: { security: [{ login: }] } }\n"),
    ])
    .imported();
    let place = imported.notes()[0].place();
    assert_eq!(
        place.pointer(),
        Some("/of a/b/security/0/login"),
        "a pointer of a note has no escapes"
    );
}

#[test]
fn a_reference_to_the_own_uri_is_followed() {
    let document = |reference: &str| {
        format!(
            "openapi: 3.2.0\n$self: https://api.example/d/a.yaml\n{SCHEMES}x-own: {{ get: {{ security: [] }} }}\npaths:\n  /a: {{ $ref: '{reference}' }}\n"
        )
    };
    let imported = read(&document("https://api.example/d/a.yaml#/x-own"));
    assert_eq!(find(&imported, "/a").access(), Access::Public);
    let fault = import::read(document("https://api.example/d/b.yaml#/x-own").as_bytes()).unwrap_err();
    assert!(fault.to_string().contains("is a URL"), "{fault}");
}

#[test]
fn a_reference_to_yaml_in_a_file_named_json_is_followed() {
    let with = |text: &str| {
        Files::new(&[
            ("api.yaml", &with_paths("  /a: { get: { $ref: x.json } }")),
            ("x.json", text),
        ])
    };
    let imported = with("security:\n- { login: [switch] }\n").imported();
    assert_eq!(shown(find(&imported, "/a")), "login(switch)");
    let fault = with("{\"security\": [{\"login\": [\"switch\"]}").fault();
    assert!(fault.contains("x.json") && fault.contains("line 1"), "{fault}");
}
