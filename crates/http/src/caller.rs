//! Who calls, as a handler's first argument.

use std::ops::Deref;
use std::sync::Arc;

use scopegate_domain::User;
use scopegate_policy::Permit;

/// An operation of which nobody has said yet who may call it. It has no `then`.
#[derive(Debug)]
#[non_exhaustive]
pub struct Undecided;

/// An operation that a guard stands before.
#[derive(Debug)]
#[non_exhaustive]
pub struct Guarded;

/// An operation that a guard stands before and that may also be called without a credential.
#[derive(Debug)]
#[non_exhaustive]
pub struct Optional;

/// An operation that everybody may call.
#[derive(Debug)]
#[non_exhaustive]
pub struct Public;

/// An operation of which it is said who may call it.
#[diagnostic::on_unimplemented(
    message = "nobody has said who may call this operation",
    label = "say `.guard(&guard)`, `.inherits()` or `.public()` before `.then(..)`"
)]
pub trait Decided: Send + Sync + 'static {}

impl Decided for Guarded {}
impl Decided for Optional {}
impl Decided for Public {}

/// An operation that guards can be put before: one that was not said to be open.
///
/// ```compile_fail,E0277
/// use scopegate_http::{Guard, get};
///
/// let operation = get("/status").public().guard(Guard::authenticated()).then(|| async { "up" });
/// ```
#[diagnostic::on_unimplemented(
    message = "an operation that is `{Self}` takes no further guard",
    label = "say guards first, and `.optional()` last; `.public()` has none"
)]
pub trait Closable {}

impl Closable for Guarded {}
impl Closable for Undecided {}

/// A user whom the guard let in: a [`Permit`] that is known to have one.
///
/// Reads as the [`User`]; the permit is beside it. An operation whose guard does not ask for a user cannot be built with a
/// handler that takes one: see [`GateError::NoUser`](crate::GateError::NoUser).
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
    /// What let the user in.
    pub const fn permit(&self) -> &Permit {
        &self.permit
    }

    /// The user, shared.
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

/// What a handler may take as its first argument, by what was declared of the operation (`State`).
///
/// | declared | the handler may take |
/// |---|---|
/// | `.guard(&guard)`, `.behind(&guard)`, `.inherits()` | [`Permit`], [`CurrentUser`] or nobody |
/// | the same with `.optional()` | `Option<Permit>`, `Option<CurrentUser>` or nobody |
/// | `.public()` | nobody |
#[diagnostic::on_unimplemented(
    message = "a handler of an operation that is `{State}` cannot take `{Self}` first",
    label = "`Guarded` takes `Permit` or `CurrentUser`, `Optional` takes an `Option` of them, `Public` takes neither"
)]
pub trait Caller<State>: Sized + Send + 'static {
    /// Whether the guard must ask for a user; checked when the gate is built.
    const NEEDS_USER: bool;

    /// The argument, of what the policy let in: none is nobody. Where it is not what was declared, there is no argument, and
    /// the request fails.
    fn admit(permit: Option<Permit>) -> Option<Self>;
}

impl Caller<Guarded> for Permit {
    const NEEDS_USER: bool = false;

    fn admit(permit: Option<Permit>) -> Option<Self> {
        permit
    }
}

impl Caller<Guarded> for CurrentUser {
    const NEEDS_USER: bool = true;

    fn admit(permit: Option<Permit>) -> Option<Self> {
        let permit = permit?;
        let user = permit.user_arc()?;
        Some(Self { user, permit })
    }
}

impl<Who: Caller<Guarded>> Caller<Optional> for Option<Who> {
    const NEEDS_USER: bool = Who::NEEDS_USER;

    fn admit(permit: Option<Permit>) -> Option<Self> {
        match permit {
            None => Some(None),
            some => Who::admit(some).map(Some),
        }
    }
}
