//! Each part of a policy has its place in the document.

use scopegate_openapi::import::{self, DocumentPosition};

use crate::import::documents::read;

type WrittenPosition<'p> = (Option<&'p str>, Option<u32>, Option<u32>);

fn shown(place: Option<&DocumentPosition>) -> WrittenPosition<'_> {
    place.map_or((None, None, None), |place| {
        (place.pointer(), place.line(), place.column())
    })
}

#[test]
fn parts_of_json_have_places() {
    let text = r#"{ "openapi": "3.1.0", "info": {"title": "t \" , : {", "version": "1"},
  "components": { "schemas": {"a\"}": [1.5e3, true, {}, []]}, "securitySchemes": {
    "ö": null, "o": { "type": "oauth2", "flows": { "password": { "scopes": {
      "a": "", "\u0062": "" } } } } } },
  "security": [ { "o": ["a"] } ], "x": [[], {}, "\\"],
  "paths": { "/x": { "get": {},
    "put": { "security": [] } } } }"#;
    let text = text.replace("\"ö\": null, ", "");
    let imported = read(&text);
    assert_eq!(
        shown(imported.operation_place(0).as_ref()),
        (Some("/paths/~1x/get"), Some(6), Some(29))
    );
    assert_eq!(
        shown(imported.operation_place(1).as_ref()),
        (Some("/paths/~1x/put"), Some(7), Some(12))
    );
    assert_eq!(
        shown(imported.security_place(0).as_ref()),
        (Some("/security"), Some(5), Some(15))
    );
    assert_eq!(
        shown(imported.security_place(1).as_ref()),
        (Some("/paths/~1x/put/security"), Some(7), Some(26))
    );
    assert_eq!(
        shown(imported.scheme_place("o")),
        (Some("/components/securitySchemes/o"), Some(3), Some(10))
    );
    let scopes = "/components/securitySchemes/o/flows/password/scopes";
    assert_eq!(
        shown(imported.scope_place("o", "a")),
        (Some(&*format!("{scopes}/a")), Some(4), Some(12))
    );
    assert_eq!(
        shown(imported.scope_place("o", "b")),
        (Some(&*format!("{scopes}/b")), Some(4), Some(26))
    );
    assert_eq!(imported.operation_place(2), None);
    assert_eq!(imported.scheme_place("p"), None);
    assert_eq!(imported.scope_place("o", "c"), None);
}

#[test]
fn parts_of_yaml_have_places() {
    let text = "openapi: 3.0.0\ncomponents:\n  securitySchemes:\n    o:\n      type: oauth2\n      flows: {password: {scopes: {ä: x, a: y}}}\npaths:\n  /x:\n    get:\n      security:\n        - o: [a]\n    put: {}\n";
    let text = text.replace("ä: x, ", "");
    let imported = read(&text);
    assert_eq!(
        shown(imported.operation_place(0).as_ref()),
        (Some("/paths/~1x/get"), Some(10), Some(7))
    );
    assert_eq!(
        shown(imported.operation_place(1).as_ref()),
        (Some("/paths/~1x/put"), Some(12), Some(10))
    );
    assert_eq!(
        shown(imported.security_place(0).as_ref()),
        (Some("/paths/~1x/get/security"), Some(11), Some(9))
    );
    assert_eq!(imported.security_place(1), None);
    assert_eq!(shown(imported.scheme_place("o")).1, Some(5));
    assert_eq!(shown(imported.scope_place("o", "a")).1, Some(6));
}

#[test]
fn parts_of_toml_have_places() {
    let text = "[schemes.o]\nkind = \"oauth2\"\nscopes = { a = \"\" }\n\n[[operations]]\nmethod = \"GET\"\npath = \"/\"\npublic = true\n\n[[groups]]\nprefix = \"/g\"\noperations = [\n  { method = \"GET\", path = \"/\", public = true }]\n";
    let imported = read(text);
    assert_eq!(
        shown(imported.operation_place(0).as_ref()),
        (Some("/operations/0"), Some(5), Some(1))
    );
    assert_eq!(
        shown(imported.operation_place(1).as_ref()),
        (Some("/groups/0/operations/0"), Some(13), Some(3))
    );
    assert_eq!(
        shown(imported.scheme_place("o")),
        (Some("/schemes/o"), Some(1), Some(10))
    );
    assert_eq!(
        shown(imported.scope_place("o", "a")),
        (Some("/schemes/o/scopes/a"), Some(3), Some(12))
    );
}

#[test]
fn parts_of_other_formats_have_places() {
    let discovery = "{ \"discoveryVersion\": \"v1\",\n \"auth\": { \"oauth2\": { \"scopes\": {\n  \"s\": {} } } },\n \"methods\": {\n  \"m\": { \"httpMethod\": \"GET\", \"path\": \"p\",\n  \"scopes\": [\"s\"] } } }";
    let imported = read(discovery);
    assert_eq!(
        shown(imported.operation_place(0).as_ref()),
        (Some("/methods/m"), Some(5), Some(8))
    );
    assert_eq!(
        shown(imported.security_place(0).as_ref()),
        (Some("/methods/m/scopes"), Some(6), Some(13))
    );
    assert_eq!(shown(imported.scope_place("Oauth2", "s")).1, Some(3));
    let graph = "{ \"permissions\": { \"A\": { \"schemes\": { \"Application\": {} }, \"pathSets\": [\n { \"schemeKeys\": [\"Application\"], \"methods\": [\"GET\"], \"paths\": {\n  \"/x\": \"\" } } ] } } }";
    let imported = read(graph);
    assert_eq!(
        shown(imported.operation_place(0).as_ref()),
        (Some("/permissions/A/pathSets/0/paths/~1x"), Some(3), Some(9))
    );
}

#[test]
fn notes_and_faults_have_places() {
    let imported = read("openapi: 3.1.0\npaths:\n  /x:\n    get:\n      security: [{nobody: []}]\n");
    let [note] = imported.notes() else { panic!() };
    assert_eq!(
        shown(Some(note.place())),
        (Some("/paths/~1x/get/security/0/nobody"), Some(5), Some(27))
    );
    let fault = import::read(b"openapi: 3.1.0\npaths:\n  /x:\n    get: 7\n").unwrap_err();
    assert_eq!(shown(fault.place()), (Some("/paths/~1x/get"), Some(4), Some(10)));
}
