//! The key-encryption key, from the configuration or from a file next to a SQLite database.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use scopegate_domain::{SealedSecret, Secret};
use scopegate_grant::KeyEncryptionKeyError;
use scopegate_store::{BoxFuture, SigningKeys};
use scopegate_token::{KeyEncryptionKey, SystemRandomSource};
use tracing::info;

use super::private_file;
use crate::config::{ConfiguredKek, read_key_encryption_key};

pub(super) const WHAT: &str = "key-encryption key";

/// The source of the key-encryption key.
#[derive(Clone, Debug)]
pub(crate) enum KeyEncryptionKeySource {
    /// The configuration.
    Configured(ConfiguredKek),
    /// A file next to the database. It is created if it is missing.
    File(PathBuf),
    /// The key is in memory: it ends with this program, like the database.
    Memory,
}

/// There is no key-encryption key and no file for a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`key_encryption_key` is missing: a database that several machines use has no file next to it that can contain one; set \
     `SCOPEGATE_KEY_ENCRYPTION_KEY_FILE`"
)]
pub(crate) struct KekMissing;

impl KeyEncryptionKeySource {
    /// Returns the configured source. Otherwise that of the database with this URL, if it is
    /// SQLite.
    pub(crate) fn find(configured: Option<&ConfiguredKek>, database: &str) -> Result<Self, KekMissing> {
        if let Some(configured) = configured {
            return Ok(Self::Configured(configured.clone()));
        }
        let rest = database.strip_prefix("sqlite:").ok_or(KekMissing)?;
        Ok(match rest.strip_prefix("//").unwrap_or(rest) {
            ":memory:" => Self::Memory,
            path => Self::File(path_next_to(Path::new(path))),
        })
    }

    /// Returns the current key.
    pub(super) async fn open(&self, keys: &dyn SigningKeys) -> anyhow::Result<Arc<KeyEncryptionKey>> {
        match self {
            Self::Configured(ConfiguredKek { file: Some(path), .. }) => Ok(read_key_encryption_key(path)?),
            Self::Configured(ConfiguredKek { key, file: None }) => Ok(Arc::clone(key)),
            Self::Memory => Ok(Arc::new(KeyEncryptionKey::generate(&SystemRandomSource)?)),
            Self::File(path) => open_file(path, keys).await,
        }
    }

    /// Returns the key that sealed all these bytes, if one exists. It creates and changes no file.
    pub(crate) fn opening(&self, sealed: &[Vec<u8>]) -> anyhow::Result<Option<Arc<KeyEncryptionKey>>> {
        let keys = match self {
            Self::Configured(ConfiguredKek { file: Some(path), .. }) => vec![read_key_encryption_key(path)?],
            Self::Configured(ConfiguredKek { key, file: None }) => vec![Arc::clone(key)],
            Self::Memory => Vec::new(),
            Self::File(path) => {
                let keys = [parse(path)?, parse(&next(path))?];
                keys.into_iter().flatten().map(Arc::new).collect()
            }
        };
        let opens = |key: &Arc<KeyEncryptionKey>| sealed.iter().all(|sealed| key.has_sealed(sealed));
        Ok(keys.into_iter().find(opens))
    }

    /// Creates the next key and keeps it next to this one until
    /// [`KeyEncryptionKeySource::finish_replacement`].
    ///
    /// `None` unless the key is in a file: the operator creates the next one of a configured key.
    pub(crate) fn prepare_replacement(&self) -> anyhow::Result<Option<Arc<KeyEncryptionKey>>> {
        let Self::File(path) = self else {
            return Ok(None);
        };
        let key = KeyEncryptionKey::generate(&SystemRandomSource)?;
        let new = next(path);
        // A file that an interrupted run left behind is just as good.
        private_file::keep(&new, key.to_text().expose().as_bytes(), WHAT)?;
        let kept =
            parse(&new)?.with_context(|| format!("{WHAT} `{}` was removed during the command", new.display()))?;
        Ok(Some(Arc::new(kept)))
    }

    /// Replaces the key file: all signing keys are now sealed with the next key.
    pub(crate) fn finish_replacement(&self) -> anyhow::Result<()> {
        let Self::File(path) = self else {
            return Ok(());
        };
        match private_file::replace(&next(path), path) {
            // Another process found the replacement half-way and has finished it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            replaced => Ok(replaced?),
        }
    }

    /// Removes the file: the key is in the configuration from now on.
    pub(crate) fn retire_file(&self) -> anyhow::Result<()> {
        if let Self::File(path) = self {
            private_file::remove(path)?;
        }
        Ok(())
    }
}

/// Returns the sealed bytes of these secrets.
pub(crate) fn sealed_bytes(rows: &[SealedSecret]) -> Vec<Vec<u8>> {
    rows.iter().map(|row| row.sealed.clone()).collect()
}

impl scopegate_grant::KeyEncryptionKeySource for KeyEncryptionKeySource {
    fn read<'a>(
        &'a self,
        keys: &'a dyn SigningKeys,
    ) -> BoxFuture<'a, Result<Arc<KeyEncryptionKey>, KeyEncryptionKeyError>> {
        Box::pin(async { Ok(self.open(keys).await?) })
    }
}

/// The file with the key-encryption key of a database.
pub(super) fn path_next_to(database: &Path) -> PathBuf {
    private_file::path_next_to(database, ".kek")
}

/// The endings of the file names of [`key_files`].
pub(super) const KEY_ENDS: [&str; 3] = [".kek", ".kek.next", ".key"];

/// The files that this program keeps with a database. Another database cannot use them.
pub(super) fn key_files(database: &Path) -> Vec<PathBuf> {
    KEY_ENDS.map(|end| private_file::path_next_to(database, end)).to_vec()
}

/// The path of the next key until it is in use.
fn next(path: &Path) -> PathBuf {
    private_file::path_next_to(path, ".next")
}

async fn open_file(path: &Path, keys: &dyn SigningKeys) -> anyhow::Result<Arc<KeyEncryptionKey>> {
    let kept = parse(path)?;
    if let Some(new) = parse(&next(path))? {
        return settle(path, kept, new, keys).await;
    }
    if let Some(key) = kept {
        return Ok(Arc::new(key));
    }
    if !keys.list().await?.is_empty() {
        bail!(
            "{WHAT} `{}` is missing, and signing keys are sealed with it: put the file back; if `key rewrap \
             --new-key-file FILE` has replaced it, set `SCOPEGATE_KEY_ENCRYPTION_KEY_FILE=FILE`",
            path.display()
        );
    }
    let key = KeyEncryptionKey::generate(&SystemRandomSource)?;
    private_file::keep(path, key.to_text().expose().as_bytes(), WHAT)?;
    // If another process was faster, its key is used.
    let kept = parse(path)?.with_context(|| format!("{WHAT} `{}` was removed during the command", path.display()))?;
    Ok(Arc::new(kept))
}

/// Finishes a replacement whose program ended. The sealed keys show whether it was complete.
async fn settle(
    path: &Path,
    kept: Option<KeyEncryptionKey>,
    new: KeyEncryptionKey,
    keys: &dyn SigningKeys,
) -> anyhow::Result<Arc<KeyEncryptionKey>> {
    let sealed = keys.list().await?;
    let fits = |kek: &KeyEncryptionKey| sealed.iter().all(|key| kek.has_sealed(&key.sealed));
    if let Some(key) = kept.filter(fits) {
        // The file stays: its program may be about to use it.
        return Ok(Arc::new(key));
    }
    if !fits(&new) {
        bail!(
            "neither `{}` nor `{}` fits the stored keys",
            path.display(),
            next(path).display()
        );
    }
    match private_file::replace(&next(path), path) {
        // The program that was replacing it has finished.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        replaced => replaced?,
    }
    info!(path = %path.display(), "finished the interrupted replacement of the {WHAT}");
    Ok(Arc::new(new))
}

fn parse(path: &Path) -> anyhow::Result<Option<KeyEncryptionKey>> {
    let Some(bytes) = private_file::read(path, WHAT)? else {
        return Ok(None);
    };
    let wrong = || format!("{WHAT} `{}`", path.display());
    let text = std::str::from_utf8(bytes.expose()).with_context(wrong)?.trim_end();
    let key = KeyEncryptionKey::parse(&Secret::new(text.to_owned())).with_context(wrong)?;
    Ok(Some(key))
}

#[cfg(test)]
mod tests;
