//! `scopegate migrate`

use std::fmt::Write as _;
use std::mem;

use scopegate_store_sql::{MigrationPlan, RenamedUsers, SameName};
use serde_json::{Value, json};

use super::context::{block_on, settings};
use super::row_counts;
use crate::arguments::{CommonFlags, MigrateArguments};
use crate::compose::{Access, Database, plan_migration, rename_duplicates};
use crate::config::Settings;
use crate::output::{NegativeResult, counted, one_line, print};

pub(super) fn run(common: &CommonFlags, arguments: &MigrateArguments) -> anyhow::Result<()> {
    let settings = settings(common)?;
    if arguments.plan {
        return plan(common, &settings);
    }
    let (renamed, applied) = block_on(async {
        let mut renamed = if arguments.rename_duplicates {
            rename_duplicates(&settings).await?
        } else {
            RenamedUsers::default()
        };
        // A database older than the audit log gets its tables now.
        let unwritten = mem::take(&mut renamed.unwritten);
        let database = Database::open_audited(&settings, Access::Migrate, unwritten).await?;
        let applied = database.migrated().to_vec();
        database.close().await?;
        Ok((renamed, applied))
    })?;
    let mut human = String::new();
    for (pair, name) in &renamed.users {
        let (older, younger) = (&pair.older, &pair.younger);
        writeln!(
            human,
            "renamed user {younger} to `{}`, because of user {older}",
            one_line(name)
        )?;
    }
    let database = &settings.database;
    match applied.last() {
        None => writeln!(human, "{database}: up to date")?,
        Some(version) => writeln!(human, "{database}: migrated to version {version}")?,
    }
    let renamed: Vec<Value> = renamed.users.iter().map(described).collect();
    print(
        common.format,
        &human,
        &json!({ "database": database, "applied": applied, "renamed": renamed }),
    )
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
        let users = usize::try_from(plan.users_without_canonical_name).unwrap_or(usize::MAX);
        let users = counted(users, "user");
        writeln!(
            human,
            "{database}: {users} without a canonical name; each batch of 1000 is a transaction"
        )?;
    }
    writeln!(human, "{database}: {}", row_counts::text(rows))?;
    for SameName { older, younger } in &plan.same_names {
        writeln!(
            human,
            "{database}: users {older} and {younger} have the same name; `scopegate migrate --rename-duplicates` renames \
             the second"
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

fn pair(pair: &SameName) -> Value {
    let named = |user: &scopegate_store_sql::NamedUser| json!({ "id": user.id, "username": user.username });
    json!([named(&pair.older), named(&pair.younger)])
}
