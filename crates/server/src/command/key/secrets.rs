//! `scopegate key rotate --server-secrets`

use scopegate_domain::{Client, GrantType};
use scopegate_grant::{KeyRotationError, OldSecrets};
use serde_json::{Map, json};

use crate::arguments::Confirmation;
use crate::command::context::{confirm, moment};
use crate::command::revoked::revoke_clients;
use crate::compose::{self, Database};
use crate::config::Settings;
use crate::output::{ExitNegative, Format, counted, print};

pub(super) async fn rotate(
    format: Format,
    settings: &Settings,
    database: &Database,
    is_revoking: bool,
    confirmation: &Confirmation,
) -> anyhow::Result<()> {
    let store = database.store();
    if store.secrets().sealed_secrets().await?.is_empty() {
        return Err(ExitNegative(KeyRotationError::NoSecrets.to_string()).into());
    }
    let keys = compose::ring(settings, database).await?;
    let old = if is_revoking {
        confirm(
            confirmation,
            "End all refresh tokens, and refuse every page and cookie of the old server secrets?",
        )?;
        OldSecrets::Revoke
    } else {
        OldSecrets::Verify
    };
    let rotated = match keys.rotate_secrets(old).await {
        Err(KeyRotationError::TooManySecrets { until }) => {
            return Err(ExitNegative(format!(
                "three versions of the secret of refresh tokens are in use, the maximum; wait until {}, or give `--revoke`, which \
                 ends all refresh tokens",
                moment(until)
            ))
            .into());
        }
        rotated => rotated?,
    };
    let clients = if is_revoking {
        revoke_clients(&*store, logs_in).await?
    } else {
        0
    };
    let human = match rotated.refresh_until {
        Some(until) => format!(
            "new server secrets are in use; refresh tokens of the old ones are accepted until {}, and running servers follow within \
             their `revocation_age` (default: 5 s)\n",
            moment(until)
        ),
        None => format!(
            "new server secrets are in use, and the old ones are removed: {} ended, and the tokens of {} are revoked; running \
             servers follow within their `revocation_age` (default: 5 s)\n",
            counted(usize::try_from(rotated.ended_families)?, "refresh token"),
            counted(clients, "client")
        ),
    };
    let versions = rotated.versions.iter();
    let versions: Map<_, _> = versions
        .map(|(purpose, version)| (purpose.to_string(), json!(version)))
        .collect();
    let json = json!({
        "server_secrets": versions, "refresh_until": rotated.refresh_until,
        "ended_families": rotated.ended_families, "revoked_clients": clients,
    });
    print(format, &human, &json)
}

/// Whether the client logs in users: a thief of the old secrets may have refreshed its tokens.
fn logs_in(client: &Client) -> bool {
    client.may_use(GrantType::AuthorizationCode) || client.may_use(GrantType::RefreshToken)
}
