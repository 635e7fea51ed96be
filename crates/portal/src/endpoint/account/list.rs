//! The lists of the account page, in pages.

use scopegate_domain::{Client, ClientId, LoginSession, SessionId};
use scopegate_gate::urlencoded;
use scopegate_grant::{AccountSession, Params, UserAccounts};
use scopegate_store::ConsentSummary;

use crate::page::{AccountNotice, ApplicationEntry, PlainText};

/// The number of entries on a page of a list.
pub(super) const PAGE_LEN: u16 = 25;

/// The number of sessions that are read. A user has at most 50.
pub(super) const MAX_SESSIONS: u16 = 1_000;

/// The results of forms, by the word that names them in a query.
const DONE: [(&str, AccountNotice); 4] = [
    ("others", AccountNotice::OthersEnded),
    ("password", AccountNotice::PasswordChanged),
    ("session", AccountNotice::SessionEnded),
    ("withdrawn", AccountNotice::Withdrawn),
];

/// The parts of the lists that a request shows, and the result of the form that led to it.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) sessions_after: Option<SessionId>,
    pub(super) applications_after: Option<ClientId>,
    done: Option<String>,
}

impl Listed {
    /// Reads the query. A value that is none of this page counts as absent.
    pub(super) fn of(params: &Params) -> Self {
        let client = params.text("applications_after");
        Self {
            sessions_after: params.text("sessions_after").and_then(session_of),
            applications_after: client.and_then(|id| ClientId::parse(id).ok()),
            done: params.text("done").map(str::to_owned),
        }
    }

    /// Returns the result of a form of this session.
    // SECURITY: a link of another site states no result, because it cannot contain the token.
    // Tested by `foreign_link_states_no_result` in tests/it/people/account.rs.
    pub(super) fn notice(&self, accounts: &UserAccounts, account: &AccountSession) -> Option<AccountNotice> {
        let (word, token) = self.done.as_ref()?.split_once('.')?;
        let (_, notice) = DONE.iter().find(|(other, _)| *other == word)?;
        accounts
            .accepts_form(account, &result_form(word), token)
            .then_some(*notice)
    }
}

/// Returns the query that states the result of a form.
pub(super) fn done(accounts: &UserAccounts, account: &AccountSession, result: AccountNotice) -> String {
    let word = DONE.iter().find(|(_, notice)| *notice == result);
    let word = word.map_or("", |(word, _)| *word);
    format!("?done={word}.{}", accounts.form_token(account, &result_form(word)))
}

fn result_form(word: &str) -> String {
    format!("done-{word}")
}

/// The sessions of a page, each with its key.
pub(super) struct Sessions {
    pub(super) entries: Vec<(String, LoginSession)>,
    pub(super) has_others: bool,
    pub(super) is_continued: bool,
    pub(super) next: Option<String>,
}

impl Sessions {
    /// Selects a page: the current session first, then the others, the latest login first.
    pub(super) fn select(all: Vec<LoginSession>, current: &SessionId, after: Option<&SessionId>) -> Self {
        let has_others = all.iter().any(|session| session.id() != current);
        let (mut ordered, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|session| session.id() == current);
        ordered.extend(others);
        let begin = after.and_then(|after| ordered.iter().position(|session| session.id() == after));
        let begin = begin.map_or(0, |position| position + 1);
        let left = ordered.len().saturating_sub(begin);
        let shown = ordered.into_iter().skip(begin).take(PAGE_LEN.into());
        let entries: Vec<_> = shown.map(|session| (key_of(session.id()), session)).collect();
        let last = entries.last().map(|(key, _)| key.clone());
        Self {
            has_others,
            is_continued: begin > 0,
            next: last.filter(|_| left > usize::from(PAGE_LEN)),
            entries,
        }
    }
}

/// An application with its texts.
pub(super) struct ApplicationTexts<'a> {
    client: &'a Client,
    summary: &'a ConsentSummary,
    scope: String,
    pub(super) query: String,
}

/// Writes the texts of applications.
pub(super) fn applications_of(found: &[(Client, ConsentSummary)]) -> Vec<ApplicationTexts<'_>> {
    let texts = |(client, summary): &'_ (Client, ConsentSummary)| -> (String, String) {
        (
            summary.consent.scope.to_string(),
            urlencoded::encode(client.id().as_str()),
        )
    };
    found
        .iter()
        .map(|one| {
            let (scope, query) = texts(one);
            ApplicationTexts {
                client: &one.0,
                summary: &one.1,
                scope,
                query,
            }
        })
        .collect()
}

impl ApplicationTexts<'_> {
    pub(super) fn entry(&self) -> ApplicationEntry<'_> {
        let summary = self.summary;
        ApplicationEntry {
            client_id: self.client.id(),
            query: &self.query,
            name: PlainText::from(self.client.name()),
            scope: PlainText::from(self.scope.as_str()),
            granted_at: summary.consent.granted_at,
            used_at: summary.last_used,
            live_families: usize::try_from(summary.live_families).unwrap_or(usize::MAX),
            last_end: summary.last_end,
        }
    }
}

/// Returns the text that names a session in a form: its id in hexadecimal. The id is a digest of
/// the cookie, and opens nothing.
fn key_of(id: &SessionId) -> String {
    let bytes = id.to_bytes();
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// Reads a text of [`key_of`].
pub(super) fn session_of(key: &str) -> Option<SessionId> {
    let digits = key.as_bytes();
    if digits.len() != 2 * SessionId::LEN {
        return None;
    }
    let mut bytes = [0; SessionId::LEN];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let mut value = 0;
        for digit in pair {
            value = value * 16 + char::from(*digit).to_digit(16)?;
        }
        *byte = u8::try_from(value).ok()?;
    }
    Some(SessionId::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn key_of_a_session_is_read_back(bytes in prop::collection::vec(any::<u8>(), SessionId::LEN)) {
            let id = SessionId::from_bytes(bytes.try_into().unwrap());
            prop_assert_eq!(session_of(&key_of(&id)), Some(id));
        }

        #[test]
        fn other_keys_name_no_session(key in "\\PC{0,70}") {
            prop_assume!(key.len() != 2 * SessionId::LEN || !key.bytes().all(|byte| byte.is_ascii_hexdigit()));
            prop_assert_eq!(session_of(&key), None);
        }
    }
}
