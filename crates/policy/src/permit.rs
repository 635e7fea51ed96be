//! Permits.

mod claims;

use std::fmt;
use std::sync::Arc;

use scopegate_domain::{SchemeName, ScopeToken, Timestamp, TokenClaims, User};

use crate::{Fact, FactId, FactSet, PresentedCredentials, ResolvedOperation};

/// Proof that a request is authorized, with data for the handler: the subject, the user, the scopes
/// and the claims of the credential.
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
/// # Claims
///
/// The methods that are named for a claim, [`claim`](Self::claim) and [`value`](Self::value) read
/// the credential of the request:
///
/// ```
/// use scopegate_policy::Permit;
///
/// /// Returns the tenant, and whether the user logged in by several factors.
/// fn tenant(permit: &Permit) -> Result<(Option<u64>, bool), scopegate_domain::ReadClaimError> {
///     Ok((permit.claim("tenant")?, permit.acr() == Some("mfa")))
/// }
/// # let _ = tenant;
/// ```
///
/// If an operation needs several credentials, these are the claims of the first credential of
/// [`subject`](Self::subject). Claims of the other credentials do not reach the handler. They are
/// absent if no credential has a subject and there are several.
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
    claims: Option<Arc<TokenClaims>>,
    /// The earliest expiry of the credentials.
    expires_at: Option<Timestamp>,
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
            claims: None,
            expires_at: None,
        }
    }

    /// Adds the subject and the claims of the credential to the permit. Call it with the presented
    /// credentials of the decision. The decision itself allocates nothing and stores nothing of a
    /// request.
    // SECURITY: the claims are those of the subject that was allowed. Tested by
    // `claims_are_those_of_the_reported_subject`.
    pub fn with_claims_of(mut self, presented: &PresentedCredentials<'_>) -> Self {
        let speaker = self.speaker.and_then(|number| presented.credentials().nth(number));
        self.claims = speaker.and_then(|credential| credential.subject.claims());
        let times = presented
            .credentials()
            .filter_map(|credential| credential.subject.expires_at());
        self.expires_at = times.min();
        self
    }

    /// Returns the security schemes whose credentials were accepted for this subject, in the order
    /// of the catalog.
    pub fn schemes(&self) -> impl Iterator<Item = &SchemeName> {
        self.operation
            .fact_table()
            .facts_of(&self.granted)
            .filter_map(Fact::scheme_name)
    }

    /// Returns the user of the request, if the operation required one or the user was known.
    #[must_use]
    pub fn user(&self) -> Option<&User> {
        self.user.as_deref()
    }

    /// Returns the user as a shared pointer.
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

    /// Returns the scopes that the credentials provide, including implied ones, in the order of the
    /// catalog.
    pub fn granted(&self) -> impl Iterator<Item = &ScopeToken> {
        self.operation
            .fact_table()
            .facts_of(&self.granted)
            .filter_map(Fact::scope_token)
    }

    /// Whether the credentials provide this scope, directly or by implication.
    #[must_use]
    pub fn has_scope(&self, token: &ScopeToken) -> bool {
        self.granted().any(|granted| granted == token)
    }

    /// Returns the required scopes, dependants first: those of the application, of groups, next to
    /// the operation and on it. Empty for an anonymous caller;
    /// [`ResolvedOperation::challenge_scope`] returns the scope that a credential would need.
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
