//! The `typ` of a header.

/// An accepted `typ` of a token, for profiles with a choice:
/// [`TokenRules::with_token_types`](crate::TokenRules::with_token_types).
///
/// ```
/// use scopegate_token::TokenType;
///
/// assert_eq!(TokenType::find("at+jwt"), Some(TokenType::AccessToken));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenType {
    /// No `typ`.
    Absent,
    /// `at+jwt` or `application/at+jwt`.
    AccessToken,
    /// `client-authentication+jwt`.
    ClientAuthentication,
    /// `dpop+jwt`.
    DpopProof,
    /// `JWT` or `application/jwt`.
    Jwt,
}

impl TokenType {
    /// Returns the type of an access token by its name; `absent` means no type. Types of other
    /// tokens are not found.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        match name {
            "absent" => Some(Self::Absent),
            "at+jwt" => Some(Self::AccessToken),
            "JWT" => Some(Self::Jwt),
            _ => None,
        }
    }

    /// Whether a header has this type, with or without `application/`: both mean the same ([RFC
    /// 7515, section 4.1.9](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.9)).
    pub(crate) fn is(self, token_type: Option<&str>) -> bool {
        let Some(name) = token_type else {
            return self == Self::Absent;
        };
        let (short, long) = match self {
            Self::Absent => return false,
            Self::AccessToken => ("at+jwt", "application/at+jwt"),
            Self::ClientAuthentication => ("client-authentication+jwt", "application/client-authentication+jwt"),
            Self::DpopProof => ("dpop+jwt", "application/dpop+jwt"),
            Self::Jwt => ("JWT", "application/JWT"),
        };
        name.eq_ignore_ascii_case(short) || name.eq_ignore_ascii_case(long)
    }
}
