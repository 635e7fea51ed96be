//! Removes secrets from messages.

use scopegate_token::secret_prefixes;

/// The minimum number of characters of a secret behind its prefix. Prose may name a prefix.
const LEAST_SECRET: usize = 8;

/// Removes all secrets that are recognized by their form: tokens, client secrets, codes, cookies,
/// and the user and password of each URL.
// SECURITY: a token in place of a name is not repeated. Tested by `secrets_are_left_out`.
pub(crate) fn without_secrets(text: &str) -> String {
    let is_part = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    let mut shown = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let (before, word) = rest.split_at_checked(start).unwrap_or((rest, ""));
        let end = word.find(|character| !is_part(character)).unwrap_or(word.len());
        let (word, behind) = word.split_at_checked(end).unwrap_or((word, ""));
        shown.push_str(before);
        match secret_start(word) {
            Some(start) => {
                shown.push_str(start);
                shown.push_str("..");
            }
            None => shown.push_str(word),
        }
        rest = behind;
    }
    shown.push_str(rest);
    without_userinfo(&shown)
}

/// Returns the part of a word up to the prefix of a secret, if the word contains one. The rest is
/// the secret.
fn secret_start(word: &str) -> Option<&str> {
    // A JWS or a JWE: its header is a JSON object in base64url.
    if word.starts_with("eyJ") && word.split('.').count() >= 3 {
        return Some("eyJ");
    }
    // The prefix may follow other characters of a word, such as those of `%3D`.
    let ends = secret_prefixes().filter_map(|prefix| {
        let end = word.find(prefix)?.checked_add(prefix.len())?;
        (word.len() >= end.checked_add(LEAST_SECRET)?).then_some(end)
    });
    word.get(..ends.min()?)
}

/// Removes the user and password of each URL.
// SECURITY: a password in a URL is not repeated. Tested by
// `a_password_in_a_url_is_left_out`.
fn without_userinfo(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        let end = after
            .find(|character: char| {
                matches!(character, '/' | '?' | '#' | ',' | '`' | '\'' | '"') || character.is_whitespace()
            })
            .unwrap_or(after.len());
        let (authority, behind) = after.split_at_checked(end).unwrap_or((after, ""));
        shown.push_str(before);
        shown.push_str("://");
        match authority.rsplit_once('@') {
            Some((_, host)) => {
                shown.push_str("..@");
                shown.push_str(host);
            }
            None => shown.push_str(authority),
        }
        rest = behind;
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use scopegate_domain::{Day, FamilyId, SecretPurpose};
    use scopegate_token::{
        BrowserCookie, ClientSecret, IssuedCode, RefreshToken, SecretRing, ServerSecret, SessionCookie,
        SystemRandomSource,
    };

    use super::*;

    #[test]
    fn a_password_in_a_url_is_left_out() {
        for (text, expected) in [
            ("https://a.example/x@y", "https://a.example/x@y"),
            ("no url, a@b", "no url, a@b"),
            (
                "bad `https://ada:hunter2@b.example`: no",
                "bad `https://..@b.example`: no",
            ),
            ("a://u@b,c://d:e@f@g?h", "a://..@b,c://..@g?h"),
            ("https://a.example `x@y`", "https://a.example `x@y`"),
            ("://", "://"),
        ] {
            assert_eq!(without_userinfo(text), expected);
        }
    }

    #[test]
    fn secrets_are_left_out() {
        for (text, expected) in [
            ("no user `eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln`", "no user `eyJ..`"),
            ("eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn:x", "eyJ..:x"),
            ("Bearer eyJhbGciOiJub25lIn0.e30., then", "Bearer eyJ.., then"),
            ("no client `sgcs_0123456789abcdef`", "no client `sgcs_..`"),
            ("a=sgcs_0123456789abcdef&b=eyJ0.eyJ1.x", "a=sgcs_..&b=eyJ.."),
            ("eyJust.a", "eyJust.a"),
            ("sgcs_ is the prefix", "sgcs_ is the prefix"),
            ("ünï `a.b.c` https://u:p@h", "ünï `a.b.c` https://..@h"),
            ("", ""),
        ] {
            assert_eq!(without_secrets(text), expected);
        }
        // Each kind of secret of this program, also behind other characters of a word.
        for prefix in secret_prefixes() {
            for before in ["", "x-", "code.", "%3D", "a="] {
                let text = format!("no user `{before}{prefix}hunter2-hunter2` here");
                assert_eq!(without_secrets(&text), format!("no user `{before}{prefix}..` here"));
            }
            let prose = format!("a secret begins with {prefix}, always");
            assert_eq!(without_secrets(&prose), prose);
        }
    }

    #[test]
    fn generated_secrets_are_left_out() {
        let (random, day) = (&SystemRandomSource, Day::from_number(20_000));
        let ring = SecretRing::new([ServerSecret::generate(SecretPurpose::Mac, 1, random).unwrap()]).unwrap();
        let refresh = RefreshToken::begin(FamilyId::from_bytes([1; 16]), day, random).unwrap();
        for secret in [
            ClientSecret::generate(random).unwrap().expose(),
            BrowserCookie::generate(random).unwrap().expose(),
            SessionCookie::generate_until(day, random).unwrap().expose(),
            IssuedCode::generate_until(day, random).unwrap().expose(),
            refresh.to_text(&ring).expose(),
        ] {
            let shown = without_secrets(&format!("bad `{secret}`"));
            assert!(shown.len() < 16 && shown.ends_with("_..`"), "{shown}");
        }
    }
}
