//! The key that signs tokens: out of the configuration, out of a file beside the database, or new.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use scopegate_domain::Secret;
use scopegate_token::{Entropy, SigningKey, SystemEntropy};
use tracing::{info, warn};

/// The tutorial's key: the text of the secret, or a random one for this run.
pub(super) fn hs256(secret: Option<&Secret<String>>) -> anyhow::Result<SigningKey> {
    if let Some(secret) = secret {
        return Ok(SigningKey::hs256(secret)?);
    }
    let mut bytes = vec![0; 32];
    SystemEntropy.fill(&mut bytes)?;
    let key = SigningKey::hs256(&Secret::new(bytes))?;
    info!("no secret key is configured: tokens are good until this program ends");
    Ok(key)
}

/// The key for RFC 9068: kept in a file beside the database, or in memory like the database.
pub(super) fn es256(database: Option<&Path>) -> anyhow::Result<SigningKey> {
    let Some(database) = database else {
        return Ok(SigningKey::es256_generate()?);
    };
    let path = beside(database);
    let kept = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        read => {
            Some(Secret::new(read.with_context(|| {
                format!("signing key `{}` cannot be read", path.display())
            })?))
        }
    };
    let document = kept.map_or_else(|| create(&path), Ok)?;
    check_mode(&path)?;
    SigningKey::es256_from_pkcs8(document).with_context(|| format!("signing key `{}`", path.display()))
}

/// `scopegate.db` has its key in `scopegate.db.key`.
fn beside(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".key");
    PathBuf::from(path)
}

/// Makes a key and keeps it. Where another process was faster, its key is the one.
fn create(path: &Path) -> anyhow::Result<Secret<Vec<u8>>> {
    let key = SigningKey::es256_generate()?;
    let document = key.to_pkcs8().context("a new key has no document")?;
    keep(path, document.expose()).with_context(|| format!("signing key `{}` cannot be written", path.display()))?;
    Ok(Secret::new(fs::read(path)?))
}

/// Writes a file whole or not at all, for its owner alone, and never over another.
///
/// Its name until then is a random one: a program that was ended half-way leaves it behind, and must not be in the way of the
/// next one, which may well have the same process id.
// SECURITY: nobody else on the machine reads the key (`the_key_is_for_its_owner_alone`).
fn keep(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut random = [0; 8];
    SystemEntropy.fill(&mut random)?;
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{:016x}.new", u64::from_be_bytes(random)));
    let new = PathBuf::from(name);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&new, path))
        .and_then(|()| sync_folder(path));
    fs::remove_file(&new)?;
    match written {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Ok(()) => {
            info!(path = %path.display(), "a new signing key was made");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// A name is on the disk when its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn check_mode(path: &Path) -> anyhow::Result<()> {
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        warn!(path = %path.display(), mode = format!("{:o}", mode & 0o777), "others on this machine can use the signing key");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("a.db");
        es256(Some(&database)).unwrap();
        let mode = fs::metadata(directory.path().join("a.db.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(
            fs::read_dir(directory.path()).unwrap().count(),
            1,
            "nothing else is left"
        );
    }

    #[test]
    fn the_key_stays_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("a.db");
        let point = || {
            es256(Some(&database))
                .unwrap()
                .verifying_key()
                .point()
                .unwrap()
                .to_vec()
        };
        assert_eq!(point(), point());
    }

    #[test]
    fn a_file_that_is_no_key_is_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("a.db");
        fs::write(directory.path().join("a.db.key"), "hunter2").unwrap();
        let error = format!("{:#}", es256(Some(&database)).unwrap_err());
        assert!(error.contains("a.db.key") && !error.contains("hunter2"), "{error}");
    }
}
