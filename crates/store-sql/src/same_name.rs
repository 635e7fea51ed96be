//! Users with the same name, in errors.

use std::fmt;

use scopegate_domain::{AuditEntry, visible};

/// The number of pairs that an error shows.
const SHOWN: usize = 20;

/// The maximum number of characters of a name or id that a text repeats.
const MOST: usize = 100;

/// A user as an error names it. A text repeats at most 100 characters of the name and of the id.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a name and an id identify a user")]
pub struct NamedUser {
    /// The name.
    pub username: String,
    /// The id.
    pub id: String,
}

impl fmt::Display for NamedUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` (id `{}`)", shown(&self.username), shown(&self.id))
    }
}

/// Returns a text with invisible characters escaped, and shortened if it is long.
fn shown(text: &str) -> String {
    match text.char_indices().nth(MOST) {
        None => visible(text).into_owned(),
        Some((end, _)) => format!("{}..", visible(text.get(..end).unwrap_or_default())),
    }
}

/// Two users whose names have the same canonical form. No creation time is stored, so the one whose
/// id sorts first counts as the older.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a pair")]
pub struct SameName {
    /// The user that keeps the name.
    pub older: NamedUser,
    /// The other user.
    pub younger: NamedUser,
}

/// Users that got another name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RenamedUsers {
    /// The pairs, each with the new name of the younger user.
    pub users: Vec<(SameName, String)>,
    /// The entries of the audit log, if the database is older than the log. The caller must write
    /// them with the migration, by [`SqlStore::open_audited`](crate::SqlStore::open_audited).
    /// Otherwise empty: they were written with the new names.
    pub unwritten: Vec<AuditEntry>,
}

/// Writes the pairs into one line.
pub(crate) fn listed(pairs: &[SameName]) -> String {
    let shown = pairs.iter().take(SHOWN);
    let mut texts: Vec<_> = shown
        .map(|pair| format!("{} and {}", pair.older, pair.younger))
        .collect();
    if let Some(more) = pairs.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        texts.push(format!("{more} more pairs"));
    }
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_shortened() {
        let named = |username: String| NamedUser {
            username,
            id: "u\u{200b}".to_owned(),
        };
        let most = "ä".repeat(MOST);
        let shown = format!("`{most}` (id `u\\u{{200b}}`)");
        assert_eq!(named(most.clone()).to_string(), shown);
        let shown = format!("`{most}..` (id `u\\u{{200b}}`)");
        assert_eq!(named(most + "b").to_string(), shown);
    }
}
