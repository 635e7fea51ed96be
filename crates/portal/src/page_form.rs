//! The forms of the pages, and queries for them.

use http::StatusCode;
use scopegate_gate::{SiteRequest, urlencoded};
use scopegate_grant::Params;

use crate::csrf::{CrossSiteForm, check_form_origin};
use crate::form::{self, FormError};
use crate::page::Problem;
use crate::portal_site::PortalSite;

/// The maximum length of a form of a page, in bytes. A sealed request has at most 33 KiB.
pub(crate) const FORM_LIMIT: usize = 64 * 1024;

/// The reason why a form is not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidPageForm {
    #[error(transparent)]
    Foreign(#[from] CrossSiteForm),
    #[error(transparent)]
    Form(#[from] FormError),
    #[error("a field is given twice")]
    Repeated,
}

impl InvalidPageForm {
    /// Returns the page that states the reason.
    pub(crate) const fn page(&self) -> (StatusCode, Problem) {
        match self {
            Self::Foreign(_) => (StatusCode::FORBIDDEN, Problem::ForeignForm),
            Self::Form(FormError::Charset | FormError::Encoded | FormError::MediaType) => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, Problem::Malformed)
            }
            Self::Form(FormError::Escape | FormError::NotText | FormError::Query | FormError::TooManyFields)
            | Self::Repeated => (StatusCode::BAD_REQUEST, Problem::Malformed),
        }
    }
}

/// Reads the form of a page of this site, in which only the field `repeatable` may occur twice.
// SECURITY: the origin is checked before anything is read. Tested by
// `form_of_another_site_is_refused` in tests/it/people/forms.rs.
pub(crate) fn read(request: &SiteRequest<'_>, site: &PortalSite, repeatable: &str) -> Result<Params, InvalidPageForm> {
    check_form_origin(request.head, &site.origin)?;
    if !request.head.query().is_empty() {
        return Err(FormError::Query.into());
    }
    let params = form::read(request.head.headers(), &request.body)?;
    match params.each_once_except(repeatable) {
        Ok(()) => Ok(params),
        Err(_) => Err(InvalidPageForm::Repeated),
    }
}

/// Reads the form of another site like [`pairs`]: what is malformed is refused where the client can
/// receive the error.
pub(crate) fn read_foreign(request: &SiteRequest<'_>) -> Result<Params, InvalidPageForm> {
    form::expect_form(request.head.headers())?;
    if !request.head.query().is_empty() {
        return Err(FormError::Query.into());
    }
    Ok(pairs(&request.body))
}

/// Reads the parameters of a query or of a form, both bounded by the caller, as the authorization
/// endpoint does. Bytes that are not UTF-8 become U+FFFD, and so does a name or value with a `%`
/// that no two hexadecimal digits follow.
///
/// ```
/// let params = scopegate_portal::pairs(b"scope=me+items&state=a%26b");
/// assert_eq!(params.text("scope"), Some("me items"));
/// assert_eq!(params.text("state"), Some("a&b"));
/// assert_eq!(scopegate_portal::pairs(b"state=100%").text("state"), Some("\u{fffd}"));
/// ```
#[must_use]
pub fn pairs(raw: &[u8]) -> Params {
    let pairs = raw.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    let split = |pair: &[u8]| {
        let mut halves = pair.splitn(2, |byte| *byte == b'=').map(decoded);
        (halves.next().unwrap_or_default(), halves.next().unwrap_or_default())
    };
    pairs.map(split).collect()
}

fn decoded(raw: &[u8]) -> String {
    if urlencoded::has_valid_escapes(raw) {
        urlencoded::decode_lossy(raw)
    } else {
        char::REPLACEMENT_CHARACTER.to_string()
    }
}
