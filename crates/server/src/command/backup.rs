//! `scopegate backup` and `scopegate restore`

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::context;
use crate::arguments::{BackupArguments, CommonFlags, RestoreArguments};
use crate::compose::{Copied, KekOutcome, backup, restore};
use crate::output::{counted, print, print_note};

pub(super) fn run(common: &CommonFlags, arguments: &BackupArguments) -> anyhow::Result<()> {
    let settings = context::settings(common)?;
    let file = &arguments.file;
    let copied = context::block_on(backup(&settings, file, arguments.with_key))?;
    let note = match copied.kek {
        KekOutcome::NotNeeded => "There is no signing key, so no key-encryption key is needed.".to_owned(),
        KekOutcome::Included => format!(
            "The key-encryption key is in `{}.kek`. Both files together can sign tokens: protect them like the server.",
            file.display()
        ),
        _ => "The key-encryption key is NOT included. Without it the signing keys of the backup cannot be used: keep the \
              key file of the database, or the configured key, in another safe place."
            .to_owned(),
    };
    report(common, "backup", file, &settings.database, &copied, &note)
}

pub(super) fn run_restore(common: &CommonFlags, arguments: &RestoreArguments) -> anyhow::Result<()> {
    let settings = context::settings(common)?;
    let file = &arguments.file;
    let copied = context::block_on(restore(&settings, file))?;
    let note = match copied.kek {
        KekOutcome::NotNeeded => "There is no signing key, so no key-encryption key is needed.".to_owned(),
        KekOutcome::Configured => "The configured key-encryption key opens the signing keys.".to_owned(),
        KekOutcome::Included => "The key file next to the database opens the signing keys.".to_owned(),
        KekOutcome::Missing | KekOutcome::LeftOut => {
            "The key-encryption key is MISSING, and `serve` needs it: put the key file next to the database, or set \
             `key_encryption_key_file`."
                .to_owned()
        }
    };
    print_note(
        "changes after the backup are not in it: revoke again what was revoked, disabled or removed since then, before the \
         server starts",
    );
    report(common, "restored", file, &settings.database, &copied, &note)
}

fn report(
    common: &CommonFlags,
    what: &str,
    file: &Path,
    database: &str,
    copied: &Copied,
    note: &str,
) -> anyhow::Result<()> {
    let Copied { rows, kek, bytes } = copied;
    let mut human = String::new();
    let file = file.display().to_string();
    writeln!(human, "{what} `{file}` (database `{database}`, {bytes} bytes)")?;
    let counts = [
        ("user", rows.users),
        ("client", rows.clients),
        ("revocation", rows.revocations),
        ("signing key", rows.signing_keys),
    ];
    let counted = counts.map(|(name, count)| counted(usize::try_from(count).unwrap_or(usize::MAX), name));
    writeln!(human, "contains {}", counted.join(", "))?;
    writeln!(human, "{note}")?;
    let mut json = Map::new();
    json.insert(what.to_owned(), json!(file));
    json.insert("database".to_owned(), json!(database));
    json.insert("bytes".to_owned(), json!(bytes));
    for (name, count) in counts {
        json.insert(format!("{}s", name.replace(' ', "_")), json!(count));
    }
    json.insert("key_encryption_key".to_owned(), json!(word(*kek)));
    print(common.format, &human, &Value::Object(json))
}

const fn word(kek: KekOutcome) -> &'static str {
    match kek {
        KekOutcome::NotNeeded => "not needed",
        KekOutcome::Configured => "configured",
        KekOutcome::Included => "included",
        KekOutcome::LeftOut => "not included",
        KekOutcome::Missing => "missing",
    }
}
