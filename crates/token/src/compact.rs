//! The compact form of a JWS: [RFC 7515, section
//! 7.1](https://www.rfc-editor.org/rfc/rfc7515#section-7.1).
//!
//! Everything here is bounded, and happens before any cryptography.

use std::mem::MaybeUninit;

use base64_simd::{AsOut, URL_SAFE_NO_PAD};

use crate::VerifyError;

/// The maximum length of a signature, in bytes: that of an RSA key of 8,192 bits.
const MAX_SIGNATURE: usize = 1024;

/// A token that is split at its two dots. Nothing is decoded yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CompactJws<'t> {
    /// The signed text: header, dot, payload.
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
        // A third dot would be in the payload, where the alphabet refuses it.
        let (message, signature) = token.rsplit_once('.').ok_or(VerifyError::Segments)?;
        let (header, payload) = message.split_once('.').ok_or(VerifyError::Segments)?;
        Ok(Self {
            message,
            header,
            payload,
            signature,
        })
    }

    /// Returns the bytes of the payload, at most `max_len`.
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

    /// Returns the bytes of the signature. Bytes longer than the signature of any algorithm are
    /// refused.
    pub(crate) fn decode_signature<'s>(&self, buffer: &'s mut SignatureBuffer) -> Result<&'s [u8], VerifyError> {
        if decoded_len(self.signature) > MAX_SIGNATURE {
            return Err(VerifyError::Signature);
        }
        decode(self.signature, &mut buffer.0)
    }
}

/// A buffer for a signature.
pub(crate) struct SignatureBuffer([MaybeUninit<u8>; MAX_SIGNATURE]);

impl SignatureBuffer {
    pub(crate) const fn new() -> Self {
        Self([const { MaybeUninit::uninit() }; MAX_SIGNATURE])
    }
}

/// Returns the length of the decoded text, or one byte more.
pub(crate) const fn decoded_len(text: &str) -> usize {
    text.len() / 4 * 3 + text.len() % 4 * 3 / 4
}

// SECURITY: no padding, no other alphabet, no bits that count for nothing, or one token could be
// spelled in several ways (`another_spelling_of_the_encoding_is_refused`).
pub(crate) fn decode<'s>(text: &str, buffer: &'s mut [MaybeUninit<u8>]) -> Result<&'s [u8], VerifyError> {
    match URL_SAFE_NO_PAD.decode(text.as_bytes(), buffer.as_out()) {
        Ok(bytes) => Ok(bytes),
        Err(_) => Err(VerifyError::Encoding),
    }
}
