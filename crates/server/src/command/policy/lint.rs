//! `scopegate policy lint FILE`

use std::collections::BTreeMap;
use std::fmt::Write as _;

use scopegate_openapi::import::{Imported, Note, NoteKind, Place};
use scopegate_policy::analysis::{Finding, LintRule, lint};
use serde_json::{Value, json};

use super::document;
use crate::arguments::PolicyFile;
use crate::markdown::{cell, code};
use crate::output::{Format, SaidNo, Tone, counted, one_line, paint, print, write_line};

pub(super) fn run(format: Format, file: &PolicyFile) -> anyhow::Result<()> {
    let policy = document::open(file)?;
    let mut findings: Vec<Told> = policy.notes().iter().filter_map(Told::of_note).collect();
    let in_table = lint(policy.table(), policy.ceilings());
    findings.extend(in_table.iter().map(Told::of_finding));
    let remarks: Vec<&Note> = policy
        .notes()
        .iter()
        .filter(|note| rule(note.kind()).is_none())
        .collect();
    match format {
        Format::Markdown => write_line(&to_markdown(&findings))?,
        _ => print(
            format,
            &to_human(&policy, &findings, &remarks),
            &to_json(&findings, &remarks),
        )?,
    }
    if findings.is_empty() {
        Ok(())
    } else {
        Err(SaidNo.into())
    }
}

/// The rule that a note on the document breaks; none where it only says what the document holds beside a policy.
const fn rule(kind: NoteKind) -> Option<LintRule> {
    match kind {
        NoteKind::ScopeOnSchemeWithout => Some(LintRule::ScopeOnSchemeWithoutScopes),
        NoteKind::UndeclaredScope => Some(LintRule::UndeclaredScope),
        NoteKind::UndefinedScheme => Some(LintRule::UndefinedScheme),
        _ => None,
    }
}

/// A finding, as it is told.
struct Told {
    rule: LintRule,
    method: Option<String>,
    path: Option<String>,
    message: String,
}

impl Told {
    fn of_finding(finding: &Finding) -> Self {
        Self {
            rule: finding.rule(),
            method: finding.method().map(|method| method.to_string()),
            path: finding.template().map(str::to_owned),
            message: finding.message().to_owned(),
        }
    }

    fn of_note(note: &Note) -> Option<Self> {
        let (method, path) = operation_at(note.place()).unzip();
        Some(Self {
            rule: rule(note.kind())?,
            method,
            path,
            message: note.message().to_owned(),
        })
    }

    fn place(&self) -> String {
        match (&self.method, &self.path) {
            (Some(method), Some(path)) => format!("{method} {path}"),
            _ => "(the whole policy)".to_owned(),
        }
    }

    fn to_json(&self) -> Value {
        json!({ "rule": self.rule.as_str(), "method": self.method, "path": self.path, "message": self.message })
    }
}

/// The operation that a JSON pointer leads into: `/paths/~1items/get/..`.
fn operation_at(place: &Place) -> Option<(String, String)> {
    let Place::Pointer(pointer) = place else { return None };
    let mut tokens = pointer.strip_prefix("/paths/")?.split('/');
    let path = tokens.next()?.replace("~1", "/").replace("~0", "~");
    Some((tokens.next()?.to_ascii_uppercase(), path))
}

fn to_json(findings: &[Told], remarks: &[&Note]) -> Value {
    json!({
        "findings": findings.iter().map(Told::to_json).collect::<Vec<_>>(),
        "notes": remarks.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// Rule by rule; operations of one rule that are told the same stand under one sentence.
fn grouped(findings: &[Told]) -> BTreeMap<LintRule, BTreeMap<&str, Vec<String>>> {
    let mut rules: BTreeMap<LintRule, BTreeMap<&str, Vec<String>>> = BTreeMap::new();
    for finding in findings {
        let messages = rules.entry(finding.rule).or_default();
        messages.entry(&finding.message).or_default().push(finding.place());
    }
    rules
}

fn to_human(policy: &Imported, findings: &[Told], remarks: &[&Note]) -> String {
    let mut text = String::new();
    for (rule, messages) in grouped(findings) {
        let count: usize = messages.values().map(Vec::len).sum();
        let _ = writeln!(text, "{} ({count})", paint(Tone::Notable, rule.as_str()));
        for (message, places) in messages {
            let _ = writeln!(text, "  {}", one_line(message));
            for place in places {
                let _ = writeln!(text, "    {}", one_line(&place));
            }
        }
        text.push('\n');
    }
    if !remarks.is_empty() {
        let _ = writeln!(text, "about the document ({})", remarks.len());
        for note in remarks {
            let _ = writeln!(text, "  {}", one_line(&note.to_string()));
        }
        text.push('\n');
    }
    let operations = policy.table().operations().len();
    let findings = counted(findings.len(), "finding");
    let _ = writeln!(text, "{findings} in {}", counted(operations, "operation"));
    text
}

fn to_markdown(findings: &[Told]) -> String {
    let mut text = String::from("### Policy findings\n\n| Rule | Operation | What |\n|---|---|---|\n");
    for finding in findings {
        let (place, message) = (code(&finding.place()), cell(&finding.message));
        let _ = writeln!(text, "| {} | {place} | {message} |", finding.rule);
    }
    let _ = writeln!(text, "\n{}", counted(findings.len(), "finding"));
    text
}
