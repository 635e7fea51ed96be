//! Any history of tokens, keys, users and revocations. A gate with a cache answers as one without.
//! Both answer as a model that knows no token's text.

use crate::common::Profile;
use proptest::collection::vec;
use proptest::prelude::*;
use scopegate_http::domain::{KeyId, Username};
use scopegate_http::store::MemoryStore;
use scopegate_http::token::KeySet;

use super::*;

const USERS: [&str; 2] = ["johndoe", "alice"];
const CLIENTS: [&str; 2] = ["c1", "c2"];

#[derive(Clone, Debug)]
enum HistoryStep {
    Advance(u32),
    Ask(usize),
    Forget,
    Issue {
        user: usize,
        client: usize,
        seconds: u32,
    },
    RevokeClient(usize),
    RevokeToken(usize),
    RevokeUser(usize),
    /// The next key signs; the one before is trusted still.
    Rotate,
    /// Only the key that signs is trusted.
    Retire,
    SetStatus(usize, bool),
}

fn step() -> impl Strategy<Value = HistoryStep> {
    prop_oneof![
        2 => (0u32..20).prop_map(HistoryStep::Advance),
        12 => (0usize..12).prop_map(HistoryStep::Ask),
        1 => Just(HistoryStep::Forget),
        5 => (0..USERS.len(), 0..CLIENTS.len(), 1u32..90)
            .prop_map(|(user, client, seconds)| HistoryStep::Issue { user, client, seconds }),
        1 => (0..CLIENTS.len()).prop_map(HistoryStep::RevokeClient),
        1 => (0usize..12).prop_map(HistoryStep::RevokeToken),
        1 => (0..USERS.len()).prop_map(HistoryStep::RevokeUser),
        1 => Just(HistoryStep::Rotate),
        1 => Just(HistoryStep::Retire),
        1 => (0..USERS.len(), any::<bool>()).prop_map(|(user, is_active)| HistoryStep::SetStatus(user, is_active)),
    ]
}

/// What the model knows of a token.
struct ModelToken {
    text: String,
    user: usize,
    client: usize,
    key: u32,
    issued_at: i64,
    expires: i64,
    is_revoked: bool,
}

/// What holds, in plain numbers.
#[derive(Default)]
struct Model {
    now: i64,
    key: u32,
    oldest_key: u32,
    tokens: Vec<ModelToken>,
    clients: [Option<i64>; 2],
    users: [Option<i64>; 2],
    disabled: [bool; 2],
}

impl Model {
    fn status(&self, token: &ModelToken) -> u16 {
        let is_good = self.now < token.expires
            && token.key >= self.oldest_key
            && !token.is_revoked
            && self.clients[token.client].is_none_or(|until| until < token.issued_at)
            && self.users[token.user].is_none_or(|until| until < token.issued_at);
        match (is_good, self.disabled[token.user]) {
            (false, _) => 401,
            (true, true) => 403,
            (true, false) => 200,
        }
    }
}

struct History {
    model: Model,
    clock: Arc<ManualClock>,
    verifier: Verifier,
    revoked: Arc<RevokedSet>,
    users: Arc<UsersCache>,
    remembering: Gate,
    plain: Gate,
}

impl History {
    async fn new(bytes: usize) -> Self {
        let clock = common::clock();
        let store = common::users().await;
        let behind: Arc<dyn Store> = Arc::<MemoryStore>::clone(&store);
        let age = Lifetime::from_minutes(60);
        let users = Arc::new(UsersCache::new(behind, Arc::<ManualClock>::clone(&clock), age));
        let verifier = Verifier::new(rules(), signing_key(0).verifying_key());
        let revoked = Arc::new(RevokedSet::new(SubjectClaim::UserId));
        let gate = |users: Arc<dyn Users>, bytes| {
            // A clone trusts the same keys.
            let tokens = BearerTokens::new(verifier.clone())
                .revoked(Arc::clone(&revoked))
                .cache_bytes(bytes);
            let guard = Guard::requires([ME])
                .check(ActiveUser)
                .depends_on(&Guard::user())
                .with_scheme("oauth");
            builder(&clock)
                .dialect(Profile::Rfc.dialect())
                .bearer("oauth", tokens)
                .users(users)
                .operation(get("/me").guard(guard).then(|| async { "me" }))
                .build()
                .unwrap()
        };
        let (remembering, plain) = (gate(Arc::<UsersCache>::clone(&users), bytes), gate(store, 0));
        let model = Model {
            now: NOW.as_unix(),
            disabled: [false, true],
            ..Model::default()
        };
        Self {
            model,
            clock,
            verifier,
            revoked,
            users,
            remembering,
            plain,
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.model.now)
    }

    fn revoke(&self, whose: Revoked) {
        self.revoked.add([Revocation::until(whose, self.now())]);
    }

    async fn step(&mut self, step: &HistoryStep) -> Result<(), TestCaseError> {
        match *step {
            HistoryStep::Advance(seconds) => {
                self.model.now += i64::from(seconds);
                self.clock.set(self.now());
            }
            HistoryStep::Ask(number) => self.ask(number).await?,
            HistoryStep::Forget => self.revoked.forget(self.now()),
            HistoryStep::Issue { user, client, seconds } => self.issue(user, client, seconds),
            HistoryStep::RevokeClient(client) => {
                self.model.clients[client] = Some(self.model.now);
                self.revoke(Revoked::Client(ClientId::parse(CLIENTS[client]).unwrap()));
            }
            HistoryStep::RevokeToken(number) => {
                if let Some(token) = self.model.tokens.get_mut(number) {
                    token.is_revoked = true;
                    self.revoke(Revoked::Token(TokenId::parse(&number.to_string()).unwrap()));
                }
            }
            HistoryStep::RevokeUser(user) => {
                self.model.users[user] = Some(self.model.now);
                self.revoke(Revoked::User {
                    id: UserId::parse(USERS[user]).unwrap(),
                    username: Username::parse(USERS[user]).unwrap(),
                });
            }
            HistoryStep::Rotate => {
                self.model.oldest_key = self.model.key;
                self.model.key += 1;
                self.trust();
            }
            HistoryStep::Retire => {
                self.model.oldest_key = self.model.key;
                self.trust();
            }
            HistoryStep::SetStatus(user, is_active) => {
                self.model.disabled[user] = !is_active;
                let status = if is_active {
                    UserStatus::Active
                } else {
                    UserStatus::Disabled
                };
                let id = UserId::parse(USERS[user]).unwrap();
                Users::set_status(&*self.users, &id, status).await.unwrap();
            }
        }
        Ok(())
    }

    fn trust(&self) {
        let keys = (self.model.oldest_key..=self.model.key).map(|number| signing_key(number).verifying_key());
        self.verifier.replace_keys(KeySet::new(keys).unwrap());
    }

    fn issue(&mut self, user: usize, client: usize, seconds: u32) {
        let number = self.model.tokens.len();
        let claims = AccessTokenClaims::new(USERS[user], self.now(), Lifetime::from_seconds(seconds))
            .with_scopes([ME])
            .with_client_id(ClientId::parse(CLIENTS[client]).unwrap())
            .with_token_id(TokenId::parse(&number.to_string()).unwrap());
        let signer = Signer::new(rules(), signing_key(self.model.key));
        self.model.tokens.push(ModelToken {
            text: signer.issue(&claims).unwrap().expose().to_owned(),
            user,
            client,
            key: self.model.key,
            issued_at: self.model.now,
            expires: self.model.now + i64::from(seconds),
            is_revoked: false,
        });
    }

    async fn ask(&self, number: usize) -> Result<(), TestCaseError> {
        let Some(token) = self.model.tokens.get(number) else {
            return Ok(());
        };
        // Twice each: the second answer comes from the cache, if the answer is cached.
        let (one, other) = (
            get_with(&self.remembering, "/me", &token.text).await,
            get_with(&self.plain, "/me", &token.text).await,
        );
        prop_assert_eq!(one.status, other.status);
        prop_assert_eq!(one.challenges(), other.challenges());
        prop_assert_eq!(&one.body, &other.body);
        prop_assert_eq!(one.status.as_u16(), self.model.status(token));
        Ok(())
    }
}

/// The key of this number, with an id of its own.
fn signing_key(number: u32) -> SigningKey {
    let id = KeyId::parse(&number.to_string()).unwrap();
    key(&char::from_digit(number % 36, 36).unwrap().to_string()).with_id(id)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(400), ..ProptestConfig::default() })]

    #[test]
    fn remembering_changes_no_answer(steps in vec(step(), 1..60), is_small in any::<bool>()) {
        // A small one holds two or three tokens, so that they evict each other.
        let bytes = if is_small { 2_500 } else { BearerTokens::CACHE_BYTES };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut history = History::new(bytes).await;
            for step in &steps {
                history.step(step).await?;
            }
            Ok::<(), TestCaseError>(())
        })?;
    }
}
