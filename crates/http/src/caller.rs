//! The caller, as the first argument of a handler.

use std::ops::Deref;
use std::sync::Arc;

use scopegate_domain::User;
use scopegate_policy::Permit;

/// The state of an operation without a declared access rule. It has no `then`.
#[derive(Debug)]
#[non_exhaustive]
pub struct AccessUndeclared;

/// The state of an operation with a guard.
#[derive(Debug)]
#[non_exhaustive]
pub struct Guarded;

/// The state of an operation with a guard that also accepts requests without a credential.
#[derive(Debug)]
#[non_exhaustive]
pub struct Optional;

/// The state of an operation that every client may call.
#[derive(Debug)]
#[non_exhaustive]
pub struct Public;

/// The state of an operation whose access rule is declared.
#[diagnostic::on_unimplemented(
    message = "this operation declares no access rule",
    label = "add `.guard(&guard)`, `.inherit_guards()` or `.public()` before `.then(..)`"
)]
pub trait AccessDeclared: Send + Sync + 'static {}

impl AccessDeclared for Guarded {}
impl AccessDeclared for Optional {}
impl AccessDeclared for Public {}

/// A state of an operation that accepts guards.
///
/// ```compile_fail,E0277
/// use scopegate_http::{Guard, get};
///
/// let operation = get("/status").public().guard(Guard::authenticated()).then(|| async { "up" });
/// ```
#[diagnostic::on_unimplemented(
    message = "an operation that is `{Self}` takes no further guard",
    label = "declare guards first and `.optional()` last; `.public()` has none"
)]
pub trait AcceptsGuard {}

impl AcceptsGuard for Guarded {}
impl AcceptsGuard for AccessUndeclared {}

/// A user that the guard authorized, with the [`Permit`].
///
/// Dereferences to the [`User`]; [`CurrentUser::permit`] returns the permit. If the guard does not
/// require a user, an operation whose handler takes one cannot be built: see
/// [`BuildError::NoUser`](crate::BuildError::NoUser).
///
/// ```
/// use scopegate_http::{CurrentUser, Json};
///
/// async fn who(user: CurrentUser) -> Json<String> {
///     Json(format!("{} with {} scopes", user.username(), user.permit().granted().count()))
/// }
/// # let _ = who;
/// ```
#[derive(Clone, Debug)]
pub struct CurrentUser {
    user: Arc<User>,
    permit: Permit,
}

impl CurrentUser {
    /// Returns the user of a permit; `None` if it has none.
    #[must_use]
    pub fn of_permit(permit: Permit) -> Option<Self> {
        let user = permit.user_arc()?;
        Some(Self { user, permit })
    }

    /// Returns the permit of the user.
    pub const fn permit(&self) -> &Permit {
        &self.permit
    }

    /// Returns the user, shared.
    #[must_use]
    pub const fn user(&self) -> &Arc<User> {
        &self.user
    }
}

impl Deref for CurrentUser {
    type Target = User;

    fn deref(&self) -> &User {
        &self.user
    }
}
