//! The reasons why a request to another issuer failed.

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
/// assert_eq!(error.to_string(), "document `https://id.example/.well-known/openid-configuration` is of another issuer");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// The task that asked ended before there was an answer.
    #[error("question was given up")]
    Abandoned,
    /// Too many requests are open, so no further one is sent.
    #[error("too many questions are open")]
    Busy,
    /// A document breaks a rule.
    #[error("document `{url}`: {fault}")]
    Document {
        /// Its URL.
        url: String,
        /// Which rule.
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
        /// Why not.
        cause: FetchError,
    },
    /// A set of keys that cannot be used.
    #[error("keys `{url}`: {fault}")]
    Keys {
        /// Its URL.
        url: String,
        /// Why not.
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
    #[error("document of the issuer does not have `{member}`")]
    Missing {
        /// The missing member.
        member: &'static str,
    },
    /// The issuer has no document.
    #[error("issuer has no document")]
    NoDocument,
    /// A document that is there, and speaks of another issuer.
    #[error("document `{url}` is of another issuer")]
    OtherIssuer {
        /// Its URL.
        url: String,
    },
    /// There was no answer for as long as a request is made to wait.
    #[error("no answer for as long as a request waits")]
    Slow,
}

impl RemoteError {
    pub(crate) fn fetch(place: &Endpoint, cause: FetchError) -> Self {
        Self::Fetch {
            url: place.to_string(),
            cause,
        }
    }
}
