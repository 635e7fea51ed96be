//! **How do clients use the authorization server?** Its endpoints, for the gate of an application.
//!
//! A program that issues tokens itself uses this crate. It registers each endpoint at its gate by
//! one call, `site`. A program that only accepts tokens does not need it.
//!
//! Where to start:
//!
//! - [`TokenEndpoint`]: `POST /token`, over an [`AuthorizationServer`](grant::AuthorizationServer).
//! - [`IntrospectionEndpoint`], [`RevocationEndpoint`]: a resource server asks about a token, a
//!   client ends one; over [`AccessTokens`](grant::AccessTokens).
//! - [`PublishedKeys`]: `GET /.well-known/jwks.json`; a key rotation replaces the keys.
//! - [`ServerMetadata`], [`ResourceMetadata`]: documents by which clients find the endpoints, and
//!   the authorization server of an API.
//! - [`PortalSite`], with [`AuthorizeEndpoint`], [`LoginEndpoint`] and [`ConsentEndpoint`]: users
//!   log in and decide what an application may do. [`ApiDescriptions`] explain it to them.
//! - [`AccountEndpoint`], [`LogoutEndpoint`]: users see and end what they granted.
//!   [`PeopleEndpoints`] is all of them.
//! - [`page`]: the pages for people, written from plain values; [`Stylesheet`] serves their style.
//! - [`SiteCookies`], [`check_form_origin`], [`page_response`]: what the requests and responses of
//!   pages share.
//! - [`TrustedProxies`]: the proxies whose `X-Forwarded-For` names the client of a login.
//! - [`grant`]: the authorization server as a value, without HTTP.
//!
//! ```
//! use std::sync::Arc;
//!
//! use scopegate_gate::domain::{Audience, Issuer};
//! use scopegate_gate::store::MemoryStore;
//! use scopegate_gate::token::{KeySet, Signer, SigningKey, TokenRules, Verifier};
//! use scopegate_gate::{Catalog, Gate, SecurityScheme};
//! use scopegate_portal::grant::AuthorizationServer;
//! use scopegate_portal::{PublishedKeys, TokenEndpoint};
//!
//! let catalog = Catalog::builder().scheme("login", SecurityScheme::oauth2_password("token")).build()?;
//! let rules = TokenRules::rfc9068(Issuer::parse("https://id.example")?, Audience::parse("https://api.example")?);
//! let key = SigningKey::es256_generate()?;
//! let keys = KeySet::from(key.verifying_key());
//! let verifier = Verifier::new(rules.clone(), keys.clone());
//! let server = AuthorizationServer::builder(Arc::new(MemoryStore::new()), Signer::new(rules, key), catalog.clone());
//!
//! let gate = Gate::builder(catalog)
//!     .bearer("login", verifier)
//!     .site(TokenEndpoint::new("/token", server.password_grant(true).build()))
//!     .site(PublishedKeys::new(&keys))
//!     .build()?;
//! # let _ = gate;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Out of scope: grants, clients and scopes of tokens (`scopegate-grant`), operations with guards
//! (`scopegate-http`).

// Files that tests share name this crate.
#[cfg(test)]
extern crate self as scopegate_portal;

mod api_descriptions;
mod basic;
mod client_request;
mod consent_view;
mod cookie;
mod csrf;
mod describe;
mod endpoint;
mod form;
mod origin;
pub mod page;
mod page_form;
mod page_request;
mod people_endpoints;
mod portal_site;
mod problem;
mod public_document;
mod redirect_target;
mod responder;
mod security_headers;
mod stylesheet;
mod text;
mod visitor;
mod well_known;

#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;

pub use api_descriptions::{ApiDescription, ApiDescriptions};
pub use cookie::{CookieError, SiteCookie, SiteCookies};
pub use csrf::{CrossSiteForm, check_form_origin};
pub use endpoint::account::AccountEndpoint;
pub use endpoint::authorize::AuthorizeEndpoint;
pub use endpoint::consent::ConsentEndpoint;
pub use endpoint::introspection::IntrospectionEndpoint;
pub use endpoint::jwks::PublishedKeys;
pub use endpoint::login::LoginEndpoint;
pub use endpoint::logout::LogoutEndpoint;
pub use endpoint::resource_metadata::ResourceMetadata;
pub use endpoint::revocation::RevocationEndpoint;
pub use endpoint::server_document::ServerDocument;
pub use endpoint::server_metadata::ServerMetadata;
pub use endpoint::token::TokenEndpoint;
pub use origin::SiteOrigin;
pub use page_form::pairs;
pub use people_endpoints::PeopleEndpoints;
pub use portal_site::PortalSite;
pub use redirect_target::RedirectTarget;
pub use scopegate_gate::{InvalidProxies, TrustedProxies};
pub use scopegate_grant as grant;
pub use security_headers::{add_security_headers, page_response, see_other};
pub use stylesheet::Stylesheet;
