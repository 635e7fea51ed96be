//! Secrets: never printed, compared in constant time, wiped from memory.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A value that does not print itself, is compared in constant time and is wiped from memory when
/// dropped.
///
/// There is no `Display`, no `Serialize` and no `Deref`. Each place that reads the value calls
/// [`Secret::expose`], so a search finds all of them.
///
/// ```
/// use scopegate_domain::Secret;
///
/// let password = Secret::new(String::from("secret"));
/// assert_eq!(format!("{password:?}"), "Secret(..)");
/// assert_eq!(password.expose(), "secret");
/// assert!(password.same_as(&Secret::new(String::from("secret"))));
/// ```
#[derive(Clone)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Hides a value.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The hidden value.
    #[must_use]
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize + AsRef<[u8]>> Secret<T> {
    /// Whether both contain the same bytes. Any two values of one length take the same time.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.0.as_ref().ct_eq(other.0.as_ref()).into()
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}
