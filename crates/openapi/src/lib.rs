//! **How is a policy read and written as a document?** Writes OpenAPI from a table of operations,
//! and reads a table from a document.
//!
//! `scopegate-http` writes the document of an application with it. The command `scopegate policy`
//! reads documents and draws policies.
//!
//! ```text
//!   OperationTable ─┐
//!   [OperationDocs] ┼─ document() ─> serde_json::Value ─> /openapi.json
//!   DocumentInfo ───┘
//!
//!   OpenAPI, Swagger, .. ─ import::read() ─> Imported ─> OperationTable
//! ```
//!
//! Documentation cannot change the security of an operation. [`document`] takes the security from
//! the table that the gate enforces, so the two always agree.
//!
//! - One object of `security` lists what is required together; several objects are alternatives.
//! - A public operation has the empty list. An operation that is always denied is left out.
//! - Optional authentication adds an empty object, for requests without a credential. Another
//!   object requires at least as much.
//!
//! Three extension fields express what OpenAPI cannot:
//!
//! - `x-scopegate-implies`, in a security scheme, maps a scope to the scopes that it implies.
//! - `x-scopegate-guards`, in an operation, has one list for each object of `security`, in the same
//!   order: the guards that must hold in addition to it.
//! - `x-scopegate-overrides`, in an operation, names the guards of the application and of groups
//!   that the operation overrides.
//!
//! Start with [`document`], [`DocumentInfo`], [`OperationDocs`], [`import::read`],
//! [`import::Imported`], [`import::ImportNote`], [`import::EnforceOptions`], [`export::toml()`],
//! [`export::canonical()`], [`picture::html()`] and [`address::Addresses`].
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
//! Features: `import` reads documents and writes policies back ([`import`], [`address`],
//! [`export::toml()`]); `picture` draws a policy ([`picture`]). Both are off by default.
//!
//! Out of scope: a model of OpenAPI in Rust types. Parameters, bodies, responses and schemas are
//! JSON.

#[cfg(feature = "import")]
pub mod address;
pub mod export;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod guard_words;
#[cfg(feature = "import")]
pub mod import;
#[cfg(feature = "picture")]
pub mod picture;

pub use export::{DocumentInfo, OperationDocs, document};

#[cfg(all(doctest, feature = "import", feature = "picture"))]
#[doc = include_str!("../../../docs/policy.md")]
struct PolicyPage;
