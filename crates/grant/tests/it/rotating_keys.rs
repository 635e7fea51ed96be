//! Keys of an issuer with several nodes over one store.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use scopegate_domain::{
    AccessTokenClaims, Audience, ClientId, Issuer, KeyId, Lifetime, ManualClock, StoredKey, Timestamp, TokenId,
};
use scopegate_grant::{KeyEncryptionKeyError, KeyEncryptionKeySource, KeyRotationError, RotatingKeys};
use scopegate_store::{BoxFuture, MemoryStore, SigningKeys, Store};
use scopegate_token::{
    Algorithm, EnvelopeError, KeyEncryptionKey, KeyRingError, KeySchedule, PayloadBuffer, Signer, SigningKey,
    SystemRandomSource, TokenRules, Verifier, VerifyError,
};

const HOUR: Lifetime = Lifetime::from_minutes(60);
const HALF: Lifetime = Lifetime::from_minutes(30);
const DAY: Lifetime = Lifetime::from_seconds(24 * 60 * 60);

struct RotationFixture {
    store: Arc<MemoryStore>,
    kek: Arc<KeyEncryptionKey>,
    clock: Arc<ManualClock>,
}

impl RotationFixture {
    fn new() -> Self {
        Self {
            store: Arc::new(MemoryStore::new()),
            kek: Arc::new(KeyEncryptionKey::generate(&SystemRandomSource).unwrap()),
            clock: Arc::new(ManualClock::at(Timestamp::from_unix(1_700_000_000))),
        }
    }

    fn node(&self) -> RotatingKeys {
        self.node_for(Arc::clone(&self.kek), HALF)
    }

    fn node_for(&self, kek: Arc<KeyEncryptionKey>, lifetime: Lifetime) -> RotatingKeys {
        let store: Arc<dyn Store> = self.store.clone();
        RotatingKeys::new(store, kek, KeySchedule::new(HOUR, Some(DAY)), lifetime).clock(self.clock.clone())
    }

    async fn rows(&self) -> Vec<StoredKey> {
        SigningKeys::list(&*self.store).await.unwrap()
    }

    fn now(&self) -> Timestamp {
        scopegate_domain::Clock::now(&*self.clock)
    }

    fn token(&self, key: SigningKey, lifetime: Lifetime) -> String {
        let claims = AccessTokenClaims::new("u1", self.now(), lifetime)
            .with_client_id(ClientId::parse("app").unwrap())
            .with_token_id(TokenId::parse("t1").unwrap());
        Signer::new(rules(), key).issue(&claims).unwrap().expose().to_owned()
    }

    fn verify(&self, node: &RotatingKeys, token: &str) -> Result<(), VerifyError> {
        let verifier = Verifier::new(rules(), node.active().unwrap().trusted);
        verifier.verify(token, self.now(), &mut PayloadBuffer::new()).map(drop)
    }
}

fn rules() -> TokenRules {
    let (issuer, audience) = (Issuer::parse("https://a.example"), Audience::parse("https://a.example"));
    TokenRules::rfc9068(issuer.unwrap(), audience.unwrap())
}

#[tokio::test]
async fn key_is_published_before_and_after_signing() {
    let fixture = RotationFixture::new();
    let (one, other) = (fixture.node(), fixture.node());
    let first = one.refresh().await.unwrap().signs;
    assert_eq!(other.refresh().await.unwrap().signs, first, "there is one first key");

    let added = one.rotate().await.unwrap();
    assert!(matches!(
        other.rotate().await,
        Err(KeyRotationError::Ring(KeyRingError::NextPending { .. }))
    ));
    for node in [&one, &other] {
        let active = node.refresh().await.unwrap();
        assert_eq!((&active.signs, active.published.iter().count()), (&first, 2));
        assert_eq!(active.next_change, Some(added.used_from));
    }
    fixture.clock.advance(Lifetime::from_seconds(3_599));
    let old = fixture.token(one.signing_key().unwrap(), HALF);
    fixture.clock.advance(Lifetime::from_seconds(1));
    // No new read is necessary: the keys that were read an hour ago contain it.
    assert_eq!(other.active().unwrap().signs, added.id);
    assert_eq!(other.signing_key().unwrap().id(), Some(&added.id));
    fixture.clock.advance(Lifetime::from_seconds(1_798));
    other.refresh().await.unwrap();
    assert_eq!(fixture.verify(&other, &old), Ok(()));
    fixture.clock.advance(Lifetime::from_seconds(1));
    assert_eq!(fixture.verify(&other, &old), Err(VerifyError::Expired));

    fixture.clock.advance(Lifetime::from_seconds(301));
    assert_eq!(other.refresh().await.unwrap().published.iter().count(), 1);
    assert_eq!(fixture.verify(&other, &old), Err(VerifyError::UnknownKey));
    assert_eq!(fixture.rows().await.len(), 1, "what nobody needs is not kept");
    assert_eq!(one.refresh().await.unwrap().signs, added.id);
}

#[tokio::test]
async fn due_rotation_happens_once() {
    let fixture = RotationFixture::new();
    let nodes = [fixture.node(), fixture.node(), fixture.node()];
    for node in &nodes {
        node.refresh().await.unwrap();
    }
    fixture.clock.advance(Lifetime::from_seconds(23 * 60 * 60 - 1));
    for node in &nodes {
        assert_eq!(node.refresh().await.unwrap().published.iter().count(), 1);
    }
    fixture.clock.advance(Lifetime::from_seconds(1));
    let (a, b, c) = tokio::join!(nodes[0].refresh(), nodes[1].refresh(), nodes[2].refresh());
    for active in [a, b, c] {
        assert_eq!(active.unwrap().published.iter().count(), 2);
    }
    let rows = fixture.rows().await;
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1].used_from, rows[0].used_from + DAY);
}

#[tokio::test]
async fn longer_lifetime_is_stored_before_use() {
    let fixture = RotationFixture::new();
    fixture.node().refresh().await.unwrap();
    let long = fixture.node_for(Arc::clone(&fixture.kek), DAY);
    long.refresh().await.unwrap();
    assert_eq!(fixture.rows().await[0].token_lifetime, DAY);
    let token = fixture.token(long.signing_key().unwrap(), DAY);
    let node = fixture.node();
    node.rotate().await.unwrap();
    assert_eq!(
        fixture.rows().await[1].token_lifetime,
        DAY,
        "whoever rotates may not know it"
    );
    fixture.clock.advance(Lifetime::from_seconds(24 * 60 * 60 - 1));
    node.refresh().await.unwrap();
    assert_eq!(fixture.verify(&node, &token), Ok(()));
}

#[tokio::test]
async fn foreign_key_in_store_is_untrusted() {
    let fixture = RotationFixture::new();
    let node = fixture.node();
    let good = node.refresh().await.unwrap();
    let row = fixture.rows().await[0].clone();
    let stranger = KeyEncryptionKey::generate(&SystemRandomSource).unwrap();
    let key = SigningKey::es256_generate().unwrap();
    let id = KeyId::parse("mine").unwrap();
    for (sealed, fault) in [
        (row.sealed.clone(), EnvelopeError::OtherRow),
        (
            stranger
                .seal(&id, "ES256", key.to_pkcs8().unwrap(), &SystemRandomSource)
                .unwrap(),
            EnvelopeError::OtherKey,
        ),
        (b"x".to_vec(), EnvelopeError::TooShort),
    ] {
        let forged = StoredKey {
            id: id.clone(),
            epoch: 2,
            published_at: row.used_from,
            used_from: row.used_from + HOUR,
            sealed,
            ..row.clone()
        };
        let store = Arc::new(MemoryStore::new());
        for key in [row.clone(), forged] {
            assert!(store.rotate(key).await.unwrap());
        }
        let other =
            RotatingKeys::new(store, Arc::clone(&fixture.kek), *node.schedule(), HALF).clock(fixture.clock.clone());
        let error = other.refresh().await.unwrap_err();
        assert!(
            matches!(&error, KeyRotationError::Sealed { fault: found, .. } if *found == fault),
            "{error}"
        );
    }
    let token = fixture.token(key.with_id(good.signs.clone()), HALF);
    assert_eq!(fixture.verify(&node, &token), Err(VerifyError::Signature));
}

#[tokio::test]
async fn keys_are_resealed_while_in_use() {
    let fixture = RotationFixture::new();
    let running = fixture.node();
    running.refresh().await.unwrap();
    let added = running.rotate().await.unwrap();
    let new = Arc::new(KeyEncryptionKey::generate(&SystemRandomSource).unwrap());
    assert_eq!(fixture.node().rewrap(&new).await.unwrap(), 2);
    assert!(fixture.rows().await.iter().all(|key| new.has_sealed(&key.sealed)));

    let error = fixture.node().refresh().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "key `{}`: stored key was sealed with another key-encryption key",
            fixture.rows().await[0].id
        )
    );
    let again = fixture.node_for(Arc::clone(&new), HALF);
    assert_eq!(again.refresh().await.unwrap().published.iter().count(), 2);
    // A running node continues, also with the next key. It adds no key that nodes with the new
    // key-encryption key could not open. It reports that in time.
    fixture.clock.advance(HOUR);
    assert!(is_sealed_by_another(&running.refresh().await.unwrap_err()));
    assert_eq!(running.active().unwrap().signs, added.id);
    assert_eq!(running.signing_key().unwrap().id(), Some(&added.id));
    assert!(is_sealed_by_another(&running.rotate().await.unwrap_err()));
    assert!(fixture.node().rewrap(&new).await.is_err());
}

fn is_sealed_by_another(error: &KeyRotationError) -> bool {
    let fault = EnvelopeError::OtherKey;
    matches!(error, KeyRotationError::Sealed { fault: found, .. } if *found == fault)
}

/// The contents of a file, and how often it was read.
#[derive(Debug)]
struct File {
    now: Mutex<Option<Arc<KeyEncryptionKey>>>,
    reads: AtomicUsize,
}

impl KeyEncryptionKeySource for File {
    fn read<'a>(
        &'a self,
        _: &'a dyn SigningKeys,
    ) -> BoxFuture<'a, Result<Arc<KeyEncryptionKey>, KeyEncryptionKeyError>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let key = self.now.lock().unwrap().clone();
        Box::pin(async move { key.ok_or_else(|| "it is gone".into()) })
    }
}

#[tokio::test]
async fn running_node_reloads_key_encryption_key() {
    let fixture = RotationFixture::new();
    let file = Arc::new(File {
        now: Mutex::new(Some(Arc::clone(&fixture.kek))),
        reads: AtomicUsize::new(0),
    });
    let reads = || file.reads.load(Ordering::SeqCst);
    let store: Arc<dyn Store> = fixture.store.clone();
    let source: Arc<dyn KeyEncryptionKeySource> = file.clone();
    let schedule = KeySchedule::new(HOUR, Some(DAY));
    let node = RotatingKeys::sealed_by(store, source, schedule, HALF).clock(fixture.clock.clone());
    let first = node.refresh().await.unwrap().signs;
    node.refresh().await.unwrap();
    assert_eq!(reads(), 1, "once, where it fits");

    // All keys are sealed again, and the file has not changed yet, or it is missing: no key is
    // added, the others are used.
    let new = Arc::new(KeyEncryptionKey::generate(&SystemRandomSource).unwrap());
    fixture.node().rewrap(&new).await.unwrap();
    fixture.clock.advance(DAY);
    assert!(is_sealed_by_another(&node.refresh().await.unwrap_err()));
    *file.now.lock().unwrap() = None;
    assert_eq!(node.refresh().await.unwrap_err().to_string(), "it is gone");
    assert_eq!(
        (node.active().unwrap().signs, fixture.rows().await.len()),
        (first.clone(), 1)
    );

    // Now it has changed: the due key is added, sealed like the others, and a key from another node
    // can be used.
    *file.now.lock().unwrap() = Some(Arc::clone(&new));
    assert_eq!(node.refresh().await.unwrap().published.iter().count(), 2);
    assert!(fixture.rows().await.iter().all(|key| new.has_sealed(&key.sealed)));
    fixture.clock.advance(HOUR);
    let added = fixture.node_for(Arc::clone(&new), HALF).rotate().await.unwrap();
    assert!(
        node.refresh()
            .await
            .unwrap()
            .published
            .iter()
            .any(|key| key.id() == Some(&added.id))
    );

    // An operation that needs no key-encryption key does not read one.
    *file.now.lock().unwrap() = None;
    let (store, source): (Arc<dyn Store>, Arc<dyn KeyEncryptionKeySource>) = (fixture.store.clone(), file.clone());
    let other = RotatingKeys::sealed_by(store, source, schedule, HALF).clock(fixture.clock.clone());
    assert!(other.remove(&first).await.unwrap().is_some());
    let last = other.remove(&added.id).await.unwrap().unwrap().signs;
    assert!(other.remove(&last.id).await.is_err(), "another is needed");
    assert_eq!(fixture.rows().await, [last]);
}

#[tokio::test]
async fn removed_key_has_a_successor() {
    let fixture = RotationFixture::new();
    let (node, other) = (fixture.node(), fixture.node());
    let first = node.refresh().await.unwrap().signs;
    other.refresh().await.unwrap();
    assert!(node.remove(&KeyId::parse("none").unwrap()).await.unwrap().is_none());

    // The only key is removed: a new one signs.
    let token = fixture.token(other.signing_key().unwrap(), HALF);
    let gone = node.remove(&first).await.unwrap().unwrap();
    assert_eq!((&gone.removed.id, gone.signs.used_from), (&first, fixture.now()));
    assert_eq!(fixture.verify(&other, &token), Ok(()), "it has not looked yet");
    let active = other.refresh().await.unwrap();
    assert_eq!((&active.signs, active.published.iter().count()), (&gone.signs.id, 1));
    assert_eq!(fixture.verify(&other, &token), Err(VerifyError::UnknownKey));
    assert!(node.remove(&first).await.unwrap().is_none(), "it is removed once");

    // The next key exists: it does not wait for its time. A key that signed before remains valid,
    // and does not sign again.
    let second = gone.signs.id;
    let next = node.rotate().await.unwrap();
    let gone = node.remove(&second).await.unwrap().unwrap();
    assert_eq!((&gone.signs.id, gone.signs.used_from), (&next.id, fixture.now()));
    assert_eq!(other.refresh().await.unwrap().signs, next.id);
    let last = node.rotate().await.unwrap();
    fixture.clock.advance(HOUR);
    let token = fixture.token(other.signing_key().unwrap(), HALF);
    assert_eq!(fixture.verify(&other, &token), Ok(()));
    // A retired key, and one that has not signed yet: the same key continues to sign.
    assert_eq!(node.remove(&next.id).await.unwrap().unwrap().signs.id, last.id);
    let waiting = node.rotate().await.unwrap();
    assert_eq!(node.remove(&waiting.id).await.unwrap().unwrap().signs.id, last.id);
    let active = other.refresh().await.unwrap();
    assert_eq!((&active.signs, active.published.iter().count()), (&last.id, 1));
    node.rotate().await.unwrap();
    assert_eq!(node.refresh().await.unwrap().published.iter().count(), 2);
}

#[tokio::test]
async fn keys_are_removed_by_many_at_once_and_one_is_left() {
    let fixture = RotationFixture::new();
    let nodes = [fixture.node(), fixture.node(), fixture.node()];
    let first = nodes[0].refresh().await.unwrap().signs;
    let (a, b, c) = tokio::join!(nodes[0].remove(&first), nodes[1].remove(&first), nodes[2].rotate());
    let removed = [a, b].into_iter().filter_map(|removed| removed.unwrap()).count();
    assert_eq!(removed, 1);
    c.unwrap();
    let signs = nodes[2].refresh().await.unwrap().signs;
    assert!(signs != first && fixture.rows().await.iter().all(|key| key.id != first));
}

#[tokio::test]
async fn reused_key_id_is_another_key() {
    let fixture = RotationFixture::new();
    let (node, other) = (fixture.node(), fixture.node());
    let named = || {
        SigningKey::es256_generate()
            .unwrap()
            .with_id(KeyId::parse("own").unwrap())
    };
    let id = node.add(named()).await.unwrap().id;
    other.refresh().await.unwrap();
    let old = fixture.token(other.signing_key().unwrap(), HALF);
    // The next key takes over, and is replaced by one with the name and number of the first.
    node.remove(&id).await.unwrap().unwrap();
    let again = node.add(named()).await.unwrap();
    let next = node.remove(&again.id).await.unwrap().unwrap().signs;
    node.add(named()).await.unwrap();
    other.refresh().await.unwrap();
    let active = other.active().unwrap();
    assert_eq!((&active.signs, active.published.iter().count()), (&next.id, 2));
    assert_eq!(
        fixture.verify(&other, &old),
        Err(VerifyError::Signature),
        "`own` is another one now"
    );
    // The same again, with the epoch that it had.
    let rows = fixture.rows().await;
    let removed = node.remove(&id).await.unwrap().unwrap().removed;
    let replaced = node.add(named()).await.unwrap();
    assert_eq!((&replaced.id, replaced.epoch), (&removed.id, rows[1].epoch));
    fixture.clock.advance(HOUR);
    let token = fixture.token(node.signing_key().unwrap(), HALF);
    other.refresh().await.unwrap();
    assert_eq!(fixture.verify(&other, &token), Ok(()));
}

/// The replacement cannot be opened here, or the rows do not form a ring: the removed key is still
/// not trusted.
#[tokio::test]
async fn removed_key_is_untrusted_despite_other_errors() {
    for is_ring in [true, false] {
        let fixture = RotationFixture::new();
        let node = fixture.node();
        node.refresh().await.unwrap();
        let token = fixture.token(node.signing_key().unwrap(), HALF);
        assert_eq!(fixture.verify(&node, &token), Ok(()));

        let rows = fixture.rows().await;
        let [row] = rows.as_slice() else { panic!("{rows:?}") };
        let strange = |id: &str, epoch| StoredKey {
            id: KeyId::parse(id).unwrap(),
            epoch,
            ..row.clone()
        };
        let new = [strange("x", 7), strange("y", 8)];
        assert!(
            fixture
                .store
                .replace(&rows, &new[usize::from(is_ring)..])
                .await
                .unwrap()
        );
        node.refresh().await.unwrap_err();
        assert_eq!(node.active().unwrap().trusted.iter().count(), 0);
        assert_eq!(fixture.verify(&node, &token), Err(VerifyError::UnknownKey));
        assert!(matches!(node.signing_key(), Err(KeyRotationError::Empty)));
    }
}

#[tokio::test]
async fn adopted_key_remains_valid_after_rotation() {
    let fixture = RotationFixture::new();
    let legacy = || SigningKey::es256_from_pkcs8(DOCUMENT.with(Clone::clone)).unwrap();
    let token = fixture.token(legacy(), HALF);
    let node = fixture.node();
    assert!(node.adopt(legacy()).await.unwrap());
    assert!(
        node.adopt(legacy()).await.unwrap(),
        "taken over once, and good for ever"
    );
    assert!(!node.adopt(SigningKey::es256_generate().unwrap()).await.unwrap());
    assert_eq!(fixture.rows().await.len(), 1);
    node.rotate().await.unwrap();
    let active = node.refresh().await.unwrap();
    assert_eq!(active.published.iter().count(), 2);
    assert!(
        active.published.iter().all(|key| key.id().is_some()),
        "it is shown once, by its id"
    );
    assert_eq!(
        fixture.verify(&node, &token),
        Ok(()),
        "it names no key, and there are two"
    );
    let named = fixture.token(node.signing_key().unwrap(), HALF);
    assert_eq!(fixture.verify(&node, &named), Ok(()));
}

thread_local! {
    static DOCUMENT: scopegate_domain::Secret<Vec<u8>> = SigningKey::es256_generate().unwrap().to_pkcs8().unwrap().clone();
}

#[tokio::test]
async fn keys_made_elsewhere_are_taken_in() {
    let fixture = RotationFixture::new();
    let node = fixture.node();
    let key = SigningKey::generate(Algorithm::EdDsa)
        .unwrap()
        .with_id(KeyId::parse("own").unwrap());
    let added = node.add(key).await.unwrap();
    assert_eq!((added.id.as_str(), added.algorithm.as_str()), ("own", "EdDSA"));
    assert_eq!(
        node.active().unwrap().signs.as_str(),
        "own",
        "the first key signs at once"
    );
    let again = SigningKey::es256_generate().unwrap().with_id(added.id);
    assert!(matches!(node.add(again).await, Err(KeyRotationError::IdTaken { .. })));
    let secret = scopegate_domain::Secret::new(vec![7; 32]);
    let shared = SigningKey::hs256(&secret).unwrap();
    assert!(matches!(node.add(shared).await, Err(KeyRotationError::Unsealable)));
    let token = fixture.token(node.signing_key().unwrap(), HALF);
    assert_eq!(fixture.verify(&node, &token), Ok(()));
}

#[tokio::test]
async fn nothing_was_read_yet() {
    let node = RotationFixture::new().node();
    assert!(matches!(node.active(), Err(KeyRotationError::Empty)));
    assert!(matches!(node.signing_key(), Err(KeyRotationError::Empty)));
    assert!(!format!("{node:?}").contains("opened"));
}

/// A key each day, refreshed each hour, for a year: the store and the published set stay small.
#[tokio::test]
async fn a_year_of_rotations_leaves_few_keys() {
    let fixture = RotationFixture::new();
    let node = fixture.node();
    let (mut most_rows, mut most_published, mut signers) = (0, 0, std::collections::BTreeSet::new());
    for _ in 0..365 * 24 {
        let active = node.refresh().await.unwrap();
        signers.insert(active.signs.to_string());
        most_rows = most_rows.max(fixture.rows().await.len());
        most_published = most_published.max(active.published.iter().count());
        fixture.clock.advance(HOUR);
    }
    assert!(signers.len() >= 350, "{}", signers.len());
    assert!(most_rows <= 4 && most_published <= 4, "{most_rows} {most_published}");
}
