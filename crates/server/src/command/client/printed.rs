//! A client as commands print it.

use std::fmt::Write as _;

use scopegate_domain::{
    Audience, Client, ClientAuthMethod, ClientKind, GrantType, Lifetime, RedirectUri, RegisteredSecret,
};
use scopegate_token::ClientSecret;
use serde_json::{Value, json};

use super::people::length;
use crate::command::context::{hexadecimal, moment};
use crate::command::revoked::Tokens;
use crate::output::{Format, one_line, print, table};

/// The number of hexadecimal digits of a digest that identify a secret.
const SHOWN_DIGITS: usize = 8;

/// Prints a client. The secret is shown only at its creation, because it is not stored.
pub(super) fn show(format: Format, client: &Client, secret: Option<&ClientSecret>) -> anyhow::Result<()> {
    let (human, json) = written(client, secret)?;
    print(format, &human, &json)
}

/// The same as [`show`], with the effect on the client's tokens.
pub(super) fn show_with(
    format: Format,
    client: &Client,
    secret: Option<&ClientSecret>,
    tokens: Tokens,
) -> anyhow::Result<()> {
    let (human, json) = written(client, secret)?;
    tokens.print(format, &human, json, client.id().as_str())
}

/// Prints clients as a table.
pub(super) fn list(format: Format, clients: &[Client]) -> anyhow::Result<()> {
    let row = |client: &Client| {
        [
            client.id().as_str(),
            kind(client),
            client.auth_method().as_str(),
            &client.scope().to_string(),
            &resources(client).join(" "),
            &client
                .secrets()
                .iter()
                .map(|secret| digits(secret, SHOWN_DIGITS))
                .collect::<Vec<_>>()
                .join(" "),
            client.name(),
        ]
        .map(str::to_owned)
        .to_vec()
    };
    let human = table(
        &["ID", "KIND", "METHOD", "SCOPE", "RESOURCES", "SECRETS", "NAME"],
        &clients.iter().map(row).collect::<Vec<_>>(),
    );
    let json = json!({ "clients": clients.iter().map(describe).collect::<Vec<_>>() });
    print(format, &human, &json)
}

fn written(client: &Client, secret: Option<&ClientSecret>) -> anyhow::Result<(String, Value)> {
    let mut human = String::new();
    let mut line = |label: &str, value: &str| writeln!(human, "{label:<14} {}", one_line(value));
    line("id", client.id().as_str())?;
    line("name", client.name())?;
    line("kind", kind(client))?;
    line("method", method(client.auth_method()))?;
    line("grants", &grants(client).join(" "))?;
    line("resources", &resources(client).join(" "))?;
    line("scope", &client.scope().to_string())?;
    line("optional scope", &client.optional_scope().to_string())?;
    line("default scope", &client.default_scope().to_string())?;
    line("redirects", &uris(client.redirect_uris()).join(" "))?;
    line("after logout", &uris(client.post_logout_redirect_uris()).join(" "))?;
    line("first party", if client.is_first_party() { "yes" } else { "no" })?;
    if client.may_use(GrantType::RefreshToken) {
        let lifetimes = client.refresh_lifetimes();
        line("refresh idle", &limit(lifetimes.idle, client.refresh_idle()))?;
        line("refresh age", &limit(lifetimes.age, client.refresh_age()))?;
    }
    line("introspect", if client.may_introspect() { "yes" } else { "no" })?;
    for registered in client.secrets() {
        line("secret digest", &times(registered))?;
    }
    let mut json = describe(client);
    if let Some(secret) = secret {
        line("secret", secret.expose())?;
        human.push_str("The secret is shown this once: keep it now.\n");
        json.as_object_mut()
            .map(|members| members.insert("client_secret".to_owned(), json!(secret.expose())));
    }
    Ok((human, json))
}

/// Returns the digest of a secret with its times.
fn times(secret: &RegisteredSecret) -> String {
    let created = secret.created_at().map_or_else(
        || "created by an earlier release".to_owned(),
        |time| format!("created {}", moment(time)),
    );
    let end = secret
        .ends_at()
        .map_or_else(|| "no end".to_owned(), |time| format!("ends {}", moment(time)));
    format!("{}, {created}, {end}", digits(secret, SHOWN_DIGITS))
}

/// Returns the first hexadecimal digits of the digest.
pub(super) fn digits(secret: &RegisteredSecret, count: usize) -> String {
    hexadecimal(secret.digest().as_bytes(), count)
}

fn describe(client: &Client) -> Value {
    let secret = |secret: &RegisteredSecret| {
        json!({
            "digest": digits(secret, SHOWN_DIGITS), "created_at": secret.created_at(), "ends_at": secret.ends_at(),
        })
    };
    json!({
        "client_id": client.id(), "name": client.name(), "kind": kind(client),
        "token_endpoint_auth_method": client.auth_method().as_str(), "grant_types": grants(client),
        "resources": resources(client), "scope": client.scope().to_string(),
        "optional_scope": client.optional_scope().to_string(), "default_scope": client.default_scope().to_string(),
        "redirect_uris": uris(client.redirect_uris()), "introspect": client.may_introspect(),
        "post_logout_redirect_uris": uris(client.post_logout_redirect_uris()), "first_party": client.is_first_party(),
        "refresh_idle": client.refresh_lifetimes().idle.as_seconds(),
        "refresh_age": client.refresh_lifetimes().age.as_seconds(),
        "secrets": client.secrets().iter().map(secret).collect::<Vec<_>>(),
    })
}

fn grants(client: &Client) -> Vec<&'static str> {
    client.grant_types().iter().map(|grant| grant.as_str()).collect()
}

fn resources(client: &Client) -> Vec<&str> {
    client.resources().iter().map(Audience::as_str).collect()
}

fn uris(uris: &[RedirectUri]) -> Vec<&str> {
    uris.iter().map(RedirectUri::as_str).collect()
}

/// Returns a limit of refreshes, and whether it is that of the kind of application.
fn limit(applied: Lifetime, registered: Option<Lifetime>) -> String {
    let applied = length(applied);
    if registered.is_some() {
        applied
    } else {
        format!("{applied} (default)")
    }
}

const fn kind(client: &Client) -> &'static str {
    match client.kind() {
        ClientKind::Confidential => "confidential",
        ClientKind::Public => "public",
    }
}

/// Returns the method in words; a client of an earlier release has two.
const fn method(method: ClientAuthMethod) -> &'static str {
    match method {
        ClientAuthMethod::AnySecret => "client_secret_basic or client_secret_post (added by an earlier release)",
        method => method.as_str(),
    }
}
