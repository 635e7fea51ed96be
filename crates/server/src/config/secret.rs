//! The secrets of the configuration, each given directly or in a file of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use scopegate_domain::Secret;
use scopegate_token::KeyEncryptionKey;

use super::fault::ConfigError;
use super::layers::Layers;

/// Shortest key for HS256, in bytes: the length of the hash
/// ([RFC 7518, section 3.2](https://www.rfc-editor.org/rfc/rfc7518#section-3.2)).
const LEAST_SECRET: usize = 32;

/// A configured key-encryption key, with the file that contains it, if it comes from a file.
#[derive(Clone, Debug)]
pub(crate) struct ConfiguredKek {
    pub(crate) key: Arc<KeyEncryptionKey>,
    pub(crate) file: Option<PathBuf>,
}

pub(super) fn take_hs256_secret(layers: &mut Layers) -> Result<Option<Secret<String>>, ConfigError> {
    let Some(TakenSecret {
        text: secret, place, ..
    }) = take_secret(layers, ["secret_key", "secret_key_file"])?
    else {
        return Ok(None);
    };
    let length = secret.expose().len();
    if length < LEAST_SECRET {
        return Err(ConfigError::SecretTooShort {
            place,
            least: LEAST_SECRET,
            length,
        });
    }
    Ok(Some(secret))
}

pub(super) fn take_key_encryption_key(layers: &mut Layers) -> Result<Option<ConfiguredKek>, ConfigError> {
    let names = ["key_encryption_key", "key_encryption_key_file"];
    let Some(TakenSecret { text, place, file }) = take_secret(layers, names)? else {
        return Ok(None);
    };
    let key = key_encryption_key(&text, place)?;
    Ok(Some(ConfiguredKek { key, file }))
}

/// Reads the key-encryption key in a file.
pub(crate) fn read_key_encryption_key(path: &Path) -> Result<Arc<KeyEncryptionKey>, ConfigError> {
    key_encryption_key(&read_secret(path)?, in_file(path))
}

fn key_encryption_key(text: &Secret<String>, place: String) -> Result<Arc<KeyEncryptionKey>, ConfigError> {
    let key = KeyEncryptionKey::parse(text).map_err(|_| ConfigError::Value {
        place,
        expected: "32 bytes, as 43 characters of base64url or 64 hexadecimal digits",
        found: None,
    });
    key.map(Arc::new)
}

/// A secret and its place in the configuration.
struct TakenSecret {
    text: Secret<String>,
    place: String,
    file: Option<PathBuf>,
}

/// Takes the secret itself, or the content of the named file without one line end.
fn take_secret(layers: &mut Layers, [key, file]: [&'static str; 2]) -> Result<Option<TakenSecret>, ConfigError> {
    let direct: Option<Secret<String>> = layers.take_optional(key)?;
    let path: Option<PathBuf> = layers.take_optional(file)?;
    match (direct, path) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(ConfigError::BothSecrets {
            key,
            file,
            places: [key, file].map(|name| layers.place_of(name)).join(", "),
        }),
        (Some(text), None) => Ok(Some(TakenSecret {
            text,
            place: layers.place_of(key),
            file: None,
        })),
        (None, Some(path)) => Ok(Some(TakenSecret {
            text: read_secret(&path).map_err(|error| error.named_by(layers.place_of(file)))?,
            place: in_file(&path),
            file: Some(path),
        })),
    }
}

fn in_file(path: &Path) -> String {
    format!("the secret in file `{}`", path.display())
}

pub(super) fn read_secret(path: &Path) -> Result<Secret<String>, ConfigError> {
    let unreadable = |error: std::io::Error| ConfigError::Unreadable {
        named_by: None,
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let text = Secret::new(std::fs::read_to_string(path).map_err(unreadable)?);
    let line = text.expose().strip_suffix('\n').unwrap_or(text.expose());
    Ok(Secret::new(line.strip_suffix('\r').unwrap_or(line).to_owned()))
}
