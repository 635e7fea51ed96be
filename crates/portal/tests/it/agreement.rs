//! Gate and introspection agree on every token, for any history of two nodes that share a store.
//! Both answer as a model that knows no token's text.
//!
//! A node that has not read the latest changes may be late. Its gate and its introspection are late
//! together.

#![expect(clippy::indexing_slicing, reason = "a test may fail")]

mod answers;
mod changes;
mod model;

use std::collections::BTreeMap;
use std::sync::Mutex;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{TestCaseResult, TestRunner};
use scopegate_domain::{Client, GrantType, Lifetime};

use self::model::{CLIENTS, HistoryStep, LIFETIME, Model, ModelToken, PASSWORD, SCOPES, USERS, step};
use crate::node::{NOW, Node, NodeKeys, Shared, basic, client_id, member, new_secret, with_everything};

/// How often each step and each state of a token occurred.
type Reached = Mutex<BTreeMap<String, usize>>;

struct History<'r> {
    model: Model,
    shared: Shared,
    keys: NodeKeys,
    nodes: [Node; 2],
    clients: [Client; 2],
    secret: String,
    readers: [String; 2],
    reached: &'r Reached,
}

impl<'r> History<'r> {
    async fn new(reached: &'r Reached) -> Self {
        let (shared, mut keys, secret) = (Shared::new(), NodeKeys::default(), new_secret());
        keys.rotate();
        for name in USERS {
            shared.add_user(name, PASSWORD).await;
        }
        let billing = Client::confidential(client_id(CLIENTS[0]), CLIENTS[0], secret.digest());
        let page = Client::public(client_id(CLIENTS[1]), CLIENTS[1]);
        let clients = [
            with_everything(billing, &[GrantType::ClientCredentials, GrantType::Password]),
            with_everything(page, &[GrantType::Password]),
        ];
        for client in clients.clone() {
            shared.add_client(client).await;
        }
        let readers = shared.add_readers().await;
        let nodes = [Node::start(&shared, &keys).await, Node::start(&shared, &keys).await];
        Self {
            model: Model::new(NOW.as_unix()),
            shared,
            keys,
            nodes,
            clients,
            secret: secret.expose().to_owned(),
            readers,
            reached,
        }
    }

    fn count(&self, what: &str) {
        *self.reached.lock().unwrap().entry(what.to_owned()).or_default() += 1;
    }

    /// The `Authorization` header and the fields by which a client authenticates.
    fn credentials(&self, client: usize) -> (Option<String>, Vec<(&'static str, &'static str)>) {
        match client {
            0 => (Some(basic(CLIENTS[0], &self.secret)), Vec::new()),
            _ => (None, vec![("client_id", CLIENTS[client])]),
        }
    }

    async fn step(&mut self, step: &HistoryStep) -> TestCaseResult {
        match *step {
            HistoryStep::Advance(seconds) => {
                self.model.now += i64::from(seconds);
                self.shared.clock.advance(Lifetime::from_seconds(seconds.into()));
            }
            HistoryStep::IssueToClient { node, scope } => self.issue(node, None, 0, scope).await?,
            HistoryStep::IssueToUser {
                node,
                user,
                client,
                scope,
            } => self.issue(node, Some(user), client, scope).await?,
            HistoryStep::Refresh(node) => {
                self.nodes[node].refresh().await;
                self.model.is_behind[node] = false;
            }
            HistoryStep::RemoveOldKeys => {
                self.keys.remove_old();
                self.model.oldest_key = self.model.key;
                self.replace_keys();
            }
            HistoryStep::Restart(node) => {
                self.nodes[node].restart(&self.keys).await;
                self.model.is_behind[node] = false;
            }
            HistoryStep::RevokeToken { node, client, token } => self.revoke_token(node, client, token).await?,
            HistoryStep::RotateKeys => {
                self.keys.rotate();
                self.model.key += 1;
                self.replace_keys();
            }
            _ if !self.change(step).await => return Ok(()),
            _ => self.model.is_behind = [true; 2],
        }
        let name = format!("{step:?}");
        let name = name.split(|character: char| !character.is_alphanumeric()).next();
        self.count(name.unwrap_or_default());
        Ok(())
    }

    fn replace_keys(&self) {
        for node in &self.nodes {
            node.replace_keys(&self.keys);
        }
    }

    async fn issue(&mut self, node: usize, user: Option<usize>, client: usize, scope: usize) -> TestCaseResult {
        let (header, mut form) = self.credentials(client);
        form.push(("scope", SCOPES[scope]));
        match user {
            Some(user) => form.extend([
                ("grant_type", "password"),
                ("username", USERS[user]),
                ("password", PASSWORD),
            ]),
            None => form.push(("grant_type", "client_credentials")),
        }
        let answer = self.nodes[node].post("/token", header.as_deref(), &form).await;
        let text = member(&answer, "access_token");
        // Only the client of a token for itself may be outdated.
        let is_uncertain = user.is_none() && self.model.is_behind[node];
        let expected = self.model.audiences(user, client, scope);
        let granted = member(&answer, "scope").unwrap_or_default();
        let audiences = ["me", "ships"].map(|name| granted.split(' ').any(|one| one == name));
        if !is_uncertain {
            prop_assert_eq!(text.is_some().then_some(audiences), expected, "{:?}", answer);
        }
        if let Some(text) = text {
            self.model.tokens.push(ModelToken {
                text,
                user,
                client,
                audiences,
                key: self.model.key,
                expires_at: self.model.now + LIFETIME,
                is_revoked: false,
                is_uncertain,
            });
        }
        Ok(())
    }

    async fn revoke_token(&mut self, node: usize, client: usize, token: Index) -> TestCaseResult {
        if self.model.tokens.is_empty() || !self.model.has_client[client] {
            return Ok(());
        }
        let number = token.index(self.model.tokens.len());
        let text = self.model.tokens[number].text.clone();
        let (header, mut form) = self.credentials(client);
        form.push(("token", &text));
        let answer = self.nodes[node].post("/revoke", header.as_deref(), &form).await;
        prop_assert_eq!((answer.status().as_u16(), answer.body().len()), (200, 0));
        let token = &mut self.model.tokens[number];
        if token.client == client {
            token.is_revoked = true;
            self.model.is_behind[1 - node] = true;
            self.count("RevokedOwn");
        }
        Ok(())
    }
}

/// Each step that changed something, and each state of a token that was seen at a node.
const KINDS: [&str; 26] = [
    "AddClient",
    "AddUser",
    "Advance",
    "Disable",
    "Enable",
    "Expired",
    "IssueToClient",
    "IssueToUser",
    "KeyRemoved",
    "OfDisabledUser",
    "OtherAudience",
    "Refresh",
    "RemoveClient",
    "RemoveOldKeys",
    "RemoveUser",
    "ReplaceSecret",
    "Restart",
    "RevokeClient",
    "RevokeToken",
    "RevokeUser",
    "Revoked",
    "RevokedOwn",
    "RotateKeys",
    "SetClientScope",
    "SetUserScope",
    "Valid",
];

async fn run(steps: &[HistoryStep], reached: &Reached) -> TestCaseResult {
    let mut history = History::new(reached).await;
    for (round, step) in steps.iter().enumerate() {
        history.step(step).await?;
        history.check(round).await?;
    }
    for invalid in history.foreign() {
        history.expect_invalid(&invalid).await?;
    }
    Ok(())
}

/// Runs one round of random histories.
fn run_round(reached: &Reached) {
    let config = ProptestConfig {
        // A case has thousands of requests.
        cases: ProptestConfig::default().cases.div_ceil(12),
        source_file: Some(file!()),
        ..ProptestConfig::default()
    };
    let ran = TestRunner::new(config).run(&vec(step(), 20..60), |steps| {
        let runtime = { tokio::runtime::Builder::new_current_thread() }
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(run(&steps, reached))
    });
    ran.unwrap();
}

#[test]
fn gate_and_introspection_agree_on_every_token() {
    let reached = Reached::default();
    let is_complete = || KINDS.iter().all(|kind| reached.lock().unwrap().contains_key(*kind));
    // A round may leave a kind out.
    let mut rounds = 0..4;
    while !is_complete() && rounds.next().is_some() {
        run_round(&reached);
    }
    assert!(is_complete(), "a kind is not reached: {reached:?}");
}
