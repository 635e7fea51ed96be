//! The part of DER that is written here. It converts keys of other forms to PKCS #8, which ring
//! reads.

use zeroize::Zeroizing;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
const CONTEXT_1: u8 = 0xA1;

/// `rsaEncryption` with its NULL.
const RSA: &[u8] = b"\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01\x05\x00";
/// `ecPublicKey` on P-256.
const P256: &[u8] = b"\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07";
/// `ecPublicKey` on P-384.
const P384: &[u8] = b"\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x05\x2B\x81\x04\x00\x22";
/// `Ed25519`.
const ED25519: &[u8] = b"\x06\x03\x2B\x65\x70";

/// A buffer that is wiped when dropped, because all data written here is private.
pub(super) type Der = Zeroizing<Vec<u8>>;

/// The kinds of key that PKCS #8 holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ed25519,
    P256,
    P384,
    Rsa,
}

impl Kind {
    const fn identifier(self) -> &'static [u8] {
        match self {
            Self::Ed25519 => ED25519,
            Self::P256 => P256,
            Self::P384 => P384,
            Self::Rsa => RSA,
        }
    }

    /// Returns the kind of key in a PKCS #8 document, by its algorithm identifier. Ring decides
    /// whether the rest is valid.
    pub(super) fn of_pkcs8(document: &[u8]) -> Option<Self> {
        let inside = content(document, SEQUENCE)?;
        let rest = inside
            .strip_prefix(&[INTEGER, 1, 0])
            .or(inside.strip_prefix(&[INTEGER, 1, 1]))?;
        let identifier = content(rest, SEQUENCE)?;
        [Self::Ed25519, Self::P256, Self::P384, Self::Rsa]
            .into_iter()
            .find(|kind| identifier.starts_with(kind.identifier()))
    }
}

/// Returns the bytes after the tag and the length of a DER value. All bytes that follow, if the
/// length is smaller.
fn content(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    match bytes {
        [first, 0..=0x7F, rest @ ..] | [first, 0x81, _, rest @ ..] | [first, 0x82, _, _, rest @ ..]
            if *first == tag =>
        {
            Some(rest)
        }
        _ => None,
    }
}

/// Wraps a private key as PKCS #8.
pub(super) fn pkcs8(kind: Kind, private_key: &[u8]) -> Der {
    let algorithm = value(SEQUENCE, &[kind.identifier()]);
    let private_key = value(OCTET_STRING, &[private_key]);
    value(SEQUENCE, &[&[INTEGER, 1, 0], &algorithm, &private_key])
}

/// `ECPrivateKey` ([RFC 5915](https://www.rfc-editor.org/rfc/rfc5915)) with its public half.
pub(super) fn ec_private_key(scalar: &[u8], point: &[u8]) -> Der {
    let scalar = value(OCTET_STRING, &[scalar]);
    let point = value(CONTEXT_1, &[&value(BIT_STRING, &[&[0], point])]);
    value(SEQUENCE, &[&[INTEGER, 1, 1], &scalar, &point])
}

/// The private key of Ed25519 ([RFC 8410](https://www.rfc-editor.org/rfc/rfc8410)).
pub(super) fn ed25519_private_key(seed: &[u8]) -> Der {
    value(OCTET_STRING, &[seed])
}

/// `RSAPrivateKey` ([RFC 8017](https://www.rfc-editor.org/rfc/rfc8017)) of two primes: n, e, d, p,
/// q, dp, dq, qi.
pub(super) fn rsa_private_key(numbers: &[Der]) -> Der {
    let mut inside = Zeroizing::new(vec![INTEGER, 1, 0]);
    for number in numbers {
        inside.extend_from_slice(&unsigned(number));
    }
    value(SEQUENCE, &[&inside])
}

fn unsigned(number: &[u8]) -> Der {
    let sign: &[u8] = if number.first().is_some_and(|byte| *byte >= 0x80) {
        &[0]
    } else {
        &[]
    };
    value(INTEGER, &[sign, number])
}

fn value(tag: u8, parts: &[&[u8]]) -> Der {
    let len = parts.iter().map(|part| part.len()).sum::<usize>();
    // Each piece is allocated at its length. A buffer that grows would leave a copy of a key
    // behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(len.saturating_add(6)));
    bytes.push(tag);
    let digits = len.to_be_bytes();
    let zeros = digits.iter().take_while(|byte| **byte == 0).count();
    let digits = digits.get(zeros..).unwrap_or_default();
    if len >= 0x80 {
        bytes.push(0x80 | u8::try_from(digits.len()).unwrap_or_default());
        bytes.extend_from_slice(digits);
    } else {
        bytes.extend(digits.iter().copied().chain([0]).take(1));
    }
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}
