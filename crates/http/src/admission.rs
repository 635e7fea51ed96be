//! Who may go in: from the head of a request to a [`Permit`] or a refusal.

use std::sync::Arc;

use scopegate_domain::{Clock, Timestamp, User, UserId, Username};
use scopegate_policy::{Denial, OperationTable, Permit, Presented, ResolvedOperation, authorize};
use scopegate_store::{StoreError, Users};

use crate::accepted::Accepted;
use crate::application;
use crate::bearer::{self, Bearer};
use crate::bearer_tokens::{TokenJudge, Wanted};
use crate::credential::Found;
use crate::refusal::{Refusal, Unaccepted};
use crate::request_head::RequestHead;
use crate::shadow::Beside;
use crate::sources::{Judge, JudgedScheme, Source, Sources};
use crate::{Credential, Profile};

/// Decides who may go in. The one place that puts verifiers, users and policy together.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) profile: Profile,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) users: Option<Arc<dyn Users>>,
    pub(crate) table: OperationTable,
}

/// What is asked for, and what of the request is looked at.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'r> {
    pub(crate) operation: &'r ResolvedOperation,
    pub(crate) sources: &'r Sources,
    /// The proposed policy, where one is asked beside.
    pub(crate) beside: Option<&'r Beside>,
    pub(crate) head: &'r RequestHead<'r>,
}

impl Admission {
    /// Lets a request in, or says why not. `None` is nobody, where the operation is open to nobody.
    ///
    /// Only credentials of schemes that the operation asks for are looked at: a public operation looks at none, so that a
    /// stale token does not shut it. What is presented for one of them and is not good is refused, also where another way in
    /// would do.
    pub(crate) async fn admit(&self, asked: Asked<'_>) -> Result<Option<Permit>, Refusal> {
        let now = self.clock.now();
        let accepted = match asked.sources {
            Sources::Nothing => Ok(None),
            Sources::Bearer(judged, tokens) => self.bearer(asked, judged, tokens, now),
            // What waits is apart, here and below, so that the future of every other request stays small.
            Sources::Several(sources) => return Box::pin(self.admit_by_several(asked, sources, now)).await,
        };
        let mut accepted = accepted.map_err(|refusal| asked.undecided(refusal, now))?;
        let needs_user = asked.operation.needs_user();
        if needs_user && !accepted.as_mut().is_none_or(|one| self.recall_user(one)) {
            return Box::pin(self.ask_and_decide(asked, accepted.as_mut_slice(), None, now)).await;
        }
        asked.decide(accepted.as_slice(), None, now)
    }

    /// The one bearer token of a request, if it has one.
    fn bearer(
        &self,
        asked: Asked<'_>,
        judged: &JudgedScheme,
        tokens: &TokenJudge,
        now: Timestamp,
    ) -> Result<Option<Accepted>, Refusal> {
        let raw = bearer::raw(asked.head.headers(), self.profile);
        // What was accepted before had the form of a token: it is not looked at again.
        if let Some(accepted) = raw.ok().and_then(|raw| tokens.recall(raw, now)) {
            return Ok(Some(accepted));
        }
        let accepted = match raw.map_or_else(|nothing| nothing, |raw| bearer::token(raw, self.profile)) {
            Bearer::Absent => return Ok(None),
            Bearer::Ambiguous => return Err(Refusal::Ambiguous(vec![judged.scheme])),
            Bearer::Malformed => Err(Unaccepted::Malformed),
            Bearer::Token(token) => tokens.verify(self.wanted(asked.beside, judged), token, now),
        };
        accepted
            .map(Some)
            .map_err(|cause| Refusal::Credential(cause, vec![judged.scheme], asked.operation.invalid_credential()))
    }

    async fn admit_by_several(
        &self,
        asked: Asked<'_>,
        sources: &[Source],
        now: Timestamp,
    ) -> Result<Option<Permit>, Refusal> {
        match self.accepted(asked, sources, now).await {
            Ok(mut answers) => {
                self.ask_and_decide(asked, &mut answers.accepted, answers.unanswered, now)
                    .await
            }
            Err(refusal) => Err(asked.undecided(refusal, now)),
        }
    }

    /// All credentials of a request. What is cheap comes first: what cannot be read is refused before anybody is asked, and
    /// who has to work for an answer is asked last.
    async fn accepted(&self, asked: Asked<'_>, sources: &[Source], now: Timestamp) -> Result<Answers, Refusal> {
        let refused = |cause, source: &Source| {
            Refusal::Credential(cause, source.scheme_ids(), asked.operation.invalid_credential())
        };
        let mut presented = Vec::new();
        for source in sources {
            match source.read(asked.head, self.profile) {
                Found::Absent => {}
                Found::Ambiguous => return Err(Refusal::Ambiguous(source.scheme_ids())),
                Found::Malformed => return Err(refused(Unaccepted::Malformed, source)),
                Found::Credential(credential) => presented.push((source, credential)),
            }
        }
        let mut all = Answers::default();
        for (source, credential) in &presented {
            let answers = self.ask_each(asked.beside, source, credential, now).await;
            if answers.accepted.is_empty() {
                return Err(match answers.unanswered {
                    Some(cause) => Refusal::Store(cause),
                    None => refused(answers.refused.unwrap_or(Unaccepted::Refused), source),
                });
            }
            all.accepted.extend(answers.accepted);
            all.unanswered = all.unanswered.or(answers.unanswered);
        }
        Ok(all)
    }

    /// Offers a credential to each scheme of its place. It counts for those that accept it.
    async fn ask_each(
        &self,
        beside: Option<&Beside>,
        source: &Source,
        credential: &Credential,
        now: Timestamp,
    ) -> Answers {
        let mut answers = Answers::default();
        for judged in &source.schemes {
            let wanted = self.wanted(beside, judged);
            let answer = match &judged.judge {
                Judge::Token(tokens) => Ok(tokens.accept(wanted, credential.secret().expose(), now)),
                Judge::Application(verifier) => application::verify(wanted, &**verifier, credential).await,
                #[cfg(feature = "remote-issuers")]
                Judge::Issuers(issuers) => issuers.verify(wanted, credential, now).await,
            };
            match answer {
                Ok(Ok(accepted)) => answers.accepted.push(accepted),
                Ok(Err(cause)) => answers.refused = Some(cause),
                Err(cause) => answers.unanswered = Some(cause),
            }
        }
        answers
    }

    const fn wanted<'r>(&'r self, beside: Option<&'r Beside>, judged: &JudgedScheme) -> Wanted<'r> {
        Wanted {
            table: &self.table,
            scheme: judged.scheme,
            has_subject: judged.has_subject,
            beside,
        }
    }

    /// Reads the users where they are needed, and decides.
    async fn ask_and_decide(
        &self,
        asked: Asked<'_>,
        accepted: &mut [Accepted],
        unanswered: Option<StoreError>,
        now: Timestamp,
    ) -> Result<Option<Permit>, Refusal> {
        if asked.operation.needs_user()
            && let Err(refusal) = self.read_users(accepted).await
        {
            return Err(asked.undecided(refusal, now));
        }
        asked.decide(accepted, unanswered, now)
    }

    /// Each subject is looked up once.
    async fn read_users(&self, accepted: &mut [Accepted]) -> Result<(), Refusal> {
        for number in 0..accepted.len() {
            let (before, rest) = accepted.split_at_mut(number);
            let Some(one) = rest.first_mut() else { break };
            one.user = match before.iter().find(|known| known.subject() == one.subject()) {
                Some(known) => known.user.clone(),
                None => self.user(one.subject().map(AsRef::as_ref)).await?,
            };
        }
        Ok(())
    }

    /// Whether nobody has to be asked for the user that a credential speaks for; then it is with the credential.
    fn recall_user(&self, one: &mut Accepted) -> bool {
        let (Some(users), Some(subject)) = (&self.users, one.subject()) else {
            return true;
        };
        one.user = self.recall(&**users, subject);
        one.user.is_some()
    }

    /// The user that a credential speaks for. Nobody where nobody is known by it. Nothing is waited for where the user is
    /// known already.
    pub(crate) async fn user(&self, subject: Option<&str>) -> Result<Option<Arc<User>>, Refusal> {
        let (Some(users), Some(subject)) = (&self.users, subject) else {
            return Ok(None);
        };
        match self.recall(&**users, subject) {
            Some(user) => Ok(Some(user)),
            None => self.find_user(&**users, subject).await,
        }
    }

    /// By name as the tutorial has it, by id otherwise.
    fn recall(&self, users: &dyn Users, subject: &str) -> Option<Arc<User>> {
        match self.profile {
            Profile::Tutorial => users.cached(subject),
            Profile::Rfc => users.cached_by_id(subject),
        }
    }

    async fn find_user(&self, users: &dyn Users, subject: &str) -> Result<Option<Arc<User>>, Refusal> {
        let found = match self.profile {
            Profile::Tutorial => match Username::from_stored(subject) {
                Ok(name) => users.find(&name).await,
                Err(_) => return Ok(None),
            },
            Profile::Rfc => match UserId::parse(subject) {
                Ok(id) => users.find_by_id(&id).await,
                Err(_) => return Ok(None),
            },
        };
        found.map(|user| user.map(Arc::new)).map_err(Refusal::Store)
    }
}

impl Asked<'_> {
    /// Decides, of credentials whose users are known. Where somebody could not be asked who might have said yes, it cannot be
    /// said that nobody does.
    fn decide(
        self,
        accepted: &[Accepted],
        unanswered: Option<StoreError>,
        now: Timestamp,
    ) -> Result<Option<Permit>, Refusal> {
        let mut presented = Presented::new(now);
        for one in accepted {
            presented = one.present(presented, one.world());
        }
        let decision = decide(self.operation, &presented);
        match (&decision, unanswered) {
            (Err(_), Some(cause)) => return Err(self.undecided(Refusal::Store(cause), now)),
            (_, unanswered) => {
                if let Some(beside) = self.beside {
                    let (denial, lacks_answers) = (decision.as_ref().err(), unanswered.is_some());
                    beside.decided(denial, &presented, accepted, lacks_answers, (self.head, now));
                }
            }
        }
        let schemes = || accepted.iter().map(|one| one.world().scheme()).collect();
        decision.map_err(|denial| Refusal::Denied(denial, schemes()))
    }

    /// Passes on a refusal that came before any decision.
    fn undecided(self, refusal: Refusal, now: Timestamp) -> Refusal {
        if let Some(beside) = self.beside {
            beside.undecided(&refusal, now);
        }
        refusal
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
