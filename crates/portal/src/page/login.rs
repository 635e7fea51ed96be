//! The login page.

use askama::Template;

use crate::page::site::write;
use crate::page::{PlainText, Requester, Site};
use crate::text;

/// The login page: `POST /login` receives the fields `flow`, `username`, `password` and `stay`, or
/// `flow` and `decision`, which is `cancel`. For the login to the site itself, `POST
/// /account/login` receives the first four.
#[derive(Clone, Debug, Template)]
#[template(path = "login.html", whitespace = "minimize")]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new value to each caller"
)]
pub struct LoginPage<'p> {
    /// The site.
    pub site: Site<'p>,
    /// The application that sent the user. `None` for a login to the site itself.
    pub requester: Option<Requester<'p>>,
    /// The sealed request, for the field `flow`.
    pub flow: &'p str,
    /// The user name that was entered before, or the `login_hint`.
    pub username: PlainText<'p>,
    /// Whether "stay logged in" is ticked.
    pub stay: bool,
    /// The reason why the page is shown again.
    pub notice: Option<LoginNotice>,
}

/// The reason why the login page is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the page must have a text for a new reason")]
pub enum LoginNotice {
    /// The application requires a new login.
    Again,
    /// The login failed. The page does not state why.
    Failed,
    /// Too many users log in now; the next attempt is possible in this number of seconds.
    Busy(u32),
    /// Too many logins failed; the next attempt is possible in this number of seconds.
    Throttled(u32),
}

impl LoginPage<'_> {
    /// Returns the page.
    #[must_use]
    pub fn render(&self) -> String {
        write(self, 4096)
    }

    const fn action(&self) -> &'static str {
        match self.requester {
            Some(_) => "/login",
            None => "/account/login",
        }
    }

    fn notice(&self) -> Option<String> {
        Some(match self.notice? {
            LoginNotice::Again => text::LOGIN_AGAIN.to_owned(),
            LoginNotice::Busy(seconds) => text::busy(seconds),
            LoginNotice::Failed => text::LOGIN_FAILED.to_owned(),
            LoginNotice::Throttled(seconds) => text::throttled(seconds),
        })
    }

    const fn is_error(&self) -> bool {
        matches!(
            self.notice,
            Some(LoginNotice::Busy(_) | LoginNotice::Failed | LoginNotice::Throttled(_))
        )
    }
}
