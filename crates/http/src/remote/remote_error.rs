//! Why another issuer could not be asked.

use scopegate_token::JwksError;

use super::endpoint::Endpoint;
use super::fetch_error::FetchError;
use crate::{InvalidDocument, InvalidEndpoint};

/// Why another issuer did not say what was asked: for the operator's log, with the URL that was asked.
///
/// ```
/// use scopegate_http::RemoteError;
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
    /// So many questions are open that no further one is asked.
    #[error("too many questions are open")]
    Busy,
    /// A document breaks a rule.
    #[error("document `{url}`: {fault}")]
    Document {
        /// Where it stands.
        url: String,
        /// Which rule.
        fault: InvalidDocument,
    },
    /// A URL of the configuration cannot be fetched.
    #[error(transparent)]
    Endpoint(#[from] InvalidEndpoint),
    /// A document could not be had.
    #[error("document `{url}`: {cause}")]
    Fetch {
        /// Where it should stand.
        url: String,
        /// Why not.
        cause: FetchError,
    },
    /// A set of keys that cannot be used.
    #[error("keys `{url}`: {fault}")]
    Keys {
        /// Where it stands.
        url: String,
        /// Why not.
        fault: JwksError,
    },
    /// A URL in a document cannot be fetched.
    #[error("document `{url}`: member `{member}`: {fault}")]
    Member {
        /// Where the document stands.
        url: String,
        /// The member that holds the URL.
        member: &'static str,
        /// What is wrong with it.
        fault: InvalidEndpoint,
    },
    /// The document of the issuer does not say where what is needed stands.
    #[error("document of the issuer does not have `{member}`")]
    Missing {
        /// What is not there.
        member: &'static str,
    },
    /// The issuer has no document.
    #[error("issuer has no document")]
    NoDocument,
    /// A document that is there, and speaks of another issuer.
    #[error("document `{url}` is of another issuer")]
    OtherIssuer {
        /// Where it stands.
        url: String,
    },
    /// There was no answer for as long as a request is made to wait.
    #[error("no answer for as long as a request waits")]
    Slow,
}

impl RemoteError {
    pub(super) fn fetch(place: &Endpoint, cause: FetchError) -> Self {
        Self::Fetch {
            url: place.to_string(),
            cause,
        }
    }
}
