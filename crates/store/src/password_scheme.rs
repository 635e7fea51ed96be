//! The scheme by which a password was hashed, without the hash.

use scopegate_domain::PasswordHash;

/// The algorithm and the parameters of a stored [`PasswordHash`]: the text of the hash up to its
/// salt.
///
/// The scheme determines how long a check takes and reveals nothing about the password, so it may
/// be displayed and compared.
///
/// ```
/// use scopegate_domain::PasswordHash;
/// use scopegate_store::PasswordScheme;
///
/// let bcrypt = PasswordHash::from_stored("$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW");
/// assert_eq!(PasswordScheme::of(&bcrypt).as_ref().map(PasswordScheme::as_str), Some("$2b$12$"));
///
/// let argon2id = PasswordHash::from_stored("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g");
/// assert_eq!(PasswordScheme::of(&argon2id).as_ref().map(PasswordScheme::as_str), Some("$argon2id$v=19$m=19456,t=2,p=1$"));
///
/// assert_eq!(PasswordScheme::of(&PasswordHash::from_stored("locked")), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PasswordScheme(String);

impl PasswordScheme {
    /// The maximum length of the text of a scheme, in bytes.
    pub const MAX_LEN: usize = 128;
    /// The maximum number of schemes that
    /// [`Users::password_schemes`](crate::Users::password_schemes) returns.
    pub const MAX_LISTED: usize = 64;

    /// Returns the scheme of a hash; `None` if the text is neither a PHC string nor a bcrypt
    /// string.
    #[must_use]
    pub fn of(hash: &PasswordHash) -> Option<Self> {
        let text = hash.expose();
        let mut fields = text.strip_prefix('$')?.split('$');
        let name = fields.next().filter(|name| is_name(name))?;
        let parameters = fields
            .take_while(|field| is_parameters(field))
            .map(|field| field.len() + 1);
        let len = 1 + name.len() + 1 + parameters.sum::<usize>();
        // A field counts as one only if a `$` ends it. Otherwise it is the hash, or a part of it.
        text.get(..len)
            .filter(|scheme| scheme.ends_with('$'))
            .and_then(Self::parse)
    }

    /// Returns a scheme from its stored text; `None` if the text cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fields = text.strip_prefix('$')?.strip_suffix('$')?;
        let (name, parameters) = fields
            .split_once('$')
            .map_or((fields, None), |(name, rest)| (name, Some(rest)));
        let is_scheme = text.len() <= Self::MAX_LEN
            && is_name(name)
            && parameters.is_none_or(|parameters| parameters.split('$').all(is_parameters));
        is_scheme.then(|| Self(text.to_owned()))
    }

    /// Returns the text, such as `$2b$12$`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_name(field: &str) -> bool {
    (1..=32).contains(&field.len()) && field.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A cost of bcrypt, or `name=value` pairs. A salt or a hash is longer than that cost and has no
/// `=`.
// SECURITY: a scheme contains no part of a salt or hash. Tested by
// `nothing_of_salt_or_hash_is_kept`.
fn is_parameters(field: &str) -> bool {
    let is_cost = (1..=2).contains(&field.len()) && field.bytes().all(|byte| byte.is_ascii_digit());
    let is_pair = |pair: &str| {
        pair.split_once('=').is_some_and(|(name, value)| {
            let is_word =
                |text: &str| (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
            is_word(name) && is_word(value)
        })
    };
    is_cost || field.split(',').all(is_pair)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scheme(text: &str) -> Option<String> {
        PasswordScheme::of(&PasswordHash::from_stored(text)).map(|scheme| scheme.as_str().to_owned())
    }

    #[test]
    fn nothing_of_salt_or_hash_is_kept() {
        for (text, expected) in [
            (
                "$2y$04$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW",
                Some("$2y$04$"),
            ),
            (
                "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA",
                Some("$argon2id$v=19$m=8,t=1,p=1$"),
            ),
            ("$argon2id$m=8,t=1,p=1$c2FsdA$aGFzaA", Some("$argon2id$m=8,t=1,p=1$")),
            ("$pbkdf2-sha256$29000$c2FsdA$aGFzaA", Some("$pbkdf2-sha256$")),
            ("$argon2id$v=19", None),
            ("$6$c2FsdA$aGFzaA", Some("$6$")),
            ("$argon2id", None),
            ("$$12$", None),
            ("$", None),
            ("", None),
            ("!", None),
            ("hunter2", None),
            ("$é$", None),
        ] {
            assert_eq!(scheme(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_scheme_prints_back() {
        for text in ["$2b$12$", "$argon2id$v=19$m=19456,t=2,p=1$", "$6$"] {
            assert_eq!(
                PasswordScheme::parse(text).as_ref().map(PasswordScheme::as_str),
                Some(text)
            );
        }
        for text in ["", "$", "$$", "2b$12$", "$2b$12", "$2b$12$EixZaYVK1fsbw1Zf$", "$a b$"] {
            assert_eq!(PasswordScheme::parse(text), None, "{text}");
        }
        assert_eq!(
            PasswordScheme::parse(&format!("$a${}", "1$".repeat(PasswordScheme::MAX_LEN))),
            None
        );
    }
}
