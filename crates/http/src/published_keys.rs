//! The public keys, for all who verify tokens: `/.well-known/jwks.json`.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use scopegate_token::{KeyRing, KeySet};

use crate::answer::Response;

/// Where the key set is.
pub(crate) const JWKS_PATH: &str = "/.well-known/jwks.json";

/// The public keys of this issuer, as a set of JWKs ([RFC 7517, section 5](https://www.rfc-editor.org/rfc/rfc7517#section-5)).
/// All clones are one: who rotates keys replaces them, and the gate answers with them from then on.
///
/// The answer says that it is good for 300 seconds, so a key has to be published for longer than that before it signs.
///
/// ```
/// use scopegate_http::PublishedKeys;
/// use scopegate_http::token::{KeySet, SigningKey};
///
/// let (old, new) = (SigningKey::es256_generate()?, SigningKey::es256_generate()?);
/// let keys = PublishedKeys::new(&KeySet::from(old.verifying_key()));
/// keys.replace(&KeySet::from(new.verifying_key()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct PublishedKeys(Arc<RwLock<Written>>);

/// The set as it goes out.
#[derive(Clone, Debug)]
struct Written {
    body: Bytes,
    tag: String,
}

impl Written {
    fn new(keys: &KeySet) -> Self {
        let body = keys.to_jwks();
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let tag = format!("\"{:016x}\"", hasher.finish());
        Self { body: body.into(), tag }
    }
}

impl PublishedKeys {
    /// Publishes these keys. Secrets among them are left out.
    #[must_use]
    pub fn new(keys: &KeySet) -> Self {
        Self(Arc::new(RwLock::new(Written::new(keys))))
    }

    /// Publishes these keys from now on and no other.
    pub fn replace(&self, keys: &KeySet) {
        let written = Written::new(keys);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = written;
    }

    /// The answer to a request with these headers.
    pub(crate) fn answer(&self, headers: &HeaderMap) -> Response {
        let Written { body, tag } = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        let is_known = headers
            .get_all(IF_NONE_MATCH)
            .iter()
            .filter_map(|known| known.to_str().ok())
            .any(|known| holds(known, &tag));
        let mut response = if is_known {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            let mut response = Response::new(body.into());
            let media_type = HeaderValue::from_static("application/jwk-set+json");
            response.headers_mut().insert(CONTENT_TYPE, media_type);
            response
        };
        let lifetime = format!("public, max-age={}", KeyRing::JWKS_LIFETIME.as_seconds());
        for (name, value) in [(CACHE_CONTROL, lifetime), (ETAG, tag)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// Whether an `If-None-Match` names this tag ([RFC 9110, section 13.1.2](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2)).
fn holds(known: &str, tag: &str) -> bool {
    let mut known = known.split(',').map(str::trim);
    known.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_compared_weakly() {
        for (known, is_held) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", W/\"a\"", true),
            ("*", true),
            ("a", false),
            ("\"b\"", false),
            ("", false),
        ] {
            assert_eq!(holds(known, "\"a\""), is_held, "{known}");
        }
    }
}
