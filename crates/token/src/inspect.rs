//! What a token says, without asking whether it is true.

use scopegate_domain::Timestamp;
use serde_json::{Map, Value};

use crate::compact::CompactJws;
use crate::header::HeaderBuffer;
use crate::{Scratch, TokenRules, VerifyError};

/// Header and payload of a token that nobody verified: for people who look into one, never for a decision.
///
/// ```
/// let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJqb2huZG9lIiwiZXhwIjo1fQ.";
/// let unverified = scopegate_token::inspect(token)?;
/// assert_eq!(unverified.header()["alg"], "none");
/// assert_eq!(unverified.claims()["sub"], "johndoe");
/// assert_eq!(unverified.expires_at().unwrap().as_unix(), 5);
/// # Ok::<(), scopegate_token::VerifyError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Unverified {
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

/// Takes a token apart. The limits of size hold here too; signature, header and claims are not judged.
///
/// # Errors
///
/// [`VerifyError`] where the text has not the form of a token, or header or payload is not a JSON object.
pub fn inspect(token: &str) -> Result<Unverified, VerifyError> {
    let jws = CompactJws::cut(token, TokenRules::MAX_TOKEN)?;
    let (mut buffer, mut scratch) = (HeaderBuffer::new(), Scratch::new());
    let header = buffer.decode(jws.header)?;
    let header = serde_json::from_str(header).map_err(|_| VerifyError::HeaderNotJson)?;
    let payload = jws.decode_payload(scratch.room(), TokenRules::MAX_PAYLOAD)?;
    let claims = serde_json::from_slice(payload).map_err(|_| scopegate_domain::ClaimsError::NotAnObject)?;
    Ok(Unverified { header, claims })
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

    /// `exp`, where it is a number in range.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.claims.get("exp").and_then(Value::as_i64).map(Timestamp::from_unix)
    }
}
