//! The kinds of refusals, each with its status.

use http::StatusCode;

/// Why a request is refused, as far as the client may know.
///
/// ```
/// use scopegate_gate::RefusalKind;
///
/// assert_eq!(RefusalKind::InsufficientScope.as_str(), "insufficient_scope");
/// assert_eq!(RefusalKind::InsufficientScope.status(), 403);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalKind {
    /// The body took longer than the limit.
    BodyTimeout,
    /// The body is larger than the limit.
    BodyTooLarge,
    /// A rule or a check denies the request.
    Forbidden,
    /// The request comes from a page of another origin.
    ForeignOrigin,
    /// A handler refuses the request, with a code and a status of the application.
    Handler {
        /// The code for programs.
        code: &'static str,
        /// The status, between 400 and 599.
        status: StatusCode,
    },
    /// The user is disabled.
    InactiveUser,
    /// The body ended early.
    IncompleteBody,
    /// The token does not have the required scopes.
    InsufficientScope,
    /// User name or password is wrong.
    InvalidBasic,
    /// The API key or the digest is not valid.
    InvalidCredential,
    /// The request names no host, several, or a malformed one.
    InvalidHost,
    /// The input is not as declared.
    InvalidInput,
    /// The bearer token is not valid.
    InvalidToken,
    /// User name and password of HTTP Basic cannot be read.
    MalformedBasic,
    /// The path has no operation for the method.
    MethodNotAllowed,
    /// The path has no operation, or the resource does not exist.
    NotFound,
    /// A credential is in the request more than once.
    RepeatedCredential,
    /// The server has a fault.
    ServerFault,
    /// A newer or stronger login is needed.
    StepUp,
    /// No credential of a required scheme is in the request.
    Unauthenticated,
    /// A store or a verifier does not answer.
    Unavailable,
    /// The operation does not read bodies of this media type.
    UnsupportedMediaType,
    /// The operation needs a handshake of another protocol.
    UpgradeRequired,
}

impl RefusalKind {
    /// Returns a stable name, such as `insufficient_scope`. An application can use it as its error
    /// code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BodyTimeout => "body_timeout",
            Self::BodyTooLarge => "body_too_large",
            Self::Forbidden => "forbidden",
            Self::ForeignOrigin => "foreign_origin",
            Self::Handler { code, .. } => code,
            Self::InactiveUser => "inactive_user",
            Self::IncompleteBody => "incomplete_body",
            Self::InsufficientScope => "insufficient_scope",
            Self::InvalidBasic => "invalid_basic",
            Self::InvalidCredential => "invalid_credential",
            Self::InvalidHost => "invalid_host",
            Self::InvalidInput => "invalid_input",
            Self::InvalidToken => "invalid_token",
            Self::MalformedBasic => "malformed_basic",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::NotFound => "not_found",
            Self::RepeatedCredential => "repeated_credential",
            Self::ServerFault => "server_fault",
            Self::StepUp => "step_up",
            Self::Unauthenticated => "unauthenticated",
            Self::Unavailable => "unavailable",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::UpgradeRequired => "upgrade_required",
        }
    }

    /// Returns the status of the RFCs.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::IncompleteBody | Self::InvalidHost | Self::InvalidInput | Self::RepeatedCredential => {
                StatusCode::BAD_REQUEST
            }
            Self::InvalidBasic
            | Self::InvalidCredential
            | Self::InvalidToken
            | Self::MalformedBasic
            | Self::StepUp
            | Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::ForeignOrigin | Self::InactiveUser | Self::InsufficientScope => {
                StatusCode::FORBIDDEN
            }
            Self::Handler { status, .. } => status,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::UpgradeRequired => StatusCode::UPGRADE_REQUIRED,
            Self::ServerFault => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Returns the default description in the OpenAPI document. `None` for a kind that does not
    /// depend on the declaration of an operation.
    #[must_use]
    pub const fn description(self) -> Option<&'static str> {
        match self {
            Self::InvalidInput => Some("The request is not as declared"),
            Self::InvalidBasic
            | Self::InvalidCredential
            | Self::InvalidToken
            | Self::MalformedBasic
            | Self::StepUp
            | Self::Unauthenticated => Some("A credential is needed, or the one presented is not good"),
            Self::Forbidden | Self::InactiveUser | Self::InsufficientScope => {
                Some("The credential does not allow this")
            }
            Self::NotFound => Some("The resource does not exist"),
            Self::BodyTooLarge => Some("The body is too large"),
            Self::UnsupportedMediaType => Some("The operation does not read this media type"),
            Self::BodyTimeout
            | Self::ForeignOrigin
            | Self::Handler { .. }
            | Self::IncompleteBody
            | Self::InvalidHost
            | Self::MethodNotAllowed
            | Self::RepeatedCredential
            | Self::ServerFault
            | Self::Unavailable
            | Self::UpgradeRequired => None,
        }
    }
}
