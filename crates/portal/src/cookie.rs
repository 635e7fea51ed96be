//! The cookies of the pages: their names, how they are read, and how they are set.

use std::fmt::Write;

use http::{HeaderMap, HeaderValue};
use scopegate_domain::Lifetime;
use scopegate_gate::cookie;

use crate::origin::SiteOrigin;

/// The maximum length of a value, in bytes.
const MAX_LEN: usize = 512;

/// A cookie of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "these are all cookies of the pages")]
pub enum SiteCookie {
    /// A random value for one year: it binds authorization requests to the browser.
    Browser,
    /// The proof that a user logged in here before, for the throttle.
    Known,
    /// The session.
    Session,
}

impl SiteCookie {
    /// All cookies.
    pub const ALL: [Self; 3] = [Self::Browser, Self::Known, Self::Session];
}

/// Reads and writes the cookies of one site.
///
/// ```
/// use http::{HeaderMap, HeaderValue, header::COOKIE};
/// use scopegate_gate::domain::Issuer;
/// use scopegate_portal::{SiteCookie, SiteCookies, SiteOrigin};
///
/// let origin = SiteOrigin::of(&Issuer::parse("https://id.example").unwrap()).unwrap();
/// let cookies = SiteCookies::of(&origin);
/// let set = cookies.set(SiteCookie::Session, "sgss_1", None)?;
/// assert_eq!(set, "__Host-scopegate=sgss_1; Path=/; HttpOnly; SameSite=Lax; Secure");
/// let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_static("a=b; __Host-scopegate=sgss_1"))]);
/// assert_eq!(cookies.read(&headers, SiteCookie::Session)?, Some("sgss_1"));
/// # Ok::<(), scopegate_portal::CookieError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteCookies {
    is_secure: bool,
}

impl SiteCookies {
    /// Creates the cookies of a site.
    ///
    /// A browser accepts a name with the prefix `__Host-` only with `Secure` ([RFC 6265bis, section
    /// 4.1.3.2](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3.2)).
    /// So the cookies of a site without TLS, which is on loopback, have names without it.
    #[must_use]
    pub fn of(origin: &SiteOrigin) -> Self {
        Self {
            is_secure: origin.is_https(),
        }
    }

    /// Returns the name of a cookie.
    #[must_use]
    pub const fn name(&self, cookie: SiteCookie) -> &'static str {
        match (self.is_secure, cookie) {
            (true, SiteCookie::Browser) => "__Host-scopegate-browser",
            (true, SiteCookie::Known) => "__Host-scopegate-known",
            (true, SiteCookie::Session) => "__Host-scopegate",
            (false, SiteCookie::Browser) => "scopegate-browser",
            (false, SiteCookie::Known) => "scopegate-known",
            (false, SiteCookie::Session) => "scopegate",
        }
    }

    /// Returns the value of a cookie; `None` if the request has none of this name.
    ///
    /// # Errors
    ///
    /// [`CookieError::Repeated`] if the name occurs twice: another site of the same domain may have
    /// set one of them. [`CookieError::Value`] if the value is not one that this site sets.
    pub fn read<'h>(&self, headers: &'h HeaderMap, cookie: SiteCookie) -> Result<Option<&'h str>, CookieError> {
        let name = self.name(cookie).as_bytes();
        let mut named = cookie::pairs(headers).filter(|(other, _)| *other == name);
        let Some((_, value)) = named.next() else {
            return Ok(None);
        };
        // SECURITY: of two values, no reader knows which one this site set. Tested by
        // `repeated_cookie_is_an_error`.
        if named.next().is_some() {
            return Err(CookieError::Repeated);
        }
        let value = str::from_utf8(value).map_err(|_| CookieError::Value)?;
        check(value)?;
        Ok(Some(value))
    }

    /// Returns the `Set-Cookie` of a cookie. Without an age the browser removes it when it closes.
    ///
    /// # Errors
    ///
    /// [`CookieError::Value`] if the value is empty, longer than 512 bytes, or has a character
    /// other than letters, digits and `-._~`.
    pub fn set(&self, cookie: SiteCookie, value: &str, max_age: Option<Lifetime>) -> Result<HeaderValue, CookieError> {
        check(value)?;
        self.header(cookie, value, max_age)
    }

    /// Returns the `Set-Cookie` that removes a cookie.
    ///
    /// # Errors
    ///
    /// None for the names of [`SiteCookies::name`]; the type is that of [`SiteCookies::set`].
    pub fn remove(&self, cookie: SiteCookie) -> Result<HeaderValue, CookieError> {
        self.header(cookie, "", Some(Lifetime::from_seconds(0)))
    }

    fn header(self, cookie: SiteCookie, value: &str, max_age: Option<Lifetime>) -> Result<HeaderValue, CookieError> {
        let mut text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax", self.name(cookie));
        if let Some(max_age) = max_age {
            // Writing to a text cannot fail.
            let _ = write!(text, "; Max-Age={}", max_age.as_seconds());
        }
        if self.is_secure {
            text.push_str("; Secure");
        }
        let mut header = HeaderValue::try_from(text).map_err(|_| CookieError::Value)?;
        header.set_sensitive(true);
        Ok(header)
    }
}

fn check(value: &str) -> Result<(), CookieError> {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if (1..=MAX_LEN).contains(&value.len()) && value.bytes().all(is_unreserved) {
        Ok(())
    } else {
        Err(CookieError::Value)
    }
}

/// The reason why a cookie is not read or set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CookieError {
    /// Two cookies have the name.
    #[error("the request has two cookies of one name; remove the cookies of this site and try again")]
    Repeated,
    /// The value is empty, longer than 512 bytes, or has another character than letters, digits and
    /// `-._~`.
    #[error("the value of the cookie is not one that this site sets")]
    Value,
}

#[cfg(test)]
mod tests {
    use http::header::COOKIE;
    use proptest::prelude::*;
    use scopegate_domain::Issuer;

    use super::*;

    fn cookies(issuer: &str) -> SiteCookies {
        SiteCookies::of(&SiteOrigin::of(&Issuer::parse(issuer).unwrap()).unwrap())
    }

    fn read(cookies: SiteCookies, headers: &[&[u8]]) -> Result<Option<String>, CookieError> {
        let values = headers
            .iter()
            .map(|value| (COOKIE, HeaderValue::from_bytes(value).unwrap()));
        let mut map = HeaderMap::new();
        for (name, value) in values {
            map.append(name, value);
        }
        Ok(cookies.read(&map, SiteCookie::Session)?.map(str::to_owned))
    }

    #[test]
    fn names_have_the_prefix_with_tls_only() {
        let (web, loopback) = (cookies("https://id.example"), cookies("http://127.0.0.1:8000"));
        for cookie in SiteCookie::ALL {
            assert_eq!(web.name(cookie).strip_prefix("__Host-"), Some(loopback.name(cookie)));
            let set = loopback.set(cookie, "v", Some(Lifetime::from_minutes(1))).unwrap();
            let expected = format!(
                "{}=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=60",
                loopback.name(cookie)
            );
            assert_eq!(set, expected);
            assert!(set.is_sensitive());
            let removed = web.remove(cookie).unwrap();
            let expected = format!(
                "{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Secure",
                web.name(cookie)
            );
            assert_eq!(removed, expected);
        }
    }

    #[test]
    fn repeated_cookie_is_an_error() {
        let web = cookies("https://id.example");
        let one = b"__Host-scopegate=a".as_slice();
        for headers in [
            &[b"__Host-scopegate=a; __Host-scopegate=a".as_slice()][..],
            &[b"__Host-scopegate=a; __Host-scopegate=".as_slice()],
            &[one, one],
            &[one, b"x=y;__Host-scopegate=b"],
        ] {
            assert_eq!(read(web, headers), Err(CookieError::Repeated), "{headers:?}");
        }
    }

    #[test]
    fn only_the_exact_name_is_read() {
        let web = cookies("https://id.example");
        for other in [
            "",
            "scopegate=a",
            "__host-scopegate=a",
            "__Host-scopegate-browser=a",
            "__Host-scopegate",
            "x__Host-scopegate=a",
            "x=\"__Host-scopegate=a\"",
        ] {
            assert_eq!(read(web, &[other.as_bytes()]), Ok(None), "{other}");
        }
        for wrong in ["", "\"a\"", "a b", "a,b", "a%20", "a=b", "a\\", "\u{e9}"] {
            let header = format!("__Host-scopegate={wrong}");
            assert_eq!(read(web, &[header.as_bytes()]), Err(CookieError::Value), "{wrong}");
        }
        let long = format!("__Host-scopegate={}", "a".repeat(MAX_LEN + 1));
        assert_eq!(read(web, &[long.as_bytes()]), Err(CookieError::Value));
    }

    proptest! {
        #[test]
        fn what_is_set_is_read_back(value in "[A-Za-z0-9._~-]{1,512}", other in "[ -~&&[^;]]{0,20}") {
            let web = cookies("https://id.example");
            let set = web.set(SiteCookie::Session, &value, None).unwrap();
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let header = format!("{other}; {pair}");
            prop_assert_eq!(read(web, &[header.as_bytes()]), Ok(Some(value)));
        }

        #[test]
        fn no_value_adds_an_attribute(value in "\\PC{0,20}") {
            let is_set = cookies("https://id.example").set(SiteCookie::Known, &value, None);
            if let Ok(set) = is_set {
                prop_assert_eq!(set.to_str().unwrap().matches(';').count(), 4);
            }
        }
    }
}
