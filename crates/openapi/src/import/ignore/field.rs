//! `x-scopegate-ignore`: the entries in the objects of a document.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use scopegate_policy::Method;

use super::{Ignore, Part, date_of, entry, operation_of, reason_of, rule_of};
use crate::import::error::ImportError;
use crate::import::node::At;
use crate::import::place::DocumentPosition;
use crate::import::table::Table;

/// The field of a document that accepts findings.
pub(crate) const FIELD: &str = "x-scopegate-ignore";

/// The object that contains a field.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Within<'a> {
    Document,
    Operation(Method, &'a str),
    /// An object with several operations, by its name. [`set_operations`] adds them.
    Part(&'a str),
    Path(&'a str),
    Scheme(&'a str),
}

/// Reads the field of an object, if it has one. The result is the range of its entries.
pub(crate) fn read_field(
    at: &At<'_>,
    within: Within<'_>,
    ignores: &mut Vec<Ignore>,
) -> Result<Range<usize>, ImportError> {
    let start = ignores.len();
    if let Some(list) = at.get(FIELD) {
        at.origin.set_field_read(list.node.mark);
        for item in list.items()? {
            ignores.push(object(&item)?.within(within));
        }
    }
    Ok(start..ignores.len())
}

/// Reads the same entries from a table of a policy in TOML.
pub(crate) fn read_table(
    table: &mut Table<'_, '_>,
    within: Within<'_>,
    place_of: impl Fn(usize) -> DocumentPosition,
    ignores: &mut Vec<Ignore>,
) -> Result<Range<usize>, ImportError> {
    let start = ignores.len();
    if let Some(list) = table.take(FIELD) {
        for item in list.items()? {
            ignores.push(entry(item, place_of(item.start()))?.within(within));
        }
    }
    Ok(start..ignores.len())
}

/// Sets the operations of entries that an object with several operations contains.
pub(crate) fn set_operations(ignores: &mut [Ignore], entries: Range<usize>, operations: &[(Method, String)]) {
    let entries = ignores.get_mut(entries).unwrap_or_default();
    if entries.is_empty() {
        return;
    }
    let all: Arc<[(Method, String)]> = operations.into();
    for entry in entries {
        if let Some(Part::Named { operations, .. }) = &mut entry.part {
            *operations = Arc::clone(&all);
        }
    }
}

impl Ignore {
    /// Sets the subject of an entry by the object that contains it, unless the entry states it.
    fn within(mut self, within: Within<'_>) -> Self {
        match within {
            Within::Document => {}
            Within::Operation(method, path) => {
                self.operation
                    .get_or_insert_with(|| (method, slashed(path).into_owned()));
            }
            Within::Part(name) => {
                let (name, operations) = (name.to_owned(), Arc::default());
                self.part = Some(Part::Named { name, operations });
            }
            Within::Path(path) => self.part = Some(Part::Path(slashed(path).into_owned())),
            Within::Scheme(name) => {
                self.scheme.get_or_insert_with(|| name.to_owned());
            }
        }
        self
    }
}

/// Returns the template of a path, which begins with a slash in the table.
fn slashed(path: &str) -> Cow<'_, str> {
    if path.starts_with('/') {
        Cow::Borrowed(path)
    } else {
        Cow::Owned(format!("/{path}"))
    }
}

fn object(at: &At<'_>) -> Result<Ignore, ImportError> {
    const MEMBERS: [&str; 5] = ["rule", "operation", "scheme", "reason", "until"];
    for (name, member) in at.members()? {
        if !MEMBERS.contains(&name) {
            return Err(member.fault(format!("is not known here; known are `{}`", MEMBERS.join("`, `"))));
        }
    }
    let rule = rule_of(at.needed_text("rule")?).map_err(|message| at.fault(message))?;
    let reason = reason_of(at.needed_text("reason")?).map_err(|message| at.fault(message))?;
    let operation = at.text_of("operation")?.map(operation_of).transpose();
    let until = at.text_of("until")?.map(date_of).transpose();
    Ok(Ignore {
        rule,
        operation: operation.map_err(|message| at.fault(message))?,
        located: None,
        part: None,
        scheme: at.text_of("scheme")?.map(str::to_owned),
        reason,
        until: until.map_err(|message| at.fault(message))?,
        place: at.place(),
    })
}
