//! Cached clients: a change by another process takes effect in time.

use std::sync::Arc;

use scopegate_domain::{
    Client, Clock as _, ErrorCode, Lifetime, ManualClock, RegisteredSecret, Revocation, Revoked, Secret,
};
use scopegate_grant::{AuthorizationServer, ClientCredentials, RevocationWatch, TokenSet};
use scopegate_store::{AddSecretOutcome, Clients as _, ClientsCache, DisableAndRevoke, MemoryStore, News as _, Store};
use scopegate_token::{
    ClientSecret, PayloadBuffer, RevokedSet, SigningKey, SubjectClaim, SystemRandomSource, TokenRules, Verifier,
};

use crate::common::{KEY, NOW, builder, clients, params, scope, service, store};

struct Fixture {
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
    watch: RevocationWatch,
    server: AuthorizationServer,
    client: Client,
    header: ClientCredentials,
}

/// A server that has cached the service `billing`.
async fn fixture() -> Fixture {
    let (store, clock) = (store().await, Arc::new(ManualClock::at(NOW)));
    let (client, header) = service("billing", scope("me items"));
    clients(&store).add(client.clone()).await.unwrap();
    let cache = Arc::new(ClientsCache::new(store.clone(), Lifetime::from_seconds(5)));
    let behind: Arc<dyn Store> = store.clone();
    let set = Arc::new(RevokedSet::new(SubjectClaim::UserId));
    let watch = RevocationWatch::new(behind, set, clock.clone()).clients(Arc::clone(&cache));
    watch.refresh().await.unwrap();
    let server = builder(&store).clock(clock.clone()).clients(Arc::clone(&cache)).build();
    let fixture = Fixture {
        store,
        clock,
        watch,
        server,
        client,
        header,
    };
    fixture.token(&fixture.header).await.unwrap();
    assert!(cache.cached("billing", fixture.clock.now_in_microseconds()).is_some());
    fixture
}

impl Fixture {
    async fn token(&self, header: &ClientCredentials) -> Result<TokenSet, ErrorCode> {
        let form = params(&[("grant_type", "client_credentials")]);
        self.server.token(&form, header).await.map_err(|refused| refused.code())
    }

    fn is_revoked(&self, tokens: &TokenSet) -> bool {
        let key = SigningKey::hs256(&Secret::new(KEY.to_owned())).unwrap();
        let verifier = Verifier::new(TokenRules::shared_secret(), key.verifying_key());
        let mut buffer = PayloadBuffer::new();
        let claims = verifier.verify(tokens.access_token().expose(), self.clock.now(), &mut buffer);
        self.watch.set().has(&claims.unwrap())
    }

    /// Lowers the ceiling and revokes the tokens, as another process does.
    async fn lower_ceiling(&self) {
        let new = self.client.clone().with_scope(scope("me"));
        let change = DisableAndRevoke::UpdateClient {
            old: &self.client,
            new: &new,
        };
        let revocation = Revocation::until(Revoked::Client(new.id().clone()), self.clock.now());
        assert!(self.store.withdraw(change, &revocation).await.unwrap());
    }
}

/// The token of an outdated client has a position before that of the revocation.
#[tokio::test]
async fn token_of_a_stale_client_is_covered() {
    let fixture = fixture().await;
    fixture.lower_ceiling().await;
    let stale = fixture.token(&fixture.header).await.unwrap();
    assert_eq!(stale.scope(), &scope("me items"));
    fixture.watch.refresh().await.unwrap();
    assert!(fixture.is_revoked(&stale));
    let current = fixture.token(&fixture.header).await.unwrap();
    assert_eq!(current.scope(), &scope("me"));
    assert!(!fixture.is_revoked(&current));
}

#[tokio::test]
async fn clients_are_read_while_the_log_is_not() {
    let fixture = fixture().await;
    fixture.lower_ceiling().await;
    fixture.clock.advance(Lifetime::from_seconds(5));
    let current = fixture.token(&fixture.header).await.unwrap();
    assert_eq!(current.scope(), &scope("me"));
}

#[tokio::test]
async fn new_secret_works_at_once() {
    let fixture = fixture().await;
    let secret = ClientSecret::generate(&SystemRandomSource).unwrap();
    let added = fixture
        .store
        .add_secret(fixture.client.id(), RegisteredSecret::new(secret.digest()));
    assert_eq!(added.await.unwrap(), AddSecretOutcome::Added);
    let header = ClientCredentials::Basic {
        id: "billing".to_owned(),
        secret: Secret::new(secret.expose().to_owned()),
    };
    assert!(fixture.token(&header).await.is_ok());
    assert!(fixture.token(&fixture.header).await.is_ok());
}

#[tokio::test]
async fn removed_secret_is_refused_after_the_log_is_read() {
    let fixture = fixture().await;
    let digest = *fixture.client.secrets().first().unwrap().digest();
    assert!(fixture.store.remove_secret(fixture.client.id(), &digest).await.unwrap());
    fixture.watch.refresh().await.unwrap();
    assert_eq!(
        fixture.token(&fixture.header).await.unwrap_err(),
        ErrorCode::InvalidClient
    );
}

/// A refusal by an outdated value is not answered.
#[tokio::test]
async fn new_grant_works_at_once() {
    let fixture = fixture().await;
    let without = fixture.client.clone().with_grant_types([]);
    assert!(fixture.store.update(&fixture.client, &without).await.unwrap());
    fixture.watch.refresh().await.unwrap();
    assert_eq!(
        fixture.token(&fixture.header).await.unwrap_err(),
        ErrorCode::UnauthorizedClient
    );
    assert!(fixture.store.update(&without, &fixture.client).await.unwrap());
    assert!(fixture.token(&fixture.header).await.is_ok());
}

#[tokio::test]
async fn removed_client_is_refused_after_the_log_is_read() {
    let fixture = fixture().await;
    let id = fixture.client.id();
    let revocation = Revocation::until(Revoked::Client(id.clone()), NOW);
    let removed = fixture.store.withdraw(DisableAndRevoke::RemoveClient(id), &revocation);
    assert!(removed.await.unwrap());
    fixture.watch.refresh().await.unwrap();
    assert_eq!(
        fixture.token(&fixture.header).await.unwrap_err(),
        ErrorCode::InvalidClient
    );
}
