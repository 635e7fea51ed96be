//! Who may go in: from the headers of a request to a [`Permit`] or a refusal.

use std::sync::Arc;

use http::HeaderMap;
use scopegate_domain::{Clock, Timestamp, User, UserId, Username};
use scopegate_policy::{
    Access, Denial, OperationTable, Permit, Presented, ResolvedOperation, SchemeId, TokenTooLarge, TokenWorld,
    authorize,
};
use scopegate_store::{StoreError, Users};
use scopegate_token::{Scratch, Verifier, VerifyError};

use crate::Profile;
use crate::bearer::{self, Bearer};

/// Decides who may go in. The one place that puts verifier, users and policy together.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) profile: Profile,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) users: Option<Arc<dyn Users>>,
    pub(crate) table: OperationTable,
    /// The scheme of bearer tokens, and what tells whether one is genuine.
    pub(crate) bearer: Option<(SchemeId, Arc<Verifier>)>,
}

/// Why somebody may not go in.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// More than one `Authorization` header.
    Ambiguous,
    /// The policy says no.
    Denied(Denial),
    /// The users could not be asked.
    Store(StoreError),
    /// A token was presented that is not good, and what the policy says to that.
    Token(Unaccepted, Denial),
}

/// A token that was accepted, in values that outlive it.
struct Accepted {
    world: TokenWorld,
    subject: Option<String>,
}

impl Admission {
    /// Lets a request in, or says why not. `None` is nobody, where the operation is open to nobody.
    ///
    /// A public operation looks at no credential at all, so that a stale token does not shut it.
    pub(crate) async fn admit(
        &self,
        operation: &ResolvedOperation,
        headers: &HeaderMap,
    ) -> Result<Option<Permit>, Refusal> {
        let now = self.clock.now();
        let accepted = self.accept(operation, headers, now)?;
        let mut presented = Presented::new(now);
        if let Some(accepted) = &accepted {
            presented = presented.with_token(&accepted.world, accepted.subject.as_deref());
            if operation.needs_user()
                && let Some(user) = self.user(accepted.subject.as_deref()).await?
            {
                presented = presented.with_user(Arc::new(user));
            }
        }
        decide(operation, &presented)
    }

    /// The bearer token of a request, if it has one. What is presented and not good is refused here, whatever the operation
    /// asks for.
    fn accept(
        &self,
        operation: &ResolvedOperation,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Option<Accepted>, Refusal> {
        let Some((scheme, verifier)) = &self.bearer else {
            return Ok(None);
        };
        if operation.access() == Access::Public {
            return Ok(None);
        }
        let accepted = match bearer::read(headers, self.profile) {
            Bearer::Absent => return Ok(None),
            Bearer::Ambiguous => return Err(Refusal::Ambiguous),
            Bearer::Malformed => Err(Unaccepted::Malformed),
            Bearer::Token(token) => self.verify(*scheme, verifier, token, now),
        };
        accepted
            .map(Some)
            .map_err(|cause| Refusal::Token(cause, operation.invalid_credential()))
    }

    // The room for the payload lies on this function's stack: it must not become a part of the request's future.
    fn verify(
        &self,
        scheme: SchemeId,
        verifier: &Verifier,
        token: &str,
        now: Timestamp,
    ) -> Result<Accepted, Unaccepted> {
        let mut scratch = Scratch::new();
        let claims = verifier.verify(token, now, &mut scratch)?;
        let world = self.table.token_world(scheme, &claims)?;
        Ok(Accepted {
            world,
            subject: claims.subject().map(str::to_owned),
        })
    }

    /// The user that a token speaks for: by name as the tutorial has it, by id otherwise. Nobody where nobody is known by it.
    async fn user(&self, subject: Option<&str>) -> Result<Option<User>, Refusal> {
        let (Some(users), Some(subject)) = (&self.users, subject) else {
            return Ok(None);
        };
        let found = match self.profile {
            Profile::Tutorial => match Username::parse(subject) {
                Ok(name) => users.find(&name).await,
                Err(_) => return Ok(None),
            },
            Profile::Rfc => match UserId::parse(subject) {
                Ok(id) => users.find_by_id(&id).await,
                Err(_) => return Ok(None),
            },
        };
        found.map_err(Refusal::Store)
    }
}

/// The policy's answer; nobody is let in as `None` where authentication is optional.
pub(crate) fn decide(operation: &ResolvedOperation, presented: &Presented<'_>) -> Result<Option<Permit>, Refusal> {
    let permit = authorize(operation, presented).map_err(Refusal::Denied)?;
    Ok(Some(permit).filter(|permit| !operation.is_optional() || !permit.is_anonymous()))
}

/// Why a token is not accepted; for the log alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unaccepted {
    #[error("it is not of the form of a bearer token")]
    Malformed,
    #[error(transparent)]
    TooLarge(#[from] TokenTooLarge),
    #[error(transparent)]
    Verify(#[from] VerifyError),
}
