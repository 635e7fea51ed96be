//! **How does an application declare and serve operations?** One declaration makes the route, its
//! guard, the arguments of the handler and the entry in the OpenAPI document. It is served by
//! [warp](https://docs.rs/warp), hyper or tower.
//!
//! An application with an HTTP API uses this crate, and needs no other crate of the workspace. One
//! that issues tokens adds `scopegate-portal`. Start with [`Gate`], [`GateBuilder`], [`get`],
//! [`Route`], [`Group`], [`Guard`], [`Permit`], [`CurrentUser`], [`Json`] and [`BuildError`]. The
//! [`prelude`] has the names that most applications use. The modules have the rest: [`answer`] and
//! [`input`] of handlers, [`credential`] verifiers, [`cors`], and [`site`] for everything below the
//! typed operations.
//!
//! ```text
//! get("/reports/{id}").guard(&g).then(handler)      Route ──> HandledOperation ──> Group
//!                                                                              │            │
//!                                                                              ├────────────┘
//! Catalog, Verifier, Users, SiteEndpoint ── GateBuilder ───────────────────────┴──> Gate
//!                                                                                    │
//!            gate.filter()   for warp, with other filters: an unknown path falls through
//!            gate.site_filter()    for warp, the whole site          gate.service()   the same for hyper
//!            gate.openapi()  the document                      gate.operations()   the policy as a table
//!
//! a request:  path decoded once ─> one look-up ─> credentials ─> verified ─> user ─> authorize ─> Permit ─> inputs ─> handler
//!                              404, 405         401, 403, 503, each an answer; nothing falls through      400, 413, 415
//! ```
//!
//! ```
//! use hyper::service::Service;
//! use scopegate_http::domain::Secret;
//! use scopegate_http::token::{SigningKey, TokenRules, Verifier};
//! use scopegate_http::{Catalog, Gate, Guard, Json, Path, Permit, ScopeToken, SecurityScheme, get};
//!
//! const READ: ScopeToken = ScopeToken::from_static("reports:read");
//!
//! async fn report(permit: Permit, Path(id): Path<u32>) -> Json<String> {
//!     Json(format!("report {id} for {:?}", permit.subject()))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let catalog = Catalog::builder()
//!     .scheme("oauth", SecurityScheme::oauth2_password("token"))
//!     .scope(READ, "Read reports.")
//!     .build()?;
//! let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes")))?;
//! let gate = Gate::builder(catalog)
//!     .bearer("oauth", Verifier::new(TokenRules::shared_secret(), key.verifying_key()))
//!     .operation(get("/reports/{id}").guard(Guard::requires([READ])).then(report))
//!     .build()?;
//!
//! let request = http::Request::get("/reports/1").body(String::new())?;
//! let response = gate.service().call(request).await?;
//! assert_eq!(response.status(), 401);
//! assert_eq!(gate.openapi()["paths"]["/reports/{id}"]["get"]["security"][0]["oauth"][0], "reports:read");
//! # Ok(())
//! # }
//! ```
//!
//! More examples:
//!
//! - `examples/tutorial.rs` has a login and three guards, with the answers of another framework.
//! - `examples/reports.rs` has a custom check, typed inputs, and old routes next to the new ones.
//! - `examples/schemes.rs` has passwords and API keys.
//! - `examples/axum_service.rs` mounts the gate as a service of an axum application.
//! - `examples/other_issuer.rs` (feature `remote-issuers`) accepts tokens of another provider.
//! - `docs/schemes.md` lists all security schemes.
//! - `docs/refusals.md` has an error body of the application's own.
//! - `docs/guide/` has a short page for each subject, from the dependency lines to deployment.
//! - `examples/notes` of the workspace is a whole API of 24 operations.
//!
//! The crate re-exports the crates of the lower layers ([`domain`], [`policy`], [`analysis`],
//! [`token`], [`store`]) and [`warp`], [`tokio`], [`serde`], [`serde_json`] and [`utoipa`]. Derive
//! macros need the path of those: `#[serde(crate = "scopegate_http::serde")]`, and `use
//! scopegate_http::utoipa` in the module that derives `ToSchema`.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `warp` | yes | filters for warp; without it the gate is a service of hyper and tower |
//! | `docs` | yes | Swagger UI and Redoc, 2.8 MB |
//! | `multipart` | no | forms with files |
//! | `remote-issuers` | no | tokens of other providers |
//! | `import` | no | readers of OpenAPI and other documents |
//! | `serve` | no | the module `serve`: one call that accepts connections until a signal, 3 crates |
//! | `testing` | no | the module `testing`: permits without a token, a client without a socket, policy snapshots |
//! | `websocket` | no | the module `websocket`: connections behind guards, 13 crates |
//! | `fuzzing` | no | entry points for fuzzers |
//!
//! # Out of scope
//!
//! - Guards as warp filters: a filter that rejects lets the request fall through to the next route,
//!   and prints the rejection.
//! - Tokens in queries and forms.
//! - Routes without a declared access rule: without `guard` or `public`, `then` does not compile.

mod body;
mod body_check;
mod body_schema;
mod body_stream;
mod bound_check;
mod build_error;
mod caller;
mod closed_check;
mod component;
mod constraints;
#[cfg(feature = "docs")]
mod content_coding;
mod data;
mod description;
mod dispatch;
#[cfg(feature = "docs")]
mod docs;
mod document;
mod erased_handler;
mod field_check;
mod field_constraints;
mod field_place;
mod field_shape;
mod field_values;
mod fields;
mod gate;
mod gate_builder;
mod group;
mod handler;
mod invalid_value;
mod json_fault;
mod merge;
mod operation_check;
mod operation_metadata;
mod path_check;
mod path_input;
mod path_shape;
mod resource;
mod resource_type;
mod response_body;
mod route;
mod sample;
mod scalar_kind;
mod schema;
mod sent;
mod service;
mod stream_end;
mod strict_json;
mod user_type;
mod utoipa_schema;
#[cfg(feature = "warp")]
mod warp_filter;

pub mod answer;
pub mod cors;
pub mod credential;
pub mod input;
pub mod prelude;
#[cfg(feature = "serve")]
pub mod serve;
pub mod site;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "websocket")]
pub mod websocket;

#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;

/// The types and traits that keep the state of a [`Route`] in its type.
///
/// An application names them only to write a function that is generic over routes.
#[doc(hidden)]
pub mod typestate {
    pub use crate::caller::{AcceptsGuard, AccessDeclared, AccessUndeclared, Guarded, Optional, Public};
    pub use crate::data::{RequestData, ResponseData};
    pub use crate::handler::Handler;
    pub use crate::input::argument::{Argument, ArgumentError, ArgumentList, PathElements};
    pub use crate::input::declaration::MayPrecede;
}

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// The pages of the guide, whose code is compiled.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../../docs/guide/install.md")]
    struct Install;

    #[doc = include_str!("../../../docs/guide/first-operation.md")]
    struct FirstOperation;

    #[doc = include_str!("../../../docs/guide/users.md")]
    struct Users;

    #[doc = include_str!("../../../docs/guide/issuers.md")]
    struct Issuers;

    #[doc = include_str!("../../../docs/guide/groups.md")]
    struct Groups;

    #[doc = include_str!("../../../docs/guide/inputs-and-answers.md")]
    struct InputsAndAnswers;

    #[doc = include_str!("../../../docs/guide/resources.md")]
    struct Resources;

    #[doc = include_str!("../../../docs/guide/tenants.md")]
    struct Tenants;

    #[doc = include_str!("../../../docs/guide/errors.md")]
    struct Errors;

    #[doc = include_str!("../../../docs/guide/tests.md")]
    struct Tests;

    #[doc = include_str!("../../../docs/guide/websocket-and-sse.md")]
    struct WebsocketAndSse;

    #[doc = include_str!("../../../docs/guide/deployment.md")]
    struct Deployment;

    #[doc = include_str!("../../../docs/guide/from-fastapi.md")]
    struct Comparison;
}

#[cfg(doctest)]
#[doc = include_str!("../../../docs/refusals.md")]
struct RefusalsPage;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/schemes.md")]
struct SchemesPage;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/shadow.md")]
struct ShadowPage;

pub use answer::Json;
pub use build_error::BuildError;
pub use caller::CurrentUser;
pub use gate::Gate;
pub use gate_builder::GateBuilder;
pub use group::Group;
pub use input::{Path, Query, State};
pub use route::{HandledOperation, Route, delete, get, patch, post, put, route};
pub use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
pub use scopegate_policy::{ActiveUser, Check, Guard, Permit};

#[cfg(feature = "remote-issuers")]
pub use scopegate_issuers as issuers;
pub use {
    scopegate_analysis as analysis, scopegate_domain as domain, scopegate_openapi as openapi,
    scopegate_policy as policy, scopegate_store as store, scopegate_token as token,
};

#[cfg(feature = "warp")]
#[doc(hidden)]
pub use warp;
#[doc(hidden)]
pub use {scopegate_gate as gate_core, serde, serde_json, tokio, utoipa};
