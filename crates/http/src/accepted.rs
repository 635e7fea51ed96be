//! Credentials that were accepted.

use std::sync::Arc;

use scopegate_domain::User;
use scopegate_policy::{Presented, Subject, TokenWorld};

/// A credential that was accepted, in values that outlive it.
pub(crate) struct Accepted {
    pub(crate) world: TokenWorld,
    /// What it brings by the policy that is asked beside, where that looks at it.
    pub(crate) beside: Option<Box<TokenWorld>>,
    pub(crate) subject: Option<Arc<str>>,
    pub(crate) user: Option<Arc<User>>,
}

impl Accepted {
    /// Presents it, with what it brings by either policy.
    pub(crate) fn present<'a>(&'a self, presented: Presented<'a>, world: &'a TokenWorld) -> Presented<'a> {
        let subject = self.subject.as_ref().map_or(Subject::Nobody, Subject::Shared);
        let presented = presented.with_token(world, subject);
        match &self.user {
            Some(user) => presented.with_user(Arc::clone(user)),
            None => presented,
        }
    }
}
