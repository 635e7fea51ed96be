//! **How is it written down?** An OpenAPI 3.1 document out of a table of operations.
//!
//! ```text
//!   OperationTable ─┐
//!   [OperationDocs] ┼─ document() ─> serde_json::Value ─> /openapi.json
//!   DocumentInfo ───┘
//! ```
//!
//! Who writes the documentation of an operation cannot write its security: that comes from the table that is enforced, so
//! the two cannot drift apart. What must hold together stands in one object of `security`, what may replace each other in
//! several; a public operation has the empty list, and one that everybody is denied is left out.
//! Optional authentication adds the empty object: beside one that asks for as much, it is for requests without a credential.
//!
//! What OpenAPI has no words for stands in fields of our own. `x-scopegate-implies`, in a security scheme, maps a
//! scope to the scopes that it implies. `x-scopegate-guards`, in an operation, has one list for each object of `security`,
//! in the same order: what must hold beside it. `x-scopegate-overrides`, in an operation, names the guards of the
//! application and of groups that do not stand before it.
//!
//! ```
//! use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
//! use scopegate_openapi::{DocumentInfo, document};
//! use scopegate_policy::{Guard, Operation, OperationTable};
//! use serde_json::{Map, json};
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
//! let document = document(&DocumentInfo::new("Items", "1.0.0"), &table, &[], &Map::new());
//! assert_eq!(document["paths"]["/items/"]["get"]["security"], json!([{ "oauth": ["items"] }]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Deliberately absent: a model of OpenAPI in Rust types. Parameters, bodies, responses and schemas come in as JSON.

pub mod address;
pub mod export;
#[doc(hidden)]
pub mod fuzzing;
pub mod import;
pub mod picture;

pub use export::{DocumentInfo, OperationDocs, document};

#[cfg(doctest)]
#[doc = include_str!("../../../docs/policy.md")]
struct PolicyPage;
