//! References: inside of a document, and to other files.

use std::borrow::Cow;
use std::cell::Cell;

use super::error::ImportError;
use super::field_names::REFERENCE;
use super::files::Files;
use super::limits::{ImportLimit, MAX_LOOK_UPS};
use super::node::{At, Kind, Node, Origin};
use super::objects;
use super::pointer::unescaped;
use super::shown::QuotedValue;

/// The maximum number of references that one pointer leads through.
const MAX_THROUGH: usize = 32;

/// Follows references.
#[derive(Debug)]
pub(super) struct References<'n> {
    root: &'n Node<'n>,
    files: &'n Files<'n>,
    look_ups: Cell<usize>,
}

/// The target of a pointer in a tree.
enum Target<'n> {
    Found(At<'n>),
    /// Into a part that was not kept.
    Hidden,
    Lost,
}

/// Detects a circle in a chain of references (Brent's algorithm).
#[derive(Debug)]
pub(super) struct Circle<'n> {
    earlier: &'n Node<'n>,
    steps: usize,
    until: usize,
}

impl<'n> Circle<'n> {
    pub(super) const fn new(at: &At<'n>) -> Self {
        Self {
            earlier: at.node,
            steps: 0,
            until: 1,
        }
    }

    pub(super) fn pass(&mut self, at: &At<'n>) -> Result<(), ImportError> {
        if std::ptr::eq(self.earlier, at.node) {
            let reference = match at.node.find(REFERENCE).map(|node| &node.kind) {
                Some(Kind::Text(reference)) => reference,
                _ => "",
            };
            return Err(circle(at, reference));
        }
        self.steps += 1;
        if self.steps == self.until {
            self.earlier = at.node;
            self.steps = 0;
            self.until = self.until.saturating_mul(2);
        }
        Ok(())
    }
}

impl<'n> References<'n> {
    pub(super) const fn new(root: &'n Node<'n>, files: &'n Files<'n>) -> Self {
        Self {
            root,
            files,
            look_ups: Cell::new(MAX_LOOK_UPS),
        }
    }

    /// Returns the value itself, or the value to which it refers over any number of references.
    pub(super) fn resolve(&self, at: At<'n>) -> Result<At<'n>, ImportError> {
        self.resolve_each(at, objects::check_siblings)
    }

    /// Resolves a value, and calls a function for the value itself and each value on the way.
    pub(super) fn resolve_each(
        &self,
        at: At<'n>,
        mut each: impl FnMut(&At<'n>) -> Result<(), ImportError>,
    ) -> Result<At<'n>, ImportError> {
        let mut here = at;
        let mut circle = Circle::new(&here);
        each(&here)?;
        while let Some(next) = self.next(&here)? {
            here = next;
            circle.pass(&here)?;
            each(&here)?;
        }
        Ok(here)
    }

    /// The value that a URI at this place leads to, over any number of references.
    pub(super) fn resolve_uri(&self, at: At<'n>, uri: &'n str) -> Result<At<'n>, ImportError> {
        self.resolve(self.follow(&at, uri, 0)?)
    }

    /// The value of a name, resolved.
    pub(super) fn part<'s>(&'s self, at: &'s At<'n>, name: &'s str) -> Result<Option<At<'s>>, ImportError>
    where
        'n: 's,
    {
        at.get(name).map(|found| self.resolve(found)).transpose()
    }

    /// Returns the value to which this one refers directly, if it refers to any.
    pub(super) fn next(&self, at: &At<'n>) -> Result<Option<At<'n>>, ImportError> {
        let Some(node) = at.node.find(REFERENCE) else {
            return Ok(None);
        };
        match &node.kind {
            Kind::Text(reference) => self.follow(at, reference, 0).map(Some),
            _ => Err(at.fault("`$ref` must be a text")),
        }
    }

    /// The value that a reference at this place leads to.
    fn follow(&self, at: &At<'n>, reference: &'n str, through: usize) -> Result<At<'n>, ImportError> {
        let (path, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        // A long reference that many values have is read each time.
        self.look_up(reference.len())?;
        let file = if path.is_empty() {
            at.origin.index
        } else if self.is_root(path) {
            0
        } else {
            self.files.open(at, reference, path)?
        };
        let lost = || {
            at.fault(format!(
                "reference `{}` leads to nothing that is there; correct it",
                QuotedValue(reference)
            ))
        };
        let origin = self.files.origin(file).ok_or_else(lost)?;
        let is_pointer = |text: &str| text.is_empty() || text.starts_with('/');
        if !unescaped(fragment).is_some_and(|fragment| is_pointer(&fragment)) {
            return Err(lost());
        }
        let lean: &'n Node<'n> = if file == 0 {
            self.root
        } else {
            self.files.lean(file).ok_or_else(lost)?
        };
        let ways: &[Slashes] = match (fragment.contains('%'), is_pointer(fragment)) {
            (false, _) => &[Slashes::Plain],
            (true, false) => &[Slashes::Escaped],
            (true, true) => &[Slashes::Escaped, Slashes::Plain],
        };
        for slashes in ways {
            let found = match self.walk(at, lean, origin, (fragment, *slashes), through)? {
                Target::Hidden => {
                    let whole: &'n Node<'n> = self.files.whole(file)?.ok_or_else(lost)?;
                    self.walk(at, whole, origin, (fragment, *slashes), through)?
                }
                found => found,
            };
            if let Target::Found(found) = found {
                return Ok(found);
            }
        }
        Err(lost())
    }

    /// Whether a URL is that of the document itself (`$self` of OpenAPI 3.2).
    fn is_root(&self, url: &str) -> bool {
        let own = self.root.find("$self").map(|node| &node.kind);
        matches!(own, Some(Kind::Text(own)) if own == url && own.contains("://"))
    }

    /// A pointer leads through a reference if the object itself has no member of its name.
    fn walk(
        &self,
        at: &At<'n>,
        start: &'n Node<'n>,
        origin: &'n Origin,
        (pointer, slashes): (&'n str, Slashes),
        through: usize,
    ) -> Result<Target<'n>, ImportError> {
        let mut here = At::start(start, origin, "");
        for part in parts(pointer, slashes) {
            let look_ups = match &here.node.kind {
                Kind::Map(members) => members.len() + 1,
                _ => 1,
            };
            self.look_up(look_ups)?;
            let mut next = member(here.node, part);
            if next.is_none()
                && let Some(Kind::Text(reference)) = here.node.find(REFERENCE).map(|node| &node.kind)
            {
                if through >= MAX_THROUGH {
                    return Err(circle(at, reference));
                }
                here = self.follow(&here, reference, through + 1)?;
                next = member(here.node, part);
            }
            match next {
                Some(next) => here = At::start(next, here.origin, pointer),
                None if matches!(here.node.kind, Kind::Skipped) => return Ok(Target::Hidden),
                None => return Ok(Target::Lost),
            }
        }
        Ok(match here.node.kind {
            Kind::Skipped => Target::Hidden,
            _ => Target::Found(here),
        })
    }

    fn look_up(&self, count: usize) -> Result<(), ImportError> {
        let left = self.look_ups.get().checked_sub(count);
        self.look_ups
            .set(left.ok_or(ImportError::TooLarge(ImportLimit::LookUps))?);
        Ok(())
    }
}

fn circle(at: &At<'_>, reference: &str) -> ImportError {
    at.fault(format!(
        "reference `{}` leads in a circle; remove one of the references in it",
        QuotedValue(reference)
    ))
}

fn member<'n>(node: &'n Node<'n>, part: &str) -> Option<&'n Node<'n>> {
    match &node.kind {
        Kind::List(items) => index(&unescaped(part)?).and_then(|index| items.get(index)),
        _ => node.find(&name(part)?),
    }
}

/// The number of an item: digits without a leading zero (RFC 6901, section 4).
fn index(part: &str) -> Option<usize> {
    let is_index = part == "0" || part.starts_with(|first| matches!(first, '1'..='9'));
    let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
    (is_index && is_number).then(|| part.parse().ok()).flatten()
}

/// Returns the parts of a pointer in a fragment. A slash may be escaped there (RFC 6901, section
/// 6).
fn parts(pointer: &str, slashes: Slashes) -> impl Iterator<Item = &str> {
    let mut rest = Some(pointer);
    std::iter::from_fn(move || {
        let here = rest?;
        let mut ends = here.match_indices('/').map(|(place, _)| (place, 1));
        let end = match slashes {
            Slashes::Plain => ends.next(),
            Slashes::Escaped => {
                let escaped = here.match_indices('%').filter(|(place, _)| {
                    here.get(*place..place + 3)
                        .is_some_and(|escape| escape.eq_ignore_ascii_case("%2f"))
                });
                ends.next()
                    .into_iter()
                    .chain(escaped.map(|(place, _)| (place, 3)).next())
                    .min()
            }
        };
        let part;
        (part, rest) = match end {
            Some((place, length)) => (here.get(..place)?, here.get(place + length..)),
            None => (here, None),
        };
        Some(part)
    })
    .skip(1)
}

/// The slashes that divide a pointer.
#[derive(Clone, Copy)]
enum Slashes {
    /// Escaped slashes, too.
    Escaped,
    /// Splits at slashes that are not escaped. Many documents escape a slash that belongs to a
    /// name.
    Plain,
}

/// Decodes the name in a part of a pointer in a fragment (RFC 6901, sections 4 and 6).
fn name(part: &str) -> Option<Cow<'_, str>> {
    let plain = unescaped(part)?;
    if !plain.contains('~') {
        return Some(plain);
    }
    Some(Cow::Owned(plain.replace("~1", "/").replace("~0", "~")))
}
