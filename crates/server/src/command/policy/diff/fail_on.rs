//! The changes that make a comparison fail.

use anyhow::bail;
use scopegate_analysis::{Change, ChangeKind, SchemeChange};

use crate::arguments::FailOn;

/// The changes that fail.
#[derive(Clone, Copy)]
pub(super) struct Failing<'a>(&'a [FailOn]);

impl<'a> Failing<'a> {
    /// Reads the list of `--fail-on`.
    pub(super) fn new(list: &'a [FailOn]) -> anyhow::Result<Self> {
        if list.contains(&FailOn::None) && list.iter().any(|word| *word != FailOn::None) {
            bail!("`--fail-on none` has other words; write `none` alone");
        }
        Ok(Self(list))
    }

    pub(super) fn change(self, change: &Change) -> bool {
        let kind = match change.kind() {
            ChangeKind::Added => FailOn::Added,
            ChangeKind::Incomparable => FailOn::Incomparable,
            ChangeKind::Removed => FailOn::Removed,
            ChangeKind::Stronger => FailOn::Stronger,
            ChangeKind::Weaker => FailOn::Weaker,
        };
        self.0.contains(&kind) || (self.0.contains(&FailOn::Public) && change.opens_to_public())
    }

    /// A scheme that no operation names decides nothing, so it never fails.
    pub(super) fn scheme(self, change: &SchemeChange) -> bool {
        self.0.contains(&FailOn::Scheme) && !change.operations().is_empty()
    }
}
