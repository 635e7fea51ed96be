//! `scopegate policy diff OLD NEW`

use std::fmt::Write as _;

use scopegate_policy::Atom;
use scopegate_policy::analysis::{Change, ChangeKind, diff};
use serde_json::{Value, json};

use super::document;
use crate::arguments::DiffArguments;
use crate::markdown::code;
use crate::output::{Format, SaidNo, Tone, one_line, paint, print, write_line};

pub(super) fn run(format: Format, arguments: &DiffArguments) -> anyhow::Result<()> {
    let (old, new) = (document::read(&arguments.old)?, document::read(&arguments.new)?);
    let changes = diff(old.table(), new.table())?;
    if format == Format::Markdown {
        write_line(&to_markdown(&changes))?;
    } else {
        let json = json!({ "changes": changes.iter().map(to_json).collect::<Vec<_>>() });
        print(format, &to_human(&changes), &json)?;
    }
    if changes.iter().any(Change::opens) {
        return Err(SaidNo.into());
    }
    Ok(())
}

/// What separates the two: who is let in now and was not, or where there is nobody, who was and is not.
fn witness(change: &Change) -> Option<&[Atom]> {
    change.allowed_now().or(change.refused_now())
}

fn words(atoms: Option<&[Atom]>) -> Option<Vec<String>> {
    atoms.map(|atoms| atoms.iter().map(ToString::to_string).collect())
}

fn to_json(change: &Change) -> Value {
    json!({
        "method": change.method().as_str(),
        "path": change.template(),
        "change": change.kind().as_str(),
        "witness": words(witness(change)).unwrap_or_default(),
        "allowed_now": words(change.allowed_now()),
        "refused_now": words(change.refused_now()),
    })
}

/// A sentence on who is let in now and was not, and the other way round.
fn sentence(change: &Change, quoted: fn(&str) -> String) -> String {
    let held = |atoms: &[Atom]| {
        let words: Vec<String> = atoms.iter().map(|atom| quoted(&atom.to_string())).collect();
        match words.as_slice() {
            [] => "a request without a credential".to_owned(),
            words => format!("a request with {}", words.join(" and ")),
        }
    };
    let allowed = change
        .allowed_now()
        .map(|atoms| format!("{} is let in now", held(atoms)));
    let refused = change
        .refused_now()
        .map(|atoms| format!("{} is refused now", held(atoms)));
    allowed.into_iter().chain(refused).collect::<Vec<_>>().join("; ")
}

const fn tone(kind: ChangeKind) -> Tone {
    match kind {
        ChangeKind::Incomparable | ChangeKind::Weaker => Tone::Bad,
        ChangeKind::Removed | ChangeKind::Stronger => Tone::Good,
        ChangeKind::Added => Tone::Notable,
    }
}

/// What opens comes first.
fn by_weight(changes: &[Change]) -> Vec<&Change> {
    let mut changes: Vec<&Change> = changes.iter().collect();
    changes.sort_by_key(|change| !change.opens());
    changes
}

fn to_human(changes: &[Change]) -> String {
    let mut text = String::new();
    for change in by_weight(changes) {
        let kind = format!("{:12}", change.kind().as_str());
        let place = one_line(&format!("{} {}", change.method(), change.template()));
        let _ = writeln!(text, "{} {place}", paint(tone(change.kind()), &kind));
        let _ = writeln!(text, "             {}", sentence(change, one_line));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&counts(changes));
    text
}

fn to_markdown(changes: &[Change]) -> String {
    let mut text = String::from("### Policy changes\n\n");
    if changes.is_empty() {
        text.push_str("Nobody is let in who was not, and nobody is refused who was let in.\n");
        return text;
    }
    text.push_str("| | Operation | Change | Who |\n|---|---|---|---|\n");
    for change in by_weight(changes) {
        let mark = if change.opens() { "⚠️" } else { "" };
        let place = code(&format!("{} {}", change.method(), change.template()));
        let who = sentence(change, code);
        let _ = writeln!(text, "| {mark} | {place} | {} | {who} |", change.kind());
    }
    let _ = write!(text, "\n{}", counts(changes));
    text
}

fn counts(changes: &[Change]) -> String {
    use ChangeKind::{Added, Incomparable, Removed, Stronger, Weaker};
    let count = |kind: ChangeKind| changes.iter().filter(|change| change.kind() == kind).count();
    let counts = [Weaker, Incomparable, Added, Stronger, Removed].map(|kind| format!("{} {kind}", count(kind)));
    format!("{}\n", counts.join(", "))
}
