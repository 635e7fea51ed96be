use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds)
}

fn token(text: &str) -> Arc<TokenText> {
    Arc::new(TokenText::new(text))
}

#[expect(clippy::unnecessary_wraps, reason = "a cached answer is optional")]
fn valid(subject: &str) -> Answer {
    Answer::Some(IntrospectedToken {
        claims: Arc::new(TokenClaims::new().with_subject(subject)),
        scopes: Vec::new(),
    })
}

#[test]
fn answer_is_fresh_until_exp_and_ttl() {
    let cache = IntrospectionCache::new((60, 5), 1_000_000);
    let tokens = ["a", "b", "c"].map(token);
    cache.keep(&tokens[0], &valid("a"), at(1_010), at(1_000));
    cache.keep(&tokens[1], &valid("b"), Timestamp::MAX, at(1_000));
    cache.keep(&tokens[2], &None, Timestamp::MAX, at(1_000));
    let found = |now| tokens.each_ref().map(|token| cache.find(token, at(now)).is_some());
    assert_eq!(found(1_000), [true, true, true]);
    assert_eq!(found(1_004), [true, true, true]);
    assert_eq!(found(1_005), [true, true, false]);
    assert_eq!(found(1_010), [false, true, false]);
    assert_eq!(found(1_060), [false, false, false]);
    assert_eq!(found(999), [false, false, false], "the clock was set back");
}

#[test]
fn invalid_tokens_do_not_evict_valid_ones() {
    let cache = IntrospectionCache::new((60, 60), 10_000);
    let known = token("known");
    cache.keep(&known, &valid("joe"), Timestamp::MAX, at(0));
    for number in 0..10_000 {
        cache.keep(&token(&format!("guess {number}")), &None, Timestamp::MAX, at(0));
    }
    assert_eq!(cache.find(&known, at(1)), Some(valid("joe")));
    assert!(cache.invalid.answers.weight() <= 10_000 && cache.invalid.answers.len() > 10);
}

#[test]
fn later_answer_replaces_that_of_the_other_kind() {
    let cache = IntrospectionCache::new((60, 60), 10_000);
    let token = token("t");
    cache.keep(&token, &valid("joe"), Timestamp::MAX, at(100));
    // The clock is set back, the token is revoked, and the clock is set again.
    cache.keep(&token, &None, Timestamp::MAX, at(50));
    assert_eq!(cache.find(&token, at(101)), Some(None));
}

#[test]
fn answer_larger_than_the_cache_is_not_kept() {
    let cache = IntrospectionCache::new((60, 60), 10_000);
    let token = token(&"x".repeat(10_000));
    cache.keep(&token, &valid("joe"), Timestamp::MAX, at(0));
    assert_eq!(cache.find(&token, at(0)), None);
}

/// An attacker with two valid tokens renews one of them for a year.
#[test]
fn year_of_renewals_is_bounded_in_memory() {
    let cache = IntrospectionCache::new((60, 5), 100_000);
    for number in 0..200 {
        cache.keep(&token(&format!("token {number}")), &valid("joe"), Timestamp::MAX, at(0));
    }
    let (renewed, refused) = (token("token 1"), token("refused"));
    for minute in 1..365 * 24 * 60 {
        let now = at(minute * 60);
        cache.keep(&renewed, &valid("joe"), Timestamp::MAX, now);
        cache.keep(&refused, &None, Timestamp::MAX, now);
        for partition in [&cache.valid, &cache.invalid] {
            assert!(partition.answers.len() == 1, "the others have expired");
            assert!(partition.answers.memory_used().total() < 200_000);
        }
    }
}

#[test]
fn expired_answers_are_removed_also_after_the_clock_was_set_back() {
    let partition = CachePartition::new(10, 100_000);
    partition.keep(&token("a"), &valid("a"), Timestamp::MAX, at(1_000_000));
    for now in [0, 11, 22] {
        partition.keep(&token(&now.to_string()), &valid("b"), Timestamp::MAX, at(now));
        assert_eq!(partition.answers.len(), 1, "{now}");
    }
}

proptest! {
    /// Compared with a list that is searched from its end.
    #[test]
    fn found_answer_is_the_last_one_and_fits(
        steps in proptest::collection::vec((0_u8..12, 0_i64..8, 0_u32..30), 1..200),
    ) {
        let partition = CachePartition::new(10, 2_000);
        let (mut now, mut history) = (0, Vec::new());
        for (name, step, life) in steps {
            now += step;
            let newest = token(&format!("token {name}"));
            let answer = valid(&now.to_string());
            let until = at(now) + Lifetime::from_seconds(life);
            partition.keep(&newest, &answer, until, at(now));
            history.push((name, answer, until.min(at(now + 10))));
            prop_assert!(partition.answers.weight() <= 2_000);
            for name in 0..12 {
                let found = partition.find(&token(&format!("token {name}")), at(now));
                let last = history.iter().rev().find(|(other, ..)| *other == name);
                let last = last.filter(|(.., until)| at(now) < *until).map(|(_, answer, _)| answer.clone());
                prop_assert!(found.is_none() || found == last);
            }
            prop_assert_eq!(partition.find(&newest, at(now)).is_some(), life > 0);
        }
    }
}
