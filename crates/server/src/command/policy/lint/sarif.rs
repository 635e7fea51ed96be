//! `--format sarif`: the Static Analysis Results Interchange Format, version 2.1.0 (OASIS).

use scopegate_policy::{LintRule, Severity};
use serde_json::{Value, json};

use super::report::{Report, Reported};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn to_json(report: &Report<'_>) -> Value {
    let rules: Vec<Value> = LintRule::ALL.into_iter().map(rule).collect();
    let results: Vec<Value> = report.findings.iter().map(result).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "Scopegate",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(rule: LintRule) -> Value {
    json!({
        "id": rule.as_str(),
        "shortDescription": { "text": rule.description() },
        "defaultConfiguration": { "level": level(rule.severity()) },
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn result(reported: &Reported) -> Value {
    let finding = &reported.finding;
    let position = reported.located.position;
    let operations = reported.operations();
    let logical: Vec<Value> = operations
        .iter()
        .map(|operation| json!({ "fullyQualifiedName": operation, "kind": "function" }))
        .collect();
    let rule_index = LintRule::ALL.iter().position(|rule| *rule == finding.rule());
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&reported.file) },
            "region": { "startLine": position.line, "startColumn": position.column },
        },
    });
    if !logical.is_empty()
        && let Some(location) = location.as_object_mut()
    {
        location.insert("logicalLocations".to_owned(), Value::from(logical));
    }
    json!({
        "ruleId": finding.rule().as_str(),
        "ruleIndex": rule_index,
        "level": level(finding.severity()),
        "message": { "text": format!("{}: {}", reported.operations_in_short(), finding.message()) },
        "locations": [location],
        "partialFingerprints": { "scopegateCause/v1": format!("{}|{}", finding.rule(), finding.cause()) },
        "properties": {
            "pointer": reported.located.pointer,
            "operations": operations,
            "suggestion": finding.suggestion(),
        },
    })
}

/// A path as a URI reference (RFC 3986): with forward slashes. Each other character that is not
/// allowed becomes `%XX`.
fn uri(file: &str) -> String {
    use std::fmt::Write as _;

    if file == "-" {
        return "stdin".to_owned();
    }
    let path = file.strip_prefix("./").unwrap_or(file);
    let mut uri = String::new();
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'\\' if cfg!(windows) => uri.push('/'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            // Writing to a text cannot fail.
            other => drop(write!(uri, "%{other:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_uri() {
        assert_eq!(uri("./my api.yaml"), "my%20api.yaml");
        assert_eq!(uri("/srv/a:b.json"), "file:///srv/a%3Ab.json");
        assert_eq!(uri("-"), "stdin");
    }
}
