//! Well-known locations: [RFC 8615](https://www.rfc-editor.org/rfc/rfc8615).

use http::Uri;

/// A location for the metadata of an identifier that is a URL: between its host and its path ([RFC
/// 8414, section 3.1](https://www.rfc-editor.org/rfc/rfc8414#section-3.1)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WellKnownLocation {
    origin: String,
    path: String,
}

impl WellKnownLocation {
    /// Returns the location with this suffix. `None` if the identifier is not an absolute URL, or
    /// has a query, a fragment or user information.
    ///
    /// It is also `None` if the path is not a route as it is: it has escapes or braces, or ends in
    /// two slashes.
    pub(crate) fn of(identifier: &str, suffix: &str) -> Option<Self> {
        let is_no_route = |byte: u8| !byte.is_ascii_graphic() || br#"?#@%{}"\<>^`|"#.contains(&byte);
        if identifier.bytes().any(is_no_route) || identifier.ends_with("//") {
            return None;
        }
        let uri: Uri = identifier.parse().ok()?;
        let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
        let path = uri.path();
        let path = path.strip_suffix('/').unwrap_or(path);
        ["http", "https"].contains(&scheme).then(|| Self {
            origin: format!("{scheme}://{authority}"),
            path: format!("/.well-known/{suffix}{path}"),
        })
    }

    /// Returns its path.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Returns its URL.
    pub(crate) fn url(&self) -> String {
        format!("{}{}", self.origin, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn location_is_between_host_and_path() {
        for (identifier, path) in [
            ("https://id.example", "/.well-known/x"),
            ("https://id.example/", "/.well-known/x"),
            ("https://id.example/tenant/", "/.well-known/x/tenant"),
            ("http://127.0.0.1:8000/a/b", "/.well-known/x/a/b"),
        ] {
            let location = WellKnownLocation::of(identifier, "x").unwrap();
            assert_eq!(location.path(), path);
            assert!(location.url().ends_with(&format!("{}{path}", &location.origin)));
        }
        let location = WellKnownLocation::of("http://127.0.0.1:8000/a/b", "x").unwrap();
        assert_eq!(location.url(), "http://127.0.0.1:8000/.well-known/x/a/b");
        for identifier in [
            "api",
            "/api",
            "urn:api",
            "https://a@b.example",
            "https://a.example/?q",
            "https://a.example#f",
            "https://a.example/b%20c",
            "https://a.example/{b}",
            "https://a.example/b\"c",
            "https://a.example/b\\c",
            "https://a.example//",
            "",
        ] {
            assert_eq!(WellKnownLocation::of(identifier, "x"), None, "{identifier}");
        }
    }
}
