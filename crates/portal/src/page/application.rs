//! The page of one application: what it may do, and the button that ends its access.

use askama::Template;
use scopegate_domain::Timestamp;

use crate::page::site::write;
use crate::page::time::UtcTime;
use crate::page::{ApplicationEntry, ConsentResource, PlainText, Site};
use crate::text;

/// The details of an application of the account page.
#[derive(Clone, Debug, Template)]
#[template(path = "application.html", whitespace = "minimize")]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new value to each caller"
)]
pub struct ApplicationPage<'p> {
    /// The site.
    pub site: Site<'p>,
    /// The name of the user who is logged in.
    pub username: PlainText<'p>,
    /// The token of the form `POST /account/applications/withdraw`.
    pub withdraw: &'p str,
    /// The application.
    pub application: ApplicationEntry<'p>,
    /// The time of the last change of the consent.
    pub changed_at: Timestamp,
    /// The granted scopes of each resource.
    pub resources: Vec<ConsentResource<'p>>,
    /// Whether `offline_access` is granted.
    pub is_offline: bool,
    /// The optional scope that the user refused, as its text.
    pub refused_scope: PlainText<'p>,
}

impl ApplicationPage<'_> {
    /// Returns the page.
    #[must_use]
    pub fn render(&self) -> String {
        write(self, 16 * 1024)
    }

    fn changed(&self) -> UtcTime {
        UtcTime::of(self.changed_at)
    }
}
