//! The operations of a policy that a client calls to get a credential.

use std::collections::HashSet;

use scopegate_policy::{Access, DocumentFacts, Method, OperationTable, ResolvedOperation, SecurityOrigin};

use super::open_paths::{creates_session, is_protocol_or_login};

/// The evidence at the path of an operation that it is a login, or not.
pub(super) struct Logins<'p> {
    facts: &'p DocumentFacts,
    /// The paths of operations that require a credential.
    protected: HashSet<&'p str>,
    /// The paths at which a `POST` is a login and states that it is public.
    stated: HashSet<&'p str>,
}

impl<'p> Logins<'p> {
    pub(super) fn of(table: &'p OperationTable, facts: &'p DocumentFacts) -> Self {
        let is_public = |operation: &ResolvedOperation| operation.access() == Access::Public;
        let is_stated_login = |number: usize, operation: &ResolvedOperation| {
            let is_open_post = operation.method() == Method::Post && is_public(operation);
            let is_login = is_protocol_or_login(operation) || creates_session(operation);
            is_open_post && states(facts, number) && is_login
        };
        let (mut protected, mut stated) = (HashSet::new(), HashSet::new());
        for (number, operation) in table.operations().iter().enumerate() {
            if !is_public(operation) {
                protected.insert(operation.template());
            } else if is_stated_login(number, operation) {
                stated.insert(operation.template());
            }
        }
        Self {
            facts,
            protected,
            stated,
        }
    }

    /// Whether a public operation is a login. One next to protected operations states that it is
    /// public. A change next to such a login states it, too: its body contains the password.
    pub(super) fn has(&self, number: usize, operation: &ResolvedOperation) -> bool {
        let template = operation.template();
        let is_alone = is_protocol_or_login(operation) && !self.protected.contains(template);
        is_alone || (states(self.facts, number) && self.stated.contains(template))
    }
}

/// Whether the operation declares its own requirement.
fn states(facts: &DocumentFacts, number: usize) -> bool {
    facts.security_origin(number) == SecurityOrigin::Own
}
