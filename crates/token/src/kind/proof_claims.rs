//! The claims of a `DPoP` proof: [RFC 9449, section
//! 4.2](https://www.rfc-editor.org/rfc/rfc9449#section-4.2).

use std::borrow::Cow;

use scopegate_domain::json::{Kind, MemberNames, Reader};
use scopegate_domain::{ClaimsError, Timestamp};

/// The claims of a proof, each with its type. Other claims must be JSON and occur only once.
#[derive(Debug, Default)]
pub(super) struct ProofClaims<'a> {
    pub(super) method: Option<Cow<'a, str>>,
    pub(super) address: Option<Cow<'a, str>>,
    pub(super) token_id: Option<Cow<'a, str>>,
    pub(super) token_hash: Option<Cow<'a, str>>,
    pub(super) nonce: Option<Cow<'a, str>>,
    pub(super) issued_at: Option<Timestamp>,
}

impl<'a> ProofClaims<'a> {
    pub(super) fn parse(payload: &'a [u8]) -> Result<Self, ClaimsError> {
        let text = std::str::from_utf8(payload).map_err(|_| ClaimsError::NotUtf8)?;
        let mut reader = Reader::new(text);
        if reader.kind()? != Kind::Object {
            return Err(ClaimsError::NotAnObject);
        }
        let (mut claims, mut seen) = (Self::default(), MemberNames::default());
        reader.object(|reader, name| {
            if seen.insert(name.clone()) {
                claims.read(&name, reader)
            } else {
                Err(ClaimsError::DuplicateName)
            }
        })?;
        reader.finish()?;
        Ok(claims)
    }

    fn read(&mut self, name: &str, reader: &mut Reader<'a>) -> Result<(), ClaimsError> {
        let (slot, claim) = match name {
            "htm" => (&mut self.method, "htm"),
            "htu" => (&mut self.address, "htu"),
            "jti" => (&mut self.token_id, "jti"),
            "ath" => (&mut self.token_hash, "ath"),
            "nonce" => (&mut self.nonce, "nonce"),
            "iat" => return self.read_issued_at(reader),
            _ => return Ok(reader.skip()?),
        };
        if reader.kind()? != Kind::Text {
            return Err(ClaimsError::WrongType { claim });
        }
        *slot = Some(reader.text()?);
        Ok(())
    }

    fn read_issued_at(&mut self, reader: &mut Reader<'a>) -> Result<(), ClaimsError> {
        let claim = "iat";
        if reader.kind()? != Kind::Number {
            return Err(ClaimsError::WrongType { claim });
        }
        let seconds = reader.number()?.truncated().ok_or(ClaimsError::OutOfRange { claim })?;
        self.issued_at = Some(Timestamp::from_unix(seconds));
        Ok(())
    }
}
