//! Client credentials in a header: [RFC 6749, section
//! 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1).

use http::HeaderMap;
use http::header::AUTHORIZATION;
use scopegate_domain::Secret;
use scopegate_gate::basic::{decode, split};
use scopegate_gate::urlencoded;
use scopegate_grant::ClientCredentials;

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
    let id = urlencoded::decode(id)?;
    let secret = Secret::new(urlencoded::decode(secret)?);
    if id.is_empty() && secret.expose().is_empty() {
        return Some(ClientCredentials::Absent);
    }
    Some(ClientCredentials::Basic { id, secret })
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
    fn empty_pair_names_no_client() {
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

    proptest! {
        #[test]
        fn any_pair_comes_back(id in "\\PC{1,20}", secret in "\\PC{0,20}") {
            let form = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            prop_assert_eq!(pair(&encode(&format!("{}:{}", form(&id), form(&secret)))), Some((id, secret)));
        }
    }
}
