//! The places of a request in which a credential can be, and how it is read there.

use http::{HeaderMap, HeaderName};
use scopegate_domain::{ApiKeyLocation, HttpScheme, SecurityScheme};

use crate::Credential;
use crate::credentials::authorization::{self, Authorization};
use crate::credentials::bearer::{self, Bearer};
use crate::credentials::credential::Extracted;
use crate::credentials::{api_key, basic};
use crate::dialect::{AuthenticationScheme, Dialect};
use crate::request_head::RequestHead;

/// The families of schemes: credentials of one family are presented and challenged alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    /// A bearer token, of whichever scheme.
    Bearer,
    /// A key.
    ApiKey,
    /// A digest.
    Digest,
    /// User name and password. Last, for passwords are slow on purpose.
    Basic,
}

impl Family {
    pub(crate) const fn of(scheme: &SecurityScheme) -> Self {
        match scheme {
            SecurityScheme::ApiKey { .. } => Self::ApiKey,
            SecurityScheme::Http(HttpScheme::Basic) => Self::Basic,
            SecurityScheme::Http(HttpScheme::Digest) => Self::Digest,
            SecurityScheme::Http(HttpScheme::Bearer { .. })
            | SecurityScheme::OAuth2(_)
            | SecurityScheme::OpenIdConnect { .. } => Self::Bearer,
        }
    }

    pub(crate) const fn authentication_scheme(self) -> AuthenticationScheme {
        match self {
            Self::ApiKey => AuthenticationScheme::ApiKey,
            Self::Basic => AuthenticationScheme::Basic,
            Self::Bearer => AuthenticationScheme::Bearer,
            Self::Digest => AuthenticationScheme::Digest,
        }
    }
}

/// The position of a credential in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CredentialPlace {
    Authorization(Family),
    Cookie(String),
    Header(HeaderName),
    Query(String),
}

impl CredentialPlace {
    /// The place of the credential of a scheme. `None` if the name of a header is not valid.
    pub(crate) fn of(scheme: &SecurityScheme) -> Option<Self> {
        Some(match scheme {
            SecurityScheme::ApiKey { location, name } => match location {
                ApiKeyLocation::Cookie => Self::Cookie(name.clone()),
                ApiKeyLocation::Header => Self::Header(HeaderName::try_from(name).ok()?),
                ApiKeyLocation::Query => Self::Query(name.clone()),
            },
            other => Self::Authorization(Family::of(other)),
        })
    }

    /// Reads the credential at this place.
    pub(crate) fn read(&self, head: &RequestHead<'_>, dialect: &Dialect) -> Extracted {
        match self {
            Self::Authorization(family) => in_authorization(*family, head.headers(), dialect),
            Self::Cookie(name) => api_key::in_cookie(head.headers(), name),
            Self::Header(name) => api_key::in_header(head.headers(), name),
            Self::Query(name) => api_key::in_query(head.query(), name),
        }
    }

    pub(crate) fn is_authorization(&self) -> bool {
        match self {
            Self::Authorization(_) => true,
            Self::Header(name) => *name == http::header::AUTHORIZATION,
            Self::Cookie(_) | Self::Query(_) => false,
        }
    }
}

fn in_authorization(family: Family, headers: &HeaderMap, dialect: &Dialect) -> Extracted {
    if family == Family::Bearer {
        return match bearer::read(headers, dialect) {
            Bearer::Absent => Extracted::Absent,
            Bearer::Ambiguous => Extracted::Ambiguous,
            Bearer::Malformed => Extracted::Malformed,
            Bearer::Token(token) => Extracted::Credential(Credential::new(token.to_owned())),
        };
    }
    let word: &[u8] = if family == Family::Basic { b"basic" } else { b"digest" };
    let rest = match authorization::read(headers, dialect) {
        Authorization::Of(scheme, rest) if scheme.eq_ignore_ascii_case(word) => rest,
        Authorization::Absent | Authorization::Of(..) => return Extracted::Absent,
        Authorization::Several => return Extracted::Ambiguous,
    };
    let credential = if family == Family::Basic {
        basic::user(rest, dialect)
    } else {
        let text = std::str::from_utf8((dialect.trim)(rest)).ok();
        text.map(|text| Credential::new(text.to_owned()))
    };
    Extracted::new(credential)
}
