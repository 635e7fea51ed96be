//! `scopegate token ..`

use std::io::{self, Read};

use anyhow::{Context, bail};
use jiff::Timestamp;
use scopegate_domain::{Revoked, TokenId};
use scopegate_store::Store;
use scopegate_token::{TokenRules, Unverified};
use serde_json::json;

use crate::output::{Format, print};

/// Takes back the token with this id.
pub(super) async fn revoke(store: &dyn Store, format: Format, jti: &str) -> anyhow::Result<()> {
    let id = TokenId::parse(jti).with_context(|| format!("bad token id `{}`", jti.escape_default()))?;
    super::revoke(store, Revoked::Token(id)).await?;
    print(
        format,
        &format!("took back the token `{jti}`"),
        &json!({ "revoked": jti }),
    )
}

pub(super) fn inspect(format: Format, token: &str) -> anyhow::Result<()> {
    let token = if token == "-" { from_stdin()? } else { token.to_owned() };
    let unverified = scopegate_token::inspect(token.trim()).context("this is no token")?;
    let json = json!({
        "verified": false, "header": unverified.header(), "claims": unverified.claims(),
        "expires_at": expiry(&unverified),
    });
    print(format, &describe(&unverified)?, &json)
}

fn describe(unverified: &Unverified) -> anyhow::Result<String> {
    let header = serde_json::to_string_pretty(unverified.header())?;
    let claims = serde_json::to_string_pretty(unverified.claims())?;
    let expiry = expiry(unverified).unwrap_or_else(|| "never said".to_owned());
    Ok(format!(
        "header {header}\nclaims {claims}\nexpires {expiry}\nNothing of this was verified.\n"
    ))
}

/// `exp` for people, in UTC.
fn expiry(unverified: &Unverified) -> Option<String> {
    Timestamp::from_second(unverified.expires_at()?.as_unix())
        .ok()
        .map(|moment| moment.to_string())
}

fn from_stdin() -> anyhow::Result<String> {
    let limit = TokenRules::MAX_TOKEN.saturating_add(2);
    let mut text = String::new();
    let read = io::stdin().take(u64::try_from(limit)?).read_to_string(&mut text);
    match read {
        Ok(_) if text.trim().is_empty() => bail!("standard input holds no token"),
        Ok(_) => Ok(text),
        Err(error) => Err(error).context("the token cannot be read from standard input"),
    }
}
