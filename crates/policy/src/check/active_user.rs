//! The check that the user is active.

use crate::{Check, CheckContext, Needs, Reason};

/// Requires an active user: the fact `active`.
///
/// ```
/// use scopegate_policy::{ActiveUser, Guard};
///
/// let guard = Guard::user().check(ActiveUser);
/// # let _ = guard;
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing to set")]
pub struct ActiveUser;

impl Check for ActiveUser {
    fn name(&self) -> &'static str {
        "active"
    }

    fn needs(&self) -> Needs {
        Needs::User
    }

    fn reason(&self) -> Reason {
        Reason::Inactive
    }

    fn passes(&self, place: &CheckContext<'_>) -> bool {
        place.user().is_some_and(scopegate_domain::User::is_active)
    }
}
