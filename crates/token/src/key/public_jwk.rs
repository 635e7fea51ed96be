//! Public keys as JWKs.

use base64_simd::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::VerifyingKey;
use super::verifying::VerifyingMaterial;
use crate::digest::sha256;

impl VerifyingKey {
    /// Returns the public key as a JWK ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)), with
    /// `use`, `alg` and `kid`. `None` for an HMAC key, which has no public half.
    #[must_use]
    pub fn to_jwk(&self) -> Option<Map<String, Value>> {
        let mut jwk = Map::new();
        let mut put = |name: &str, text: &str| jwk.insert(name.to_owned(), Value::from(text));
        for (name, text) in self.public_members()? {
            put(name, &text);
        }
        put("use", "sig");
        put("alg", self.algorithm().as_str());
        if let Some(id) = self.id() {
            put("kid", id.as_str());
        }
        Some(jwk)
    }

    /// Returns the SHA-256 thumbprint of the public key ([RFC
    /// 7638](https://www.rfc-editor.org/rfc/rfc7638)). It does not depend on the encoding of the
    /// key. `None` for an HMAC key.
    #[must_use]
    pub fn thumbprint(&self) -> Option<String> {
        let mut members = self.public_members()?;
        members.sort_unstable();
        // Names and base64url contain no character that JSON would escape.
        let members: Vec<_> = members
            .iter()
            .map(|(name, text)| format!("\"{name}\":\"{text}\""))
            .collect();
        let digest = sha256(format!("{{{}}}", members.join(",")).as_bytes());
        Some(URL_SAFE_NO_PAD.encode_to_string(digest))
    }

    /// The members that make up the key, and no other.
    fn public_members(&self) -> Option<Vec<(&'static str, String)>> {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode_to_string(bytes);
        let on_curve = |name: &str, point: &[u8]| {
            let (x, y) = point.get(1..)?.split_at_checked(point.len() / 2)?;
            Some(vec![
                ("kty", "EC".to_owned()),
                ("crv", name.to_owned()),
                ("x", encode(x)),
                ("y", encode(y)),
            ])
        };
        match &self.material {
            VerifyingMaterial::Hmac(_) => None,
            VerifyingMaterial::P256(key) => on_curve("P-256", key.as_ref()),
            VerifyingMaterial::P384(key) => on_curve("P-384", key.as_ref()),
            VerifyingMaterial::Ed25519(key) => Some(vec![
                ("kty", "OKP".to_owned()),
                ("crv", "Ed25519".to_owned()),
                ("x", encode(key.as_ref())),
            ]),
            VerifyingMaterial::Rsa(key) => Some(vec![
                ("kty", "RSA".to_owned()),
                ("n", encode(&key.components.n)),
                ("e", encode(&key.components.e)),
            ]),
        }
    }
}
