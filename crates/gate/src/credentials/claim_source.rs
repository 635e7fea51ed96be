//! Which facts of a policy the credentials of one source can state.

use scopegate_domain::{Audience, Issuer};
use scopegate_policy::{Fact, SubjectKind};
use scopegate_token::{SubjectClaim, TokenRules};

/// What the tokens of the application's own authorization server state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IssuedTokens {
    /// The issuer of the tokens; `None` if they name none.
    pub issuer: Option<Issuer>,
    /// The audience of the tokens; `None` if they name none.
    pub audience: Option<Audience>,
    /// Whether a token can have a client as its subject.
    pub has_service_subjects: bool,
    /// What `sub` says about a user; `None` if it is not known.
    pub subject: Option<SubjectClaim>,
}

impl IssuedTokens {
    /// Creates the description of tokens that are verified by these rules.
    #[must_use]
    pub fn by(rules: &TokenRules) -> Self {
        Self {
            issuer: rules.issuer().cloned(),
            audience: rules.audience().cloned(),
            has_service_subjects: false,
            subject: None,
        }
    }

    /// States what `sub` says about a user. Default: not known.
    #[must_use]
    pub const fn with_subject(mut self, claim: SubjectClaim) -> Self {
        self.subject = Some(claim);
        self
    }

    /// States that a token can have a client as its subject. Default: only users.
    #[must_use]
    pub const fn with_service_subjects(mut self) -> Self {
        self.has_service_subjects = true;
        self
    }
}

/// The source of credentials, by what it can state.
#[derive(Clone, Copy)]
pub(crate) enum ClaimSource<'g> {
    /// Subject and scopes alone: what an
    /// [`AuthenticatedCredential`](crate::AuthenticatedCredential) can express.
    Application,
    /// The application's own authorization server.
    Own(&'g IssuedTokens),
    /// A JWT of another issuer.
    Jwt,
    /// A token of [`TokenRules::shared_secret`].
    SharedSecret,
}

impl<'g> ClaimSource<'g> {
    /// Returns the source of tokens that are verified by these rules.
    pub(crate) fn by(rules: &TokenRules, issued: Option<&'g IssuedTokens>) -> Self {
        match issued {
            Some(issued) if issued.issuer.as_ref() == rules.issuer() => Self::Own(issued),
            _ if rules.issuer().is_none() => Self::SharedSecret,
            _ => Self::Jwt,
        }
    }

    /// Returns whether the source can state a fact.
    pub(crate) fn can_state(self, fact: &Fact) -> bool {
        match (self, fact) {
            (Self::Jwt, Fact::Acr(_) | Fact::AgeAtMost(_) | Fact::Audience(_) | Fact::Subject(_))
            | (Self::SharedSecret, Fact::Acr(_) | Fact::AgeAtMost(_) | Fact::Subject(_))
            | (Self::Own(_), Fact::Subject(SubjectKind::User)) => true,
            (Self::Own(issued), Fact::Audience(audience)) => issued.audience.as_ref() == Some(audience),
            (Self::Own(issued), Fact::Subject(SubjectKind::Service)) => issued.has_service_subjects,
            _ => false,
        }
    }
}
