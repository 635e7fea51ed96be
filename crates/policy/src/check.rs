//! Checks: pure tests beyond scopes.

mod active_user;

use std::any::Any;
use std::fmt::Debug;

use scopegate_domain::{ScopeToken, Timestamp, User};

pub use self::active_user::ActiveUser;
use crate::{Fact, FactId, FactSet, FactTable, Needs, SchemeId};

/// A custom check as code. A check is pure: all its input is in the [`CheckContext`].
///
/// A check cannot wait. Do a table look-up or the verification of a body's signature before the
/// decision, and pass the result as a fact
/// ([`PresentedCredentials::with_fact`](crate::PresentedCredentials::with_fact)).
///
/// ```
/// use scopegate_policy::{Check, Needs, CheckContext};
///
/// #[derive(Debug)]
/// struct VerifiedMail;
///
/// impl Check for VerifiedMail {
///     fn name(&self) -> &str {
///         "verified_mail"
///     }
///     fn needs(&self) -> Needs {
///         Needs::User
///     }
///     fn passes(&self, place: &CheckContext<'_>) -> bool {
///         place.user().is_some_and(|user| user.email().is_some())
///     }
/// }
/// # let _ = scopegate_policy::Guard::user().check(VerifiedMail);
/// ```
pub trait Check: Any + Debug + Send + Sync {
    /// Returns the name for explanations and documents. All checks of one name in one operation
    /// must pass together.
    fn name(&self) -> &str;

    /// Returns what must be present before the check can pass. The check is not called if it is
    /// missing.
    fn needs(&self) -> Needs {
        Needs::Authentication
    }

    /// Returns the message to a caller that the check refuses.
    fn reason(&self) -> Reason {
        Reason::Check
    }

    /// Whether the check passes.
    fn passes(&self, place: &CheckContext<'_>) -> bool;
}

/// The beginning of the name of a check that the application decides after it loaded the resource
/// of the request. In a decision it always passes, so the application must run it.
pub const RESOURCE_CHECK: &str = "resource:";

/// The message to a caller that a check refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "each has its answer in the one table of replies")]
pub enum Reason {
    /// A restriction other than scopes forbids the request.
    Check,
    /// The user is not active. Such a check is a part of the fact `active`, which always requires a
    /// user with that status.
    Inactive,
}

/// The input of a check: the request, and the position of the check in the guard tree.
///
/// ```
/// use scopegate_policy::{Check, CheckContext};
///
/// /// Guards ask for the same by themselves; a check may want to know.
/// #[derive(Debug)]
/// struct HasWhatIsRequiredHere;
///
/// impl Check for HasWhatIsRequiredHere {
///     fn name(&self) -> &str {
///         "has_what_is_required_here"
///     }
///     fn passes(&self, place: &CheckContext<'_>) -> bool {
///         let granted: Vec<_> = place.granted().collect();
///         place.scopes().iter().all(|required| granted.contains(&required))
///     }
/// }
/// # let _ = scopegate_policy::Guard::user().check(HasWhatIsRequiredHere);
/// ```
#[derive(Debug)]
pub struct CheckContext<'a> {
    pub(crate) scopes: &'a [ScopeToken],
    pub(crate) user: Option<&'a User>,
    pub(crate) granted: &'a FactSet,
    pub(crate) fact_table: &'a FactTable,
    pub(crate) now: Timestamp,
    pub(crate) facts: &'a [&'a str],
}

impl<'a> CheckContext<'a> {
    /// Returns the required scopes: those of everything that depends on this guard, outermost
    /// first, then its own, each once.
    #[must_use]
    pub const fn scopes(&self) -> &'a [ScopeToken] {
        self.scopes
    }

    /// Returns the required scopes as one text, delimited by spaces.
    #[must_use]
    pub fn scope_str(&self) -> String {
        self.scopes.iter().map(ScopeToken::as_str).collect::<Vec<_>>().join(" ")
    }

    /// Returns the user, if the operation requires one and the request's user is known.
    #[must_use]
    pub const fn user(&self) -> Option<&'a User> {
        self.user
    }

    /// Returns the scopes that the credentials provide, including implied ones, in the order of the
    /// catalog.
    pub fn granted(&self) -> impl Iterator<Item = &'a ScopeToken> + use<'a> {
        self.fact_table.facts_of(self.granted).filter_map(Fact::scope_token)
    }

    /// Whether a credential of any scheme has this scope, or a scope that implies it.
    #[must_use]
    pub fn has_scope(&self, token: &ScopeToken) -> bool {
        let schemes = (0..)
            .map(SchemeId)
            .zip(self.fact_table.scheme_names())
            .map(|(id, _)| id);
        schemes
            .filter_map(|scheme| self.fact_table.scope_id(scheme, token.as_str()))
            .any(|id| self.granted.contains(id))
    }

    /// Whether a credential was accepted.
    #[must_use]
    pub fn is_authenticated(&self) -> bool {
        self.granted.contains(FactId::AUTHENTICATED)
    }

    /// The present moment.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether this fact about the request was determined before the decision.
    #[must_use]
    pub fn has_fact(&self, name: &str) -> bool {
        self.facts.contains(&name)
    }
}
