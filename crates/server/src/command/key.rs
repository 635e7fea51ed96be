//! `scopegate key ..`

mod secrets;

use std::path::Path;

use anyhow::{Context, bail, ensure};
use scopegate_domain::{Clock, KeyId, Secret, StoredKey, SystemClock, Timestamp};
use scopegate_grant::{KeyRotationError, RotatingKeys};
use scopegate_token::{Algorithm, KeyError, KeyRing, KeyRingError, SigningKey};
use serde_json::{Value, json};

use super::context::{self, moment};
use crate::arguments::{CommonFlags, KeyCommand};
use crate::compose::{self, Access, Database, KeyEncryptionKeySource};
use crate::config::{Settings, read_key_encryption_key};
use crate::output::{ExitNegative, Format, command_line, print, print_note, quoted, shell_word, table};

/// Algorithms of the keys that this command can generate.
const GENERATED: [&str; 3] = ["ES256", "ES384", "EdDSA"];

/// Maximum size of a key file, in bytes.
const MAX_FILE: u64 = 64 * 1024;

pub(super) fn run(common: &CommonFlags, command: KeyCommand) -> anyhow::Result<()> {
    let settings = context::settings(common)?;
    context::block_on(async {
        let access = match command {
            KeyCommand::List => Access::Read,
            _ => Access::Change,
        };
        let database = Database::open(&settings, access).await?;
        let done = run_on(&settings, &database, common.format, command).await;
        context::close(database, done).await
    })
}

async fn run_on(settings: &Settings, database: &Database, format: Format, command: KeyCommand) -> anyhow::Result<()> {
    match command {
        KeyCommand::Import { file, algorithm, id } => {
            let key = read(&file, algorithm.as_deref(), id.as_deref())?;
            let added = compose::ring(settings, database).await?.add(key).await;
            show(format, database, added).await?;
        }
        KeyCommand::List => list(format, database).await?,
        KeyCommand::Remove { id, confirmation } => {
            let parsed = parse_id(&id)?;
            if !ring(database).await?.keys().iter().any(|key| key.id == parsed) {
                return Err(ExitNegative(format!("there is no key `{}`", quoted(&id))).into());
            }
            context::confirm(
                &confirmation,
                &format!("Remove key `{id}`, and refuse every token that it signed?"),
            )?;
            let keys = compose::unopened_ring(settings, database.store())?;
            remove(format, database, &keys, &id).await?;
        }
        KeyCommand::Rewrap { new_key_file } => {
            rewrap(format, settings, database, new_key_file.as_deref()).await?;
        }
        KeyCommand::Rotate {
            server_secrets: true,
            revoke,
            confirmation,
            ..
        } => secrets::rotate(format, settings, database, revoke, &confirmation).await?,
        KeyCommand::Rotate { algorithm, .. } => {
            ensure!(
                GENERATED.contains(&algorithm.as_str()),
                "bad algorithm `{}`: a new key is for {}; `scopegate key import` accepts keys for others",
                quoted(&algorithm),
                GENERATED.join(", ")
            );
            let keys = compose::ring(settings, database)
                .await?
                .algorithm(parse_algorithm(&algorithm)?);
            show(format, database, keys.rotate().await).await?;
        }
    }
    Ok(())
}

async fn ring(database: &Database) -> anyhow::Result<KeyRing> {
    Ok(KeyRing::new(database.store().signing_keys().list().await?)?)
}

async fn list(format: Format, database: &Database) -> anyhow::Result<()> {
    let (ring, now) = (ring(database).await?, SystemClock.now());
    let row = |key: &StoredKey| {
        vec![
            key.id.to_string(),
            key.algorithm.clone(),
            state(&ring, key, now).to_owned(),
            moment(key.used_from),
            ring.leaves_at(key).map(moment).unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = ring.keys().iter().map(row).collect();
    let human = table(&["ID", "ALGORITHM", "STATE", "SIGNS FROM", "LEAVES"], &rows);
    let keys: Vec<_> = ring.keys().iter().map(|key| describe(&ring, key, now)).collect();
    print(format, &human, &json!({ "keys": keys }))
}

/// Shows an added key, or the reason why none was added.
async fn show(format: Format, database: &Database, added: Result<StoredKey, KeyRotationError>) -> anyhow::Result<()> {
    let added = match added {
        Err(KeyRotationError::Ring(KeyRingError::NextPending { id, used_from })) => {
            let from = moment(used_from);
            return Err(ExitNegative(format!(
                "key `{id}` is already scheduled to sign, at {from}; run the command after that, or remove that key with `{}`",
                command_line("key remove", id.as_str(), "")
            ))
            .into());
        }
        Err(error @ KeyRotationError::IdTaken { .. }) => return Err(ExitNegative(error.to_string()).into()),
        added => added?,
    };
    let (ring, now) = (ring(database).await?, SystemClock.now());
    let human = match state(&ring, &added, now) {
        "next" => format!(
            "key `{}` is published, and signs from {}\n",
            added.id,
            moment(added.used_from)
        ),
        _ => format!("key `{}` signs from now on\n", added.id),
    };
    print(format, &human, &describe(&ring, &added, now))
}

async fn remove(format: Format, database: &Database, keys: &RotatingKeys, id: &str) -> anyhow::Result<()> {
    let removed = keys.remove(&parse_id(id)?).await?;
    let removed = removed.ok_or_else(|| ExitNegative(format!("there is no key `{}`", quoted(id))))?;
    let (ring, now) = (ring(database).await?, SystemClock.now());
    print_note(
        "tokens that it signed are refused; running servers follow within their `revocation_age`, others who keep the keys within 5 minutes",
    );
    let (id, signs) = (&removed.removed.id, &removed.signs);
    print(
        format,
        &format!("removed key `{id}`; key `{}` signs\n", signs.id),
        &json!({ "removed": id, "signs": describe(&ring, signs, now) }),
    )
}

async fn rewrap(
    format: Format,
    settings: &Settings,
    database: &Database,
    new_key_file: Option<&Path>,
) -> anyhow::Result<()> {
    let source = KeyEncryptionKeySource::find(settings.key_encryption_key.as_ref(), &settings.database)?;
    let has_secrets = !database.store().secrets().sealed_secrets().await?.is_empty();
    if ring(database).await?.keys().is_empty() && !has_secrets {
        return Err(ExitNegative("there is no key yet".to_owned()).into());
    }
    let keys = compose::ring(settings, database).await?;
    let count = if let Some(path) = new_key_file {
        let count = keys.rewrap(&*read_key_encryption_key(path)?).await?;
        source.retire_file()?;
        let file = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        print_note(&format!(
            "from now on every server and command needs the new key-encryption key: set \
             `SCOPEGATE_KEY_ENCRYPTION_KEY_FILE={}`, or the key in the file that is configured; servers that run add no \
             key until then",
            shell_word(&file.display().to_string())
        ));
        count
    } else {
        let Some(new) = source.prepare_replacement()? else {
            bail!("the key-encryption key is configured: give the new one with --new-key-file");
        };
        let count = keys.rewrap(&new).await?;
        source.finish_replacement()?;
        count
    };
    print(
        format,
        &match count {
            1 => "1 key is encrypted again\n".to_owned(),
            _ if has_secrets => format!("{count} keys and server secrets are encrypted again\n"),
            _ => format!("{count} keys are encrypted again\n"),
        },
        &json!({ "rewrapped": count }),
    )
}

/// Reads a private key, in PEM or as a JWK.
fn read(path: &Path, algorithm: Option<&str>, id: Option<&str>) -> anyhow::Result<SigningKey> {
    let unreadable = || format!("file `{}` cannot be read", path.display());
    let length = std::fs::metadata(path).with_context(unreadable)?.len();
    if length > MAX_FILE {
        bail!("file `{}` is longer than a key: {length} bytes", path.display());
    }
    let bytes = Secret::new(std::fs::read(path).with_context(unreadable)?);
    let text = String::from_utf8_lossy(bytes.expose());
    // PKCS#8, and the older form of openssl.
    if text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENCRYPTED") {
        bail!(
            "key in file `{}` is encrypted; decrypt it with `openssl pkey -in {} -out NEW.pem`, import `NEW.pem`, and remove it",
            path.display(),
            shell_word(&path.display().to_string())
        );
    }
    let is_jwk = bytes.expose().iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let key = if is_jwk {
        SigningKey::from_jwk(&bytes)
    } else {
        SigningKey::from_pem(&bytes)
    };
    let key = match key {
        Err(KeyError::Malformed) => bail!(
            "key in file `{}`: {}; give a private key in PEM, as openssl writes it, or as a JWK",
            path.display(),
            KeyError::Malformed
        ),
        key => key.with_context(|| format!("key in file `{}`", path.display()))?,
    };
    let key = match algorithm {
        Some(name) => {
            let algorithm = parse_algorithm(name)?;
            key.with_algorithm(algorithm)
                .with_context(|| format!("bad algorithm `{algorithm}` for this key"))?
        }
        None => key,
    };
    Ok(match id {
        Some(id) => key.with_id(parse_id(id)?),
        None => key,
    })
}

fn parse_id(id: &str) -> anyhow::Result<KeyId> {
    KeyId::parse(id).with_context(|| format!("bad id `{}`", quoted(id)))
}

fn parse_algorithm(name: &str) -> anyhow::Result<Algorithm> {
    Algorithm::find(name).with_context(|| format!("bad algorithm `{}`: no algorithm has that name", quoted(name)))
}

fn describe(ring: &KeyRing, key: &StoredKey, now: Timestamp) -> Value {
    json!({
        "kid": key.id, "algorithm": key.algorithm, "state": state(ring, key, now), "epoch": key.epoch,
        "published_at": moment(key.published_at), "used_from": moment(key.used_from),
        "leaves_at": ring.leaves_at(key).map(moment),
    })
}

fn state(ring: &KeyRing, key: &StoredKey, now: Timestamp) -> &'static str {
    ring.state(key.epoch, now).map_or("gone", |state| state.as_str())
}
