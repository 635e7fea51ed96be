//! The logout page.

use askama::Template;

use crate::page::site::write;
use crate::page::{PlainText, Site};
use crate::redirect_target::RedirectTarget;
use crate::text;

/// The logout page: `POST /logout` receives `token`, and `request` if the page has a query.
#[derive(Clone, Debug, Template)]
#[template(path = "logout.html", whitespace = "minimize")]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new value to each caller"
)]
pub struct LogoutPage<'p> {
    /// The site.
    pub site: Site<'p>,
    /// The name of the user who is logged in.
    pub username: PlainText<'p>,
    /// The token of the form.
    pub token: &'p str,
    /// The query of the request, which the form sends again: ASCII, still encoded. Empty if there
    /// is none.
    pub request: &'p str,
    /// The application to which the browser returns.
    pub back: Option<LogoutReturn<'p>>,
}

/// The application to which the browser returns after a logout.
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new value to each caller"
)]
pub struct LogoutReturn<'p> {
    /// The name of the application.
    pub name: PlainText<'p>,
    /// The target of the registered URI.
    pub target: RedirectTarget<'p>,
}

impl LogoutReturn<'_> {
    fn place(&self) -> PlainText<'_> {
        PlainText::from(self.target.shown())
    }
}

impl LogoutPage<'_> {
    /// Returns the page.
    #[must_use]
    pub fn render(&self) -> String {
        write(self, 4096)
    }
}
