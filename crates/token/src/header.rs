//! The header of a token: [RFC 7515, section 4](https://www.rfc-editor.org/rfc/rfc7515#section-4).

use std::borrow::Cow;
use std::mem::MaybeUninit;

use base64_simd::URL_SAFE_NO_PAD;
use scopegate_domain::KeyId;
use scopegate_domain::json::{JsonError, Kind, MemberNames, Reader};
use serde::Serialize;

use crate::compact::{decode, decoded_len};
use crate::limits::MAX_HEADER;
use crate::{Algorithm, VerifyError};

/// A buffer for a header.
pub(crate) struct HeaderBuffer([MaybeUninit<u8>; MAX_HEADER]);

impl HeaderBuffer {
    pub(crate) const fn new() -> Self {
        Self([const { MaybeUninit::uninit() }; MAX_HEADER])
    }

    /// The text of a header.
    pub(crate) fn decode(&mut self, encoded: &str) -> Result<&str, VerifyError> {
        if decoded_len(encoded) > MAX_HEADER {
            return Err(VerifyError::HeaderTooLong);
        }
        let bytes = decode(encoded, &mut self.0)?;
        std::str::from_utf8(bytes).map_err(|_| VerifyError::HeaderNotJson)
    }
}

/// The header in the form that a signer writes.
pub(crate) fn encode_header(algorithm: Algorithm, token_type: &str, key_id: Option<&KeyId>) -> String {
    #[derive(Serialize)]
    struct Members<'a> {
        alg: &'a str,
        typ: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        kid: Option<&'a KeyId>,
    }
    let members = Members {
        alg: algorithm.as_str(),
        typ: token_type,
        kid: key_id,
    };
    // Three texts: nothing among them fails to print.
    URL_SAFE_NO_PAD.encode_to_string(serde_json::to_string(&members).unwrap_or_default())
}

/// The members of a header.
///
/// `jku`, `x5u` and `x5c` are ignored like any unknown member: a key comes from the verifier's set,
/// never from a token. The position of `jwk` is kept for proofs of possession, the only kind of
/// token that contains its key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header<'h> {
    pub(crate) algorithm: Option<Cow<'h, str>>,
    pub(crate) token_type: Option<Cow<'h, str>>,
    pub(crate) key_id: Option<Cow<'h, str>>,
    /// The raw text of `jwk`, of any type.
    pub(crate) key: Option<&'h str>,
}

impl<'h> Header<'h> {
    pub(crate) fn parse(text: &'h str) -> Result<Self, VerifyError> {
        let mut reader = Reader::new(text);
        let mut header = Self::default();
        let mut seen = MemberNames::default();
        reader.object(|reader, name| {
            if !seen.insert(name.clone()) {
                return Err(VerifyError::DuplicateHeader);
            }
            header.read(text, &name, reader)
        })?;
        reader.finish()?;
        Ok(header)
    }

    fn read(&mut self, text: &'h str, name: &str, reader: &mut Reader<'h>) -> Result<(), VerifyError> {
        match name {
            "alg" => self.algorithm = Some(read_text(reader, VerifyError::Algorithm)?),
            "typ" => self.token_type = Some(read_text(reader, VerifyError::TokenType)?),
            "kid" => self.key_id = Some(read_text(reader, VerifyError::KeyId)?),
            "crit" => return Err(VerifyError::Critical),
            "b64" if reader.kind()? != Kind::Boolean || !reader.boolean()? => return Err(VerifyError::Unencoded),
            "b64" => {}
            "jwk" => {
                let start = reader.position();
                reader.skip_unique()?;
                self.key = text.get(start..reader.position());
            }
            _ => reader.skip_unique()?,
        }
        Ok(())
    }
}

fn read_text<'h>(reader: &mut Reader<'h>, otherwise: VerifyError) -> Result<Cow<'h, str>, VerifyError> {
    if reader.kind()? == Kind::Text {
        Ok(reader.text()?)
    } else {
        Err(otherwise)
    }
}

impl From<JsonError> for VerifyError {
    fn from(fault: JsonError) -> Self {
        match fault {
            JsonError::Depth | JsonError::Syntax => Self::HeaderNotJson,
            JsonError::Duplicate => Self::DuplicateHeader,
        }
    }
}
