//! Somebody who is let in in place of a token, in an application's own tests.

use std::sync::Arc;

use scopegate_domain::{ScopeToken, User};
use scopegate_policy::{Permit, Presented, ResolvedOperation};

use crate::admission::{Admission, Refusal, decide};

/// Who is let in in place of a token.
#[derive(Debug, Default)]
pub(crate) struct Double {
    pub(crate) user: Option<Arc<User>>,
    pub(crate) scopes: Vec<ScopeToken>,
    pub(crate) is_authenticated: bool,
}

impl Double {
    pub(crate) fn admit(
        &self,
        admission: &Admission,
        operation: &ResolvedOperation,
    ) -> Result<Option<Permit>, Refusal> {
        let now = admission.clock.now();
        let scheme = admission
            .bearer
            .as_ref()
            .filter(|_| self.is_authenticated)
            .map(|(scheme, _)| *scheme);
        let world = scheme
            .map(|scheme| admission.table.token_world_for_test(scheme, &self.scopes))
            .transpose();
        let Ok(Some(world)) = world else {
            return decide(operation, &Presented::new(now));
        };
        let subject = self.user.as_ref().map(|user| user.username().as_str());
        let presented = Presented::new(now).with_token(&world, subject);
        match &self.user {
            Some(user) => decide(operation, &presented.with_user(Arc::clone(user))),
            None => decide(operation, &presented),
        }
    }
}
