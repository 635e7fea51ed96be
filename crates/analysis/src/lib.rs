//! **What does this whole policy allow?** Questions about a table of operations, and about two of
//! them.
//!
//! | question | answered by |
//! |---|---|
//! | which operation does this request match? | [`locate`], [`Locator`] |
//! | what may this grant call? | [`operations_of`] |
//! | who can reach this operation? | [`who_can`], [`reached_by`] |
//! | what changed between two policies? | [`diff()`], [`compare()`] |
//! | what is wrong here? | [`lint()`] |
//! | which scopes are the least that these operations need? | [`least()`] |
//! | which scopes could be taken from a client that made these calls? | [`usage()`] |
//! | which scopes seem to imply which? | [`mine()`] |
//! | which schemes take the tokens of one authorization server? | [`AuthorizationServers`] |
//! | is what a publisher calls least privilege the least? | [`judge_marks`] |
//!
//! Everything here is pure: the same tables give the same answers, each with a witness that can be
//! checked by itself.

mod annotations;
mod diff;
mod fact_mapping;
mod infer;
mod least;
mod lint;
mod pairing;
mod reach;
mod schemes;
mod search;
mod usage;

pub use annotations::{DominatedMark, JudgedMarks, judge_marks};
pub use diff::{Change, ChangeKind, DiffError, PolicyDiff, compare, diff};
pub use infer::{Suggested, mine};
pub use least::{InAddition, Least, WithoutScopes, least};
pub use lint::{Finding, FindingSubject, lint, lint_document};
pub use pairing::is_below;
pub use reach::{operations_of, reached_by, who_can};
pub use schemes::{FieldChange, SchemeChange, Version};
pub use usage::{Usage, usage};
