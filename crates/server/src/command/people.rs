//! What the commands on sessions and consents share: users in pages, and the time of a change.

use scopegate_domain::{Clock as _, SystemClock, User, Username};
use scopegate_grant::last_expiry;
use scopegate_store::{ChangeTime, Store};

use super::context::PAGE;
use super::user::found::find;
use crate::arguments::RowLimit;
use crate::output::print_note;

/// The users of a list in the order of their names, a page at a time.
pub(super) struct UserPages<'s> {
    store: &'s dyn Store,
    state: State,
}

enum State {
    One(Box<User>),
    After(Option<Username>),
    End,
}

impl<'s> UserPages<'s> {
    /// Selects the user with this name, or all users.
    pub(super) async fn select(store: &'s dyn Store, name: Option<&str>) -> anyhow::Result<Self> {
        let state = match name {
            Some(name) => State::One(Box::new(find(store.users(), name).await?)),
            None => State::After(None),
        };
        Ok(Self { store, state })
    }

    /// Returns the next page; an empty one is the end.
    pub(super) async fn next(&mut self) -> anyhow::Result<Vec<User>> {
        let after = match std::mem::replace(&mut self.state, State::End) {
            State::One(user) => return Ok(vec![*user]),
            State::After(after) => after,
            State::End => return Ok(Vec::new()),
        };
        let page = self.store.users().list(after.as_ref(), PAGE).await?;
        if page.len() == usize::from(PAGE) {
            self.state = State::After(page.last().map(|user| user.username().clone()));
        }
        Ok(page)
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
