//! Somebody who is let in in place of a token, in an application's own tests.

use std::sync::Arc;

use scopegate_domain::{ScopeToken, User};
use scopegate_policy::{Permit, Presented, ResolvedOperation, SchemeId};

use crate::admission::{Admission, decide};
use crate::refusal::Refusal;
use crate::sources::Sources;

/// Who is let in in place of a token.
#[derive(Debug, Default)]
pub(crate) struct Double {
    pub(crate) user: Option<Arc<User>>,
    pub(crate) scopes: Vec<ScopeToken>,
    pub(crate) is_authenticated: bool,
}

impl Double {
    /// What is presented is good for every scheme that the operation looks at.
    pub(crate) fn admit(
        &self,
        admission: &Admission,
        operation: &ResolvedOperation,
        sources: &Sources,
    ) -> Result<Option<Permit>, Refusal> {
        let schemes = if self.is_authenticated {
            sources.scheme_ids()
        } else {
            Vec::new()
        };
        let world = |scheme: SchemeId| admission.table.token_world_for_test(scheme, &self.scopes).ok();
        let worlds: Vec<_> = schemes.iter().copied().filter_map(world).collect();
        let subject = self.user.as_ref().map(|user| user.username().as_str());
        let mut presented = Presented::new(admission.clock.now());
        for world in &worlds {
            presented = presented.with_token(world, subject);
            if let Some(user) = &self.user {
                presented = presented.with_user(Arc::clone(user));
            }
        }
        decide(operation, &presented).map_err(|denial| Refusal::Denied(denial, schemes))
    }
}
