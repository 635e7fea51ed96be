//! What a pass of the cleanup removes.

use scopegate_domain::Timestamp;

use crate::FamilyKey;

/// One batch of the cleanup: [`Store::delete_expired`](crate::Store::delete_expired).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "each backend must obey a new limit")]
pub struct Cleanup {
    /// The time of the pass.
    pub now: Timestamp,
    /// The maximum number of rows that are deleted, except server secrets.
    pub max: u16,
    /// The last family that the pass before examined for idleness:
    /// [`DeletedRows::examined`]. `None` begins with the first one.
    pub after: Option<FamilyKey>,
}

impl Cleanup {
    /// The largest useful number of rows in a batch.
    pub const MAX: u16 = 500;

    /// Returns the number of families that a batch examines for idleness.
    #[must_use]
    pub fn examined(&self) -> usize {
        usize::from(self.max).saturating_mul(10).max(1)
    }
}

/// What one batch of the cleanup deleted, by table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "each backend must count a new table")]
pub struct DeletedRows {
    /// Authorization codes.
    pub codes: u64,
    /// Sessions.
    pub sessions: u64,
    /// Token families.
    pub families: u64,
    /// Consents for clients that do not exist.
    pub consents: u64,
    /// Server secrets.
    pub secrets: u64,
    /// Whether more rows may be deleted now.
    pub has_more: bool,
    /// The last family that was examined for idleness. `None`: the pass has examined the last one.
    pub examined: Option<FamilyKey>,
}

impl DeletedRows {
    /// Returns the number of deleted rows of all tables.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.codes
            .saturating_add(self.sessions)
            .saturating_add(self.families)
            .saturating_add(self.consents)
            .saturating_add(self.secrets)
    }
}
