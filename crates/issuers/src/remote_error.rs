//! The error of a request to an issuer.

use scopegate_token::JwksError;

use crate::document::InvalidDocument;
use crate::fetch::{Endpoint, FetchError, InvalidEndpoint};

/// The reason why another issuer did not answer the request: for the operator's log, with the
/// requested URL.
///
/// ```
/// use scopegate_issuers::RemoteError;
///
/// let error = RemoteError::OtherIssuer { url: "https://id.example/.well-known/openid-configuration".to_owned() };
/// assert_eq!(error.to_string(), "document `https://id.example/.well-known/openid-configuration` names another issuer");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// The task of the request ended without a result.
    #[error("request was abandoned")]
    Abandoned,
    /// The maximum number of concurrent requests is reached.
    #[error("too many concurrent requests")]
    Busy,
    /// A document is invalid.
    #[error("document `{url}`: {fault}")]
    Document {
        /// The URL of the request.
        url: String,
        /// The cause.
        fault: InvalidDocument,
    },
    /// A URL of the configuration cannot be fetched.
    #[error(transparent)]
    Endpoint(#[from] InvalidEndpoint),
    /// A document could not be fetched.
    #[error("document `{url}`: {cause}")]
    Fetch {
        /// The expected URL.
        url: String,
        /// The cause.
        cause: FetchError,
    },
    /// A key set that cannot be used.
    #[error("keys `{url}`: {fault}")]
    Keys {
        /// The URL of the request.
        url: String,
        /// The cause.
        fault: JwksError,
    },
    /// A URL in a document cannot be fetched.
    #[error("document `{url}`: member `{member}`: {fault}")]
    Member {
        /// The URL of the document.
        url: String,
        /// The member that holds the URL.
        member: &'static str,
        /// The cause.
        fault: InvalidEndpoint,
    },
    /// The issuer's document lacks a required URL.
    #[error("metadata document of the issuer has no `{member}`")]
    Missing {
        /// The missing member.
        member: &'static str,
    },
    /// The issuer has no metadata document.
    #[error("issuer has no metadata document")]
    NoDocument,
    /// The document names another issuer.
    #[error("document `{url}` names another issuer")]
    OtherIssuer {
        /// The URL of the request.
        url: String,
    },
    /// There was no answer before the timeout of the caller.
    #[error("no answer before the timeout")]
    Slow,
}

impl RemoteError {
    pub(crate) fn fetch(endpoint: &Endpoint, cause: FetchError) -> Self {
        Self::Fetch {
            url: endpoint.to_string(),
            cause,
        }
    }
}
