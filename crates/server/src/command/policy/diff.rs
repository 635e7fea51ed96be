//! `scopegate policy diff OLD NEW`

mod fail_on;
mod moved;

use std::fmt::Write as _;

use scopegate_analysis::{Change, ChangeKind, FieldChange, PolicyDiff, SchemeChange, compare};
use scopegate_policy::OperationTable;
use serde_json::{Value, json};

use self::fail_on::Failing;
use super::document;
use super::names::Spelling;
use crate::arguments::DiffArguments;
use crate::markdown::code;
use crate::output::{Color, Format, NegativeResult, one_line, paint, print_with, write_line};

pub(super) fn run(format: Format, arguments: &DiffArguments) -> anyhow::Result<()> {
    let failing = Failing::new(&arguments.fail_on)?;
    let reading = &arguments.reading;
    reading.refuse_unused_base(&[arguments.old.as_path(), arguments.new.as_path()])?;
    let old = document::read_side(&arguments.old, reading, "old")?;
    let new = document::read_side(&arguments.new, reading, "new")?;
    let before = moved::with_prefixes(&arguments.map, &old, &new)?;
    let found = compare(&before, &moved::version(&new))?;
    let spelled = Spelled::new(old.table(), new.table(), &found);
    if format == Format::Markdown {
        write_line(&to_markdown(&found, failing, &spelled))?;
    } else {
        let human = || to_human(&found, failing, &spelled);
        print_with(format, human, &to_json(&found, failing, &spelled))?;
    }
    let fails = found.changes().iter().any(|change| failing.change(change))
        || found.schemes().iter().any(|change| failing.scheme(change));
    if fails { Err(NegativeResult.into()) } else { Ok(()) }
}

/// The format of witnesses: with schemes if one of them involves several authorization servers.
struct Spelled {
    allowed: Spelling,
    refused: Spelling,
}

impl Spelled {
    /// The new policy describes a request that it newly allows. The old policy describes one that
    /// is newly refused.
    fn new(old: &OperationTable, new: &OperationTable, found: &PolicyDiff) -> Self {
        let changes = found.changes();
        Self {
            allowed: Spelling::of_atoms(new, changes.iter().filter_map(Change::allowed_now).flatten()),
            refused: Spelling::of_atoms(old, changes.iter().filter_map(Change::refused_now).flatten()),
        }
    }

    fn allowed_now(&self, change: &Change) -> Option<Vec<String>> {
        change.allowed_now().map(|facts| self.allowed.facts(facts))
    }

    fn refused_now(&self, change: &Change) -> Option<Vec<String>> {
        change.refused_now().map(|facts| self.refused.facts(facts))
    }
}

/// An example that separates the two policies: a caller that gains access. If there is none, a
/// caller that loses access.
fn witness(change: &Change, spelled: &Spelled) -> Option<Vec<String>> {
    spelled.allowed_now(change).or_else(|| spelled.refused_now(change))
}

fn to_json(found: &PolicyDiff, failing: Failing<'_>, spelled: &Spelled) -> Value {
    let change = |change: &Change| {
        json!({
            "method": change.method().as_str(),
            "path": change.template(),
            "change": change.kind().as_str(),
            "public": change.opens_to_public(),
            "fails": failing.change(change),
            "witness": witness(change, spelled).unwrap_or_default(),
            "allowed_now": spelled.allowed_now(change),
            "refused_now": spelled.refused_now(change),
        })
    };
    let field = |field: &FieldChange| json!({ "field": field.field(), "old": field.old(), "new": field.new_value() });
    let scheme = |change: &SchemeChange| {
        let operations = change.operations().iter();
        let operations = operations.map(|(method, path)| json!({ "method": method.as_str(), "path": path }));
        json!({
            "scheme": change.scheme().as_str(),
            "fails": failing.scheme(change),
            "fields": change.fields().iter().map(field).collect::<Vec<_>>(),
            "operations": operations.collect::<Vec<_>>(),
        })
    };
    json!({
        "changes": found.changes().iter().map(change).collect::<Vec<_>>(),
        "schemes": found.schemes().iter().map(scheme).collect::<Vec<_>>(),
    })
}

/// A sentence that states which callers gain access and which lose it.
fn sentence(change: &Change, spelled: &Spelled, quoted: fn(&str) -> String) -> String {
    let held = |words: Vec<String>| {
        let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        match words.as_slice() {
            [] => "a request without a credential".to_owned(),
            words => format!("a request with {}", words.join(" and ")),
        }
    };
    let allowed = spelled.allowed_now(change);
    let allowed = allowed.map(|words| format!("{} is allowed now", held(words)));
    let refused = spelled.refused_now(change);
    let refused = refused.map(|words| format!("{} is refused now", held(words)));
    allowed.into_iter().chain(refused).collect::<Vec<_>>().join("; ")
}

/// A sentence for each field of a scheme that changed.
fn fields(change: &SchemeChange, quoted: fn(&str) -> String) -> String {
    let value = |value: Option<&str>| value.map_or_else(|| "absent".to_owned(), quoted);
    let field = |field: &FieldChange| {
        let (old, new) = (value(field.old()), value(field.new_value()));
        format!("{} was {old} and is {new}", quoted(field.field()))
    };
    change.fields().iter().map(field).collect::<Vec<_>>().join("; ")
}

fn named(change: &SchemeChange) -> String {
    match change.operations().len() {
        0 => "no operation names it".to_owned(),
        1 => "1 operation names it".to_owned(),
        count => format!("{count} operations name it"),
    }
}

const fn tone(kind: ChangeKind) -> Color {
    match kind {
        ChangeKind::Incomparable | ChangeKind::Weaker => Color::Bad,
        ChangeKind::Removed | ChangeKind::Stronger => Color::Good,
        ChangeKind::Added => Color::Notable,
    }
}

/// The changes that fail come first, then those that open operations.
fn by_weight<'c>(changes: &'c [Change], failing: Failing<'_>) -> Vec<&'c Change> {
    let mut changes: Vec<&Change> = changes.iter().collect();
    changes.sort_by_key(|change| (!failing.change(change), !change.opens()));
    changes
}

fn to_human(found: &PolicyDiff, failing: Failing<'_>, spelled: &Spelled) -> String {
    let mut text = String::new();
    for change in by_weight(found.changes(), failing) {
        let kind = format!("{:12}", change.kind().as_str());
        let place = one_line(&format!("{} {}", change.method(), change.template()));
        let fails = if failing.change(change) { " (fails)" } else { "" };
        let _ = writeln!(text, "{} {place}{fails}", paint(tone(change.kind()), &kind));
        let _ = writeln!(text, "             {}", sentence(change, spelled, one_line));
    }
    for change in found.schemes() {
        let fails = failing.scheme(change);
        let tone = if fails { Color::Bad } else { Color::Notable };
        let fails = if fails { " (fails)" } else { "" };
        let scheme = paint(tone, &format!("{:12}", "scheme"));
        let _ = writeln!(text, "{scheme} {}{fails}", one_line(change.scheme().as_str()));
        let _ = writeln!(text, "             {}; {}", fields(change, one_line), named(change));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&counts(found));
    text
}

fn to_markdown(found: &PolicyDiff, failing: Failing<'_>, spelled: &Spelled) -> String {
    let mut text = String::from("### Policy changes\n\n");
    if found.changes().is_empty() && found.schemes().is_empty() {
        text.push_str("Both policies allow the same requests.\n");
        return text;
    }
    let mark = |fails| if fails { "⚠️" } else { "" };
    if !found.changes().is_empty() {
        text.push_str("| | Operation | Change | Who |\n|---|---|---|---|\n");
    }
    for change in by_weight(found.changes(), failing) {
        let mark = mark(failing.change(change));
        let place = code(&format!("{} {}", change.method(), change.template()));
        let who = sentence(change, spelled, code);
        let _ = writeln!(text, "| {mark} | {place} | {} | {who} |", change.kind());
    }
    if !found.schemes().is_empty() {
        let gap = if found.changes().is_empty() { "" } else { "\n" };
        let _ = write!(text, "{gap}| | Scheme | What | Operations |\n|---|---|---|---|\n");
    }
    for change in found.schemes() {
        let mark = mark(failing.scheme(change));
        let scheme = code(change.scheme().as_str());
        let _ = writeln!(
            text,
            "| {mark} | {scheme} | {} | {} |",
            fields(change, code),
            named(change)
        );
    }
    let _ = write!(text, "\n{}", counts(found));
    text
}

fn counts(found: &PolicyDiff) -> String {
    use ChangeKind::{Added, Incomparable, Removed, Stronger, Weaker};
    let count = |kind: ChangeKind| found.changes().iter().filter(|change| change.kind() == kind).count();
    let mut counts: Vec<String> = [Weaker, Incomparable, Added, Stronger, Removed]
        .map(|kind| format!("{} {kind}", count(kind)))
        .into();
    match found.schemes().len() {
        0 => {}
        1 => counts.push("1 scheme changed".to_owned()),
        schemes => counts.push(format!("{schemes} schemes changed")),
    }
    format!("{}\n", counts.join(", "))
}
