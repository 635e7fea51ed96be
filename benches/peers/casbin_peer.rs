//! casbin: one rule for each operation, and a custom function that searches words in a text.

use std::fmt;

use casbin::function_map::{OperatorFunction, dynamic_to_str};
use casbin::{CoreApi as _, DefaultModel, Enforcer, MemoryAdapter, MgmtApi as _};
use futures_util::FutureExt as _;

use crate::Policy;

const MODEL: &str = r#"
[request_definition]
r = scopes, operation

[policy_definition]
p = scopes, operation

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.operation == p.operation && hasAll(r.scopes, p.scopes)
"#;

/// The policy in casbin's words.
pub struct CasbinPeer {
    enforcer: Enforcer,
}

impl CasbinPeer {
    /// Creates one rule for each operation.
    ///
    /// # Panics
    ///
    /// If casbin rejects a rule.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        // All is in memory, so there is nothing to wait for.
        let model = DefaultModel::from_str(MODEL).now_or_never().unwrap().unwrap();
        let enforcer = Enforcer::new(model, MemoryAdapter::default()).now_or_never();
        let mut enforcer = enforcer.unwrap().unwrap();
        enforcer.add_function(
            "hasAll",
            OperatorFunction::Arg2(|granted, needed| {
                let (granted, needed) = (dynamic_to_str(&granted), dynamic_to_str(&needed));
                let has = |scope: &str| granted.split(' ').any(|has| has == scope);
                needed.split(' ').all(has).into()
            }),
        );
        let rules = policy.operations.iter();
        let rules = rules
            .map(|(name, needed)| vec![needed.join(" "), name.clone()])
            .collect();
        let added = enforcer.add_policies(rules).now_or_never();
        assert!(added.unwrap().unwrap());
        Self { enforcer }
    }

    /// The decision.
    ///
    /// # Panics
    ///
    /// If casbin cannot decide.
    #[must_use]
    pub fn enforce(&self, granted: &str, operation: &str) -> bool {
        self.enforcer.enforce((granted, operation)).unwrap()
    }
}

impl fmt::Debug for CasbinPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CasbinPeer").finish_non_exhaustive()
    }
}
