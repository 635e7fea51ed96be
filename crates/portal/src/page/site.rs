//! What all pages have in common.

use std::fmt;

use askama::Template;

use crate::page::PlainText;
use crate::redirect_target::RedirectTarget;
use crate::stylesheet;

/// The site that a page belongs to.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "each page must have a new value")]
pub struct Site<'p> {
    /// The name of the site for people.
    pub name: PlainText<'p>,
    /// The path of the site, without a slash at the end; empty if the site is a whole host.
    pub base: &'p str,
}

impl Site<'_> {
    /// Returns the path of the stylesheet.
    pub(crate) fn stylesheet(&self) -> impl fmt::Display {
        format!("{}{}", self.base, stylesheet::path())
    }
}

/// The application that sent the user.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "each page must have a new value")]
pub struct Requester<'p> {
    /// The name of the application.
    pub name: PlainText<'p>,
    /// Where the user goes back to.
    pub target: RedirectTarget<'p>,
}

impl Requester<'_> {
    /// Returns the host or the scheme that the user goes back to.
    pub(crate) fn place(&self) -> PlainText<'_> {
        PlainText::from(self.target.shown())
    }
}

/// Writes a page of about this size, in bytes.
pub(crate) fn write(page: &impl Template, size: usize) -> String {
    let mut html = String::with_capacity(size);
    // Writing to a text fails only if a value does. No value of the pages does.
    let _ = page.render_into(&mut html);
    html
}
