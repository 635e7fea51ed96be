//! The account page: sessions, applications and the password of a user.

use askama::Template;
use scopegate_domain::{ClientId, EndReason, Timestamp};

use crate::page::site::write;
use crate::page::time::UtcTime;
use crate::page::{PlainText, Site};
use crate::text;

/// The account page. Sessions and applications are pages of lists: each has the key after which the
/// next one begins.
#[derive(Clone, Debug, Template)]
#[template(path = "account.html", whitespace = "minimize")]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new value to each caller"
)]
pub struct AccountPage<'p> {
    /// The site.
    pub site: Site<'p>,
    /// The name of the user who is logged in.
    pub username: PlainText<'p>,
    /// The tokens of the forms.
    pub forms: AccountForms<'p>,
    /// The result of the form that led here.
    pub notice: Option<AccountNotice>,
    /// The sessions of this page of the list, the current one first.
    pub sessions: Vec<SessionEntry<'p>>,
    /// Whether the user has more sessions than the current one.
    pub has_others: bool,
    /// The part of the list of sessions.
    pub session_part: ListPart<'p>,
    /// The applications of this page of the list.
    pub applications: Vec<ApplicationEntry<'p>>,
    /// The part of the list of applications.
    pub application_part: ListPart<'p>,
}

/// Which part of a list a page shows.
#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new value to each caller"
)]
pub struct ListPart<'p> {
    /// Whether entries precede those of the page.
    pub is_continued: bool,
    /// The key after which the next page begins, encoded for a query; `None` on the last page.
    pub next: Option<&'p str>,
}

/// The tokens of the forms of the account page, for the field `token`.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new form to each caller"
)]
pub struct AccountForms<'p> {
    /// `POST /account/sessions/end`, with `session`.
    pub end_session: &'p str,
    /// `POST /account/sessions/end-others`.
    pub end_others: &'p str,
    /// `POST /account/applications/withdraw`, with `client_id`.
    pub withdraw: &'p str,
    /// `POST /account/password`, with `old_password`, `new_password` and `repeat_password`.
    pub change_password: &'p str,
}

/// The result of a form of the account page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the page must have a text for a new result")]
pub enum AccountNotice {
    /// Too many users log in now; the next attempt is possible in this number of seconds.
    Busy(u32),
    /// The token of the form had expired, and nothing changed.
    FormExpired,
    /// The new password breaks a rule of passwords.
    NewPasswordInvalid,
    /// The new password has fewer characters than this number.
    NewPasswordTooShort(usize),
    /// The old password is wrong.
    OldPasswordWrong,
    /// All other sessions have ended.
    OthersEnded,
    /// The password was changed.
    PasswordChanged,
    /// The two new passwords differ.
    PasswordsDiffer,
    /// A session has ended.
    SessionEnded,
    /// Too many wrong passwords; the next attempt is possible in this number of seconds.
    Throttled(u32),
    /// The consent for an application was withdrawn.
    Withdrawn,
}

/// A session in the list.
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new value to each caller"
)]
pub struct SessionEntry<'p> {
    /// The value that names the session in a form. It is not the value of its cookie.
    pub key: &'p str,
    /// The start of the header `user-agent`.
    pub user_agent: PlainText<'p>,
    /// The time of the login.
    pub began_at: Timestamp,
    /// The time of the last use.
    pub seen_at: Timestamp,
    /// Whether the session is that of the request.
    pub is_current: bool,
}

/// An application in the list.
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new value to each caller"
)]
pub struct ApplicationEntry<'p> {
    /// The id of the client.
    pub client_id: &'p ClientId,
    /// The id, percent-encoded for a query.
    pub query: &'p str,
    /// The name of the application.
    pub name: PlainText<'p>,
    /// The granted scope, as its text.
    pub scope: PlainText<'p>,
    /// The time of the first consent.
    pub granted_at: Timestamp,
    /// The time of the last refresh or login; `None` if there was none.
    pub used_at: Option<Timestamp>,
    /// The number of live token families.
    pub live_families: usize,
    /// The reason why the last family ended; `None` if none has.
    pub last_end: Option<EndReason>,
}

impl AccountPage<'_> {
    /// Returns the page.
    #[must_use]
    pub fn render(&self) -> String {
        write(self, 16 * 1024)
    }

    fn notice(&self) -> Option<String> {
        let fixed = match self.notice? {
            AccountNotice::Busy(seconds) => return Some(text::busy(seconds)),
            AccountNotice::FormExpired => text::FORM_EXPIRED,
            AccountNotice::NewPasswordInvalid => text::NEW_PASSWORD_INVALID,
            AccountNotice::NewPasswordTooShort(least) => return Some(text::new_password_too_short(least)),
            AccountNotice::OldPasswordWrong => text::OLD_PASSWORD_WRONG,
            AccountNotice::OthersEnded => text::DONE_OTHERS,
            AccountNotice::PasswordChanged => text::DONE_PASSWORD,
            AccountNotice::PasswordsDiffer => text::PASSWORDS_DIFFER,
            AccountNotice::SessionEnded => text::DONE_SESSION,
            AccountNotice::Throttled(seconds) => return Some(text::throttled(seconds)),
            AccountNotice::Withdrawn => text::DONE_WITHDRAWN,
        };
        Some(fixed.to_owned())
    }

    /// Whether the notice belongs to the form of the password, far below a long list.
    const fn is_about_password(&self) -> bool {
        self.is_error() && !matches!(self.notice, Some(AccountNotice::FormExpired))
    }

    const fn is_error(&self) -> bool {
        matches!(
            self.notice,
            Some(
                AccountNotice::Busy(_)
                    | AccountNotice::FormExpired
                    | AccountNotice::NewPasswordInvalid
                    | AccountNotice::NewPasswordTooShort(_)
                    | AccountNotice::OldPasswordWrong
                    | AccountNotice::PasswordsDiffer
                    | AccountNotice::Throttled(_)
            )
        )
    }
}

/// Words of a user agent, each with the device that it names. The first match counts.
const DEVICES: [(&str, &str); 7] = [
    ("Windows", "Windows"),
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Android", "Android"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

impl SessionEntry<'_> {
    fn device(&self) -> String {
        let device = DEVICES.iter().find(|(word, _)| self.user_agent.contains(word));
        device.map_or_else(
            || text::UNKNOWN_BROWSER.to_owned(),
            |(_, device)| text::browser_on(device),
        )
    }

    fn began(&self) -> UtcTime {
        UtcTime::of(self.began_at)
    }

    fn seen(&self) -> UtcTime {
        UtcTime::of(self.seen_at)
    }
}

impl ApplicationEntry<'_> {
    pub(crate) fn granted(&self) -> UtcTime {
        UtcTime::of(self.granted_at)
    }

    pub(crate) fn used(&self) -> Option<UtcTime> {
        self.used_at.map(UtcTime::of)
    }

    /// Whether the last family ended because a token may have been stolen.
    pub(crate) const fn is_alarming(&self) -> bool {
        matches!(self.last_end, Some(EndReason::CodeReplayed | EndReason::Reused))
    }

    pub(crate) fn last_end(&self) -> Option<&'static str> {
        self.last_end.map(text::end_reason)
    }
}
