//! A server over one of the stores, and the clients and browsers of a life.

use std::sync::Arc;
use std::time::Duration;

use scopegate_domain::{
    Audience, Client, ClientAuthMethod, ClientId, GrantType, Issuer, KeyId, Lifetime, ManualClock, PasswordHash,
    RedirectUri, SealedSecret, Secret, SecretPurpose, Timestamp,
};
use scopegate_grant::{
    AccessTokens, AuthorizationEndpoint, AuthorizationServer, ClientCredentials, RequestOrigin, RevocationWatch,
    SecretRings, ServerSecrets, UserAccounts,
};
use scopegate_store::{ClientsCache, Store, UsersCache};
use scopegate_token::{
    Algorithm, ClientSecret, KeyEncryptionKey, KeySet, PasswordHasher, PasswordPolicy, RevokedSet, ServerSecret,
    Signer, SigningKey, SubjectClaim, SystemRandomSource, TokenRules, Verifier,
};

use super::backend::{Backend, BackendKind, OpenCopy};
use super::model::{CLIENTS, USERS};
use super::step::{ALL, scope_text};
use crate::common::{NOW, add_user, catalog, scope, service, user};
use crate::people::{ISSUER, PAGE, TOOL, WEB};

/// The longest time that a value is cached. The log of changes is read after each step.
const CACHED: Lifetime = Lifetime::from_seconds(5);

/// What survives a restart.
pub(super) struct Kept {
    pub(super) backend: Backend,
    /// The store of the backend, until it restarts.
    store: Arc<dyn Store>,
    pub(super) clock: Arc<ManualClock>,
    kek: KeyEncryptionKey,
    keys: Vec<(KeyId, Secret<Vec<u8>>)>,
    rotations: u32,
    pub(super) clients: [Client; 3],
    /// The credentials of each client.
    pub(super) headers: [ClientCredentials; 3],
    /// Those of a resource server.
    pub(super) reader: ClientCredentials,
}

fn policy() -> PasswordPolicy {
    PasswordPolicy::argon2id(64, 1, 1).unwrap()
}

fn password_hash() -> PasswordHash {
    let password = Secret::new("secret".to_owned());
    let hashed = PasswordHasher::new(policy()).hash(&password, &SystemRandomSource);
    hashed.unwrap()
}

fn registered(id: &str, uri: &str) -> Client {
    Client::public(ClientId::parse(id).unwrap(), id)
        .with_redirect_uris([RedirectUri::parse(uri).unwrap()])
        .with_grant_types([GrantType::AuthorizationCode, GrantType::RefreshToken])
        .with_scope(scope(scope_text(ALL)))
}

impl Kept {
    pub(super) async fn new(kind: BackendKind) -> Self {
        let backend = Backend::new(kind).await;
        let store = backend.store();
        let hash = password_hash();
        for name in USERS {
            let user = user(name).with_scope(scope(scope_text(ALL)));
            add_user(&*store, user, Some(hash.expose())).await;
        }
        let secret = ClientSecret::generate(&SystemRandomSource).unwrap();
        let web = registered(CLIENTS[0], WEB).with_secret(secret.digest());
        let web = web
            .with_auth_method(ClientAuthMethod::SecretBasic)
            .with_introspection(true);
        let clients = [web, registered(CLIENTS[1], PAGE), registered(CLIENTS[2], TOOL)];
        let (reader, header) = service("reader", scope(""));
        for client in clients.iter().cloned().chain([reader.with_introspection(true)]) {
            store.clients().add(client).await.unwrap();
        }
        let basic = ClientCredentials::Basic {
            id: CLIENTS[0].to_owned(),
            secret: Secret::new(secret.expose().to_owned()),
        };
        let mut kept = Self {
            backend,
            store,
            clock: Arc::new(ManualClock::at(NOW)),
            kek: KeyEncryptionKey::generate(&SystemRandomSource).unwrap(),
            keys: Vec::new(),
            rotations: 0,
            clients,
            headers: [basic, ClientCredentials::Absent, ClientCredentials::Absent],
            reader: header,
        };
        kept.rotate_keys();
        kept.rotate_secrets().await;
        kept
    }

    pub(super) fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Ends the process: only what is stored survives.
    pub(super) async fn restart(&mut self) {
        self.backend.restart().await;
        self.store = self.backend.store();
    }

    /// Adds a key, which signs from now on.
    pub(super) fn rotate_keys(&mut self) {
        self.rotations += 1;
        let id = KeyId::parse(&format!("key-{}", self.rotations)).unwrap();
        let pkcs8 = SigningKey::es256_generate().unwrap().to_pkcs8().unwrap().clone();
        self.keys.push((id, pkcs8));
    }

    pub(super) fn remove_old_keys(&mut self) {
        self.keys.drain(..self.keys.len() - 1);
    }

    fn all_keys(&self) -> impl Iterator<Item = SigningKey> {
        self.keys.iter().map(|(id, pkcs8)| {
            let key = SigningKey::from_pkcs8(Algorithm::Es256, pkcs8.clone());
            key.unwrap().with_id(id.clone())
        })
    }

    /// Adds a version of each server secret. The ones before stay valid.
    pub(super) async fn rotate_secrets(&self) {
        let rows = self.store().secrets().sealed_secrets().await.unwrap();
        for purpose in SecretPurpose::ALL.iter().copied() {
            let version = 1 + rows
                .iter()
                .filter(|row| row.purpose == purpose)
                .map(|row| row.version)
                .max()
                .unwrap_or(0);
            let secret = ServerSecret::generate(purpose, version, &SystemRandomSource).unwrap();
            let sealed = SealedSecret {
                purpose,
                version,
                created_at: NOW,
                verifies_until: None,
                sealed: secret.seal(&self.kek, &SystemRandomSource).unwrap(),
            };
            let added = self.store().secrets().add_secret_version(sealed, Timestamp::MAX);
            assert!(added.await.unwrap());
        }
    }

    /// Removes all versions of the server secrets except the last ones.
    pub(super) async fn remove_old_secrets(&self) {
        let rows = self.store().secrets().sealed_secrets().await.unwrap();
        for row in &rows {
            let removed = self.store().secrets().remove_secrets_through(row.purpose, row.version);
            removed.await.unwrap();
        }
    }

    pub(super) async fn rings(&self) -> SecretRings {
        let now = scopegate_domain::Clock::now(&*self.clock);
        SecretRings::load(self.store(), &self.kek, now, &SystemRandomSource)
            .await
            .unwrap()
    }
}

/// A running server.
pub(super) struct LifeNode {
    pub(super) server: AuthorizationServer,
    pub(super) endpoint: AuthorizationEndpoint,
    pub(super) accounts: UserAccounts,
    pub(super) tokens: AccessTokens,
    pub(super) watch: Arc<RevocationWatch>,
    secrets: Arc<ServerSecrets>,
    signer: Arc<Signer>,
    pub(super) verifier: Verifier,
    pub(super) origin: RequestOrigin,
}

impl LifeNode {
    /// Starts a server on what is kept.
    pub(super) async fn start(kept: &Kept) -> Self {
        let rules = TokenRules::rfc9068(Issuer::parse(ISSUER).unwrap(), Audience::parse(ISSUER).unwrap());
        let signer = Arc::new(Signer::new(rules.clone(), kept.all_keys().last().unwrap()));
        let trusted = KeySet::new(kept.all_keys().map(|key| key.verifying_key())).unwrap();
        let verifier = Verifier::new(rules, trusted);
        let secrets = Arc::new(ServerSecrets::new(kept.rings().await));
        let users = Arc::new(UsersCache::new(kept.store.clone(), kept.clock.clone(), CACHED));
        let clients = Arc::new(ClientsCache::new(kept.store.clone(), CACHED));
        let set = Arc::new(RevokedSet::new(SubjectClaim::UserId));
        let watch = RevocationWatch::new(kept.store.clone(), set, kept.clock.clone());
        let watch = Arc::new(watch.users(users.clone()).clients(clients.clone()));
        watch.refresh().await.unwrap();
        let server = server(kept, &signer, &secrets, kept.store.clone())
            .clients(clients)
            .revocations(watch.clone())
            .build();
        let tokens = AccessTokens::new(server.clone(), &verifier, watch.clone(), users);
        Self {
            endpoint: server.authorization_endpoint().unwrap(),
            accounts: server.user_accounts().unwrap(),
            // Thousands of answers are about inactive tokens, and their time is tested elsewhere.
            tokens: tokens.inactive_time(Duration::ZERO),
            server,
            watch,
            secrets,
            signer,
            verifier,
            origin: RequestOrigin::default(),
        }
    }

    /// A server over a copy of the store, so that its changes have no effect on this one.
    pub(super) fn fork(&self, kept: &Kept, copy: &OpenCopy) -> AuthorizationServer {
        server(kept, &self.signer, &self.secrets, copy.store.clone()).build()
    }

    pub(super) fn replace_keys(&self, kept: &Kept) {
        let trusted = KeySet::new(kept.all_keys().map(|key| key.verifying_key())).unwrap();
        self.verifier.replace_keys(trusted);
        self.signer.replace_key(kept.all_keys().last().unwrap());
    }

    pub(super) async fn replace_secrets(&self, kept: &Kept) {
        self.secrets.replace(kept.rings().await);
    }
}

fn server(
    kept: &Kept,
    signer: &Arc<Signer>,
    secrets: &Arc<ServerSecrets>,
    store: Arc<dyn Store>,
) -> scopegate_grant::AuthorizationServerBuilder {
    AuthorizationServer::builder(store, Arc::clone(signer), catalog())
        .code_grant(Issuer::parse(ISSUER).unwrap(), Arc::clone(secrets))
        .hasher(PasswordHasher::new(policy()))
        .throttled(false)
        .clock(kept.clock.clone())
}
