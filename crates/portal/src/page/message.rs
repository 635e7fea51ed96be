//! The page with one message, and at most one button.

use askama::Template;

use crate::page::site::write;
use crate::page::{PlainText, Site};
use crate::text;

/// A page with one sentence and at most one button.
#[derive(Clone, Debug, Template)]
#[template(path = "message.html", whitespace = "minimize")]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new value to each caller"
)]
pub struct MessagePage<'p> {
    /// The site.
    pub site: Site<'p>,
    /// The message.
    pub message: Message,
    /// The button.
    pub action: Option<MessageAction<'p>>,
}

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the page must have a text for a new message")]
pub enum Message {
    /// The application receives its answer after a click, because its URI is not `https`.
    Continue,
    /// The browser sent no cookie.
    CookiesRequired,
    /// The form was open for too long.
    FormExpired,
    /// The form does not match the page that was shown.
    FormRefused,
    /// The session was ended.
    LoggedOut,
    /// The session was ended, but the browser may not return to the given URI.
    LoggedOutWithoutReturn,
    /// The browser opened the address of a form, and sent none.
    NoForm,
    /// There was no session.
    NotLoggedIn,
    /// The request began in another browser, session or stage.
    OtherBrowser,
}

/// The button of a message.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "the page must write a new button")]
pub enum MessageAction<'p> {
    /// "Your account": a link to the path of the site.
    Account(&'p str),
    /// "Continue": a link to a URI that was compared with the registered ones.
    Continue {
        /// The whole URI of the answer.
        uri: &'p str,
        /// The name of the application.
        name: PlainText<'p>,
    },
    /// "Log in": a link to the path of the site.
    LogIn(&'p str),
    /// "Start again": a link to the path of the site.
    StartAgain(&'p str),
}

impl Message {
    /// All messages.
    pub const ALL: [Self; 9] = [
        Self::Continue,
        Self::CookiesRequired,
        Self::FormExpired,
        Self::FormRefused,
        Self::LoggedOut,
        Self::LoggedOutWithoutReturn,
        Self::NoForm,
        Self::NotLoggedIn,
        Self::OtherBrowser,
    ];

    /// Returns the heading and the sentence.
    const fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::Continue => text::message::CONTINUE,
            Self::CookiesRequired => text::message::COOKIES_REQUIRED,
            Self::FormExpired => text::message::FORM_EXPIRED,
            Self::FormRefused => text::message::FORM_REFUSED,
            Self::LoggedOut => text::message::LOGGED_OUT,
            Self::LoggedOutWithoutReturn => text::message::LOGGED_OUT_WITHOUT_RETURN,
            Self::NoForm => text::message::NO_FORM,
            Self::NotLoggedIn => text::message::NOT_LOGGED_IN,
            Self::OtherBrowser => text::message::OTHER_BROWSER,
        }
    }
}

impl MessagePage<'_> {
    /// Returns the page.
    #[must_use]
    pub fn render(&self) -> String {
        write(self, 4096)
    }

    /// Returns the mark above the heading, with its class.
    const fn mark(&self) -> Option<(&'static str, char)> {
        match self.message {
            Message::LoggedOut => Some(("good", '\u{2713}')),
            Message::CookiesRequired
            | Message::FormExpired
            | Message::FormRefused
            | Message::LoggedOutWithoutReturn
            | Message::NoForm
            | Message::OtherBrowser => Some(("warn", '!')),
            Message::Continue | Message::NotLoggedIn => None,
        }
    }

    const fn heading(&self) -> &'static str {
        self.message.text().0
    }

    const fn sentence(&self) -> &'static str {
        self.message.text().1
    }
}
