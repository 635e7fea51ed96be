//! **How is a request checked and answered?** Scopes for [warp](https://docs.rs/warp): one
//! declaration makes the route, its guard, the handler's arguments and the entry in the OpenAPI
//! document.
//!
//! ```text
//! get("/reports/{id}").guard(&g).path::<u32>().then(handler)      Route ──> BoundOperation ──> Group
//!                                                                              │            │
//!                                                                              ├────────────┘
//! Catalog, Verifier, Users, AuthorizationServer ── GateBuilder ────────────────┴──> Gate
//!                                                                                    │
//!            gate.filter()   for warp, beside other filters: what it does not know falls through
//!            gate.whole()    for warp, the whole site          gate.service()   the same for hyper
//!            gate.openapi()  the document                      gate.operations()   the policy as a table
//!
//! a request:  path decoded once ─> one look-up ─> credentials ─> verified ─> user ─> authorize ─> Permit ─> inputs ─> handler
//!                              404, 405         401, 403, 503, each an answer; nothing falls through      400, 413, 415
//! ```
//!
//! ```
//! use scopegate_http::{Catalog, Guard, Json, Permit, ScopeToken, SecurityScheme, get};
//!
//! const READ: ScopeToken = ScopeToken::from_static("reports:read");
//!
//! let operation = get("/reports/{id}")
//!     .guard(Guard::requires([READ]))
//!     .path::<u32>()
//!     .then(|permit: Permit, id: u32| async move { Json(format!("report {id} for {:?}", permit.user())) });
//! # let _ = operation;
//! ```
//!
//! [`Gate`] continues from here.
//!
//! - `examples/tutorial.rs` is the whole FastAPI tutorial.
//! - `examples/reports.rs` has a custom check, typed inputs, and old routes next to the new ones.
//! - `examples/schemes.rs` has passwords and API keys.
//! - `examples/other_issuer.rs` (feature `remote-issuers`) accepts tokens of another provider.
//! - `docs/schemes.md` maps each class of `fastapi.security` to this crate.
//!
//! An application needs only this crate. It re-exports the crates of the lower layers ([`domain`],
//! [`policy`], [`analysis`], [`token`], [`store`], [`grant`]) and [`warp`], [`tokio`], [`serde`], [`serde_json`]
//! and [`utoipa`]. Derive macros need the path of those: `#[serde(crate =
//! "scopegate_http::serde")]`, and `use scopegate_http::utoipa` in the module that derives
//! `ToSchema`.
//!
//! # Deliberately absent
//!
//! - Guards as warp filters: a filter that rejects lets the request fall through to the next route,
//!   and prints the rejection.
//! - Tokens in queries and forms.
//! - Routes without a declared access rule: without `guard` or `public`, `then` does not compile.

mod accepted;
mod admission;
mod answer;
mod api_key;
mod application;
mod authorization;
mod basic;
mod bearer;
mod bearer_tokens;
mod body;
mod body_check;
mod caller;
mod challenge;
mod challenges;
mod component;
mod content_coding;
mod cors;
mod credential;
mod decision_class;
mod description;
mod docs;
mod document;
#[cfg(feature = "testing")]
mod double;
mod endpoint;
mod entity_tag;
mod fault;
mod form;
mod gate;
mod gate_builder;
mod gate_error;
mod group;
mod handler;
mod host;
mod input;
mod invalid_input;
#[cfg(feature = "remote-issuers")]
mod issuer_set;
mod json_fault;
mod merge;
mod metrics;
mod path;
mod place;
mod producers;
mod profile;
mod published_keys;
mod query;
mod query_check;
mod query_shape;
mod refusal;
mod reply;
mod request_head;
mod request_id;
mod route;
mod routes;
mod says;
mod schema;
mod service;
mod shadow;
mod sources;
mod template;
#[cfg(feature = "testing")]
mod testing;
mod told;
mod trace;
mod trusted_proxies;
mod utoipa_schema;

#[doc(hidden)]
pub mod fuzzing;

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/shadow.md")]
struct ShadowPage;

pub use answer::{Answer, AnyJson, Created, Json, NoContent, Raw, Response};
pub use bearer_tokens::BearerTokens;
pub use caller::{Caller, Closable, CurrentUser, Decided, Guarded, Optional, Public, Undecided};
pub use challenge::Challenge;
pub use cors::{Cors, InvalidOrigin, WrongOrigin};
pub use credential::{Acceptance, Credential, CredentialVerifier, Verdict};
pub use description::Description;
pub use docs::{DOCS_PATH, Docs, DocsPage, OAUTH2_REDIRECT_PATH, REDOC_PATH};
pub use gate::Gate;
pub use gate_builder::GateBuilder;
pub use gate_error::GateError;
pub use group::Group;
pub use handler::{Handler, TakesCaller, TakesNobody};
pub use host::names_one_host;
pub use http::{HeaderName, StatusCode};
pub use input::{Input, Inputs, JsonBody, Path, Push, Query, Sent};
pub use invalid_input::{InputError, InvalidInput};
pub use profile::Profile;
pub use published_keys::PublishedKeys;
pub use request_head::{RequestHead, TlsFacts};
pub use route::{BoundOperation, Route, delete, get, on, patch, post, put};
pub use scopegate_domain::{ApiKeyLocation, Catalog, OAuthFlows, ScopeToken, SecurityScheme};
#[cfg(feature = "remote-issuers")]
pub use scopegate_issuers::{
    self as issuers, AllowedNetwork, ClientAuthentication, Discovery, FetchError, HttpFetcher, HttpFetcherBuilder,
    IntrospectedToken, Introspection, IntrospectionBuilder, InvalidAllowedNetwork, InvalidDocument, InvalidEndpoint,
    InvalidRoots, RemoteError, RemoteIssuer, RemoteIssuerBuilder, RemoteSetupError, Renewal, Resolution, Resolve,
    SubjectMapping,
};
pub use scopegate_policy::{ActiveUser, Check, Guard, Method, Permit, Place};
pub use service::GateService;
#[cfg(feature = "testing")]
pub use testing::Testing;
pub use told::Told;
pub use trusted_proxies::{InvalidProxies, TrustedProxies};
pub use {
    scopegate_analysis as analysis, scopegate_domain as domain, scopegate_grant as grant, scopegate_openapi as openapi,
    scopegate_policy as policy, scopegate_store as store, scopegate_token as token, serde, serde_json, tokio, utoipa,
    warp,
};
