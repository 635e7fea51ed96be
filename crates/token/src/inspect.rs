//! Reads a token without verifying it.

use scopegate_domain::json::Reader;
use scopegate_domain::{Claims, ClaimsError, ScopeLayout, Timestamp};
use serde_json::{Map, Value};

use crate::compact::CompactJws;
use crate::header::{Header, HeaderBuffer};
use crate::{Algorithm, PayloadBuffer, TokenRules, VerifyError};

/// Header and payload of an unverified token, for people who inspect it. Never use it for a
/// decision.
///
/// ```
/// let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJqb2huZG9lIiwiZXhwIjo1fQ.";
/// let unverified = scopegate_token::inspect(token)?;
/// assert_eq!(unverified.header()["alg"], "none");
/// assert_eq!(unverified.claims()["sub"], "johndoe");
/// assert_eq!(unverified.expires_at().unwrap().as_unix(), 5);
/// assert_eq!(unverified.fault(), Some(scopegate_token::VerifyError::Algorithm));
/// # Ok::<(), scopegate_token::VerifyError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Unverified {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    fault: Option<VerifyError>,
}

/// Splits and decodes a token. The size limits apply; signature, header and claims are not
/// verified.
///
/// # Errors
///
/// [`VerifyError`] if the text does not have the form of a token, or header or payload is not a
/// JSON object.
pub fn inspect(token: &str) -> Result<Unverified, VerifyError> {
    let jws = CompactJws::cut(token, TokenRules::MAX_TOKEN)?;
    let (mut buffer, mut scratch) = (HeaderBuffer::new(), PayloadBuffer::new());
    let header_text = buffer.decode(jws.header)?;
    let header = serde_json::from_str(header_text).map_err(|_| VerifyError::HeaderNotJson)?;
    let payload = jws.decode_payload(scratch.spare_capacity(), TokenRules::MAX_PAYLOAD)?;
    let claims = serde_json::from_slice(payload).map_err(|_| ClaimsError::NotAnObject)?;
    let fault = check_header(header_text).and_then(|()| Ok(Claims::parse(payload, ScopeLayout::Text).map(drop)?));
    Ok(Unverified {
        header,
        claims,
        fault: fault.err(),
    })
}

/// The rules for a header that do not depend on the keys.
fn check_header(text: &str) -> Result<(), VerifyError> {
    let header = Header::parse(text)?;
    let algorithm = header.algorithm.as_deref().and_then(Algorithm::find);
    algorithm.map(drop).ok_or(VerifyError::Algorithm)
}

impl Unverified {
    /// The members of the header.
    #[must_use]
    pub const fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// The members of the payload.
    #[must_use]
    pub const fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Returns `exp`, if it is a number in range.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.time("exp")
    }

    /// Returns the time in a claim, without its fraction, if it is a number in range.
    #[must_use]
    pub fn time(&self, claim: &str) -> Option<Timestamp> {
        let literal = self.claims.get(claim)?.as_number()?.to_string();
        let seconds = Reader::new(&literal).number().ok()?.truncated()?;
        Some(Timestamp::from_unix(seconds))
    }

    /// Returns the rule by which every verifier refuses the token, with any keys and at any time.
    /// `None` does not mean that the token is valid.
    #[must_use]
    pub const fn fault(&self) -> Option<VerifyError> {
        self.fault
    }
}
