//! Answers with a `Location`: redirects, and the address of what was created.

use http::header::LOCATION;
use http::{HeaderValue, StatusCode};

use super::{Answer, SUCCESS};
use crate::description::OperationDescription;
use crate::response_body::Response;

/// A redirect ([RFC 9110, section 15.4](https://www.rfc-editor.org/rfc/rfc9110#section-15.4)).
/// `STATUS` is 301, 302, 303, 307 or 308; another one does not compile. Default: 303, so the client
/// sends `GET` to the new address.
///
/// An address from a request can lead to any host (`//evil.example`, `/\evil.example`), so compare
/// it with known ones.
///
/// ```
/// use scopegate_http::answer::{Answer, Redirect};
///
/// let see_other: Redirect = Redirect::to("/reports/7")?;
/// let response = see_other.into_response();
/// assert_eq!((response.status().as_u16(), &response.headers()["location"]), (303, &"/reports/7".parse()?));
/// assert_eq!(Redirect::<308>::to("/new")?.into_response().status(), 308);
/// assert!(Redirect::<303>::to("/a b").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```compile_fail
/// # use scopegate_http::answer::Redirect;
/// let _ = Redirect::<200>::to("/new");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect<const STATUS: u16 = 303>(HeaderValue);

/// Status 201 with the address of what was created
/// ([RFC 9110, section 15.3.2](https://www.rfc-editor.org/rfc/rfc9110#section-15.3.2)), and another
/// answer as the body.
///
/// ```
/// use scopegate_http::{Json, answer::{Answer, CreatedAt}};
///
/// let response = CreatedAt::new("/reports/7", Json("made"))?.into_response();
/// assert_eq!((response.status().as_u16(), &response.headers()["location"]), (201, &"/reports/7".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedAt<A> {
    location: HeaderValue,
    answer: A,
}

/// A text that cannot be sent as an address: it is empty, or contains a byte that is not visible
/// ASCII. Encode such bytes with percent signs ([RFC 3986, section
/// 2.1](https://www.rfc-editor.org/rfc/rfc3986#section-2.1)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address is empty, or has a space, a control character or a byte beyond ASCII; percent-encode it")]
#[non_exhaustive]
pub struct InvalidLocation;

impl<const STATUS: u16> Redirect<STATUS> {
    const CHECKED: u16 = {
        assert!(
            matches!(STATUS, 301 | 302 | 303 | 307 | 308),
            "a redirect has status 301, 302, 303, 307 or 308"
        );
        STATUS
    };

    /// Creates a redirect to this address.
    ///
    /// # Errors
    ///
    /// [`InvalidLocation`].
    pub fn to(location: impl AsRef<str>) -> Result<Self, InvalidLocation> {
        let _ = Self::CHECKED;
        header(location.as_ref()).map(Self)
    }
}

impl<A> CreatedAt<A> {
    /// Creates an answer with this address.
    ///
    /// # Errors
    ///
    /// [`InvalidLocation`].
    pub fn new(location: impl AsRef<str>, answer: A) -> Result<Self, InvalidLocation> {
        let location = header(location.as_ref())?;
        Ok(Self { location, answer })
    }
}

impl<const STATUS: u16> Answer for Redirect<STATUS> {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = status::<STATUS>();
        response.headers_mut().insert(LOCATION, self.0);
        response
    }

    fn describe(description: &mut OperationDescription) {
        description.response(status::<STATUS>(), "The answer is at another address");
        description.response_header(status::<STATUS>(), "location", "The address");
    }
}

impl<A: Answer> Answer for CreatedAt<A> {
    fn into_response(self) -> Response {
        let mut response = (StatusCode::CREATED, self.answer).into_response();
        response.headers_mut().insert(LOCATION, self.location);
        response
    }

    fn describe(description: &mut OperationDescription) {
        description.under("201", A::describe);
        description.response(StatusCode::CREATED, SUCCESS);
        description.response_header(StatusCode::CREATED, "location", "The address of what was created");
    }
}

/// An address that cannot be sent is the fault of the handler: 500.
impl Answer for InvalidLocation {
    fn into_response(self) -> Response {
        tracing::error!(cause = %self, "a handler answers with an invalid location");
        Answer::into_response(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn describe(description: &mut OperationDescription) {
        description.response(StatusCode::INTERNAL_SERVER_ERROR, "The address is not valid");
    }
}

fn status<const STATUS: u16>() -> StatusCode {
    StatusCode::from_u16(STATUS).unwrap_or(StatusCode::SEE_OTHER)
}

fn header(location: &str) -> Result<HeaderValue, InvalidLocation> {
    let is_visible = !location.is_empty() && location.bytes().all(|byte| byte.is_ascii_graphic());
    let value = HeaderValue::try_from(location).ok().filter(|_| is_visible);
    value.ok_or(InvalidLocation)
}
