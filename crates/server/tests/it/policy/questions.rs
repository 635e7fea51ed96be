//! `policy explain`, `policy can-i`, `policy who-can`, `policy graph`

use serde_json::{Value, json};

use crate::policy::documents::shop;
use crate::shell::{Run, Shell};

/// The data of a command with a negative answer.
fn said_no(run: &Run) -> Value {
    assert_eq!((run.status, run.stderr.as_str()), (1, ""), "{}", run.stdout);
    serde_json::from_str(&run.stdout).expect("JSON alone on standard output")
}

#[test]
fn denial_lists_missing_facts_and_the_response() {
    let shell = Shell::with("shop.json", &shop());
    let explain = |line: &[&str]| shell.policy(&[&["explain", "shop.json"], line].concat());
    let denied = said_no(&explain(&["GET", "/users/me/items/", "--scope", "me"]));
    assert_eq!((&denied["decision"], &denied["status"]), (&json!("deny"), &json!(403)));
    assert_eq!(denied["missing"], json!([["items"]]));
    let challenge = denied["challenge"].as_str().unwrap();
    assert!(challenge.contains(r#"error="insufficient_scope""#), "{challenge}");
    assert!(challenge.ends_with(r#"scope="items me""#), "{challenge}");
    assert_eq!(denied["tree"][0]["satisfied"], false);

    let allowed = explain(&["get", "/users/me/items/", "--scope", "me items"]).json();
    assert_eq!(
        (
            &allowed["decision"],
            &allowed["status"],
            &allowed["challenge"],
            &allowed["missing"]
        ),
        (&json!("allow"), &json!(200), &Value::Null, &json!([]))
    );
    let tutorial = said_no(&explain(&[
        "GET",
        "/users/me/",
        "--scope",
        "items",
        "--profile",
        "tutorial",
    ]));
    assert_eq!(
        (&tutorial["status"], &tutorial["challenge"]),
        (&json!(401), &json!(r#"Bearer scope="me""#))
    );
}

#[test]
fn cause_of_denial_is_named() {
    let shell = Shell::with("shop.json", &shop());
    let asked = ["GET", "/users/me/items/", "--scope", "me", "--client-scope", "me admin"];
    let explain = |more: &[&str]| said_no(&shell.policy(&[&["explain", "shop.json"], &asked[..], more].concat()));
    // `admin` implies `items`, so only the request is a cause of the denial.
    let in_the_way = |more: &[&str]| explain(more)["in_the_way"].clone();
    assert_eq!(in_the_way(&[]), json!([{ "missing": "items", "who": ["request"] }]));
    let short = ["--user-scope", "me", "--consented", "me"];
    assert_eq!(
        in_the_way(&short),
        json!([{ "missing": "items", "who": ["user", "consent"] }])
    );
    let disjoint = in_the_way(&["--user-scope", "me items"]);
    assert_eq!(disjoint, json!([{ "missing": "items", "who": ["disjoint"] }]));
    assert_eq!(explain(&[])["tree"][0]["present"], json!(["me"]));

    let human = shell.run(&[&["policy", "explain", "shop.json"], &asked[..], &short].concat());
    assert_eq!(
        human.stdout.lines().take(4).collect::<Vec<_>>(),
        [
            "GET /users/me/items/: denied, scope is missing: `items`",
            "└── requires items and me: missing items (there: me)",
            "to be added: items",
            "in the way of items: user does not allow it, and consent does not allow it",
        ]
    );
}

#[test]
fn decision_tree_has_no_colors_outside_terminals() {
    let shell = Shell::new();
    let policy = r#"
        [schemes.oauth]
        kind = "oauth2"
        scopes = { a = "", b = "" }
        [guards.user]
        requires = "user"
        [guards.left]
        requires = "a"
        on = ["user"]
        [guards.right]
        requires = "b"
        [[operations]]
        method = "GET"
        path = "/"
        behind = ["left", "right"]
    "#;
    shell.write("tree.toml", policy);
    let run = shell.run(&[
        "policy",
        "explain",
        "tree.toml",
        "GET",
        "/",
        "--scope",
        "a",
        "--lacking",
        "user",
    ]);
    assert_eq!((run.status, run.stderr.as_str()), (1, ""));
    let tree: Vec<&str> = run.stdout.lines().filter(|line| line.contains("──")).collect();
    assert_eq!(
        tree,
        [
            "├── left (sees a): satisfied",
            "│   └── user (sees a): missing user (there: authenticated)",
            "└── right (sees b): missing b (there: scheme:oauth)",
        ]
    );
}

#[test]
fn explain_accepts_paths_schemes_and_anonymous_requests() {
    let shell = Shell::with("shop.json", &shop());
    let explain = |line: &[&str]| shell.policy(&[&["explain", "shop.json"], line].concat());
    let nobody = said_no(&explain(&["DELETE", "/items/42"]));
    assert_eq!(nobody["operation"], "DELETE /items/{id}");
    assert_eq!(nobody["status"], 401);
    assert!(nobody["challenge"].as_str().unwrap().contains("APIKey"), "{nobody}");
    assert_eq!(
        explain(&["DELETE", "/items/42", "--scheme", "key"]).json()["decision"],
        "allow"
    );
    assert_eq!(explain(&["GET", "/items/42"]).json()["decision"], "allow", "optional");
    let unauthorized = said_no(&explain(&[
        "GET",
        "/status/",
        "--scope",
        "",
        "--lacking",
        "authenticated",
    ]));
    assert_eq!(unauthorized["status"], 401);
    assert_eq!(explain(&["GET", "/status/", "--scope", ""]).json()["decision"], "allow");
}

#[test]
fn unknown_name_is_reported_with_the_nearest() {
    let shell = Shell::with("shop.json", &shop());
    let complaint = |line: &[&str]| shell.policy(line).complaint(2).to_owned();
    assert_eq!(
        complaint(&["explain", "shop.json", "GET", "/users/mee"]),
        "the policy has no operation `GET /users/mee`; did you mean `GET /users/me/`?"
    );
    // If the path has another method, that operation is the nearest.
    assert_eq!(
        complaint(&["explain", "shop.json", "DELETE", "/users/me/?page=1"]),
        "the policy has no operation `DELETE /users/me/?page=1`; did you mean `GET /users/me/`?"
    );
    assert_eq!(
        complaint(&["explain", "shop.json", "FETCH", "/"]),
        "bad method `FETCH`: not a method of an operation"
    );
    assert_eq!(
        complaint(&["can-i", "shop.json", "--scheme", "kee"]),
        "the policy has no scheme `kee`; did you mean `key`?"
    );
    assert_eq!(
        complaint(&["can-i", "shop.json", "--scope", "item"]),
        "the policy has no scope `item`; did you mean `items`?"
    );
}

#[test]
fn a_token_opens_what_its_scopes_and_all_that_they_imply_open() {
    let shell = Shell::with("shop.json", &shop());
    let open = |held: &[&str]| {
        let data = shell.policy(&[&["can-i", "shop.json"], held].concat()).json();
        let operations = data["operations"].as_array().unwrap().iter();
        let label = |operation: &Value| {
            format!(
                "{} {}",
                operation["method"].as_str().unwrap(),
                operation["path"].as_str().unwrap()
            )
        };
        operations.map(label).collect::<Vec<_>>()
    };
    assert_eq!(open(&[]), ["GET /health", "GET /items/{id}"]);
    assert_eq!(
        open(&["--scope", "admin"]),
        ["GET /status/", "GET /health", "GET /items/{id}", "DELETE /items/{id}"]
    );
    assert_eq!(open(&["--scope", "me items admin"]).len(), 6);
}

#[test]
fn the_smallest_sets_that_open_an_operation() {
    let shell = Shell::with("shop.json", &shop());
    let who = |path: &str, method: &str| shell.policy(&["who-can", "shop.json", method, path]).json();
    let items = who("/users/me/items/", "GET");
    assert_eq!(
        (&items["sets"], &items["optimal"]),
        (&json!([["items", "me"]]), &json!(true))
    );
    let delete = who("/items/{id}", "DELETE");
    assert_eq!(delete["sets"], json!([[], ["admin"]]));
    assert_eq!(delete["schemes"], json!([["key"], ["oauth"]]));
}

#[test]
fn a_picture_is_written_as_its_name_says() {
    let shell = Shell::with("shop.json", &shop());
    for (name, begin) in [("p.svg", "<svg"), ("p.html", "<!DOCTYPE html>"), ("p.dot", "digraph")] {
        let data = shell.policy(&["graph", "shop.json", "--output", name]).json();
        assert_eq!(data["operations"], 6);
        let text = std::fs::read_to_string(shell.path().join(name)).unwrap();
        assert!(text.starts_with(begin) && text.contains("/users/me/items/"), "{name}");
    }
    let other = shell.policy(&["graph", "shop.json", "--output", "p.png"]);
    assert_eq!(
        other.complaint(2),
        "`p.png` ends in none of `.svg`, `.html` and `.dot`; add `--as svg`, `--as html` or `--as dot`"
    );
    let named = shell
        .policy(&["graph", "shop.json", "--output", "p.png", "--as", "dot"])
        .json();
    assert_eq!(named["output"], "p.png");
    let text = std::fs::read_to_string(shell.path().join("p.png")).unwrap();
    assert!(text.starts_with("digraph"), "{text}");
}

#[test]
fn a_picture_on_standard_output_is_the_picture_alone() {
    let shell = Shell::with("shop.json", &shop());
    let cases: [(&[&str], &str, &str); 4] = [
        (&[], "<svg", "</svg>\n"),
        (&["--as", "svg"], "<svg", "</svg>\n"),
        (&["--as", "html"], "<!DOCTYPE html>", "</html>\n"),
        (&["--as", "dot"], "digraph", "}\n"),
    ];
    for (format, begin, end) in cases {
        let line = [&["policy", "graph", "shop.json", "--output", "-"], format].concat();
        let run = shell.run_with(&line, "", &[]);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{format:?}");
        assert!(run.stdout.starts_with(begin) && run.stdout.ends_with(end), "{format:?}");
        let file = [&["graph", "shop.json", "--output", "picture.svg"], format].concat();
        shell.policy(&file).json();
        let file = std::fs::read_to_string(shell.path().join("picture.svg")).unwrap();
        assert_eq!(run.stdout, file, "{format:?}");
        let json = shell.run_with(&[&line[..], &["--format", "json"]].concat(), "", &[]);
        assert_eq!((json.status, json.stdout), (0, file), "{format:?}");
    }
    assert!(!shell.path().join("-").exists());
    let refused = shell.run_with(
        &["policy", "graph", "shop.json", "--output", "-", "--format", "sarif"],
        "",
        &[],
    );
    assert_eq!((refused.status, refused.stdout.as_str()), (2, ""));
    let unknown = shell.run_with(
        &["policy", "graph", "shop.json", "--output", "-", "--as", "png"],
        "",
        &[],
    );
    assert_eq!((unknown.status, unknown.stdout.as_str()), (2, ""));
}
