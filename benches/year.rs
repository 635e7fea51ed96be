//! Simulates a year of 1,000 users with five applications each, and compares the file at its end
//! with that after a month.
//!
//! Each day each user logs in. Two applications get a new grant then: one in the browser, which
//! ends with the session, and one with a backend. The others refresh. The server deletes what has
//! ended once a day. There is no audit log, which is kept for 400 days. It fails above 1.2 times.
//! An argument is another number of users.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench prints and may fail"
)]

use std::path::Path;

use futures_util::future::join_all;
use scopegate_domain::{
    Account, Acr, AuthenticationMethod, Authorization, AuthorizationCode, Client, ClientId, CodeChallenge, CodeId,
    Consent, Day, FamilyId, Generation, Lifetime, LoginContext, LoginSession, NewFamily, PresentedRefresh, Scope,
    SecretDigest, SessionId, Timestamp, User, UserId, Username,
};
use scopegate_store::{
    AllowOutcome, BeginOutcome, ChangeTime, Cleanup, Clients, Codes, Families, FamilyCondition, FamilyKey, News,
    RedeemOutcome, Redemption, RotateOutcome, Rotation, Sessions, Store, Users,
};
use scopegate_store_sql::{DatabaseUrl, SqlStore};
use scopegate_token::{RandomSource as _, SystemRandomSource};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, query_scalar};

const DAY: Lifetime = Lifetime::from_minutes(24 * 60);
const WRITERS: usize = 64;
const MONTH: u32 = 30;

/// How an application keeps its access.
#[derive(Clone, Copy)]
struct Kind {
    idle_days: u32,
    age_days: u32,
    ends_with_session: bool,
    /// The days from one grant to the next. On the others it refreshes.
    grant_every: u32,
}

const APPLICATIONS: [Kind; 5] = {
    let native = Kind {
        idle_days: 30,
        age_days: 180,
        ends_with_session: false,
        grant_every: 179,
    };
    let browser = Kind {
        idle_days: 1,
        age_days: 14,
        ends_with_session: true,
        grant_every: 1,
    };
    let backend = Kind {
        age_days: 365,
        grant_every: 1,
        ..native
    };
    [browser, backend, native, native, native]
};

/// The applications of a user, each with its family.
struct Person {
    number: u32,
    id: UserId,
    session: Option<SessionId>,
    families: [Option<(FamilyKey, Generation)>; APPLICATIONS.len()],
}

const fn days(count: u32) -> Lifetime {
    Lifetime::from_seconds(count * 86_400)
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandomSource.fill(&mut bytes).unwrap();
    bytes
}

fn client(number: usize) -> ClientId {
    ClientId::parse(&format!("application-{number}")).unwrap()
}

impl Person {
    async fn add(store: &SqlStore, number: u32) -> Self {
        let id = UserId::parse(&format!("{number:032}")).unwrap();
        let user = User::new(id.clone(), Username::parse(&format!("user{number}")).unwrap());
        let account = Account {
            user,
            password_hash: None,
        };
        Users::add(store, account).await.unwrap();
        Self {
            number,
            id,
            session: None,
            families: [None; APPLICATIONS.len()],
        }
    }

    /// One day of this user.
    async fn live(&mut self, store: &SqlStore, day: u32, now: Timestamp) {
        let login = self.log_in(store, now).await;
        for (number, kind) in APPLICATIONS.into_iter().enumerate() {
            match self.families[number] {
                Some(family) if !(day + self.number).is_multiple_of(kind.grant_every) => {
                    self.families[number] = Some(self.refresh(store, number, family, now).await);
                }
                _ => self.families[number] = Some(self.grant(store, number, kind, &login, now).await),
            }
        }
    }

    async fn log_in(&mut self, store: &SqlStore, now: Timestamp) -> LoginContext {
        let ends_at = now + DAY;
        let login = LoginContext {
            session: SessionId::new(Day::of(ends_at), random()),
            at: now,
            acr: Acr::parse("1").unwrap(),
            amr: vec![AuthenticationMethod::Password],
        };
        let session = LoginSession {
            user_id: self.id.clone(),
            login: login.clone(),
            seen_at: now,
            ends_at,
            idle: Lifetime::from_minutes(12 * 60),
            user_agent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)".to_owned(),
        };
        let begun = Sessions::begin(store, &session, self.session.as_ref(), 50, at(now)).await;
        assert!(matches!(begun.unwrap(), BeginOutcome::Begun(_)));
        self.session = Some(login.session);
        login
    }

    async fn grant(
        &self,
        store: &SqlStore,
        number: usize,
        kind: Kind,
        login: &LoginContext,
        now: Timestamp,
    ) -> (FamilyKey, Generation) {
        let (client_id, scope): (ClientId, Scope) = (client(number), "items:read items:write".parse().unwrap());
        let code = AuthorizationCode {
            id: CodeId::new(Day::of(now), random()),
            authorization: Authorization {
                user_id: self.id.clone(),
                client_id: client_id.clone(),
                scope: scope.clone(),
                resources: Vec::new(),
                login: login.clone(),
                key_thumbprint: None,
                nonce: None,
            },
            redirect_uri: Some("https://application.example/callback".to_owned()),
            challenge: CodeChallenge::from_bytes(random()),
            expires_at: now + Lifetime::from_seconds(60),
        };
        let consent = Consent::new(self.id.clone(), client_id.clone(), scope, Scope::default(), now);
        assert_eq!(store.allow(&consent, &code, now).await.unwrap(), AllowOutcome::Stored);
        let new = NewFamily {
            id: FamilyId::from_bytes(random()),
            secret_digest: SECRET,
            ends_at: now + days(kind.age_days),
            idle: days(kind.idle_days),
            ends_with_session: kind.ends_with_session,
        };
        let redemption = Redemption {
            code: &code.id,
            client: &client_id,
            redirect_uri: code.redirect_uri.as_deref(),
            challenge: &code.challenge,
            key_thumbprint: None,
            time: at(now),
            replay_audit: &[],
        };
        let redeemed = store.redeem(&redemption, &new).await.unwrap();
        assert!(matches!(redeemed, RedeemOutcome::Redeemed(_)), "{redeemed:?}");
        let key = FamilyKey {
            ends_on: new.ends_on(),
            id: new.id,
        };
        (key, Generation::FIRST)
    }

    async fn refresh(
        &self,
        store: &SqlStore,
        number: usize,
        (key, generation): (FamilyKey, Generation),
        now: Timestamp,
    ) -> (FamilyKey, Generation) {
        let rotation = Rotation {
            condition: &FamilyCondition::NONE,
            family: key.id,
            ends_on: key.ends_on,
            presented: PresentedRefresh {
                generation,
                secret_digest: SECRET,
                client_id: &client(number),
                key_thumbprint: None,
            },
            retry_window: Lifetime::from_seconds(10),
            time: at(now),
            reuse_audit: &[],
        };
        let rotated = store.rotate(&rotation).await.unwrap();
        assert!(matches!(rotated, RotateOutcome::Rotated(_)), "{rotated:?}");
        (key, generation.next().unwrap())
    }
}

/// The digest of the secret of all families: the store compares it and nothing else.
const SECRET: SecretDigest = SecretDigest::from_bytes([2; 32]);

/// The time of a change, as the server states it: access tokens last for ten minutes.
fn at(now: Timestamp) -> ChangeTime {
    ChangeTime {
        now,
        tokens_end_at: now + Lifetime::from_minutes(10),
    }
}

/// Deletes what has ended.
async fn clean(store: &SqlStore, now: Timestamp) {
    let mut cleanup = Cleanup {
        now,
        max: Cleanup::MAX,
        after: None,
    };
    loop {
        let deleted = store.delete_expired(cleanup).await.unwrap();
        if !deleted.has_more {
            break;
        }
        cleanup.after = deleted.examined;
    }
    store.forget_news(now).await.unwrap();
}

/// The MB of the file, with free pages.
async fn megabytes(path: &Path) -> f64 {
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    let size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    let size: i64 = query_scalar(size).fetch_one(&mut connection).await.unwrap();
    f64::from(u32::try_from(size / 1_000).unwrap()) / 1_000.0
}

#[tokio::main]
async fn main() {
    // `cargo test` runs each bench once, without this flag.
    let is_measured = std::env::args().any(|flag| flag == "--bench");
    let users = std::env::args().find_map(|argument| argument.parse().ok());
    let (users, year) = if is_measured {
        (users.unwrap_or(1_000), 365)
    } else {
        (3, MONTH + 2)
    };
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("year.db");
    let store = SqlStore::open(&DatabaseUrl::file(&path)).await.unwrap();
    for number in 0..APPLICATIONS.len() {
        Clients::add(&store, Client::public(client(number), "Application"))
            .await
            .unwrap();
    }
    let mut people = Vec::new();
    for number in 0..users {
        people.push(Person::add(&store, number).await);
    }
    let (mut now, mut month) = (Timestamp::from_unix(1_700_000_000), None);
    for day in 1..=year {
        for some in people.chunks_mut(WRITERS) {
            join_all(some.iter_mut().map(|person| person.live(&store, day, now))).await;
        }
        clean(&store, now).await;
        if day == MONTH {
            month = Some(megabytes(&path).await);
        }
        now = now + DAY;
    }
    let (month, end) = (month.unwrap(), megabytes(&path).await);
    let ratio = end / month;
    println!("{users} users: {month:.1} MB after {MONTH} days, {end:.1} MB after {year}, {ratio:.3} times");
    for (table, rows) in store.count_rows().await.unwrap() {
        println!("{table}: {rows}");
    }
    assert!(ratio <= 1.2 || !is_measured, "above 1.2 times");
}
