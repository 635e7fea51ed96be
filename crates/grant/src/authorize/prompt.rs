//! The parameter `prompt`.

use super::error::RedirectedCause;

/// The pages that a client wants its user to see: `prompt` of [OpenID Connect Core, section
/// 3.1.2.1](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prompt {
    pub(crate) none: bool,
    /// The user logs in again, or with another account.
    pub(crate) login: bool,
    pub(crate) consent: bool,
}

impl Prompt {
    /// Reads the parameter.
    pub(super) fn parse(text: &str) -> Result<Self, RedirectedCause> {
        let mut prompt = Self::default();
        for word in text.split(' ') {
            match word {
                "none" => prompt.none = true,
                "login" | "select_account" => prompt.login = true,
                "consent" => prompt.consent = true,
                _ => return Err(RedirectedCause::Prompt),
            }
        }
        if prompt.none && text != "none" {
            return Err(RedirectedCause::Prompt);
        }
        Ok(prompt)
    }
}
