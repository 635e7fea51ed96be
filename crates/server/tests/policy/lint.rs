//! `policy lint` as a build runs it: causes, places, accepted findings, baselines, formats.

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
fn a_baseline_hides_what_was_there_before_also_where_lines_move() {
    let shell = with_paths(&format!("  /a: {{get: {READ}, put: {WRITE}, delete: {READ}}}\n"));
    let written = lint(&shell, &["--write-baseline", "base.json"]);
    assert_eq!(written.status, 0, "{}", written.stderr);
    let paths = format!("  # moved\n\n  /a: {{get: {READ}, put: {WRITE}, delete: {READ}}}\n");
    shell.write("api.yaml", &format!("{HEAD}{LOGIN}paths:\n{paths}"));
    let same = lint(&shell, &["--baseline", "base.json"]);
    assert_eq!((same.status, rules(&same)), (0, Vec::new()));
    shell.write(
        "api.yaml",
        &format!("{HEAD}{LOGIN}paths:\n{paths}  /b: {{delete: {READ}}}\n"),
    );
    let grown = lint(&shell, &["--baseline", "base.json"]);
    assert_eq!((grown.status, rules(&grown)), (1, rule("write-guarded-by-read", 1)));
    assert!(grown.stdout.contains("\"path\":\"/b\""), "{}", grown.stdout);
    shell.write("base.json", "{}");
    assert_eq!(lint(&shell, &["--baseline", "base.json"]).status, 2);
}

/// A document whose scheme `login` declares these scopes and whose operations require these.
fn with_scopes(declared: &[&str], paths: &str) -> String {
    let declared: Vec<String> = declared.iter().map(|name| format!("'{name}': x")).collect();
    let scheme = LOGIN.replace("'lamp:read': x, 'lamp:write': x", &declared.join(", "));
    format!("{HEAD}{scheme}paths:\n{paths}")
}

/// Writes a baseline of the first document; the messages of what is new in the second.
fn new_messages(before: &str, after: &str) -> Vec<String> {
    let shell = Shell::new();
    shell.write("api.yaml", before);
    let written = lint(&shell, &["--write-baseline", "base.json"]);
    assert_eq!(written.status, 0, "{}", written.stderr);
    shell.write("api.yaml", after);
    let run = lint(&shell, &["--baseline", "base.json"]);
    let data: Value = serde_json::from_str(&run.stdout).unwrap();
    let findings = data["findings"].as_array().unwrap().iter();
    let messages: Vec<String> = findings
        .map(|finding| finding["message"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(run.status, i32::from(!messages.is_empty()), "{messages:?}");
    messages
}

#[test]
fn a_baseline_notices_one_more_unused_scope_among_many() {
    let paths = format!("  /a: {{get: {READ}}}\n");
    let names = ["lamp:read", "s1", "s2", "s3", "s4", "s5", "s6", "s7"];
    let document = |count: usize| with_scopes(&names[..count], &paths);
    // Six known scopes are one finding, five are findings of their own.
    for (before, after) in [(7, 8), (6, 7), (4, 5)] {
        let new = new_messages(&document(before), &document(after));
        assert_eq!(new.len(), 1, "{new:?}");
        assert!(new[0].starts_with(&format!("scope `{}`", names[after - 1])), "{new:?}");
    }
    for (before, after) in [(8, 8), (8, 7), (8, 6), (8, 2)] {
        assert_eq!(new_messages(&document(before), &document(after)), [""; 0]);
    }
    // A whole finding that is new stays one.
    assert_eq!(new_messages(&document(1), &document(8)).len(), 1);
}

#[test]
fn a_baseline_notices_one_more_undeclared_scope_and_operation() {
    let operation = |path: usize, name: usize| format!("  /p{path}: {{get: {{security: [{{login: [zz{name}q]}}]}}}}\n");
    let document = |uses: &[(usize, usize)]| {
        let paths: String = uses.iter().map(|(path, name)| operation(*path, *name)).collect();
        with_scopes(&["lamp:read"], &format!("  /a: {{get: {READ}}}\n{paths}"))
    };
    let all: Vec<(usize, usize)> = (0..8).map(|number| (number, number)).collect();
    let new = new_messages(&document(&all[..7]), &document(&all));
    assert_eq!(new.len(), 1, "{new:?}");
    assert!(new[0].starts_with("scope `zz7q` is required"), "{new:?}");
    // A known scope at an operation that required another one before.
    let mut moved = all.clone();
    moved[0].1 = 1;
    let new = new_messages(&document(&all), &document(&moved));
    assert_eq!(new.len(), 1, "{new:?}");
    assert!(new[0].starts_with("scope `zz1q`"), "{new:?}");
    for fewer in [8, 7, 3, 1] {
        assert_eq!(new_messages(&document(&all), &document(&all[..fewer])), [""; 0]);
    }
}

#[test]
fn a_baseline_notices_one_more_insecure_url_of_a_scheme() {
    let document = |flow: &str| {
        let scheme = LOGIN.replace("tokenUrl: 'https:", &format!("{flow}tokenUrl: 'http:"));
        format!("{HEAD}{scheme}paths:\n  /a: {{get: {READ}, put: {WRITE}}}\n")
    };
    let (one, two) = (document(""), document("refreshUrl: 'http://other.example/r', "));
    let new = new_messages(&one, &two);
    assert_eq!(new.len(), 1, "{new:?}");
    assert!(new[0].contains("`http://other.example/r`"), "{new:?}");
    assert_eq!(new_messages(&two, &one), [""; 0]);
}

#[test]
fn a_baseline_without_members_is_refused_with_the_remedy() {
    let shell = with_paths(&format!("  /a: {{get: {READ}, put: {WRITE}}}\n"));
    shell.write("base.json", "{\"version\": 1, \"findings\": []}");
    let run = lint(&shell, &["--baseline", "base.json"]);
    assert_eq!(run.status, 2);
    assert!(
        run.stderr.contains("version 1") && run.stderr.contains("--write-baseline"),
        "{}",
        run.stderr
    );
    assert_eq!(lint(&shell, &["--write-baseline", "base.json"]).status, 0);
    assert_eq!(lint(&shell, &["--baseline", "base.json"]).status, 0);
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
        "  /a: {{get: {READ}, put: {WRITE}}}\n  /health: {{get: {{security: []}}}}\n"
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
        "  /a: {{get: {READ}, put: {WRITE}, delete: {READ}}}\n  /health: {{get: {{security: []}}}}\n"
    ));
    let run = shell.run(&["policy", "lint", "api.yaml", "--format", "sarif"]);
    assert_eq!(run.status, 1);
    let log: Value = serde_json::from_str(&run.stdout).expect("JSON");
    // What the schema of SARIF 2.1.0 requires of each object that is written here, with its types and enumerations.
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
