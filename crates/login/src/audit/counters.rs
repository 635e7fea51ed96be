//! The counters of events, and the entries that wait.

use std::collections::HashMap;

use scopegate_domain::{
    AddressPrefix, AuditDetail, AuditEntry, AuditEvent, AuditId, AuditOutcome, ClientId, UserId, Username,
};

/// The maximum number of counters, of waiting entries and of remembered names. One takes about 200
/// bytes.
const MAX: usize = 10_000;

/// The maximum number of counters of one event of one user and client. Further
/// addresses and details share one more counter without both.
const MAX_OF_ONE: u8 = 16;

/// Events that are equal.
#[derive(Clone, PartialEq, Eq, Hash)]
struct CounterKey {
    subject: Subject,
    address: Option<AddressPrefix>,
    detail: Option<AuditDetail>,
}

/// The event of a user and client.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Subject {
    event: AuditEvent,
    outcome: AuditOutcome,
    user: Option<UserId>,
    client: Option<ClientId>,
}

/// The state of the log that is not written yet.
#[derive(Default)]
pub(super) struct Waiting {
    counters: HashMap<CounterKey, u32>,
    of_one: HashMap<Subject, u8>,
    entries: Vec<AuditEntry>,
    /// Users whose logins failed.
    names: HashMap<Username, UserId>,
}

impl Waiting {
    /// Counts an event, whose id is not read. Returns `false` if there are too many counters.
    pub(super) fn count(&mut self, entry: &AuditEntry) -> bool {
        let subject = Subject {
            event: entry.event(),
            outcome: entry.outcome(),
            user: entry.user().cloned(),
            client: entry.client().cloned(),
        };
        let mut key = CounterKey {
            address: entry.address(),
            detail: entry.detail().cloned(),
            subject,
        };
        let known = self.of_one.get(&key.subject).copied().unwrap_or_default();
        if known >= MAX_OF_ONE && !self.counters.contains_key(&key) {
            (key.address, key.detail) = (None, None);
        }
        if let Some(count) = self.counters.get_mut(&key) {
            *count = count.saturating_add(entry.count());
            return true;
        }
        if self.counters.len() >= MAX {
            return false;
        }
        self.of_one.insert(key.subject.clone(), known.saturating_add(1));
        self.counters.insert(key, entry.count());
        true
    }

    /// Adds an entry. Returns `false` if too many wait.
    pub(super) fn add(&mut self, entry: AuditEntry) -> bool {
        let has_capacity = self.entries.len() < MAX;
        if has_capacity {
            self.entries.push(entry);
        }
        has_capacity
    }

    /// Removes all entries and counters. A counter becomes an entry with `first` or a following id,
    /// whose time is now: a reader that follows the log would miss an earlier one. Without an id
    /// the counters wait.
    pub(super) fn take(&mut self, first: Option<AuditId>) -> Vec<AuditEntry> {
        let mut entries = std::mem::take(&mut self.entries);
        if let Some(first) = first {
            let counters = self.counters.drain().zip(first.following());
            entries.extend(counters.map(|((key, count), id)| key.entry(count, id)));
            self.of_one.clear();
        }
        entries
    }

    /// Remembers the user of a name.
    pub(super) fn remember(&mut self, name: &Username, user: &UserId) {
        if self.names.len() >= MAX {
            self.names.clear();
        }
        self.names.insert(name.clone(), user.clone());
    }

    /// Returns the user of a remembered name.
    pub(super) fn user_of(&self, name: &Username) -> Option<UserId> {
        self.names.get(name).cloned()
    }
}

impl CounterKey {
    /// Returns the entry of a counter.
    fn entry(self, count: u32, id: AuditId) -> AuditEntry {
        let Subject {
            event,
            outcome,
            user,
            client,
        } = self.subject;
        let entry = AuditEntry::new(id, event)
            .with_outcome(outcome)
            .from_address(self.address)
            .with_count(count);
        let entry = user.into_iter().fold(entry, AuditEntry::of_user);
        let entry = client.into_iter().fold(entry, AuditEntry::of_client);
        self.detail.into_iter().fold(entry, AuditEntry::with_detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(client: usize) -> AuditEntry {
        let id = ClientId::parse(&format!("c{client}")).unwrap();
        AuditEntry::new(AuditId::MIN, AuditEvent::TokenIssued).of_client(id)
    }

    #[test]
    fn counters_beyond_the_limit_are_refused() {
        let mut waiting = Waiting::default();
        // Twice: what was taken makes place.
        for _ in 0..2 {
            assert!((0..MAX).all(|client| waiting.count(&of(client))));
            assert!(!waiting.count(&of(MAX)));
            assert!(waiting.count(&of(MAX - 1)), "a known one counts on");
            // Without an id they wait, and the limit applies.
            assert_eq!(waiting.take(None), []);
            assert!(!waiting.count(&of(MAX)));
            let entries = waiting.take(Some(AuditId::MIN));
            assert_eq!(entries.len(), MAX);
            let counts = entries.iter().map(|entry| usize::try_from(entry.count()).unwrap());
            assert_eq!(counts.sum::<usize>(), MAX + 1);
        }
    }

    #[test]
    fn entries_beyond_the_limit_are_refused() {
        let mut waiting = Waiting::default();
        for _ in 0..2 {
            assert!((0..MAX).all(|client| waiting.add(of(client))));
            assert!(!waiting.add(of(0)));
            assert_eq!(waiting.take(None).len(), MAX);
        }
    }

    #[test]
    fn names_beyond_the_limit_are_forgotten() {
        let mut waiting = Waiting::default();
        let user = UserId::parse("u1").unwrap();
        let name = |number: usize| Username::parse(&format!("name{number}")).unwrap();
        for number in 0..=MAX {
            waiting.remember(&name(number), &user);
            assert!(waiting.names.len() <= MAX);
            assert_eq!(waiting.user_of(&name(number)), Some(user.clone()));
        }
        assert_eq!(waiting.user_of(&name(0)), None);
    }
}
