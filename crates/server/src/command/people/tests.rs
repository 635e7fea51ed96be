//! The lists of sessions and consents read pages, counted by the metrics of the store.

use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusBuilder;
use scopegate_domain::{
    Account, Acr, AuthenticationMethod, Authorization, AuthorizationCode, Client, ClientId, Clock as _, CodeChallenge,
    CodeId, Consent, Day, Lifetime, LoginContext, LoginSession, SessionId, SystemClock, User, UserId, Username,
};
use scopegate_store::{ChangeTime, Store};
use scopegate_store_sql::{DatabaseUrl, SqlStore};

use super::PAGE;
use crate::arguments::RowLimit;
use crate::command::{consent, session};

/// The users that have a session and a consent. More than two pages of users have none.
const GRANTED: u8 = 30;

async fn store() -> Arc<dyn Store> {
    let store: Arc<dyn Store> = Arc::new(SqlStore::open(&DatabaseUrl::memory()).await.unwrap());
    store.clients().add(Client::public(app(), "App")).await.unwrap();
    for number in 0..2 * PAGE + 10 {
        let name = format!("user{number:05}");
        let user = User::new(UserId::parse(&name).unwrap(), Username::parse(&name).unwrap());
        let account = Account {
            user,
            password_hash: None,
        };
        store.users().add(account).await.unwrap();
        if let Some(number) = u8::try_from(number).ok().filter(|number| *number < GRANTED) {
            grant(&*store, &UserId::parse(&name).unwrap(), number).await;
        }
    }
    store
}

fn app() -> ClientId {
    ClientId::parse("app").unwrap()
}

async fn grant(store: &dyn Store, user: &UserId, number: u8) {
    let now = SystemClock.now();
    let ends_at = now + Lifetime::from_minutes(600);
    let login = LoginContext {
        session: SessionId::new(Day::of(ends_at), [number; 32]),
        at: now,
        acr: Acr::parse("1").unwrap(),
        amr: vec![AuthenticationMethod::Password],
    };
    let session = LoginSession {
        user_id: user.clone(),
        login: login.clone(),
        seen_at: now,
        ends_at,
        idle: Lifetime::from_minutes(600),
        user_agent: String::new(),
    };
    let begun = store.sessions().begin(&session, None, 50, ChangeTime::at(now)).await;
    begun.unwrap();
    let code = AuthorizationCode {
        id: CodeId::new(Day::of(now), [number; 32]),
        authorization: Authorization {
            user_id: user.clone(),
            client_id: app(),
            scope: "me".parse().unwrap(),
            resources: Vec::new(),
            login,
            key_thumbprint: None,
            nonce: None,
        },
        redirect_uri: None,
        challenge: CodeChallenge::from_bytes([4; 32]),
        expires_at: now,
    };
    let consent = Consent::new(user.clone(), app(), "me".parse().unwrap(), "".parse().unwrap(), now);
    store.codes().allow(&consent, &code, now).await.unwrap();
}

#[test]
fn lists_read_no_more_than_their_limit() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    metrics::with_local_recorder(&recorder, || {
        runtime.unwrap().block_on(async {
            let store = store().await;
            let limit = RowLimit { rows: 10 };
            let calls = |method: &str| {
                let name = format!("scopegate_store_duration_seconds_count{{method=\"{method}\"}} ");
                let metrics = recorder.handle().render();
                let count = metrics.lines().find_map(|line| line.strip_prefix(&name)).unwrap();
                count.parse::<u64>().unwrap()
            };
            let sessions = session::read(&*store, None, limit).await.unwrap();
            assert_eq!((sessions.rows.len(), sessions.has_more), (10, true));
            assert_eq!((calls("users.list"), calls("sessions.of_user")), (1, 11));
            let consents = consent::read(&*store, None, None, limit).await.unwrap();
            assert_eq!((consents.rows.len(), consents.has_more), (10, true));
            assert_eq!((calls("users.list"), calls("consents.of_user")), (2, 11));
            // One user is read by name.
            let sessions = session::read(&*store, Some("user00007"), limit).await.unwrap();
            let consents = consent::read(&*store, Some("user00007"), None, limit).await.unwrap();
            assert_eq!((sessions.rows.len(), consents.rows.len()), (1, 1));
            assert_eq!((calls("users.list"), calls("sessions.of_user")), (2, 12));
            // All are read in pages of users.
            let all = RowLimit { rows: 10_000 };
            let sessions = session::read(&*store, None, all).await.unwrap();
            assert_eq!((sessions.rows.len(), sessions.has_more), (GRANTED.into(), false));
            assert_eq!(calls("users.list"), 5);
        });
    });
}
