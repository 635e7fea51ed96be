//! The life of grants: random steps over the store in memory and over a SQLite file, with restarts
//! and lost answers. After each step a model says for every token whether it works at the gate, at
//! introspection and at refresh.
//!
//! | store | histories of 60 steps | in the long check |
//! |---|---|---|
//! | memory | 30 | 2,000 |
//! | SQLite | 2 | 66 |
//!
//! `PROPTEST_CASES` sets another number for the store in memory, and a thirtieth of it for SQLite:
//! each refresh token is tried on a copy of the file.

#![expect(clippy::indexing_slicing, reason = "a test may fail")]

mod backend;
mod changes;
mod model;
mod node;
mod rows;
mod step;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use scopegate_domain::{Clock as _, Lifetime, Secret, UserId};
use scopegate_grant::{
    AuthorizationServer, ClientCredentials, ConsentChoice, ConsentForm, GrantError, LoginForm, LoginOutcome,
    LogoutRequest, Step, TokenSet, Visit,
};
use scopegate_token::PayloadBuffer;
use tokio::runtime::{Builder, Runtime};

use self::backend::{BackendKind, OpenCopy};
use self::model::{CLIENTS, Model, USERS};
use self::node::{Kept, LifeNode};
use self::rows::{ModelRefresh, Outcome};
use self::step::{LifeStep, scope_text, steps};
use crate::common::params;
use crate::people::{Browser, query_of, redemption, request, value_of};

const CASES: u32 = 30;
const LONG_CASES: u32 = 2_000;
/// The histories in memory for one over SQLite.
const MEMORY_FOR_SQLITE: u32 = 30;
const STEPS: usize = 60;

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = LifeStep;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::new()).boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<LifeStep> {
        steps(state)
    }

    fn preconditions(state: &Self, step: &LifeStep) -> bool {
        state.allows(step)
    }

    fn apply(mut state: Self, step: &LifeStep) -> Self {
        Self::apply(&mut state, step);
        state
    }
}

/// The server, the browser of each user, and the texts of what was issued.
struct Life {
    runtime: Arc<Runtime>,
    kept: Kept,
    node: LifeNode,
    browsers: [Browser; 2],
    /// Each code, with its client.
    codes: Vec<(String, usize)>,
    access: Vec<String>,
    refresh: Vec<String>,
    /// The place of the token that the client of each family received last.
    held: Vec<Option<usize>>,
}

/// Lives over the store in memory.
struct InMemory;

/// Lives over a SQLite file.
struct OverSqlite;

macro_rules! state_machine {
    ($test:ty, $kind:expr) => {
        impl StateMachineTest for $test {
            type SystemUnderTest = Life;
            type Reference = Model;

            fn init_test(_: &Model) -> Life {
                Life::begin($kind)
            }

            fn apply(life: Life, model: &Model, step: LifeStep) -> Life {
                life.after(model, &step)
            }

            fn check_invariants(life: &Life, model: &Model) {
                life.runtime.block_on(life.check(model));
            }
        }
    };
}

state_machine!(InMemory, BackendKind::Memory);
state_machine!(OverSqlite, BackendKind::Sqlite);

impl Life {
    fn begin(kind: BackendKind) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (kept, node) = runtime.block_on(async {
            let kept = Kept::new(kind).await;
            let node = LifeNode::start(&kept).await;
            (kept, node)
        });
        Self {
            runtime: Arc::new(runtime),
            kept,
            node,
            browsers: [Browser::new(), Browser::new()],
            codes: Vec::new(),
            access: Vec::new(),
            refresh: Vec::new(),
            held: Vec::new(),
        }
    }

    fn after(mut self, model: &Model, step: &LifeStep) -> Self {
        let runtime = Arc::clone(&self.runtime);
        let outcome = runtime.block_on(self.step(model, step));
        assert_eq!(outcome, model.outcome, "{step:?}");
        count(model.turn.named(step), outcome);
        self.held = model.families.iter().map(|family| family.held).collect();
        self
    }
}

fn outcome<T, E>(result: &Result<T, E>) -> Outcome {
    if result.is_ok() {
        Outcome::Issued
    } else {
        Outcome::Refused
    }
}

impl Life {
    async fn step(&mut self, model: &Model, step: &LifeStep) -> Outcome {
        match *step {
            LifeStep::Authorize { user, client, scope } => return self.authorize(user, client, scope).await,
            LifeStep::Redeem { code, client, .. } => {
                let (text, own) = self.codes[code].clone();
                let form = redemption(CLIENTS[own], &text);
                let answer = self.token(client.unwrap_or(own), &form).await;
                return self.keep(answer);
            }
            LifeStep::Refresh { family, .. } => {
                let held = self.held[family].unwrap();
                return self.present(model.families[family].client, held).await;
            }
            LifeStep::Present { token, client } => {
                let own = model.families[model.refresh[token].family].client;
                return self.present(client.unwrap_or(own), token).await;
            }
            LifeStep::RevokeRefresh { token, client } => self.revoke(client, &self.refresh[token]).await,
            LifeStep::RevokeAccess { token, client } => self.revoke(client, &self.access[token]).await,
            LifeStep::LogOut(user) => self.log_out(user).await,
            LifeStep::RotateKeys => self.kept.rotate_keys(),
            LifeStep::RemoveOldKeys => self.kept.remove_old_keys(),
            LifeStep::RotateSecrets => self.kept.rotate_secrets().await,
            LifeStep::RemoveOldSecrets => self.kept.remove_old_secrets().await,
            LifeStep::Wait(seconds) => self
                .kept
                .clock
                .advance(Lifetime::from_seconds(seconds.try_into().unwrap())),
            LifeStep::Restart => {
                self.kept.restart().await;
                self.node = LifeNode::start(&self.kept).await;
            }
            ref change => self.kept.administrate(change).await,
        }
        self.node.replace_keys(&self.kept);
        self.node.replace_secrets(&self.kept).await;
        self.node.watch.refresh().await.unwrap();
        Outcome::Done
    }

    /// The browser of the user logs in if it must, and the user allows everything.
    async fn authorize(&mut self, user: usize, client: usize, scope: u8) -> Outcome {
        let request = request(CLIENTS[client], &[("scope", scope_text(scope))]);
        let (node, browser) = (&self.node, &mut self.browsers[user]);
        let mut step = node.endpoint.authorize(&request, &visit(node, browser)).await.ok();
        loop {
            step = match step {
                None => return Outcome::Refused,
                Some(Step::Answer(answer)) => {
                    let code = value_of(&query_of(answer.location().expose()), "code");
                    self.codes.push((code.unwrap(), client));
                    return Outcome::Issued;
                }
                Some(Step::Login(page)) => {
                    let password = Secret::new("secret".to_owned());
                    let form = LoginForm {
                        flow: &page.flow,
                        username: USERS[user],
                        password: &password,
                        stay: false,
                    };
                    match node.endpoint.login(&form, &visit(node, browser)).await {
                        Ok(LoginOutcome::LoggedIn(login)) => {
                            browser.keep(&login);
                            node.endpoint.resume(&login.flow, &visit(node, browser)).await.ok()
                        }
                        _ => None,
                    }
                }
                Some(Step::Consent(page)) => {
                    let offered = page.offer.scope.to_string();
                    let ticked: Vec<&str> = offered.split(' ').collect();
                    let form = ConsentForm {
                        flow: &page.flow,
                        choice: ConsentChoice::Allow(&ticked),
                    };
                    node.endpoint.consent(&form, &visit(node, browser)).await.ok()
                }
            };
        }
    }

    async fn token(&self, client: usize, form: &[(&str, &str)]) -> Result<TokenSet, GrantError> {
        ask(&self.node.server, &self.kept.headers[client], client, form).await
    }

    fn keep(&mut self, answer: Result<TokenSet, GrantError>) -> Outcome {
        let outcome = outcome(&answer);
        if let Ok(tokens) = answer {
            self.access.push(tokens.access_token().expose().clone());
            self.refresh.push(tokens.refresh_token().unwrap().expose().clone());
        }
        outcome
    }

    async fn present(&mut self, client: usize, token: usize) -> Outcome {
        let text = self.refresh[token].clone();
        let form = [("grant_type", "refresh_token"), ("refresh_token", &*text)];
        let answer = self.token(client, &form).await;
        self.keep(answer)
    }

    async fn revoke(&self, client: usize, token: &str) {
        let form = with_id(client, &[("token", token)]);
        // A removed client is refused.
        let _ = self
            .node
            .tokens
            .revoke(&params(&form), &self.kept.headers[client], None)
            .await;
    }

    async fn log_out(&mut self, user: usize) {
        let cookie = self.browsers[user].session.take();
        let here = LogoutRequest {
            client_id: None,
            post_logout_redirect_uri: None,
            state: None,
        };
        let (accounts, origin) = (&self.node.accounts, &self.node.origin);
        accounts.log_out(cookie.as_ref(), &here, origin).await.unwrap();
    }
}

impl Life {
    /// Compares each token with the model.
    async fn check(&self, model: &Model) {
        for (text, access) in self.access.iter().zip(&model.access) {
            let expected = model.is_accepted(access);
            assert_eq!(self.is_accepted(text).await, expected, "gate: {access:?}");
            count("gate", expected);
            let asked = self.is_active(&self.kept.reader, text).await;
            assert_eq!(asked, expected, "introspection: {access:?}");
            count("introspection", expected);
        }
        let mut texts = BTreeMap::new();
        for (text, token) in self.refresh.iter().zip(&model.refresh) {
            // A retry gets the same successor.
            assert_eq!(*texts.entry(*token).or_insert(text), text, "{token:?}");
        }
        let mut rounds: Vec<Vec<(ModelRefresh, &String)>> = Vec::new();
        let mut of_family = BTreeMap::<usize, usize>::new();
        for (token, text) in texts {
            let client = model.families[token.family].client;
            if model.clients[client].exists && client == 0 {
                let asked = self.is_active(&self.kept.headers[client], text).await;
                assert_eq!(asked, model.is_last(token), "introspection: {token:?}");
            }
            let round = of_family.entry(token.family).or_default();
            rounds.resize_with(rounds.len().max(*round + 1), Vec::new);
            rounds[*round].push((token, text));
            *round += 1;
        }
        for round in rounds {
            self.try_to_refresh(model, &round).await;
        }
    }

    /// Presents tokens of different families to a copy of the server: what one does has no effect
    /// on another.
    async fn try_to_refresh(&self, model: &Model, tokens: &[(ModelRefresh, &String)]) {
        let copy = OpenCopy::open(self.kept.backend.copy()).await;
        let server = self.node.fork(&self.kept, &copy);
        for (token, text) in tokens {
            let client = model.families[token.family].client;
            let form = [("grant_type", "refresh_token"), ("refresh_token", text.as_str())];
            let refreshed = ask(&server, &self.kept.headers[client], client, &form).await;
            assert_eq!(refreshed.is_ok(), model.can_refresh(*token), "refresh: {token:?}");
            if let Ok(tokens) = &refreshed {
                let granted = tokens.scope().to_string();
                assert_eq!(granted, scope_text(model.scope_of(token.family)), "{token:?}");
            }
            count("refresh", refreshed.is_ok());
        }
        copy.close().await;
    }

    /// Whether a gate accepts an access token, for an operation that needs the user.
    async fn is_accepted(&self, token: &str) -> bool {
        let mut buffer = PayloadBuffer::new();
        let verified = self.node.verifier.verify(token, self.kept.clock.now(), &mut buffer);
        let Ok(claims) = verified else { return false };
        let id = UserId::parse(claims.subject().unwrap()).unwrap();
        let user = self.kept.store().users().find_by_id(&id).await.unwrap();
        !self.node.watch.set().has(&claims) && user.is_some_and(|user| user.is_active())
    }

    async fn is_active(&self, header: &ClientCredentials, token: &str) -> bool {
        let asked = self
            .node
            .tokens
            .introspect(&params(&[("token", token)]), header, None)
            .await;
        asked.unwrap().is_some()
    }
}

fn visit<'a>(node: &'a LifeNode, browser: &'a Browser) -> Visit<'a> {
    Visit {
        browser: &browser.cookie,
        session: browser.session.as_ref(),
        known: browser.known.as_deref(),
        user_agent: "a browser",
        origin: &node.origin,
    }
}

/// A form with the id of a client that has no secret.
fn with_id<'a>(client: usize, form: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let id = (client > 0).then_some(("client_id", CLIENTS[client]));
    form.iter().copied().chain(id).collect()
}

async fn ask(
    server: &AuthorizationServer,
    header: &ClientCredentials,
    client: usize,
    form: &[(&str, &str)],
) -> Result<TokenSet, GrantError> {
    server.token(&params(&with_id(client, form)), header).await
}

/// How often each kind of step had each outcome, and each verdict about a token was right.
static REACHED: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());

fn count(what: &str, how: impl Debug) {
    *REACHED.lock().unwrap().entry(format!("{what} {how:?}")).or_default() += 1;
}

/// What histories must contain, so that the test says something.
const NEEDED: [&str; 13] = [
    "authorize Issued",
    "authorize Refused",
    "gate false",
    "gate true",
    "introspection false",
    "introspection true",
    "redeem Issued",
    "redeem Refused",
    "refresh false",
    "refresh true",
    "refusal Refused",
    "retry Issued",
    "reuse Refused",
];

/// Runs this number of histories.
fn run<T: StateMachineTest<Reference = Model, SystemUnderTest = Life>>(cases: u32) {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let lives = Model::sequential_strategy(STEPS..=STEPS);
    let run = TestRunner::new(config.clone()).run(&lives, |(first, steps, seen)| {
        T::test_sequential(config.clone(), first, steps, seen);
        Ok(())
    });
    run.unwrap_or_else(|error| panic!("{error}"));
}

/// The number of histories over the store in memory.
fn cases() -> u32 {
    let is_long = std::env::var_os("SCOPEGATE_LONG").is_some();
    let default = || if is_long { LONG_CASES } else { CASES };
    std::env::var("PROPTEST_CASES").map_or_else(|_| default(), |cases| cases.parse().unwrap())
}

#[test]
fn every_token_is_what_its_life_says() {
    let cases = cases();
    run::<InMemory>(cases);
    let reached = REACHED.lock().unwrap();
    let missing = NEEDED.iter().filter(|needed| !reached.contains_key(**needed));
    let missing: Vec<_> = missing.filter(|_| cases >= CASES).collect();
    assert!(missing.is_empty(), "never reached: {missing:?} of {reached:#?}");
}

#[test]
fn every_token_in_sqlite_is_what_its_life_says() {
    run::<OverSqlite>((cases() / MEMORY_FOR_SQLITE).max(2));
}
