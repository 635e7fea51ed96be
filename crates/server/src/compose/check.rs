//! The checks of the settings that need no database. `serve` and `config check` both run them.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::bail;
use scopegate_domain::{Audience, Issuer};
use scopegate_http::policy::OperationTable;

use super::issuers::{TrustedIssuer, trusted_issuers};
use super::{key, shadow};
use crate::config::Settings;

/// What the settings mean for a listener at one address.
pub(crate) struct Checked {
    /// The `iss` of tokens.
    pub(crate) issuer: Issuer,
    /// The `aud` of tokens.
    pub(crate) audience: Audience,
    /// The other issuers whose tokens are accepted.
    pub(crate) others: Vec<TrustedIssuer>,
    /// The proposed policy.
    pub(crate) proposed: Option<OperationTable>,
}

/// Checks the settings for a listener at this address. Nothing is written, and no other server is called.
///
/// # Errors
///
/// The first setting with which `serve` does not start, with the remedy.
pub(crate) fn check(settings: &Settings, address: SocketAddr) -> anyhow::Result<Checked> {
    let issuer = settings.issuer_at(address)?;
    let audience = match &settings.audience {
        Some(audience) => audience.clone(),
        None => Audience::parse(issuer.as_str())?,
    };
    key::token_lifetime(settings)?;
    check_folder(settings)?;
    Ok(Checked {
        others: trusted_issuers(settings, &issuer)?,
        proposed: proposed(settings)?,
        issuer,
        audience,
    })
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

/// A database is made where there is none, but no folder is.
fn check_folder(settings: &Settings) -> anyhow::Result<()> {
    let url = super::database_url(settings)?;
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
