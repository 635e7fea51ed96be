//! A database in which users are logged in and have granted scope to a client.

use scopegate_domain::{
    Acr, AuthenticationMethod, Authorization, AuthorizationCode, ClientId, Clock as _, CodeChallenge, CodeId, Consent,
    Day, EndReason, FamilyId, Lifetime, LoginContext, LoginSession, NewFamily, SecretDigest, SessionId, SystemClock,
    Timestamp, User, Username,
};
use scopegate_store::{AllowOutcome, BeginOutcome, ChangeTime, FamilyKey, RedeemOutcome, Redemption, Store};
use scopegate_store_sql::{DatabaseUrl, SqlStore};
use serde_json::Value;

use crate::shell::Shell;

/// The client of all grants.
pub(crate) const APP: &str = "app";

/// A database with the users `johndoe` and `alice` and the client `app`.
pub(crate) struct GrantedFixture {
    pub(crate) shell: Shell,
    /// The time at which all was granted.
    pub(crate) now: Timestamp,
}

impl GrantedFixture {
    pub(crate) fn new() -> Self {
        let fixture = Self {
            shell: Shell::new(),
            now: SystemClock.now(),
        };
        for name in ["johndoe", "alice"] {
            fixture.json(&["user", "add", name, "--scope", "me items", "--no-password"]);
        }
        let client = ["client", "add", "App", "--id", APP, "--public", "--scope", "me items"];
        let grants = ["--grant", "authorization_code", "--grant", "refresh_token"];
        let uri = ["--redirect-uri", "https://app.example/cb"];
        fixture.json(&[&client[..], &grants, &uri].concat());
        fixture
    }

    /// Runs a command and returns its JSON.
    pub(crate) fn json(&self, line: &[&str]) -> Value {
        self.shell.run(&[line, &["--format", "json"]].concat()).json()
    }

    /// Runs work on the store of the database.
    pub(crate) fn on_store<T>(&self, work: impl AsyncFnOnce(&dyn Store) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let url = DatabaseUrl::file(self.shell.path().join("scopegate.db"));
        runtime.block_on(async {
            let store = SqlStore::open(&url).await.unwrap();
            let done = work(&store).await;
            store.close().await.unwrap();
            done
        })
    }

    /// Returns the newest entries of an event, as lines of JSON.
    pub(crate) fn entries(&self, event: &str) -> Vec<Value> {
        let run = self.shell.run(&["audit", "--event", event, "--format", "json"]);
        assert_eq!(run.status, 0, "{}", run.stderr);
        run.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn login(&self, number: u8) -> LoginContext {
        LoginContext {
            session: SessionId::new(Day::of(self.now + Lifetime::from_minutes(600)), [number; 32]),
            at: self.now,
            acr: Acr::parse("1").unwrap(),
            amr: vec![AuthenticationMethod::Password],
        }
    }

    /// Begins a session, whose digest consists of this number.
    pub(crate) fn log_in(&self, name: &str, number: u8) {
        let login = self.login(number);
        let now = self.now;
        self.on_store(async |store| {
            let session = LoginSession {
                user_id: user(store, name).await.id().clone(),
                login,
                seen_at: now,
                ends_at: now + Lifetime::from_minutes(600),
                idle: Lifetime::from_minutes(600),
                user_agent: "Browser/1".to_owned(),
            };
            let begun = store.sessions().begin(&session, None, 50, ChangeTime::at(now)).await;
            assert_eq!(begun.unwrap(), BeginOutcome::Begun(Vec::new()));
        });
    }

    /// Grants `me` to the client in the session of this number, and redeems the code. The family
    /// ends with the session.
    pub(crate) fn grant(&self, name: &str, number: u8) {
        let code = self.issue(name, number, number);
        self.redeem_as(&code, &self.family(number));
    }

    /// Does the same with a family that continues after its session.
    pub(crate) fn grant_beyond_session(&self, name: &str, number: u8) {
        let code = self.issue(name, number, number);
        let family = NewFamily {
            ends_with_session: false,
            ..self.family(number)
        };
        self.redeem_as(&code, &family);
    }

    fn redeem_as(&self, code: &AuthorizationCode, new: &NewFamily) {
        let outcome = self.redeem(code, new);
        assert!(matches!(outcome, RedeemOutcome::Redeemed(_)), "{outcome:?}");
    }

    /// Issues a code in a session, and does not redeem it.
    pub(crate) fn issue(&self, name: &str, session: u8, number: u8) -> AuthorizationCode {
        let (login, now) = (self.login(session), self.now);
        self.on_store(async |store| {
            let user = user(store, name).await;
            let code = AuthorizationCode {
                id: CodeId::new(Day::of(now + AuthorizationCode::LIFETIME), [number; 32]),
                authorization: Authorization {
                    user_id: user.id().clone(),
                    client_id: client(),
                    scope: "me".parse().unwrap(),
                    resources: Vec::new(),
                    login,
                    key_thumbprint: None,
                    nonce: None,
                },
                redirect_uri: None,
                challenge: CodeChallenge::from_bytes([4; 32]),
                expires_at: now + Lifetime::from_minutes(60),
            };
            let scope = "me".parse().unwrap();
            let consent = Consent::new(user.id().clone(), client(), scope, "items".parse().unwrap(), now);
            let allowed = store.codes().allow(&consent, &code, now).await;
            assert_eq!(allowed.unwrap(), AllowOutcome::Stored);
            code
        })
    }

    pub(crate) fn family(&self, number: u8) -> NewFamily {
        NewFamily {
            id: FamilyId::from_bytes([number; 16]),
            secret_digest: SecretDigest::from_bytes([number; 32]),
            ends_at: self.now + Lifetime::from_minutes(600),
            idle: Lifetime::from_minutes(600),
            ends_with_session: true,
        }
    }

    pub(crate) fn redeem(&self, code: &AuthorizationCode, new: &NewFamily) -> RedeemOutcome {
        let redemption = Redemption {
            code: &code.id,
            client: &client(),
            redirect_uri: None,
            challenge: &code.challenge,
            key_thumbprint: None,
            time: ChangeTime::at(self.now),
            replay_audit: &[],
        };
        self.on_store(async |store| store.codes().redeem(&redemption, new).await.unwrap())
    }

    /// Returns why the family of this number cannot be refreshed.
    pub(crate) fn end(&self, number: u8) -> Option<EndReason> {
        let (family, now) = (self.family(number), SystemClock.now());
        let key = FamilyKey {
            ends_on: family.ends_on(),
            id: family.id,
        };
        self.on_store(async |store| store.families().find(key, now).await.unwrap().unwrap().end)
    }
}

pub(crate) fn client() -> ClientId {
    ClientId::parse(APP).unwrap()
}

async fn user(store: &dyn Store, name: &str) -> User {
    let name = Username::parse(name).unwrap();
    store.users().find(&name).await.unwrap().unwrap()
}
