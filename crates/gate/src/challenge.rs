//! The value of `WWW-Authenticate`: [RFC 9110, section
//! 11.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1).

use http::HeaderValue;

/// A challenge: a scheme and its parameters, each a quoted string.
///
/// ```abnf
/// challenge  = auth-scheme [ 1*SP auth-param *( OWS "," OWS auth-param ) ]
/// auth-param = token BWS "=" BWS quoted-string
/// ```
///
/// The text follows the grammar with any values. Quotes and backslashes are escaped, and a byte
/// that a quoted string cannot contain becomes `?`.
///
/// ```
/// use scopegate_gate::Challenge;
///
/// let challenge = Challenge::new("Bearer").with("realm", "items \"live\"").with("scope", "items me");
/// assert_eq!(challenge.to_header(), r#"Bearer realm="items \"live\"", scope="items me""#);
/// assert_eq!(Challenge::new("Bearer").to_header(), "Bearer");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    text: String,
    has_parameters: bool,
}

impl Challenge {
    /// A challenge of this scheme, such as `Bearer`.
    #[must_use]
    pub fn new(scheme: &'static str) -> Self {
        Self {
            text: scheme.to_owned(),
            has_parameters: false,
        }
    }

    /// Adds a parameter. Names come from the RFCs, so they are literals; values may have any
    /// origin.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.text.push_str(if self.has_parameters { ", " } else { " " });
        self.has_parameters = true;
        self.text.push_str(name);
        self.text.push_str("=\"");
        for character in value.chars() {
            match character {
                '"' | '\\' => self.text.extend(['\\', character]),
                ' '..='~' => self.text.push(character),
                _ => self.text.push('?'),
            }
        }
        self.text.push('"');
        self
    }

    /// The value of the header.
    #[must_use]
    pub fn to_header(&self) -> HeaderValue {
        // INVARIANT: a scheme is a literal and `with` wrote the rest, so this never falls back
        // (http/tests/it/challenge.rs, `challenge_with_any_values_follows_the_grammar`).
        HeaderValue::from_str(&self.text).unwrap_or(HeaderValue::from_static("Bearer"))
    }
}
