//! Fields of Scopegate's own without an effect, by their place or name.

use std::collections::HashMap;

use scopegate_policy::nearest_name;

use super::Format;
use super::ignore::FIELD;
use super::node::{At, Kind, OwnField};
use super::place::{DocumentPosition, Mark};
use super::shape::OWN;
use super::shown::QuotedValue;

/// The names that some reader knows, or an export writes.
const KNOWN: [&str; 9] = [
    "x-scopegate-checks",
    "x-scopegate-guards",
    FIELD,
    "x-scopegate-implies",
    "x-scopegate-notes",
    "x-scopegate-overrides",
    "x-scopegate-scopes",
    "x-scopegate-type",
    "x-scopegate-without-subject",
];

/// Whether a field is not read as its author expects: entries that were not read, or an unknown
/// name.
pub(super) fn is_at_fault(field: &OwnField, is_read: bool) -> bool {
    let name = &*field.name;
    (name == FIELD && !is_read) || !KNOWN.contains(&name)
}

/// The message about a field, with the remedy.
pub(super) fn message(name: &str, format: Format) -> String {
    if name != FIELD {
        let shown = QuotedValue(name);
        return match nearest_name(name, KNOWN.into_iter()) {
            Some(known) => format!("`{shown}` is not known, so it has no effect; did you mean `{known}`?"),
            None => format!("`{shown}` is not known, so it has no effect"),
        };
    }
    let objects = match format {
        Format::GoogleDiscovery => "a resource, a method or `auth.oauth2`",
        Format::MicrosoftGraph => "a permission or one of its `pathSets`",
        _ => "a path item, an operation or a security scheme",
    };
    format!("`{FIELD}` is not read here, so it accepts no finding; move it to the root of the document, {objects}")
}

/// The places of all fields of Scopegate's own below a value, by their positions.
pub(super) fn places(at: &At<'_>) -> HashMap<Mark, DocumentPosition> {
    let mut places = HashMap::new();
    collect(at, &mut places);
    places
}

/// Collects fields. The depth of a document has a limit, so the recursion has one, too.
fn collect(at: &At<'_>, places: &mut HashMap<Mark, DocumentPosition>) {
    // A call of `members` for `null` would add a note.
    match &at.node.kind {
        Kind::List(_) => at.items().into_iter().flatten().for_each(|item| collect(&item, places)),
        Kind::Map(_) => {
            for (name, member) in at.members().into_iter().flatten() {
                if name.starts_with(OWN) {
                    // An alias repeats a value. The first place is the one in the text.
                    places.entry(member.node.mark).or_insert_with(|| member.place());
                }
                collect(&member, places);
            }
        }
        _ => {}
    }
}
