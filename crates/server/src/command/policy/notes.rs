//! Notes on a document: in the JSON answer of each command, and on standard error.

use std::path::Path;

use scopegate_openapi::import::{ImportNote, Imported, NoteKind};
use serde_json::{Value, json};

use crate::output::{add_notes, print_note};

/// The maximum number of notes on standard error. The JSON answer contains all notes.
const SHOWN: usize = 20;

/// Writes the notes on a document. `side` names one of two documents.
pub(super) fn tell(policy: &Imported, file: &Path, side: Option<&str>) {
    let notes = policy.notes();
    add_notes(notes.iter().map(|note| to_json(note, side)));
    // Notes that may change an answer come first.
    let (about_access, others): (Vec<&ImportNote>, Vec<&ImportNote>) =
        notes.iter().partition(|note| is_about_access(note.kind()));
    let mut ordered = about_access.into_iter().chain(others);
    for note in ordered.by_ref().take(SHOWN) {
        print_note(&to_line(note, file));
    }
    match ordered.count() {
        0 => {}
        rest => print_note(&format!(
            "{rest} more notes on `{}`; `--format json` lists them",
            file.display()
        )),
    }
}

/// Returns all notes on a document, in the form of the answers.
pub(super) fn all(policy: &Imported) -> Vec<Value> {
    policy.notes().iter().map(|note| to_json(note, None)).collect()
}

/// Whether a note is about the requirements of a request.
const fn is_about_access(kind: NoteKind) -> bool {
    !matches!(
        kind,
        NoteKind::Callbacks | NoteKind::Deprecated | NoteKind::FlowsDiffer | NoteKind::UploadPath | NoteKind::Webhooks
    )
}

fn to_json(note: &ImportNote, side: Option<&str>) -> Value {
    let place = note.place();
    let mut json = json!({
        "kind": note.kind().as_str(),
        "pointer": place.pointer(),
        "file": place.file(),
        "line": place.line(),
        "column": place.column(),
        "message": note.message(),
    });
    if let (Value::Object(members), Some(side)) = (&mut json, side) {
        members.insert("side".to_owned(), side.into());
    }
    json
}

/// `FILE:LINE:COLUMN: PLACE: MESSAGE`, which editors can parse.
fn to_line(note: &ImportNote, file: &Path) -> String {
    let place = note.place();
    let own = file.display().to_string();
    let file = place.file().unwrap_or(&own);
    match place.line().zip(place.column()) {
        Some((line, column)) => format!("{file}:{line}:{column}: {note}"),
        None => format!("{file}: {note}"),
    }
}
