//! The statements that add an entry to the log.

use scopegate_domain::{NewsLane, Revoked};
use scopegate_store::{NewsItem, StoreError};

use crate::SqlStore;
use crate::statement::{Outcome, Statement, Step};

/// Locks the lane until the commit, so that places become visible in their order.
const TAKE_PLACE: &str = "UPDATE news_head SET place = place + 1 WHERE lane = $1";

const ADD: &str = "INSERT INTO news (lane, place, kind, subject, second, issued_until, ends_at) \
     SELECT lane, place, $2, $3, $4, $5, $6 FROM news_head WHERE lane = $1";

/// The log is damaged, and no entry can be added.
#[derive(Debug, thiserror::Error)]
#[error("log of changes has no head of lane {0}")]
struct NoHead(u8);

impl SqlStore {
    /// Changes one record, if a change is given, and adds an entry to the log. Returns `false`, and
    /// adds nothing, if there is no such record.
    pub(crate) async fn change_and_tell(&self, change: Option<Statement>, item: NewsItem) -> Result<bool, StoreError> {
        let steps = change.map(|change| change.at_least(1)).into_iter().collect();
        Ok(self.take_and_tell(steps, item).await?.is_none())
    }

    /// Takes all steps and adds an entry to the log. Returns the first step that missed its
    /// expectation; then nothing was changed.
    pub(crate) async fn take_and_tell(&self, steps: Vec<Step>, item: NewsItem) -> Result<Option<usize>, StoreError> {
        let count = steps.len();
        match self.transaction_before(steps, entry(&item)).await? {
            Outcome::Committed(_) => Ok(None),
            Outcome::Missed(step) if step < count => Ok(Some(step)),
            // An entry of the audit log is an insert, which succeeds or fails.
            Outcome::Missed(_) => Err(StoreError::corrupt(NoHead(NewsLane::of(item.subject()).number()))),
        }
    }
}

/// The steps that add an entry. They must be the last ones of their transaction.
fn entry(item: &NewsItem) -> [Step; 2] {
    let lane = number(NewsLane::of(item.subject()));
    let (second, issued_until) = match item {
        NewsItem::Revoked(revocation) => {
            let name = match revocation.whose() {
                Revoked::User { username, .. } => Some(username.as_str()),
                Revoked::Client(_) | Revoked::Token(_) => None,
            };
            (name, Some(revocation.issued_until().as_unix()))
        }
        NewsItem::ClientChanged(_) | NewsItem::Other(_) | NewsItem::UserChanged(_) => (None, None),
    };
    let add = Statement::new(ADD)
        .bind(lane)
        .bind(item.kind().number())
        .bind(item.subject())
        .bind(second)
        .bind(issued_until)
        .bind(item.ends_at().as_unix());
    [Statement::new(TAKE_PLACE).bind(lane).changes(1), add.changes(1)]
}

pub(crate) fn number(lane: NewsLane) -> i64 {
    lane.number().into()
}
