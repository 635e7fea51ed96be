//! Puts the parts together. Only this module chooses the database, the keys and the rules.

mod apis;
mod backup;
mod check;
mod database;
mod descriptions;
mod document_notes;
mod endpoints;
mod issuers;
mod kek;
mod key;
mod login_client;
mod opening;
mod own_api;
mod people;
mod private_file;
mod reload;
mod request_apis;
mod resource_document;
mod secrets;
mod shadow;
mod stored;
mod undeclared;

use std::sync::Arc;

use anyhow::ensure;
use scopegate_domain::{Audience, ClientId, Issuer, SystemClock};
use scopegate_grant::{
    AccessTokens, AuditLog, AuthorizationServer, AuthorizationServerBuilder, HashingLimits, RevocationWatch,
};
use scopegate_http::credential::BearerTokens;
use scopegate_http::openapi::DocumentInfo;
use scopegate_http::policy::OperationTable;
use scopegate_http::{Gate, GateBuilder};
use scopegate_portal::{ApiDescriptions, ResourceMetadata};
use scopegate_store::{ClientsCache, Users, UsersCache};
use scopegate_token::{PasswordHasher, PasswordPolicy, RevokedSet, Signer, SystemRandomSource, TokenRules, Verifier};

use self::check::audience;
use self::endpoints::Endpoints;
use crate::config::Settings;
use crate::demo;
use crate::key_refresh::KeyRefresh;
use crate::revocations::SilenceRules;
use crate::secret_refresh::SecretRefresh;

pub(crate) use self::apis::Apis;
pub(crate) use self::backup::{BackupParts, Copied, KekOutcome, backup, check_backup, restore, restore_target};
pub(crate) use self::check::{Checked, check, check_database, log_warnings, warnings};
pub(crate) use self::database::{Access, Database, has_database, plan_migration, rename_duplicates};
pub(crate) use self::issuers::{TrustedIssuer, fetch as fetch_keys};
pub(crate) use self::kek::{KeyEncryptionKeySource, sealed_bytes};
pub(crate) use self::key::{ring, unopened_ring};
pub(crate) use self::login_client::first_scopes;
pub(crate) use self::opening::expect_no_side_file;
pub(crate) use self::people::AUTHORIZE_PATH;
pub(crate) use self::private_file::write_new as write_private;
pub(crate) use self::reload::Reloadable;
pub(crate) use self::request_apis::RequestApis;
pub(crate) use self::stored::StoredCheck;
pub(crate) use self::undeclared::DeclaredScopes;

/// The verifier and the signer, and the tasks that refresh the keys of the database.
struct Keys {
    verifier: Arc<Verifier>,
    signer: Arc<Signer>,
    live: Option<KeyRefresh>,
}

async fn keys(settings: &Settings, database: &Database, issuer: &Issuer, audience: &Audience) -> anyhow::Result<Keys> {
    if settings.profile.has_key_ring() {
        let rules = TokenRules::rfc9068(issuer.clone(), audience.clone());
        let live = key::live(settings, database, &rules).await?;
        Ok(Keys {
            verifier: Arc::clone(&live.verifier),
            signer: Arc::clone(&live.signer),
            live: Some(live),
        })
    } else {
        let (rules, key) = (TokenRules::shared_secret(), key::hs256(settings.secret_key.as_ref())?);
        Ok(Keys {
            verifier: Arc::new(Verifier::new(rules.clone(), key.verifying_key())),
            signer: Arc::new(Signer::new(rules, key)),
            live: None,
        })
    }
}

/// The issuers whose tokens are accepted, the revoked tokens, and the log of both.
pub(crate) struct TrustSettings<'a> {
    pub(crate) others: &'a [TrustedIssuer],
    pub(crate) revocations: Arc<RevocationWatch>,
    pub(crate) audit: AuditLog,
}

/// The caches that follow the log of changes.
#[derive(Clone)]
pub(crate) struct Caches {
    users: Arc<UsersCache>,
    clients: Arc<ClientsCache>,
}

/// The own API and the authorization server as one gate, with a shadow policy if one is set.
///
/// Also returns the keys that must be refreshed while the server runs, and what a reload replaces.
pub(crate) async fn gate(
    settings: &Settings,
    database: &Database,
    issuer: Issuer,
    apis: &Apis,
    trust: TrustSettings<'_>,
    caches: Caches,
    proposed: Option<OperationTable>,
) -> anyhow::Result<Composed> {
    let audience = audience(settings, &issuer, &apis.resources)?;
    let Keys { verifier, signer, live } = keys(settings, database, &issuer, &audience).await?;
    let catalog = apis.own.catalog.clone();
    let tokens = BearerTokens::new(Arc::clone(&verifier))
        .cache_bytes(settings.token_cache_bytes)
        .revoked(Arc::clone(trust.revocations.set()));
    let server = authorization_server(settings, database, apis, signer, trust.audit)?;
    let secrets = secrets::live(settings, database.store()).await?;
    let server = server
        .clients(caches.clients)
        .revocations(Arc::clone(&trust.revocations))
        .code_grant(issuer.clone(), secrets.current)
        .refresh_retry(settings.refresh_retry.lifetime())
        .password_min_length(settings.password_min_length.get())
        .build();
    let descriptions = ApiDescriptions::new(apis.descriptions.iter().cloned());
    let people = people::endpoints(settings, &issuer, &server, descriptions.clone())?;
    let users: Arc<dyn Users> = caches.users;
    let access_tokens = AccessTokens::new(server.clone(), &verifier, trust.revocations, Arc::clone(&users));
    let endpoints = Endpoints::new(settings, server.clone(), access_tokens, people, live.as_ref());
    let resource = if settings.profile.has_resource_metadata() && !apis.has_no_own_api() {
        ResourceMetadata::new(&audience, &issuer, &catalog)
    } else {
        None
    };
    let gate = Gate::builder(catalog)
        .bearer(apis.own.scheme.as_str(), tokens)
        .users(users)
        .body_limit(settings.body_limit.get())
        .body_timeout(settings.body_timeout)
        .dialect(settings.profile.gate_dialect());
    let (gate, metadata) = endpoints.register(gate, settings.profile, &issuer, resource)?;
    let gate = pages(gate, settings);
    let gate = match proposed {
        Some(proposed) => gate.shadow(proposed),
        None => gate,
    };
    let gate = issuers::add(gate, &apis.own.scheme, trust.others);
    let gate = apis.own.handlers().fold(gate, GateBuilder::operation);
    Ok(Composed {
        gate: gate.build()?,
        keys: live,
        secrets: secrets.refresh,
        reloadable: Reloadable {
            server,
            metadata,
            apis: apis.clone(),
            descriptions,
        },
    })
}

/// Adds the pages about the own API, and the origins that may call it.
fn pages(gate: GateBuilder, settings: &Settings) -> GateBuilder {
    let gate = if settings.demo {
        gate.docs_for_client(demo::WEB_CLIENT)
    } else {
        gate.docs()
    };
    let gate = if settings.profile.has_docs_at_root() {
        gate.docs_at_root()
    } else {
        gate
    };
    let gate = match settings.cors_origins.cors() {
        Some(cors) => gate.cors(cors.clone()),
        None => gate,
    };
    gate.document_info(document_info(settings))
}

/// The head of the document. Behind a proxy that removes the path of the issuer it names the
/// server, because paths alone are those of the origin.
fn document_info(settings: &Settings) -> DocumentInfo {
    let info = DocumentInfo::new("Scopegate", env!("CARGO_PKG_VERSION"));
    match settings.url_behind_path() {
        Some(url) => info.server(url, "This server"),
        None => info,
    }
}

/// The authorization server of these settings, for a command that issues a token itself.
pub(crate) async fn local_server(
    settings: &Settings,
    database: &Database,
    issuer: Issuer,
    apis: &Apis,
) -> anyhow::Result<AuthorizationServer> {
    ensure!(
        settings.profile.has_key_ring() || settings.secret_key.is_some(),
        "no server accepts a token of a random key: set `secret_key_file` to the file of the server's secret"
    );
    let audience = audience(settings, &issuer, &apis.resources)?;
    let keys = keys(settings, database, &issuer, &audience).await?;
    let log = audit(settings, database);
    Ok(authorization_server(settings, database, apis, keys.signer, log)?.build())
}

/// A gate, and the parts of it that change while the server runs.
pub(crate) struct Composed {
    pub(crate) gate: Gate,
    /// `None` if a shared secret signs.
    pub(crate) keys: Option<KeyRefresh>,
    /// `None` if the server secrets are in memory.
    pub(crate) secrets: Option<SecretRefresh>,
    pub(crate) reloadable: Reloadable,
}

fn authorization_server(
    settings: &Settings,
    database: &Database,
    apis: &Apis,
    signer: Arc<Signer>,
    audit: AuditLog,
) -> anyhow::Result<AuthorizationServerBuilder> {
    let policy = PasswordPolicy::default();
    let policy = if settings.rehash {
        policy
    } else {
        policy.without_rehash()
    };
    let slots = settings.hashing_slots.get();
    let catalog = apis.own.catalog.clone();
    let server = AuthorizationServer::builder(database.store(), signer, catalog)
        .dialect(settings.profile.grant_dialect())
        .password_grant(settings.offers_password_grant())
        .throttled(settings.login_throttle)
        .audit(audit)
        .lifetime(key::token_lifetime(settings)?)
        .password_lifetime(key::password_lifetime(settings)?)
        .hasher(PasswordHasher::new(policy))
        .hashing_limits(HashingLimits {
            slots,
            queue: settings.hashing_queue.get(),
        });
    let resources = Some(apis.resources.clone()).filter(|resources| !resources.is_empty());
    Ok(resources
        .into_iter()
        .fold(server, AuthorizationServerBuilder::resources))
}

/// Creates the caches of the users and the clients of requests.
pub(crate) fn caches(settings: &Settings, database: &Database) -> Caches {
    let age = settings.user_cache_age.lifetime();
    let known = SilenceRules::of(settings).known();
    let users = UsersCache::new(database.store(), Arc::new(SystemClock), age).outage(known);
    let clients = ClientsCache::new(database.store(), known);
    Caches {
        users: Arc::new(users),
        clients: Arc::new(clients),
    }
}

/// The log of the security events of a running server.
pub(crate) fn audit(settings: &Settings, database: &Database) -> AuditLog {
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemRandomSource));
    AuditLog::new(database.store(), settings.audit, clock, entropy)
}

/// Reads the current revocations from the store. Later reads drop changed users and clients from
/// the caches.
pub(crate) async fn revocations(
    settings: &Settings,
    database: &Database,
    caches: &Caches,
) -> anyhow::Result<RevocationWatch> {
    let mut set = RevokedSet::new(settings.profile.grant_dialect().subject);
    if let Some(client) = settings.profile.only_client() {
        set = set.with_unnamed_client(ClientId::parse(client)?);
    }
    let watch = RevocationWatch::new(database.store(), Arc::new(set), Arc::new(SystemClock));
    let watch = watch
        .users(Arc::clone(&caches.users))
        .clients(Arc::clone(&caches.clients));
    watch.refresh().await?;
    Ok(watch)
}
