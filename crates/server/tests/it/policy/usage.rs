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

/// Both calls are recognized, so both scopes are needed.
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
fn refused_call_uses_no_scope() {
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
        json!({ "count": 2, "unread": 0, "examples": [{ "line": 2, "text": "starting with .." }, { "line": 4, "text": "bye" }] })
    );
}

/// A scope with a key, a bearer token or a token of another server in one alternative.
fn with_other_credentials() -> Value {
    let mut document = lamps(&json!({}));
    let schemes = document["components"]["securitySchemes"].as_object_mut().unwrap();
    schemes.extend(
        json!({
            "key": { "type": "apiKey", "in": "header", "name": "X-Key" },
            "bearer": { "type": "http", "scheme": "bearer" },
            "other": { "type": "oauth2", "flows": { "clientCredentials": {
                "tokenUrl": "https://other.example/token", "scopes": { "more": "" } } } },
        })
        .as_object()
        .unwrap()
        .clone(),
    );
    let operation = |scheme: &str| json!({ "security": [{ "login": ["switch"], scheme: [] }] });
    document["paths"]["/lamps"] = json!({
        "get": { "security": [{ "key": [] }] }, "put": operation("key"), "post": operation("bearer"), "patch": operation("other"),
    });
    document
}

#[test]
fn a_scope_that_is_required_with_another_credential_is_needed() {
    for method in ["PUT", "POST", "PATCH"] {
        let held = ["--scope", "see switch"];
        let (run, data) = usage_of(&with_other_credentials(), &format!("{method} /lamps 200\n"), &held);
        assert_eq!(
            (run.status, &data["needed"], &data["unneeded"], &data["refused_calls"]),
            (0, &json!(["switch"]), &json!(["see"]), &json!([])),
            "{method}"
        );
    }
    let (_, data) = usage_of(&with_other_credentials(), "GET /lamps 200\n", &[]);
    assert_eq!(data["needed"], json!([]), "a key alone opens it");
}

#[test]
fn least_names_the_credentials_in_addition_to_scopes() {
    let shell = Shell::with("lamps.json", &with_other_credentials());
    for (method, scheme) in [("PUT", "key"), ("POST", "bearer")] {
        let operation = format!("{method} /lamps");
        let line = ["least", "lamps.json", "--operation", &operation];
        let data = shell.policy(&line).json();
        assert_eq!(data["sets"], json!([["switch"]]), "{method}");
        assert_eq!(
            data["in_addition"],
            json!([{ "operation": operation, "schemes": [scheme] }])
        );
        let human = shell.run(&[&["policy"], &line[..]].concat());
        assert!(
            human
                .stdout
                .contains(&format!("{operation} needs a credential of `{scheme}`, too")),
            "{}",
            human.stdout
        );
    }
    let key = shell.policy(&["least", "lamps.json", "--operation", "GET /lamps"]);
    assert_eq!(key.status, 1, "no scope opens it");
}

/// An answered call of `GET /lamps`, and a refused one of `POST /lamps`.
#[test]
fn refused_call_uses_no_scope_in_any_log_format() {
    let load_balancer = |method: &str, status: u16| {
        format!(
            "https 2026-03-02T08:00:00.1Z app/lb/1 1.2.3.4:5 10.0.0.1:80 0.1 0.2 0.0 {status} {status} 34 366 \"{method} https://any.example:443/lamps?x=1 HTTP/1.1\" \"curl\" - - arn:1 \"Root=1\"\n"
        )
    };
    let objects = [
        ("httpRequest", "requestMethod", "requestUrl", "status"),
        ("request", "method", "uri", "status"),
    ];
    let mut logs: Vec<String> = Vec::new();
    for (object, method, address, status) in objects {
        let call = |name: &str, code: u16| json!({ object: { method: name, address: "/lamps" }, status: code });
        let all = json!([call("GET", 200), call("POST", 403)]);
        logs.push(all.to_string());
        logs.push(serde_json::to_string_pretty(&all).unwrap());
        let each: Vec<String> = all
            .as_array()
            .unwrap()
            .iter()
            .map(|call| serde_json::to_string_pretty(call).unwrap())
            .collect();
        logs.push(each.join("\n"));
        logs.push(json!({ "log": { "entries": all } }).to_string());
        let wrapped = |call: &Value| json!({ "jsonPayload": call }).to_string();
        logs.push(
            all.as_array()
                .unwrap()
                .iter()
                .map(wrapped)
                .collect::<Vec<_>>()
                .join("\n"),
        );
    }
    logs.extend([
        load_balancer("GET", 200) + &load_balancer("POST", 403),
        "{\"request\":\"GET /lamps HTTP/1.1\",\"status\":\"200\"}\n{\"request\":\"POST /lamps HTTP/1.1\",\"status\":\"401\"}\n".to_owned(),
        "\u{FEFF}GET /lamps 200\r\nPOST /lamps 404\r\n".to_owned(),
        "#Version: 1.0\n#Fields: date cs-method cs-uri-stem cs-uri-query sc-status\n2026-03-02 GET /lamps - 200\n2026-03-02 POST /lamps a=b 405\n".to_owned(),
        "at=info method=GET path=\"/lamps?x\" status=200\nat=info method=POST path=\"/lamps\" status=403\n".to_owned(),
        "{\"http.request.method\":\"GET\",\"url.path\":\"/lamps\",\"http.response.status_code\":200}\n{\"attributes\":{\"http.method\":\"POST\",\"http.target\":\"/lamps\",\"http.status_code\":403}}\n".to_owned(),
    ]);
    for log in logs {
        let (run, data) = usage_of(&lamps(&json!({})), &log, &[]);
        assert_eq!(run.status, 0, "{log}: {} {}", run.stdout, run.stderr);
        assert_eq!(
            (&data["needed"], &data["unneeded"], &data["answered_no"]),
            (&json!(["see"]), &json!(["switch"]), &json!(1)),
            "{log}"
        );
    }
}

#[test]
fn a_list_in_one_long_line_is_read_to_its_end() {
    let mut calls = vec![json!({ "method": "GET", "path": "/lamps", "status": 200 }); 30_000];
    calls.push(json!({ "method": "POST", "path": "/lamps", "status": 200 }));
    let log = json!(calls).to_string();
    assert!(log.len() > 1024 * 1024, "longer than any other line that is read");
    for log in [log.clone(), json!({ "entries": calls }).to_string()] {
        let (run, data) = usage_of(&lamps(&json!({})), &log, &[]);
        assert_eq!(
            (run.status, &data["unneeded"]),
            (0, &json!([])),
            "{} {}",
            run.stdout,
            run.stderr
        );
    }
}

#[test]
fn a_line_that_may_hold_a_call_ends_every_advice() {
    for line in [
        r#"{"verb":"POST","resource":"/lamps"}"#,
        "POST|/lamps|200",
        "route='/lamps' verb='POST'",
    ] {
        let (run, data) = usage_of(&lamps(&json!({})), &format!("GET /lamps 200\n{line}\n"), &[]);
        assert_eq!((run.status, &data["unneeded"]), (1, &json!([])), "{line}");
        assert_eq!(data["lines_without_call"]["unread"], 1, "{line}");
    }
    let (run, _) = usage_of(
        &lamps(&json!({})),
        "GET /lamps 200\nPOST|/lamps|200\n",
        &["--ignore-unknown"],
    );
    assert_eq!(run.status, 0);
    let (_, data) = usage_of(&lamps(&json!({})), "2026-03-02 audit \"POST /lamps\" by ada\n", &[]);
    assert_eq!(
        data["needed"],
        json!(["switch"]),
        "a method before a path is a call wherever it is"
    );
}

#[test]
fn preflight_request_uses_no_scope() {
    let (run, data) = usage_of(&lamps(&json!({})), "GET /lamps 200\nOPTIONS /lamps 204\n", &[]);
    assert_eq!(
        (run.status, &data["unneeded"], &data["preflights"]),
        (0, &json!(["switch"]), &json!(1))
    );
    let (run, _) = usage_of(&lamps(&json!({})), "GET /lamps 200\nOPTIONS /lumps 204\n", &[]);
    assert_eq!(run.status, 1);
}

#[test]
fn an_unknown_call_is_listed_without_secrets() {
    let log = "GET /reset/9f86d081884c7d659a2feaa0c55ad015?key=word 200\nGET /o/01890a5d-ac96-774b-bcce-b302099a8057/very-long-name-of-a-list 200\n";
    let (_, data) = usage_of(&lamps(&json!({})), log, &[]);
    assert_eq!(
        data["unknown_calls"],
        json!([
            "GET /reset/..",
            "GET /o/01890a5d-ac96-774b-bcce-b302099a8057/very-long-name-of-a-list"
        ])
    );
}

#[test]
fn log_that_is_a_url_or_broken_json_is_refused() {
    let shell = Shell::with("lamps.json", &lamps(&json!({})));
    let url = shell.policy(&["usage", "lamps.json", "https://logs.example/x"]);
    assert!(url.complaint(2).contains("is a URL"), "{}", url.stderr);
    shell.write("calls.log", "[{\"method\":\"GET\",\"path\":\"/lamps\"},\n{\"method\"");
    let broken = shell.policy(&["usage", "lamps.json", "calls.log"]);
    assert!(broken.complaint(2).contains("line 2"), "{}", broken.stderr);
}

#[test]
fn a_prefix_that_can_be_empty_is_understood() {
    let variable = json!({ "enum": ["", "v1"], "default": "" });
    let document = servers(&json!([{ "url": "https://any.example/{base}", "variables": { "base": variable } }]));
    is_understood(
        &document,
        "GET https://any.example/lamps\nPOST https://any.example/v1/lamps\n",
    );
    let mut document =
        servers(&json!([{ "url": "https://any.example/{base}", "variables": { "base": { "default": "" } } }]));
    document["paths"]["/"] = json!({ "get": { "security": [] } });
    is_understood(&document, "GET https://any.example/lamps\nPOST /lamps\n");
}

#[test]
fn a_prefix_before_a_template_with_a_query_is_understood() {
    let see = json!({ "get": { "security": [{ "login": ["see"] }] } });
    let switch = json!({ "get": { "security": [{ "login": ["switch"] }] } });
    let document = lamps(&json!({
        "servers": [{ "url": "https://user:word@api.example/v1" }],
        "paths": { "/lamps": see, "/lamps?switch={on}": switch },
    }));
    let fields = "#Fields: cs-method cs-uri-stem cs-uri-query sc-status\nGET /v1/lamps switch=1 200\n";
    for log in [
        "GET https://api.example/v1/lamps?page=2&switch=1 200\n",
        "GET /lamps?switch=1\n",
        fields,
    ] {
        let (run, data) = usage_of(&document, log, &[]);
        assert_eq!(run.status, 0, "{}", run.stderr);
        assert_eq!(
            (&data["needed"], &data["unneeded"]),
            (&json!(["switch"]), &json!(["see"])),
            "{log}"
        );
    }
    let (_, data) = usage_of(&document, "GET /lamps?page=2 200\nGET /rooms?key=secret 200\n", &[]);
    assert_eq!(
        (&data["needed"], &data["unknown_calls"]),
        (&json!(["see"]), &json!(["GET /rooms"]))
    );
}
