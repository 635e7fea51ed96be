//! **May this request run this operation, and what is the refusal?** The gate of an application,
//! without a web framework, a runtime or a socket.
//!
//! A web framework calls [`Gate::authorize`] with a [`RequestHead`]. It gets a
//! [`Permit`], or the complete response that refuses the request.
//! `scopegate-http` does so for warp, hyper and tower, with typed handlers.
//!
//! Where to start:
//!
//! - [`Gate`] and [`GateBuilder`]: operations, verifiers, users and sites as one value;
//!   [`GateError`] says why one cannot be built.
//! - [`RequestHead`]: what the gate reads of a request.
//! - [`Routed`]: a request whose target is known, for callers that dispatch themselves.
//! - [`BearerTokens`]: how bearer tokens of a scheme are verified and cached.
//! - [`CredentialVerifier`], [`Credential`], [`AuthenticatedCredential`]: credentials that
//!   the application verifies.
//! - [`SiteEndpoint`] and [`SiteRoute`]: endpoints that are not operations.
//! - [`RefusalResponses`]: the table from a cause to status, challenge and body.
//!
//! Out of scope: reading bodies, parsing inputs, calling handlers, CORS and the OpenAPI document.
//! These belong to `scopegate-http`.

mod authorize;
mod authorizer;
mod body_error;
mod challenge;
mod challenges;
mod credentials;
mod gate;
mod gate_builder;
mod gate_error;
mod host;
mod input_error;
mod observe;
mod producers;
mod profile;
mod refusal;
mod refusal_response;
mod refusal_responses;
mod request_head;
mod routed;
mod routes;
mod shadow;
mod site_endpoint;
mod template;
#[cfg(feature = "testing")]
mod test_identity;
mod trusted_proxies;

pub mod entity_tag;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod path;
pub mod urlencoded;

pub use body_error::BodyError;
pub use challenge::Challenge;
pub use credentials::basic;
pub use credentials::bearer_verifier::BearerTokens;
pub use credentials::claim_source::IssuedTokens;
pub use credentials::credential::{AuthenticatedCredential, Credential, CredentialCheck, CredentialVerifier};
pub use gate::Gate;
pub use gate_builder::GateBuilder;
pub use gate_error::GateError;
pub use host::{TargetAuthority, names_one_host};
pub use input_error::{InputError, InvalidInput, LocationStep};
pub use observe::request_id::{HEADER as REQUEST_ID, RequestLabel};
pub use profile::Profile;
pub use refusal::RETRY_SECONDS;
pub use refusal_response::RefusalResponse;
pub use refusal_responses::{RefusalResponses, ServerFault};
pub use request_head::{RequestHead, TlsFacts};
pub use routed::Routed;
pub use routes::{Lookup, Target};
pub use scopegate_domain::{ApiKeyLocation, Catalog, OAuthFlows, ScopeToken, SecurityScheme};
pub use scopegate_policy::{ActiveUser, Check, CheckContext, Guard, Method, Operation, Permit};
pub use site_endpoint::{SiteDocument, SiteEndpoint, SiteRequest, SiteRoute};
#[cfg(feature = "testing")]
pub use test_identity::TestIdentity;
pub use trusted_proxies::{InvalidProxies, TrustedProxies};
pub use {scopegate_domain as domain, scopegate_policy as policy, scopegate_store as store, scopegate_token as token};
