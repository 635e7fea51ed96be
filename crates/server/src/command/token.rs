//! `scopegate token ..`

mod inspect;
mod judge;
mod lines;
mod times;
mod verify;

use anyhow::Context;
use scopegate_domain::{Revoked, TokenId};
use scopegate_store::Store;
use serde_json::json;

use super::with_store;
use crate::arguments::{CommonFlags, TokenCommand};
use crate::compose::Access;
use crate::output::{Format, print};

pub(super) fn run(common: &CommonFlags, command: &TokenCommand) -> anyhow::Result<()> {
    match command {
        TokenCommand::Inspect { token } => inspect::run(common.format, token),
        TokenCommand::Revoke { jti } => with_store(common, Access::Change, async |store| {
            revoke(&*store, common.format, jti).await
        }),
        TokenCommand::Verify(arguments) => verify::run(common.format, arguments),
    }
}

/// Takes back the token with this id.
async fn revoke(store: &dyn Store, format: Format, jti: &str) -> anyhow::Result<()> {
    let id = TokenId::parse(jti).with_context(|| format!("bad token id `{}`", jti.escape_default()))?;
    super::revoked::revoke(store, Revoked::Token(id)).await?;
    print(
        format,
        &format!("took back the token `{jti}`"),
        &json!({ "revoked": jti }),
    )
}
