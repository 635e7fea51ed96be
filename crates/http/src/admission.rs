//! Who may go in: from the head of a request to a [`Permit`] or a refusal.

use std::sync::Arc;

use scopegate_domain::{Authenticated, Clock, Timestamp, User, UserId, Username};
use scopegate_policy::{
    Denial, OperationTable, Permit, Presented, ResolvedOperation, SchemeId, Subject, TokenTooLarge, TokenWorld,
    authorize,
};
use scopegate_store::{StoreError, Users};
use scopegate_token::{Scratch, Verifier, VerifyError};

use crate::bearer::{self, Bearer};
use crate::credential::Found;
use crate::sources::{Head, Judge, JudgedScheme, Source, Sources};
use crate::{Acceptance, Credential, CredentialVerifier, Profile, Verdict};

/// Decides who may go in. The one place that puts verifiers, users and policy together.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) profile: Profile,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) users: Option<Arc<dyn Users>>,
    pub(crate) table: OperationTable,
}

/// Why somebody may not go in.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// A credential of these schemes is there more than once.
    Ambiguous(Vec<SchemeId>),
    /// A credential was presented that is not good for any of these schemes, and what the policy says to that.
    Credential(Unaccepted, Vec<SchemeId>, Denial),
    /// The policy says no, to credentials of these schemes.
    Denied(Denial, Vec<SchemeId>),
    /// The users or the verifier of a credential could not be asked.
    Store(StoreError),
}

/// A credential that was accepted, in values that outlive it.
struct Accepted {
    world: TokenWorld,
    subject: Option<Arc<str>>,
    user: Option<Arc<User>>,
}

impl Admission {
    /// Lets a request in, or says why not. `None` is nobody, where the operation is open to nobody.
    ///
    /// Only credentials of schemes that the operation asks for are looked at: a public operation looks at none, so that a
    /// stale token does not shut it. What is presented for one of them and is not good is refused, also where another way in
    /// would do.
    pub(crate) async fn admit(
        &self,
        operation: &ResolvedOperation,
        sources: &Sources,
        head: Head<'_>,
    ) -> Result<Option<Permit>, Refusal> {
        let now = self.clock.now();
        match sources {
            Sources::Nothing => self.decide(operation, &mut [], now).await,
            Sources::Bearer(judged, verifier) => {
                let mut accepted = self.bearer(operation, judged, verifier, head, now)?;
                self.decide(operation, accepted.as_mut_slice(), now).await
            }
            // Apart, so that the way of one bearer token stays short and its future small.
            Sources::Several(sources) => Box::pin(self.admit_by_several(operation, sources, head, now)).await,
        }
    }

    /// The one bearer token of a request, if it has one.
    fn bearer(
        &self,
        operation: &ResolvedOperation,
        judged: &JudgedScheme,
        verifier: &Verifier,
        head: Head<'_>,
        now: Timestamp,
    ) -> Result<Option<Accepted>, Refusal> {
        let accepted = match bearer::read(head.headers, self.profile) {
            Bearer::Absent => return Ok(None),
            Bearer::Ambiguous => return Err(Refusal::Ambiguous(vec![judged.scheme])),
            Bearer::Malformed => Err(Unaccepted::Malformed),
            Bearer::Token(token) => self.verify(judged, verifier, token, now),
        };
        accepted
            .map(Some)
            .map_err(|cause| Refusal::Credential(cause, vec![judged.scheme], operation.invalid_credential()))
    }

    /// All that is cheap comes first: what cannot be read is refused before anybody is asked, and who has to work for an
    /// answer is asked last.
    async fn admit_by_several(
        &self,
        operation: &ResolvedOperation,
        sources: &[Source],
        head: Head<'_>,
        now: Timestamp,
    ) -> Result<Option<Permit>, Refusal> {
        let refused =
            |cause, source: &Source| Refusal::Credential(cause, source.scheme_ids(), operation.invalid_credential());
        let mut presented = Vec::new();
        for source in sources {
            match source.read(head, self.profile) {
                Found::Absent => {}
                Found::Ambiguous => return Err(Refusal::Ambiguous(source.scheme_ids())),
                Found::Malformed => return Err(refused(Unaccepted::Malformed, source)),
                Found::Credential(credential) => presented.push((source, credential)),
            }
        }
        let (mut accepted, mut unanswered) = (Vec::new(), None);
        for (source, credential) in &presented {
            let answers = self.ask_each(source, credential, now).await;
            if answers.accepted.is_empty() {
                return Err(match answers.unanswered {
                    Some(cause) => Refusal::Store(cause),
                    None => refused(answers.refused.unwrap_or(Unaccepted::Refused), source),
                });
            }
            accepted.extend(answers.accepted);
            unanswered = unanswered.or(answers.unanswered);
        }
        let decision = self.decide(operation, &mut accepted, now).await;
        match (decision, unanswered) {
            // Who could not be asked might have allowed it, so it cannot be said that nobody does.
            (Err(Refusal::Denied(..)), Some(cause)) => Err(Refusal::Store(cause)),
            (decision, _) => decision,
        }
    }

    /// Offers a credential to each scheme of its place. It counts for those that accept it.
    async fn ask_each(&self, source: &Source, credential: &Credential, now: Timestamp) -> Answers {
        let mut answers = Answers::default();
        for judged in &source.schemes {
            let answer = match &judged.judge {
                Judge::Token(verifier) => Ok(self.verify(judged, verifier, credential.secret().expose(), now)),
                Judge::Application(verifier) => self.ask(judged, &**verifier, credential).await,
            };
            match answer {
                Ok(Ok(accepted)) => answers.accepted.push(accepted),
                Ok(Err(cause)) => answers.refused = Some(cause),
                Err(cause) => answers.unanswered = Some(cause),
            }
        }
        answers
    }

    // The room for the payload lies on this function's stack: it must not become a part of the request's future.
    fn verify(
        &self,
        judged: &JudgedScheme,
        verifier: &Verifier,
        token: &str,
        now: Timestamp,
    ) -> Result<Accepted, Unaccepted> {
        let mut scratch = Scratch::new();
        let claims = verifier.verify(token, now, &mut scratch)?;
        let world = self.table.token_world(judged.scheme, &claims)?;
        Ok(Accepted {
            world,
            subject: claims.subject().filter(|_| judged.has_subject).map(Arc::from),
            user: None,
        })
    }

    /// Asks the application.
    // SECURITY: the proof is made here and nowhere else, of nothing but the verifier's yes. Held by
    // tests/api/schemes.rs, `nobody_gets_in_without_good_credentials_for_one_whole_way`.
    #[expect(
        clippy::disallowed_methods,
        reason = "the application has just checked the credential"
    )]
    async fn ask(
        &self,
        judged: &JudgedScheme,
        verifier: &dyn CredentialVerifier,
        credential: &Credential,
    ) -> Result<Result<Accepted, Unaccepted>, StoreError> {
        let Verdict::Accept(acceptance) = verifier.verify(credential).await? else {
            return Ok(Err(Unaccepted::Refused));
        };
        let proof: Authenticated<Acceptance> = Authenticated::assertion(acceptance);
        let world = self.table.accepted_with_scopes(judged.scheme, &proof, &proof.scopes);
        Ok(world.map_err(Unaccepted::from).map(|world| Accepted {
            world,
            subject: proof.into_inner().subject.filter(|_| judged.has_subject),
            user: None,
        }))
    }

    /// Reads the users where they are needed, and decides.
    async fn decide(
        &self,
        operation: &ResolvedOperation,
        accepted: &mut [Accepted],
        now: Timestamp,
    ) -> Result<Option<Permit>, Refusal> {
        if operation.needs_user() {
            self.read_users(accepted).await?;
        }
        let mut presented = Presented::new(now);
        for one in &*accepted {
            presented = presented.with_token(
                &one.world,
                one.subject.as_ref().map_or(Subject::Nobody, Subject::Shared),
            );
            if let Some(user) = &one.user {
                presented = presented.with_user(Arc::clone(user));
            }
        }
        let schemes = || accepted.iter().map(|one| one.world.scheme()).collect();
        decide(operation, &presented).map_err(|denial| Refusal::Denied(denial, schemes()))
    }

    /// Each subject is looked up once.
    async fn read_users(&self, accepted: &mut [Accepted]) -> Result<(), Refusal> {
        for number in 0..accepted.len() {
            let (before, rest) = accepted.split_at_mut(number);
            let Some(one) = rest.first_mut() else { break };
            one.user = match before.iter().find(|known| known.subject == one.subject) {
                Some(known) => known.user.clone(),
                None => self.user(one.subject.as_deref()).await?.map(Arc::new),
            };
        }
        Ok(())
    }

    /// The user that a credential speaks for: by name as the tutorial has it, by id otherwise. Nobody where nobody is known
    /// by it.
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
pub(crate) fn decide(operation: &ResolvedOperation, presented: &Presented<'_>) -> Result<Option<Permit>, Denial> {
    let permit = authorize(operation, presented)?.remembering(presented);
    Ok(Some(permit).filter(|permit| !operation.is_optional() || !permit.is_anonymous()))
}

/// What the schemes of one place said to one credential.
#[derive(Default)]
struct Answers {
    accepted: Vec<Accepted>,
    refused: Option<Unaccepted>,
    unanswered: Option<StoreError>,
}

/// Why a credential is not accepted; for the log alone, but for the difference between the unreadable and the wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unaccepted {
    #[error("it is not of the form of its scheme")]
    Malformed,
    #[error("its verifier refused it")]
    Refused,
    #[error(transparent)]
    TooLarge(#[from] TokenTooLarge),
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

impl Unaccepted {
    /// A short name of the rule that it breaks, for metrics.
    pub(crate) const fn rule(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Refused => "verifier",
            Self::TooLarge(_) => "too_large",
            Self::Verify(fault) => fault.rule(),
        }
    }
}
