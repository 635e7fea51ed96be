//! The caller, as the first argument of a handler.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use scopegate_domain::{ApplicationUser, User};
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
/// `U` is [`User`], or the application's own type, which
/// [`GateBuilder::user_resolver`](crate::GateBuilder::user_resolver) finds. Dereferences to it;
/// [`CurrentUser::permit`] returns the permit.
///
/// The gate is not built if the guard does not require a user
/// ([`BuildError::NoUser`](crate::BuildError::NoUser)), or if the users of the gate have another
/// type ([`BuildError::UserType`](crate::BuildError::UserType)).
///
/// ```
/// use scopegate_http::{CurrentUser, Json};
///
/// async fn who(user: CurrentUser) -> Json<String> {
///     Json(format!("{} with {} scopes", user.username(), user.permit().granted().count()))
/// }
/// # let _ = who;
/// ```
pub struct CurrentUser<U = User> {
    user: Arc<U>,
    permit: Permit,
}

impl<U: ApplicationUser> CurrentUser<U> {
    /// Returns the user of a permit; `None` if it has none, or one of another type.
    #[must_use]
    pub fn of_permit(permit: Permit) -> Option<Self> {
        let known: Arc<dyn Any + Send + Sync> = permit.user_arc()?;
        let user = match known.downcast() {
            Ok(user) => user,
            Err(_) => permit.user()?.shared_value()?,
        };
        Some(Self { user, permit })
    }
}

impl<U> CurrentUser<U> {
    /// Returns the permit of the user.
    pub const fn permit(&self) -> &Permit {
        &self.permit
    }

    /// Returns the user, shared.
    #[must_use]
    pub const fn user(&self) -> &Arc<U> {
        &self.user
    }
}

impl<U> Deref for CurrentUser<U> {
    type Target = U;

    fn deref(&self) -> &U {
        &self.user
    }
}

impl<U> Clone for CurrentUser<U> {
    fn clone(&self) -> Self {
        Self {
            user: Arc::clone(&self.user),
            permit: self.permit.clone(),
        }
    }
}

/// Prints the permit only, because a user of an application can contain a secret.
impl<U> fmt::Debug for CurrentUser<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CurrentUser")
            .field("permit", &self.permit)
            .finish_non_exhaustive()
    }
}
