//! Compares the `htu` claim of a `DPoP` proof with the URL of a request: [RFC 9449, section
//! 4.3](https://www.rfc-editor.org/rfc/rfc9449#section-4.3).

/// Whether two addresses are the same without query and fragment. Scheme and host are compared
/// without case, a default port and no port are the same, and so are an empty path and `/` ([RFC
/// 3986, section 6.2](https://www.rfc-editor.org/rfc/rfc3986#section-6.2)).
pub(super) fn is_same(one: &str, other: &str) -> bool {
    match (Address::parse(one), Address::parse(other)) {
        (Some(one), Some(other)) => one.is_same(&other),
        _ => false,
    }
}

struct Address<'a> {
    scheme: &'a str,
    /// Host and port, the default one left out.
    host: &'a str,
    path: &'a str,
}

impl<'a> Address<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let end = rest.find(['?', '#']).unwrap_or(rest.len());
        let rest = rest.get(..end)?;
        let slash = rest.find('/').unwrap_or(rest.len());
        let (host, path) = rest.split_at_checked(slash)?;
        // User information is not part of the location.
        if host.is_empty() || host.contains('@') {
            return None;
        }
        let default_port = if scheme.eq_ignore_ascii_case("https") {
            ":443"
        } else if scheme.eq_ignore_ascii_case("http") {
            ":80"
        } else {
            return None;
        };
        let host = host.strip_suffix(default_port).unwrap_or(host);
        let path = if path.is_empty() { "/" } else { path };
        Some(Self { scheme, host, path })
    }

    fn is_same(&self, other: &Self) -> bool {
        self.scheme.eq_ignore_ascii_case(other.scheme)
            && self.host.eq_ignore_ascii_case(other.host)
            && self.path == other.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_fragment_case_and_default_port_count_for_nothing() {
        let address = "https://api.example/a/B";
        for same in [
            address,
            "https://api.example/a/B?x=1",
            "https://api.example/a/B#x",
            "HTTPS://API.example/a/B",
            "https://api.example:443/a/B",
        ] {
            assert!(is_same(address, same) && is_same(same, address), "{same}");
        }
        assert!(is_same("http://h:80", "http://h/?x"));
        for other in [
            "http://api.example/a/B",
            "https://api.example/a/b",
            "https://api.example/a/B/",
            "https://api.example:444/a/B",
            "https://api.example:80/a/B",
            "https://api.example.evil/a/B",
            "https://user@api.example/a/B",
            "https://evil?https://api.example/a/B",
            "//api.example/a/B",
            "https:///a/B",
            "",
        ] {
            assert!(!is_same(address, other), "{other}");
        }
        assert!(!is_same("", ""), "a text other than an address equals nothing");
    }
}
