//! Permits.

use std::fmt;
use std::sync::Arc;

use scopegate_domain::{SchemeName, ScopeToken, User};

use crate::{Fact, FactId, FactSet, PresentedCredentials, ResolvedOperation, Subject};

/// Proof that a request may be done, with what a handler wants to know of it: who asks, and what
/// they were granted.
///
/// Only [`authorize`](crate::authorize) constructs a permit.
///
/// ```
/// # use scopegate_domain::{Catalog, Claims, ScopeLayout, ScopeToken, SecurityScheme, Timestamp, Verified};
/// # use scopegate_policy::{Guard, Operation, OperationTable, PresentedCredentials, authorize};
/// # const ME: ScopeToken = ScopeToken::from_static("me");
/// # const ITEMS: ScopeToken = ScopeToken::from_static("items");
/// # const ADMIN: ScopeToken = ScopeToken::from_static("admin");
/// # let builder = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
/// # let catalog = builder.scope(ME, "").scope(ITEMS, "").scope(ADMIN, "").build()?;
/// let me = Guard::requires([ME]);
/// let table = OperationTable::builder(catalog)
///     .operation(Operation::get("/users/me/items/").guard(Guard::requires([ITEMS]).depends_on(&me)))
///     .operation(Operation::get("/status/").guard(Guard::public()))
///     .build()?;
/// let [items, status] = table.operations() else { unreachable!() };
/// # let claims = Verified::assertion(Claims::parse(br#"{"sub":"u","scopes":["admin","items","me"]}"#, ScopeLayout::List)?);
/// # let scheme = table.scheme_id(&items.schemes()[0]).unwrap();
/// # let token = table.token_facts(scheme, &claims)?;
/// # let nobody = PresentedCredentials::new(Timestamp::from_unix(0));
/// # let request = nobody.clone().with_token(&token, claims.subject());
///
/// // A token with all three scopes; what was required stands in the order of the tree, from the outside in.
/// let permit = authorize(items, &request).unwrap();
/// assert_eq!(permit.required(), [ITEMS, ME]);
/// assert!(permit.granted().eq([&ME, &ITEMS, &ADMIN]));
///
/// let anonymous = authorize(status, &nobody).unwrap();
/// assert!(anonymous.is_anonymous() && anonymous.required().is_empty() && anonymous.granted().next().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```compile_fail
/// let permit = scopegate_policy::Permit { user: None };
/// ```
// SECURITY: the fields are private and the one constructor is private to the crate; the
// `compile_fail` above holds it.
#[derive(Clone)]
#[must_use]
pub struct Permit {
    operation: ResolvedOperation,
    user: Option<Arc<User>>,
    granted: FactSet,
    witness: usize,
    speaker: Option<usize>,
    subject: Option<Arc<str>>,
}

impl Permit {
    pub(crate) const fn new(
        operation: ResolvedOperation,
        user: Option<Arc<User>>,
        granted: FactSet,
        witness: usize,
        speaker: Option<usize>,
    ) -> Self {
        Self {
            operation,
            user,
            granted,
            witness,
            speaker,
            subject: None,
        }
    }

    /// The same permit, with the subject of the credential: to be called with what was presented to
    /// the decision. Apart from the decision, which allocates nothing and keeps nothing of a
    /// request.
    pub fn with_subject_of(mut self, presented: &PresentedCredentials<'_>) -> Self {
        let speaker = self.speaker.and_then(|number| presented.credentials().nth(number));
        self.subject = speaker.map(|credential| credential.subject).and_then(Subject::shared);
        self
    }

    /// The subject of the credential, known user or not: the subject of a token, the owner of a
    /// key. None if it has no subject, or if the permit was not made
    /// [`with_subject_of`](Self::with_subject_of) it.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// The security schemes whose credentials were accepted for this subject, in the order of the
    /// catalog.
    pub fn schemes(&self) -> impl Iterator<Item = &SchemeName> {
        self.operation
            .fact_table()
            .facts_of(&self.granted)
            .filter_map(Fact::scheme_name)
    }

    /// The user in whose name it may be done, if the operation required one or the request's was
    /// known.
    #[must_use]
    pub fn user(&self) -> Option<&User> {
        self.user.as_deref()
    }

    /// The same, to be kept.
    #[must_use]
    pub fn user_arc(&self) -> Option<Arc<User>> {
        self.user.clone()
    }

    /// Whether no credential was accepted: the operation is public, or authentication is optional.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        !self.granted.contains(FactId::AUTHENTICATED)
    }

    /// Returns the authorized operation.
    #[must_use]
    pub const fn operation(&self) -> &ResolvedOperation {
        &self.operation
    }

    /// The scopes that the credentials provide, those that others imply included, in the order of
    /// the catalog.
    pub fn granted(&self) -> impl Iterator<Item = &ScopeToken> {
        self.operation
            .fact_table()
            .facts_of(&self.granted)
            .filter_map(Fact::scope_token)
    }

    /// Whether the credentials provide this scope, by themselves or by implication.
    #[must_use]
    pub fn has_scope(&self, token: &ScopeToken) -> bool {
        self.granted().any(|granted| granted == token)
    }

    /// The scopes that were needed, dependants first: those of the application, of groups, next to
    /// the operation and on it. None of an anonymous caller; [`ResolvedOperation::challenge_scope`]
    /// says what a credential would need.
    #[must_use]
    pub fn required(&self) -> &[ScopeToken] {
        self.operation.scope_of(self.witness())
    }

    /// Returns the index of the satisfied alternative. `None` for an anonymous request if
    /// authentication is optional.
    #[must_use]
    pub fn witness(&self) -> Option<usize> {
        Some(self.witness).filter(|_| !self.operation.is_optional() || !self.is_anonymous())
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("operation", &format_args!("{}", self.operation))
            .field("user", &self.user.as_ref().map(|user| user.id()))
            .field("granted", &self.granted().map(ScopeToken::as_str).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
