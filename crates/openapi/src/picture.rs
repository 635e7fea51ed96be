//! Draws a table of operations: scopes with their implications, operations by path, and which
//! scopes open which operations.
//!
//! There are three forms of the same table:
//!
//! - [`svg`] is a picture without a script. A small table has edges. A table of more than some
//!   dozen operations has a matrix of scopes by paths. A table of more than some thousand has paths
//!   with counts.
//!
//! - [`html`] is one page that contains its style and its script, and makes no network request. A
//!   user chooses scopes there and reads the decisions.
//!
//! - [`dot`] is for Graphviz.
//!
//! Names come from third-party documents, so all of them are untrusted. Markup is escaped.
//! Characters that change how the surrounding text reads are written by their number. The same
//! table gives the same bytes.
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

/// Draws the table as a self-contained SVG without a script.
///
/// Each operation has a row. Above 1,500 operations the rows are paths with counts, and the picture
/// states it.
#[must_use]
pub fn svg(table: &OperationTable, labels: &Labels) -> String {
    svg::draw(&Model::new(table, labels))
}

/// Writes the table as one HTML page that works from a file.
///
/// The page contains its style and its script, and its content security policy allows nothing else.
///
/// A user presses a scope, or a cell of the matrix of scopes by paths, to see the operations that
/// need it. A user opens an operation to see its alternatives. A user ticks scopes to see what a
/// request with them may do, and what it lacks. There is one group of boxes for each authorization
/// server. The address of the page contains the choice.
#[must_use]
pub fn html(table: &OperationTable, labels: &Labels) -> String {
    html::write(&Model::new(table, labels))
}

/// Writes the table as text for Graphviz. A solid edge leads from a scope to each operation that it
/// opens, a dashed edge to each scope that it implies. Scopes that are needed together meet in a
/// point.
#[must_use]
pub fn dot(table: &OperationTable, labels: &Labels) -> String {
    dot::write(&Model::new(table, labels))
}
