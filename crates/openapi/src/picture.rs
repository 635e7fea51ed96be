//! Pictures of a table of operations: scopes and what they imply, operations by path, who opens what.
//!
//! Three ways to look at the same table. [`svg`] is a picture that needs no script: edges where the table is small, a table
//! of scopes by paths above some dozen operations, paths with counts above some thousand. [`html`] is a page of its own,
//! with its style and its script inside, that asks nothing of the network: there one chooses scopes and reads the
//! decisions. [`dot`] is for Graphviz.
//!
//! Names come from documents of others, so all of them are hostile until shown: markup is escaped, and characters that
//! change how the text around them reads are spelled out by their number. The same table gives the same bytes.
//!
//! ```
//! use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
//! use scopegate_openapi::picture::{self, Labels};
//! use scopegate_policy::{Guard, Operation, OperationTable};
//!
//! const ITEMS: ScopeToken = ScopeToken::from_static("items");
//!
//! let catalog = Catalog::builder()
//!     .scheme("oauth", SecurityScheme::oauth2_password("token"))
//!     .scope(ITEMS, "Read items.")
//!     .build()?;
//! let table = OperationTable::builder(catalog)
//!     .operation(Operation::get("/items/").guard(&Guard::requires([ITEMS])))
//!     .build()?;
//!
//! let labels = Labels::new("Items");
//! assert!(picture::svg(&table, &labels).starts_with("<svg"));
//! assert!(picture::html(&table, &labels).starts_with("<!DOCTYPE html>"));
//! assert!(picture::dot(&table, &labels).starts_with("digraph"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod dot;
mod html;
mod labels;
mod model;
mod names;
mod paths;
mod svg;
mod text;

use scopegate_policy::OperationTable;

use model::Model;

pub use labels::Labels;

/// The table as a self-contained SVG without a script.
///
/// Each operation has its row; above 1,500 operations there is one for each path in their place, with counts, and the picture
/// says so.
#[must_use]
pub fn svg(table: &OperationTable, labels: &Labels) -> String {
    svg::draw(&Model::new(table, labels))
}

/// The table as one HTML page that works from a file: its style and its script stand in it, and its content security
/// policy allows nothing else.
///
/// A user presses a scope, or a cell of the table of scopes by paths, to see the operations that
/// need it; opens an operation to see its alternatives; and ticks scopes to see what a request
/// with them may do and what it lacks. There is one group of boxes for each authorization server.
/// The address of the page contains the choice.
#[must_use]
pub fn html(table: &OperationTable, labels: &Labels) -> String {
    html::write(&Model::new(table, labels))
}

/// The table as text for Graphviz: an edge from each scope to what it opens, dashed to what it implies; what is needed together
/// meets in a point.
#[must_use]
pub fn dot(table: &OperationTable, labels: &Labels) -> String {
    dot::write(&Model::new(table, labels))
}
