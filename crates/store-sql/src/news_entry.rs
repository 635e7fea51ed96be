//! A change of a record together with its entry in the log.

use scopegate_domain::NewsLane;
use scopegate_store::{NewsItem, StoreError};

use crate::SqlStore;
use crate::news_steps::entry;
use crate::statement::{Outcome, Statement, Step};

/// The log is damaged, and no entry can be added.
#[derive(Debug, thiserror::Error)]
#[error("log of changes has no head of lane {0}")]
struct NoHead(u8);

impl SqlStore {
    /// Changes one record and adds an entry to the log. Returns `false`, and adds nothing, if the
    /// record does not exist.
    pub(crate) async fn change_and_tell(&self, change: Statement, item: NewsItem) -> Result<bool, StoreError> {
        Ok(self.take_and_tell(vec![change.at_least(1)], item).await?.is_none())
    }

    /// Takes all steps and adds an entry to the log. Returns the first step that missed its
    /// expectation; then nothing was changed.
    pub(crate) async fn take_and_tell(&self, steps: Vec<Step>, item: NewsItem) -> Result<Option<usize>, StoreError> {
        let count = steps.len();
        match self.transaction_before(steps, entry(&item)).await? {
            Outcome::Committed(_) => Ok(None),
            Outcome::Missed(step) if step < count => Ok(Some(step)),
            // An entry of the audit log is an insert, which succeeds or fails.
            Outcome::Missed(_) => Err(StoreError::corrupt(NoHead(NewsLane::of(&item.subject()).number()))),
        }
    }
}
