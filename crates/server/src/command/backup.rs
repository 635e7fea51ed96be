//! `scopegate backup` and `scopegate restore`

mod finish;

use std::fmt::Write as _;
use std::path::Path;

use scopegate_store_sql::BackupManifest;
use serde_json::{Map, Value, json};

use super::{context, row_counts};
use crate::arguments::{BackupArguments, CommonFlags, RestoreArguments, RestoreCommand};
use crate::compose::{BackupParts, Copied, KekOutcome, backup, check_backup, restore, restore_target};
use crate::config::Settings;
use crate::output::{print, print_note};

pub(super) fn run(common: &CommonFlags, arguments: &BackupArguments) -> anyhow::Result<()> {
    let settings = context::settings(common)?;
    let file = &arguments.file;
    let parts = BackupParts {
        with_key: arguments.with_key,
        with_audit: !arguments.without_audit,
    };
    let copied = context::block_on(backup(&settings, file, parts))?;
    if let Some(cause) = &copied.unrecorded {
        print_note(&format!("the audit log has no entry of this backup: {cause:#}"));
    }
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
    report(common, "backup", file, Some(&settings.database), &copied, &note)
}

pub(super) fn run_restore(common: &CommonFlags, arguments: &RestoreArguments) -> anyhow::Result<()> {
    let settings = context::settings(common)?;
    match (&arguments.command, &arguments.file) {
        (Some(RestoreCommand::Check { file }), _) => run_check(common, &settings, file),
        (
            Some(RestoreCommand::Finish {
                keep_families,
                confirmation,
            }),
            _,
        ) => finish::run(common, &settings, *keep_families, confirmation),
        (None, Some(file)) => restore_from(common, &settings, file),
        // The command line requires one of them.
        (None, None) => Ok(()),
    }
}

fn run_check(common: &CommonFlags, settings: &Settings, file: &Path) -> anyhow::Result<()> {
    let copied = context::block_on(check_backup(settings, file))?;
    let made_at = copied.manifest.as_ref().and_then(|manifest| manifest.made_at);
    let made = made_at.map_or_else(
        || "It has no manifest: an earlier release made it, or it is not a backup.".to_owned(),
        |time| format!("It was made at {}.", context::moment(time)),
    );
    let key = match copied.kek {
        KekOutcome::NotNeeded => "There is no signing key.",
        KekOutcome::Missing | KekOutcome::LeftOut => {
            "The key-encryption key is neither configured nor next to it, so the signing keys were not opened: put it there as \
             `FILE.kek`, or set `key_encryption_key_file`."
        }
        KekOutcome::Configured | KekOutcome::Included => "The key-encryption key opens the signing keys.",
    };
    // The check is about the backup alone, and the database need not exist.
    let target = match restore_target(settings) {
        Ok(database) => format!("`restore` creates the database `{}`.", database.display()),
        Err(error) => format!("`restore` with these settings fails: {error:#}."),
    };
    let note = format!("{made} {key}\n{target}");
    report(common, "checked", file, None, &copied, &note)
}

fn restore_from(common: &CommonFlags, settings: &Settings, file: &Path) -> anyhow::Result<()> {
    let copied = context::block_on(restore(settings, file))?;
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
        "changes after the backup are not in it: disable or remove again what was disabled or removed since then, and run \
         `scopegate restore finish`, which refuses all access tokens issued until now; each start warns until it ran",
    );
    report(common, "restored", file, Some(&settings.database), &copied, &note)
}

fn report(
    common: &CommonFlags,
    what: &str,
    file: &Path,
    database: Option<&str>,
    copied: &Copied,
    note: &str,
) -> anyhow::Result<()> {
    let Copied {
        rows,
        kek,
        bytes,
        manifest,
        unrecorded: _,
    } = copied;
    let mut human = String::new();
    let file = file.display().to_string();
    let of_database = database
        .map(|database| format!("database `{database}`, "))
        .unwrap_or_default();
    writeln!(human, "{what} `{file}` ({of_database}{bytes} bytes)")?;
    writeln!(human, "contains {}", row_counts::text(rows))?;
    writeln!(human, "{note}")?;
    let mut json = Map::new();
    json.insert(what.to_owned(), json!(file));
    json.extend(database.map(|database| ("database".to_owned(), json!(database))));
    json.insert("bytes".to_owned(), json!(bytes));
    json.extend(row_counts::members(rows));
    json.insert("key_encryption_key".to_owned(), json!(word(*kek)));
    if let Some(manifest) = manifest {
        let BackupManifest {
            made_at,
            version,
            heads,
            ..
        } = manifest;
        json.insert("made_at".to_owned(), json!(made_at));
        json.insert("version".to_owned(), json!(version));
        json.insert("news_heads".to_owned(), json!(heads));
    }
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
