//! A server with users and clients of every kind.

use std::sync::Arc;

use scopegate_domain::{
    Account, Catalog, Client, ClientId, GrantType, Lifetime, ManualClock, PasswordHash, Scope, ScopeToken, Secret,
    SecurityScheme, Timestamp, User, UserId, UserStatus, Username,
};
use scopegate_grant::{
    AuthorizationServer, AuthorizationServerBuilder, ClientCredentials, Dialect, DisabledUserLogin, NameMatch, Params,
    RequestedScope,
};
use scopegate_store::{Clients, MemoryStore, Store};
use scopegate_token::{ClientSecret, Signer, SigningKey, SubjectClaim, SystemRandomSource, TokenRules};

pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);
pub(crate) const KEY: &str = "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7";
/// bcrypt of `secret`, cost 4.
pub(crate) const BCRYPT: &str = "$2b$04$EixZaYVK1fsbw1ZfbX3OXecuEWXLp80MtU.0.8ZM4wHF7LiXJMApO";

pub(crate) fn scope(text: &str) -> Scope {
    text.parse().unwrap()
}

pub(crate) fn catalog() -> Catalog {
    Catalog::builder()
        .scheme("OAuth2PasswordBearer", SecurityScheme::oauth2_password("token"))
        .scope(
            ScopeToken::from_static("me"),
            "Read information about the current user.",
        )
        .scope(ScopeToken::from_static("items"), "Read items.")
        .build()
        .unwrap()
}

pub(crate) fn client(id: &str) -> Client {
    Client::public(ClientId::parse(id).unwrap(), id)
        .with_grant_types([GrantType::Password])
        .with_scope(scope("me items"))
}

/// A confidential client, and the header with its secret.
pub(crate) fn service(id: &str, ceiling: Scope) -> (Client, ClientCredentials) {
    let secret = ClientSecret::generate(&SystemRandomSource).unwrap();
    let client = Client::confidential(ClientId::parse(id).unwrap(), id, secret.digest())
        .with_grant_types([GrantType::ClientCredentials])
        .with_scope(ceiling);
    let secret = Secret::new(secret.expose().to_owned());
    let header = ClientCredentials::Basic {
        id: id.to_owned(),
        secret,
    };
    (client, header)
}

pub(crate) fn user(name: &str) -> User {
    User::new(
        UserId::parse(&format!("id-of-{name}")).unwrap(),
        Username::parse(name).unwrap(),
    )
    .with_scope(scope("me items"))
}

pub(crate) async fn add_user(store: &dyn Store, user: User, hash: Option<&str>) {
    let password_hash = hash.map(PasswordHash::from_stored);
    store.users().add(Account { user, password_hash }).await.unwrap();
}

/// Returns a store with `johndoe`, and `alice` who is disabled, both with the password `secret`
/// under bcrypt; the public client `demo-app`.
pub(crate) async fn store() -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new());
    add_user(&*store, user("johndoe"), Some(BCRYPT)).await;
    add_user(&*store, user("alice").with_status(UserStatus::Disabled), Some(BCRYPT)).await;
    clients(&store).add(client("demo-app")).await.unwrap();
    store
}

pub(crate) fn builder(store: &Arc<MemoryStore>) -> AuthorizationServerBuilder {
    let key = SigningKey::hs256(&Secret::new(String::from(KEY))).unwrap();
    let signer = Signer::new(TokenRules::shared_secret(), key);
    AuthorizationServer::builder(store.clone(), signer, catalog())
        .password_grant(true)
        .password_lifetime(Lifetime::from_minutes(30))
        .clock(Arc::new(ManualClock::at(NOW)))
}

/// A dialect that differs from the RFC in every setting.
pub(crate) fn lax() -> Dialect {
    Dialect {
        subject: SubjectClaim::Username,
        username: |name| Username::from_stored(name).ok(),
        names: NameMatch::Exact,
        disabled_users: DisabledUserLogin::Allow,
        accepts_nul: true,
        scope: |text| {
            let words = text.unwrap_or_default().split(' ');
            let tokens = words.filter_map(|word| ScopeToken::parse(word).ok());
            Ok(RequestedScope::List(tokens.collect()))
        },
    }
}

pub(crate) fn clients(store: &MemoryStore) -> &dyn Clients {
    store
}

pub(crate) fn params(pairs: &[(&str, &str)]) -> Params {
    pairs.iter().copied().collect()
}
