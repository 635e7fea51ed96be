//! The requirement of an operation as an expression: `items and (me or admin)`.
//!
//! ```text
//! any  = all *("or" all)
//! all  = term *("and" term)
//! term = "(" any ")" / guard / scope ["of" scheme]
//! ```
//!
//! A word is any text between spaces and parentheses. Between backticks every character is literal,
//! and two backticks are one. A word that begins with a backtick is a scope, even if it looks like
//! something else.

use std::iter::Peekable;
use std::str::CharIndices;

use scopegate_domain::{SchemeName, ScopeToken};
use scopegate_policy::{Fact, MAX_DEPTH, Rule};

use super::shown::QuotedValue;
use crate::guard_words::{self, ChecksNeed};

/// The error of an expression, with the byte at which it is.
#[derive(Debug)]
pub(super) struct ExpressionError {
    pub(super) byte: usize,
    pub(super) message: String,
}

/// Reads an expression.
pub(super) fn parse(text: &str, checks: &ChecksNeed) -> Result<Rule, ExpressionError> {
    let mut reader = Reader {
        characters: text.char_indices().peekable(),
        end: text.len(),
        checks,
        next: None,
    };
    reader.advance()?;
    let rule = reader.any(0)?;
    match reader.next.take() {
        None => Ok(rule),
        Some((byte, _)) => Err(fault(byte, "`and`, `or` or the end is expected here")),
    }
}

fn fault(byte: usize, message: impl Into<String>) -> ExpressionError {
    ExpressionError {
        byte,
        message: message.into(),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Close,
    Open,
    /// A word, and whether it begins with a backtick.
    Word(String, bool),
}

impl Token {
    fn is_word(&self, word: &str) -> bool {
        matches!(self, Self::Word(text, false) if text == word)
    }
}

struct Reader<'t> {
    characters: Peekable<CharIndices<'t>>,
    end: usize,
    checks: &'t ChecksNeed,
    next: Option<(usize, Token)>,
}

impl Reader<'_> {
    fn any(&mut self, depth: usize) -> Result<Rule, ExpressionError> {
        if depth >= MAX_DEPTH / 2 {
            return Err(fault(self.here(), "parentheses are nested too deep"));
        }
        let mut rules = vec![self.all(depth)?];
        while self.eat("or")? {
            rules.push(self.all(depth)?);
        }
        Ok(one_or(rules, Rule::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Rule, ExpressionError> {
        let mut rules = vec![self.term(depth)?];
        while self.eat("and")? {
            rules.push(self.term(depth)?);
        }
        Ok(one_or(rules, Rule::All))
    }

    fn term(&mut self, depth: usize) -> Result<Rule, ExpressionError> {
        let here = self.here();
        match self.next.take() {
            Some((_, Token::Open)) => {
                self.advance()?;
                let rule = self.any(depth + 1)?;
                let here = self.here();
                match self.next.take() {
                    Some((_, Token::Close)) => self.advance()?,
                    _ => return Err(fault(here, "`)` is expected here")),
                }
                Ok(rule)
            }
            Some((_, Token::Word(word, is_quoted))) => {
                self.advance()?;
                self.word(here, &word, is_quoted)
            }
            _ => Err(fault(here, "a scope or a guard is expected here")),
        }
    }

    fn word(&mut self, here: usize, word: &str, is_quoted: bool) -> Result<Rule, ExpressionError> {
        if !is_quoted {
            if matches!(word, "and" | "of" | "or") {
                return Err(fault(
                    here,
                    format!("a scope or a guard is expected here, not `{word}`"),
                ));
            }
            if word == "deny" {
                return Ok(Rule::Deny);
            }
            if word == "public" {
                return Err(fault(here, "write `public = true` for `public`"));
            }
            if let Some(fact) = guard_words::fact(word, self.checks) {
                return Ok(Rule::Fact(fact));
            }
            if let Some(name) = word.strip_prefix("scheme:") {
                return scheme(name, here).map(|name| Rule::Fact(Fact::Scheme(name)));
            }
            if guard_words::is_reserved(word) {
                return Err(fault(here, format!("`{}` is not a guard", QuotedValue(word))));
            }
        }
        let token = ScopeToken::parse(word)
            .map_err(|wrong| fault(here, format!("`{}` is not a scope: {wrong}", QuotedValue(word))))?;
        if !self.eat("of")? {
            return Ok(Rule::Scope(token));
        }
        let here = self.here();
        match self.next.take() {
            Some((_, Token::Word(name, _))) => {
                self.advance()?;
                let scheme = scheme(&name, here)?;
                Ok(Rule::Fact(Fact::Scope { scheme, token }))
            }
            _ => Err(fault(here, "the name of a scheme is expected here")),
        }
    }

    fn here(&self) -> usize {
        self.next.as_ref().map_or(self.end, |(byte, _)| *byte)
    }

    fn eat(&mut self, word: &str) -> Result<bool, ExpressionError> {
        let is_next = self.next.as_ref().is_some_and(|(_, token)| token.is_word(word));
        if is_next {
            self.advance()?;
        }
        Ok(is_next)
    }

    fn advance(&mut self) -> Result<(), ExpressionError> {
        while self
            .characters
            .next_if(|(_, character)| character.is_whitespace())
            .is_some()
        {}
        self.next = match self.characters.peek().copied() {
            None => None,
            Some((byte, '(')) => Some(self.single(byte, Token::Open)),
            Some((byte, ')')) => Some(self.single(byte, Token::Close)),
            Some((byte, first)) => Some((byte, Token::Word(self.spelled(byte)?, first == '`'))),
        };
        Ok(())
    }

    fn single(&mut self, byte: usize, token: Token) -> (usize, Token) {
        self.characters.next();
        (byte, token)
    }

    /// Reads a word, including text between backticks.
    fn spelled(&mut self, start: usize) -> Result<String, ExpressionError> {
        let mut word = String::new();
        let is_inside = |(_, character): &(usize, char)| !character.is_whitespace() && !matches!(character, '(' | ')');
        while let Some((_, character)) = self.characters.next_if(is_inside) {
            if character != '`' {
                word.push(character);
                continue;
            }
            loop {
                match self.characters.next() {
                    None => return Err(fault(start, "a backtick is not closed")),
                    Some((_, '`')) if self.characters.next_if(|(_, next)| *next == '`').is_none() => break,
                    Some((_, character)) => word.push(character),
                }
            }
        }
        Ok(word)
    }
}

fn scheme(name: &str, here: usize) -> Result<SchemeName, ExpressionError> {
    SchemeName::parse(name)
        .map_err(|wrong| fault(here, format!("`{}` cannot name a scheme: {wrong}", QuotedValue(name))))
}

fn one_or(mut rules: Vec<Rule>, several: fn(Vec<Rule>) -> Rule) -> Rule {
    match rules.pop() {
        Some(only) if rules.is_empty() => only,
        Some(last) => {
            rules.push(last);
            several(rules)
        }
        None => Rule::Deny,
    }
}
