//! Answers about tokens that are remembered for a short time.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use scopegate_domain::{Lifetime, Secret, Timestamp};

use super::IntrospectedToken;

/// A cached answer; `None` is a token that is not valid.
type Answer = Option<IntrospectedToken>;

/// The size of one entry without its texts, in bytes; an upper estimate.
const ENTRY: usize = 256;

/// Places of replaced answers that are kept in any case.
const SPARE: usize = 16;

/// A token as a key of a table: compared whole, wiped when it is forgotten.
pub(super) struct TokenText(Secret<String>);

impl TokenText {
    pub(super) fn new(token: &str) -> Self {
        Self(Secret::new(token.to_owned()))
    }

    pub(super) fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl PartialEq for TokenText {
    fn eq(&self, other: &Self) -> bool {
        self.0.same_as(&other.0)
    }
}

impl Eq for TokenText {}

impl Hash for TokenText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expose().hash(state);
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenText(..)")
    }
}

/// The cached answers: good and bad ones, each in a partition.
#[derive(Debug)]
pub(super) struct Answers {
    good: Room,
    bad: Room,
}

impl Answers {
    /// Creates a cache with maximum ages in seconds (good, bad), and a size in bytes for each.
    pub(super) fn new((good, bad): (u32, u32), bytes: usize) -> Self {
        Self {
            good: Room::new(good, bytes),
            bad: Room::new(bad, bytes),
        }
    }

    /// Returns the answer about a token, if it still holds.
    pub(super) fn find(&self, token: &TokenText, now: Timestamp) -> Option<Answer> {
        self.good.find(token, now).or_else(|| self.bad.find(token, now))
    }

    /// Remembers an answer, no longer than until then.
    pub(super) fn keep(&mut self, token: &Arc<TokenText>, answer: &Answer, until: Timestamp, now: Timestamp) {
        let room = if answer.is_some() {
            &mut self.good
        } else {
            &mut self.bad
        };
        room.keep(token, answer, until, now);
    }
}

/// A bounded partition; a new answer evicts the oldest one.
#[derive(Debug)]
struct Room {
    age: Lifetime,
    most: usize,
    bytes: usize,
    answers: HashMap<Arc<TokenText>, Kept>,
    /// The answers from the oldest on, and some that were replaced: see [`Room::tidy`].
    order: VecDeque<(Arc<TokenText>, u64)>,
    next: u64,
}

#[derive(Debug)]
struct Kept {
    answer: Answer,
    /// From when and until when it holds: a clock that was set back makes nothing young.
    since: Timestamp,
    until: Timestamp,
    number: u64,
    bytes: usize,
}

impl Room {
    fn new(seconds: u32, most: usize) -> Self {
        Self {
            age: Lifetime::from_seconds(seconds),
            most,
            bytes: 0,
            answers: HashMap::new(),
            order: VecDeque::new(),
            next: 0,
        }
    }

    fn find(&self, token: &TokenText, now: Timestamp) -> Option<Answer> {
        let kept = self.answers.get(token)?;
        (kept.since <= now && now < kept.until).then(|| kept.answer.clone())
    }

    fn keep(&mut self, token: &Arc<TokenText>, answer: &Answer, until: Timestamp, now: Timestamp) {
        self.forget(token, None);
        self.forget_expired(now);
        let until = until.min(now + self.age);
        let bytes = size(token, answer);
        if until <= now || bytes > self.most {
            self.tidy();
            return;
        }
        while self.bytes + bytes > self.most
            && let Some((oldest, number)) = self.order.pop_front()
        {
            self.forget(&oldest, Some(number));
        }
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.bytes += bytes;
        self.order.push_back((Arc::clone(token), number));
        let kept = Kept {
            answer: answer.clone(),
            since: now,
            until,
            number,
            bytes,
        };
        self.answers.insert(Arc::clone(token), kept);
        self.tidy();
    }

    /// Drops the oldest answers as far as they are older than any that counts.
    fn forget_expired(&mut self, now: Timestamp) {
        while let Some((token, number)) = self.order.front() {
            let kept = self.answers.get(token).filter(|kept| kept.number == *number);
            if kept.is_some_and(|kept| now < kept.since + self.age && kept.since <= now) {
                break;
            }
            if let Some((token, number)) = self.order.pop_front() {
                self.forget(&token, Some(number));
            }
        }
    }

    /// Drops the order entries of replaced answers once they are the majority.
    ///
    /// A walk over the order follows at least half as many changes as the order is long. So a
    /// change has a constant cost on average, and the order stays within twice the number of
    /// answers.
    fn tidy(&mut self) {
        if self.order.len() > 2 * self.answers.len() + SPARE {
            let answers = &self.answers;
            let is_kept = |token: &Arc<TokenText>, number| answers.get(token).is_some_and(|kept| kept.number == number);
            self.order.retain(|(token, number)| is_kept(token, *number));
        }
    }

    /// Removes an answer; with a number, only if it still has that number.
    fn forget(&mut self, token: &TokenText, number: Option<u64>) {
        let is_meant = |kept: &Kept| number.is_none_or(|number| number == kept.number);
        if !self.answers.get(token).is_some_and(is_meant) {
            return;
        }
        if let Some(kept) = self.answers.remove(token) {
            self.bytes -= kept.bytes;
        }
    }
}

fn size(token: &TokenText, answer: &Answer) -> usize {
    let said = answer.as_ref().map_or(0, |valid| {
        let scopes = valid
            .scopes
            .iter()
            .map(|scope| scope.as_str().len() + 32)
            .sum::<usize>();
        scopes + valid.subject.as_ref().map_or(0, |subject| subject.len())
    });
    ENTRY + token.expose().len() + said
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(seconds)
    }

    #[expect(clippy::unnecessary_wraps, reason = "a cached answer is optional")]
    fn good(subject: &str) -> Answer {
        Answer::Some(IntrospectedToken {
            subject: Some(Arc::from(subject)),
            scopes: Vec::new(),
        })
    }

    #[test]
    fn an_answer_holds_until_its_token_expires_and_no_longer_than_its_age() {
        let mut answers = Answers::new((60, 5), 1_000_000);
        let tokens: Vec<_> = ["a", "b", "c"].map(|text| Arc::new(TokenText::new(text))).into();
        answers.keep(&tokens[0], &good("a"), at(1_010), at(1_000));
        answers.keep(&tokens[1], &good("b"), Timestamp::MAX, at(1_000));
        answers.keep(&tokens[2], &None, Timestamp::MAX, at(1_000));
        let found = |now| {
            tokens
                .iter()
                .map(|token| answers.find(token, at(now)).is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(found(1_000), [true, true, true]);
        assert_eq!(found(1_004), [true, true, true]);
        assert_eq!(found(1_005), [true, true, false]);
        assert_eq!(found(1_010), [false, true, false]);
        assert_eq!(found(1_060), [false, false, false]);
        assert_eq!(found(999), [false, false, false], "the clock was set back");
    }

    #[test]
    fn bad_answers_do_not_drive_out_good_ones() {
        let mut answers = Answers::new((60, 60), 10_000);
        let known = Arc::new(TokenText::new("known"));
        answers.keep(&known, &good("joe"), Timestamp::MAX, at(0));
        for number in 0..10_000 {
            let token = Arc::new(TokenText::new(&format!("guess {number}")));
            answers.keep(&token, &None, Timestamp::MAX, at(0));
        }
        assert_eq!(answers.find(&known, at(1)), Some(good("joe")));
        assert!(answers.bad.bytes <= 10_000 && answers.bad.answers.len() > 10);
    }

    /// An attacker with two valid tokens renews one of them for a year.
    #[test]
    fn a_year_of_renewals_is_bounded_in_memory_and_time() {
        let mut answers = Answers::new((60, 5), 100_000);
        for number in 0..200 {
            let token = Arc::new(TokenText::new(&format!("token {number}")));
            answers.keep(&token, &good("joe"), Timestamp::MAX, at(0));
        }
        let (renewed, refused) = (TokenText::new("token 1"), TokenText::new("refused"));
        let (renewed, refused) = (Arc::new(renewed), Arc::new(refused));
        for minute in 0..365 * 24 * 60 {
            let now = at(minute * 60);
            answers.keep(&renewed, &good("joe"), Timestamp::MAX, now);
            answers.keep(&refused, &None, Timestamp::MAX, now);
            for room in [&answers.good, &answers.bad] {
                assert!(room.order.len() <= 2 * room.answers.len() + SPARE);
                assert!(room.bytes <= 100_000 && room.order.capacity() < 2_000);
            }
        }
        assert_eq!(
            (answers.good.answers.len(), answers.bad.answers.len()),
            (1, 1),
            "the others have expired"
        );
    }

    proptest! {
        /// Compared with a list that is searched from its end.
        #[test]
        fn what_is_found_is_what_was_kept_last_and_there_is_never_more_than_room(
            steps in proptest::collection::vec((0_u8..12, 0_i64..8, 0_u32..30), 1..200),
        ) {
            let mut room = Room::new(10, 2_000);
            let (mut now, mut history) = (0, Vec::new());
            for (name, step, life) in steps {
                now += step;
                let token = Arc::new(TokenText::new(&format!("token {name}")));
                let answer = good(&now.to_string());
                let until = at(now) + Lifetime::from_seconds(life);
                room.keep(&token, &answer, until, at(now));
                history.push((name, answer, until.min(at(now + 10))));
                prop_assert!(room.bytes <= 2_000);
                prop_assert!(room.answers.len() <= room.order.len());
                prop_assert!(room.order.len() <= 2 * room.answers.len() + SPARE);
                prop_assert_eq!(room.answers.values().map(|kept| kept.bytes).sum::<usize>(), room.bytes);
                for name in 0..12 {
                    let found = room.find(&TokenText::new(&format!("token {name}")), at(now));
                    let last = history.iter().rev().find(|(other, ..)| *other == name);
                    let last = last.filter(|(.., until)| at(now) < *until).map(|(_, answer, _)| answer.clone());
                    prop_assert!(found.is_none() || found == last);
                }
                prop_assert_eq!(room.find(&token, at(now)).is_some(), life > 0);
            }
        }
    }
}
