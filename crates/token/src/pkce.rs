//! Challenges and verifiers of [RFC 7636](https://www.rfc-editor.org/rfc/rfc7636), method `S256`.

use base64_simd::{AsOut, URL_SAFE_NO_PAD};
use scopegate_domain::{CodeChallenge, CodeVerifier};

use crate::digest::sha256;

/// Reads a `code_challenge`: 43 characters of base64url, the digest of a verifier. `None` for
/// another text.
///
/// ```
/// use scopegate_domain::CodeVerifier;
/// use scopegate_token::{challenge_of, parse_challenge};
///
/// let verifier = CodeVerifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")?;
/// let challenge = parse_challenge("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
/// assert_eq!(challenge, Some(challenge_of(&verifier)));
/// # Ok::<(), scopegate_domain::InvalidCodeVerifier>(())
/// ```
#[must_use]
pub fn parse_challenge(text: &str) -> Option<CodeChallenge> {
    let mut bytes = [0; 32];
    if text.len() != URL_SAFE_NO_PAD.encoded_length(bytes.len()) {
        return None;
    }
    URL_SAFE_NO_PAD
        .decode(text.as_bytes(), bytes.as_mut_slice().as_out())
        .ok()?;
    Some(CodeChallenge::from_bytes(bytes))
}

/// Returns the challenge of a verifier: its SHA-256 digest.
#[must_use]
pub fn challenge_of(verifier: &CodeVerifier) -> CodeChallenge {
    CodeChallenge::from_bytes(sha256(verifier.expose().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_canonical_challenge_is_read() {
        let text = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(parse_challenge(text).is_some());
        for other in [
            "",
            text.strip_suffix('M').unwrap(),
            &format!("{text}A"),
            &format!("{text}="),
            // The same bytes, with other bits behind them.
            &text.replace("-cM", "-cN"),
            &text.replace('-', "+"),
            &text.replace('-', "~"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw\u{e9}M",
        ] {
            assert_eq!(parse_challenge(other), None, "{other}");
        }
    }
}
