//! User name and password out of a header, a user's or a client's: [RFC 6749, section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1),
//! [RFC 7617](https://www.rfc-editor.org/rfc/rfc7617).

use http::HeaderMap;
use http::header::AUTHORIZATION;
use scopegate_domain::Secret;
use scopegate_grant::ClientCredentials;

use crate::{Credential, Profile, authorization, form};

/// Reads `Authorization: Basic base64(id ":" secret)`, where id and secret are each form-encoded.
pub(crate) fn read(headers: &HeaderMap) -> ClientCredentials {
    let mut values = headers.get_all(AUTHORIZATION).into_iter();
    match (values.next(), values.next()) {
        (None, _) => ClientCredentials::Absent,
        (Some(value), None) => parse(value.as_bytes()).unwrap_or(ClientCredentials::Malformed),
        // SECURITY: which of two counts is not ours to guess. Tested by
        // `what_is_not_one_pair_is_malformed`.
        (Some(_), Some(_)) => ClientCredentials::Malformed,
    }
}

fn parse(header: &[u8]) -> Option<ClientCredentials> {
    let (scheme, encoded) = header.split_at_checked("Basic ".len())?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return None;
    }
    let pair = decode(encoded.trim_ascii())?;
    let (id, secret) = split(&pair)?;
    let id = form::decode(id)?;
    let secret = Secret::new(form::decode(secret)?);
    if id.is_empty() && secret.expose().is_empty() {
        return Some(ClientCredentials::Absent);
    }
    Some(ClientCredentials::Basic { id, secret })
}

/// Reads a user's name and password from the text after `Basic`; the name ends at the first colon
/// ([RFC 7617, section 2](https://www.rfc-editor.org/rfc/rfc7617#section-2)).
///
/// The text is UTF-8, as our challenge states; FastAPI reads only ASCII.
// SECURITY: only one base64 spelling is accepted, and control characters are refused, so that two
// readers understand the same. Tested by `a_user_has_one_spelling`.
pub(crate) fn user(encoded: &[u8], profile: Profile) -> Option<Credential> {
    let pair = decode(authorization::trim(encoded, profile))?;
    let (name, password) = split(&pair)?;
    let (name, password) = (std::str::from_utf8(name).ok()?, std::str::from_utf8(password).ok()?);
    let is_text = |text: &str| !text.contains(char::is_control) && (profile == Profile::Rfc || text.is_ascii());
    (is_text(name) && is_text(password)).then(|| Credential::new(password.to_owned()).with_username(name))
}

fn decode(encoded: &[u8]) -> Option<Secret<Vec<u8>>> {
    base64_simd::STANDARD.decode_to_vec(encoded).ok().map(Secret::new)
}

fn split(pair: &Secret<Vec<u8>>) -> Option<(&[u8], &[u8])> {
    let mut parts = pair.expose().splitn(2, |byte| *byte == b':');
    Some((parts.next()?, parts.next()?))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn read_one(header: &str) -> ClientCredentials {
        read(&HeaderMap::from_iter([(
            AUTHORIZATION,
            HeaderValue::from_str(header).unwrap(),
        )]))
    }

    fn encode(pair: &str) -> String {
        format!("Basic {}", base64_simd::STANDARD.encode_to_string(pair))
    }

    fn pair(header: &str) -> Option<(String, String)> {
        match read_one(header) {
            ClientCredentials::Basic { id, secret } => Some((id, secret.expose().clone())),
            ClientCredentials::Absent | ClientCredentials::Malformed => None,
        }
    }

    #[test]
    fn both_parts_are_encoded_as_in_a_form() {
        for (header, id, secret) in [
            (
                "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3",
                "s6BhdRkqt3",
                "7Fjfp0ZBr1KtDRbnfVdmIw",
            ),
            ("bAsIc ZGVtby1hcHA6", "demo-app", ""),
            (&encode("a%3Ab:c:d"), "a:b", "c:d"),
            (&encode("a+b:%C3%A9%2B"), "a b", "é+"),
            (&encode(":x"), "", "x"),
        ] {
            assert_eq!(pair(header), Some((id.to_owned(), secret.to_owned())), "{header}");
        }
    }

    #[test]
    fn an_empty_pair_is_no_client() {
        assert!(matches!(read_one("Basic Og=="), ClientCredentials::Absent));
        assert!(matches!(read(&HeaderMap::new()), ClientCredentials::Absent));
    }

    #[test]
    fn what_is_not_one_pair_is_malformed() {
        for header in [
            "",
            "Basic",
            "Basic ",
            "Basic !",
            "Basic Og",
            "Bearer Og==",
            "BasicOg==",
            "Basic Og== Og==",
            "Basic YWI=",
        ] {
            assert!(matches!(read_one(header), ClientCredentials::Malformed), "{header}");
        }
        assert!(matches!(read_one(&encode("a%FF:b")), ClientCredentials::Malformed));
        let good = (AUTHORIZATION, HeaderValue::from_static("Basic YTpi"));
        let mut twice = HeaderMap::new();
        twice.append(good.0.clone(), good.1.clone());
        twice.append(good.0, good.1);
        assert!(matches!(read(&twice), ClientCredentials::Malformed));
    }

    fn user_of(pair: impl AsRef<[u8]>, profile: Profile) -> Option<(String, String)> {
        let credential = user(base64_simd::STANDARD.encode_to_string(pair).as_bytes(), profile)?;
        let name = credential.username().unwrap_or_default().to_owned();
        Some((name, credential.secret().expose().clone()))
    }

    #[test]
    fn a_users_name_ends_at_the_first_colon() {
        for (text, name, password) in [
            ("a:b", "a", "b"),
            ("a:b:c", "a", "b:c"),
            (":b", "", "b"),
            ("a:", "a", ""),
            ("a+b:%41", "a+b", "%41"),
        ] {
            for profile in [Profile::Rfc, Profile::Tutorial] {
                assert_eq!(
                    user_of(text, profile),
                    Some((name.to_owned(), password.to_owned())),
                    "{text}"
                );
            }
        }
        assert_eq!(user_of("é:ü", Profile::Rfc), Some(("é".to_owned(), "ü".to_owned())));
        assert_eq!(user_of("é:ü", Profile::Tutorial), None);
    }

    #[test]
    fn a_user_has_one_spelling() {
        for encoded in [
            "",
            "!",
            "YTpi!",
            "YT pi",
            "YTpiYw",
            "YTpiYx==",
            "YTpiYw===",
            "YWI=",
            "-_-_",
        ] {
            for profile in [Profile::Rfc, Profile::Tutorial] {
                assert!(user(encoded.as_bytes(), profile).is_none(), "{encoded}");
            }
        }
        for pair in [
            &b"a\0:b"[..],
            b"a:b\n",
            b"a\x7f:b",
            b"\xff:b",
            b"a:\xc3",
            "a:\u{85}".as_bytes(),
        ] {
            assert_eq!(user_of(pair, Profile::Rfc), None, "{pair:?}");
        }
    }

    proptest! {
        #[test]
        fn any_user_comes_back(name in "[^:\\p{Cc}]{0,20}", password in "\\PC{0,20}") {
            prop_assert_eq!(user_of(format!("{name}:{password}"), Profile::Rfc), Some((name, password)));
        }

        #[test]
        fn any_pair_comes_back(id in "\\PC{1,20}", secret in "\\PC{0,20}") {
            let form = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            prop_assert_eq!(pair(&encode(&format!("{}:{}", form(&id), form(&secret)))), Some((id, secret)));
        }
    }
}
