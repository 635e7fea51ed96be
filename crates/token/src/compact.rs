//! The compact form of a JWS: [RFC 7515, section 7.1](https://www.rfc-editor.org/rfc/rfc7515#section-7.1).
//!
//! Everything here is bounded, and happens before any cryptography.

use std::borrow::Cow;
use std::mem::MaybeUninit;

use base64_simd::{AsOut, URL_SAFE_NO_PAD};
use scopegate_domain::KeyId;
use scopegate_domain::json::{JsonError, Kind, Names, Reader};
use serde::Serialize;

use crate::{Algorithm, VerifyError};

/// Longest accepted header, in bytes once decoded.
pub(crate) const MAX_HEADER: usize = 1024;
/// Longest signature of a known algorithm, in bytes.
const MAX_SIGNATURE: usize = 64;

/// A token cut at its two dots. Nothing is decoded yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CompactJws<'t> {
    /// What was signed: header, dot, payload.
    pub(crate) message: &'t str,
    pub(crate) header: &'t str,
    pub(crate) payload: &'t str,
    signature: &'t str,
}

impl<'t> CompactJws<'t> {
    pub(crate) fn cut(token: &'t str, max_len: usize) -> Result<Self, VerifyError> {
        if token.len() > max_len {
            return Err(VerifyError::TokenTooLong);
        }
        // A third dot would stand in the payload, where the alphabet refuses it.
        let (message, signature) = token.rsplit_once('.').ok_or(VerifyError::Segments)?;
        let (header, payload) = message.split_once('.').ok_or(VerifyError::Segments)?;
        Ok(Self {
            message,
            header,
            payload,
            signature,
        })
    }

    /// The bytes of the payload, at most `max_len` of them.
    pub(crate) fn decode_payload<'s>(
        &self,
        buffer: &'s mut [MaybeUninit<u8>],
        max_len: usize,
    ) -> Result<&'s [u8], VerifyError> {
        if decoded_len(self.payload) > max_len.min(buffer.len()) {
            return Err(VerifyError::PayloadTooLong);
        }
        match URL_SAFE_NO_PAD.decode(self.payload.as_bytes(), buffer.as_out()) {
            Ok(bytes) => Ok(bytes),
            Err(_) if self.payload.contains('.') => Err(VerifyError::Segments),
            Err(_) => Err(VerifyError::Encoding),
        }
    }

    /// The bytes of the signature. One that is longer than any algorithm's is no signature.
    pub(crate) fn decode_signature<'s>(&self, buffer: &'s mut SignatureBuffer) -> Result<&'s [u8], VerifyError> {
        if decoded_len(self.signature) > MAX_SIGNATURE {
            return Err(VerifyError::Signature);
        }
        decode(self.signature, &mut buffer.0)
    }
}

/// Room for a signature.
pub(crate) struct SignatureBuffer([MaybeUninit<u8>; MAX_SIGNATURE]);

impl SignatureBuffer {
    pub(crate) const fn new() -> Self {
        Self([const { MaybeUninit::uninit() }; MAX_SIGNATURE])
    }
}

/// Room for a header.
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

/// How many bytes a text stands for, or one more.
const fn decoded_len(text: &str) -> usize {
    text.len() / 4 * 3 + text.len() % 4 * 3 / 4
}

// SECURITY: no padding, no other alphabet, no bits that count for nothing, or one token could be spelled in several ways
// (`another_spelling_of_the_encoding_is_refused`).
fn decode<'s>(text: &str, buffer: &'s mut [MaybeUninit<u8>]) -> Result<&'s [u8], VerifyError> {
    match URL_SAFE_NO_PAD.decode(text.as_bytes(), buffer.as_out()) {
        Ok(bytes) => Ok(bytes),
        Err(_) => Err(VerifyError::Encoding),
    }
}

/// A header as a signer writes it.
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

/// What a header says: [RFC 7515, section 4](https://www.rfc-editor.org/rfc/rfc7515#section-4).
///
/// `jku`, `jwk`, `x5u` and `x5c` are ignored like any member that is not known here: a key comes from the verifier's set, never
/// out of a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header<'h> {
    pub(crate) algorithm: Option<Cow<'h, str>>,
    pub(crate) token_type: Option<Cow<'h, str>>,
    pub(crate) key_id: Option<Cow<'h, str>>,
}

impl<'h> Header<'h> {
    pub(crate) fn parse(text: &'h str) -> Result<Self, VerifyError> {
        let mut reader = Reader::new(text);
        let mut header = Self::default();
        let mut seen = Names::default();
        reader.object(|reader, name| {
            if !seen.insert(name.clone()) {
                return Err(VerifyError::DuplicateHeader);
            }
            header.read(&name, reader)
        })?;
        reader.finish()?;
        Ok(header)
    }

    fn read(&mut self, name: &str, reader: &mut Reader<'h>) -> Result<(), VerifyError> {
        match name {
            "alg" => self.algorithm = Some(text(reader, VerifyError::Algorithm)?),
            "typ" => self.token_type = Some(text(reader, VerifyError::TokenType)?),
            "kid" => self.key_id = Some(text(reader, VerifyError::KeyId)?),
            "crit" => return Err(VerifyError::Critical),
            "b64" if reader.kind()? != Kind::Boolean || !reader.boolean()? => return Err(VerifyError::Unencoded),
            "b64" => {}
            _ => reader.skip()?,
        }
        Ok(())
    }
}

fn text<'h>(reader: &mut Reader<'h>, otherwise: VerifyError) -> Result<Cow<'h, str>, VerifyError> {
    if reader.kind()? == Kind::Text {
        Ok(reader.text()?)
    } else {
        Err(otherwise)
    }
}

impl From<JsonError> for VerifyError {
    fn from(_: JsonError) -> Self {
        Self::HeaderNotJson
    }
}
