//! `scopegate token ..`

mod inspect;
mod issue;
mod lines;
mod times;
mod verifier;
mod verify;

use std::io;

use anyhow::{Context, ensure};
use scopegate_domain::{Revoked, TokenId};
use scopegate_store::Store;
use scopegate_token::{PlacedTokenId, inspect as inspect_token};
use serde_json::{Value, json};

use super::context::{self, with_settings};
use crate::arguments::{CommonFlags, TokenCommand};
use crate::compose::Access;
use crate::output::{ExitNegative, Format, print, quoted};

pub(super) fn run(common: &CommonFlags, command: &TokenCommand) -> anyhow::Result<()> {
    match command {
        TokenCommand::Inspect { token } => inspect::run(common.format, token),
        TokenCommand::Issue(arguments) => issue::run(common, arguments),
        TokenCommand::Revoke { token, jti } => {
            let settings = context::settings(common)?;
            let id = match (jti, token) {
                (Some(jti), _) => token_id(jti)?,
                (None, token) => id_of_input(token.as_deref())?,
            };
            with_settings(&settings, Access::Change, async |store| {
                revoke(&*store, common.format, id).await
            })
        }
        TokenCommand::Verify(arguments) => verify::run(common.format, arguments),
    }
}

/// Reads the id of the token on standard input.
///
/// The token is not verified: who can write the database may revoke each of its tokens.
fn id_of_input(argument: Option<&str>) -> anyhow::Result<TokenId> {
    ensure!(
        argument == Some("-"),
        "a token is a secret, and an argument is visible in the list of processes: give `-`, and write the token to standard input"
    );
    let line = lines::next(&mut io::stdin().lock())?.context("standard input holds no token")?;
    let token = inspect_token(line.trim()).context("standard input holds no token")?;
    let jti = token.claims().get("jti").and_then(Value::as_str);
    token_id(jti.context("the token has no `jti`, so it cannot be revoked alone")?)
}

/// Reads a token id. Issued tokens are not stored, so only the form can be checked.
fn token_id(jti: &str) -> anyhow::Result<TokenId> {
    ensure!(
        !jti.contains('.') || inspect_token(jti).is_err(),
        "`--jti` takes the id of a token, and this is a token: `scopegate token inspect -` shows its claim `jti`"
    );
    let id = TokenId::parse(jti).with_context(|| format!("bad token id `{}`", quoted(jti)))?;
    if PlacedTokenId::is_known(jti) {
        return Ok(id);
    }
    let named = quoted(jti);
    Err(ExitNegative(format!(
        "unknown token id `{named}`: this server makes ids of 32 hexadecimal digits, then more digits after dots; nothing is revoked. A token \
         of another issuer is revoked by that issuer"
    ))
    .into())
}

/// Revokes the token with this id.
async fn revoke(store: &dyn Store, format: Format, id: TokenId) -> anyhow::Result<()> {
    super::revoked::revoke(store, Revoked::Token(id.clone())).await?;
    print(
        format,
        &format!(
            "recorded: a token with the id `{id}` is refused, by running servers within their `revocation_age` (default: 5 s). \
             Issued tokens are not stored, so it is not known whether there is one\n"
        ),
        &json!({ "revoked": id }),
    )
}
