//! The same decision by Scopegate and by other libraries, and another library that verifies tokens.
//!
//! Each library decides whether a token with these scopes may run an operation that needs two of
//! them. The inputs are made once; only the decision is timed.

mod casbin_peer;
mod cedar_peer;
mod jwt_simple_peer;
mod ours;

pub use casbin_peer::CasbinPeer;
pub use cedar_peer::CedarPeer;
pub use jwt_simple_peer::JwtSimple;
pub use ours::{Ours, Token};

/// A policy in words: scopes, and operations that need two of them each.
#[derive(Clone, Debug)]
pub struct Policy {
    /// All scopes.
    pub scopes: Vec<String>,
    /// The name of each operation, and its required scopes.
    pub operations: Vec<(String, [String; 2])>,
}

impl Policy {
    /// 64 scopes and this number of operations. No two operations need the same scopes.
    ///
    /// # Panics
    ///
    /// If there are more operations than pairs of scopes.
    #[must_use]
    pub fn new(operations: usize) -> Self {
        let actions = ["read", "write", "delete", "administer"];
        let resources = [
            "calendars",
            "contacts",
            "devices",
            "drives",
            "events",
            "files",
            "groups",
            "invoices",
            "items",
            "mail",
            "notes",
            "orders",
            "people",
            "reports",
            "tasks",
            "users",
        ];
        let of = |resource: &&str| actions.map(|action| format!("{resource}:{action}"));
        let scopes: Vec<String> = resources.iter().flat_map(of).collect();
        let pairs = (0..scopes.len()).flat_map(|one| (0..one).map(move |two| (one, two)));
        // Spread, so that the operations do not need neighbours alone.
        let spread: Vec<(usize, usize)> = pairs.collect();
        assert!(operations <= spread.len());
        let operation = |number: usize| {
            let (one, two) = spread[(number * 997 + 1_300) % spread.len()];
            (
                format!("/operations/{number}"),
                [scopes[one].clone(), scopes[two].clone()],
            )
        };
        let operations = (0..operations).map(operation).collect();
        Self { scopes, operations }
    }

    /// The plain loop over strings: searches the operation, then each scope that it needs.
    #[must_use]
    pub fn string_loop(&self, granted: &[String], operation: &str) -> bool {
        let found = self.operations.iter().find(|(name, _)| name == operation);
        found.is_some_and(|(_, needed)| needed.iter().all(|scope| granted.iter().any(|has| has == scope)))
    }

    /// Grants that distinguish a right decision from a wrong one.
    ///
    /// For the operation of this number: all scopes that it needs, each half of them, all other
    /// scopes, none, all, and some at random.
    #[must_use]
    pub fn grants(&self, operation: usize) -> Vec<Vec<String>> {
        let [one, two] = &self.operations[operation].1;
        let all_but = |left_out: &[&String]| -> Vec<String> {
            let kept = self.scopes.iter().filter(|scope| !left_out.contains(scope));
            kept.cloned().collect()
        };
        let mut grants = vec![
            vec![one.clone(), two.clone()],
            vec![two.clone(), one.clone()],
            vec![one.clone()],
            vec![two.clone()],
            vec![],
            all_but(&[]),
            all_but(&[one]),
            all_but(&[two]),
            all_but(&[one, two]),
        ];
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        grants.extend((0..23).map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let bits = state ^ state >> 31;
            let chosen = self
                .scopes
                .iter()
                .enumerate()
                .filter(|(place, _)| bits >> place & 1 == 1);
            chosen.map(|(_, scope)| scope.clone()).collect()
        }));
        grants
    }
}
