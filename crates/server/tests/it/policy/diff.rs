//! `policy diff`

use serde_json::{Value, json};

use crate::policy::documents::shop;
use crate::shell::Shell;

/// The shop with a change.
fn with(change: impl FnOnce(&mut Value)) -> (Shell, i32, Value) {
    let shell = Shell::with("old.json", &shop());
    let mut new = shop();
    change(&mut new);
    shell.write("new.json", &new.to_string());
    let run = shell.policy(&["diff", "old.json", "new.json"]);
    assert_eq!(run.stderr, "");
    (shell, run.status, serde_json::from_str(&run.stdout).unwrap())
}

#[test]
fn equal_policies_have_no_changes() {
    let (shell, status, data) = with(|_| {});
    assert_eq!(
        (status, data),
        (0, json!({ "changes": [], "schemes": [], "notes": [] }))
    );
    let text = shell.run(&["policy", "diff", "old.json", "new.json"]).stdout;
    assert_eq!(text, "0 weaker, 0 incomparable, 0 added, 0 stronger, 0 removed\n");
}

#[test]
fn removed_scope_requirement_is_weaker() {
    let (shell, status, data) =
        with(|new| new["paths"]["/users/me/items/"]["get"]["security"] = json!([{ "oauth": ["me"] }]));
    assert_eq!(status, 1);
    let [change] = data["changes"].as_array().unwrap().as_slice() else {
        panic!("{data}")
    };
    assert_eq!(
        (
            &change["method"],
            &change["path"],
            &change["change"],
            &change["witness"]
        ),
        (
            &json!("GET"),
            &json!("/users/me/items/"),
            &json!("weaker"),
            &json!(["me"])
        )
    );
    let markdown = shell.run(&["policy", "diff", "old.json", "new.json", "--format", "markdown"]);
    assert_eq!(markdown.status, 1);
    assert!(
        markdown
            .stdout
            .contains("| ⚠️ | `GET /users/me/items/` | weaker | a request with `me` is allowed now |"),
        "{}",
        markdown.stdout
    );
}

#[test]
fn an_implication_that_was_added_opens_operations_whose_text_is_the_same() {
    let implies = json!({ "admin": ["items", "me"] });
    let (_, status, data) = with(|new| new["components"]["securitySchemes"]["oauth"]["x-scopegate-implies"] = implies);
    assert_eq!(status, 1);
    let changes = data["changes"].as_array().unwrap();
    let opened: Vec<&Value> = changes.iter().map(|change| &change["path"]).collect();
    assert_eq!(opened, ["/users/me/", "/users/me/items/"]);
    assert!(
        changes.iter().all(|change| change["witness"] == json!(["admin"])),
        "{data}"
    );
}

#[test]
fn stricter_policy_exits_with_0() {
    let (_, status, data) = with(|new| {
        new["paths"]["/health"]["get"]["security"] = json!([{ "oauth": ["me"] }]);
        new["paths"].as_object_mut().unwrap().remove("/status/");
    });
    assert_eq!(status, 0);
    let changes = data["changes"].as_array().unwrap();
    let kinds: Vec<(&Value, &Value)> = changes
        .iter()
        .map(|change| (&change["path"], &change["change"]))
        .collect();
    assert_eq!(
        kinds,
        [
            (&json!("/health"), &json!("stronger")),
            (&json!("/status/"), &json!("removed"))
        ]
    );
}

#[test]
fn replaced_scope_is_incomparable_in_both_directions() {
    let (_, status, data) = with(|new| new["paths"]["/users/me/"]["get"]["security"] = json!([{ "oauth": ["items"] }]));
    assert_eq!(status, 1);
    let change = &data["changes"][0];
    assert_eq!(
        (&change["change"], &change["allowed_now"], &change["refused_now"]),
        (&json!("incomparable"), &json!(["items"]), &json!(["me"]))
    );
}

#[test]
fn a_template_cannot_end_its_cell() {
    let (shell, _, _) = with(|new| {
        for path in [r"/\|", "/a|b", "/`x`", r"/\"] {
            new["paths"][path]["get"] = json!({ "security": [], "responses": {} });
        }
    });
    let markdown = shell.run(&["policy", "diff", "old.json", "new.json", "--format", "markdown"]);
    for place in [
        "<code>GET /&#92;&#124;</code>",
        "<code>GET /a&#124;b</code>",
        "<code>GET /&#96;x&#96;</code>",
        "<code>GET /&#92;</code>",
    ] {
        let row = format!("| ⚠️ | {place} | added | a request without a credential is allowed now |\n");
        assert!(markdown.stdout.contains(&row), "{row}\n{}", markdown.stdout);
    }
}

/// Runs `diff` on one operation for each scheme of two lists. The operations are `/NAME`.
fn schemes(old: &Value, new: &Value, more: &[&str]) -> (i32, Value) {
    let document = |schemes: &Value| {
        let paths: serde_json::Map<String, Value> = schemes
            .as_object()
            .unwrap()
            .keys()
            .filter(|name| *name != "unused")
            .map(|name| {
                (
                    format!("/{}", name.trim_start_matches("renamed")),
                    json!({ "get": { "security": [{ name.as_str(): [] }] } }),
                )
            })
            .collect();
        json!({ "openapi": "3.1.0", "info": { "title": "Desk", "version": "1" },
            "components": { "securitySchemes": schemes }, "paths": paths })
    };
    let shell = Shell::with("old.json", &document(old));
    shell.write("new.json", &document(new).to_string());
    let run = shell.policy(&[&["diff", "old.json", "new.json"], more].concat());
    (run.status, serde_json::from_str(&run.stdout).expect("data"))
}

fn oauth(flows: &Value) -> Value {
    json!({ "type": "oauth2", "flows": flows })
}

fn password(url: &str) -> Value {
    oauth(&json!({ "password": { "tokenUrl": url, "scopes": {} } }))
}

/// Two versions of a scheme, and the fields that differ.
fn changed_schemes() -> Vec<(Value, Value, Vec<&'static str>)> {
    let issuer = |host: &str| json!({ "type": "openIdConnect", "openIdConnectUrl": format!("https://{host}/c") });
    let key = |place: &str, name: &str| json!({ "type": "apiKey", "in": place, "name": name });
    let http = |scheme: &str| json!({ "type": "http", "scheme": scheme });
    let code = |authorize: &str, refresh: &str| {
        oauth(&json!({ "authorizationCode": {
            "authorizationUrl": authorize, "tokenUrl": "https://a.example/t", "refreshUrl": refresh, "scopes": {} } }))
    };
    vec![
        (issuer("a.example"), issuer("b.example"), vec!["openIdConnectUrl"]),
        (http("bearer"), http("basic"), vec!["scheme"]),
        (http("hoba"), http("dpop"), vec!["scheme"]),
        (key("header", "X-Key"), key("query", "X-Key"), vec!["in"]),
        (key("header", "X-Key"), key("header", "X-Other"), vec!["name"]),
        (
            key("header", "Client-Cert"),
            json!({ "type": "mutualTLS" }),
            vec!["in", "name", "type"],
        ),
        (
            password("https://a.example/t"),
            password("https://b.example/t"),
            vec!["flows.password.tokenUrl"],
        ),
        (
            code("https://a.example/x", "https://a.example/r"),
            code("https://b.example/x", "https://b.example/r"),
            vec![
                "flows.authorizationCode.authorizationUrl",
                "flows.authorizationCode.refreshUrl",
            ],
        ),
        (
            password("https://a.example/t"),
            oauth(&json!({ "implicit": { "authorizationUrl": "https://a.example/t", "scopes": {} } })),
            vec!["flows", "flows.implicit.authorizationUrl", "flows.password.tokenUrl"],
        ),
        (
            issuer("a.example"),
            key("header", "X-Key"),
            vec!["in", "name", "openIdConnectUrl", "type"],
        ),
    ]
}

#[test]
fn a_scheme_that_changed_its_meaning_fails() {
    for (old, new, fields) in changed_schemes() {
        let (status, data) = schemes(&json!({ "x": old }), &json!({ "x": new }), &[]);
        let [change] = data["schemes"].as_array().unwrap().as_slice() else {
            panic!("{data}")
        };
        let changed: Vec<&str> = change["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| field["field"].as_str().unwrap())
            .collect();
        assert_eq!((status, &change["scheme"], changed), (1, &json!("x"), fields), "{data}");
        assert_eq!(change["operations"], json!([{ "method": "GET", "path": "/x" }]));
        assert_eq!(
            schemes(&json!({ "x": old }), &json!({ "x": new }), &["--fail-on", "weaker"]).0,
            0,
            "{old} {new}"
        );
    }
    let http = |scheme: &str| json!({ "type": "http", "scheme": scheme });
    let (_, data) = schemes(&json!({ "x": http("bearer") }), &json!({ "x": http("basic") }), &[]);
    assert_eq!(
        data["schemes"][0]["fields"],
        json!([{ "field": "scheme", "old": "bearer", "new": "basic" }])
    );
}

#[test]
fn a_scheme_that_changed_its_text_alone_is_the_same() {
    for (old, new) in [
        (
            json!({ "type": "http", "scheme": "bearer" }),
            json!({ "type": "http", "scheme": "Bearer", "bearerFormat": "JWT", "description": "new" }),
        ),
        (
            json!({ "type": "apiKey", "in": "header", "name": "X-Key" }),
            json!({ "type": "apiKey", "in": "header", "name": "x-key" }),
        ),
        (password("https://a.example/t"), password("HTTPS://A.example:443/t")),
    ] {
        let (status, data) = schemes(&json!({ "x": old }), &json!({ "x": new }), &[]);
        assert_eq!(
            (status, data),
            (0, json!({ "changes": [], "schemes": [], "notes": [] })),
            "{new}"
        );
    }
}

#[test]
fn a_scheme_that_changed_its_name_alone_is_the_same() {
    let key = json!({ "type": "apiKey", "in": "header", "name": "X-Key" });
    let issuer = json!({ "type": "openIdConnect", "openIdConnectUrl": "https://a.example/c" });
    for same in [key, issuer, password("https://a.example/t")] {
        let (status, data) = schemes(&json!({ "x": same }), &json!({ "renamedx": same }), &[]);
        assert_eq!(
            (status, data),
            (0, json!({ "changes": [], "schemes": [], "notes": [] })),
            "{same}"
        );
    }
    // A bearer scheme does not state who issues its tokens.
    let bearer = json!({ "type": "http", "scheme": "bearer" });
    let (status, data) = schemes(&json!({ "x": bearer }), &json!({ "renamedx": bearer }), &[]);
    assert_eq!(
        (status, &data["changes"][0]["change"]),
        (1, &json!("incomparable")),
        "{data}"
    );
    // Two schemes with the same content are ambiguous.
    let two = password("https://a.example/t");
    let (status, _) = schemes(
        &json!({ "x": two, "y": two }),
        &json!({ "renamedx": two, "renamedy": two }),
        &[],
    );
    assert_eq!(status, 1);
}

#[test]
fn a_scheme_that_changed_unused_does_not_fail() {
    let bearer = json!({ "type": "http", "scheme": "bearer" });
    let basic = json!({ "type": "http", "scheme": "basic" });
    let (status, data) = schemes(
        &json!({ "x": bearer, "unused": bearer }),
        &json!({ "x": bearer, "unused": basic }),
        &[],
    );
    assert_eq!(
        (status, &data["schemes"][0]["operations"], &data["schemes"][0]["fails"]),
        (0, &json!([]), &json!(false))
    );
}

#[test]
fn a_scheme_that_changed_is_marked_in_every_form() {
    let (old, new) = (
        json!({ "type": "http", "scheme": "bearer" }),
        json!({ "type": "http", "scheme": "basic" }),
    );
    let document = |scheme: &Value| {
        json!({ "openapi": "3.1.0", "info": { "title": "Desk", "version": "1" },
            "components": { "securitySchemes": { "x": scheme } }, "paths": { "/x": { "get": { "security": [{ "x": [] }] } } } })
    };
    let shell = Shell::with("old.json", &document(&old));
    shell.write("new.json", &document(&new).to_string());
    let text = |more: &[&str]| {
        shell
            .run(&[&["policy", "diff", "old.json", "new.json"], more].concat())
            .stdout
    };
    let markdown = text(&["--format", "markdown"]);
    let row = "| ⚠️ | `x` | `scheme` was `bearer` and is `basic` | 1 operation names it |";
    assert!(markdown.contains(row), "{markdown}");
    let human = text(&[]);
    assert!(
        human.contains("scheme       x (fails)") && human.contains("1 scheme changed"),
        "{human}"
    );
    let markdown = text(&["--format", "markdown", "--fail-on", "none"]);
    assert!(markdown.contains("|  | `x` |"), "{markdown}");
}

#[test]
fn a_new_public_operation_fails() {
    let add = |operation: Value| move |new: &mut Value| new["paths"]["/new"]["get"] = operation;
    for operation in [
        json!({ "security": [] }),
        json!({ "security": [{ "oauth": ["me"] }, {}] }),
        json!({}),
    ] {
        let (shell, status, data) = with(add(operation.clone()));
        assert_eq!(
            (status, &data["changes"][0]["change"]),
            (1, &json!("added")),
            "{operation}"
        );
        assert_eq!(
            (&data["changes"][0]["public"], &data["changes"][0]["fails"]),
            (&json!(true), &json!(true))
        );
        let run = |list: &str| {
            shell
                .policy(&["diff", "old.json", "new.json", "--fail-on", list])
                .status
        };
        assert_eq!(
            [
                run("weaker"),
                run("weaker, public"),
                run(" stronger ,added"),
                run("none")
            ],
            [0, 1, 1, 0]
        );
        assert_eq!((run("public"), run("none, added")), (1, 2));
        assert_eq!(run("everything"), 2);
    }
    let (_, status, data) = with(add(json!({ "security": [{ "oauth": ["me"] }] })));
    assert_eq!((status, &data["changes"][0]["public"]), (0, &json!(false)));
    // An operation that existed before is now public, too.
    let (shell, _, _) = with(|new| new["paths"]["/users/me/"]["get"]["security"] = json!([]));
    assert_eq!(
        shell
            .policy(&["diff", "old.json", "new.json", "--fail-on", "public"])
            .status,
        1
    );
}

#[test]
fn each_kind_of_change_can_fail() {
    let (shell, status, _) = with(|new| {
        new["paths"]["/health"]["get"]["security"] = json!([{ "oauth": ["me"] }]);
        new["paths"].as_object_mut().unwrap().remove("/status/");
    });
    let run = |list: &str| {
        shell
            .policy(&["diff", "old.json", "new.json", "--fail-on", list])
            .status
    };
    assert_eq!(
        (status, run("stronger"), run("removed"), run("added,weaker")),
        (0, 1, 1, 0)
    );
}

#[test]
fn a_moved_prefix_is_compared() {
    let moved = |new: &mut Value| {
        let paths = std::mem::take(&mut new["paths"]);
        let paths = paths
            .as_object()
            .unwrap()
            .iter()
            .map(|(path, item)| (format!("/v2{path}"), item.clone()));
        new["paths"] = Value::Object(paths.collect());
        new["paths"]["/v2/users/me/"]["get"]["security"] = json!([{ "oauth": ["items"] }]);
    };
    let (shell, _, data) = with(moved);
    assert_eq!(data["changes"].as_array().unwrap().len(), 12);
    let run = |maps: &[&str]| {
        let maps: Vec<&str> = maps.iter().flat_map(|map| ["--map", map]).collect();
        shell.policy(&[&["diff", "old.json", "new.json"], &maps[..]].concat())
    };
    for maps in [
        &["/=/v2"][..],
        &["/users=/v2/users", "/=/v2"],
        &["https://any.example/=/v2/"],
    ] {
        let data: Value = serde_json::from_str(&run(maps).stdout).unwrap();
        let changes = data["changes"].as_array().unwrap();
        assert_eq!(changes.len(), 1, "{maps:?} {data}");
        assert_eq!(
            (&changes[0]["path"], &changes[0]["change"]),
            (&json!("/v2/users/me/"), &json!("incomparable"))
        );
    }
    assert!(
        run(&["/nothing=/v2"])
            .complaint(2)
            .contains("no operation of OLD is below `/nothing`")
    );
    assert!(
        run(&["/=/v3"])
            .complaint(2)
            .contains("no operation of NEW is below `/v3`")
    );
    assert!(run(&["/v1"]).complaint(2).contains("is not OLD=NEW"));
}

/// Two authorization servers, and one operation of each.
fn two_servers(one: &str, other: &str, of_operations: [&str; 2]) -> Value {
    let [first, second] = of_operations;
    json!({
        "openapi": "3.1.0", "info": { "title": "Desk", "version": "1" },
        "components": { "securitySchemes": { "x": password(one), "y": password(other) } },
        "paths": {
            "/a": { "get": { "security": [{ first: [] }] } }, "/b": { "get": { "security": [{ second: [] }] } } },
    })
}

#[test]
fn a_scheme_that_changed_its_name_with_another_one_is_the_same() {
    let (a, b) = ("https://a.example/t", "https://b.example/t");
    let compared = |new: &Value| {
        let shell = Shell::with("old.json", &two_servers(a, b, ["x", "y"]));
        shell.write("new.json", &new.to_string());
        let run = shell.policy(&["diff", "old.json", "new.json"]);
        (run.status, serde_json::from_str::<Value>(&run.stdout).unwrap())
    };
    let (status, data) = compared(&two_servers(b, a, ["y", "x"]));
    assert_eq!(
        (status, data),
        (0, json!({ "changes": [], "schemes": [], "notes": [] })),
        "the names are exchanged, and the operations follow them"
    );
    let (status, data) = compared(&two_servers(b, a, ["x", "y"]));
    let changed: Vec<&Value> = data["schemes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| &change["scheme"])
        .collect();
    assert_eq!(
        (status, json!(changed)),
        (1, json!(["x", "y"])),
        "the servers are exchanged"
    );
    assert_eq!(data["changes"], json!([]));
    let (status, data) = compared(&two_servers(b, a, ["x", "x"]));
    assert_eq!((status, data["changes"].as_array().unwrap().len()), (1, 1), "{data}");
}
