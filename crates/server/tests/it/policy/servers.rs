//! Tokens of authorization servers.

use serde_json::{Value, json};

use crate::shell::{Run, Shell};

/// A scheme of the OAuth 2.0 client credentials flow with these scopes.
fn client_credentials(token_url: &str, scopes: &[&str]) -> Value {
    let scopes: serde_json::Map<String, Value> = scopes.iter().map(|scope| ((*scope).to_owned(), json!(""))).collect();
    json!({ "type": "oauth2", "flows": { "clientCredentials": { "tokenUrl": token_url, "scopes": scopes } } })
}

/// Operations of these schemes and scopes: each a path and its `security`.
fn document(schemes: &Value, operations: &[(&str, Value)]) -> Value {
    let paths: serde_json::Map<String, Value> = operations
        .iter()
        .map(|(path, security)| ((*path).to_owned(), json!({ "get": { "security": security } })))
        .collect();
    json!({
        "openapi": "3.1.0", "info": { "title": "Bank", "version": "1" },
        "components": { "securitySchemes": schemes }, "paths": paths
    })
}

/// Two servers that declare the scope `ledger`, and one of them `mandates`.
fn bank() -> Value {
    let schemes = json!({
        "app": client_credentials("https://bank.example/token", &["ledger", "mandates"]),
        "the owner": client_credentials("https://login.example/token", &["ledger"]),
    });
    let operations = [
        ("/app", json!([{ "app": ["ledger"] }])),
        ("/mandates", json!([{ "app": ["mandates", "ledger"] }])),
        ("/owner", json!([{ "the owner": ["ledger"] }])),
        ("/both", json!([{ "app": ["ledger"], "the owner": ["ledger"] }])),
        ("/any", json!([{ "app": [] }, { "the owner": [] }])),
        ("/each", json!([{ "app": [], "the owner": [] }])),
    ];
    document(&schemes, &operations)
}

fn paths(run: &Run) -> Vec<String> {
    let data = run.json();
    let path = |operation: &Value| operation["path"].as_str().unwrap().to_owned();
    data["operations"].as_array().unwrap().iter().map(path).collect()
}

#[test]
fn a_token_is_of_one_server() {
    let shell = Shell::with("bank.json", &bank());
    let can_i = |tokens: &[&str]| {
        let mut line = vec!["can-i", "bank.json"];
        for token in tokens {
            line.extend(["--scope", *token]);
        }
        shell.policy(&line)
    };
    let opened = |tokens: &[&str]| paths(&can_i(tokens));
    assert_eq!(opened(&["ledger of app"]), ["/app", "/any"]);
    assert_eq!(opened(&["ledger of the owner"]), ["/owner", "/any"]);
    assert_eq!(opened(&["ledger of `the owner`"]), ["/owner", "/any"]);
    // The other name identifies the scheme of the token.
    assert_eq!(opened(&["ledger mandates"]), ["/app", "/mandates", "/any"]);
    let all = ["/app", "/owner", "/both", "/any", "/each"];
    assert_eq!(opened(&["ledger of app", "ledger of the owner"]), all);
    // A request presents one token of each server, so two tokens of one server do not add up.
    assert_eq!(opened(&["ledger of app", "mandates"]), ["/app", "/any"]);
    assert_eq!(opened(&["", ""]), ["/any", "/each"]);
    assert_eq!(opened(&[""]), ["/any"]);

    let ambiguous = can_i(&["ledger"]);
    assert_eq!(
        ambiguous.complaint(2),
        "scope `ledger` is declared by several authorization servers; write `ledger of app` or `ledger of `the owner``"
    );
    let apart = can_i(&["mandates ledger of the owner"]);
    assert!(
        apart.complaint(2).starts_with("no authorization server declares all"),
        "{}",
        apart.stderr
    );
}

#[test]
fn every_command_says_whose_a_scope_is() {
    let shell = Shell::with("bank.json", &bank());
    let least = |paths: &[&str]| {
        let operations: Vec<String> = paths.iter().map(|path| format!("GET {path}")).collect();
        let mut line = vec!["least", "bank.json"];
        for operation in &operations {
            line.extend(["--operation", operation]);
        }
        shell.policy(&line).json()["sets"].clone()
    };
    assert_eq!(
        least(&["/app", "/owner"]),
        json!([["ledger of app", "ledger of `the owner`"]])
    );
    assert_eq!(least(&["/both"]), json!([["ledger of app", "ledger of `the owner`"]]));
    assert_eq!(least(&["/owner"]), json!([["ledger of `the owner`"]]));
    let who = |path: &str| shell.policy(&["who-can", "bank.json", "GET", path]).json()["sets"].clone();
    assert_eq!(who("/both"), json!([["ledger of `the owner`", "ledger of app"]]));
    assert_eq!(who("/any"), json!([[], []]));
    let human = shell
        .run(&["policy", "least", "bank.json", "--operation", "GET /both"])
        .stdout;
    assert!(human.starts_with("ledger of app ledger of `the owner`\n"), "{human}");

    shell.write("log", "GET /owner\n");
    let usage = |tokens: &[&str]| {
        let mut line = vec!["usage", "bank.json", "log"];
        for token in tokens {
            line.extend(["--scope", *token]);
        }
        shell.policy(&line)
    };
    let used = usage(&["ledger of app", "ledger of the owner"]).json();
    assert_eq!(
        (&used["needed"], &used["unneeded"]),
        (&json!(["ledger of `the owner`"]), &json!(["ledger of app"]))
    );
    assert_eq!(usage(&[]).json()["needed"], json!(["ledger of `the owner`"]));
    assert_eq!(usage(&["ledger"]).status, 2);
    assert_eq!(usage(&["ledger of app", "mandates of app"]).status, 2);
}

#[test]
fn explain_says_whose_a_scope_is() {
    let shell = Shell::with("bank.json", &bank());
    let explain = |path: &str, token: &str| shell.policy(&["explain", "bank.json", "GET", path, "--scope", token]);
    assert_eq!(explain("/owner", "ledger of the owner").json()["decision"], "allow");
    let denied = explain("/owner", "ledger of app");
    assert_eq!(denied.status, 1);
    assert_eq!(explain("/owner", "ledger").status, 2);
    let ceiling = [
        "explain",
        "bank.json",
        "GET",
        "/owner",
        "--scope",
        "ledger of the owner",
        "--client-scope",
    ];
    assert_eq!(shell.policy(&[&ceiling[..], &["ledger"]].concat()).status, 2);
    assert_eq!(
        shell
            .policy(&[&ceiling[..], &["ledger of app mandates"]].concat())
            .status,
        0
    );

    let both = explain("/both", "ledger of app");
    assert_eq!(both.status, 1);
    let both: Value = serde_json::from_str(&both.stdout).unwrap();
    assert_eq!(both["missing"], json!([["ledger of `the owner`"]]));
    assert_eq!(both["in_the_way"][0]["missing"], "ledger of `the owner`");
    let tree = &both["tree"][0];
    assert_eq!(
        (&tree["present"], &tree["missing"]),
        (&json!(["ledger of app"]), &json!([["ledger of `the owner`"]]))
    );
    let human = shell
        .run(&[
            "policy",
            "explain",
            "bank.json",
            "GET",
            "/both",
            "--scope",
            "ledger of app",
        ])
        .stdout;
    for line in [
        "missing ledger of `the owner` (there: ledger of app)",
        "to be added: ledger of `the owner`",
    ] {
        assert!(human.contains(line), "{human}");
    }
}

#[test]
fn explain_writes_the_scheme_in_the_reason_and_in_guards() {
    let shell = Shell::with("bank.json", &bank());
    let run = |document: &str, path: &str, token: &str, format: &str| {
        let line = ["explain", document, "GET", path, "--scope", token, "--format", format];
        shell.run(&[&["policy"], &line[..]].concat()).stdout
    };
    let human = run("bank.json", "/both", "ledger of app", "human");
    assert_eq!(
        human.lines().next().unwrap(),
        "GET /both: denied, no credential for `the owner`"
    );
    assert!(
        human.contains("requires ledger of app and ledger of `the owner`"),
        "{human}"
    );
    let human = run("bank.json", "/mandates", "ledger of app", "human");
    for line in [
        "GET /mandates: denied, scope is missing: `mandates of app`\n",
        "requires mandates of app and ledger of app: missing mandates of app (there: ledger of app)\n",
        "to be added: mandates of app\n",
    ] {
        assert!(human.contains(line), "{human}");
    }
    assert!(
        human.contains("scope=\"mandates ledger\""),
        "the challenge names scopes alone: {human}"
    );
    let data: Value = serde_json::from_str(&run("bank.json", "/mandates", "ledger of app", "json")).unwrap();
    assert_eq!(data["tree"][0]["guard"], "requires mandates of app and ledger of app");

    // In TOML a scope may have its scheme from its guard, or from the only scheme that declares it.
    shell.write(
        "bank.toml",
        r#"
        schemes.app = { kind = "oauth2", scopes = { ledger = "", mandates = "" } }
        schemes.owner = { kind = "oauth2", scopes = { ledger = "", alone = "" } }
        guards.named = { requires = "ledger", scheme = "owner" }
        operations = [
            { method = "GET", path = "/two", requires = "mandates and alone" },
            { method = "GET", path = "/one", requires = "mandates or ledger of app" },
            { method = "GET", path = "/named", behind = ["named"] },
            { method = "GET", path = "/plain", requires = "alone" },
        ]
        "#,
    );
    let human = run("bank.toml", "/two", "mandates", "human");
    assert!(human.contains("requires mandates of app and alone of owner"), "{human}");
    let human = run("bank.toml", "/one", "mandates", "human");
    let line = "requires mandates of app or ledger of app (sees mandates of app ledger of app): satisfied";
    assert!(human.contains(line), "{human}");
    assert!(run("bank.toml", "/named", "alone", "human").contains("scope is missing: `ledger of owner`"));
    assert!(run("bank.toml", "/plain", "ledger of owner", "human").contains("scope is missing: `alone`\n"));
}

#[test]
fn witnesses_of_a_diff_say_whose_a_scope_is() {
    let shell = Shell::with("bank.json", &bank());
    let mut changed = bank();
    changed["paths"]["/app"]["get"]["security"] = json!([{ "the owner": ["ledger"] }]);
    shell.write("changed.json", &changed.to_string());
    let diff = shell.policy(&["diff", "bank.json", "changed.json"]);
    assert_eq!(diff.status, 1);
    let change = serde_json::from_str::<Value>(&diff.stdout).unwrap()["changes"][0].clone();
    assert_eq!(change["allowed_now"], json!(["ledger of `the owner`"]));
    assert_eq!(change["refused_now"], json!(["ledger of app"]));
    assert_eq!(change["witness"], change["allowed_now"]);
    for format in ["human", "markdown"] {
        let text = shell
            .run(&["policy", "diff", "bank.json", "changed.json", "--format", format])
            .stdout;
        assert!(text.contains("ledger of app") && text.contains("the owner"), "{text}");
    }
}

#[test]
fn schemes_share_a_server_by_an_equal_address_or_by_the_word_of_the_caller() {
    let code = |authorize: &str, token: &str| {
        json!({ "type": "oauth2", "flows": { "authorizationCode": {
            "authorizationUrl": authorize, "tokenUrl": token, "scopes": { "see": "" } } } })
    };
    let schemes = json!({
        "one": code("https://id.example/a", "https://id.example/t"),
        "two": client_credentials("HTTPS://ID.example:443/t", &["see"]),
        "three": code("https://other.example/a", "https://other.example/t"),
        "bearer": { "type": "http", "scheme": "bearer" },
        "a=b": client_credentials("https://third.example/t", &["hide"]),
    });
    let operations = [
        ("/one", json!([{ "one": ["see"] }])),
        ("/two", json!([{ "two": ["see"] }])),
        ("/three", json!([{ "three": ["see"] }])),
        ("/bearer", json!([{ "bearer": ["see"] }])),
        ("/hide", json!([{ "a=b": ["hide"] }])),
    ];
    let shell = Shell::with("api.json", &document(&schemes, &operations));
    let can_i = |scope: &str, more: &[&str]| shell.policy(&[&["can-i", "api.json", "--scope", scope], more].concat());
    assert_eq!(paths(&can_i("see of one", &[])), ["/one", "/two"]);
    assert_eq!(paths(&can_i("see of two", &[])), ["/one", "/two"]);
    assert_eq!(paths(&can_i("see of bearer", &[])), ["/bearer"]);
    assert_eq!(can_i("see", &[]).status, 2);
    assert_eq!(
        paths(&can_i("see of one", &["--same-server", "one=three"])),
        ["/one", "/two", "/three"]
    );
    let joined = [
        "--same-server",
        "one=three",
        "--same-server",
        "three=bearer",
        "--same-server",
        "a=b=one",
    ];
    assert_eq!(paths(&can_i("see", &joined)), ["/one", "/two", "/three", "/bearer"]);
    assert_eq!(paths(&can_i("see hide", &joined)).len(), 5);
    assert_eq!(
        can_i("see", &["--same-server", "one=thre"]).complaint(2),
        "the policy has no scheme `thre`; did you mean `three`?"
    );
    assert_eq!(can_i("see", &["--same-server", "one"]).status, 2);
}

#[test]
fn ceilings_of_a_policy_say_whose_scopes_they_are() {
    let shell = Shell::new();
    let policy = |web: &str| {
        format!(
            r#"
            schemes.app = {{ kind = "oauth2", scopes = {{ ledger = "" }} }}
            schemes.owner = {{ kind = "oauth2", scopes = {{ ledger = "" }} }}
            operations = [
                {{ method = "GET", path = "/app", requires = "ledger of app" }},
                {{ method = "GET", path = "/owner", requires = "ledger of owner" }},
            ]
            clients = {{ web = "{web}" }}
            "#
        )
    };
    shell.write("bank.toml", &policy("ledger of app"));
    let reached = |path: &str| shell.policy(&["who-can", "bank.toml", "GET", path]).json()["reached_by"].clone();
    assert_eq!(reached("/app"), json!(["client `web`"]));
    assert_eq!(reached("/owner"), json!([]));
    shell.write("both.toml", &policy("ledger of app ledger of owner"));
    assert_eq!(shell.policy(&["routes", "both.toml"]).status, 0);
    shell.write("unclear.toml", &policy("ledger"));
    let fault = shell.policy(&["routes", "unclear.toml"]);
    assert!(
        fault.complaint(2).contains("several authorization servers"),
        "{}",
        fault.stderr
    );
}

/// An API key or a personal token often opens an operation that requires scopes of other
/// credentials.
#[test]
fn least_says_which_credentials_open_without_a_scope() {
    let schemes = json!({
        "login": client_credentials("https://id.example/t", &["see"]),
        "key": { "type": "apiKey", "in": "header", "name": "X-Key" },
        "app": { "type": "apiKey", "in": "header", "name": "X-App" },
        "user": { "type": "apiKey", "in": "header", "name": "X-User" },
    });
    let operations = [
        ("/key", json!([{ "login": ["see"] }, { "key": [] }])),
        ("/pair", json!([{ "login": ["see"] }, { "app": [], "user": [] }])),
        ("/only", json!([{ "key": [] }])),
        ("/scoped", json!([{ "login": ["see"] }])),
    ];
    let shell = Shell::with("api.json", &document(&schemes, &operations));
    let least = |path: &str| shell.policy(&["least", "api.json", "--operation", path]);
    let key = least("GET /key").json();
    assert_eq!(key["sets"], json!([["see"]]));
    assert_eq!(
        key["without_scopes"],
        json!([{ "schemes": ["key"], "operations": ["GET /key"] }])
    );
    assert_eq!(
        least("GET /pair").json()["without_scopes"],
        json!([{ "schemes": ["app", "user"], "operations": ["GET /pair"] }])
    );
    assert_eq!(least("GET /scoped").json()["without_scopes"], json!([]));
    let only = least("GET /only");
    assert_eq!(only.status, 1);
    let only: Value = serde_json::from_str(&only.stdout).unwrap();
    assert_eq!(
        only["without_scopes"],
        json!([{ "schemes": ["key"], "operations": ["GET /only"] }])
    );
    let two = [
        "policy",
        "least",
        "api.json",
        "--operation",
        "GET /key",
        "--operation",
        "GET /scoped",
    ];
    let human = shell.run(&two).stdout;
    assert_eq!(
        human,
        "see\na credential of `key` opens GET /key without a scope\n\n1 set for 2 operations; none is smaller\n"
    );
    let human = shell.run(&two[..5]).stdout;
    assert!(
        human.contains("a credential of `key` opens the operation without a scope\n"),
        "{human}"
    );
    assert!(human.contains("1 set for 1 operation;"), "{human}");
}
