//! A user, a client and what the user grants to it: the values of the cases about grants.

use std::sync::Arc;

use scopegate_domain::{
    Account, Acr, Audience, AuthenticationMethod, Authorization, AuthorizationCode, Client, ClientId, CodeChallenge,
    CodeId, Consent, Day, EndReason, FamilyId, Generation, KeyThumbprint, Lifetime, LoginContext, LoginSession,
    NewFamily, NewsLane, NewsPosition, PresentedRefresh, Revocation, Revoked, SecretDigest, SessionId, Timestamp, User,
    UserStatus,
};

use super::values::{user_id, username};
use crate::{
    AllowOutcome, BeginOutcome, ChangeTime, FamilyCondition, FamilyKey, NewsItem, NewsPage, NewsReader, RedeemOutcome,
    Redemption, RotateOutcome, Rotation, Store,
};

/// The first second of a day.
pub(super) const DAY: i64 = 20_000 * 86_400;

/// A time some seconds after the begin.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(DAY + seconds)
}

pub(super) fn time(seconds: i64) -> ChangeTime {
    ChangeTime::at(at(seconds))
}

pub(super) fn client_id(text: &str) -> ClientId {
    ClientId::parse(text).unwrap()
}

/// The redirect URI of all codes.
pub(super) const URI: &str = "https://app.example/cb";

/// The owner of the grants of a case.
#[derive(Clone)]
pub(super) struct World {
    pub(super) store: Arc<dyn Store>,
    pub(super) user: User,
    pub(super) client: ClientId,
}

impl World {
    /// Adds the user `u1` and the client `c1`.
    pub(super) async fn new(store: &Arc<dyn Store>) -> Self {
        Self::of(store, "u1", "c1").await
    }

    pub(super) async fn of(store: &Arc<dyn Store>, user: &str, client: &str) -> Self {
        let world = Self {
            store: Arc::clone(store),
            user: User::new(user_id(user), username(&format!("name of {user}"))),
            client: client_id(client),
        };
        world.add_user().await;
        world.add_client().await;
        world
    }

    pub(super) async fn add_user(&self) {
        let account = Account {
            user: self.user.clone(),
            password_hash: None,
        };
        self.store.users().add(account).await.unwrap();
    }

    pub(super) async fn add_client(&self) {
        let client = Client::public(self.client.clone(), "App");
        self.store.clients().add(client).await.unwrap();
    }

    /// A session from 0 to 1,000,000 s.
    pub(super) fn session(&self, number: u8) -> LoginSession {
        let ends_at = at(1_000_000);
        LoginSession {
            user_id: self.user.id().clone(),
            login: login(number, ends_at),
            seen_at: at(0),
            ends_at,
            idle: Lifetime::from_seconds(1_000_000),
            user_agent: "Browser/1".to_owned(),
        }
    }

    pub(super) async fn begin(&self, number: u8) -> SessionId {
        let session = self.session(number);
        self.begin_session(&session).await;
        *session.id()
    }

    pub(super) async fn begin_session(&self, session: &LoginSession) {
        let begun = self.store.sessions().begin(session, None, 50, time(0)).await;
        assert_eq!(begun.unwrap(), BeginOutcome::Begun(Vec::new()));
    }

    pub(super) fn consent(&self, scope: &str, refused: &str, seconds: i64) -> Consent {
        Consent::new(
            self.user.id().clone(),
            self.client.clone(),
            scope.parse().unwrap(),
            refused.parse().unwrap(),
            at(seconds),
        )
    }

    /// A code of a session, which expires after 60 s.
    pub(super) fn code(&self, number: u8, session: u8) -> AuthorizationCode {
        AuthorizationCode {
            id: CodeId::new(Day::of(at(60)), [number; 32]),
            authorization: Authorization {
                user_id: self.user.id().clone(),
                client_id: self.client.clone(),
                scope: "b a".parse().unwrap(),
                resources: vec![Audience::parse("https://api.example/x").unwrap()],
                login: login(session, at(1_000_000)),
                key_thumbprint: Some(KeyThumbprint::from_bytes([3; 32])),
                nonce: Some("n 1".to_owned()),
            },
            redirect_uri: Some(URI.to_owned()),
            challenge: CodeChallenge::from_bytes([4; 32]),
            expires_at: at(60),
        }
    }

    pub(super) async fn allow(&self, code: &AuthorizationCode) {
        let consent = self.consent("a b", "", 0);
        let allowed = self.store.codes().allow(&consent, code, at(0)).await;
        assert_eq!(allowed.unwrap(), AllowOutcome::Stored);
    }

    /// What the client presents for a code at a time.
    pub(super) fn redemption<'a>(&'a self, code: &'a AuthorizationCode, seconds: i64) -> Redemption<'a> {
        Redemption {
            code: &code.id,
            client: &self.client,
            redirect_uri: code.redirect_uri.as_deref(),
            challenge: &code.challenge,
            key_thumbprint: code.authorization.key_thumbprint.as_ref(),
            time: time(seconds),
            replay_audit: &[],
        }
    }

    pub(super) async fn redeem(&self, code: &AuthorizationCode, new: &NewFamily, seconds: i64) -> RedeemOutcome {
        let redemption = self.redemption(code, seconds);
        self.store.codes().redeem(&redemption, new).await.unwrap()
    }

    /// Begins the session, issues a code and redeems it at 0 s. All have this number.
    pub(super) async fn family(&self, number: u8, ends_with_session: bool) -> NewFamily {
        self.begin(number).await;
        self.family_of(number, number, ends_with_session).await
    }

    /// The same in a session that has begun.
    pub(super) async fn family_of(&self, session: u8, number: u8, ends_with_session: bool) -> NewFamily {
        let code = self.code(number, session);
        self.allow(&code).await;
        let new = NewFamily {
            ends_with_session,
            ..new_family(number)
        };
        let redeemed = self.redeem(&code, &new, 0).await;
        assert!(matches!(redeemed, RedeemOutcome::Redeemed(_)), "{redeemed:?}");
        new
    }

    /// What the client presents for a generation of a family at a time.
    pub(super) fn rotation(&self, family: &NewFamily, generation: u32, seconds: i64) -> Rotation<'_> {
        Rotation {
            family: family.id,
            ends_on: family.ends_on(),
            presented: PresentedRefresh {
                generation: Generation::from_number(generation),
                secret_digest: family.secret_digest,
                client_id: &self.client,
                key_thumbprint: Some(const { &KeyThumbprint::from_bytes([3; 32]) }),
            },
            retry_window: Lifetime::from_seconds(10),
            condition: &FamilyCondition::NONE,
            time: time(seconds),
            reuse_audit: &[],
        }
    }

    pub(super) async fn rotate(&self, family: &NewFamily, generation: u32, seconds: i64) -> RotateOutcome {
        let rotation = self.rotation(family, generation, seconds);
        self.store.families().rotate(&rotation).await.unwrap()
    }

    /// Expects a rotation, and returns the generation of the row.
    pub(super) async fn rotated(&self, family: &NewFamily, generation: u32, seconds: i64) -> u32 {
        match self.rotate(family, generation, seconds).await {
            RotateOutcome::Rotated(found) => found.0.generation.number(),
            other => panic!("{other:?}"),
        }
    }

    /// Returns what was revoked, in the order of each lane.
    pub(super) async fn revoked(&self) -> Vec<Revoked> {
        revoked(&*self.store).await
    }
}

pub(super) fn login(number: u8, ends_at: Timestamp) -> LoginContext {
    LoginContext {
        session: SessionId::new(Day::of(ends_at), [number; 32]),
        at: at(number.into()),
        acr: Acr::parse("1").unwrap(),
        amr: vec![AuthenticationMethod::Password],
    }
}

/// A family of 2,000 s that may be idle for 1,000 s.
pub(super) fn new_family(number: u8) -> NewFamily {
    NewFamily {
        id: FamilyId::from_bytes([number; 16]),
        secret_digest: SecretDigest::from_bytes([number; 32]),
        ends_at: at(2_000),
        idle: Lifetime::from_seconds(1_000),
        ends_with_session: true,
    }
}

pub(super) fn key(family: &NewFamily) -> FamilyKey {
    FamilyKey {
        ends_on: family.ends_on(),
        id: family.id,
    }
}

/// Returns what was revoked, in the order of each lane.
pub(super) async fn revoked(store: &dyn Store) -> Vec<Revoked> {
    let mut revoked = Vec::new();
    let mut add = |page| {
        let NewsPage::Entries(entries) = page else { return };
        revoked.extend(entries.into_iter().filter_map(|entry| match entry.item {
            NewsItem::Revoked(revocation) => Some(revocation.whose().clone()),
            _ => None,
        }));
    };
    NewsReader::new().read(store.news(), &mut add).await.unwrap();
    revoked
}

/// Returns the last place of the lane of a subject.
pub(super) async fn place(store: &dyn Store, subject: &str) -> i64 {
    let position: NewsPosition = store.news().heads().await.unwrap().last(subject);
    assert_eq!(position.lane(), NewsLane::of(subject));
    position.place()
}

pub(super) fn of_user(world: &World) -> Revocation {
    let whose = Revoked::User {
        id: world.user.id().clone(),
        username: world.user.username().clone(),
    };
    Revocation::until(whose, at(0))
}

pub(super) fn of_client(world: &World) -> Revocation {
    Revocation::until(Revoked::Client(world.client.clone()), at(0))
}

pub(super) async fn set_status(world: &World, status: UserStatus) {
    let users = world.store.users();
    assert!(users.set_status(world.user.id(), status).await.unwrap());
}

pub(super) fn is_redeemed(outcome: &RedeemOutcome) -> bool {
    matches!(outcome, RedeemOutcome::Redeemed(_))
}

pub(super) async fn issued(store: &Arc<dyn Store>) -> (World, AuthorizationCode) {
    let world = World::new(store).await;
    world.begin(1).await;
    let code = world.code(1, 1);
    world.allow(&code).await;
    (world, code)
}

pub(super) fn is_rotated(outcome: &RotateOutcome) -> bool {
    matches!(outcome, RotateOutcome::Rotated(_))
}

/// Returns why a family cannot be refreshed.
pub(super) async fn why(store: &Arc<dyn Store>, family: &NewFamily, seconds: i64) -> Option<EndReason> {
    let found = store.families().find(key(family), at(seconds)).await.unwrap();
    found.unwrap().end
}
