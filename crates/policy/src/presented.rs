//! The accepted credentials of a request.

use std::sync::Arc;

use scopegate_domain::{Timestamp, TokenClaims, User};

use crate::{Binding, TokenFacts};

/// The input of a decision: the time, the accepted credentials, the subject of each, and facts that
/// were determined before.
///
/// Only accepted credentials are presented. An invalid credential is refused earlier, by
/// [`ResolvedOperation::invalid_credential`](crate::ResolvedOperation::invalid_credential).
///
/// ```
/// use scopegate_domain::Timestamp;
/// use scopegate_policy::PresentedCredentials;
///
/// let nothing = PresentedCredentials::new(Timestamp::from_unix(1_700_000_000));
/// assert!(!nothing.has_credential());
/// ```
#[derive(Clone, Debug)]
pub struct PresentedCredentials<'a> {
    pub(crate) now: Timestamp,
    pub(crate) first: Option<Credential<'a>>,
    pub(crate) more: Vec<Credential<'a>>,
    pub(crate) facts: Vec<&'a str>,
}

/// The subject of a credential: none, a name, or the claims that contain the name.
///
/// [`Permit::with_claims_of`](crate::Permit::with_claims_of) shares the claims without a copy.
///
/// ```
/// use std::sync::Arc;
/// use scopegate_policy::Subject;
/// use scopegate_domain::TokenClaims;
///
/// assert_eq!(Subject::from("johndoe").name(), Some("johndoe"));
/// assert_eq!(Subject::default().name(), None);
/// let claims = Arc::new(TokenClaims::new().with_subject("johndoe").with_client_id("app"));
/// assert_eq!(Subject::from(&claims).name(), Some("johndoe"));
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub enum Subject<'a> {
    /// The subject of this name.
    Named(&'a str),
    /// The credential has no subject.
    #[default]
    None,
    /// The subject of these claims, which can be none.
    Claims(&'a Arc<TokenClaims>),
}

impl<'a> Subject<'a> {
    /// Returns the name, if the credential has a subject.
    #[must_use]
    pub fn name(self) -> Option<&'a str> {
        match self {
            Self::Named(name) => Some(name),
            Self::None => None,
            Self::Claims(claims) => claims.subject(),
        }
    }

    /// Returns the name, and whether it is that of a client: a user of the same name is another
    /// subject.
    pub(crate) fn identity(self) -> Option<(&'a str, bool)> {
        let is_of_client = match self {
            Self::Claims(claims) => claims.is_of_client(),
            Self::Named(_) | Self::None => false,
        };
        self.name().map(|name| (name, is_of_client))
    }

    /// Returns the time from which the credential is refused.
    pub(crate) fn expires_at(self) -> Option<Timestamp> {
        match self {
            Self::Claims(claims) => claims.expires_at(),
            Self::Named(_) | Self::None => None,
        }
    }

    /// Returns the claims of the credential.
    pub(crate) fn claims(self) -> Option<Arc<TokenClaims>> {
        match self {
            Self::Named(name) => Some(Arc::new(TokenClaims::new().with_subject(name))),
            Self::None => None,
            Self::Claims(claims) => Some(Arc::clone(claims)),
        }
    }
}

impl<'a> From<&'a Arc<TokenClaims>> for Subject<'a> {
    fn from(claims: &'a Arc<TokenClaims>) -> Self {
        Self::Claims(claims)
    }
}

impl<'a> From<&'a str> for Subject<'a> {
    fn from(name: &'a str) -> Self {
        Self::Named(name)
    }
}

impl<'a> From<Option<&'a str>> for Subject<'a> {
    fn from(name: Option<&'a str>) -> Self {
        name.map_or(Self::None, Self::Named)
    }
}

/// An accepted credential and its subject.
#[derive(Clone, Debug)]
pub(crate) struct Credential<'a> {
    pub(crate) facts: &'a TokenFacts,
    pub(crate) subject: Subject<'a>,
    pub(crate) user: Option<Arc<User>>,
    pub(crate) binding: Option<Binding>,
}

impl<'a> PresentedCredentials<'a> {
    /// A request without credentials.
    #[must_use]
    pub const fn new(now: Timestamp) -> Self {
        Self {
            now,
            first: None,
            more: Vec::new(),
            facts: Vec::new(),
        }
    }

    /// Adds an accepted credential with its subject or its claims. If an alternative requires
    /// several schemes with a subject, their credentials must have the same subject, or they do not
    /// count together.
    #[must_use]
    pub fn with_token(mut self, facts: &'a TokenFacts, subject: impl Into<Subject<'a>>) -> Self {
        let credential = Credential {
            facts,
            subject: subject.into(),
            user: None,
            binding: None,
        };
        match self.first {
            None => self.first = Some(credential),
            Some(_) => self.more.push(credential),
        }
        self
    }

    /// Sets the user of the credential given last. Changes nothing if there is none.
    #[must_use]
    pub fn with_user(mut self, user: Arc<User>) -> Self {
        if let Some(credential) = self.last() {
            credential.user = Some(user);
        }
        self
    }

    /// States that the sender of the last credential proved the binding of the credential. No
    /// effect without a credential.
    #[must_use]
    pub fn with_binding(mut self, binding: Binding) -> Self {
        if let Some(credential) = self.last() {
            credential.binding = Some(binding);
        }
        self
    }

    /// Adds a fact that was determined for the request. Either a check of this name without code
    /// passed, or the code of a check reads it by
    /// [`CheckContext::has_fact`](crate::CheckContext::has_fact).
    #[must_use]
    pub fn with_fact(mut self, name: &'a str) -> Self {
        self.facts.push(name);
        self
    }

    /// Whether a credential was accepted.
    #[must_use]
    pub const fn has_credential(&self) -> bool {
        self.first.is_some()
    }

    pub(crate) fn credentials(&self) -> impl Iterator<Item = &Credential<'a>> {
        self.first.iter().chain(&self.more)
    }

    fn last(&mut self) -> Option<&mut Credential<'a>> {
        match self.more.last_mut() {
            Some(last) => Some(last),
            None => self.first.as_mut(),
        }
    }
}
