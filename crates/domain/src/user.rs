//! The resource owner.

mod application_user;
mod canonical_name;
mod profile;

use std::any::Any;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use self::application_user::ApplicationUser;
use self::application_user::ApplicationValue;
pub use self::canonical_name::CanonicalName;
use crate::{Scope, Secret, UserId};

/// The name that a user logs in with: 1 to 200 bytes, by the profile `UsernameCasePreserved` of
/// [RFC 8265, section 3.4](https://www.rfc-editor.org/rfc/rfc8265#section-3.4).
///
/// A name consists of letters, digits and the characters of ASCII without the space. Invisible
/// characters, symbols and characters that change the direction of reading are refused, so that two
/// names that look alike are not two users. Wide forms are mapped to the usual ones, and names are
/// in normalization form C.
///
/// Names are compared byte for byte after that. [`Username::canonical`] is the form in which names
/// of two users differ, and by which a login finds its user.
///
/// ```
/// use scopegate_domain::Username;
///
/// assert_eq!(Username::parse("johndoe")?.as_str(), "johndoe");
/// assert!(Username::parse("john\0doe").is_err());
/// assert!(Username::parse("joh\u{200b}ndoe").is_err());
/// assert_eq!(Username::parse("ｊｏｈｎｄｏｅ")?.as_str(), "johndoe");
/// assert_ne!(Username::parse("JohnDoe")?, Username::parse("johndoe")?);
/// assert_eq!(Username::parse("JohnDoe")?.canonical(), Username::parse("johndoe")?.canonical());
/// # Ok::<(), scopegate_domain::InvalidUsername>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Username(Arc<str>);

impl Username {
    /// The maximum length of a new name, in bytes.
    pub const MAX_LEN: usize = 200;

    /// The maximum length of a stored name, in bytes: earlier versions allowed longer names.
    const MAX_STORED_LEN: usize = 255;

    /// Checks a name.
    ///
    /// # Errors
    ///
    /// [`InvalidUsername`], which does not repeat the name, because users type passwords into the
    /// wrong field.
    pub fn parse(text: &str) -> Result<Self, InvalidUsername> {
        if text.is_empty() {
            return Err(InvalidUsername::Empty);
        }
        if text.len() > Self::MAX_LEN {
            return Err(InvalidUsername::TooLong);
        }
        let name = profile::enforce(text).ok_or(InvalidUsername::Character)?;
        if name.len() > Self::MAX_LEN {
            return Err(InvalidUsername::TooLong);
        }
        Ok(Self(Arc::from(name)))
    }

    /// Reads a name that was typed to find a user: by the profile, or, if it breaks the profile,
    /// like [`Username::from_stored`]. For a new name call [`Username::parse`].
    ///
    /// # Errors
    ///
    /// [`InvalidUsername`] if no user can have the name.
    pub fn to_find(text: &str) -> Result<Self, InvalidUsername> {
        Self::parse(text).or_else(|_| Self::from_stored(text))
    }

    /// Reads a name from a store. Earlier versions had no profile and allowed 255 bytes, so the
    /// rules of [`Username::parse`] may not hold.
    ///
    /// # Errors
    ///
    /// [`InvalidUsername`] if the name is empty, too long, has a control character or white space
    /// at an end.
    pub fn from_stored(text: &str) -> Result<Self, InvalidUsername> {
        match text {
            "" => Err(InvalidUsername::Empty),
            _ if text.len() > Self::MAX_STORED_LEN => Err(InvalidUsername::TooLong),
            _ if text.chars().any(char::is_control) || text.trim() != text => Err(InvalidUsername::Character),
            _ => Ok(Self(Arc::from(text))),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Username {
    type Err = InvalidUsername;

    fn from_str(text: &str) -> Result<Self, InvalidUsername> {
        Self::parse(text)
    }
}

impl Serialize for Username {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Username {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// The reason that a text is not a user name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidUsername {
    /// The name contains a character that the profile of user names does not allow: a space, a
    /// symbol, an invisible character, or letters with mixed direction of reading.
    #[error("user name may have letters, digits and ASCII characters other than the space, and nothing invisible")]
    Character,
    /// The name is empty.
    #[error("user name is empty")]
    Empty,
    /// The name is longer than [`Username::MAX_LEN`].
    #[error("user name is longer than {} bytes", Username::MAX_LEN)]
    TooLong,
}

/// Whether a user may act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new status must be handled by all code that reads one"
)]
pub enum UserStatus {
    /// The user may act.
    Active,
    /// Every guard that requires an active user refuses the user.
    Disabled,
}

/// A resource owner: the identity of a user and the largest scope that can be granted for that
/// user.
///
/// ```
/// use scopegate_domain::{User, UserId, UserStatus, Username};
///
/// let user = User::new(UserId::parse("u1")?, Username::parse("johndoe")?)
///     .with_full_name("John Doe")
///     .with_scope("me items".parse()?);
/// assert_eq!(user.status(), UserStatus::Active);
/// assert_eq!(user.full_name(), Some("John Doe"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    id: UserId,
    username: Username,
    email: Option<String>,
    full_name: Option<String>,
    status: UserStatus,
    scope: Scope,
    value: Option<ApplicationValue>,
}

impl User {
    /// Creates an active user without scopes.
    #[must_use]
    pub const fn new(id: UserId, username: Username) -> Self {
        Self {
            id,
            username,
            email: None,
            full_name: None,
            status: UserStatus::Active,
            scope: Scope::EMPTY,
            value: None,
        }
    }

    /// Sets the email address. Default: none.
    #[must_use]
    pub fn with_email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// Sets the full name. Default: none.
    #[must_use]
    pub fn with_full_name(mut self, full_name: impl Into<String>) -> Self {
        self.full_name = Some(full_name.into());
        self
    }

    /// Sets the status. Default: active.
    #[must_use]
    pub const fn with_status(mut self, status: UserStatus) -> Self {
        self.status = status;
        self
    }

    /// Sets the ceiling: the largest scope that any client can be granted for this user. Default:
    /// no scope.
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Sets a value of the application's own type. Default: none. No store keeps it.
    #[must_use]
    pub fn with_value<T: Any + Send + Sync>(mut self, value: T) -> Self {
        self.value = Some(ApplicationValue::new(value));
        self
    }

    /// Returns the value of the application's own type, if it is a `T`.
    #[must_use]
    pub fn value<T: Any>(&self) -> Option<&T> {
        self.value.as_ref()?.get()
    }

    /// Returns the value of the application's own type as a shared pointer, if it is a `T`.
    #[must_use]
    pub fn shared_value<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.value.as_ref()?.shared()
    }

    /// The permanent id of the user.
    #[must_use]
    pub const fn id(&self) -> &UserId {
        &self.id
    }

    /// The name to log in with.
    #[must_use]
    pub const fn username(&self) -> &Username {
        &self.username
    }

    /// The address for mail.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// The name for people.
    #[must_use]
    pub fn full_name(&self) -> Option<&str> {
        self.full_name.as_deref()
    }

    /// Whether the user may act.
    #[must_use]
    pub const fn status(&self) -> UserStatus {
        self.status
    }

    /// Whether the user may act, as a yes or no.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status == UserStatus::Active
    }

    /// The ceiling.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }
}

impl ApplicationUser for User {
    fn is_active(&self) -> bool {
        Self::is_active(self)
    }
}

/// The stored hash of a password: a PHC string (`$argon2id$..`) or a bcrypt string (`$2b$..`).
///
/// A hash allows offline guessing, so it is never printed, like the password.
#[derive(Clone, Debug)]
pub struct PasswordHash(Secret<String>);

impl PasswordHash {
    /// Creates the value from a stored hash. The hasher checks later whether it is usable.
    #[must_use]
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(Secret::new(text.into()))
    }

    /// The text of the hash.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl PartialEq for PasswordHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.same_as(&other.0)
    }
}

impl Eq for PasswordHash {}

/// A user with the hash of the password, if there is one, for a login.
///
/// Only a login needs this type. A request with a token reads the [`User`] only.
///
/// ```
/// use scopegate_domain::{Account, User, UserId, Username};
///
/// let user = User::new(UserId::parse("u1")?, Username::parse("johndoe")?);
/// let account = Account { user, password_hash: None };
/// assert!(account.password_hash.is_none(), "no login with a password");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "two facts side by side, without an invariant between them"
)]
pub struct Account {
    /// The user.
    pub user: User,
    /// Returns the stored hash of the password. `None` means that this user cannot log in with a
    /// password.
    pub password_hash: Option<PasswordHash>,
}
