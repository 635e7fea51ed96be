//! A proposed policy next to the running one: the counts, the log lines, and that no answer depends
//! on it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use http::Request;
use metrics::{Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use scopegate_http::domain::{ManualClock, Timestamp};
use scopegate_http::policy::{Check, CheckContext, Fact, Needs, Operation, OperationTable, Rule};
use scopegate_http::{ActiveUser, Catalog, Gate, GateBuilder, Guard, Path, Permit, ScopeToken, SecurityScheme, get};

use crate::common::{self, ITEMS, ME, NOW, Profile, get_once_with, token, users};
use crate::trace::RecordedLog;

const REPORTS: ScopeToken = ScopeToken::from_static("reports");

/// What a gate counts of its shadow.
#[derive(Clone, Default)]
pub(crate) struct Counted(Arc<Mutex<BTreeMap<String, Arc<Count>>>>);

#[derive(Default)]
struct Count(AtomicU64);

impl CounterFn for Count {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Ordering::Relaxed);
    }
    fn absolute(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }
}

impl Recorder for Counted {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        if key.name() != "scopegate_shadow_decisions_total" {
            return Counter::noop();
        }
        let label = |name| key.labels().find(|label| label.key() == name).unwrap().value();
        let name = format!("{} {} {}", label("method"), label("route"), label("outcome"));
        Counter::from_arc(Arc::clone(self.0.lock().unwrap().entry(name).or_default()))
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

impl Counted {
    /// The gate, with what it counts.
    pub(crate) fn build(builder: GateBuilder) -> (Self, Gate) {
        let counted = Self::default();
        let gate = metrics::with_local_recorder(&counted, || builder.build()).unwrap();
        (counted, gate)
    }

    /// Counts from nothing again.
    pub(crate) fn reset(&self) {
        for count in self.0.lock().unwrap().values() {
            count.0.store(0, Ordering::Relaxed);
        }
    }

    /// Returns the counts by method, route and outcome, without zeros.
    fn all(&self) -> BTreeMap<String, u64> {
        let counts = self.0.lock().unwrap();
        let counts = counts
            .iter()
            .map(|(name, count)| (name.clone(), count.0.load(Ordering::Relaxed)));
        counts.filter(|(_, count)| *count > 0).collect()
    }

    /// Returns the counts by the outcome alone, if there is one route.
    pub(crate) fn outcomes(&self) -> Vec<(String, u64)> {
        let all = self.all().into_iter();
        all.map(|(name, count)| (name.rsplit(' ').next().unwrap().to_owned(), count))
            .collect()
    }
}

/// Accepts any caller whose name is johndoe.
#[derive(Debug)]
struct Owner;

impl Check for Owner {
    fn name(&self) -> &'static str {
        "owner"
    }
    fn needs(&self) -> Needs {
        Needs::User
    }
    fn passes(&self, place: &CheckContext<'_>) -> bool {
        place.user().is_some_and(|user| user.username().as_str() == "johndoe")
    }
}

fn requires(scopes: &[ScopeToken]) -> Guard {
    Guard::requires(scopes.iter().cloned())
}

async fn gate() -> GateBuilder {
    let who = |_: Permit| async { "in" };
    common::gate(Profile::Rfc)
        .await
        .operation(get("/me").guard(requires(&[ME])).then(who))
        .operation(
            get("/items/{id}")
                .guard(requires(&[ITEMS]))
                .then(|_: Permit, Path(_): Path<u32>| async { "in" }),
        )
        .operation(get("/owned").guard(Guard::user().check(Owner)).then(who))
        .operation(get("/open").public().then(|| async { "in" }))
        .operation(
            get("/perhaps")
                .guard(requires(&[ME]))
                .optional()
                .then(|_: Option<Permit>| async { "in" }),
        )
        .operation(get("/shut").guard(Guard::deny()).then(who))
        .operation(get("/gone").guard(requires(&[ME])).then(who))
        .operation(get("/active").guard(requires(&[ME])).then(who))
}

/// A catalog that knows a scope more, and lets it imply another.
fn other_catalog() -> Catalog {
    Catalog::builder()
        .scheme("OAuth2PasswordBearer", SecurityScheme::oauth2_password("token"))
        .scope(REPORTS, "")
        .scope(ITEMS, "")
        .scope(ME, "")
        .implies(REPORTS, ITEMS)
        .build()
        .unwrap()
}

fn proposed() -> OperationTable {
    let owner = Fact::Check {
        name: "owner".into(),
        needs: Needs::User,
    };
    OperationTable::builder(other_catalog())
        .operation(Operation::get("/me").guard(requires(&[ME, ITEMS])))
        .operation(Operation::get("/items/{number}").guard(requires(&[ITEMS])))
        .operation(Operation::get("/owned").guard(Guard::rule(Rule::Fact(owner))))
        .operation(Operation::get("/open").guard(requires(&[ME])))
        .operation(Operation::get("/perhaps").guard(requires(&[ME])))
        .operation(Operation::get("/shut").guard(Guard::public()))
        .operation(Operation::get("/new").guard(Guard::public()))
        .operation(Operation::get("/active").guard(requires(&[ME]).check(ActiveUser)))
        .build()
        .unwrap()
}

/// The callers: anonymous, with these scopes, or with a text that is not a token.
const ASKERS: [(&str, &[ScopeToken]); 5] = [
    ("", &[]),
    ("johndoe", &[ME]),
    ("alice", &[ME, ITEMS]),
    ("johndoe", &[REPORTS]),
    ("bad", &[]),
];

async fn ask(gate: &Gate, path: &str, (subject, scopes): (&str, &[ScopeToken])) -> common::Answered {
    match subject {
        "" => common::get(gate, path).await,
        "bad" => get_once_with(gate, path, "no.good.token").await,
        name => get_once_with(gate, path, &token(name, scopes)).await,
    }
}

#[tokio::test]
async fn each_outcome_has_its_counter() {
    let columns = ["nobody", "me", "me items", "reports", "bad"];
    for (path, route, expected) in [
        ("/me", "/me", ["same", "would_deny", "same", "same", "same"]),
        (
            "/items/7",
            "/items/{id}",
            ["same", "same", "same", "would_allow", "same"],
        ),
        ("/owned", "/owned", ["same"; 5]),
        (
            "/open",
            "/open",
            ["would_deny", "unknown", "unknown", "unknown", "unknown"],
        ),
        ("/perhaps", "/perhaps", ["would_deny", "same", "same", "same", "same"]),
        ("/shut", "/shut", ["would_allow"; 5]),
        ("/gone", "/gone", ["unknown_operation"; 5]),
        ("/active", "/active", ["same", "unknown", "unknown", "same", "same"]),
    ] {
        for ((asker, expected), column) in ASKERS.into_iter().zip(expected).zip(columns) {
            let (counted, gate) = Counted::build(gate().await.shadow(proposed()));
            ask(&gate, path, asker).await;
            let counts = BTreeMap::from([(format!("GET {route} {expected}"), 1)]);
            assert_eq!(counted.all(), counts, "{path} {column}");
        }
    }
}

#[tokio::test]
async fn answers_are_the_same_with_a_shadow() {
    let (with, without) = (
        gate().await.shadow(proposed()).build().unwrap(),
        gate().await.build().unwrap(),
    );
    for path in [
        "/me", "/items/7", "/items/x", "/owned", "/open", "/perhaps", "/shut", "/gone", "/active", "/new",
    ] {
        for asker in ASKERS {
            let mut answers = [ask(&with, path, asker).await, ask(&without, path, asker).await];
            for answer in &mut answers {
                answer.headers.remove("x-request-id").unwrap();
            }
            let [with, without] = answers;
            assert_eq!(with, without, "{path} {asker:?}");
        }
    }
    assert_eq!(with.openapi(), without.openapi());
}

/// A policy equals itself, for any request.
#[tokio::test]
async fn policy_as_its_own_shadow_never_diverges() {
    let itself = gate().await.build().unwrap().operations().clone();
    let (counted, gate) = Counted::build(gate().await.shadow(itself));
    for path in [
        "/me", "/items/7", "/owned", "/open", "/perhaps", "/shut", "/gone", "/active",
    ] {
        for asker in ASKERS {
            ask(&gate, path, asker).await;
        }
    }
    let all = counted.all();
    assert_eq!(all.len(), 8, "{all:?}");
    assert!(
        all.iter().all(|(name, count)| name.ends_with(" same") && *count == 5),
        "{all:?}"
    );
}

/// Users are read for the running policy alone.
#[tokio::test]
async fn nothing_is_looked_up_for_a_shadow() {
    let counted = Arc::new(common::Counted::new(users().await));
    let gate = gate()
        .await
        .users(Arc::<common::Counted>::clone(&counted))
        .shadow(proposed())
        .build()
        .unwrap();
    for asker in ASKERS {
        ask(&gate, "/active", asker).await;
        ask(&gate, "/me", asker).await;
    }
    assert_eq!(counted.reads.load(Ordering::Relaxed), 0);
}

/// The lines that were written of flips.
fn flips(told: &RecordedLog) -> Vec<String> {
    let text = told.text();
    let lines = text.lines().filter(|line| line.contains("would decide differently"));
    lines.map(str::to_owned).collect()
}

#[tokio::test]
async fn divergence_is_logged_without_secrets() {
    let told = RecordedLog::default();
    let _guard = common::listen(told.clone());
    let gate = gate().await.shadow(proposed()).build().unwrap();
    for path in ["/me", "/items/7", "/open", "/perhaps", "/shut"] {
        for asker in ASKERS {
            ask(&gate, path, asker).await;
        }
    }
    let flips = flips(&told);
    for (operation, running, proposed, missing) in [
        ("GET /me", "allow", "insufficient_scope", "items"),
        ("GET /items/{id}", "insufficient_scope", "allow", "items"),
        ("GET /open", "allow", "unauthenticated", "me"),
        ("GET /perhaps", "allow", "unauthenticated", "me"),
        ("GET /shut", "forbidden", "allow", ""),
    ] {
        let fields = [
            format!("\"operation\": \"{operation}\""),
            format!("\"running\": \"{running}\""),
            format!("\"proposed\": \"{proposed}\""),
            format!("\"missing\": \"{missing}\""),
        ];
        let of_it = |line: &&String| fields.iter().all(|field| line.contains(field));
        assert_eq!(flips.iter().filter(of_it).count(), 1, "{fields:?} in {flips:#?}");
    }
    for asker in ASKERS.iter().filter(|(name, _)| !["", "bad"].contains(name)) {
        let token = token(asker.0, asker.1);
        assert!(!told.text().contains(&token));
    }
    let text = told.text();
    for secret in ["no.good.token", "johndoe", "alice", "/items/7"] {
        assert!(
            flips.iter().all(|line| !line.contains(secret)),
            "{secret} in {flips:#?}"
        );
    }
    let start = text
        .lines()
        .find(|line| line.contains("shadow policy is evaluated"))
        .unwrap();
    for part in [
        "\"compared\": \"7\"",
        "\"only_running\": \"GET /gone\"",
        "\"only_proposed\": \"GET /new\"",
    ] {
        assert!(start.contains(part), "{part} in {start}");
    }
    let unlooked = text.lines().find(|line| line.contains("does not evaluate")).unwrap();
    assert!(
        unlooked.contains("\"operation\": \"GET /active\"") && unlooked.contains("user, active"),
        "{unlooked}"
    );
}

#[tokio::test]
async fn a_flood_of_flips_is_few_lines() {
    let told = RecordedLog::default();
    let _guard = common::listen(told.clone());
    let clock = common::clock();
    let (counted, gate) = Counted::build(gate().await.clock(Arc::<ManualClock>::clone(&clock)).shadow(proposed()));
    let flood = async || {
        for _ in 0..500 {
            ask(&gate, "/shut", ASKERS[0]).await;
        }
    };
    flood().await;
    assert_eq!(flips(&told).len(), 1);
    clock.set(Timestamp::from_unix(NOW.as_unix() + 10));
    flood().await;
    let flips = flips(&told);
    assert_eq!(flips.len(), 2);
    assert!(flips[1].contains("\"unwritten\": \"499\""), "{flips:?}");
    assert_eq!(counted.all()["GET /shut would_allow"], 1_000);
}

#[tokio::test]
async fn a_policy_of_something_else_is_warned_of() {
    let told = RecordedLog::default();
    let _guard = common::listen(told.clone());
    let strange = Catalog::builder()
        .scheme("partner", SecurityScheme::oauth2_password("token"))
        .scope(ME, "")
        .build()
        .unwrap();
    let table = |path: &str| {
        let table = OperationTable::builder(strange.clone());
        table
            .operation(Operation::get(path).guard(requires(&[ME])))
            .build()
            .unwrap()
    };
    let _ = gate().await.shadow(table("/elsewhere")).build().unwrap();
    let (counted, gate) = Counted::build(gate().await.shadow(table("/me")));
    for asker in ASKERS {
        ask(&gate, "/me", asker).await;
    }
    let text = told.text();
    assert!(text.contains("has no operation of this gate"), "{text}");
    assert!(text.contains("has schemes that this gate does not verify"), "{text}");
    // Whether a token is valid for an unknown scheme is undecidable here; that there is none is
    // decidable.
    assert_eq!(
        counted.all(),
        BTreeMap::from([("GET /me same".to_owned(), 1), ("GET /me unknown".to_owned(), 4)])
    );
}

#[tokio::test]
async fn what_is_presented_twice_is_refused_by_both() {
    let (counted, gate) = Counted::build(gate().await.shadow(proposed()));
    for (path, status) in [("/me", 400), ("/shut", 403)] {
        let bearer = format!("Bearer {}", token("johndoe", &[ME]));
        let request = Request::get(path)
            .header("authorization", &bearer)
            .header("authorization", &bearer);
        let answer = common::send(&gate, request.body(String::new()).unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
    }
    let counts = [("GET /me same".to_owned(), 1), ("GET /shut would_allow".to_owned(), 1)];
    assert_eq!(counted.all(), BTreeMap::from(counts));
}
