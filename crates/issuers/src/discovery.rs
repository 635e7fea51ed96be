//! Reads the metadata document of an issuer:
//! [RFC 8414](https://www.rfc-editor.org/rfc/rfc8414) and `OpenID` Connect Discovery.

use scopegate_domain::Issuer;

use crate::document::{self, InvalidDocument};
use crate::fetch::{Endpoint, FetchError, HttpFetcher, InvalidEndpoint};
use crate::remote_error::RemoteError;

/// The location of an issuer's metadata document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Discovery {
    /// The location of RFC 8414; if it has no document, that of `OpenID` Connect.
    #[default]
    Either,
    /// After the issuer: `/tenant/.well-known/openid-configuration`.
    OpenId,
    /// Between host and path: `/.well-known/oauth-authorization-server/tenant`.
    Rfc8414,
}

/// The members of the document that are read here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) jwks_uri: Option<Endpoint>,
    pub(crate) introspection_endpoint: Option<Endpoint>,
}

/// Fetches the document of an issuer. A document that names another issuer is an error.
pub(crate) async fn discover(fetcher: &HttpFetcher, issuer: &Issuer, how: Discovery) -> Result<Metadata, RemoteError> {
    let mut outcome = Err(RemoteError::NoDocument);
    for location in locations(issuer, how)? {
        outcome = fetch(fetcher, issuer, &location).await;
        if !outcome.as_ref().is_err_and(has_no_document) {
            break;
        }
    }
    outcome
}

async fn fetch(fetcher: &HttpFetcher, issuer: &Issuer, place: &Endpoint) -> Result<Metadata, RemoteError> {
    let document = fetcher
        .get(place)
        .await
        .map_err(|cause| RemoteError::fetch(place, cause))?;
    read(&document.body, issuer).map_err(|fault| fault.named(place))
}

/// Returns whether a location has no document, so that the other one is tried. Many servers return
/// a page with status 200 instead of 404.
const fn has_no_document(error: &RemoteError) -> bool {
    matches!(
        error,
        RemoteError::Fetch {
            cause: FetchError::Status { .. } | FetchError::Redirect { .. },
            ..
        } | RemoteError::Document {
            fault: InvalidDocument::NotJson,
            ..
        }
    )
}

fn locations(issuer: &Issuer, how: Discovery) -> Result<Vec<Endpoint>, InvalidEndpoint> {
    let endpoint = Endpoint::parse(issuer.as_str())?;
    let path = endpoint.path_and_query();
    if path.contains('?') {
        return Err(InvalidEndpoint::Query);
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    let scheme = if endpoint.is_secure() { "https" } else { "http" };
    let origin = format!("{scheme}://{}", endpoint.authority());
    let rfc8414 = || Endpoint::parse(&format!("{origin}/.well-known/oauth-authorization-server{path}"));
    let openid = || Endpoint::parse(&format!("{origin}{path}/.well-known/openid-configuration"));
    Ok(match how {
        Discovery::Either => vec![rfc8414()?, openid()?],
        Discovery::OpenId => vec![openid()?],
        Discovery::Rfc8414 => vec![rfc8414()?],
    })
}

/// Returns whether an issuer is a URL that can have a document.
pub(crate) fn check(issuer: &Issuer) -> Result<(), InvalidEndpoint> {
    locations(issuer, Discovery::Either).map(drop)
}

/// The error of a document, before its URL is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiscoveryError {
    Document(InvalidDocument),
    Endpoint(&'static str, InvalidEndpoint),
    Issuer,
}

impl From<InvalidDocument> for DiscoveryError {
    fn from(fault: InvalidDocument) -> Self {
        Self::Document(fault)
    }
}

impl DiscoveryError {
    fn named(self, place: &Endpoint) -> RemoteError {
        let url = place.to_string();
        match self {
            Self::Document(fault) => RemoteError::Document { url, fault },
            Self::Endpoint(member, fault) => RemoteError::Member { url, member, fault },
            Self::Issuer => RemoteError::OtherIssuer { url },
        }
    }
}

// SECURITY: the issuer is compared byte for byte (RFC 8414, section 3.3). Otherwise a reachable
// issuer could replace another. Tested by `tests::document_of_another_issuer_is_rejected`.
fn read(body: &[u8], issuer: &Issuer) -> Result<Metadata, DiscoveryError> {
    let (mut stated, mut jwks_uri, mut introspection) = (None, None, None);
    document::members(body, |name, reader| {
        match name {
            "issuer" => stated = Some(document::text(reader, "issuer")?),
            "jwks_uri" => jwks_uri = Some(document::text(reader, "jwks_uri")?),
            "introspection_endpoint" => introspection = Some(document::text(reader, "introspection_endpoint")?),
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    let stated = stated.ok_or(InvalidDocument::Member { name: "issuer" })?;
    if stated != issuer.as_str() {
        return Err(DiscoveryError::Issuer);
    }
    let endpoint = |member, text: Option<std::borrow::Cow<'_, str>>| {
        text.map(|text| Endpoint::parse(&text))
            .transpose()
            .map_err(|fault| DiscoveryError::Endpoint(member, fault))
    };
    Ok(Metadata {
        jwks_uri: endpoint("jwks_uri", jwks_uri)?,
        introspection_endpoint: endpoint("introspection_endpoint", introspection)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(text: &str) -> Issuer {
        Issuer::parse(text).unwrap()
    }

    fn urls(text: &str, how: Discovery) -> Vec<String> {
        locations(&issuer(text), how)
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn document_location_follows_each_standard() {
        assert_eq!(
            urls("https://id.example", Discovery::Either),
            [
                "https://id.example/.well-known/oauth-authorization-server",
                "https://id.example/.well-known/openid-configuration"
            ]
        );
        // The paths come from RFC 8414, section 3.1, and OpenID Connect Discovery 1.0, section 4.1.
        assert_eq!(
            urls("https://example.com/issuer1", Discovery::Rfc8414),
            ["https://example.com/.well-known/oauth-authorization-server/issuer1"]
        );
        assert_eq!(
            urls("https://example.com/issuer1/", Discovery::OpenId),
            ["https://example.com/issuer1/.well-known/openid-configuration"]
        );
    }

    #[test]
    fn issuer_url_with_query_is_rejected() {
        let cases = [
            ("https://a.example/?b", InvalidEndpoint::Query),
            ("joe", InvalidEndpoint::Scheme),
        ];
        for (text, fault) in cases {
            assert_eq!(locations(&issuer(text), Discovery::Either), Err(fault));
        }
    }

    #[test]
    fn document_of_another_issuer_is_rejected() {
        let read = |body: &str| read(body.as_bytes(), &issuer("https://id.example"));
        for other in [
            "https://id.example/",
            "https://ID.example",
            "https://id.example:443",
            "http://id.example",
            "",
        ] {
            let body = format!(r#"{{"issuer": "{other}", "jwks_uri": "https://id.example/jwks"}}"#);
            assert_eq!(read(&body), Err(DiscoveryError::Issuer), "{other}");
        }
        let metadata =
            read(r#"{"x": [{}], "jwks_uri": "https://keys.example/", "issuer": "https:\/\/id.example"}"#).unwrap();
        assert_eq!(metadata.jwks_uri.unwrap().host(), "keys.example");
        assert_eq!(metadata.introspection_endpoint, None);
    }

    #[test]
    fn malformed_document_is_rejected() {
        let member = |name| DiscoveryError::Document(InvalidDocument::Member { name });
        let cases = [
            ("", DiscoveryError::Document(InvalidDocument::NotJson)),
            ("[]", DiscoveryError::Document(InvalidDocument::NotJson)),
            (
                r#"{"issuer": "https://id.example"} x"#,
                DiscoveryError::Document(InvalidDocument::NotJson),
            ),
            (
                r#"{"issuer": "https://id.example""#,
                DiscoveryError::Document(InvalidDocument::NotJson),
            ),
            (
                r#"{"issuer": "https://id.example", "issuer": "https://id.example"}"#,
                DiscoveryError::Document(InvalidDocument::Twice),
            ),
            (
                r#"{"issuer": "https://id.example", "a": 1, "a": 2}"#,
                DiscoveryError::Document(InvalidDocument::Twice),
            ),
            ("{}", member("issuer")),
            (r#"{"issuer": ["https://id.example"]}"#, member("issuer")),
            (
                r#"{"issuer": "https://id.example", "jwks_uri": null}"#,
                member("jwks_uri"),
            ),
            (
                r#"{"issuer": "https://id.example", "jwks_uri": "file:///etc/passwd"}"#,
                DiscoveryError::Endpoint("jwks_uri", InvalidEndpoint::Syntax),
            ),
            (
                r#"{"issuer": "https://id.example", "jwks_uri": "/jwks"}"#,
                DiscoveryError::Endpoint("jwks_uri", InvalidEndpoint::Scheme),
            ),
        ];
        for (body, fault) in cases {
            assert_eq!(
                read(body.as_bytes(), &issuer("https://id.example")),
                Err(fault),
                "{body}"
            );
        }
        let deep = format!(r#"{{"issuer": "https://id.example", "a": {}"#, "[".repeat(100_000));
        assert!(read(deep.as_bytes(), &issuer("https://id.example")).is_err());
    }
}
