//! `scopegate serve`

use std::fmt::Write as _;
use std::net::SocketAddr;

use anyhow::Context;
use scopegate_domain::ClientId;
use scopegate_store::Store;
use tokio::net::TcpListener;
use tracing::{info, warn};

use crate::arguments::{CommonFlags, ServeSettings};
use crate::compose::{self, Database};
use crate::config::{Limits, Profile, Settings};
use crate::output::write_line;
use crate::serve::{Ending, Signals, allow_connections};
use crate::{demo, serve, telemetry};

pub(super) fn run(common: &CommonFlags, flags: &ServeSettings) -> anyhow::Result<()> {
    let settings = Settings::load(common, Some(flags))?;
    telemetry::start(settings.log_format, &settings.log_level);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("the runtime cannot be started")?;
    let served = runtime.block_on(serve(&settings));
    // A password that is being hashed for a connection that is gone is not waited for.
    runtime.shutdown_background();
    served
}

async fn serve(settings: &Settings) -> anyhow::Result<()> {
    let mut signals = Signals::install().context("signals cannot be received")?;
    let listener = TcpListener::bind(settings.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on `{}`", settings.listen))?;
    let address = listener.local_addr()?;
    let issuer = settings.issuer_at(address)?;
    let database = Database::open(settings).await?;
    let store = database.store();
    if settings.demo {
        demo::furnish(&*store).await?;
    }
    let gate = compose::gate(settings, &database, issuer)?;
    write_line(&welcome(settings, address, &missing(settings, &*store).await?)?)?;
    info!(%address, profile = ?settings.profile, database = settings.database, "listening");

    let limits = Limits {
        max_connections: allow_connections(settings.limits.max_connections),
        ..settings.limits
    };
    match serve::run(listener, gate.service(), limits, async || signals.next().await).await {
        Ending::AtOnce => warn!("stopped at once"),
        Ending::Deadline => warn!("stopped with requests under way"),
        Ending::Drained => info!("stopped"),
    }
    database.close().await
}

/// What has to be added before anybody can log in, as commands.
async fn missing(settings: &Settings, store: &dyn Store) -> anyhow::Result<String> {
    let mut text = String::new();
    let database = &settings.database;
    if store.users().list(None, 1).await?.is_empty() {
        writeln!(text, "There is no user yet. Add one:")?;
        writeln!(
            text,
            "  scopegate user add NAME --scope \"me items\" --database {database}"
        )?;
    }
    let has_client = match settings.profile {
        Profile::Rfc => !store.clients().list(None, 1).await?.is_empty(),
        Profile::Tutorial => store.clients().find(&ClientId::parse(demo::CLIENT)?).await?.is_some(),
    };
    if !has_client {
        let id = if settings.profile == Profile::Tutorial {
            format!(" --id {}", demo::CLIENT)
        } else {
            String::new()
        };
        writeln!(text, "There is no client yet. Add one:")?;
        writeln!(
            text,
            "  scopegate client add NAME{id} --public --grant password --scope \"me items\" --database {database}"
        )?;
    }
    if !text.is_empty() && settings.profile == Profile::Rfc && !settings.password_grant {
        writeln!(
            text,
            "Tokens are given out for a password only where --password-grant is set."
        )?;
    }
    Ok(text)
}

/// Where to look, and how to get a token.
fn welcome(settings: &Settings, address: SocketAddr, missing: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    writeln!(text, "Scopegate listens on http://{address}")?;
    writeln!(text, "Documentation and a try-out: http://{address}/docs")?;
    if settings.demo {
        let client = match settings.profile {
            Profile::Rfc => format!("&client_id={}", demo::CLIENT),
            Profile::Tutorial => String::new(),
        };
        let form = format!("grant_type=password&username=johndoe&password=secret&scope=me+items{client}");
        writeln!(
            text,
            "Users: johndoe with password `secret`; alice, disabled, with password `secretalice`"
        )?;
        writeln!(
            text,
            "A token:\n  curl -d '{form}' http://{address}{}",
            demo::TOKEN_PATH
        )?;
        writeln!(
            text,
            "And with it:\n  curl -H 'Authorization: Bearer TOKEN' http://{address}/users/me/items/"
        )?;
    }
    text.push_str(missing);
    Ok(text)
}
