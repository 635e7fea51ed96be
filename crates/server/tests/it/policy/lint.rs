//! `policy lint` in a build: causes, places, accepted findings, baselines, formats.

mod baseline;
mod ignore_fields;

use serde_json::{Value, json};

use crate::shell::{Run, Shell};

const HEAD: &str = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\n";
const LOGIN: &str = "components:\n  securitySchemes:\n    login:\n      type: oauth2\n      flows: {clientCredentials: {tokenUrl: 'https://id.example/token', scopes: {'lamp:read': x, 'lamp:write': x}}}\n";

/// A document with the usual scheme and these paths.
fn with_paths(paths: &str) -> Shell {
    let shell = Shell::new();
    shell.write("api.yaml", &format!("{HEAD}{LOGIN}paths:\n{paths}"));
    shell
}

fn lint(shell: &Shell, options: &[&str]) -> Run {
    shell.policy(&[&["lint", "api.yaml"], options].concat())
}

/// The rules of the findings, with the number of their operations.
fn rules(run: &Run) -> Vec<(String, usize)> {
    let data: Value = serde_json::from_str(&run.stdout).expect("JSON alone on standard output");
    let findings = data["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| {
            let operations = finding["operations"].as_array().unwrap().len();
            (finding["rule"].as_str().unwrap().to_owned(), operations)
        })
        .collect()
}

fn rule(name: &str, operations: usize) -> Vec<(String, usize)> {
    vec![(name.to_owned(), operations)]
}

const READ: &str = "{security: [{login: ['lamp:read']}]}";
const WRITE: &str = "{security: [{login: ['lamp:write']}]}";

#[test]
fn one_cause_without_security_is_one_finding() {
    let shell = Shell::new();
    for head in ["", LOGIN, "security: []\n", "security: [{}]\n"] {
        shell.write(
            "api.yaml",
            &format!("{HEAD}{head}paths:\n  /a: {{get: {{}}, post: {{}}}}\n  /b: {{put: {{}}}}\n"),
        );
        assert_eq!(rules(&lint(&shell, &[])), rule("no-security", 3), "{head}");
    }
}

#[test]
fn one_cause_at_the_root_is_one_finding() {
    let shell = Shell::new();
    shell.write(
        "api.yaml",
        &format!("{HEAD}{LOGIN}security: [{{}}, {{login: ['lamp:read', 'lamp:write']}}]\npaths:\n  /a: {{get: {{}}, put: {{}}}}\n"),
    );
    let found = rules(&lint(&shell, &[]));
    assert_eq!(
        found
            .iter()
            .filter(|(rule, _)| rule == "optional-authentication")
            .count(),
        1,
        "{found:?}"
    );
    assert!(found.iter().all(|(_, operations)| *operations == 2), "{found:?}");
}

#[test]
fn one_cause_of_a_misspelt_name_is_one_finding_with_a_suggestion() {
    let shell = with_paths(&format!(
        "  /a: {{get: {READ}, put: {{security: [{{login: ['lamp:wirte']}}]}}}}\n"
    ));
    let run = lint(&shell, &[]);
    assert_eq!(rules(&run), rule("undeclared-scope", 1));
    let data: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(data["findings"][0]["suggestion"], "lamp:write");
    assert_eq!(data["findings"][0]["pointer"], "/paths/~1a/put/security");
    assert_eq!(data["findings"][0]["line"], 9);
    let shell =
        with_paths("  /a: {get: {security: [{logn: ['lamp:read']}]}, put: {security: [{logn: ['lamp:write']}]}}\n");
    let run = lint(&shell, &[]);
    assert_eq!(rules(&run), rule("undefined-scheme", 2));
    assert!(run.stdout.contains("did you mean `login`?"), "{}", run.stdout);
}

#[test]
fn one_cause_of_a_scheme_without_scopes_is_one_finding() {
    let shell = Shell::new();
    let scheme = LOGIN.replace("{'lamp:read': x, 'lamp:write': x}", "{}");
    shell.write(
        "api.yaml",
        &format!("{HEAD}{scheme}paths:\n  /a: {{get: {READ}, put: {WRITE}}}\n"),
    );
    assert_eq!(rules(&lint(&shell, &[])), rule("undeclared-scope", 2));
}

#[test]
fn one_cause_of_a_redundant_alternative_is_one_finding() {
    let shell = with_paths(&format!(
        "  /a: {{get: {{security: [{{login: ['lamp:read']}}, {{login: ['lamp:read', 'lamp:write']}}]}}, put: {WRITE}}}\n"
    ));
    assert_eq!(rules(&lint(&shell, &[])), rule("redundant-alternative", 1));
}

#[test]
fn ignore_entries_accept_a_finding_with_a_reason() {
    let shell = with_paths(&format!("  /a: {{get: {READ}, put: {WRITE}, delete: {READ}}}\n"));
    assert_eq!(lint(&shell, &[]).status, 1);
    let accept = |entry: &str| {
        shell.write("ignore.toml", &format!("[[ignore]]\n{entry}"));
        lint(&shell, &["--ignore", "ignore.toml"])
    };
    let right = "rule = \"write-guarded-by-read\"\noperation = \"DELETE /a\"\nscheme = \"login\"\nreason = \"meant\"\n";
    let run = accept(right);
    assert_eq!((run.status, rules(&run)), (0, Vec::new()), "{}", run.stderr);
    let run = accept(&format!("{right}until = 2001-02-03\n"));
    assert_eq!(run.status, 1);
    assert!(
        run.stderr.contains("ignore.toml:1") && run.stderr.contains("expired on 2001-02-03"),
        "{}",
        run.stderr
    );
    let run = accept(&right.replace("DELETE", "PUT"));
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("matches no finding"), "{}", run.stderr);
    let run = accept(&right.replace("reason = \"meant\"\n", ""));
    assert_eq!(run.status, 2);
    assert!(
        run.stderr.contains("ignore.toml")
            && run.stderr.contains("line 1")
            && run.stderr.contains("`reason` is missing")
    );
    let run = accept(&format!("{right}why = \"x\"\n"));
    assert_eq!(run.status, 2);
    assert!(
        run.stderr.contains("line 6") && run.stderr.contains("`why` is not known here"),
        "{}",
        run.stderr
    );
}

#[test]
fn ignore_fields_of_the_document_accept_a_finding() {
    let entry = "x-scopegate-ignore: [{rule: write-guarded-by-read, reason: meant}]";
    let get = format!("get: {READ}, put: {WRITE}");
    let delete = "security: [{login: ['lamp:read']}]";
    let at_operation = format!("  /a: {{{get}, delete: {{{entry}, {delete}}}}}\n");
    let at_path = format!("  /a: {{{entry}, {get}, delete: {{{delete}}}}}\n");
    let at_root = format!("  /a: {{{get}, delete: {{{delete}}}}}\n{entry}\n");
    for paths in [at_operation, at_path, at_root] {
        let run = lint(&with_paths(&paths), &[]);
        assert_eq!((run.status, rules(&run)), (0, Vec::new()), "{paths}{}", run.stderr);
    }
    let shell = Shell::new();
    let scheme = LOGIN.replace("      type: oauth2\n", &format!("      type: oauth2\n      {entry}\n"));
    shell.write(
        "api.yaml",
        &format!("{HEAD}{scheme}paths:\n  /a: {{{get}, delete: {{{delete}}}}}\n"),
    );
    assert_eq!(lint(&shell, &[]).status, 0);
    let run = lint(
        &with_paths(&format!(
            "  /a: {{{get}, delete: {{x-scopegate-ignore: [{{rule: unused-scope}}]}}}}\n"
        )),
        &[],
    );
    assert_eq!(run.status, 2);
    assert!(
        run.stderr.contains("/paths/~1a/delete/x-scopegate-ignore/0") && run.stderr.contains("reason"),
        "{}",
        run.stderr
    );
}

#[test]
fn ignore_entries_name_operations_by_the_addresses_of_requests() {
    let shell = Shell::new();
    let accepts = |operation: &str| {
        let entry =
            format!("[[ignore]]\nrule = \"write-guarded-by-read\"\noperation = \"{operation}\"\nreason = \"meant\"\n");
        shell.write("ignore.toml", &entry);
        let run = lint(&shell, &["--ignore", "ignore.toml"]);
        assert!(run.status < 2, "{}", run.stderr);
        assert_eq!(
            run.status == 1,
            run.stderr.contains("matches no finding"),
            "{}",
            run.stderr
        );
        run.status == 0
    };
    let delete = |servers: &str| format!("delete: {{{servers}security: [{{login: ['lamp:read']}}]}}");
    let server = |url: &str| format!("servers: [{{url: '{url}'}}], ");
    let path = |of_path: &str, of_operation: &str| {
        let other = format!("get: {READ}, put: {WRITE}");
        format!(
            "{HEAD}{LOGIN}paths:\n  '/a/{{id}}': {{{of_path}{other}, {}}}\n",
            delete(of_operation)
        )
    };
    let prefix = server("https://api.example/v3");
    let variable =
        "servers: [{url: 'https://{zone}.example/v3', variables: {zone: {default: api, enum: [api, eu]}}}], ";
    let root = path("", "").replace("paths:", "servers: [{url: 'https://api.example/v3'}]\npaths:");
    for document in [root, path(&prefix, ""), path("", &prefix), path("", variable)] {
        shell.write("api.yaml", &document);
        for operation in [
            "DELETE /a/{id}",
            "delete /a/{other}",
            "DELETE /v3/a/7",
            "DELETE https://api.example/v3/a/7",
        ] {
            assert!(accepts(operation), "{operation} in {document}");
        }
        for operation in ["DELETE /v2/a/7", "DELETE https://other.test/v3/a/7", "PUT /v3/a/7"] {
            assert!(!accepts(operation), "{operation} in {document}");
        }
    }
    shell.write("api.yaml", &path("", variable));
    assert!(accepts("DELETE https://eu.example/v3/a/7"));
    let entry = "x-scopegate-ignore: [{rule: write-guarded-by-read, operation: DELETE /v3/a/7, reason: meant}]\n";
    shell.write("api.yaml", &format!("{}{entry}", path("", &prefix)));
    assert_eq!(lint(&shell, &[]).status, 0);
    shell.write(
        "api.yaml",
        "swagger: '2.0'\ninfo: {title: T, version: '1'}\nhost: api.example\nbasePath: /v3\nsecurityDefinitions:\n  login: {type: \
         oauth2, flow: application, tokenUrl: 'https://id.example/t', scopes: {'lamp:read': x}}\npaths:\n  /a: {delete: \
         {security: [{login: ['lamp:read']}], responses: {}}}\n",
    );
    assert!(accepts("DELETE /v3/a") && accepts("DELETE https://api.example/v3/a") && !accepts("DELETE /v4/a"));
}

#[test]
fn ignore_fields_of_toml_tables_accept_a_finding() {
    let shell = Shell::new();
    let entry = "x-scopegate-ignore = [{ rule = \"unprotected-operation\", reason = \"meant\" }]\n";
    let document = |root: &str, scheme: &str, operation: &str| {
        format!(
            "{root}[schemes.login]\nkind = \"oauth2\"\npassword = {{ token = \"token\" }}\n{scheme}scopes = {{ \"lamp:read\" = \"x\" }}\n[[operations]]\nmethod = \
             \"GET\"\npath = \"/a\"\nrequires = \"lamp:read\"\n[[groups]]\nprefix = \"/g\"\n[[groups.operations]]\nmethod = \
             \"POST\"\npath = \"/b\"\npublic = true\n{operation}"
        )
    };
    let run = |text: &str| {
        shell.write("p.toml", text);
        shell.policy(&["lint", "p.toml", "--fail-on", "info"])
    };
    let found = run(&document("", "", ""));
    assert_eq!(
        (found.status, rules(&found)),
        (1, rule("unprotected-operation", 1)),
        "{}",
        found.stderr
    );
    for text in [document(entry, "", ""), document("", "", entry)] {
        let run = run(&text);
        assert_eq!((run.status, rules(&run)), (0, Vec::new()), "{text}{}", run.stderr);
    }
    let of_scheme = document("", &entry.replace("unprotected-operation", "unused-scope"), "");
    let of_scheme = of_scheme.replace("x\" }", "x\", \"lamp:write\" = \"x\" }").replace(
        "public = true",
        "public = true\nx-scopegate-ignore = [{ rule = \"unprotected-operation\", reason = \"meant\" }]",
    );
    let accepted = run(&of_scheme);
    assert_eq!(
        (accepted.status, rules(&accepted)),
        (0, Vec::new()),
        "{}",
        accepted.stderr
    );
    let stale = run(&document(
        "",
        "",
        &entry.replace("unprotected-operation", "unused-scope"),
    ));
    assert!(stale.stderr.contains("p.toml:15: the entry for"), "{}", stale.stderr);
    let wrong = run(&document("", "", &entry.replace("reason", "why")));
    assert_eq!(wrong.status, 2, "{}", wrong.stderr);
}

#[test]
fn ignore_fields_of_discovery_documents_accept_a_finding() {
    let shell = Shell::new();
    let entry = |rule: &str| json!([{ "rule": rule, "reason": "meant" }]);
    let mut document = json!({
        "kind": "discovery#restDescription", "discoveryVersion": "v1", "name": "lamps", "version": "v1",
        "rootUrl": "https://lamps.example/", "servicePath": "v1/",
        "auth": { "oauth2": { "scopes": { "lamp:read": { "description": "x" }, "lamp:write": { "description": "x" } } } },
        "resources": { "lamps": { "methods": {
            "list": { "id": "lamps.list", "httpMethod": "GET", "path": "lamps", "scopes": ["lamp:read"] },
            "drop": { "id": "lamps.drop", "httpMethod": "DELETE", "path": "lamps", "scopes": ["lamp:read"] },
        } } },
    });
    let run = |document: &Value| {
        shell.write("d.json", &document.to_string());
        shell.policy(&["lint", "d.json"])
    };
    let found = rules(&run(&document));
    assert_eq!(
        found,
        [("unused-scope".to_owned(), 0), ("write-guarded-by-read".to_owned(), 1)]
    );
    let mut at_root = document.clone();
    at_root["x-scopegate-ignore"] = json!([
        { "rule": "unused-scope", "reason": "meant" },
        { "rule": "write-guarded-by-read", "reason": "meant", "operation": "DELETE https://lamps.example/v1/lamps" },
    ]);
    document["auth"]["oauth2"]["x-scopegate-ignore"] = entry("unused-scope");
    document["resources"]["lamps"]["methods"]["drop"]["x-scopegate-ignore"] = entry("write-guarded-by-read");
    for document in [at_root, document] {
        let run = run(&document);
        assert_eq!((run.status, rules(&run)), (0, Vec::new()), "{}", run.stderr);
    }
}

#[test]
fn a_scope_is_unused_where_only_the_name_of_another_server_is_required() {
    let document = |url: &str| {
        format!(
            "{HEAD}components:\n  securitySchemes:\n    login:\n      type: oauth2\n      flows: {{clientCredentials: {{tokenUrl: \
             'https://id.example/token', scopes: {{'lamp:read': x, 'lamp:write': x}}}}}}\n    other:\n      type: oauth2\n      \
             flows: {{clientCredentials: {{tokenUrl: '{url}', scopes: {{'lamp:read': x, 'lamp:write': x}}}}}}\npaths:\n  \
             /a: {{get: {READ}, put: {WRITE}}}\n  /b: {{get: {{security: [{{other: ['lamp:read']}}]}}}}\n"
        )
    };
    let shell = Shell::new();
    shell.write("api.yaml", &document("https://other.example/token"));
    let run = lint(&shell, &["--rule", "unused-scope"]);
    let data: Value = serde_json::from_str(&run.stdout).unwrap();
    let findings = data["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0]["scheme"], "other");
    assert!(findings[0]["message"].as_str().unwrap().contains("`lamp:write`"));
    shell.write("api.yaml", &document("https://id.example/token"));
    assert_eq!(rules(&lint(&shell, &["--rule", "unused-scope"])), []);
}

#[test]
fn the_exit_status_follows_the_severity_that_fails() {
    let shell = with_paths(&format!(
        "  /a: {{get: {READ}, put: {WRITE}}}\n  /weather: {{get: {{security: [], responses: {{'401': {{}}}}}}}}\n"
    ));
    for (fail_on, status) in [("error", 0), ("warning", 0), ("info", 1), ("none", 0)] {
        assert_eq!(lint(&shell, &["--fail-on", fail_on]).status, status, "{fail_on}");
    }
    assert_eq!(
        lint(&shell, &["--fail-on", "info", "--no-rule", "unprotected-operation"]).status,
        0
    );
    assert_eq!(lint(&shell, &["--fail-on", "info", "--rule", "unused-scope"]).status, 0);
    let run = lint(&shell, &["--rule", "unused-scop"]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("did you mean `unused-scope`?"), "{}", run.stderr);
}

#[test]
#[expect(clippy::too_many_lines, reason = "each object of the schema is looked at")]
fn sarif_is_valid() {
    let shell = with_paths(&format!(
        "  /a: {{get: {READ}, put: {WRITE}, delete: {READ}}}\n  /weather: {{get: {{security: [], responses: {{'401': {{}}}}}}}}\n"
    ));
    let run = shell.run(&["policy", "lint", "api.yaml", "--format", "sarif"]);
    assert_eq!(run.status, 1);
    let log: Value = serde_json::from_str(&run.stdout).expect("JSON");
    // The requirements of the schema of SARIF 2.1.0 for each object that is written here, with its
    // types and enumerations.
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().unwrap().ends_with("sarif-schema-2.1.0.json"));
    let only = |object: &Value, names: &[&str]| {
        for (name, _) in object.as_object().unwrap() {
            assert!(names.contains(&name.as_str()), "`{name}` is no property here");
        }
    };
    only(&log, &["$schema", "version", "runs"]);
    let run = &log["runs"][0];
    only(run, &["tool", "results", "columnKind"]);
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let driver = &run["tool"]["driver"];
    only(driver, &["name", "semanticVersion", "rules"]);
    assert!(driver["name"].is_string());
    let rules = driver["rules"].as_array().unwrap();
    let levels = [json!("none"), json!("note"), json!("warning"), json!("error")];
    for rule in rules {
        only(rule, &["id", "shortDescription", "defaultConfiguration"]);
        assert!(rule["id"].is_string() && rule["shortDescription"]["text"].is_string());
        assert!(levels.contains(&rule["defaultConfiguration"]["level"]));
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    for result in results {
        only(
            result,
            &[
                "ruleId",
                "ruleIndex",
                "level",
                "message",
                "locations",
                "partialFingerprints",
                "properties",
            ],
        );
        assert!(result["message"]["text"].is_string() && levels.contains(&result["level"]));
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let location = &result["locations"][0];
        only(location, &["physicalLocation", "logicalLocations"]);
        let physical = &location["physicalLocation"];
        only(physical, &["artifactLocation", "region"]);
        assert_eq!(physical["artifactLocation"], json!({ "uri": "api.yaml" }));
        only(&physical["region"], &["startLine", "startColumn"]);
        assert!(physical["region"]["startLine"].as_u64().unwrap() >= 1);
        assert!(physical["region"]["startColumn"].as_u64().unwrap() >= 1);
        for logical in location["logicalLocations"].as_array().unwrap() {
            only(logical, &["fullyQualifiedName", "kind"]);
        }
        assert!(
            result["partialFingerprints"]
                .as_object()
                .unwrap()
                .values()
                .all(Value::is_string)
        );
    }
}

#[test]
fn annotations_of_github_name_file_line_and_column() {
    let shell = with_paths(&format!("  /a,b: {{get: {READ}, put: {WRITE}, delete: {READ}}}\n"));
    let run = shell.run(&["policy", "lint", "api.yaml", "--format", "github"]);
    assert!(
        run.stdout.starts_with("::warning file=api.yaml,line=9,col="),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("title=write-guarded-by-read::DELETE /a,b: "),
        "{}",
        run.stdout
    );
    assert_eq!(run.stdout.lines().count(), 1);
}
