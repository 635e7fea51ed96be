//! Tokens of issuers beside our own: how they are asked, and what of their answers is believed.
//!
//! ```text
//!   Outgoing         one document, once: address checked and pinned, TLS, limits
//!     discovery      what an issuer says of itself, if it is that issuer
//!     Refresh        its keys, one question at a time, seldom, the old ones kept
//!     RemoteIssuer   its tokens, verified by its keys alone
//!     Introspection  its opaque tokens, asked about
//!   TrustedIssuers   which of several a token is shown to
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
mod peek;
mod refresh;
mod remote_error;
mod resolve;
#[cfg(test)]
mod stage;
mod subjects;
mod tls;
mod trusted;

pub use self::discovery::Discovery;
pub use self::document::InvalidDocument;
pub use self::endpoint::InvalidEndpoint;
pub use self::fetch_error::FetchError;
pub use self::introspection::{ClientAuthentication, Introspection, IntrospectionBuilder, RemoteSetupError};
pub use self::issuer::{RemoteIssuer, RemoteIssuerBuilder};
pub use self::network::{InvalidNetwork, Network};
pub use self::outgoing::{Outgoing, OutgoingBuilder};
pub use self::remote_error::RemoteError;
pub use self::resolve::Resolve;
pub use self::subjects::SubjectMapping;
pub use self::tls::InvalidRoots;
pub(crate) use self::trusted::TrustedIssuers;
