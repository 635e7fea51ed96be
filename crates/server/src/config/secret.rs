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

/// Reads the key for HS256, which is given itself or in a file.
pub(super) fn hs256_secret(
    layers: &Layers,
    text: Option<Secret<String>>,
    file: Option<&Path>,
) -> Result<Option<Secret<String>>, ConfigError> {
    let Some((secret, place)) = read_one(layers, ["secret_key", "secret_key_file"], text, file)? else {
        return Ok(None);
    };
    let (least, length) = (LEAST_SECRET, secret.expose().len());
    if length < least {
        return Err(ConfigError::SecretTooShort { place, least, length });
    }
    Ok(Some(secret))
}

/// Reads the key-encryption key, which is given itself or in a file.
pub(super) fn configured_kek(
    layers: &Layers,
    text: Option<Secret<String>>,
    file: Option<&Path>,
) -> Result<Option<ConfiguredKek>, ConfigError> {
    let keys = ["key_encryption_key", "key_encryption_key_file"];
    let Some((text, place)) = read_one(layers, keys, text, file)? else {
        return Ok(None);
    };
    let (key, file) = (key_encryption_key(&text, place)?, file.map(Path::to_owned));
    Ok(Some(ConfiguredKek { key, file }))
}

/// Reads the key-encryption key in a file.
pub(crate) fn read_key_encryption_key(path: &Path) -> Result<Arc<KeyEncryptionKey>, ConfigError> {
    key_encryption_key(&read_secret(path)?, in_file(path))
}

fn key_encryption_key(text: &Secret<String>, place: String) -> Result<Arc<KeyEncryptionKey>, ConfigError> {
    let expected = "32 bytes, as 43 characters of base64url or 64 hexadecimal digits";
    let key = KeyEncryptionKey::parse(text).map_err(|_| ConfigError::value(place, expected, None));
    key.map(Arc::new)
}

/// Reads the secret itself, or the content of the named file without one line end. The second value
/// is its place in the configuration.
fn read_one(
    layers: &Layers,
    [key, file]: [&'static str; 2],
    text: Option<Secret<String>>,
    path: Option<&Path>,
) -> Result<Option<(Secret<String>, String)>, ConfigError> {
    let place_of = |key: &str| layers.source(key).line(key);
    match (text, path) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(ConfigError::BothSecrets {
            key,
            file,
            places: [key, file].map(place_of).join(", "),
        }),
        (Some(text), None) => Ok(Some((text, place_of(key)))),
        (None, Some(path)) => {
            let text = read_secret(path).map_err(|error| error.named_by(place_of(file)))?;
            Ok(Some((text, in_file(path))))
        }
    }
}

fn in_file(path: &Path) -> String {
    format!("the secret in file `{}`", path.display())
}

pub(super) fn read_secret(path: &Path) -> Result<Secret<String>, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|error| ConfigError::unreadable(path, &error))?;
    let text = Secret::new(text);
    let line = text.expose().strip_suffix('\n').unwrap_or(text.expose());
    Ok(Secret::new(line.strip_suffix('\r').unwrap_or(line).to_owned()))
}
