//! A pass deletes all that has ended, in batches, and shows what is left.

use metrics_exporter_prometheus::PrometheusBuilder;
use scopegate_domain::{
    Account, Acr, AuditEntry, AuditEvent, AuditId, AuthenticationMethod, Client, ClientId, Day, Lifetime, LoginContext,
    LoginSession, SessionId, User, UserId, Username,
};
use scopegate_store::ChangeTime;
use scopegate_store_sql::{DatabaseUrl, SqlStore};

use super::*;

const DAY: i64 = 86_400;

/// The begin of a day.
const BEGIN: Timestamp = Timestamp::from_unix(20_000 * DAY);

/// Begins a session of the user `u1` that ends after these seconds.
async fn begin(store: &dyn Store, number: u16, seconds: u32) {
    let ends_at = BEGIN + Lifetime::from_seconds(seconds);
    let mut id = [0; 32];
    id[..2].copy_from_slice(&number.to_be_bytes());
    let login = LoginContext {
        session: SessionId::new(Day::of(ends_at), id),
        at: BEGIN,
        acr: Acr::parse("1").unwrap(),
        amr: vec![AuthenticationMethod::Password],
    };
    let session = LoginSession {
        user_id: UserId::parse("u1").unwrap(),
        login,
        seen_at: BEGIN,
        ends_at,
        idle: Lifetime::from_seconds(seconds),
        user_agent: String::new(),
    };
    let begun = store
        .sessions()
        .begin(&session, None, u16::MAX, ChangeTime::at(BEGIN))
        .await;
    begun.unwrap();
}

/// A store with 1,200 sessions of a minute, 3 of ten days, and an entry of the audit log.
async fn store() -> SqlStore {
    let store = SqlStore::open(&DatabaseUrl::memory()).await.unwrap();
    let all: &dyn Store = &store;
    let user = User::new(UserId::parse("u1").unwrap(), Username::parse("ada").unwrap());
    let password_hash = None;
    all.users().add(Account { user, password_hash }).await.unwrap();
    for id in ["c1", "c2"] {
        let client = Client::public(ClientId::parse(id).unwrap(), "App");
        all.clients().add(client).await.unwrap();
    }
    for number in 0..1_203 {
        begin(all, number, if number < 1_200 { 60 } else { 864_000 }).await;
    }
    let entry = AuditEntry::new(AuditId::first_at(BEGIN), AuditEvent::TokenIssued);
    all.audit().write_entries(&[entry]).await.unwrap();
    store
}

/// Runs passes at these times, and returns the metrics after each.
fn metrics_after(times: &[Timestamp]) -> Vec<String> {
    let recorder = PrometheusBuilder::new().build_recorder();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    metrics::with_local_recorder(&recorder, || {
        runtime.unwrap().block_on(async {
            let (store, mut after) = (store().await, Vec::new());
            for now in times {
                pass(&store, Days(10), *now).await;
                after.push(recorder.handle().render());
            }
            after
        })
    })
}

#[test]
fn a_pass_deletes_what_has_ended_and_counts_the_rest() {
    let after = metrics_after(&[
        // The clock cannot be read.
        Timestamp::MAX,
        BEGIN + Lifetime::from_seconds(86_399),
        BEGIN + Lifetime::from_seconds(86_400),
        BEGIN + Lifetime::from_seconds(12 * 86_400),
    ]);
    let expected = [(1_203, 1), (1_203, 1), (3, 1), (0, 0)];
    for (metrics, (sessions, entries)) in after.iter().zip(expected) {
        for (table, rows) in [
            ("sessions", sessions),
            ("audit", entries),
            ("users", 1),
            ("clients", 2),
            ("codes", 0),
        ] {
            let line = format!("scopegate_rows{{table=\"{table}\"}} {rows}\n");
            assert!(metrics.contains(&line), "{line}{metrics}");
        }
    }
}

/// A part that fails is logged, and the next pass makes it.
#[test]
fn a_failed_pass_shows_no_rows() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    metrics::with_local_recorder(&recorder, || {
        runtime.unwrap().block_on(async {
            let store = SqlStore::open(&DatabaseUrl::memory()).await.unwrap();
            store.close().await.unwrap();
            pass(&store, Days(10), BEGIN).await;
        });
    });
    let metrics = recorder.handle().render();
    assert!(!metrics.contains("scopegate_rows{"), "{metrics}");
}
