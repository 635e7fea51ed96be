//! `policy diff`

use serde_json::{Value, json};

use crate::documents::shop;
use crate::shell::Shell;

/// The shop, changed.
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
    assert_eq!((status, data), (0, json!({ "changes": [] })));
    let text = shell.run(&["policy", "diff", "old.json", "new.json"]).stdout;
    assert_eq!(text, "0 weaker, 0 incomparable, 0 added, 0 stronger, 0 removed\n");
}

#[test]
fn a_scope_that_is_no_longer_asked_for_opens_an_operation() {
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
            .contains("| ⚠️ | `GET /users/me/items/` | weaker | a request with `me` is let in now |"),
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
fn what_only_became_stricter_is_no_news_for_an_exit_status() {
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
fn another_scope_in_its_place_is_incomparable_and_separated_both_ways() {
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
        let row = format!("|  | {place} | added | a request without a credential is let in now |\n");
        assert!(markdown.stdout.contains(&row), "{row}\n{}", markdown.stdout);
    }
}
