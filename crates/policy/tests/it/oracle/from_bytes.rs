//! Any bytes, read as a policy and requests to it. Bytes that are missing are zeros, so a short
//! input is a small policy.

use std::collections::BTreeMap;

use super::oracle::Formula;
use super::oracle::words::{Scheme, Words, every_guard};
use super::tree::{Checking, Credential, Guarding, Operation, Own, Passes, Policy, Request};

const SCHEMES: [&str; 3] = ["oauth", "partner", "internal"];
const CHECKS: [&str; 3] = ["owner", "quota", "signature"];
const AGES: [Option<i64>; 7] = [None, Some(-1), Some(0), Some(60), Some(61), Some(300), Some(301)];

/// The bytes that are not read yet.
pub(crate) struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    pub(crate) const fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A number below this one.
    fn below(&mut self, end: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        usize::from(*first) % end
    }

    fn flag(&mut self) -> bool {
        self.below(2) == 1
    }

    fn list<T>(&mut self, at_most: usize, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(at_most + 1)).map(|_| item(self)).collect()
    }

    fn choice<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())].clone()
    }

    /// Some guards, each on later ones, and one or two operations behind them.
    pub(crate) fn policy(&mut self) -> Policy {
        let words = self.words();
        // Mostly few guards: the oracle walks every path.
        let count = match self.below(16) {
            15 => 1 + self.below(90),
            few => 1 + few % 12,
        };
        let guards = (0..count).map(|place| self.guarding(&words, count - place - 1, place));
        let guards = guards.collect();
        let operation = |bytes: &mut Self| Operation {
            guards: (0..=bytes.below(2)).map(|_| bytes.below(count)).collect(),
            is_optional: bytes.below(4) == 1,
        };
        let operations = (0..=self.below(2)).map(|_| operation(self)).collect();
        Policy {
            words,
            guards,
            operations,
        }
    }

    fn words(&mut self) -> Words {
        let names = &SCHEMES[..=self.below(3)];
        let schemes = names.iter().map(|name| {
            // Rarely many: past 64 and 128 atoms the engine keeps its sets in other ways.
            let count = match self.below(96) {
                95 => 1 + self.below(80),
                few => few % 6,
            };
            let edge = |bytes: &mut Self| (bytes.below(count.max(1)), bytes.below(count.max(1)));
            let edges = self.list(6, edge);
            Scheme {
                name: (*name).to_owned(),
                scopes: (0..count).map(|number| format!("s{number}")).collect(),
                // From lower to higher places there is no circle.
                edges: edges.into_iter().filter(|(from, to)| from < to).collect(),
                server: 0,
                has_subject: self.below(4) != 1,
            }
        });
        Words {
            schemes: schemes.collect(),
            guards: every_guard(),
        }
    }

    fn guarding(&mut self, words: &Words, later: usize, place: usize) -> Guarding {
        let facts = words.facts();
        let own = match self.below(8) {
            0 => Own::Nothing,
            1 => Own::Public,
            2 => Own::Formula(self.nested(&facts)),
            _ => Own::Formula(self.formula(&facts, 3)),
        };
        let on = self.list(3, |bytes| place + 1 + bytes.below(later.max(1)));
        Guarding {
            own,
            schemes: match self.below(8) {
                1 => self.list(2, |bytes| bytes.below(words.schemes.len())),
                _ => Vec::new(),
            },
            checks: self.list(1, Self::checking),
            on: if later == 0 { Vec::new() } else { on },
        }
    }

    /// A formula in lists of one, up to more levels than may be.
    fn nested(&mut self, facts: &[String]) -> Formula {
        let inner = Formula::Fact(self.choice(facts));
        (0..self.below(70)).fold(inner, |inner, _| Formula::All(vec![inner]))
    }

    fn formula(&mut self, facts: &[String], levels: usize) -> Formula {
        match (self.below(4), levels.checked_sub(1)) {
            (0, Some(levels)) => Formula::All(self.list(4, |bytes| bytes.formula(facts, levels))),
            (1, Some(levels)) => Formula::Any(self.list(5, |bytes| bytes.formula(facts, levels))),
            _ => Formula::Fact(self.choice(facts)),
        }
    }

    fn checking(&mut self) -> Checking {
        let scope = |bytes: &mut Self| format!("s{}", bytes.below(6));
        let passes = match self.below(7) {
            0 => return Checking::Active,
            1 => Passes::Never,
            2 => Passes::Sees(scope(self)),
            3 => Passes::SeesNot(scope(self)),
            4 => Passes::Granted(scope(self)),
            5 => Passes::Told(self.choice(&CHECKS).to_owned()),
            _ => Passes::Always,
        };
        let name = self.choice(&CHECKS).to_owned();
        Checking::Code { name, passes }
    }

    pub(crate) fn request(&mut self, words: &Words) -> Request {
        let credentials = self.list(3, |bytes| bytes.credential(words));
        let mut users = BTreeMap::new();
        for name in ["alice", "bob"] {
            match self.below(4) {
                0 => {}
                1 => drop(users.insert(name.to_owned(), false)),
                _ => drop(users.insert(name.to_owned(), true)),
            }
        }
        let told = self.list(3, |bytes| bytes.choice(&CHECKS).to_owned());
        Request {
            credentials,
            users,
            told,
        }
    }

    fn credential(&mut self, words: &Words) -> Credential {
        let scheme = self.below(words.schemes.len());
        let declared = words.schemes[scheme].scopes.len();
        let scopes = if self.flag() {
            words.schemes[scheme].scopes.clone()
        } else {
            self.list(6, |bytes| format!("s{}", bytes.below(declared + 2)))
        };
        Credential {
            scheme,
            scopes,
            subject: self
                .choice(&[Some("alice"), Some("alice"), Some("bob"), None])
                .map(str::to_owned),
            is_service: self.flag(),
            is_gold: self.flag(),
            is_for_api: self.flag(),
            age: self.choice(&AGES),
            binding: self.choice(&[None, Some("dpop"), Some("mtls")]),
        }
    }
}
