//! Groups security schemes by their authorization server.

use std::collections::HashMap;

use scopegate_domain::Catalog;

/// For each scheme of the catalog, the position of the first scheme of its authorization server.
///
/// Schemes with an equal address share a server. A scheme without an address is its own server.
pub(crate) fn group(catalog: &Catalog) -> Vec<usize> {
    let mut firsts: Vec<usize> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (place, declared) in catalog.schemes().iter().enumerate() {
        firsts.push(place);
        for address in declared.scheme().server_addresses() {
            let Some(address) = normal(address) else { continue };
            let other = *known.entry(address).or_insert(place);
            join(&mut firsts, place, other);
        }
    }
    firsts
}

/// Merges the servers of two schemes.
pub(crate) fn join(firsts: &mut [usize], one: usize, other: usize) {
    let Some((one, other)) = firsts.get(one).copied().zip(firsts.get(other).copied()) else {
        return;
    };
    let (first, last) = (one.min(other), one.max(other));
    for place in firsts.iter_mut().filter(|place| **place == last) {
        *place = first;
    }
}

/// Normalizes an address (RFC 3986, section 6.2): scheme and host in lower case, no default port,
/// no fragment. A relative address is relative to the server of the document, so a leading slash or
/// dot is removed.
fn normal(address: &str) -> Option<String> {
    let address = address.trim();
    let address = address.split_once('#').map_or(address, |(before, _)| before);
    let absolute = address.split_once("://");
    let absolute = absolute.filter(|(scheme, _)| !scheme.contains(['/', '?']));
    let Some((scheme, rest)) = absolute.or_else(|| Some(("", address.strip_prefix("//")?))) else {
        let path = address.trim_start_matches("./").trim_start_matches('/');
        return (!path.is_empty()).then(|| path.to_owned());
    };
    let scheme = scheme.to_ascii_lowercase();
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let authority = authority.to_ascii_lowercase();
    let port = match &*scheme {
        "https" => ":443",
        "http" => ":80",
        _ => "",
    };
    let authority = authority.strip_suffix(port).unwrap_or(&authority);
    let authority = authority.strip_suffix(':').unwrap_or(authority);
    let slash = if path.starts_with('/') { "" } else { "/" };
    Some(format!("{scheme}://{authority}{slash}{path}"))
}

#[cfg(test)]
mod tests {
    use scopegate_domain::{OAuthFlows, SecurityScheme};

    use super::*;

    #[test]
    fn equal_addresses_are_equal_in_their_normal_form() {
        for (one, other) in [
            ("https://id.example/token", "HTTPS://ID.Example:443/token"),
            ("http://id.example:80/token", "http://id.example/token#x"),
            ("https://id.example", "https://id.example/"),
            ("token", "/token"),
            ("./token", "token"),
            ("//ID.example/t", "//id.example/t"),
            (" https://id.example/token ", "https://id.example/token"),
        ] {
            assert_eq!(normal(one), normal(other), "{one} {other}");
        }
        for (one, other) in [
            ("https://id.example/token", "http://id.example/token"),
            ("https://id.example/token", "https://id.example/Token"),
            ("https://id.example:8443/token", "https://id.example/token"),
            ("https://id.example/token?tenant=a", "https://id.example/token?tenant=b"),
            ("https://id.example/token", "https://id.example.org/token"),
            ("token", "tokens"),
        ] {
            assert_ne!(normal(one), normal(other), "{one} {other}");
        }
        assert_eq!((normal(""), normal("/"), normal(" ")), (None, None, None));
    }

    #[test]
    fn schemes_with_an_equal_address_share_a_server_over_any_number_of_steps() {
        let code = |authorize: &str, token: &str| SecurityScheme::oauth2_authorization_code(authorize, token);
        let catalog = Catalog::builder()
            .scheme("a", code("https://one.example/a", "https://one.example/t"))
            .scheme("b", code("https://two.example/a", "https://two.example/t"))
            .scheme("key", SecurityScheme::http_bearer())
            .scheme("none", SecurityScheme::oauth2(OAuthFlows::default()))
            .scheme("nothing", SecurityScheme::oauth2(OAuthFlows::default()))
            .scheme("other", SecurityScheme::http_bearer())
            .scheme("both", code("https://one.example/a", "https://two.example/t"))
            .scheme("sso", SecurityScheme::openid_connect("https://one.example/c"))
            .scheme("again", SecurityScheme::openid_connect("https://ONE.example:443/c"))
            .build()
            .unwrap();
        assert_eq!(group(&catalog), [0, 0, 2, 3, 4, 5, 0, 7, 7]);
    }
}
