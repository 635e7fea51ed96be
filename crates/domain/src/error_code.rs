//! The error codes of OAuth 2.0.

use std::fmt;

/// The error that a client receives: the value of `error`.
///
/// ```
/// use scopegate_domain::ErrorCode;
///
/// assert_eq!(ErrorCode::InsufficientScope.as_str(), "insufficient_scope");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new code must be given its answer in the one table of replies"
)]
pub enum ErrorCode {
    /// The request is malformed: [RFC 6749, section
    /// 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2).
    InvalidRequest,
    /// The client failed to authenticate: RFC 6749, section 5.2.
    InvalidClient,
    /// The password, code or refresh token is wrong: RFC 6749, section 5.2.
    InvalidGrant,
    /// This client may not use this grant type: RFC 6749, section 5.2.
    UnauthorizedClient,
    /// The server does not offer this grant type: RFC 6749, section 5.2.
    UnsupportedGrantType,
    /// The scope is unknown, malformed or more than may be granted: RFC 6749, section 5.2.
    InvalidScope,
    /// The resource is unknown, or the client may not have tokens for it: [RFC 8707, section
    /// 2](https://www.rfc-editor.org/rfc/rfc8707#section-2).
    InvalidTarget,
    /// The token is expired, revoked, malformed or for another recipient: [RFC 6750, section
    /// 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1).
    InvalidToken,
    /// The token is valid and does not allow this: RFC 6750, section 3.1.
    InsufficientScope,
    /// The user must log in again, or more strongly: [RFC 9470, section
    /// 3](https://www.rfc-editor.org/rfc/rfc9470#section-3).
    InsufficientUserAuthentication,
    /// The server failed, and a retry does not help: RFC 6749, section 4.1.2.1, for responses that
    /// cannot have status 500.
    ServerError,
    /// The server cannot answer at present: [RFC 6749, section
    /// 4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1).
    TemporarilyUnavailable,
    /// The user refused: RFC 6749, section 4.1.2.1.
    AccessDenied,
    /// The server does not offer this response type: RFC 6749, section 4.1.2.1.
    UnsupportedResponseType,
    /// The user must log in, and the request forbids a page: [OpenID Connect Core, section
    /// 3.1.2.6](https://openid.net/specs/openid-connect-core-1_0.html#AuthError).
    LoginRequired,
    /// The user must consent, and the request forbids a page: OpenID Connect Core, section 3.1.2.6.
    ConsentRequired,
    /// The user must see a page, and the request forbids it: OpenID Connect Core, section 3.1.2.6.
    InteractionRequired,
    /// The server reads no request objects: OpenID Connect Core, section 3.1.2.6.
    RequestNotSupported,
    /// The server fetches no request objects: OpenID Connect Core, section 3.1.2.6.
    RequestUriNotSupported,
}

impl ErrorCode {
    const ALL: &[Self] = &[
        Self::InvalidRequest,
        Self::InvalidClient,
        Self::InvalidGrant,
        Self::UnauthorizedClient,
        Self::UnsupportedGrantType,
        Self::InvalidScope,
        Self::InvalidTarget,
        Self::InvalidToken,
        Self::InsufficientScope,
        Self::InsufficientUserAuthentication,
        Self::ServerError,
        Self::TemporarilyUnavailable,
        Self::AccessDenied,
        Self::UnsupportedResponseType,
        Self::LoginRequired,
        Self::ConsentRequired,
        Self::InteractionRequired,
        Self::RequestNotSupported,
        Self::RequestUriNotSupported,
    ];

    /// Returns the code as in the RFCs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::InsufficientUserAuthentication => "insufficient_user_authentication",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::AccessDenied => "access_denied",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::InteractionRequired => "interaction_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
        }
    }

    /// Returns the code with this text; `None` for an unknown one.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code after this one, in the order of declaration. A new code does not compile here.
    const fn next(code: ErrorCode) -> Option<ErrorCode> {
        Some(match code {
            ErrorCode::InvalidRequest => ErrorCode::InvalidClient,
            ErrorCode::InvalidClient => ErrorCode::InvalidGrant,
            ErrorCode::InvalidGrant => ErrorCode::UnauthorizedClient,
            ErrorCode::UnauthorizedClient => ErrorCode::UnsupportedGrantType,
            ErrorCode::UnsupportedGrantType => ErrorCode::InvalidScope,
            ErrorCode::InvalidScope => ErrorCode::InvalidTarget,
            ErrorCode::InvalidTarget => ErrorCode::InvalidToken,
            ErrorCode::InvalidToken => ErrorCode::InsufficientScope,
            ErrorCode::InsufficientScope => ErrorCode::InsufficientUserAuthentication,
            ErrorCode::InsufficientUserAuthentication => ErrorCode::ServerError,
            ErrorCode::ServerError => ErrorCode::TemporarilyUnavailable,
            ErrorCode::TemporarilyUnavailable => ErrorCode::AccessDenied,
            ErrorCode::AccessDenied => ErrorCode::UnsupportedResponseType,
            ErrorCode::UnsupportedResponseType => ErrorCode::LoginRequired,
            ErrorCode::LoginRequired => ErrorCode::ConsentRequired,
            ErrorCode::ConsentRequired => ErrorCode::InteractionRequired,
            ErrorCode::InteractionRequired => ErrorCode::RequestNotSupported,
            ErrorCode::RequestNotSupported => ErrorCode::RequestUriNotSupported,
            ErrorCode::RequestUriNotSupported => return None,
        })
    }

    #[test]
    fn each_code_is_found_by_its_text() {
        let mut code = Some(ErrorCode::InvalidRequest);
        while let Some(one) = code {
            assert_eq!(ErrorCode::find(one.as_str()), Some(one));
            code = next(one);
        }
        assert_eq!(ErrorCode::find("teapot"), None);
    }
}
