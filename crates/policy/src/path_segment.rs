//! Segments of path templates.

use std::cmp::Reverse;

/// A segment of a template.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Segment {
    /// `users`
    Static(String),
    /// `f(on={value})`: a parameter with text around it.
    Mixed(Vec<String>),
    /// `{id}`
    Parameter,
    /// `{*rest}`: this and all following segments.
    Rest,
}

impl Segment {
    pub(crate) fn parse(text: &str) -> Self {
        let mut texts = vec![String::new()];
        let mut rest = text;
        while let Some((before, (_, after))) = rest
            .split_once('{')
            .and_then(|(before, inside)| Some((before, inside.split_once('}')?)))
        {
            push(&mut texts, before);
            texts.push(String::new());
            rest = after;
        }
        push(&mut texts, rest);
        match &mut texts[..] {
            [only] => Self::Static(std::mem::take(only)),
            [before, after] if before.is_empty() && after.is_empty() => {
                if text.starts_with("{*") {
                    Self::Rest
                } else {
                    Self::Parameter
                }
            }
            _ => Self::Mixed(texts),
        }
    }

    /// Orders segments with parameters and text: the one with more text is tried first.
    pub(crate) fn order(&self) -> impl Ord + use<> {
        match self {
            Self::Mixed(texts) => (Reverse(texts.iter().map(String::len).sum::<usize>()), texts.clone()),
            _ => (Reverse(0), Vec::new()),
        }
    }

    /// Whether a segment of a path matches; each parameter takes at least one character.
    pub(crate) fn matches(&self, segment: &str) -> bool {
        match self {
            Self::Static(text) => text == segment,
            Self::Parameter | Self::Rest => !segment.is_empty(),
            Self::Mixed(texts) => matches_mixed(texts, segment).is_some(),
        }
    }
}

fn push(texts: &mut [String], text: &str) {
    if let Some(last) = texts.last_mut() {
        last.push_str(text);
    }
}

/// Matches each text at its first position after the previous one. That leaves the longest rest, so
/// no match is missed.
fn matches_mixed(texts: &[String], segment: &str) -> Option<()> {
    let [first, middle @ .., last] = texts else {
        return None;
    };
    let mut left = segment.strip_prefix(first.as_str())?.strip_suffix(last.as_str())?;
    for text in middle {
        let skipped = left.chars().next()?;
        let (_, after) = left.split_at_checked(skipped.len_utf8())?;
        let (_, after) = after.split_once(text.as_str())?;
        left = after;
    }
    (!left.is_empty()).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_distinguished_and_matched() {
        for (template, segment, is_match) in [
            ("users", "users", true),
            ("users", "user", false),
            ("{id}", "42", true),
            ("{id}", "", false),
            ("f(on={value})", "f(on=2024)", true),
            ("f(on={value})", "f(on=)", false),
            ("f(a={x},b={y})", "f(a=1,b=2)", true),
            ("f(a={x},b={y})", "f(a=,b=,b=2)", true),
            ("f(a={x},b={y})", "f(a=,b=2)", false),
            ("{a}-{b}", "--x", true),
            ("{a}-{b}", "-x", false),
            ("{a}aa{b}", "aaa", false),
            ("x{a}x", "x", false),
            ("x{a}x", "xyx", true),
            ("{open", "{open", true),
            ("{a}{b}", "é1", true),
            ("{a}{b}", "é", false),
        ] {
            assert_eq!(
                Segment::parse(template).matches(segment),
                is_match,
                "{template} {segment}"
            );
        }
        assert_eq!(Segment::parse("{*rest}"), Segment::Rest);
        assert_eq!(Segment::parse("{rest}"), Segment::Parameter);
    }
}
