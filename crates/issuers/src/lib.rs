//! Verifies tokens of other issuers, and limits the trust in their documents.
//!
//! ```text
//!   HttpFetcher         fetches one document, once: address checked and pinned, TLS, limits
//!     discovery      reads the metadata of an issuer, if the document is of that issuer
//!     Refresh        fetches its keys, one request at a time, seldom, and keeps the old ones
//!     RemoteIssuer   verifies its tokens by its keys alone
//!     Introspection  queries it about its opaque tokens
//! ```

mod discovery;
mod document;
mod fetch;
mod introspection;
mod issuer;
mod refresh;
mod remote_error;
mod setup_error;
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
