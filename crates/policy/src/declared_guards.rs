//! The places of an operation's guards: application, groups, the operation itself.

use crate::group::Declared;
use crate::guard::{Node, reachable};
use crate::{FactId, Guard, Operation, Requirement, TableError};

/// An operation with the guards around it, from the outside in, and the guards that it overrides.
/// Its own guards have moved to `roots`.
#[derive(Clone, Debug)]
pub(crate) struct DeclaredGuards {
    pub(crate) operation: Operation,
    /// The guards in this order: of the application, of the groups, of [`Operation::and_guard`], of
    /// [`Operation::guard`].
    pub(crate) roots: Vec<Guard>,
    /// The number of guards that are not the operation's own.
    above: usize,
    pub(crate) overridden: Vec<Guard>,
}

impl DeclaredGuards {
    pub(crate) fn of(application: &[Guard], declared: Declared) -> Result<Self, TableError> {
        let Declared {
            mut operation,
            inherited,
            ..
        } = declared;
        let mut others = application.to_vec();
        others.extend(inherited);
        if operation.is_override && others.is_empty() {
            return Err(TableError::NothingToOverride {
                operation: operation.label(),
            });
        }
        let (mut roots, overridden) = if operation.is_override {
            (Vec::new(), others)
        } else {
            (others, Vec::new())
        };
        let above = roots.len();
        for own in [&mut operation.outer, &mut operation.guards] {
            if roots.is_empty() {
                roots = std::mem::take(own);
            } else {
                roots.append(own);
            }
        }
        Ok(Self {
            operation,
            roots,
            above,
            overridden,
        })
    }

    /// A key of the root guards: equal for all operations behind the same guards.
    pub(crate) fn identity(&self) -> Vec<*const ()> {
        self.roots.iter().map(Guard::identity).collect()
    }

    pub(crate) fn above_and_own(&self) -> (&[Guard], &[Guard]) {
        self.roots.split_at_checked(self.above).unwrap_or_default()
    }

    /// Refuses an operation that declares itself public or optional below guards that require a
    /// credential: guards are conjoined, so the declaration has no effect.
    pub(crate) fn refuse_to_loosen(&self, above: &[Requirement]) -> Result<(), TableError> {
        let asks_for_a_credential = |requirement: &Requirement| {
            let mut sets = requirement.alternatives().iter();
            sets.any(|set| set.contains(FactId::AUTHENTICATED))
        };
        let is_closed_above = above.iter().any(|requirement| !requirement.is_public());
        if (self.says_public() && is_closed_above)
            || (self.operation.is_optional && above.iter().any(asks_for_a_credential))
        {
            return Err(TableError::OpenBelowGuards {
                operation: self.operation.label(),
            });
        }
        Ok(())
    }

    fn says_public(&self) -> bool {
        let (_, own) = self.above_and_own();
        reachable(own).any(Node::says_public) && !reachable(own).any(Node::asks)
    }
}
