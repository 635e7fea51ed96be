//! `policy usage`, and the addresses that it and other commands read.

use serde_json::{Value, json};

use crate::shell::{Run, Shell};

fn lamps(more: &Value) -> Value {
    let mut document = json!({
        "openapi": "3.0.3", "info": { "title": "Lamps", "version": "1" },
        "components": { "securitySchemes": { "login": { "type": "oauth2", "flows": { "clientCredentials": {
            "tokenUrl": "https://id.example/token", "scopes": { "see": "", "switch": "" } } } } } },
        "paths": { "/lamps": {
            "get": { "security": [{ "login": ["see"] }] }, "post": { "security": [{ "login": ["switch"] }] } } },
    });
    document
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    document
}

fn servers(list: &Value) -> Value {
    lamps(&json!({ "servers": list }))
}

fn usage_of(document: &Value, log: &str, more: &[&str]) -> (Run, Value) {
    let shell = Shell::new();
    shell.write("lamps.json", &document.to_string());
    shell.write("calls.log", log);
    let run = shell.policy(&[&["usage", "lamps.json", "calls.log"], more].concat());
    let data = serde_json::from_str(&run.stdout).unwrap_or_default();
    (run, data)
}

/// Both calls are understood, so both scopes are needed.
fn is_understood(document: &Value, log: &str) {
    let (run, data) = usage_of(document, log, &[]);
    assert_eq!(run.status, 0, "{log}: {}", run.stdout);
    assert_eq!(
        (&data["needed"], &data["unneeded"]),
        (&json!(["see", "switch"]), &json!([])),
        "{log}"
    );
    assert_eq!(data["unknown_calls"], json!([]), "{log}");
}

#[test]
fn a_prefix_of_the_server_is_understood() {
    let document = servers(&json!([{ "url": "https://api.example/house/v3" }]));
    is_understood(&document, "GET /house/v3/lamps?page=2\nPOST /house/v3/lamps#x\n");
    is_understood(
        &document,
        "GET https://api.example/house/v3/lamps\nPOST https://API.example:443/house/v3/lamps/\n",
    );
    is_understood(&document, "GET /lamps\nPOST /lamps\n");
    let common = |method: &str| {
        format!("1.2.3.4 - - [02/Mar/2026:08:00:00 +0000] \"{method} /house/v3/lamps?p=2 HTTP/1.1\" 200 51\n")
    };
    is_understood(&document, &(common("GET") + &common("POST")));
}

#[test]
fn a_prefix_with_variables_is_understood() {
    let server = json!({ "url": "https://{zone}.example/{base}", "variables": {
        "zone": { "enum": ["eu", "us"], "default": "eu" }, "base": { "default": "a/b" } } });
    let document = servers(&json!([server]));
    is_understood(&document, "GET /a/b/lamps\nPOST https://us.example/a/b/lamps\n");
    let (run, data) = usage_of(&document, "GET https://jp.example/a/b/lamps\n", &[]);
    assert_eq!(
        (run.status, &data["unknown_calls"]),
        (1, &json!(["GET https://jp.example/a/b/lamps"]))
    );
}

#[test]
fn a_prefix_of_a_path_item_or_an_operation_is_understood() {
    let mut document = servers(&json!([{ "url": "/v1" }]));
    document["paths"]["/lamps"]["servers"] = json!([{ "url": "/v2" }]);
    document["paths"]["/lamps"]["post"]["servers"] = json!([{ "url": "https://write.example/v3" }]);
    is_understood(&document, "GET /v2/lamps\nPOST https://write.example/v3/lamps\n");
    let (run, data) = usage_of(&document, "GET /v1/lamps\nPOST /v2/lamps\n", &[]);
    assert_eq!(
        (run.status, &data["unknown_calls"]),
        (1, &json!(["GET /v1/lamps", "POST /v2/lamps"]))
    );
}

#[test]
fn a_prefix_of_swagger_is_understood() {
    let document = json!({
        "swagger": "2.0", "info": { "title": "Lamps", "version": "1" }, "host": "api.example", "basePath": "/v1",
        "securityDefinitions": { "login": { "type": "oauth2", "flow": "application", "tokenUrl": "https://id.example/token",
            "scopes": { "see": "", "switch": "" } } },
        "paths": lamps(&json!({}))["paths"],
    });
    is_understood(&document, "GET /v1/lamps\nPOST https://api.example/v1/lamps\n");
}

#[test]
fn a_prefix_is_understood_by_every_command_that_takes_a_path() {
    let shell = Shell::with(
        "lamps.json",
        &servers(&json!([{ "url": "https://api.example/house/v3" }])),
    );
    for address in [
        "/house/v3/lamps?page=2",
        "https://api.example/house/v3/lamps",
        "/lamps",
        "/house/v3/l%61mps",
    ] {
        let explained = shell
            .policy(&["explain", "lamps.json", "GET", address, "--scope", "see"])
            .json();
        assert_eq!(explained["decision"], "allow", "{address}");
        let who = shell.policy(&["who-can", "lamps.json", "GET", address]).json();
        assert_eq!(who["operation"], "GET /lamps", "{address}");
        let least = shell
            .policy(&["least", "lamps.json", "--operation", &format!("POST {address}")])
            .json();
        assert_eq!(least["sets"], json!([["switch"]]), "{address}");
    }
    let elsewhere = shell.policy(&["explain", "lamps.json", "GET", "https://other.example/house/v3/lamps"]);
    let complaint = elsewhere.complaint(2);
    assert!(
        complaint.contains("no server of the document has the host `other.example`"),
        "{complaint}"
    );
    assert_eq!(
        shell
            .policy(&["explain", "lamps.json", "GET", "/house/v2/lamps"])
            .status,
        2
    );
}

#[test]
fn a_refused_call_is_no_use() {
    for status in ["401", "403", "404", "405"] {
        let lines = [
            format!("POST /lamps {status}"),
            format!("1.2.3.4 - - [x] \"POST /lamps HTTP/1.1\" {status} 51 \"-\" \"app\""),
            format!(
                r#"{{"httpRequest":{{"requestMethod":"POST","requestUrl":"https://any.example/lamps","status":{status}}}}}"#
            ),
            format!(r#"{{"httpRequest":{{"requestMethod":"POST","requestUrl":"/lamps","status":"{status}"}}}}"#),
            format!(r#"{{"method":"POST","path":"/nothing","status":{status}}}"#),
            format!(
                r#"x DEBUG request{{method="POST" route="/lamps" status={status}}}: scopegate_http::access: answered"#
            ),
            format!(r#"{{"span":{{"method":"POST","route":"/lamps","status":{status}}}}}"#),
        ];
        for line in lines {
            let (run, data) = usage_of(&lamps(&json!({})), &format!("GET /lamps 200\n{line}\n"), &[]);
            assert_eq!(run.status, 0, "{line}: {}", run.stdout);
            assert_eq!(
                (&data["needed"], &data["unneeded"]),
                (&json!(["see"]), &json!(["switch"])),
                "{line}"
            );
            assert_eq!(data["answered_no"], 1, "{line}");
        }
    }
    let (_, data) = usage_of(
        &lamps(&json!({})),
        "GET /lamps 200\nPOST /lamps 500\nPOST /lamps 403\n",
        &[],
    );
    assert_eq!(
        data["needed"],
        json!(["see", "switch"]),
        "an error of the server is a use"
    );
}

#[test]
fn a_json_log_of_requests_is_read() {
    let document = servers(&json!([{ "url": "https://api.example/v1" }]));
    let line = |method: &str, status: &str| {
        format!(
            r#"{{"httpRequest":{{"requestMethod":"{method}","requestUrl":"https://api.example/v1/lamps?q=1","status":{status}}}}}"#
        )
    };
    is_understood(
        &document,
        &format!("{}\n{}\n", line("GET", "200"), line("POST", "\"201\"")),
    );
}

#[test]
fn an_unknown_call_ends_every_advice() {
    let (run, data) = usage_of(
        &lamps(&json!({})),
        "GET /lamps 200\nGET /lumps 200\nPROPFIND /lamps 207\n",
        &[],
    );
    assert_eq!(run.status, 1);
    assert_eq!(
        (&data["unneeded"], &data["complete"], &data["unknown_calls"]),
        (&json!([]), &json!(false), &json!(["GET /lumps", "PROPFIND /lamps"]))
    );
    let (run, data) = usage_of(
        &lamps(&json!({})),
        "GET /lamps 200\nGET /lumps 200\n",
        &["--ignore-unknown"],
    );
    assert_eq!((run.status, &data["unneeded"]), (0, &json!(["switch"])));
    assert_eq!(data["unknown_calls"], json!(["GET /lumps"]));

    let shell = Shell::with("lamps.json", &lamps(&json!({})));
    shell.write("calls.log", "GET /lumps\n");
    let human = shell.run(&["policy", "usage", "lamps.json", "calls.log"]);
    assert_eq!(human.status, 1);
    assert!(
        !human.stdout.contains("unneeded") && human.stdout.contains("unknown   GET /lumps"),
        "{}",
        human.stdout
    );
}

#[test]
fn a_line_without_a_call_is_reported_without_secrets() {
    let log = "GET /lamps 200\nstarting with eyJhbGciOiJub25lIn0.secret\n\nbye\n";
    let (run, data) = usage_of(&lamps(&json!({})), log, &[]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    assert_eq!(
        data["lines_without_call"],
        json!({ "count": 2, "examples": [{ "line": 2, "text": "starting with .." }, { "line": 4, "text": "bye" }] })
    );
}
