//! `policy lint`, `policy least`, `policy usage`, `policy mine`, `policy export`

use serde_json::{Value, json};

use crate::policy::documents::{real, shop};
use crate::shell::{Run, Shell};

/// All findings of a document.
fn findings(run: &Run) -> Vec<Value> {
    let data: Value = serde_json::from_str(&run.stdout).expect("JSON alone on standard output");
    let findings = data["findings"].as_array().unwrap().clone();
    let is_bad = findings.iter().any(|finding| finding["severity"] != "info");
    assert_eq!(run.status, i32::from(is_bad), "{}", run.stderr);
    findings
}

#[test]
fn finding_names_its_rule_and_operation() {
    let mut document = shop();
    document["paths"]["/items/{id}"]["get"]["security"] = json!([{ "oauth": ["itmes"] }, { "ouath": [] }]);
    document["paths"]["/weather"] = json!({
        "get": { "security": [], "responses": { "401": {} } },
        "post": { "security": [{ "oauth": [] }] },
    });
    let shell = Shell::with("shop.json", &document);
    let found = findings(&shell.policy(&["lint", "shop.json"]));
    let has = |rule: &str, method: &str, path: &str| {
        found.iter().any(|finding| {
            (&finding["rule"], &finding["method"], &finding["path"]) == (&json!(rule), &json!(method), &json!(path))
        })
    };
    assert!(has("undeclared-scope", "GET", "/items/{id}"), "{found:?}");
    assert!(has("undefined-scheme", "GET", "/items/{id}"), "{found:?}");
    assert!(has("unprotected-operation", "GET", "/weather"), "{found:?}");
    assert!(has("token-without-scope", "POST", "/weather"), "{found:?}");
    let markdown = shell.run(&["policy", "lint", "shop.json", "--format", "markdown"]);
    assert!(
        markdown.stdout.contains("| unprotected-operation | `GET /weather` |"),
        "{}",
        markdown.stdout
    );
}

#[test]
fn a_policy_without_a_flaw_has_no_findings() {
    let document = json!({
        "openapi": "3.1.0", "info": { "title": "Notes", "version": "1" },
        "components": { "securitySchemes": { "oauth": { "type": "oauth2", "flows": { "password": {
            "tokenUrl": "token", "scopes": { "notes": "" } } } } } },
        "paths": { "/notes": { "get": { "security": [{ "oauth": ["notes"] }] } } },
    });
    let shell = Shell::with("notes.json", &document);
    assert_eq!(findings(&shell.policy(&["lint", "notes.json"])), Vec::<Value>::new());
    assert_eq!(
        shell.run(&["policy", "lint", "notes.json"]).stdout,
        "0 findings in 1 operation\n"
    );
}

#[test]
fn real_interfaces_have_the_flaws_that_they_are_known_for() {
    for (name, rule, count) in [
        ("xero-accounting.json", "or-written-as-and", 108),
        ("slack.json", "several-scopes-together", 25),
        ("spotify.json", "several-scopes-together", 15),
        // Any token may read the public catalogue.
        ("spotify.json", "token-without-scope", 0),
    ] {
        let Some(path) = real(name) else { continue };
        let found = findings(&Shell::new().policy(&["lint", path.to_str().unwrap()]));
        assert_eq!(
            found
                .iter()
                .filter(|finding| finding["rule"] == rule)
                .map(|finding| finding["operations"].as_array().unwrap().len())
                .sum::<usize>(),
            count,
            "{name}"
        );
    }
}

#[test]
fn the_fewest_scopes_for_some_operations() {
    let shell = Shell::with("shop.json", &shop());
    let least = |operations: &[&str]| {
        let flags: Vec<&str> = operations
            .iter()
            .flat_map(|operation| ["--operation", operation])
            .collect();
        shell.policy(&[&["least", "shop.json"], flags.as_slice()].concat())
    };
    let both = least(&["GET /users/me/items/", "GET /users/me/"]).json();
    assert_eq!(
        both,
        json!({ "sets": [["items", "me"]], "optimal": true, "in_addition": [], "without_scopes": [], "unreachable": [], "notes": [] })
    );
    // `admin` implies `items`, so two scopes suffice for three operations.
    let three = least(&["GET /users/me/items/", "GET /users/me/", "DELETE /items/7"]).json();
    assert_eq!(three["sets"], json!([["admin", "me"]]));
    assert_eq!(least(&["GET /health"]).json()["sets"], json!([[]]));
    assert_eq!(
        least(&["GET"]).complaint(2),
        "`GET` is not a method, a space and a path"
    );
}

#[test]
fn scopes_that_no_call_of_a_log_needs_can_be_taken_away() {
    let shell = Shell::with("shop.json", &shop());
    shell.write(
        "calls.log",
        "GET /users/me/\nGET /users/me/?full=1 200\nnothing at all\n\n127.0.0.1 - - [x] \"GET /nowhere HTTP/1.1\" 404 0\n",
    );
    let run = shell.policy(&["usage", "shop.json", "calls.log", "--scope", "me items"]);
    assert_eq!(run.stderr, "");
    assert_eq!(
        serde_json::from_str::<Value>(&run.stdout).unwrap(),
        json!({
            "needed": ["me"], "unneeded": ["items"], "complete": true, "optimal": true,
            "refused_calls": [], "unknown_calls": [], "more_unknown_calls": 0, "answered_no": 1, "preflights": 0,
            "notes": [], "lines_without_call": { "count": 1, "unread": 0, "examples": [{ "line": 3, "text": "nothing at all" }] },
        })
    );
    shell.write("none.log", "hello\n");
    assert_eq!(
        shell.policy(&["usage", "shop.json", "none.log"]).complaint(2),
        "`none.log` contains no call"
    );
}

#[test]
fn edges_that_the_operations_suggest() {
    let mut document = shop();
    document["paths"]["/items/{id}"]["get"]["security"] = json!([{ "oauth": ["items"] }, { "oauth": ["me"] }]);
    let data = Shell::with("shop.json", &document)
        .policy(&["mine", "shop.json"])
        .json();
    let edges: Vec<(&str, &str)> = data["edges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| (edge["strong"].as_str().unwrap(), edge["weak"].as_str().unwrap()))
        .collect();
    assert!(edges.contains(&("me", "items")), "{data}");
}

#[test]
fn every_form_that_a_policy_is_written_in_means_the_same() {
    let shell = Shell::with("shop.json", &shop());
    let write = |form: &str, name: &str| {
        let run = shell.run(&["policy", "export", "shop.json", "--to", form]);
        assert_eq!(run.status, 0, "{}", run.stderr);
        shell.write(name, &run.stdout);
    };
    write("toml", "shop.toml");
    write("openapi", "shop2.json");
    for other in ["shop.toml", "shop2.json"] {
        let changes = shell.policy(&["diff", "shop.json", other]).json();
        assert_eq!(changes, json!({ "changes": [], "schemes": [], "notes": [] }), "{other}");
    }
    let canonical = |name: &str| shell.run(&["policy", "export", name, "--to", "canonical"]).stdout;
    assert_eq!(canonical("shop.toml"), canonical("shop.json"));
    assert!(canonical("shop.json").starts_with('{'));
}

#[test]
fn what_a_publisher_calls_least_privilege_is_compared_with_what_is() {
    let document = json!({ "permissions": {
        "Read": { "schemes": { "Work": {} }, "pathSets": [
            { "schemeKeys": ["Work"], "methods": ["GET"], "paths": { "/notes": "", "/tags": "least=Work,App" } }] },
        "Write": { "schemes": { "Work": {} }, "pathSets": [
            { "schemeKeys": ["Work"], "methods": ["GET", "PUT"], "paths": { "/notes": "least=Work", "/tags": "" } }] },
    } });
    let shell = Shell::with("graph.json", &document);
    let compared = shell.policy(&["least", "graph.json"]);
    assert_eq!((compared.status, compared.stderr.as_str()), (1, ""));
    let compared: Value = serde_json::from_str(&compared.stdout).unwrap();
    let mark = |method: &str, path: &str, scheme: &str, scope: &str| json!({ "scheme": scheme, "method": method, "path": path, "scope": scope, "beside": [] });
    let mut dominated = mark("GET", "/notes", "Work", "Write");
    dominated["instead"] = json!(["Read"]);
    assert_eq!(
        compared,
        json!({
            "marks": 4, "least": 2, "pairs": 4,
            "dominated": [dominated],
            "opening_nothing": [mark("GET", "/tags", "App", "Read")],
            "unmarked": [{ "scheme": "Work", "method": "PUT", "path": "/tags" }],
            "notes": [],
        })
    );
    let human = shell.run(&["policy", "least", "graph.json"]).stdout;
    assert!(human.contains("Work    Write   Read      GET /notes\n"), "{human}");
    assert!(
        human.ends_with(
            "4 marks: 2 are the least, 1 are not, 1 open nothing; 1 of 4 operations, counted for each scheme, have none\n"
        ),
        "{human}"
    );
    shell.write("shop.json", &shop().to_string());
    let without = shell.policy(&["least", "shop.json"]);
    assert!(without.complaint(2).contains("--operation"), "{}", without.stderr);
}

#[test]
fn marks_of_a_real_interface_are_not_all_the_least() {
    let Some(path) = real("msgraph-permissions.json") else {
        return;
    };
    let compared = Shell::new().policy(&["least", path.to_str().unwrap()]);
    let compared: Value = serde_json::from_str(&compared.stdout).unwrap();
    let count = |of: &str| compared[of].as_array().unwrap().len();
    assert_eq!(
        (&compared["marks"], &compared["least"]),
        (&json!(25_638), &json!(24_231))
    );
    assert_eq!(
        (count("dominated"), count("opening_nothing"), count("unmarked")),
        (1_407, 0, 452)
    );
}
