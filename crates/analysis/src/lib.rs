//! **What does a policy allow, and what changed?** The crate answers questions about a table of
//! operations, and about two versions of one.
//!
//! The command `scopegate policy` uses it, and so do tests of applications that compare two
//! versions of their own table. No request needs it.
//!
//! | question | function |
//! |---|---|
//! | Which operations may these credentials call? | [`operations_for`] |
//! | Which operations does each scope of a request open, and what does a wider scope add? | [`summarize_scope`], [`summarize_difference`] |
//! | Who can reach this operation? | [`who_can`], [`callers_of`] |
//! | What changed between two versions? | [`diff()`], [`compare()`] |
//! | Which mistakes does this policy contain? | [`lint()`], [`lint_document`] |
//! | Which scopes are the fewest that these operations need? | [`minimal_scopes()`] |
//! | Which scopes did a client not need for these calls? | [`usage()`] |
//! | Which scopes seem to imply which? | [`infer_implications()`] |
//! | Is a scope that a publisher calls least privilege really the least? | [`check_annotations`] |
//!
//! Every function is pure: the same tables give the same result, with a witness that can be checked
//! by itself. The results start with [`Change`], [`Finding`] and [`MinimalScopes`].
//!
//! ```
//! use scopegate_analysis::{ChangeKind, diff};
//! use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
//! use scopegate_policy::{Guard, Operation, OperationTable};
//!
//! const ITEMS: ScopeToken = ScopeToken::from_static("items");
//!
//! let table = |guard: Guard| {
//!     let catalog = Catalog::builder()
//!         .scheme("oauth", SecurityScheme::oauth2_password("token"))
//!         .scope(ITEMS, "Read items.")
//!         .build()?;
//!     let operation = Operation::get("/items/").guard(guard);
//!     Ok::<_, Box<dyn std::error::Error>>(OperationTable::builder(catalog).operation(operation).build()?)
//! };
//! let (old, new) = (table(Guard::requires([ITEMS]))?, table(Guard::authenticated())?);
//! let changes = diff(&old, &new)?;
//! assert_eq!(changes[0].kind(), ChangeKind::Weaker);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Out of scope: reading documents and printing reports. `scopegate-openapi` reads documents, and
//! the command prints.

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
mod summary;
mod usage;

pub use annotations::{AnnotationReport, DominatedAnnotation, check_annotations};
pub use diff::{Change, ChangeKind, DiffError, PolicyDiff, compare, diff};
pub use infer::{InferredImplication, infer_implications};
pub use least::{InAddition, MinimalScopes, WithoutScopes, minimal_scopes};
pub use lint::{Finding, FindingSubject, lint, lint_document};
pub use pairing::is_below;
pub use reach::{callers_of, operations_for, who_can};
pub use schemes::{FieldChange, SchemeChange, Version};
pub use summary::{OperationGroups, ScopeSummary, summarize_difference, summarize_scope};
pub use usage::{Usage, usage};
