//! The messages about the files of a document, and about their content.

use serde_json::{Value, json};

use crate::policy::documents::shop;
use crate::shell::Shell;

const API: &str = "openapi: 3.1.0
components:
  securitySchemes:
    login: { $ref: 'common/security.yaml#/login' }
paths:
  /lamps: { get: { $ref: common/list.yaml } }
";

fn lamps() -> Shell {
    let shell = Shell::new();
    std::fs::create_dir_all(shell.path().join("api/common")).unwrap();
    std::fs::create_dir_all(shell.path().join("other")).unwrap();
    shell.write("api/api.yaml", API);
    shell.write(
        "api/common/security.yaml",
        "login: { type: oauth2, flows: { password: { tokenUrl: t, scopes: { see: x } } } }",
    );
    shell.write("api/common/list.yaml", "security: [{ login: [see] }]");
    shell
}

#[test]
fn a_description_in_several_files_is_read_by_each_command() {
    let shell = lamps();
    let answer = shell.policy(&["can-i", "api/api.yaml", "--scope", "see"]).json();
    assert_eq!(answer["operations"], json!([{ "method": "GET", "path": "/lamps" }]));
    let answer = shell.policy(&["who-can", "api/api.yaml", "GET", "/lamps"]).json();
    assert_eq!(answer["sets"], json!([["see"]]));
}

#[test]
fn a_folder_is_allowed_by_an_option() {
    let shell = lamps();
    shell.write("api/two.yaml", &API.replace("common/list.yaml", "../other/list.yaml"));
    shell.write("other/list.yaml", "security: []");
    let refused = shell.policy(&["routes", "api/two.yaml"]);
    let said = refused.complaint(2);
    for word in ["`../other/list.yaml`", "/paths/~1lamps/get", "line 6", "--allow-root"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let allowed = shell
        .policy(&["routes", "api/two.yaml", "--allow-root", "other"])
        .json();
    assert_eq!(allowed["operations"][0]["access"], "public");
    let missing = shell.policy(&["routes", "api/two.yaml", "--allow-root", "nowhere"]);
    assert!(missing.complaint(2).contains("`nowhere`"), "{}", missing.stderr);
}

#[test]
fn standard_input_has_the_folder_that_an_option_names() {
    let shell = lamps();
    let line = ["policy", "--format", "json", "routes", "-"];
    let refused = shell.run_with(&line, API, &[]);
    assert!(refused.complaint(2).contains("--base"), "{}", refused.stderr);
    let read = shell.run_with(&[&line[..], &["--base", "api"]].concat(), API, &[]);
    assert_eq!(read.json()["operations"][0]["alternatives"], json!([["see"]]));
    let unused = shell.policy(&["routes", "api/api.yaml", "--base", "api"]);
    assert!(unused.complaint(2).contains("`--base`"), "{}", unused.stderr);
}

#[test]
fn an_address_is_refused_as_a_url() {
    let shell = Shell::with("shop.json", &shop());
    for line in [
        &["routes", "https://example.com/api.yaml"][..],
        &["lint", "HTTP://example.com/api.yaml"],
        &["diff", "shop.json", "https://example.com/api.yaml"],
        &["routes", "file:///tmp/api.yaml"],
    ] {
        let refused = shell.policy(line);
        assert!(refused.complaint(2).contains("is a URL"), "{}", refused.stderr);
    }
}

#[test]
fn notes_are_in_each_answer_and_on_standard_error() {
    let mut document = shop();
    document["paths"]["/health"]["get"]["security"] = json!([{ "oauth": null }]);
    let shell = Shell::with("shop.json", &document);
    shell.write("calls.log", "GET /users/me/\n");
    let pointer = "/paths/~1health/get/security/0/oauth";
    for line in [
        &["routes", "shop.json"][..],
        &["lint", "shop.json"],
        &["explain", "shop.json", "GET", "/status/", "--scope", "me"],
        &["can-i", "shop.json", "--scope", "me"],
        &["who-can", "shop.json", "GET", "/status/"],
        &["least", "shop.json", "--operation", "GET /status/"],
        &["usage", "shop.json", "calls.log"],
        &["mine", "shop.json"],
        &["graph", "shop.json", "--output", "shop.svg"],
        &["diff", "shop.json", "shop.json"],
        &["export", "shop.json", "--to", "openapi"],
    ] {
        let run = shell.policy(line);
        let answer: Value = serde_json::from_str(&run.stdout).unwrap();
        let notes = answer.get("notes").or_else(|| answer.get("x-scopegate-notes")).unwrap();
        let notes = notes.as_array().unwrap();
        let found = notes.iter().find(|note| note["kind"] == "null").unwrap();
        assert_eq!(found["pointer"], pointer, "{line:?}");
        assert_eq!((&found["file"], &found["line"]), (&Value::Null, &json!(1)), "{line:?}");
        assert!(found["column"].is_u64() && found["message"].is_string(), "{line:?}");
        assert!(run.stderr.contains(pointer), "{line:?}: {}", run.stderr);
        if line[0] == "diff" {
            let sides: Vec<&Value> = notes.iter().map(|note| &note["side"]).collect();
            assert_eq!(sides, ["old", "new"]);
        }
    }
}

#[test]
fn many_notes_are_counted_on_standard_error() {
    let paths: serde_json::Map<String, Value> = (0..50)
        .map(|number| (format!("/{number}"), json!({ "get": { "deprecated": true } })))
        .collect();
    let shell = Shell::with("old.json", &json!({ "openapi": "3.1.0", "paths": paths }));
    let run = shell.policy(&["routes", "old.json"]);
    assert_eq!(run.stderr.lines().count(), 21, "{}", run.stderr);
    assert!(
        run.stderr
            .ends_with("30 more notes on `old.json`; `--format json` lists them\n"),
        "{}",
        run.stderr
    );
    assert_eq!(run.json()["notes"].as_array().unwrap().len(), 50);
}
