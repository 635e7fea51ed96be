//! `scopegate migrate`

use std::fmt::Write as _;
use std::mem;

use scopegate_domain::visible;
use scopegate_store_sql::{MigrationPlan, RenamedUsers, SameName};
use serde_json::{Value, json};

use super::context::{block_on, settings};
use super::row_counts;
use crate::arguments::{CommonFlags, MigrateArguments};
use crate::compose::{Access, Database, plan_migration, rename_duplicates};
use crate::config::Settings;
use crate::output::{NegativeResult, counted, print};

pub(super) fn run(common: &CommonFlags, arguments: &MigrateArguments) -> anyhow::Result<()> {
    let settings = settings(common)?;
    if arguments.plan {
        return plan(common, &settings);
    }
    let (renamed, applied, named) = block_on(async {
        let mut renamed = if arguments.rename_duplicates {
            rename_duplicates(&settings).await?
        } else {
            RenamedUsers::default()
        };
        // A database older than the audit log gets its tables now.
        let unwritten = mem::take(&mut renamed.unwritten);
        let database = Database::open_audited(&settings, Access::Migrate, unwritten).await?;
        let (applied, named) = (database.migrated().to_vec(), database.named_users());
        database.close().await?;
        Ok((renamed, applied, named))
    })?;
    let mut human = String::new();
    for (pair, name) in &renamed.users {
        let (older, younger) = (&pair.older, &pair.younger);
        writeln!(
            human,
            "renamed user {younger} to `{}`, because of user {older}",
            visible(name)
        )?;
    }
    let database = &settings.database;
    if let Some(version) = applied.last() {
        writeln!(human, "{database}: migrated to version {version}")?;
    }
    // An earlier program may have migrated the tables, and ended before it stored all names.
    if named > 0 {
        writeln!(human, "{database}: stored the canonical names of {}", users(named))?;
    }
    if applied.is_empty() && named == 0 {
        writeln!(human, "{database}: up to date")?;
    }
    let renamed: Vec<Value> = renamed.users.iter().map(described).collect();
    print(
        common.format,
        &human,
        &json!({ "database": database, "applied": applied, "named_users": named, "renamed": renamed }),
    )
}

fn users(count: u64) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), "user")
}

fn described((pair, name): &(SameName, String)) -> Value {
    json!({ "id": pair.younger.id, "from": pair.younger.username, "to": name })
}

/// Prints the steps of a migration, and what prevents it.
fn plan(common: &CommonFlags, settings: &Settings) -> anyhow::Result<()> {
    let plan = block_on(plan_migration(settings))?;
    let MigrationPlan { steps, rows, .. } = &plan;
    let mut human = String::new();
    let database = &settings.database;
    if steps.is_empty() && plan.users_without_canonical_name == 0 {
        writeln!(human, "{database}: up to date")?;
    }
    for (version, what) in steps {
        writeln!(human, "{database}: version {version}: {what}")?;
    }
    if plan.users_without_canonical_name > 0 {
        let users = users(plan.users_without_canonical_name);
        writeln!(
            human,
            "{database}: {users} without a canonical name; each batch is a transaction of about 10 ms"
        )?;
    }
    writeln!(human, "{database}: {}", row_counts::text(rows))?;
    for (SameName { older, younger }, name) in &plan.same_names {
        writeln!(
            human,
            "{database}: users {older} and {younger} have the same name; `scopegate migrate --rename-duplicates` renames \
             the second to `{}`",
            visible(name)
        )?;
    }
    let steps: Vec<Value> = steps
        .iter()
        .map(|(version, what)| json!({ "version": version, "description": what }))
        .collect();
    let mut json = json!({
        "database": database, "steps": steps, "users_without_canonical_name": plan.users_without_canonical_name,
        "same_names": plan.same_names.iter().map(pair).collect::<Vec<_>>(),
    });
    if let Some(members) = json.as_object_mut() {
        members.extend(row_counts::members(rows));
    }
    print(common.format, &human, &json)?;
    if plan.same_names.is_empty() {
        Ok(())
    } else {
        // The migration would stop.
        Err(NegativeResult.into())
    }
}

fn pair((pair, name): &(SameName, String)) -> Value {
    let (older, younger) = (&pair.older, &pair.younger);
    json!([
        { "id": older.id, "username": older.username },
        { "id": younger.id, "username": younger.username, "new_username": name },
    ])
}
