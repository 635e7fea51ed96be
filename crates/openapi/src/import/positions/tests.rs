use super::*;

fn positions(text: &str, pointers: &[&str]) -> Vec<Position> {
    let lists: Vec<Vec<String>> = pointers.iter().map(|pointer| vec![(*pointer).to_owned()]).collect();
    let located = locate_pointers(text, &lists);
    located.into_iter().map(|located| located.position).collect()
}

fn at(line: usize, column: usize) -> Position {
    Position { line, column }
}

#[test]
fn positions_in_json_are_those_of_names_and_items() {
    let text = "{\n  \"paths\": {\n    \"/a\\u002fb\": { \"get\": { \"security\": [ {\"x\": []}, 7, {\"y\": [\"s\"]} ] } },\n    \"/c\": {}\n  }\n}";
    let found = positions(
        text,
        &[
            "",
            "/paths",
            "/paths/~1a~1b/get/security",
            "/paths/~1a~1b/get/security/2/y/0",
            "/paths/~1c",
            "/paths/~1c/put",
        ],
    );
    assert_eq!(found, [at(1, 1), at(2, 3), at(3, 29), at(3, 64), at(4, 5), at(4, 5)]);
}

#[test]
fn positions_in_yaml_are_those_of_names_and_items() {
    let text =
        "openapi: 3.0.3\npaths:\n  /a:\n    get: &g {security: [{x: [s]}]}\n    put: *g\n  ? /b\n  : {get: {}}\n";
    let found = positions(
        text,
        &[
            "/openapi",
            "/paths/~1a/get",
            "/paths/~1a/get/security/0/x/0",
            "/paths/~1a/put/security",
            "/paths/~1b/get",
        ],
    );
    assert_eq!(found, [at(1, 1), at(4, 5), at(4, 30), at(5, 5), at(7, 6)]);
}

#[test]
fn positions_in_toml_are_those_of_tables() {
    let text = "[schemes.login]\nkind = \"oauth2\"\nscopes = { a = \"\" }\n\n[[operations]]\nmethod = \"GET\"\n\n[[operations]]\nmethod = \"PUT\"\n";
    let found = positions(
        text,
        &[
            "/schemes/login",
            "/schemes/login/scopes/a",
            "/operations/1",
            "/operations/0/method",
        ],
    );
    assert_eq!(found, [at(1, 10), at(3, 12), at(8, 1), at(6, 1)]);
}

#[test]
fn a_value_of_any_toml_text_is_found() {
    let text = "# a: b\nlisten = 1\n\n[[issuers]]\nname = 'a'\n[[issuers]]\nname = 'b'\nallow = [\n 'x',\n 'y' ]\n";
    for (pointer, line, found) in [
        ("/listen", 2, "/listen"),
        ("/issuers/0/name", 5, "/issuers/0/name"),
        ("/issuers/1/name", 7, "/issuers/1/name"),
        ("/issuers/1/allow/1", 10, "/issuers/1/allow/1"),
        ("/issuers/1/tokens", 6, "/issuers/1"),
        ("/other", 1, ""),
    ] {
        let located = locate_in_toml(text, pointer);
        assert_eq!((located.position.line, &*located.pointer), (line, found), "{pointer}");
    }
    assert_eq!(locate_in_toml("= no toml", "/a").position, Position::START);
}

#[test]
fn a_text_that_is_none_of_these_has_a_start() {
    assert_eq!(positions("{\"a\": ", &["/a/b"]), [at(1, 2)]);
    assert_eq!(positions("", &["/a"]), [at(1, 1)]);
}
