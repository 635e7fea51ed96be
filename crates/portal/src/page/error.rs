//! The error page: one sentence, the request id, and who can help.

use askama::Template;
use scopegate_domain::RequestId;

use crate::page::site::write;
use crate::page::{PlainText, Site};
use crate::text;

/// The error page.
#[derive(Clone, Debug, Template)]
#[template(path = "error.html", whitespace = "minimize")]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new value to each caller"
)]
pub struct ErrorPage<'p> {
    /// The site.
    pub site: Site<'p>,
    /// The error.
    pub problem: Problem,
    /// The id of the request.
    pub request: Option<&'p RequestId>,
    /// Both redirect URIs, on loopback and in the demo.
    pub uris: Option<RedirectUris<'p>>,
}

/// An error that a page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the page must have a text for a new error")]
pub enum Problem {
    /// The application may not log users in.
    ClientNotAllowed,
    /// A form of another site.
    ForeignForm,
    /// The request is malformed.
    Malformed,
    /// The request has no client.
    NoClient,
    /// The request has no redirect URI, and the client has several.
    NoRedirectUri,
    /// The browser sent two cookies of one name.
    RepeatedCookie,
    /// The request is too large.
    TooLarge,
    /// The user gave no access to an application with this id.
    UnknownApplication,
    /// The server is overloaded, or cannot read its database.
    Unavailable,
    /// No application has this id.
    UnknownClient,
    /// The redirect URI is not one of the client.
    UnknownRedirectUri,
}

/// The person that can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the page must have a text for another helper")]
pub enum Helper {
    /// The maintainers of the application.
    Application,
    /// The operator of the site.
    Operator,
    /// The user, by another attempt.
    User,
}

/// The redirect URI of a request, and those of the client.
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new value to each caller"
)]
pub struct RedirectUris<'p> {
    /// The URI of the request.
    pub sent: PlainText<'p>,
    /// The registered URIs.
    pub registered: Vec<PlainText<'p>>,
}

impl Problem {
    /// All errors.
    pub const ALL: [Self; 11] = [
        Self::ClientNotAllowed,
        Self::ForeignForm,
        Self::Malformed,
        Self::NoClient,
        Self::NoRedirectUri,
        Self::RepeatedCookie,
        Self::TooLarge,
        Self::Unavailable,
        Self::UnknownApplication,
        Self::UnknownClient,
        Self::UnknownRedirectUri,
    ];

    /// Returns who can help.
    #[must_use]
    pub const fn helper(self) -> Helper {
        match self {
            Self::ClientNotAllowed | Self::Unavailable => Helper::Operator,
            Self::ForeignForm | Self::RepeatedCookie | Self::UnknownApplication => Helper::User,
            Self::Malformed
            | Self::NoClient
            | Self::NoRedirectUri
            | Self::TooLarge
            | Self::UnknownClient
            | Self::UnknownRedirectUri => Helper::Application,
        }
    }

    /// Returns the heading and the sentence.
    const fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::ClientNotAllowed => text::problem::CLIENT_NOT_ALLOWED,
            Self::ForeignForm => text::problem::FOREIGN_FORM,
            Self::Malformed => text::problem::MALFORMED,
            Self::NoClient => text::problem::NO_CLIENT,
            Self::NoRedirectUri => text::problem::NO_REDIRECT_URI,
            Self::RepeatedCookie => text::problem::REPEATED_COOKIE,
            Self::TooLarge => text::problem::TOO_LARGE,
            Self::Unavailable => text::problem::UNAVAILABLE,
            Self::UnknownApplication => text::problem::UNKNOWN_APPLICATION,
            Self::UnknownClient => text::problem::UNKNOWN_CLIENT,
            Self::UnknownRedirectUri => text::problem::UNKNOWN_REDIRECT_URI,
        }
    }
}

impl ErrorPage<'_> {
    /// Returns the page.
    #[must_use]
    pub fn render(&self) -> String {
        write(self, 4096)
    }

    const fn heading(&self) -> &'static str {
        self.problem.text().0
    }

    const fn sentence(&self) -> &'static str {
        self.problem.text().1
    }

    const fn help(&self) -> &'static str {
        match self.problem.helper() {
            Helper::Application => text::HELP_APPLICATION,
            Helper::Operator => text::HELP_OPERATOR,
            Helper::User => text::HELP_RETRY,
        }
    }
}
