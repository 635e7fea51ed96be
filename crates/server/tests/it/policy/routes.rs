//! `policy routes`

use serde_json::{Value, json};

use crate::policy::documents::{real, shop};
use crate::shell::Shell;

fn operation<'v>(data: &'v Value, method: &str, path: &str) -> &'v Value {
    let mut all = data["operations"].as_array().unwrap().iter();
    all.find(|operation| operation["method"] == method && operation["path"] == path)
        .expect("the operation")
}

#[test]
fn routes_lists_each_operation_with_its_requirement() {
    let data = Shell::with("shop.json", &shop())
        .policy(&["routes", "shop.json"])
        .json();
    assert_eq!(data["operations"].as_array().unwrap().len(), 6);
    let fields = |method, path| {
        let operation = operation(&data, method, path);
        ["access", "optional", "alternatives", "schemes"].map(|field| operation[field].clone())
    };
    let is = |access: &str, optional: bool, alternatives: Value, schemes: Value| {
        [json!(access), json!(optional), alternatives, schemes]
    };
    assert_eq!(
        fields("GET", "/users/me/items/"),
        is("scoped", false, json!([["items", "me"]]), json!([["oauth"]]))
    );
    assert_eq!(
        fields("GET", "/status/"),
        is("authenticated", false, json!([[]]), json!([["oauth"]]))
    );
    assert_eq!(fields("GET", "/health"), is("public", false, json!([]), json!([])));
    assert_eq!(
        fields("GET", "/items/{id}"),
        is("scoped", true, json!([["items"]]), json!([["oauth"]]))
    );
    let delete = operation(&data, "DELETE", "/items/{id}");
    let ways = delete["alternatives"]
        .as_array()
        .unwrap()
        .iter()
        .zip(delete["schemes"].as_array().unwrap());
    let ways: Vec<_> = ways.map(|(scopes, schemes)| json!([scopes, schemes])).collect();
    assert_eq!(ways.len(), 2);
    assert!(
        ways.contains(&json!([["admin"], ["oauth"]])) && ways.contains(&json!([[], ["key"]])),
        "{ways:?}"
    );
}

#[test]
fn people_read_an_aligned_table_with_counts_at_its_end() {
    let shell = Shell::with("shop.json", &shop());
    let text = shell.run(&["policy", "routes", "shop.json"]).stdout;
    assert!(text.starts_with("Shop 1 (OpenAPI 3.1)\n\nMETHOD  PATH"), "{text}");
    assert!(
        text.contains("GET     /users/me/items/  scoped            oauth: items + me\n"),
        "{text}"
    );
    assert!(text.ends_with("6 operations, 3 of 3 declared scopes used\n"), "{text}");
}

#[test]
fn broken_document_is_reported_with_its_position() {
    let shell = Shell::with("broken.json", &json!({ "openapi": "3.1.0", "paths": [] }));
    let piped = shell.run_with(&["policy", "routes", "-"], &shop().to_string(), &[]);
    assert!(piped.stdout.contains("/users/me/items/"), "{}", piped.stderr);
    let broken = shell.policy(&["routes", "broken.json"]);
    assert_eq!(
        broken.complaint(2),
        "`broken.json` is not a policy (line 1, column 28): `/paths`: must be an object"
    );
    let absent = shell.policy(&["routes", "absent.json"]);
    assert!(
        absent.complaint(2).starts_with("`absent.json` cannot be read: "),
        "{}",
        absent.stderr
    );
}

#[test]
fn real_interfaces_have_as_many_operations_and_scopes_as_counted_by_others() {
    for (name, operations, declared, used) in [
        ("slack.json", 174, 67, 61),
        ("spotify.json", 97, 19, 17),
        ("xero-accounting.json", 235, 16, 13),
    ] {
        let Some(path) = real(name) else { continue };
        let data = Shell::new().policy(&["routes", path.to_str().unwrap()]).json();
        assert_eq!(data["operations"].as_array().unwrap().len(), operations, "{name}");
        let counts = &data["counts"];
        assert_eq!(
            (&counts["scopes_declared"], &counts["scopes_used"]),
            (&json!(declared), &json!(used)),
            "{name}"
        );
    }
}
