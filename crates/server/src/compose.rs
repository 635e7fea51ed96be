//! Puts the parts together. Only this module chooses the database, the keys and the rules.

mod backup;
mod check;
mod database;
mod issuers;
mod kek;
mod key;
mod opening;
mod private_file;
mod shadow;

use std::sync::Arc;

use scopegate_domain::{Audience, Catalog, ClientId, Issuer, SystemClock};
use scopegate_grant::{AuthorizationServer, GrantProfile, HashingLimits, RevocationWatch};
use scopegate_http::policy::OperationTable;
use scopegate_http::{BearerTokens, Gate, GateBuilder, Profile as HttpProfile};
use scopegate_portal::TokenEndpoint;
use scopegate_store::UsersCache;
use scopegate_token::{PasswordHasher, PasswordPolicy, RevokedSet, Signer, SubjectClaim, TokenRules, Verifier};

use crate::config::{Profile, Settings};
use crate::demo;
use crate::key_refresh::KeyRefresh;

pub(crate) use self::backup::{Copied, KekOutcome, backup, restore};
pub(crate) use self::check::{Checked, check, check_database, warnings};
pub(crate) use self::database::{Access, Database, has_database};
pub(crate) use self::issuers::{TrustedIssuer, fetch as fetch_keys};
pub(crate) use self::kek::KeyEncryptionKeySource;
pub(crate) use self::key::{ring, unopened_ring};
pub(crate) use self::opening::expect_no_side_file;

/// The verifier and the signer, and in the RFC profile the tasks that refresh their keys.
struct Keys {
    verifier: Arc<Verifier>,
    signer: Arc<Signer>,
    live: Option<KeyRefresh>,
}

async fn keys(settings: &Settings, database: &Database, issuer: Issuer) -> anyhow::Result<Keys> {
    match settings.profile {
        Profile::Rfc => {
            let live = key::live(settings, database, &rfc9068(settings, issuer)?).await?;
            Ok(Keys {
                verifier: Arc::clone(&live.verifier),
                signer: Arc::clone(&live.signer),
                live: Some(live),
            })
        }
        Profile::Tutorial => {
            let (rules, key) = (TokenRules::tutorial(), key::hs256(settings.secret_key.as_ref())?);
            Ok(Keys {
                verifier: Arc::new(Verifier::new(rules.clone(), key.verifying_key())),
                signer: Arc::new(Signer::new(rules, key)),
                live: None,
            })
        }
    }
}

/// The issuers whose tokens are accepted, and the revoked tokens.
pub(crate) struct TrustSettings<'a> {
    pub(crate) others: &'a [TrustedIssuer],
    pub(crate) revoked: Arc<RevokedSet>,
}

/// The tutorial's API and its authorization server as one gate, with a shadow policy if one is set.
///
/// Also returns the keys that must be refreshed while the server runs.
pub(crate) async fn gate(
    settings: &Settings,
    database: &Database,
    issuer: Issuer,
    trust: TrustSettings<'_>,
    proposed: Option<OperationTable>,
) -> anyhow::Result<(Gate, Option<KeyRefresh>)> {
    let Keys { verifier, signer, live } = keys(settings, database, issuer).await?;
    let catalog = demo::catalog(offers_password_grant(settings))?;
    let tokens = BearerTokens::new(verifier)
        .cache_bytes(settings.token_cache_bytes)
        .revoked(trust.revoked);
    let server = authorization_server(settings, database, catalog.clone(), signer)?;
    let age = settings.user_cache_age.lifetime();
    let users = UsersCache::new(database.store(), Arc::new(SystemClock), age);
    let token_endpoint =
        TokenEndpoint::new(demo::TOKEN_PATH, server).trusted_proxies(settings.guessing.trusted_proxies.clone());
    let gate = Gate::builder(catalog)
        .bearer(demo::SCHEME, tokens)
        .users(Arc::new(users))
        .body_limit(settings.limits.body_limit.get())
        .body_timeout(settings.limits.body_timeout)
        .site(token_endpoint);
    let gate = if settings.demo {
        gate.docs_for_client(demo::CLIENT)
    } else {
        gate.docs()
    };
    // The FastAPI tutorial has nothing at `/`.
    let gate = match settings.profile {
        Profile::Rfc => gate.docs_at_root(),
        Profile::Tutorial => gate,
    };
    let gate = match &live {
        Some(live) => gate.site(live.published.clone()),
        // A shared secret has no public key.
        None => gate,
    };
    let gate = match settings.cors_origins.cors() {
        Some(cors) => gate.cors(cors.clone()),
        None => gate,
    };
    let gate = gate
        .info("Scopegate", env!("CARGO_PKG_VERSION"))
        .profile(match settings.profile {
            Profile::Rfc => HttpProfile::Rfc,
            Profile::Tutorial => HttpProfile::Tutorial,
        });
    let gate = match proposed {
        Some(proposed) => gate.shadow(proposed),
        None => gate,
    };
    let gate = issuers::add(gate, trust.others);
    let gate = demo::operations().into_iter().fold(gate, GateBuilder::operation);
    Ok((gate.build()?, live))
}

/// Whether the server offers the password grant. The tutorial's profile has only this grant.
pub(crate) fn offers_password_grant(settings: &Settings) -> bool {
    settings.password_grant || settings.profile == Profile::Tutorial
}

fn authorization_server(
    settings: &Settings,
    database: &Database,
    catalog: Catalog,
    signer: Arc<Signer>,
) -> anyhow::Result<AuthorizationServer> {
    let policy = PasswordPolicy::default();
    let policy = if settings.rehash {
        policy
    } else {
        policy.without_rehash()
    };
    let slots = settings.hashing_slots.get();
    let profile = match settings.profile {
        Profile::Rfc => GrantProfile::Rfc,
        Profile::Tutorial => GrantProfile::Tutorial {
            client: ClientId::parse(demo::CLIENT)?,
        },
    };
    let server = AuthorizationServer::builder(database.store(), signer, catalog)
        .profile(profile)
        .password_grant(settings.password_grant)
        .throttled(settings.guessing.is_throttled)
        .lifetime(key::token_lifetime(settings)?)
        .hasher(PasswordHasher::new(policy))
        .hashing_limits(HashingLimits {
            slots,
            queue: settings.hashing_queue.get(),
        });
    Ok(server.build())
}

/// Reads the current revocations from the store.
pub(crate) async fn revocations(settings: &Settings, database: &Database) -> anyhow::Result<RevocationWatch> {
    let watch = |set| RevocationWatch::new(database.store(), Arc::new(set), Arc::new(SystemClock));
    let watch = match settings.profile {
        Profile::Rfc => watch(RevokedSet::new(SubjectClaim::UserId)),
        // The tutorial's tokens contain neither an issue time nor a client: there is one client.
        Profile::Tutorial => {
            watch(RevokedSet::new(SubjectClaim::Username).with_unnamed_client(ClientId::parse(demo::CLIENT)?))
                .for_unsaid(key::token_lifetime(settings)?)
        }
    };
    watch.refresh().await?;
    Ok(watch)
}

fn rfc9068(settings: &Settings, issuer: Issuer) -> anyhow::Result<TokenRules> {
    let audience = settings
        .audience
        .clone()
        .map_or_else(|| Audience::parse(issuer.as_str()), Ok)?;
    Ok(TokenRules::rfc9068(issuer, audience))
}
