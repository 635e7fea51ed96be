//! The cookies of a login.

use scopegate_domain::{Lifetime, Secret, UserId};
use scopegate_token::{BrowserCookie, SecretRing, SessionCookie};

use super::mac_text::hexadecimal;
use crate::people::People;

/// The longest age of a session that stays logged in, and its longest time without a use.
pub(crate) const STAY_AGE: Lifetime = Lifetime::from_minutes(30 * 24 * 60);

/// The cookies of a browser whose user has logged in.
#[derive(Debug)]
#[non_exhaustive]
pub struct LoginCookies {
    /// The cookie of the new session.
    pub session: SessionCookie,
    /// The time for which the browser keeps the cookie. `None`: until the browser is closed.
    pub session_age: Option<Lifetime>,
    /// The cookie that proves the login to the throttle. It is valid with the browser's cookie
    /// only.
    pub known: Secret<String>,
}

impl LoginCookies {
    /// Creates the cookies of a session of this user in this browser. `stay` is that of the form.
    pub(crate) fn new(
        session: SessionCookie,
        stay: bool,
        people: &People,
        user: &UserId,
        browser: &BrowserCookie,
    ) -> Self {
        Self {
            session,
            session_age: stay.then_some(STAY_AGE),
            known: known_cookie(&people.rings().known, user, browser),
        }
    }
}

/// Returns the cookie of this user in this browser: a MAC over both, in hexadecimal.
fn known_cookie(ring: &SecretRing, user: &UserId, browser: &BrowserCookie) -> Secret<String> {
    let digest = browser.digest();
    let tag = ring.tag(None, &[user.as_str().as_bytes(), digest.as_bytes()]);
    Secret::new(hexadecimal(&tag))
}
