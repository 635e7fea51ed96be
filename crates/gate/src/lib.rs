//! **May this request run this operation, and what is the refusal?** The gate of an application,
//! without a web framework, a runtime or a socket.
//!
//! A web framework calls [`Gate::authorize`] with a [`RequestHead`]. The result is a [`Permit`], or
//! the complete response that refuses the request. `scopegate-http` does so for warp, hyper and
//! tower, with typed handlers. `Gate::layer` (feature `tower`) guards the routes of axum or of any
//! other service of tower. [`Gate::builder_of`] takes the operations from an OpenAPI document or a
//! policy file; `docs/guide/other-routers.md` explains it, and the examples `axum_document.rs`,
//! `axum.rs` and `tower.rs` show it.
//!
//! | name | |
//! |---|---|
//! | [`Gate`], [`GateBuilder`] | operations, verifiers, users and sites as one value |
//! | [`GateError`] | the reason why a gate cannot be built |
//! | [`RequestHead`] | the parts of a request that the gate reads |
//! | `GateLayer` | the gate in front of routes that another router owns (feature `tower`) |
//! | [`Routed`] | a request with a known target, for callers that dispatch themselves |
//! | [`BearerTokens`] | the verifier and the cache of the bearer tokens of a scheme |
//! | [`CredentialVerifier`], [`AuthenticatedCredential`] | credentials that the application verifies |
//! | [`SiteEndpoint`], [`SiteRoute`] | endpoints that are not operations |
//! | [`RefusalResponses`] | the table from a cause to status, challenge and body |
//! | [`RefusalFormat`] | the form of the bodies of refusals |
//!
//! ```
//! use scopegate_gate::domain::{AccessTokenClaims, Clock, Lifetime, Secret, SystemClock};
//! use scopegate_gate::token::{Signer, SigningKey, TokenRules, Verifier};
//! use scopegate_gate::{Catalog, Gate, Guard, Operation, RequestHead, ScopeToken, SecurityScheme};
//!
//! const READ: ScopeToken = ScopeToken::from_static("reports:read");
//! const WRITE: ScopeToken = ScopeToken::from_static("reports:write");
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let catalog = Catalog::builder()
//!     .scheme("oauth", SecurityScheme::oauth2_password("token"))
//!     .scope(READ, "Read reports.")
//!     .scope(WRITE, "Write reports.")
//!     .build()?;
//! let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes")))?;
//! let gate = Gate::builder(catalog)
//!     .bearer("oauth", Verifier::new(TokenRules::shared_secret(), key.verifying_key()))
//!     .operation(Operation::get("/reports/{id}").guard(Guard::requires([READ])))
//!     .operation(Operation::post("/reports").guard(Guard::requires([WRITE])))
//!     .build()?;
//!
//! let claims = AccessTokenClaims::new("u1", SystemClock.now(), Lifetime::from_minutes(5)).with_scopes([READ]);
//! let token = Signer::new(TokenRules::shared_secret(), key).issue(&claims)?;
//! let bearer = format!("Bearer {}", token.expose());
//!
//! let request = http::Request::get("/reports/1").header("authorization", &bearer).body(())?;
//! let permit = gate.authorize(&RequestHead::of(&request)).await.unwrap().unwrap();
//! assert_eq!(permit.subject(), Some("u1"));
//!
//! let request = http::Request::post("/reports").header("authorization", &bearer).body(())?;
//! let refusal = gate.authorize(&RequestHead::of(&request)).await.unwrap_err();
//! assert_eq!(refusal.status(), 403);
//! let challenge = refusal.headers()["www-authenticate"].to_str()?;
//! assert!(challenge.contains(r#"error="insufficient_scope""#));
//! assert!(challenge.ends_with(r#"scope="reports:write""#));
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! All are off by default.
//!
//! - `remote-issuers`: tokens of other providers. Adds an HTTP client and TLS.
//! - `tower`: the gate as a layer of tower. Adds two small crates.
//! - `testing`: permits without a token, for tests of applications.
//! - `fuzzing`: entry points for fuzzers.
//!
//! # Out of scope
//!
//! Reading bodies, parsing inputs, calling handlers, CORS and the OpenAPI document. These belong to
//! `scopegate-http`.

#[cfg(all(doctest, feature = "tower"))]
#[doc = include_str!("../../../docs/guide/other-routers.md")]
struct OtherRoutersPage;

mod authorize;
mod authorizer;
mod body_error;
mod challenge;
mod challenges;
mod credentials;
mod dialect;
mod gate;
mod gate_builder;
mod gate_error;
mod handler_refusals;
mod head_response;
mod host;
mod input_error;
#[cfg(feature = "tower")]
mod layer;
mod observe;
mod producers;
mod refusal;
mod refusal_context;
mod refusal_format;
mod refusal_kind;
mod refusal_response;
mod refusal_responses;
mod refusal_writer;
mod request_head;
mod routed;
mod routes;
mod shadow;
mod site_endpoint;
mod template;
#[cfg(feature = "testing")]
mod test_identity;
mod trusted_proxies;
mod user_source;

pub mod cookie;
pub mod entity_tag;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod media_type;
pub mod path;
pub mod urlencoded;

pub use body_error::BodyError;
pub use challenge::Challenge;
pub use credentials::api_keys::{ApiKeys, FindApiKey};
pub use credentials::basic;
pub use credentials::bearer_verifier::BearerTokens;
pub use credentials::claim_source::IssuedTokens;
pub use credentials::credential::{AuthenticatedCredential, Credential, CredentialCheck, CredentialVerifier};
pub use credentials::development_issuer::DevelopmentIssuer;
pub use dialect::{
    AuthenticationScheme, ChallengeContext, Dialect, DocumentDialect, EmptyCredential, RepeatedAuthorization,
    RfcRefusals, title,
};
pub use gate::Gate;
pub use gate_builder::GateBuilder;
pub use gate_error::GateError;
pub use host::{TargetAuthority, names_one_host};
pub use input_error::{InputError, InvalidInput, LocationStep};
#[cfg(feature = "tower")]
pub use layer::{GateLayer, GuardedService};
pub use observe::request_id::{HEADER as REQUEST_ID, RequestLabel};
pub use refusal::RETRY_SECONDS;
pub use refusal_context::RefusalContext;
pub use refusal_format::{RefusalFormat, RefusalSchema};
pub use refusal_kind::RefusalKind;
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
pub use user_source::ResolveUser;
pub use {scopegate_domain as domain, scopegate_policy as policy, scopegate_store as store, scopegate_token as token};
