//! The names of an object.

use std::borrow::Cow;
use std::collections::BTreeSet;

/// The names of an object so far, to detect duplicates.
///
/// The first sixteen names need no allocation. More names, and names written with escapes, do.
#[derive(Debug, Default)]
pub struct MemberNames<'a> {
    few: [&'a str; 16],
    len: usize,
    more: BTreeSet<Cow<'a, str>>,
}

impl<'a> MemberNames<'a> {
    /// Adds a name; `false` if it was there.
    pub fn insert(&mut self, name: Cow<'a, str>) -> bool {
        if self.few.iter().take(self.len).any(|known| *known == name) || self.more.contains(&name) {
            return false;
        }
        match (name, self.few.get_mut(self.len)) {
            (Cow::Borrowed(name), Some(slot)) => {
                *slot = name;
                self.len += 1;
            }
            (name, _) => {
                self.more.insert(name);
            }
        }
        true
    }
}
