//! The faults in the scopes of a document of `[[resources]]`: names that no token contains, and
//! operations that no token opens.

use std::collections::HashSet;

use scopegate_domain::DeclaredScheme;
use scopegate_openapi::import::{ImportNote, Imported, NoteKind, token_schemes};

use super::resource_document::line_of;
use crate::config::ResourceSettings;

/// The maximum number of warnings about one document.
const SHOWN: usize = 10;

/// Returns a sentence for each fault in the scopes of a document, up to a limit. Such a document is
/// valid, and its other scopes can be granted.
pub(super) fn warnings(table: &ResourceSettings, document: &Imported) -> Vec<String> {
    let schemes: Vec<&DeclaredScheme> = token_schemes(document.table().catalog()).collect();
    let faults = document
        .notes()
        .iter()
        .filter_map(|note| fault(note, document, &schemes));
    // An operation can name a scope many times, each with a note.
    let mut seen = HashSet::new();
    let faults = faults.filter(|(note, text)| seen.insert((note.place().clone(), text.clone())));
    let shown = table.document.display();
    let sentence = |(note, text): (&ImportNote, String)| {
        let file = note
            .place()
            .file()
            .map(|file| format!(", file `{file}`"))
            .unwrap_or_default();
        let line = line_of(note.place());
        format!("{}: `{shown}`{file}{line}: {text}", table.place("document"))
    };
    let mut sentences: Vec<String> = faults.map(sentence).collect();
    let more = sentences.len().saturating_sub(SHOWN);
    sentences.truncate(SHOWN);
    if more > 0 {
        sentences.push(format!(
            "{}: `{shown}`: {more} more faults like these; `scopegate policy lint` lists them",
            table.place("document")
        ));
    }
    sentences
}

/// The fault that a note reports, with the remedy; `None` if the note is about something else.
fn fault<'n>(
    note: &'n ImportNote,
    document: &Imported,
    schemes: &[&DeclaredScheme],
) -> Option<(&'n ImportNote, String)> {
    if is_about_other_scheme(note, document, schemes) {
        return None;
    }
    let message = note.message();
    let text = match note.kind() {
        NoteKind::InvalidScope => format!("{message}; no token contains it: rename it"),
        NoteKind::UndeclaredScope => {
            let (name, _) = message.strip_prefix("scope `")?.rsplit_once("` is not declared")?;
            if document.declared_scopes().any(|scope| scope.token().as_str() == name) {
                return None;
            }
            format!(
                "scope `{name}` is required and not declared, so no token contains it; declare it, or require a declared one"
            )
        }
        NoteKind::InvalidSchemeName => format!("{message}; rename it"),
        NoteKind::UndefinedScheme => format!("{message}; declare it, or correct the name"),
        _ => return None,
    };
    Some((note, text))
}

/// Whether a note is about a requirement of a scheme whose credential is not an access token, such
/// as the roles of an API key.
fn is_about_other_scheme(note: &ImportNote, document: &Imported, schemes: &[&DeclaredScheme]) -> bool {
    let pointer = note.place().pointer().unwrap_or_default();
    let Some((_, requirement)) = pointer.rsplit_once("/security/") else {
        return false;
    };
    // The position of the alternative, the name of the scheme, and the position of the scope.
    let name = requirement.split('/').nth(1).unwrap_or_default();
    let name = name.replace("~1", "/").replace("~0", "~");
    let is_named = |scheme: &DeclaredScheme| scheme.name().as_str() == name;
    document.table().catalog().schemes().iter().any(is_named) && !schemes.iter().any(|scheme| is_named(scheme))
}
