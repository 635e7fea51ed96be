//! A request of a browser to a page: its cookies, and its origin.

use bytes::Bytes;
use http::Response;
use http::header::{SET_COOKIE, USER_AGENT};
use scopegate_domain::{Lifetime, RequestId};
use scopegate_gate::SiteRequest;
use scopegate_grant::{LoginCookies, RequestOrigin, Visit};
use scopegate_token::{BrowserCookie, RandomError, SessionCookie, SystemRandomSource};

use crate::cookie::{CookieError, SiteCookie};
use crate::portal_site::PortalSite;

/// How long a browser keeps the cookies that are not those of a session: a year.
const YEAR: Lifetime = Lifetime::from_minutes(365 * 24 * 60);

/// The reason why a request of a browser is not answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VisitorError {
    #[error(transparent)]
    Cookie(#[from] CookieError),
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// The browser that sent a request.
pub(crate) struct Visitor<'r> {
    browser: BrowserCookie,
    is_new: bool,
    session: Option<SessionCookie>,
    known: Option<&'r str>,
    user_agent: &'r str,
    origin: RequestOrigin,
}

impl<'r> Visitor<'r> {
    /// Reads the cookies of a request. A value that is not one of this site counts as absent; a
    /// name that occurs twice is an error.
    // SECURITY: tested by `two_cookies_of_one_name_are_refused` in tests/it/people/forms.rs.
    pub(crate) fn read(request: &SiteRequest<'r>, site: &PortalSite) -> Result<Self, VisitorError> {
        let headers = request.head.headers();
        let read = |cookie| match site.cookies.read(headers, cookie) {
            Err(CookieError::Value) => Ok(None),
            read => read,
        };
        let browser = read(SiteCookie::Browser)?.and_then(|value| BrowserCookie::parse(value).ok());
        let session = read(SiteCookie::Session)?.and_then(|value| SessionCookie::parse(value).ok());
        Ok(Self {
            is_new: browser.is_none(),
            browser: browser.map_or_else(|| BrowserCookie::generate(&SystemRandomSource), Ok)?,
            session,
            known: read(SiteCookie::Known)?,
            user_agent: headers
                .get(USER_AGENT)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default(),
            origin: origin_of(request, site),
        })
    }

    /// Whether the request had no cookie of the browser.
    pub(crate) const fn is_new(&self) -> bool {
        self.is_new
    }

    pub(crate) const fn browser(&self) -> &BrowserCookie {
        &self.browser
    }

    pub(crate) const fn session(&self) -> Option<&SessionCookie> {
        self.session.as_ref()
    }

    pub(crate) const fn user_agent(&self) -> &'r str {
        self.user_agent
    }

    pub(crate) const fn origin(&self) -> &RequestOrigin {
        &self.origin
    }

    pub(crate) fn visit(&self) -> Visit<'_> {
        Visit {
            browser: &self.browser,
            session: self.session.as_ref(),
            known: self.known,
            user_agent: self.user_agent,
            origin: &self.origin,
        }
    }

    /// Adds the cookie of a new browser to a page.
    pub(crate) fn keep_browser(&self, site: &PortalSite, response: &mut Response<Bytes>) {
        if self.is_new {
            set(site, response, SiteCookie::Browser, self.browser.expose(), Some(YEAR));
        }
    }

    /// Adds the cookies of a login. The browser keeps its own cookie for another year.
    pub(crate) fn keep_login(&self, site: &PortalSite, response: &mut Response<Bytes>, login: &LoginCookies) {
        set(site, response, SiteCookie::Browser, self.browser.expose(), Some(YEAR));
        set(
            site,
            response,
            SiteCookie::Session,
            login.session.expose(),
            login.session_age,
        );
        set(site, response, SiteCookie::Known, login.known.expose(), Some(YEAR));
    }
}

/// Returns the origin of a request: the address of its client, behind proxies that are trusted, and
/// its id.
pub(crate) fn origin_of(request: &SiteRequest<'_>, site: &PortalSite) -> RequestOrigin {
    let headers = request.head.headers();
    RequestOrigin {
        address: request.head.peer().map(|peer| site.proxies.client(peer, headers)),
        request: RequestId::parse(request.label.id_text()).ok(),
    }
}

/// Adds the `Set-Cookie` that ends the session of a browser.
pub(crate) fn forget_session(site: &PortalSite, response: &mut Response<Bytes>) {
    if let Ok(header) = site.cookies.remove(SiteCookie::Session) {
        response.headers_mut().append(SET_COOKIE, header);
    }
}

fn set(site: &PortalSite, response: &mut Response<Bytes>, cookie: SiteCookie, value: &str, age: Option<Lifetime>) {
    match site.cookies.set(cookie, value, age) {
        Ok(header) => {
            response.headers_mut().append(SET_COOKIE, header);
        }
        Err(error) => tracing::error!(%error, "cannot set a cookie; the browser will not be recognized"),
    }
}
