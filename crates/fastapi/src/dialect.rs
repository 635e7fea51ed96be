//! The settings of the tutorial.

use scopegate_domain::{HttpScheme, ScopeToken, SecurityScheme, Username};
use scopegate_gate::{
    AuthenticationScheme, Challenge, ChallengeContext, Dialect, EmptyCredential, RepeatedAuthorization,
};
use scopegate_grant::{DisabledUserLogin, NameMatch, RequestedScope};
use scopegate_policy::DenialPrecedence;
use scopegate_token::SubjectClaim;

use crate::document_style;
use crate::refusals::TutorialRefusals;

/// Returns how the tutorial and the classes of `fastapi.security` read credentials and write their
/// answers.
///
/// ```
/// use scopegate_gate::{Dialect, RepeatedAuthorization};
///
/// assert_eq!(scopegate_fastapi::gate_dialect().repeated_authorization, RepeatedAuthorization::First);
/// assert_eq!(Dialect::rfc().repeated_authorization, RepeatedAuthorization::Refuse);
/// ```
#[must_use]
pub const fn gate_dialect() -> Dialect {
    Dialect {
        repeated_authorization: RepeatedAuthorization::First,
        trim,
        is_bearer_token: |_| true,
        is_basic_text: str::is_ascii,
        empty_credential: EmptyCredential::AbsentIf(is_absent_if_empty),
        subject: SubjectClaim::Username,
        precedence: DenialPrecedence::ScopesFirst,
        has_implicit_head: false,
        challenge,
        refusals: &TutorialRefusals,
        document: document_style::DOCUMENT,
    }
}

/// Returns how the tutorial's login reads its fields. User names are compared without a change. A
/// disabled user gets a token, and guards refuse it. A token keeps order and repetitions of the
/// requested scopes.
///
/// ```
/// use scopegate_grant::RequestedScope;
///
/// let RequestedScope::List(scopes) = (scopegate_fastapi::grant_dialect().scope)(Some("me items me"))? else {
///     unreachable!("the tutorial requests a list")
/// };
/// assert_eq!(scopes.len(), 3);
/// # Ok::<(), scopegate_grant::InvalidScopeCause>(())
/// ```
#[must_use]
pub const fn grant_dialect() -> scopegate_grant::Dialect {
    scopegate_grant::Dialect {
        subject: SubjectClaim::Username,
        username: |name| Username::from_stored(name).ok(),
        names: NameMatch::Exact,
        disabled_users: DisabledUserLogin::Allow,
        accepts_nul: true,
        scope: |text| {
            let words = words(text.unwrap_or_default());
            let scopes = words.filter_map(|word| ScopeToken::parse(word).ok());
            Ok(RequestedScope::List(scopes.collect()))
        },
    }
}

/// Trims white space as Python does in text that was read as Latin-1.
const fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | 0x85 | 0xA0, rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t' | 0x85 | 0xA0] = text {
        text = rest;
    }
    text
}

/// The classes for OAuth 2.0 and for HTTP Basic pass an empty credential on; the others ignore it.
const fn is_absent_if_empty(scheme: &SecurityScheme) -> bool {
    !matches!(
        scheme,
        SecurityScheme::OAuth2(_) | SecurityScheme::OpenIdConnect { .. } | SecurityScheme::Http(HttpScheme::Basic)
    )
}

/// Only the challenge for a bearer token with an error names a scope.
fn challenge(context: &ChallengeContext<'_>) -> Challenge {
    match context.scheme {
        AuthenticationScheme::ApiKey => Challenge::new("APIKey"),
        AuthenticationScheme::Basic if context.is_default_realm => Challenge::new("Basic"),
        AuthenticationScheme::Basic => Challenge::new("Basic").with("realm", context.realm),
        AuthenticationScheme::Digest => Challenge::new("Digest"),
        AuthenticationScheme::Bearer | AuthenticationScheme::Dpop => match context.scope {
            scope if context.error.is_some() && !scope.is_empty() => {
                let words: Vec<&str> = scope.iter().map(ScopeToken::as_str).collect();
                Challenge::new("Bearer").with("scope", &words.join(" "))
            }
            _ => Challenge::new("Bearer"),
        },
    }
}

/// Returns the words of a text as Python's `str.split()` does: white space by Unicode, and four
/// separators of ASCII.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let separates = |c: char| c.is_whitespace() || matches!(c, '\u{1C}'..='\u{1F}');
    text.split(separates).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_trimmed_as_in_latin_1() {
        for (text, expected) in [
            (&b"  x  "[..], &b"x"[..]),
            (b"\t x \t", b"x"),
            (b"\xA0x\x85", b"x"),
            (b"a b", b"a b"),
            (b"\xFF", b"\xFF"),
            (b" \x85", b""),
        ] {
            assert_eq!(trim(text), expected, "{text:?}");
        }
    }

    #[test]
    fn scope_is_split_like_python() {
        for (text, expected) in [
            ("", &[][..]),
            ("b a b", &["b", "a", "b"]),
            ("  a\t\tb\u{3000}c\u{1C}a\u{85}b ", &["a", "b", "c", "a", "b"]),
            ("a\u{200B}b \"a\" é c", &["c"]),
        ] {
            let Ok(RequestedScope::List(scopes)) = (grant_dialect().scope)(Some(text)) else {
                panic!("{text:?} is not a list");
            };
            let scopes: Vec<&str> = scopes.iter().map(ScopeToken::as_str).collect();
            assert_eq!(scopes, expected, "{text:?}");
        }
        assert_eq!((grant_dialect().scope)(None), Ok(RequestedScope::List(Vec::new())));
    }
}
