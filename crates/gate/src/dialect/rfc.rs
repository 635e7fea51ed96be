//! The dialect of the RFCs.

use scopegate_domain::ScopeToken;
use scopegate_policy::DenialPrecedence;
use scopegate_token::SubjectClaim;

use super::rfc_refusals::RfcRefusals;
use super::{AuthenticationScheme, ChallengeContext, Dialect, DocumentDialect, EmptyCredential, RepeatedAuthorization};
use crate::challenge::Challenge;

impl Dialect {
    /// Returns the rules of the RFCs: [RFC 6750](https://www.rfc-editor.org/rfc/rfc6750) for
    /// challenges and codes, [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) for bodies.
    ///
    /// | refusal | answer |
    /// |---|---|
    /// | no credential | 401, a challenge without `error` |
    /// | token not valid | 401 `invalid_token` |
    /// | scope missing | 403 `insufficient_scope` |
    /// | user disabled | 403 |
    /// | two `Authorization` headers | 400 `invalid_request` |
    /// | path, query or body not as declared | 400 |
    #[must_use]
    pub const fn rfc() -> Self {
        Self {
            repeated_authorization: RepeatedAuthorization::Refuse,
            trim: <[u8]>::trim_ascii,
            is_bearer_token: is_b64token,
            is_basic_text: |_| true,
            empty_credential: EmptyCredential::Malformed,
            subject: SubjectClaim::UserId,
            precedence: DenialPrecedence::Rfc,
            has_implicit_head: true,
            challenge,
            refusals: &RfcRefusals,
            document: DocumentDialect {
                component: |_, schema| schema.clone(),
                has_extensions: true,
            },
        }
    }
}

/// `b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="` ([RFC 6750, section
/// 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)).
fn is_b64token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    // Without an early exit the compiler compares sixteen bytes at a time, and a token has
    // hundreds.
    let odd = body
        .bytes()
        .fold(0, |odd, byte| odd | u8::from(!is_b64token_byte(byte)));
    !body.is_empty() && odd == 0
}

/// Returns whether a token may contain a byte before its last `=`. Uses few comparisons, for the
/// same reason.
const fn is_b64token_byte(byte: u8) -> bool {
    let is_letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    // `-`, `.`, `/` and the digits follow each other.
    let is_between = byte.wrapping_sub(b'-') <= b'9' - b'-';
    is_letter || is_between || matches!(byte, b'_' | b'~' | b'+')
}

fn challenge(context: &ChallengeContext<'_>) -> Challenge {
    let realm = context.realm;
    let challenge = match context.scheme {
        AuthenticationScheme::ApiKey => return Challenge::new("APIKey"),
        AuthenticationScheme::Basic => {
            // RFC 7617, section 2.1: so that a browser sends what is not ASCII in UTF-8.
            return Challenge::new("Basic").with("realm", realm).with("charset", "UTF-8");
        }
        AuthenticationScheme::Digest => return Challenge::new("Digest").with("realm", realm),
        AuthenticationScheme::Bearer => Challenge::new("Bearer").with("realm", realm),
        AuthenticationScheme::Dpop => Challenge::new("DPoP").with("realm", realm).with("algs", "ES256"),
    };
    let challenge = match context.error {
        Some((code, description)) => challenge
            .with("error", code.as_str())
            .with("error_description", description),
        None => challenge,
    };
    let challenge = match context.acr_values {
        [] => challenge,
        values => challenge.with("acr_values", &values.join(" ")),
    };
    let challenge = match context.max_age {
        Some(age) => challenge.with("max_age", &age.as_seconds().to_string()),
        None => challenge,
    };
    let challenge = match context.scope {
        [] => challenge,
        scope => {
            let words: Vec<&str> = scope.iter().map(ScopeToken::as_str).collect();
            challenge.with("scope", &words.join(" "))
        }
    };
    match context.resource_metadata {
        Some(url) => challenge.with("resource_metadata", url),
        None => challenge,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_the_bytes_of_its_grammar() {
        for byte in 0..=u8::MAX {
            let allowed = byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
            assert_eq!(is_b64token_byte(byte), allowed, "{byte}");
        }
    }
}
