//! `scopegate policy lint FILE`

mod baseline;
mod finding_place;
mod github;
mod ignore;
mod report;
mod sarif;

use std::fmt::Write as _;

use scopegate_analysis::{Finding, lint_document};
use scopegate_openapi::import::{ImportNote, NoteKind};
use scopegate_policy::{LintRule, Severity};
use serde_json::{Value, json};

use self::baseline::Baseline;
use self::ignore::Applied;
use self::report::Report;
use super::document;
use super::names::unknown;
use super::written::refuse_input;
use crate::arguments::LintArguments;
use crate::markdown::{cell, code};
use crate::output::{Color, Format, NegativeResult, counted, one_line, paint, print_note, print_with, write_line};

pub(super) fn run(format: Format, arguments: &LintArguments) -> anyhow::Result<()> {
    let selected = Selected::new(arguments)?;
    let (policy, text) = document::open_with_text(&arguments.document)?;
    let file = arguments.document.file.display().to_string();
    let findings = lint_document(policy.table(), policy.ceilings(), policy.facts());
    let applied = ignore::apply(selected.of(findings), &arguments.ignore, (&file, &text, &policy))?;
    let Applied {
        findings,
        ignored,
        stale,
    } = applied;
    if let Some(path) = &arguments.write_baseline {
        refuse_input(&arguments.document.file, path)?;
        Baseline::of(&findings).write(path)?;
        print_note(&format!("the baseline holds {}", counted(findings.len(), "finding")));
    }
    let (findings, known) = match &arguments.baseline {
        Some(path) => Baseline::read(path)?.new_findings(findings),
        None => (findings, 0),
    };
    let report = Report {
        ignored,
        known,
        // An entry for a rule that does not run matches nothing for that reason alone.
        stale: stale
            .into_iter()
            .filter(|stale| selected.0.contains(&stale.rule))
            .collect(),
        ..Report::new(&file, &text, &policy, findings)
    };
    for stale in &report.stale {
        print_note(&stale.message);
    }
    write(format, &report)?;
    let is_bad = arguments
        .fail_on
        .severity()
        .is_some_and(|least| report.failing(least) > 0);
    if is_bad && arguments.write_baseline.is_none() {
        Err(NegativeResult.into())
    } else {
        Ok(())
    }
}

fn write(format: Format, report: &Report<'_>) -> anyhow::Result<()> {
    match format {
        Format::Github => write_line(&github::to_text(report)),
        Format::Markdown => write_line(&to_markdown(report)),
        Format::Sarif => write_line(&sarif::to_json(report).to_string()),
        Format::Human | Format::Json => {
            let human = || to_human(report, &notes_to_print(report));
            print_with(format, human, &to_json(report))
        }
    }
}

/// The rules that run.
struct Selected(Vec<LintRule>);

impl Selected {
    fn new(arguments: &LintArguments) -> anyhow::Result<Self> {
        let rules = |names: &[String]| {
            names
                .iter()
                .map(|name| rule(name))
                .collect::<anyhow::Result<Vec<LintRule>>>()
        };
        let (only, without) = (rules(&arguments.rule)?, rules(&arguments.no_rule)?);
        let is_selected = |rule: &LintRule| (only.is_empty() || only.contains(rule)) && !without.contains(rule);
        Ok(Self(LintRule::ALL.into_iter().filter(is_selected).collect()))
    }

    fn of(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let findings = findings.into_iter();
        findings.filter(|finding| self.0.contains(&finding.rule())).collect()
    }
}

fn rule(name: &str) -> anyhow::Result<LintRule> {
    if let Ok(rule) = name.parse() {
        return Ok(rule);
    }
    let known = LintRule::ALL.iter().map(ToString::to_string);
    Err(anyhow::anyhow!(unknown("rule", name, known)))
}

/// The notes that are not findings: parts of the document that are not about its policy.
fn notes_to_print<'n>(report: &Report<'n>) -> Vec<&'n ImportNote> {
    let is_finding = |note: &&ImportNote| {
        matches!(
            note.kind(),
            NoteKind::ScopeOnSchemeWithout | NoteKind::UndeclaredScope | NoteKind::UndefinedScheme
        )
    };
    report.policy.notes().iter().filter(|note| !is_finding(note)).collect()
}

fn to_json(report: &Report<'_>) -> Value {
    let stale = report
        .stale
        .iter()
        .map(|stale| json!({ "state": stale.state, "file": stale.file, "line": stale.line, "message": stale.message }));
    json!({
        "findings": report.findings.iter().map(report::Reported::to_json).collect::<Vec<_>>(),
        "ignored": report.ignored,
        "known": report.known,
        "stale_ignores": stale.collect::<Vec<_>>(),
    })
}

const fn tone(severity: Severity) -> Color {
    match severity {
        Severity::Error => Color::Bad,
        Severity::Warning => Color::Notable,
        Severity::Info => Color::Good,
    }
}

fn to_human(report: &Report<'_>, notes: &[&ImportNote]) -> String {
    let mut text = String::new();
    for (rule, findings) in report.by_rule() {
        let _ = writeln!(text, "{} ({})", paint(Color::Notable, rule.as_str()), findings.len());
        for reported in findings {
            let severity = reported.finding.severity();
            let position = reported.located.position;
            let _ = writeln!(
                text,
                "  {}:{}:{}: {}: {}",
                one_line(&reported.file),
                position.line,
                position.column,
                paint(tone(severity), severity.as_str()),
                one_line(reported.finding.message())
            );
            for operation in reported.operations() {
                let _ = writeln!(text, "    {}", one_line(&operation));
            }
        }
        text.push('\n');
    }
    if !notes.is_empty() {
        let _ = writeln!(text, "about the document ({})", notes.len());
        for note in notes {
            let _ = writeln!(text, "  {}", one_line(&note.to_string()));
        }
        text.push('\n');
    }
    let operations = report.policy.table().operations().len();
    let _ = write!(
        text,
        "{} in {}",
        counted(report.findings.len(), "finding"),
        counted(operations, "operation")
    );
    if report.ignored > 0 {
        let _ = write!(text, ", {} ignored", report.ignored);
    }
    if report.known > 0 {
        let _ = write!(text, ", {} in the baseline", report.known);
    }
    text.push('\n');
    text
}

fn to_markdown(report: &Report<'_>) -> String {
    let mut text =
        String::from("### Policy findings\n\n| Severity | Rule | Operation | What | Where |\n|---|---|---|---|---|\n");
    for reported in &report.findings {
        let finding = &reported.finding;
        let place = code(&reported.operations_in_short());
        let line = code(&format!("{}:{}", reported.file, reported.located.position.line));
        let _ = writeln!(
            text,
            "| {} | {} | {place} | {} | {line} |",
            finding.severity(),
            finding.rule(),
            cell(finding.message())
        );
    }
    let _ = writeln!(text, "\n{}", counted(report.findings.len(), "finding"));
    text
}
