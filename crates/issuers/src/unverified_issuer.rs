//! Reads the issuer of an unverified token, to select its verifier.

use std::borrow::Cow;

use base64_simd::URL_SAFE_NO_PAD;
use scopegate_token::TokenRules;

use crate::document;

/// Returns the `iss` of an unverified token; `None` if it is not a JWT, is too long, or has no
/// `iss`.
///
/// Use it only to select a verifier. The verifier checks the claim again after the signature.
#[must_use]
pub fn unverified_issuer(token: &str) -> Option<String> {
    if token.len() > TokenRules::MAX_TOKEN {
        return None;
    }
    let (message, _) = token.rsplit_once('.')?;
    let (_, payload) = message.split_once('.')?;
    if payload.len() / 4 * 3 > TokenRules::MAX_PAYLOAD {
        return None;
    }
    let payload = URL_SAFE_NO_PAD.decode_to_vec(payload.as_bytes()).ok()?;
    let mut found = None;
    document::members(&payload, |name, reader| {
        if name == "iss" {
            found = Some(document::text(reader, "iss").map(Cow::into_owned)?);
        } else {
            reader.skip()?;
        }
        Ok(())
    })
    .ok()?;
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(payload: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode_to_string(payload))
    }

    #[test]
    fn issuer_is_read_strictly() {
        let cases = [
            (r#"{"iss": "a"}"#, Some("a")),
            (r#"{"sub": {"iss": "b"}, "is\u0073": "a"}"#, Some("a")),
            (r#"{"sub": {"iss": "b"}}"#, None),
            (r#"{"iss": "a", "iss": "b"}"#, None),
            (r#"{"iss": ["a"]}"#, None),
            (r#"{"iss": "a""#, None),
            ("", None),
        ];
        for (payload, expected) in cases {
            assert_eq!(unverified_issuer(&token(payload)).as_deref(), expected, "{payload}");
        }
        assert_eq!(unverified_issuer("opaque"), None);
        assert_eq!(
            unverified_issuer(&token(&format!(r#"{{"iss": "a", "x": "{}"}}"#, "y".repeat(9_000)))),
            None
        );
        assert_eq!(unverified_issuer(&format!("e30.{}.x", "A".repeat(1_000_000))), None);
    }

    proptest! {
        #[test]
        fn any_text_is_handled(text in ".{0,200}", payload in "\\PC{0,200}") {
            let _ = unverified_issuer(&text);
            let _ = unverified_issuer(&token(&payload));
        }
    }
}
