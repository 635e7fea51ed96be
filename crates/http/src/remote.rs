//! Verifies tokens of other issuers, and limits the trust in their documents.
//!
//! ```text
//!   Outgoing         fetches one document, once: address checked and pinned, TLS, limits
//!     discovery      reads the metadata of an issuer, if the document is of that issuer
//!     Refresh        fetches its keys, one request at a time, seldom, and keeps the old ones
//!     RemoteIssuer   verifies its tokens by its keys alone
//!     Introspection  queries it about its opaque tokens
//! ```

mod budget;
mod cache_control;
mod discovery;
mod document;
mod endpoint;
mod fetch_error;
mod introspection;
mod issuer;
mod network;
mod outgoing;
mod refresh;
mod remote_error;
mod resolve;
mod setup_error;
#[cfg(test)]
mod stage;
mod subjects;
mod tls;
mod unverified_issuer;

pub use self::discovery::Discovery;
pub use self::document::InvalidDocument;
pub use self::endpoint::InvalidEndpoint;
pub use self::fetch_error::FetchError;
pub use self::introspection::{ClientAuthentication, IntrospectedToken, Introspection, IntrospectionBuilder};
pub use self::issuer::{RemoteIssuer, RemoteIssuerBuilder};
pub use self::network::{InvalidNetwork, Network};
pub use self::outgoing::{Outgoing, OutgoingBuilder};
pub use self::refresh::Renewal;
pub use self::remote_error::RemoteError;
pub use self::resolve::{Resolution, Resolve};
pub use self::setup_error::RemoteSetupError;
pub use self::subjects::SubjectMapping;
pub use self::tls::InvalidRoots;
pub use self::unverified_issuer::unverified_issuer;
