//! Revoked tokens: every confirmed revocation is stored. Of the killed writes, few are.

use scopegate_domain::{Revocation, Revoked, Timestamp};
use scopegate_store::{NewsItem, NewsPage, NewsReader, Store};
use serde_json::Value;

use crate::kill::model::Subject;
use crate::kill::writes::Act;

/// A revocation of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// All tokens that were issued until then. A command that revokes in addition to its other work
    /// does not print the time.
    Issued(Option<Timestamp>),
    /// The token whose id is the subject's name.
    Token,
}

/// The revocation of a command that printed this.
pub(crate) fn revoked_by(act: &Act, printed: &str) -> Option<Taken> {
    let Act::Command(words, _) = act else { return None };
    match (words[0].as_str(), words[1].as_str()) {
        ("token", "revoke") => Some(Taken::Token),
        (_, "revoke") => {
            let printed: Value = serde_json::from_str(printed).unwrap();
            let until = printed["issued_until"].as_i64().unwrap();
            Some(Taken::Issued(Some(Timestamp::from_unix(until))))
        }
        (_, "disable" | "remove" | "set-password" | "set-scope" | "set-secret") => {
            let printed: Value = serde_json::from_str(printed).unwrap();
            let is_revoked = printed["tokens"]["revoked"].as_bool().unwrap();
            is_revoked.then_some(Taken::Issued(None))
        }
        _ => None,
    }
}

/// Returns the stored revocations.
///
/// # Panics
///
/// If a place of the log is missing.
pub(crate) async fn all(store: &dyn Store) -> Vec<Revocation> {
    let mut all = Vec::new();
    let mut add = |page| {
        let NewsPage::Entries(entries) = page else { return };
        all.extend(entries.into_iter().filter_map(|entry| match entry.item {
            NewsItem::Revoked(revocation) => Some(revocation),
            _ => None,
        }));
    };
    let gaps = NewsReader::new().read(store.news(), &mut add).await.unwrap();
    assert_eq!(gaps, []);
    all
}

/// Compares the stored revocations with the confirmed ones of each subject, by commands and by
/// requests. From now on it holds
/// what was found.
///
/// # Panics
///
/// If a confirmed revocation is lost, or if there is one that no command requested.
pub(crate) async fn settle(store: &dyn Store, subjects: impl Iterator<Item = &mut Subject>) {
    let mut kept = all(store).await;
    let keys = store.signing_keys().list().await.unwrap();
    for subject in subjects {
        subject.tokens.retain_mut(|token| {
            let is_it = |revocation: &mut Revocation| name_of(revocation.whose()) == token.id;
            let is_found = kept.extract_if(.., is_it).count() > 0;
            let has_key = keys.iter().any(|key| key.id.as_str() == token.key);
            assert!(
                is_found || !token.is_answered || !has_key,
                "lost: {token:?} of {}",
                subject.name
            );
            token.is_answered = is_found;
            is_found
        });
        let found = kept.extract_if(.., |revocation| name_of(revocation.whose()) == subject.name);
        subject.settle_revoked(found.map(|revocation| taken(&revocation)).collect());
    }
    assert!(kept.is_empty(), "nobody's: {kept:?}");
}

fn name_of(whose: &Revoked) -> &str {
    match whose {
        Revoked::Client(id) => id.as_str(),
        Revoked::Family(id) => panic!("no command ends the family {id}"),
        Revoked::Token(id) => id.as_str(),
        Revoked::Consent { username, .. } | Revoked::User { username, .. } => username.as_str(),
    }
}

fn taken(revocation: &Revocation) -> Taken {
    match revocation.whose() {
        Revoked::Family(_) | Revoked::Token(_) => {
            assert_eq!(revocation.issued_until(), Timestamp::MAX, "{revocation:?}");
            Taken::Token
        }
        Revoked::Client(_) | Revoked::Consent { .. } | Revoked::User { .. } => {
            Taken::Issued(Some(revocation.issued_until()))
        }
    }
}

impl Subject {
    fn settle_revoked(&mut self, found: Vec<Taken>) {
        let mut left = found.clone();
        // Revocations with an unknown time come last: any that is left may be theirs.
        let is_unknown = |taken: &Taken| *taken == Taken::Issued(None);
        let (unknown, known): (Vec<Taken>, Vec<Taken>) = self.revoked_by.drain(..).partition(is_unknown);
        for answered in known.iter().chain(&unknown) {
            let is_it = |taken: &Taken| taken == answered || (is_unknown(answered) && *taken != Taken::Token);
            let at = left.iter().position(is_it);
            let at = at.unwrap_or_else(|| panic!("lost: {answered:?} of {}, found: {found:?}", self.name));
            left.swap_remove(at);
        }
        // A command that disables a subject revokes once more if it had to wait into the next
        // second.
        let ended_before = if self.under_way.is_some() { 2 } else { 0 };
        let most = unknown.len() + ended_before;
        assert!(left.len() <= most, "{}: nobody took back {left:?}", self.name);
        self.revoked_by = found;
    }
}
