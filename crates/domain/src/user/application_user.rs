//! Users of an application's own type.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// A user type of an application, such as a row of its table of users.
///
/// The gate reads from it whether the user may act. Handlers read the rest.
///
/// ```
/// use scopegate_domain::ApplicationUser;
///
/// struct Member {
///     email: String,
///     is_blocked: bool,
/// }
///
/// impl ApplicationUser for Member {
///     fn is_active(&self) -> bool {
///         !self.is_blocked
///     }
/// }
/// # let _ = Member { email: String::new(), is_blocked: false }.email;
/// ```
pub trait ApplicationUser: Any + Send + Sync {
    /// Returns whether the user may act. A guard that requires an active user refuses others.
    fn is_active(&self) -> bool;
}

/// The value of an application's own type that belongs to a user.
#[derive(Clone)]
pub(super) struct ApplicationValue(Arc<dyn Any + Send + Sync>);

impl ApplicationValue {
    pub(super) fn new<T: Any + Send + Sync>(value: T) -> Self {
        Self(Arc::new(value))
    }

    pub(super) fn get<T: Any>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }

    pub(super) fn shared<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        Arc::clone(&self.0).downcast().ok()
    }
}

/// Two values are equal if they are one.
impl PartialEq for ApplicationValue {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for ApplicationValue {}

/// Prints no content, because it can contain a secret.
impl fmt::Debug for ApplicationValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApplicationValue").finish_non_exhaustive()
    }
}
