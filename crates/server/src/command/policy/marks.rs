//! Compares stated with calculated least privilege for `scopegate policy least FILE`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::bail;
use scopegate_analysis::{AnnotationReport, DominatedAnnotation, check_annotations};
use scopegate_domain::ScopeToken;
use scopegate_openapi::import::{Imported, LeastPrivilegeAnnotation};
use serde_json::{Map, Value, json};

use crate::output::{Color, Format, NegativeResult, paint, print_with, table};

pub(super) fn run(format: Format, policy: &Imported) -> anyhow::Result<()> {
    let marks = policy.least_marks();
    if marks.is_empty() {
        bail!(
            "the document marks no least privilege (Microsoft Graph's alone does); name operations with `--operation`"
        );
    }
    let judged = check_annotations(policy.table(), marks);
    let human = || to_human(&judged, marks.len());
    print_with(format, human, &to_json(&judged, marks.len()))?;
    if judged.is_confirmed() {
        Ok(())
    } else {
        Err(NegativeResult.into())
    }
}

fn names(scopes: &[ScopeToken]) -> Vec<&str> {
    scopes.iter().map(ScopeToken::as_str).collect()
}

fn to_json(judged: &AnnotationReport<'_>, marks: usize) -> Value {
    let dominated = |dominated: &DominatedAnnotation<'_>| {
        let mut value = mark(dominated.mark());
        value.insert("instead".to_owned(), names(dominated.by()).into());
        value
    };
    let nothing = judged.opening_nothing().iter();
    let unmarked = judged.unannotated().iter().map(|(scheme, operation)| {
        json!({ "scheme": scheme.as_str(), "method": operation.method().as_str(), "path": operation.template() })
    });
    json!({
        "marks": marks,
        "least": judged.least(),
        "dominated": judged.dominated().iter().map(dominated).collect::<Vec<_>>(),
        "opening_nothing": nothing.map(|nothing| mark(nothing)).collect::<Vec<_>>(),
        "unmarked": unmarked.collect::<Vec<_>>(),
        "pairs": judged.pairs(),
    })
}

fn mark(mark: &LeastPrivilegeAnnotation) -> Map<String, Value> {
    let fields: [(&str, Value); 5] = [
        ("scheme", mark.scheme().as_str().into()),
        ("method", mark.method().as_str().into()),
        ("path", mark.template().into()),
        ("scope", mark.scope().as_str().into()),
        ("beside", names(mark.others()).into()),
    ];
    fields
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}

/// The scope of an annotation, with the credentials that it needs in addition.
fn marked(mark: &LeastPrivilegeAnnotation) -> String {
    let beside = names(mark.others());
    if beside.is_empty() {
        mark.scope().to_string()
    } else {
        format!("{} + {}", mark.scope(), beside.join("|"))
    }
}

fn to_human(judged: &AnnotationReport<'_>, marks: usize) -> String {
    let mut text = String::new();
    section(&mut text, "marked, and something less suffices", &dominated(judged));
    let nothing = judged.opening_nothing().iter();
    let nothing = nothing.map(|mark| {
        let operation = format!("{} {}", mark.method(), mark.template());
        vec![mark.scheme().to_string(), operation, marked(mark)]
    });
    section(
        &mut text,
        "marked, and opens nothing",
        &lines(&["SCHEME", "OPERATION", "MARKED"], &nothing.collect::<Vec<_>>()),
    );
    let unmarked = judged.unannotated().iter();
    let unmarked = unmarked.map(|(scheme, operation)| vec![scheme.to_string(), operation.to_string()]);
    section(
        &mut text,
        "without a mark",
        &lines(&["SCHEME", "OPERATION"], &unmarked.collect::<Vec<_>>()),
    );
    let _ = writeln!(
        text,
        "{marks} marks: {} are the least, {} are not, {} open nothing; {} of {} operations, counted for each scheme, have none",
        judged.least(),
        judged.dominated().len(),
        judged.opening_nothing().len(),
        judged.unannotated().len(),
        judged.pairs(),
    );
    text
}

/// One line for all operations with the same annotation and the same smaller scopes. The most
/// frequent is first.
fn dominated(judged: &AnnotationReport<'_>) -> String {
    let mut groups: BTreeMap<[String; 3], Vec<String>> = BTreeMap::new();
    for dominated in judged.dominated() {
        let mark = dominated.mark();
        let group = [
            mark.scheme().to_string(),
            marked(mark),
            names(dominated.by()).join(" + "),
        ];
        let operation = format!("{} {}", mark.method(), mark.template());
        groups.entry(group).or_default().push(operation);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, operations)| std::cmp::Reverse(operations.len()));
    let row = |(group, operations): ([String; 3], Vec<String>)| {
        let first = operations.first().cloned().unwrap_or_default();
        let more = match operations.len() {
            1 => first,
            count => format!("{first} and {} more", count - 1),
        };
        group.into_iter().chain([more]).collect()
    };
    lines(
        &["SCHEME", "MARKED", "SUFFICES", "OPERATIONS"],
        &groups.into_iter().map(row).collect::<Vec<_>>(),
    )
}

fn lines(heads: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        String::new()
    } else {
        table(heads, rows)
    }
}

fn section(text: &mut String, title: &str, lines: &str) {
    if !lines.is_empty() {
        let _ = writeln!(text, "{}\n{lines}", paint(Color::Notable, title));
    }
}
