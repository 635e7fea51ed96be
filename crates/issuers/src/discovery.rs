//! What an issuer says of itself: [RFC 8414](https://www.rfc-editor.org/rfc/rfc8414) and `OpenID` Connect Discovery.

use scopegate_domain::Issuer;

use crate::document::{self, InvalidDocument};
use crate::fetch::{Endpoint, FetchError, HttpFetcher, InvalidEndpoint};
use crate::remote_error::RemoteError;

/// The place of an issuer's document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Discovery {
    /// The place of RFC 8414; if nothing is there, that of `OpenID` Connect.
    #[default]
    Either,
    /// Behind the issuer: `/tenant/.well-known/openid-configuration`.
    OpenId,
    /// Between host and path: `/.well-known/oauth-authorization-server/tenant`.
    Rfc8414,
}

/// The part of the document that is read here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) jwks_uri: Option<Endpoint>,
    pub(crate) introspection_endpoint: Option<Endpoint>,
}

/// Fetches the document of an issuer, and takes it only if it is that issuer's.
pub(crate) async fn discover(fetcher: &HttpFetcher, issuer: &Issuer, how: Discovery) -> Result<Metadata, RemoteError> {
    let mut outcome = Err(RemoteError::NoDocument);
    for place in places(issuer, how)? {
        outcome = fetch(fetcher, issuer, &place).await;
        if !outcome.as_ref().is_err_and(is_elsewhere) {
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

/// Returns whether there is nothing at one place, so that the other one is tried. Many servers
/// answer a missing page with 200.
const fn is_elsewhere(error: &RemoteError) -> bool {
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

fn places(issuer: &Issuer, how: Discovery) -> Result<Vec<Endpoint>, InvalidEndpoint> {
    let endpoint = Endpoint::parse(issuer.as_str())?;
    let path = endpoint.path_and_query();
    if path.contains('?') {
        return Err(InvalidEndpoint::Query);
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    let scheme = if endpoint.is_secure() { "https" } else { "http" };
    let origin = format!("{scheme}://{}", endpoint.authority());
    let between = || Endpoint::parse(&format!("{origin}/.well-known/oauth-authorization-server{path}"));
    let behind = || Endpoint::parse(&format!("{origin}{path}/.well-known/openid-configuration"));
    Ok(match how {
        Discovery::Either => vec![between()?, behind()?],
        Discovery::OpenId => vec![behind()?],
        Discovery::Rfc8414 => vec![between()?],
    })
}

/// Returns whether an issuer is a URL that can have a document.
pub(crate) fn check(issuer: &Issuer) -> Result<(), InvalidEndpoint> {
    places(issuer, Discovery::Either).map(drop)
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

// SECURITY: the issuer is compared byte for byte (RFC 8414, section 3.3). Otherwise an issuer that
// is reachable could replace another (`a_document_of_another_issuer_is_refused`).
fn read(body: &[u8], issuer: &Issuer) -> Result<Metadata, DiscoveryError> {
    let (mut said, mut jwks_uri, mut introspection) = (None, None, None);
    document::members(body, |name, reader| {
        match name {
            "issuer" => said = Some(document::text(reader, "issuer")?),
            "jwks_uri" => jwks_uri = Some(document::text(reader, "jwks_uri")?),
            "introspection_endpoint" => introspection = Some(document::text(reader, "introspection_endpoint")?),
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    let said = said.ok_or(InvalidDocument::Member { name: "issuer" })?;
    if said != issuer.as_str() {
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
        places(&issuer(text), how)
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn the_document_stands_where_each_standard_says() {
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
    fn an_issuer_is_a_url_without_query() {
        let cases = [
            ("https://a.example/?b", InvalidEndpoint::Query),
            ("joe", InvalidEndpoint::Scheme),
        ];
        for (text, fault) in cases {
            assert_eq!(places(&issuer(text), Discovery::Either), Err(fault));
        }
    }

    #[test]
    fn a_document_of_another_issuer_is_refused() {
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
        let good =
            read(r#"{"x": [{}], "jwks_uri": "https://keys.example/", "issuer": "https:\/\/id.example"}"#).unwrap();
        assert_eq!(good.jwks_uri.unwrap().host(), "keys.example");
        assert_eq!(good.introspection_endpoint, None);
    }

    #[test]
    fn a_document_is_read_strictly() {
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
