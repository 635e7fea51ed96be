//! Where the gate finds the user of a credential.

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use scopegate_domain::{ApplicationUser, User, UserId, UserStatus, Username};
use scopegate_store::{BoxFuture, StoreError, Users};
use scopegate_token::SubjectClaim;

/// Finds users of an application's own type, by the subject of the credential: for
/// [`GateBuilder::user_resolver`](crate::GateBuilder::user_resolver).
///
/// The subject is `sub` of a token, or the subject that a verifier of the application reports. The
/// method is called at most once for each request, and only if a guard requires a user. Nothing is
/// cached.
///
/// ```
/// use scopegate_gate::store::StoreError;
/// use scopegate_gate::{ResolveUser, domain::ApplicationUser};
///
/// struct Member {
///     email: String,
/// }
///
/// impl ApplicationUser for Member {
///     fn is_active(&self) -> bool {
///         true
///     }
/// }
///
/// struct Members;
///
/// impl ResolveUser for Members {
///     type User = Member;
///
///     async fn resolve(&self, subject: &str) -> Result<Option<Member>, StoreError> {
///         Ok((subject == "u1").then(|| Member { email: String::from("ada@example.com") }))
///     }
/// }
/// # let _ = (Members, Member { email: String::new() }.email);
/// ```
pub trait ResolveUser: Send + Sync + 'static {
    /// The type of the users.
    type User: ApplicationUser;

    /// Finds the user of a subject. `None` if there is none; then the credential is invalid.
    ///
    /// It is not asked about a client that acts for itself: the `sub` of its token is the
    /// `client_id` ([RFC 9068, section 2.2](https://www.rfc-editor.org/rfc/rfc9068#section-2.2)).
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the users cannot be read now. The client receives 503 and may retry.
    fn resolve(&self, subject: &str) -> impl Future<Output = Result<Option<Self::User>, StoreError>> + Send;
}

/// The users of a gate.
#[derive(Clone)]
pub(crate) enum UserSource {
    /// A backend of `scopegate-store`.
    Stored(Arc<dyn Users>),
    /// Users of the application's own type.
    Resolved(Arc<dyn Resolve>),
}

impl UserSource {
    pub(crate) fn resolved<R: ResolveUser>(resolver: R) -> Self {
        Self::Resolved(Arc::new(Resolver {
            resolver,
            of: PhantomData,
        }))
    }

    /// Returns the type of the users that handlers can take.
    pub(crate) fn user_type(&self) -> TypeId {
        match self {
            Self::Stored(_) => TypeId::of::<User>(),
            Self::Resolved(resolver) => resolver.user_type(),
        }
    }

    /// Returns a cached user.
    pub(crate) fn cached(&self, subject: &str, claim: SubjectClaim) -> Option<Arc<User>> {
        match (self, claim) {
            (Self::Stored(users), SubjectClaim::Username) => users.cached(subject),
            (Self::Stored(users), SubjectClaim::UserId) => users.cached_by_id(subject),
            (Self::Resolved(_), _) => None,
        }
    }

    /// Finds a user.
    pub(crate) async fn find(&self, subject: &str, claim: SubjectClaim) -> Result<Option<Arc<User>>, StoreError> {
        let found = match (self, claim) {
            (Self::Resolved(resolver), _) => resolver.resolve(subject).await,
            (Self::Stored(users), SubjectClaim::Username) => match Username::from_stored(subject) {
                Ok(name) => users.find(&name).await,
                Err(_) => return Ok(None),
            },
            (Self::Stored(users), SubjectClaim::UserId) => match UserId::parse(subject) {
                Ok(id) => users.find_by_id(&id).await,
                Err(_) => return Ok(None),
            },
        };
        Ok(found?.map(Arc::new))
    }
}

impl fmt::Debug for UserSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserSource").finish_non_exhaustive()
    }
}

/// A resolver without its type.
pub(crate) trait Resolve: Send + Sync {
    fn user_type(&self) -> TypeId;

    fn resolve<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Option<User>, StoreError>>;
}

struct Resolver<R: ResolveUser> {
    resolver: R,
    of: PhantomData<fn() -> R::User>,
}

impl<R: ResolveUser> Resolve for Resolver<R> {
    fn user_type(&self) -> TypeId {
        TypeId::of::<R::User>()
    }

    fn resolve<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Option<User>, StoreError>> {
        Box::pin(async move {
            // A subject that cannot be an id or a name belongs to no user.
            let (Ok(id), Ok(name)) = (UserId::parse(subject), Username::from_stored(subject)) else {
                return Ok(None);
            };
            let found = self.resolver.resolve(subject).await?;
            Ok(found.map(|user| user_of(id, name, user)))
        })
    }
}

/// Returns the user that the policy reads, with the value of the application.
pub(crate) fn user_of<U: ApplicationUser>(id: UserId, name: Username, user: U) -> User {
    let status = if user.is_active() {
        UserStatus::Active
    } else {
        UserStatus::Disabled
    };
    User::new(id, name).with_status(status).with_value(user)
}
