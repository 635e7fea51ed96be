//! **Which keys and answers do foreign issuers publish?** Verifies tokens of other OAuth 2.0 and
//! OpenID Connect providers, and limits what their documents can reach and cost.
//!
//! Applications use this crate through `scopegate-http` (feature `remote-issuers`): a
//! [`RemoteIssuer`] and an [`Introspection`] are given to its `GateBuilder`. A program without a
//! gate can use it directly.
//!
//! ```text
//! RemoteIssuer ──> Verifier              JWTs, by the keys of the issuer
//!      │
//!   key refresh ──> Discovery ──> HttpFetcher ──> AllowedNetwork, Resolve
//!                       │
//! Introspection ────────┘                opaque tokens, by RFC 7662
//! ```
//!
//! Ten names to start with:
//!
//! | name | |
//! |---|---|
//! | [`RemoteIssuer`] | an issuer of JWTs: fetches and refreshes its keys |
//! | [`RemoteIssuerBuilder`] | key TTL, rate limit, claim layout, ceiling of scopes |
//! | [`Introspection`] | an issuer of opaque tokens: queries it and caches the answers |
//! | [`IntrospectionBuilder`] | endpoint, client authentication, cache, concurrency |
//! | [`HttpFetcher`] | the HTTP client: checked addresses, TLS, limits of size and time |
//! | [`AllowedNetwork`] | an internal address range that the client may connect to |
//! | [`Discovery`] | the location of the issuer's metadata document |
//! | [`SubjectMapping`] | how subjects of an issuer map to local subjects |
//! | [`RemoteSetupError`] | an error of the configuration |
//! | [`RemoteError`] | an error of a request, for the operator's log |
//!
//! A provider on the same machine, whose keys are fetched at the start of the program:
//!
//! ```no_run
//! use scopegate_domain::{Audience, Clock, Issuer, SystemClock};
//! use scopegate_issuers::{AllowedNetwork, HttpFetcher, RemoteIssuer};
//! use scopegate_token::PayloadBuffer;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let fetcher = HttpFetcher::builder().allow(AllowedNetwork::LOOPBACK).build()?;
//! let issuer = Issuer::parse("http://127.0.0.1:8080/realms/shop")?;
//! let issuer = RemoteIssuer::builder(issuer, Audience::parse("https://api.example")?)
//!     .fetcher(fetcher)
//!     .build()?;
//! issuer.fetch().await?;
//!
//! let token = std::env::var("TOKEN")?;
//! let mut scratch = PayloadBuffer::new();
//! let claims = issuer.verifier().verify(&token, SystemClock.now(), &mut scratch)?;
//! println!("{:?}", claims.subject().map(|subject| issuer.subject(subject)));
//! # Ok(())
//! # }
//! ```
//!
//! Feature `testing`: a `TestProvider` that answers by a script. It is off by default, and only for
//! dev-dependencies.
//!
//! Out of scope:
//!
//! - Decisions about scopes: `scopegate-policy` makes them.
//! - Which issuer of several verifies a token: `scopegate-http` selects it by
//!   [`unverified_issuer`].
//! - Redirects, HTTP proxies, HTTP/2 and connection pools: each fetch is one checked connection.

mod discovery;
mod document;
mod fetch;
mod introspection;
mod issuer;
mod refresh;
mod remote_error;
mod setup_error;
#[cfg(test)]
#[path = "../../../tests/skip_time.rs"]
mod skip_time;
mod subject_mapping;
#[cfg(any(test, feature = "testing"))]
pub mod test_provider;
mod unverified_issuer;

pub use self::discovery::Discovery;
pub use self::document::InvalidDocument;
pub use self::fetch::{
    AllowedNetwork, FetchError, HttpFetcher, HttpFetcherBuilder, InvalidAllowedNetwork, InvalidEndpoint, InvalidRoots,
    Resolution, Resolve,
};
pub use self::introspection::{ClientAuthentication, IntrospectedToken, Introspection, IntrospectionBuilder};
pub use self::issuer::{RemoteIssuer, RemoteIssuerBuilder};
pub use self::refresh::Renewal;
pub use self::remote_error::RemoteError;
pub use self::setup_error::RemoteSetupError;
pub use self::subject_mapping::SubjectMapping;
pub use self::unverified_issuer::unverified_issuer;
