//! **How is it asked and answered?**

mod admission;
mod answer;
mod basic;
mod bearer;
mod body;
mod caller;
mod challenge;
mod challenges;
mod description;
mod docs;
mod document;
mod endpoint;
mod form;
mod gate;
mod gate_builder;
mod handler;
mod input;
mod path;
mod profile;
mod query;
mod reply;
mod request_id;
mod route;
mod routes;
mod schema;
mod service;
#[cfg(feature = "testing")]
mod testing;

#[doc(hidden)]
pub mod fuzzing;

pub use answer::{Answer, AnyJson, Created, Json, Raw, Response};
pub use caller::{Caller, CurrentUser, Decided, Guarded, Optional, Public, Undecided};
pub use challenge::Challenge;
pub use description::Description;
pub use docs::{DOCS_PATH, Docs, DocsPage, OAUTH2_REDIRECT_PATH, REDOC_PATH};
pub use gate::Gate;
pub use gate_builder::{GateBuilder, GateError};
pub use handler::{Handler, TakesCaller, TakesNobody};
pub use http::StatusCode;
pub use input::{Input, InputError, Inputs, InvalidInput, JsonBody, Path, Push, Query, Sent};
pub use profile::Profile;
pub use route::{BoundOperation, Route, delete, get, on, patch, post, put};
pub use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
pub use scopegate_policy::{ActiveUser, Check, Guard, Method, Permit, Place};
pub use service::GateService;
#[cfg(feature = "testing")]
pub use testing::Testing;
pub use {
    scopegate_domain as domain, scopegate_grant as grant, scopegate_policy as policy, scopegate_store as store,
    scopegate_token as token, serde, serde_json, tokio, utoipa, warp,
};
