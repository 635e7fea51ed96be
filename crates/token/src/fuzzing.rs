//! Entry points for fuzz targets. Each asserts what must hold for any input.

use crate::compact::{CompactJws, SignatureBuffer};
use crate::header::{Header, HeaderBuffer};
use crate::{PayloadBuffer, SigningKey, TokenRules};

#[cfg(feature = "rotation")]
mod secrets;

#[cfg(feature = "rotation")]
pub use self::secrets::{refresh_token, sealed_flow};

/// Asserts that an accepted token is the only encoding of its decoded bytes.
///
/// # Panics
///
/// If a property does not hold.
pub fn compact_jws(input: &[u8]) {
    let Ok(token) = std::str::from_utf8(input) else { return };
    let Ok(jws) = CompactJws::cut(token, TokenRules::MAX_TOKEN) else {
        return;
    };
    let (mut header, mut scratch, mut signature) = (HeaderBuffer::new(), PayloadBuffer::new(), SignatureBuffer::new());
    let Ok(header) = header.decode(jws.header) else { return };
    let Ok(payload) = jws.decode_payload(scratch.spare_capacity(), TokenRules::MAX_PAYLOAD) else {
        return;
    };
    let Ok(signature) = jws.decode_signature(&mut signature) else {
        return;
    };
    let encode = |bytes: &[u8]| base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes);
    let printed = format!(
        "{}.{}.{}",
        encode(header.as_bytes()),
        encode(payload),
        encode(signature)
    );
    assert_eq!(printed, token, "an accepted token is spelled in the only way");
    let _ = Header::parse(header);
    let _ = crate::inspect(token);
}

/// Signs any texts with any header, for tests and fuzzers. A signer never issues such tokens.
///
/// # Panics
///
/// If the key cannot sign.
#[must_use]
#[expect(clippy::expect_used, reason = "the test needs its token")]
pub fn forge(key: &SigningKey, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    let encode = |bytes: &[u8]| base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes);
    let message = format!("{}.{}", encode(header.as_ref()), encode(payload.as_ref()));
    let signature = key.sign(message.as_bytes()).expect("a signature");
    format!("{message}.{}", encode(&signature))
}
