//! The consent page.

use std::fmt;

use askama::Template;
use scopegate_domain::ScopeToken;

use crate::page::site::write;
use crate::page::{OperationLines, PlainText, Requester, Site};
use crate::text;

/// The consent page: `POST /consent` receives `flow`, a field `scope` for each scope token that is
/// kept, and `decision`: `allow`, `deny` or `switch`.
///
/// Scopes that cannot be unticked are hidden fields, so a form without one is refused.
#[derive(Clone, Debug, Template)]
#[template(path = "consent.html", whitespace = "minimize")]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new value to each caller"
)]
pub struct ConsentPage<'p> {
    /// The site.
    pub site: Site<'p>,
    /// The application that asks.
    pub requester: Requester<'p>,
    /// The sealed request, for the field `flow`.
    pub flow: &'p str,
    /// The name of the user who is logged in.
    pub username: PlainText<'p>,
    /// The resources of the request, each with at least one scope.
    pub resources: Vec<ConsentResource<'p>>,
    /// The request for `offline_access`.
    pub offline: Option<OfflineAccess>,
    /// When the access ends.
    pub access_end: AccessEnd,
}

/// An API of a request, or of a consent.
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new value to each caller"
)]
pub struct ConsentResource<'p> {
    /// The name of the API for people.
    pub title: PlainText<'p>,
    /// The audience of its tokens.
    pub audience: PlainText<'p>,
    /// The scopes, in the order of the request. Those that a listed scope implies are not repeated.
    pub scopes: Vec<ConsentScope<'p>>,
    /// The operations that need a token and no scope.
    pub any_token: OperationLines<'p>,
    /// The operations that no scope opens alone.
    pub together: OperationLines<'p>,
}

/// A scope of a request, or of a consent.
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new value to each caller"
)]
pub struct ConsentScope<'p> {
    /// The scope token.
    pub token: &'p ScopeToken,
    /// The description of the catalog. The page shows the token if it is empty.
    pub description: PlainText<'p>,
    /// The operations that the scope opens alone.
    pub operations: OperationLines<'p>,
    /// The scopes that it implies.
    pub implies: Vec<ImpliedScope<'p>>,
    /// Whether the user granted the scope before.
    pub is_granted: bool,
    /// The field of the form.
    pub field: ScopeField,
}

/// The field of the form for a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the page must write a new field")]
pub enum ScopeField {
    /// There is none: the page lists the scope for another API, too.
    None,
    /// A box, which the user may untick. It is not ticked if the user refused the scope before.
    Optional {
        /// Whether it is ticked.
        is_ticked: bool,
    },
    /// A hidden field.
    Required,
}

/// A scope that another one implies.
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new value to each caller"
)]
pub struct ImpliedScope<'p> {
    /// The scope token.
    pub token: &'p ScopeToken,
    /// The description of the catalog. The page shows the token if it is empty.
    pub description: PlainText<'p>,
    /// Whether the scope was requested, too: the form then has a field for it.
    pub is_requested: bool,
}

/// The request for `offline_access`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new value to each caller"
)]
pub struct OfflineAccess {
    /// Whether the user granted it before.
    pub is_granted: bool,
    /// The field of the form.
    pub field: ScopeField,
}

/// When the access of the application ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the page must have a text for a new end")]
pub enum AccessEnd {
    /// With its access token, after this number of seconds: the application gets no refresh token.
    AccessToken(u32),
    /// When the user withdraws it, or after a time without use.
    Withdrawal,
    /// With the session.
    Session,
}

impl ConsentPage<'_> {
    /// Returns the page.
    #[must_use]
    pub fn render(&self) -> String {
        write(self, 32 * 1024)
    }

    fn question(&self) -> &'static str {
        match (self.has_new(), self.has_granted()) {
            (false, _) => text::CONSENT_AS_BEFORE,
            (true, true) => text::CONSENT_WIDENING,
            (true, false) => text::CONSENT_QUESTION,
        }
    }

    fn has_new(&self) -> bool {
        let is_offline_new = self.offline.is_some_and(|offline| !offline.is_granted);
        is_offline_new || self.resources.iter().any(ConsentResource::has_new)
    }

    fn has_granted(&self) -> bool {
        let is_offline_granted = self.offline.is_some_and(|offline| offline.is_granted);
        is_offline_granted || self.resources.iter().any(|resource| resource.granted_count() > 0)
    }

    /// Returns why the page is shown although nothing is new.
    fn reason(&self) -> Option<&'static str> {
        let reason = if self.requester.target.is_loopback() {
            text::ASKED_LOOPBACK
        } else if self.requester.target.is_private_use() {
            text::ASKED_APP
        } else {
            return None;
        };
        (!self.has_new()).then_some(reason)
    }

    /// Returns what kind of target is not a web site.
    fn target_kind(&self) -> Option<&'static str> {
        let target = &self.requester.target;
        if target.is_private_use() {
            Some(text::TARGET_APP)
        } else {
            target.is_loopback().then_some(text::TARGET_LOOPBACK)
        }
    }

    fn access_end(&self) -> String {
        match self.access_end {
            AccessEnd::AccessToken(seconds) => text::end_after(seconds),
            AccessEnd::Withdrawal => text::END_WITHDRAWAL.to_owned(),
            AccessEnd::Session => text::END_SESSION.to_owned(),
        }
    }
}

impl<'p> ConsentResource<'p> {
    fn has_new(&self) -> bool {
        self.new_scopes().next().is_some()
    }

    fn new_scopes(&self) -> impl Iterator<Item = &ConsentScope<'p>> {
        self.scopes.iter().filter(|scope| !scope.is_granted)
    }

    fn granted_scopes(&self) -> impl Iterator<Item = &ConsentScope<'p>> {
        self.scopes.iter().filter(|scope| scope.is_granted)
    }

    fn granted_count(&self) -> usize {
        self.granted_scopes().count()
    }
}

impl ConsentScope<'_> {
    pub(crate) fn label(&self) -> &dyn fmt::Display {
        label(&self.description, self.token)
    }
}

impl ImpliedScope<'_> {
    fn label(&self) -> &dyn fmt::Display {
        label(&self.description, self.token)
    }
}

/// Returns the description, or the token if there is none.
fn label<'l>(description: &'l PlainText<'_>, token: &'l ScopeToken) -> &'l dyn fmt::Display {
    if description.is_empty() { token } else { description }
}
