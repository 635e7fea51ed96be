//! What the commands on users, sessions and consents share: users in pages, and the time of a
//! change.

use scopegate_domain::{Clock as _, SystemClock, User, Username};
use scopegate_grant::last_expiry;
use scopegate_store::{ChangeTime, Store, Users};

use super::context::PAGE;
use super::user::found::find;
use crate::arguments::RowLimit;
use crate::output::print_note;

/// Reads the user with this name, or all users in the order of their names, until `visit` returns
/// false.
pub(super) async fn visit_users(
    users: &dyn Users,
    name: Option<&str>,
    mut visit: impl AsyncFnMut(User) -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    if let Some(name) = name {
        visit(find(users, name).await?).await?;
        return Ok(());
    }
    let mut after: Option<Username> = None;
    loop {
        let page = users.list(after.as_ref(), PAGE).await?;
        let is_last = page.len() < usize::from(PAGE);
        after = page.last().map(|user| user.username().clone());
        for user in page {
            if !visit(user).await? {
                return Ok(());
            }
        }
        if is_last {
            return Ok(());
        }
    }
}

/// The rows of a list, up to its limit.
pub(super) struct Listed<T> {
    pub(super) rows: Vec<T>,
    limit: usize,
    /// Whether there are more rows.
    pub(super) has_more: bool,
}

impl<T> Listed<T> {
    pub(super) fn new(limit: RowLimit) -> anyhow::Result<Self> {
        Ok(Self {
            rows: Vec::new(),
            limit: usize::try_from(limit.rows)?,
            has_more: false,
        })
    }

    /// Adds a row. Returns whether there is a place for another one.
    pub(super) fn add(&mut self, row: T) -> bool {
        if self.rows.len() < self.limit {
            self.rows.push(row);
        } else {
            self.has_more = true;
        }
        !self.has_more
    }

    /// Notes that there are more rows.
    pub(super) fn note(&self, what: &str) {
        if self.has_more {
            print_note(&format!(
                "there are more {what}; `--limit` sets how many are shown, and `--user` selects those of one user"
            ));
        }
    }
}

/// Returns the time of a change that is made now.
pub(super) async fn change_time(store: &dyn Store) -> anyhow::Result<ChangeTime> {
    let now = SystemClock.now();
    let tokens_end_at = last_expiry(store, now).await?;
    Ok(ChangeTime { now, tokens_end_at })
}

#[cfg(test)]
mod tests;
