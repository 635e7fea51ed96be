//! The checks of the settings. `serve` and `config check` both run them.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{bail, ensure};
use scopegate_domain::{Audience, Issuer, Resources};
use scopegate_http::policy::OperationTable;
use scopegate_store::{SigningKeys, StoreError};
use scopegate_store_sql::SqlStore;
use tracing::warn;

use super::database::database_url;
use super::issuers::{TrustedIssuer, trusted_issuers};
use super::kek::KeyEncryptionKeySource;
use super::{Apis, StoredCheck, apis, kek, key, opening, secrets, shadow};
use crate::config::Settings;
use crate::output::message;

/// The results of the checks for a listener at one address.
pub(crate) struct Checked {
    /// The `iss` of tokens.
    pub(crate) issuer: Issuer,
    /// The `aud` of tokens.
    pub(crate) audience: Audience,
    /// The APIs that tokens are for.
    pub(crate) apis: Apis,
    /// The other issuers whose tokens are accepted.
    pub(crate) others: Vec<TrustedIssuer>,
    /// The shadow policy.
    pub(crate) proposed: Option<OperationTable>,
}

/// Checks the settings for a listener at this address. It writes nothing and calls no other server.
///
/// # Errors
///
/// The first setting with which `serve` does not start, with the remedy.
pub(crate) fn check(settings: &Settings, address: SocketAddr) -> anyhow::Result<Checked> {
    let issuer = settings.issuer_at(address)?;
    let apis = Apis::read(settings)?;
    let audience = audience(settings, &issuer, &apis.resources)?;
    key::token_lifetime(settings)?;
    key::password_lifetime(settings)?;
    check_listeners(settings)?;
    check_folder(settings)?;
    Ok(Checked {
        others: trusted_issuers(settings, &issuer, &audience, &apis.own.catalog)?,
        proposed: proposed(settings)?,
        apis,
        issuer,
        audience,
    })
}

/// The audience of the own API.
pub(super) fn audience(settings: &Settings, issuer: &Issuer, resources: &Resources) -> anyhow::Result<Audience> {
    match (resources.own(), &settings.audience) {
        (Some(own), _) => Ok(own.audience().clone()),
        (None, Some(audience)) => Ok(audience.clone()),
        (None, None) => Ok(Audience::parse(issuer.as_str())?),
    }
}

/// Returns a sentence for each setting that is valid but probably a mistake.
pub(crate) fn warnings(settings: &Settings, apis: &Apis) -> Vec<String> {
    let mut warnings = apis::warnings(apis);
    if settings.trusted_proxies.contain_every_address() {
        warnings.push(format!(
            "`trusted_proxies` contains every address, so a client chooses the address that counts for its failed logins; \
             list the addresses of the proxies ({})",
            settings.place_of("trusted_proxies")
        ));
    }
    warnings
}

/// Logs the sentences of [`warnings`].
pub(crate) fn log_warnings(settings: &Settings, apis: &Apis) {
    for warning in warnings(settings, apis) {
        warn!("{}", message(&warning));
    }
}

fn proposed(settings: &Settings) -> anyhow::Result<Option<OperationTable>> {
    let Some(path) = &settings.shadow_policy else {
        return Ok(None);
    };
    let read = shadow::read(path);
    Ok(Some(read.map_err(|error| {
        anyhow::anyhow!("{error:#} ({})", settings.place_of("shadow_policy"))
    })?))
}

/// A missing database is created, but a missing folder is not.
fn check_folder(settings: &Settings) -> anyhow::Result<()> {
    let url = database_url(settings)?;
    let folder = url
        .path()
        .and_then(Path::parent)
        .filter(|folder| *folder != Path::new(""));
    let Some(folder) = folder else { return Ok(()) };
    let place = format!(" ({})", settings.place_of("database"));
    match std::fs::metadata(folder) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => bail!("database `{url}`: `{}` is not a folder{place}", folder.display()),
        Err(error) => bail!(
            "database `{url}`: the folder `{}` cannot be read ({error}); create it, or change `database`{place}",
            folder.display()
        ),
    }
}

/// Checks the database as `serve` would find it. Nothing is written. Returns what `stored` finds in
/// its clients and users.
///
/// # Errors
///
/// The error with which `serve` fails to open it.
pub(crate) async fn check_database(settings: &Settings, stored: Option<&StoredCheck>) -> anyhow::Result<Vec<String>> {
    let url = database_url(settings)?;
    opening::expect_creatable(&url)?;
    let key_files = url.path().map(kek::key_files).unwrap_or_default();
    let opened = SqlStore::check(&url, &key_files).await;
    let Some(database) = opened.map_err(|error| opening::explain(error, &url))? else {
        return Ok(Vec::new());
    };
    let database = Arc::new(database);
    let checked = check_keys(settings, &database).await;
    let warnings = match stored {
        Some(stored) => stored.warnings(&*database).await.unwrap_or_else(unread),
        None => Vec::new(),
    };
    database.close().await?;
    checked.map(|()| warnings)
}

/// The sentence about clients and users that cannot be read, for example because the tables are of
/// an earlier version.
fn unread(cause: StoreError) -> Vec<String> {
    let cause = anyhow::Error::new(cause);
    vec![format!(
        "cannot read clients and users ({}), so their scopes and resources are not checked; `scopegate migrate --plan` tells \
         whether the tables are of an earlier version",
        cause.root_cause()
    )]
}

/// Checks that the server secrets and the signing keys can be opened.
async fn check_keys(settings: &Settings, database: &Arc<SqlStore>) -> anyhow::Result<()> {
    if settings.profile.has_key_ring() {
        check_signing_keys(settings, database).await?;
    }
    secrets::check(settings, &**database).await
}

async fn check_signing_keys(settings: &Settings, database: &Arc<SqlStore>) -> anyhow::Result<()> {
    let sealed = SigningKeys::list(&**database).await?;
    let sealed: Vec<Vec<u8>> = sealed.into_iter().map(|key| key.sealed).collect();
    let source = KeyEncryptionKeySource::find(settings.key_encryption_key.as_ref(), &settings.database)?;
    if sealed.is_empty() || source.opening(&sealed)?.is_some() {
        return Ok(());
    }
    // No key opens them, so this fails with the error of `serve` before it would write.
    key::unopened_ring(settings, Arc::<SqlStore>::clone(database))?
        .reload()
        .await
        .map_err(key::explain)
}

/// Two listeners cannot share a port of one address.
fn check_listeners(settings: &Settings) -> anyhow::Result<()> {
    let (public, Some(admin)) = (settings.listen, settings.admin_listen) else {
        return Ok(());
    };
    let is_one_address = public.ip() == admin.ip() || public.ip().is_unspecified() || admin.ip().is_unspecified();
    ensure!(
        public.port() != admin.port() || public.port() == 0 || !is_one_address,
        "`listen` is `{public}` and `admin_listen` is `{admin}`: give one of them another port"
    );
    Ok(())
}
