//! Phrases that the prose of this project avoids, and where a text contains them.

use std::collections::HashMap;

use super::tokens::Token;

/// The rules of `words.txt`, without what `allowed.txt` permits.
pub(crate) struct Rules {
    dialect: Phrases,
    allowed: Phrases,
}

/// Patterns, by their first word.
struct Phrases(HashMap<String, Vec<Phrase>>);

#[derive(Clone)]
struct Phrase {
    start: Start,
    rest: Vec<Element>,
    advice: String,
}

/// The text before the first word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    Anywhere,
    Sentence,
    Comma,
}

#[derive(Clone)]
enum Element {
    OneOf(Vec<String>),
    AnyOrNone,
}

/// A phrase that the text contains.
pub(crate) struct Found {
    pub(crate) line: usize,
    pub(crate) phrase: String,
    pub(crate) advice: String,
}

impl Rules {
    /// Reads the two lists. Each line of them has a pattern and, after `=>`, an advice or a reason.
    pub(crate) fn of(dialect: &str, allowed: &str) -> Self {
        Self {
            dialect: Phrases::of(dialect),
            allowed: Phrases::of(allowed),
        }
    }

    /// The phrases of a text that are not allowed.
    pub(crate) fn find(&self, tokens: &[Token]) -> Vec<Found> {
        let allowed: Vec<(usize, usize)> = self.allowed.find(tokens).map(|(start, end, _)| (start, end)).collect();
        let is_allowed = |start, end| allowed.iter().any(|&(from, to)| from <= start && end <= to);
        let found = self
            .dialect
            .find(tokens)
            .filter(|&(start, end, _)| !is_allowed(start, end));
        found
            .map(|(start, end, phrase)| Found {
                line: tokens[start].line,
                phrase: tokens[start..end]
                    .iter()
                    .map(|token| token.word.as_str())
                    .collect::<Vec<_>>()
                    .join(" "),
                advice: phrase.advice.clone(),
            })
            .collect()
    }
}

impl Phrases {
    fn of(text: &str) -> Self {
        let mut phrases: HashMap<String, Vec<Phrase>> = HashMap::new();
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            let (patterns, advice) = line
                .split_once(" => ")
                .unwrap_or_else(|| panic!("`{line}` has no `=>`"));
            for pattern in patterns.split(" | ") {
                let (first, phrase) = Phrase::of(pattern, advice);
                for word in first {
                    phrases.entry(word).or_default().push(phrase.clone());
                }
            }
        }
        Self(phrases)
    }

    /// The places of the phrases, as the positions of the first word and after the last.
    fn find<'p>(&'p self, tokens: &'p [Token]) -> impl Iterator<Item = (usize, usize, &'p Phrase)> {
        tokens.iter().enumerate().flat_map(move |(start, token)| {
            let phrases = self.0.get(&token.word).into_iter().flatten();
            phrases.filter_map(move |phrase| Some((start, phrase.end(tokens, start)?, phrase)))
        })
    }
}

impl Phrase {
    /// A phrase, and the words with which it can begin.
    fn of(pattern: &str, advice: &str) -> (Vec<String>, Self) {
        let (start, pattern) = match pattern.split_at(1) {
            ("^", rest) => (Start::Sentence, rest),
            (",", rest) => (Start::Comma, rest),
            _ => (Start::Anywhere, pattern),
        };
        let mut elements = Vec::new();
        let mut rest = pattern.trim();
        while !rest.is_empty() {
            let (element, after) = match rest.strip_prefix('(') {
                Some(choice) => choice.split_once(')').expect("a closing parenthesis"),
                None => rest.split_once(' ').unwrap_or((rest, "")),
            };
            let words = element.split(' ').map(str::to_owned).collect();
            elements.push(if element == "_" {
                Element::AnyOrNone
            } else {
                Element::OneOf(words)
            });
            rest = after.trim_start();
        }
        let Element::OneOf(first) = elements.remove(0) else {
            panic!("`{pattern}` begins with `_`");
        };
        let phrase = Self {
            start,
            rest: elements,
            advice: advice.to_owned(),
        };
        (first, phrase)
    }

    /// The position after the last word of this phrase, if it begins at a token.
    fn end(&self, tokens: &[Token], start: usize) -> Option<usize> {
        let begins = match self.start {
            Start::Anywhere => true,
            Start::Sentence => tokens[start].begins_statement,
            Start::Comma => tokens[start].before == Some(','),
        };
        begins.then_some(())?;
        let mut end = start + 1;
        let follows = |place: usize| tokens.get(place).filter(|token| token.before.is_none());
        for (index, element) in self.rest.iter().enumerate() {
            match element {
                Element::OneOf(words) => {
                    words.contains(&follows(end)?.word).then_some(())?;
                    end += 1;
                }
                Element::AnyOrNone => {
                    let is_next = match self.rest.get(index + 1) {
                        Some(Element::OneOf(words)) => follows(end).is_some_and(|token| words.contains(&token.word)),
                        _ => true,
                    };
                    end += usize::from(!is_next && follows(end).is_some());
                }
            }
        }
        Some(end)
    }
}
