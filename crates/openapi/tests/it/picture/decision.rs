//! The gate, explanations, grants, shadows, comparisons and the page make the same decision.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;
use scopegate_analysis::{Change, ChangeKind, diff, operations_for};
use scopegate_domain::{Claims, ScopeLayout, Timestamp, User, UserId, UserStatus, Username, Verified};
use scopegate_openapi::picture::{self, Labels};
use scopegate_policy::{
    AssumedCredentials, AuthorizationServer, AuthorizationServers, Binding, Fact, OperationTable, PresentedCredentials,
    Shadow, ShadowVerdict, TokenFacts, authorize, explain, explain_grant,
};

use crate::picture::embedded::Embedded;
use crate::read_back::policy::{GUARDS, Policy};
use crate::read_back::reader::Supplied;
use crate::read_back::{random, table};

const NOW: i64 = 1_000_000;
const NAMES: [&str; 5] = ["s0", "s1", "s2", "s3", "s4"];

/// A request: for some authorization servers, by their index, the scopes of its token, and the
/// other facts.
#[derive(Clone, Debug)]
struct Request {
    tokens: BTreeMap<usize, BTreeSet<&'static str>>,
    guards: BTreeSet<String>,
}

/// Returns requests that credentials can make. A token has one kind of subject, and is bound in one
/// way.
fn request() -> impl Strategy<Value = Request> {
    let scopes = prop_oneof![
        1 => Just(BTreeSet::new()),
        4 => subsequence(NAMES.to_vec(), 0..=NAMES.len()).prop_map(|names| names.into_iter().collect()),
    ];
    let tokens = prop::collection::btree_map(0..4_usize, scopes, 0..=3);
    let lacking = subsequence(GUARDS.to_vec(), 0..=3);
    (tokens, lacking).prop_map(|(tokens, lacking)| {
        let is_lacking = |guard: &str| lacking.iter().any(|(name, _)| *name == guard);
        let holds = |(guard, weaker): &(&str, &[&str])| {
            let needs_credential = weaker.contains(&"authenticated");
            let has_weaker = !weaker.iter().any(|weaker| is_lacking(weaker));
            !is_lacking(guard) && has_weaker && (!needs_credential || !tokens.is_empty())
        };
        let mut guards: BTreeSet<String> = GUARDS
            .iter()
            .filter(|guard| holds(guard))
            .map(|(name, _)| (*name).to_owned())
            .collect();
        for (one, other) in [("subject=user", "subject=service"), ("bound=dpop", "bound=mtls")] {
            if guards.contains(one) {
                guards.remove(other);
            }
        }
        Request { tokens, guards }
    })
}

impl Request {
    fn has(&self, guard: &str) -> bool {
        self.guards.contains(guard)
    }

    /// The claims of a token with these scopes.
    fn claims(&self, scopes: &BTreeSet<&str>) -> String {
        let mut claims = serde_json::json!({ "scope": scopes.iter().copied().collect::<Vec<_>>().join(" ") });
        let mut set = |name: &str, value: serde_json::Value| claims[name] = value;
        if self.has("acr:gold") {
            set("acr", "gold".into());
        }
        if self.has("audience=api") {
            set("aud", "api".into());
        }
        if self.has("subject=user") || self.has("subject=service") {
            set("sub", "u1".into());
            set(
                "client_id",
                if self.has("subject=user") {
                    "c1".into()
                } else {
                    "u1".into()
                },
            );
        }
        let age = if self.has("age<=60") { 30 } else { 200 };
        if self.has("age<=300") {
            set("auth_time", (NOW - age).into());
        }
        claims.to_string()
    }

    /// Returns the facts of each credential in a table. A token is accepted for each scheme of its
    /// server.
    fn worlds(&self, table: &OperationTable) -> Vec<TokenFacts> {
        let servers = AuthorizationServers::of(table);
        let mut worlds = Vec::new();
        for (place, scopes) in &self.tokens {
            let text = self.claims(scopes);
            let claims = Claims::parse(text.as_bytes(), ScopeLayout::Text).unwrap();
            #[expect(clippy::disallowed_methods, reason = "the token is made here")]
            let claims = Verified::assertion(claims);
            for scheme in servers
                .as_slice()
                .get(*place)
                .into_iter()
                .flat_map(AuthorizationServer::schemes)
            {
                let scheme = table.scheme_id(scheme.name()).unwrap();
                worlds.push(table.token_facts(scheme, &claims).unwrap());
            }
        }
        worlds
    }

    fn presented<'w>(&'w self, worlds: &'w [TokenFacts]) -> PresentedCredentials<'w> {
        let mut presented = PresentedCredentials::new(Timestamp::from_unix(NOW));
        for world in worlds {
            presented = presented.with_token(world, "u1");
            if self.has("user") {
                let user = User::new(UserId::parse("u1").unwrap(), Username::parse("ada").unwrap());
                let status = if self.has("active") {
                    UserStatus::Active
                } else {
                    UserStatus::Disabled
                };
                presented = presented.with_user(Arc::new(user.with_status(status)));
            }
            for (guard, binding) in [("bound=dpop", Binding::Dpop), ("bound=mtls", Binding::Mtls)] {
                if self.has(guard) {
                    presented = presented.with_binding(binding);
                }
            }
        }
        let checks = self.guards.iter().filter_map(|guard| guard.strip_prefix("check:"));
        checks.fold(presented, PresentedCredentials::with_fact)
    }

    /// Returns the same request as credentials of a client.
    fn grant(&self, table: &OperationTable) -> AssumedCredentials {
        let servers = AuthorizationServers::of(table);
        let mut builder = AssumedCredentials::builder();
        let mut has_token = false;
        for (place, scopes) in &self.tokens {
            let Some(server) = servers.as_slice().get(*place) else {
                continue;
            };
            has_token = true;
            builder = builder.token_of(server.schemes()[0].name().clone());
            for scope in server
                .scopes()
                .iter()
                .filter(|scope| scopes.contains(scope.token().as_str()))
            {
                builder = builder.scope_of(scope.scheme().clone(), scope.token().clone());
            }
        }
        if !has_token {
            builder = builder.without(Fact::Authenticated);
        }
        let lacking = GUARDS.iter().filter(|(guard, _)| !self.has(guard));
        let builder = lacking.fold(builder, |builder, (guard, _)| builder.without(table::atom(guard)));
        builder.build(table)
    }

    /// Returns the same request as the boxes that a user ticks on a page.
    fn supplied(&self, table: &OperationTable) -> Supplied {
        let servers = AuthorizationServers::of(table);
        let mut schemes = BTreeMap::new();
        for (place, scopes) in &self.tokens {
            for scheme in servers
                .as_slice()
                .get(*place)
                .into_iter()
                .flat_map(AuthorizationServer::schemes)
            {
                let scopes: BTreeSet<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
                schemes.insert(scheme.name().to_string(), scopes);
            }
        }
        let mut guards = self.guards.clone();
        if schemes.is_empty() {
            guards.retain(|guard| guard == "check:signature");
        }
        Supplied { schemes, guards }
    }
}

/// Returns a policy, the same with other flags and other guards above its operations, and requests.
fn case() -> impl Strategy<Value = (Policy, Policy, Vec<Request>)> {
    let change = vec((any::<bool>(), any::<bool>()), 3);
    (random::policy(), change, vec(request(), 1..24)).prop_map(|(policy, changes, requests)| {
        let mut changed = policy.clone();
        for (operation, (flips_optional, is_other)) in changed.operations.iter_mut().zip(changes) {
            // Authentication is optional only if the operation overrides the guards above it.
            if operation.is_override || (operation.group.is_empty() && changed.application.is_empty()) {
                operation.is_optional ^= flips_optional;
            }
            if is_other {
                operation.guards.rotate_left(1);
                operation.guards.truncate(1);
            }
        }
        (policy, changed, requests)
    })
}

/// Returns the decisions of the gate, operation by operation, and asserts that all other methods
/// decide the same.
fn decided(table: &OperationTable, again: OperationTable, request: &Request) -> Result<Vec<bool>, TestCaseError> {
    let page = Embedded::of(&picture::html(table, &Labels::new("t")));
    let shadow = Shadow::new(table, again);
    let (worlds, beside) = (request.worlds(table), request.worlds(shadow.proposed()));
    let (presented, beside) = (request.presented(&worlds), request.presented(&beside));
    let grant = request.grant(table);
    let ticked = page.ticked(&request.supplied(table));
    let opened = operations_for(table, &grant);
    let mut decided = Vec::new();
    for (number, operation) in table.operations().iter().enumerate() {
        let by_gate = authorize(operation, &presented).is_ok();
        let is_opened = opened.iter().any(|open| open.template() == operation.template());
        prop_assert_eq!(
            explain(operation, &presented).is_allowed(),
            by_gate,
            "explain {}",
            operation
        );
        prop_assert_eq!(
            explain_grant(operation, &grant).is_allowed(),
            by_gate,
            "explain a grant {}",
            operation
        );
        prop_assert_eq!(
            (grant.opens(operation), is_opened),
            (by_gate, by_gate),
            "can-i {}",
            operation
        );
        let verdict = shadow.counterpart(number).unwrap().ask(Some(&presented), &beside);
        let expected = if by_gate {
            ShadowVerdict::Allow
        } else {
            ShadowVerdict::Deny
        };
        prop_assert_eq!(verdict, expected, "shadow {}", operation);
        prop_assert_eq!(page.allows(number, &ticked), by_gate, "page {}", operation);
        decided.push(by_gate);
    }
    Ok(decided)
}

/// Whether the comparison may report this change of an operation, if the gate decides so before and
/// after.
fn agrees(change: Option<&Change>, was_allowed: bool, is_allowed: bool) -> bool {
    match change.map(Change::kind) {
        None => was_allowed == is_allowed,
        Some(ChangeKind::Weaker) => is_allowed || !was_allowed,
        Some(ChangeKind::Stronger) => was_allowed || !is_allowed,
        Some(_) => true,
    }
}

proptest! {
    #[test]
    fn all_commands_agree_with_the_gate((policy, changed, requests) in case()) {
        let (old, new) = (table::built(&policy)?, table::built(&changed)?);
        let changes = diff(&old, &new).expect("few scopes");
        for request in &requests {
            let before = decided(&old, table::built(&policy)?, request)?;
            let after = decided(&new, table::built(&changed)?, request)?;
            for (number, (was_allowed, is_allowed)) in before.into_iter().zip(after).enumerate() {
                let change = changes.iter().find(|change| change.template() == format!("/{number}"));
                prop_assert!(agrees(change, was_allowed, is_allowed), "diff /{}: {:?}", number, change);
            }
        }
    }
}
