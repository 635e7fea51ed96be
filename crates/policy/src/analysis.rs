//! **What does this whole policy allow?** Questions about a table of operations, and about two of them.
//!
//! | question | answered by |
//! |---|---|
//! | which operation does this request ask for? | [`locate`], [`Locator`] |
//! | what may this grant call? | [`operations_of`] |
//! | who can reach this operation? | [`who_can`], [`reached_by`] |
//! | what changed between two policies? | [`diff()`] |
//!
//! Everything here is pure: the same tables give the same answers, each with a witness that can be checked by itself.

mod bridge;
mod diff;
mod grant;
mod locate;
mod reach;
mod template;

pub use diff::{Change, ChangeKind, DiffError, diff};
pub use grant::{Grant, GrantBuilder};
pub use locate::{Locator, locate};
pub use reach::{Ceiling, CeilingKind, operations_of, reached_by, who_can};
