//! Token requests, distinguished by their grant type.

use scopegate_domain::{GrantType, Scope, Secret};

use crate::{Dialect, GrantError, InvalidRequestCause, InvalidScopeCause, Params, RequestedScope};

/// A request for a token. Each grant type adds a variant with its parameters.
#[derive(Debug)]
pub(crate) enum TokenRequest<'a> {
    AuthorizationCode(CodeRequest<'a>),
    /// The scope that a client requests for itself: [RFC 6749, section
    /// 4.4.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.4.2).
    ClientCredentials(RequestedScope),
    Password(PasswordRequest<'a>),
    RefreshToken(RefreshRequest<'a>),
}

/// The parameters of a redemption: [RFC 6749, section
/// 4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3).
#[derive(Debug)]
pub(crate) struct CodeRequest<'a> {
    pub(crate) code: &'a Secret<String>,
    pub(crate) redirect_uri: Option<&'a str>,
    /// Without it, the code is refused.
    pub(crate) verifier: Option<&'a Secret<String>>,
}

/// The parameters of a refresh: [RFC 6749, section
/// 6](https://www.rfc-editor.org/rfc/rfc6749#section-6).
#[derive(Debug)]
pub(crate) struct RefreshRequest<'a> {
    pub(crate) token: &'a Secret<String>,
    /// `None`: all of the grant.
    pub(crate) scope: Option<Scope>,
}

/// The parameters of a login: [RFC 6749, section
/// 4.3.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.3.2).
#[derive(Debug)]
pub(crate) struct PasswordRequest<'a> {
    pub(crate) username: &'a str,
    pub(crate) password: &'a Secret<String>,
    pub(crate) requested: RequestedScope,
}

impl<'a> TokenRequest<'a> {
    /// Returns the grant type of a request.
    pub(crate) fn grant_type(params: &Params) -> Result<GrantType, GrantError> {
        let name = required(params, "grant_type")?.expose();
        name.parse().map_err(|_| GrantError::UnsupportedGrantType)
    }

    /// Parses the request of a grant type. Every field is checked before any other work.
    pub(crate) fn parse(grant_type: GrantType, params: &'a Params, dialect: &Dialect) -> Result<Self, GrantError> {
        match grant_type {
            GrantType::AuthorizationCode => Ok(Self::AuthorizationCode(CodeRequest {
                code: required(params, "code")?,
                redirect_uri: params.text("redirect_uri"),
                verifier: params.secret("code_verifier"),
            })),
            GrantType::RefreshToken => {
                let scope = params.text("scope").map(Scope::parse).transpose();
                Ok(Self::RefreshToken(RefreshRequest {
                    token: required(params, "refresh_token")?,
                    scope: scope.map_err(InvalidScopeCause::from)?,
                }))
            }
            // The same in each dialect, because only the password grant has one.
            GrantType::ClientCredentials => {
                let scope = Dialect::rfc().scope;
                Ok(Self::ClientCredentials(scope(params.text("scope"))?))
            }
            GrantType::Password => Ok(Self::Password(PasswordRequest {
                username: required(params, "username")?.expose(),
                password: required(params, "password")?,
                requested: (dialect.scope)(params.text("scope"))?,
            })),
        }
    }
}

fn required<'a>(params: &'a Params, name: &'static str) -> Result<&'a Secret<String>, InvalidRequestCause> {
    params.secret(name).ok_or(InvalidRequestCause::Missing { name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_needs_every_field() {
        for (fields, message) in [
            (vec![], "`grant_type` is missing"),
            (
                vec![("grant_type", "client_credentials"), ("scope", "a\"")],
                "byte 0x22 at position 1 is not allowed in a scope token",
            ),
            (vec![("grant_type", "Password")], "grant type is not supported"),
            (vec![("grant_type", "password")], "`username` is missing"),
            (
                vec![("grant_type", "password"), ("username", "u")],
                "`password` is missing",
            ),
            (
                vec![
                    ("grant_type", "password"),
                    ("username", "u"),
                    ("password", "p"),
                    ("scope", "a  b"),
                ],
                "empty scope token at position 2",
            ),
        ] {
            let params = Params::from_iter(fields);
            let parsed = TokenRequest::grant_type(&params)
                .and_then(|grant_type| TokenRequest::parse(grant_type, &params, &Dialect::rfc()));
            assert_eq!(parsed.unwrap_err().to_string(), message);
        }
    }
}
