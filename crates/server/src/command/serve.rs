//! `scopegate serve`: runs the server until SIGTERM, SIGINT or SIGHUP.

mod missing;

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use scopegate_domain::Issuer;
use scopegate_grant::{AuditLog, RevocationWatch};
use scopegate_http::Gate;
use scopegate_http::policy::OperationTable;
use scopegate_listener::{DrainOutcome, Limits, Listener, SignalAction, Signals};
use scopegate_store::Store;
use tracing::{error, info, warn};

use self::missing::missing;
use super::context;
use crate::admin::{AdminListener, Readiness};
use crate::arguments::CommonFlags;
use crate::compose::{
    self, Access, Apis, Checked, Composed, Database, Reloadable, StoredCheck, TrustSettings, TrustedIssuer,
};
use crate::config::{ServeSettings, Settings, Shown};
use crate::key_refresh::KeyRefresh;
use crate::output::{command_line, message, write_line};
use crate::process_limits::allow_connections;
use crate::revocations::SilenceRules;
use crate::secret_refresh::SecretRefresh;
use crate::tasks::Tasks;
use crate::{audit, cleanup, demo, revocations, telemetry};

/// Maximum number of threads for blocking calls. Tokio would allow 512.
///
/// No blocking call is made while requests are served. Password hashing and the database have
/// separate threads.
const BLOCKING_THREADS: usize = 4;

pub(super) fn run(common: &CommonFlags, flags: &ServeSettings) -> anyhow::Result<()> {
    let settings = common.load(Some(flags))?;
    telemetry::start(settings.log_format, &settings.log_level);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .build();
    let runtime = runtime.context("the runtime cannot be started")?;
    // A terminal that closes sends SIGHUP, too. Then no operator requests a reload.
    let has_terminal = io::stdin().is_terminal();
    let reread = async || {
        if has_terminal {
            return Ok(None);
        }
        let (common, flags) = (common.clone(), flags.clone());
        // The thread that accepts connections does not read files.
        let read = tokio::task::spawn_blocking(move || {
            let settings = common.load(Some(&flags))?;
            let checked = compose::check(&settings, settings.listen)?;
            anyhow::Ok((settings, checked.apis))
        });
        let (settings, apis) = read.await.context("the documents were not read to the end")??;
        // The running server compares clients and users after the reload.
        check_database(&settings, None).await?;
        Ok(Some((settings, apis)))
    };
    let served = runtime.block_on(serve(&settings, reread));
    // The shutdown does not wait for a password hash of a connection that has closed.
    runtime.shutdown_background();
    served
}

/// Runs the checks of `serve` and opens nothing for writing. Returns a sentence for each setting
/// that is probably a mistake, and for each stored name that the settings do not declare.
pub(super) async fn check(settings: &Settings) -> anyhow::Result<(Checked, Vec<String>)> {
    // `serve` replaces port 0 by a free one, which does not change the checks.
    let checked = compose::check(settings, settings.listen)?;
    let mut warnings = compose::warnings(settings, &checked.apis);
    let stored = StoredCheck::of(settings, &checked.apis);
    warnings.extend(check_database(settings, Some(&stored)).await?);
    Ok((checked, warnings))
}

async fn check_database(settings: &Settings, stored: Option<&StoredCheck>) -> anyhow::Result<Vec<String>> {
    if settings.demo {
        refuse_used(settings).await?;
    }
    compose::check_database(settings, stored).await
}

/// The settings of a reload with the APIs of their documents. `None` if a terminal closed.
type Reread = Option<(Settings, Apis)>;

/// Waits for a signal to stop. At a SIGHUP it reloads all documents, or changes nothing.
async fn signal(
    signals: &mut Signals,
    settings: &Settings,
    store: &dyn Store,
    reloadable: &mut Reloadable,
    reread: &impl AsyncFn() -> anyhow::Result<Reread>,
) {
    while signals.next().await == SignalAction::Reload {
        let reloaded = match reread().await {
            Ok(None) => return,
            Ok(Some((changed, apis))) => {
                compose::log_warnings(&changed, &apis);
                let stored = StoredCheck::of(&changed, &apis);
                reloadable.apply(apis).map(|summary| (summary, changed, stored))
            }
            Err(error) => Err(error),
        };
        match reloaded {
            Ok((summary, changed, stored)) => {
                info!(resources = %summary, "reloaded the documents of all resources");
                note_restart(settings, &changed);
                // A client may have a scope or a resource that was removed.
                stored.log(store).await;
            }
            Err(error) => {
                let cause = message(&format!("{error:#}"));
                error!(
                    cause,
                    "cannot reload; nothing changes, and the server keeps its resources"
                );
            }
        }
    }
}

/// Logs the settings that a reload does not change.
fn note_restart(old: &Settings, new: &Settings) {
    let is_changed = |shown: &&Shown| {
        let before = old.shown.iter().find(|before| before.key == shown.key);
        shown.key != "resources" && before.is_none_or(|before| before.value != shown.value)
    };
    let keys: Vec<&str> = new.shown.iter().filter(is_changed).map(|shown| shown.key).collect();
    if !keys.is_empty() {
        warn!(
            settings = keys.join(", "),
            "settings changed; they take effect at the next start"
        );
    }
}

async fn serve(settings: &Settings, reread: impl AsyncFn() -> anyhow::Result<Reread>) -> anyhow::Result<()> {
    let mut signals = Signals::install().context("signals cannot be received")?;
    let listener = Listener::bind(settings.listen);
    let listener = listener.with_context(|| format!("cannot listen on `{}`", settings.listen))?;
    let address = listener.local_addr()?;
    let Checked {
        issuer,
        others,
        proposed,
        apis,
        ..
    } = compose::check(settings, address)?;
    compose::log_warnings(settings, &apis);
    let readiness = Arc::<Readiness>::default();
    let mut tasks = Tasks::new();
    let admin = start_admin(settings, &readiness, &mut tasks).await?;
    let database = open(settings, &issuer).await?;
    let store = database.store();
    let log = compose::audit(settings, &database);
    let prepared = prepare(settings, &database, issuer.clone(), &apis, &others, proposed, &log).await;
    let Prepared {
        gate,
        background,
        mut reloadable,
        missing,
    } = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return context::close(database, Err(error)).await,
    };
    start_tasks(settings, background, &store, &readiness, &mut tasks);
    readiness.serve(Arc::clone(&store));
    announce(
        settings,
        (address, admin),
        (&issuer, reloadable.metadata_url()),
        &missing,
    )?;
    check_stored(StoredCheck::of(settings, &apis), Arc::clone(&store), &mut tasks);

    let listener = listener.name("public").limits(connection_limits(settings));
    let stop = async || {
        tokio::select! {
            () = signal(&mut signals, settings, &*store, &mut reloadable, &reread) => {}
            () = tasks.failure() => {}
        }
        readiness.drain();
    };
    let answers = |peer: SocketAddr| gate.service().from_socket().from_peer(peer.ip());
    let outcome = listener.serve_peers(answers, stop).await;
    let failed = tasks.failed();
    drop(tasks);
    log.write().await;
    database.close().await?;
    conclude(outcome, failed, settings.drain_deadline)
}

/// The limits of the public listener. The system may allow fewer connections than the settings.
fn connection_limits(settings: &Settings) -> Limits {
    Limits::new()
        .header_timeout(settings.header_timeout)
        .idle_timeout(settings.idle_timeout)
        .max_connections(allow_connections(settings.max_connections))
        .drain_deadline(settings.drain_deadline)
}

/// The state that must be read before requests are served.
struct Prepared {
    gate: Gate,
    background: Background,
    reloadable: Reloadable,
    missing: String,
}

/// Warns if a restore is not finished.
async fn warn_of_restore(database: &Database) -> anyhow::Result<()> {
    if database.manifest().await?.is_some() {
        warn!(
            "the database was restored from a backup; tokens that were revoked after the backup may be valid until \
             `scopegate restore finish` runs"
        );
    }
    Ok(())
}

async fn prepare(
    settings: &Settings,
    database: &Database,
    issuer: Issuer,
    apis: &Apis,
    others: &[TrustedIssuer],
    proposed: Option<OperationTable>,
    log: &AuditLog,
) -> anyhow::Result<Prepared> {
    compose::fetch_keys(others).await?;
    let caches = compose::caches(settings, database);
    let revocations = Arc::new(compose::revocations(settings, database, &caches).await?);
    let trust = TrustSettings {
        others,
        revocations: Arc::clone(&revocations),
        audit: log.clone(),
    };
    let composed = compose::gate(settings, database, issuer, apis, trust, caches, proposed).await?;
    let Composed {
        gate,
        keys,
        secrets,
        reloadable,
    } = composed;
    let missing = missing(settings, apis, &*database.store()).await?;
    warn_of_restore(database).await?;
    Ok(Prepared {
        gate,
        background: Background {
            keys,
            secrets,
            revocations,
            log: log.clone(),
        },
        reloadable,
        missing,
    })
}

/// The parts of a running server that need tasks in the background.
struct Background {
    keys: Option<KeyRefresh>,
    secrets: Option<SecretRefresh>,
    revocations: Arc<RevocationWatch>,
    log: AuditLog,
}

fn start_tasks(
    settings: &Settings,
    background: Background,
    store: &Arc<dyn Store>,
    readiness: &Arc<Readiness>,
    tasks: &mut Tasks,
) {
    let Background {
        keys,
        secrets,
        revocations,
        log,
    } = background;
    if let Some(keys) = keys {
        tasks.spawn("signing keys", keys.run());
    }
    if let Some(secrets) = secrets {
        tasks.spawn("server secrets", secrets.run());
    }
    let rules = SilenceRules::of(settings);
    tasks.spawn(
        "revocations",
        revocations::watch(revocations, rules, Arc::clone(readiness)),
    );
    tasks.spawn("audit log", audit::write(log));
    tasks.spawn("cleanup", cleanup::run(Arc::clone(store), settings.audit_retention));
}

/// Checks the stored clients and users, once.
fn check_stored(stored: StoredCheck, store: Arc<dyn Store>, tasks: &mut Tasks) {
    tasks.spawn("check of clients and users", async move {
        stored.log(&*store).await;
        std::future::pending::<()>().await;
    });
}

/// Logs how serving ended. It is an error if requests were lost or a background task ended.
fn conclude(outcome: DrainOutcome, failed: Option<&'static str>, deadline: Duration) -> anyhow::Result<()> {
    match outcome {
        DrainOutcome::Forced => warn!("stopped at once"),
        DrainOutcome::DeadlineExpired => warn!("stopped with requests under way"),
        DrainOutcome::Complete => info!("stopped"),
    }
    if let Some(task) = failed {
        bail!("the background task `{task}` ended; its cause is in the log above");
    }
    match outcome {
        DrainOutcome::Forced => bail!("stopped by a second signal, with requests under way"),
        DrainOutcome::DeadlineExpired => {
            bail!("stopped with requests under way after {deadline:?}; `drain_deadline` sets this time")
        }
        DrainOutcome::Complete => Ok(()),
    }
}

/// Opens the database. With `--demo` it adds the accounts of the demo; otherwise it warns about
/// them.
async fn open(settings: &Settings, issuer: &Issuer) -> anyhow::Result<Database> {
    if settings.demo {
        refuse_used(settings).await?;
    }
    let database = Database::open(settings, Access::Migrate).await?;
    let store = database.store();
    if settings.demo {
        demo::seed_demo_data(&*store, issuer).await?;
        return Ok(database);
    }
    for name in demo::accounts_with_known_passwords(&*store).await? {
        warn!(
            user = name,
            "this account has the password of the demo, which is public; `{}` removes it",
            command_line("user remove", name, "")
        );
    }
    Ok(database)
}

/// Fails if the demo would add accounts with known passwords to a database that others use. It only
/// reads.
pub(super) async fn refuse_used(settings: &Settings) -> anyhow::Result<()> {
    if !compose::has_database(settings)? {
        return Ok(());
    }
    let database = Database::open(settings, Access::Read).await?;
    let is_used = demo::is_used_by_others(&*database.store()).await?;
    database.close().await?;
    ensure!(
        !is_used,
        "database `{}` holds other users or clients, and `--demo` adds accounts with public passwords: leave `--database` \
         out to keep the demo in memory, or give a new file",
        settings.database
    );
    Ok(())
}

/// Starts the admin listener, if one is configured. It starts first: a database that opens slowly
/// must not look like a dead server.
async fn start_admin(
    settings: &Settings,
    readiness: &Arc<Readiness>,
    tasks: &mut Tasks,
) -> anyhow::Result<Option<SocketAddr>> {
    let Some(address) = settings.admin_listen else {
        return Ok(None);
    };
    let admin = AdminListener::bind(address).await?;
    let address = admin.address();
    admin.start(Arc::clone(readiness), tasks)?;
    info!(%address, "admin listener");
    Ok(Some(address))
}

/// Prints and logs that the server listens, and what it publishes.
fn announce(
    settings: &Settings,
    (address, admin): (SocketAddr, Option<SocketAddr>),
    (issuer, metadata): (&Issuer, Option<&str>),
    missing: &str,
) -> anyhow::Result<()> {
    write_line(&welcome(
        settings,
        address,
        admin,
        &published(issuer, metadata),
        missing,
    )?)?;
    info!(%address, %issuer, metadata, profile = ?settings.profile, database = settings.database, "listening");
    Ok(())
}

/// The lines about what the server publishes, regardless of the address that a request names.
fn published(issuer: &Issuer, metadata: Option<&str>) -> String {
    let metadata = metadata.map(|url| format!("Metadata: {url}\n"));
    format!("Issuer: {issuer}\n{}", metadata.unwrap_or_default())
}

/// The address to open, and how to get a token.
fn welcome(
    settings: &Settings,
    address: SocketAddr,
    admin: Option<SocketAddr>,
    published: &str,
    missing: &str,
) -> anyhow::Result<String> {
    let mut text = String::new();
    writeln!(text, "Scopegate listens on http://{address}")?;
    if let Some(admin) = admin {
        writeln!(text, "For supervisors: http://{admin} (/healthz, /readyz, /metrics)")?;
    }
    text.push_str(published);
    writeln!(text, "Documentation and a try-out: http://{address}/docs")?;
    if settings.resources.is_empty() && !settings.demo {
        writeln!(text, "no resources configured; serving as authorization server only")?;
    }
    if settings.demo {
        let client = match settings.profile.only_client() {
            None => format!("&client_id={}", demo::CLIENT),
            Some(_) => String::new(),
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
        writeln!(text, "The account of a user: http://{address}/account")?;
    }
    text.push_str(missing);
    Ok(text)
}
