//! Applies the same random operations to a backend and to the reference, with restarts at random.

use std::fmt::Debug;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use proptest_state_machine::ReferenceStateMachine;
use scopegate_domain::{Account, AuditEntry, Client, StoredKey, User};

use super::operation::{Answer, Operation};
use super::values::runtime;
use crate::{
    AuditQuery, MemoryStore, NewsEntry, NewsHeads, NewsPage, NewsReader, PasswordScheme, Store, StoreErrorKind,
};

/// The number of stores, and the maximum number of operations on one store.
const STORES: u32 = 64;
const OPERATIONS: usize = 40;

/// The reference, with its result of the last operation.
#[derive(Debug)]
struct Model {
    store: MemoryStore,
    answer: Result<Answer, StoreErrorKind>,
}

impl Clone for Model {
    fn clone(&self) -> Self {
        Self {
            store: self.store.snapshot(),
            answer: self.answer.clone(),
        }
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Operation;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self {
            store: MemoryStore::new(),
            answer: Ok(Answer::Done),
        })
        .boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Operation> {
        Operation::any()
    }

    fn apply(mut state: Self, operation: &Operation) -> Self {
        state.answer = ready(operation.apply(&state.store));
        state
    }
}

/// Returns the output of a future that is ready, as those of the reference are.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("the reference has to be ready"),
    }
}

/// Applies random operations to new stores and to the reference. Both must return the same results
/// and contain the same data. `restart` closes a store and opens it again.
///
/// # Panics
///
/// Panics if they differ, with the shortest sequence of operations that shows it.
pub fn random_operations<S: Store, G>(make: impl AsyncFn() -> (S, G), restart: &impl AsyncFn(S, &G) -> S) {
    let runtime = runtime();
    let config = Config {
        cases: STORES,
        failure_persistence: None,
        ..Config::default()
    };
    let sequences = Model::sequential_strategy(1..=OPERATIONS);
    let result = TestRunner::new(config).run(&sequences, |(mut model, operations, seen)| {
        runtime.block_on(async {
            let (mut store, guard) = make().await;
            for operation in &operations {
                if let Some(seen) = &seen {
                    seen.fetch_add(1, Ordering::SeqCst);
                }
                model = Model::apply(model, operation);
                if let Operation::Restart = operation {
                    store = restart(store, &guard).await;
                }
                same(&operation.apply(&store).await, &model.answer)?;
                same(&Contents::of(&store).await, &Contents::of(&model.store).await)?;
            }
            same(
                &store.count_rows().await.unwrap(),
                &model.store.count_rows().await.unwrap(),
            )
        })
    });
    if let Err(fault) = result {
        panic!("{fault}");
    }
}

/// Compares values and their printed forms: scopes are equal in any order, hashes do not print.
fn same<T: PartialEq + Debug>(found: &T, expected: &T) -> Result<(), TestCaseError> {
    prop_assert_eq!(found, expected);
    prop_assert_eq!(format!("{found:?}"), format!("{expected:?}"));
    Ok(())
}

/// All contents of a store.
#[derive(Debug, PartialEq)]
struct Contents {
    accounts: Vec<Option<Account>>,
    by_id: Vec<Option<User>>,
    clients: Vec<Option<Client>>,
    keys: Vec<StoredKey>,
    password_schemes: Vec<PasswordScheme>,
    heads: NewsHeads,
    news: Vec<NewsEntry>,
    audit: Vec<AuditEntry>,
}

impl Contents {
    async fn of(store: &dyn Store) -> Self {
        let (mut accounts, mut by_id, mut clients) = (Vec::new(), Vec::new(), Vec::new());
        for user in store.users().list(None, u16::MAX).await.unwrap() {
            accounts.push(store.users().find_account(user.username()).await.unwrap());
            by_id.push(store.users().find_by_id(user.id()).await.unwrap());
            assert_eq!(store.users().find(user.username()).await.unwrap(), Some(user));
        }
        for client in store.clients().list(None, u16::MAX).await.unwrap() {
            clients.push(store.clients().find(client.id()).await.unwrap());
        }
        let password_schemes = store.users().password_schemes().await.unwrap();
        let mut news = Vec::new();
        let reader = NewsReader::new();
        let mut add = |page| {
            if let NewsPage::Entries(entries) = page {
                news.extend(entries);
            }
        };
        assert_eq!(reader.read(store.news(), &mut add).await.unwrap(), []);
        Self {
            accounts,
            by_id,
            clients,
            keys: store.signing_keys().list().await.unwrap(),
            password_schemes,
            heads: store.news().heads().await.unwrap(),
            news,
            audit: store.audit().entries(&AuditQuery::default(), u16::MAX).await.unwrap(),
        }
    }
}
