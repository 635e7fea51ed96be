//! Findings with their place in the document.

use std::path::Path;

use scopegate_analysis::Finding;
use scopegate_openapi::import::{Imported, Located, locate_pointers};
use scopegate_policy::{LintRule, Method, Severity};
use serde_json::{Value, json};

use super::finding_place;

/// A finding with its place.
pub(super) struct Reported {
    pub(super) finding: Finding,
    pub(super) located: Located,
    /// The file with the finding: the document, or a file that the document refers to.
    pub(super) file: String,
}

/// The output of the command.
pub(super) struct Report<'d> {
    pub(super) policy: &'d Imported,
    pub(super) findings: Vec<Reported>,
    /// The number of findings that the ignore file or the document accepts, in whole or in part.
    pub(super) ignored: usize,
    /// The number of findings that the baseline contains.
    pub(super) known: usize,
    /// The faults of the accepted findings: expired entries, and entries that match nothing.
    pub(super) stale: Vec<Stale>,
}

/// An entry that accepts nothing.
pub(super) struct Stale {
    pub(super) rule: LintRule,
    pub(super) state: &'static str,
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) message: String,
}

impl<'d> Report<'d> {
    /// The findings, by severity and rule, each with its place in the text.
    pub(super) fn new(file: &'d str, text: &str, policy: &'d Imported, mut findings: Vec<Finding>) -> Self {
        findings.sort_by(|one, other| (other.severity(), one.rule()).cmp(&(one.severity(), other.rule())));
        let pointers: Vec<Vec<String>> = findings
            .iter()
            .map(|finding| finding_place::pointers(policy, finding))
            .collect();
        let located = locate_pointers(text, &pointers);
        let reported = findings.into_iter().zip(located);
        Self {
            policy,
            findings: reported
                .map(|(finding, located)| Reported::new(finding, located, file, policy))
                .collect(),
            ignored: 0,
            known: 0,
            stale: Vec::new(),
        }
    }

    /// The number of findings with at least this severity.
    pub(super) fn failing(&self, least: Severity) -> usize {
        let findings = self.findings.iter();
        findings.filter(|reported| reported.finding.severity() >= least).count()
    }

    /// The rules that found something, by severity and name, each with its findings.
    pub(super) fn by_rule(&self) -> Vec<(LintRule, Vec<&Reported>)> {
        let mut rules: Vec<(LintRule, Vec<&Reported>)> = Vec::new();
        for reported in &self.findings {
            let rule = reported.finding.rule();
            match rules.iter_mut().find(|(known, _)| *known == rule) {
                Some((_, of_rule)) => of_rule.push(reported),
                None => rules.push((rule, vec![reported])),
            }
        }
        rules
    }
}

/// The path of a file that a document refers to.
pub(super) fn path_of(document: &str, file: &str) -> String {
    Path::new(document).with_file_name(file).display().to_string()
}

impl Reported {
    /// Adds the place to a finding. If it is in another file, the reader gives its place.
    fn new(finding: Finding, located: Located, document: &str, policy: &Imported) -> Self {
        let place = finding_place::place(policy, &finding);
        let place = place
            .as_ref()
            .and_then(|place| Some((place.file()?, place, place.position()?)));
        let (file, located) = match place {
            None => (document.to_owned(), located),
            Some((file, place, position)) => {
                let pointer = place.pointer().unwrap_or_default().to_owned();
                (path_of(document, file), Located { pointer, position })
            }
        };
        Self { finding, located, file }
    }

    /// The operations, as `METHOD PATH`.
    pub(super) fn operations(&self) -> Vec<String> {
        let operations = self.finding.operations().iter();
        operations.map(|(method, path)| format!("{method} {path}")).collect()
    }

    /// Returns the operations as one table cell: the first one, and the number of the others.
    pub(super) fn operations_in_short(&self) -> String {
        match self.operations().as_slice() {
            [] => "(the whole policy)".to_owned(),
            [only] => only.clone(),
            [first, others @ ..] => format!("{first} and {} more", others.len()),
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let finding = &self.finding;
        let operations = finding.operations().iter();
        let operations: Vec<Value> = operations
            .map(|(method, path)| json!({ "method": method.as_str(), "path": path }))
            .collect();
        json!({
            "rule": finding.rule().as_str(),
            "severity": finding.severity().as_str(),
            "method": finding.method().map(Method::as_str),
            "path": finding.template(),
            "message": finding.message(),
            "operations": operations,
            "scheme": finding.scheme(),
            "suggestion": finding.suggestion(),
            "pointer": self.located.pointer,
            "file": self.file,
            "line": self.located.position.line,
            "column": self.located.position.column,
        })
    }
}
