//! What a new server lacks before a client gets a token, and the commands that add it.

use std::fmt::Write as _;

use scopegate_domain::ClientId;
use scopegate_store::Store;

use crate::compose::{Apis, first_scopes};
use crate::config::{ResourceSettings, Settings};
use crate::output::shell_word;

/// Returns the steps that are still needed before a client gets a token.
pub(super) async fn missing(settings: &Settings, apis: &Apis, store: &dyn Store) -> anyhow::Result<String> {
    let mut text = String::new();
    if settings.demo {
        return Ok(text);
    }
    // A client without a scope would get no token.
    let Some(resource) = apis.resources.iter().find(|one| one.scopes().len() > 0) else {
        let step = if apis.resources.is_empty() {
            "Declare your APIs in `[[resources]]` of a configuration file"
        } else {
            "Declare scopes in the documents of `[[resources]]`"
        };
        writeln!(text, "No scope is declared, so no client gets a token. {step}")?;
        return Ok(text);
    };
    // The commands read the resources from the same file.
    let file = settings.resources.first().and_then(ResourceSettings::file);
    let file = file.map(|file| file.display().to_string());
    let file = file.map(|file| format!("--config {} ", shell_word(&file)));
    let place = format!(
        "{}--database {}",
        file.unwrap_or_default(),
        shell_word(&settings.database)
    );
    let scope = first_scopes(resource);
    let scope = shell_word(&scope);
    let has_passwords = settings.offers_password_grant();
    let only = settings.profile.only_client();
    let has_client = match only {
        None => !store.clients().list(None, 1).await?.is_empty(),
        Some(id) => store.clients().find(&ClientId::parse(id)?).await?.is_some(),
    };
    // A server whose clients act for themselves needs no user.
    if (has_passwords || !has_client) && store.users().list(None, 1).await?.is_empty() {
        writeln!(text, "There is no user yet. Add one:")?;
        writeln!(text, "  scopegate user add NAME --scope {scope} {place}")?;
    }
    if !has_client {
        let id = only.map(|id| format!(" --id {}", shell_word(id))).unwrap_or_default();
        let kind = if has_passwords {
            "--public --grant password"
        } else {
            "--confidential --grant client_credentials"
        };
        let audience = shell_word(resource.audience().as_str());
        writeln!(text, "There is no client yet. Add one:")?;
        writeln!(
            text,
            "  scopegate client add NAME{id} {kind} --resource {audience} --scope {scope} {place}"
        )?;
    }
    Ok(text)
}
