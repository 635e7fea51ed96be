//! Answers to clients: [RFC 6749, section
//! 4.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2), with `iss` of [RFC
//! 9207](https://www.rfc-editor.org/rfc/rfc9207).

use std::fmt;

use scopegate_domain::{ErrorCode, Issuer, RedirectUri, Secret};
use scopegate_token::IssuedCode;

use super::encode::{push_pair, with_query};

/// Where the answer to a request goes, and what each answer contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AnswerTarget {
    /// The name of the client.
    pub(crate) application: String,
    pub(crate) redirect_uri: RedirectUri,
    pub(crate) state: Option<String>,
    pub(crate) issuer: Issuer,
}

/// The answer to an authorization request, which the browser takes to the client.
///
/// `Debug` prints no code.
#[derive(Clone)]
pub struct AuthorizationAnswer {
    target: AnswerTarget,
    content: Content,
}

#[derive(Clone)]
enum Content {
    Code(IssuedCode),
    Error { code: ErrorCode, description: String },
}

impl AuthorizationAnswer {
    pub(super) const fn code(target: AnswerTarget, code: IssuedCode) -> Self {
        Self {
            target,
            content: Content::Code(code),
        }
    }

    pub(super) const fn error(target: AnswerTarget, code: ErrorCode, description: String) -> Self {
        Self {
            target,
            content: Content::Error { code, description },
        }
    }

    /// Returns the redirect URI, without the parameters of the answer.
    #[must_use]
    pub const fn redirect_uri(&self) -> &RedirectUri {
        &self.target.redirect_uri
    }

    /// Returns the name of the client.
    #[must_use]
    pub fn application(&self) -> &str {
        &self.target.application
    }

    /// Returns the error that the client receives; `None` if it receives a code.
    #[must_use]
    pub const fn error_code(&self) -> Option<ErrorCode> {
        match &self.content {
            Content::Code(_) => None,
            Content::Error { code, .. } => Some(*code),
        }
    }

    /// Whether the user must click before the browser goes there: an error for a program of the
    /// device. So no page sends a browser to a private-use scheme by itself.
    #[must_use]
    pub fn needs_click(&self) -> bool {
        self.error_code().is_some() && self.target.redirect_uri.kind().is_impersonable()
    }

    /// Returns the URL for the browser: the redirect URI with `code` or `error`, `state` and `iss`
    /// added to its query.
    #[must_use]
    pub fn location(&self) -> Secret<String> {
        let AnswerTarget {
            redirect_uri,
            state,
            issuer,
            ..
        } = &self.target;
        let mut query = String::new();
        match &self.content {
            Content::Code(code) => push_pair(&mut query, "code", code.expose()),
            Content::Error { code, description } => {
                push_pair(&mut query, "error", code.as_str());
                push_pair(&mut query, "error_description", description);
            }
        }
        if let Some(state) = state {
            push_pair(&mut query, "state", state);
        }
        push_pair(&mut query, "iss", issuer.as_str());
        Secret::new(with_query(redirect_uri.as_str(), &query))
    }
}

impl fmt::Debug for AuthorizationAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationAnswer")
            .field("redirect_uri", &self.target.redirect_uri)
            .field("error", &self.error_code())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_added_to_the_query() {
        let location = |uri: &str, state: Option<&str>| {
            let target = AnswerTarget {
                application: "an application".to_owned(),
                redirect_uri: RedirectUri::parse(uri).unwrap(),
                state: state.map(str::to_owned),
                issuer: Issuer::parse("https://issuer.example/a").unwrap(),
            };
            let answer = AuthorizationAnswer::error(target, ErrorCode::AccessDenied, "no `x`".to_owned());
            answer.location().expose().clone()
        };
        let error = "error=access_denied&error_description=no%20%60x%60";
        let iss = "iss=https%3A%2F%2Fissuer.example%2Fa";
        for (uri, start) in [
            ("https://app.example/cb", "https://app.example/cb?"),
            ("https://app.example/cb?", "https://app.example/cb?"),
            ("https://app.example/cb?a=b", "https://app.example/cb?a=b&"),
            ("com.example.app:/cb", "com.example.app:/cb?"),
        ] {
            assert_eq!(location(uri, None), format!("{start}{error}&{iss}"));
        }
        let state = Some("a&b=\u{e9} +");
        assert_eq!(
            location("https://app.example/cb", state),
            format!("https://app.example/cb?{error}&state=a%26b%3D%C3%A9%20%2B&{iss}")
        );
    }
}
