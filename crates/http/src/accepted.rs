//! Credentials that were accepted.

use std::sync::Arc;

use scopegate_domain::User;
use scopegate_policy::{Presented, Subject, TokenWorld};
use scopegate_token::{HeapBytes, Known};

/// A credential that was accepted, in values that outlive it.
pub(crate) struct Accepted {
    brings: Brings,
    pub(crate) user: Option<Arc<User>>,
}

/// The facts of one credential, regardless of the requirement.
pub(crate) struct Brought {
    pub(crate) world: TokenWorld,
    /// The facts of this credential under the shadow policy.
    pub(crate) beside: Option<Box<TokenWorld>>,
    pub(crate) subject: Option<Arc<str>>,
}

enum Brings {
    /// As it was found out for this request.
    Now(Box<Brought>),
    /// As it was found out when the token was verified.
    Then(Arc<Known<Brought>>),
}

impl Accepted {
    /// A credential that the application accepted.
    pub(crate) fn by_the_application(brought: Brought) -> Self {
        Self {
            brings: Brings::Now(Box::new(brought)),
            user: None,
        }
    }

    /// A token that was verified, now or before.
    pub(crate) const fn of_token(known: Arc<Known<Brought>>) -> Self {
        Self {
            brings: Brings::Then(known),
            user: None,
        }
    }

    fn brought(&self) -> &Brought {
        match &self.brings {
            Brings::Now(brought) => brought,
            Brings::Then(known) => known,
        }
    }

    /// Returns its facts under the running policy.
    pub(crate) fn world(&self) -> &TokenWorld {
        &self.brought().world
    }

    /// Returns its facts under the shadow policy.
    pub(crate) fn beside(&self) -> Option<&TokenWorld> {
        self.brought().beside.as_deref()
    }

    /// Returns the subject of the credential.
    pub(crate) fn subject(&self) -> Option<&Arc<str>> {
        self.brought().subject.as_ref()
    }

    /// Adds the credential to `presented`, with its facts under one of the two policies.
    pub(crate) fn present<'a>(&'a self, presented: Presented<'a>, world: &'a TokenWorld) -> Presented<'a> {
        let subject = self.subject().map_or(Subject::Nobody, Subject::Shared);
        let presented = presented.with_token(world, subject);
        match &self.user {
            Some(user) => presented.with_user(Arc::clone(user)),
            None => presented,
        }
    }
}

impl HeapBytes for Brought {
    fn heap_bytes(&self) -> usize {
        /// What the counts of shared memory take.
        const COUNTS: usize = 16;
        let beside = self.beside.as_ref();
        let subject = self.subject.as_ref();
        self.world.heap_bytes()
            + beside.map_or(0, |beside| size_of::<TokenWorld>() + beside.heap_bytes())
            + subject.map_or(0, |subject| COUNTS + subject.len())
    }
}
