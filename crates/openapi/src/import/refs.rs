//! References: inside of a document, and to other files.

use std::borrow::Cow;
use std::cell::Cell;

use super::error::{ImportError, Shown};
use super::files::Files;
use super::limits::{ImportLimit, MAX_LOOK_UPS};
use super::node::{At, Kind, Node, Origin};

/// The name that makes an object a reference.
const REFERENCE: &str = "$ref";
/// Most references that one pointer leads through.
const MAX_THROUGH: usize = 32;

/// Follows references.
#[derive(Debug)]
pub(super) struct References<'n> {
    root: &'n Node<'n>,
    files: &'n Files<'n>,
    look_ups: Cell<usize>,
}

/// Where a pointer leads in a tree.
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

    /// The value itself, or what it refers to over any number of references.
    pub(super) fn resolve(&self, at: At<'n>) -> Result<At<'n>, ImportError> {
        let mut here = at;
        let mut circle = Circle::new(&here);
        while let Some(next) = self.next(&here)? {
            here = next;
            circle.pass(&here)?;
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

    /// The value that this one refers to, one reference further, if it refers to any.
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
        } else {
            self.files.open(at, reference, path)?
        };
        let lost = || {
            at.fault(format!(
                "reference `{}` leads to nothing that is there; correct it",
                Shown(reference)
            ))
        };
        let origin = self.files.origin(file).ok_or_else(lost)?;
        if !(fragment.is_empty() || fragment.starts_with('/')) {
            return Err(lost());
        }
        let lean: &'n Node<'n> = if file == 0 {
            self.root
        } else {
            self.files.lean(file).ok_or_else(lost)?
        };
        match self.walk(at, lean, origin, fragment, through)? {
            Target::Found(found) => Ok(found),
            Target::Lost => Err(lost()),
            Target::Hidden => {
                let whole: &'n Node<'n> = self.files.whole(file)?.ok_or_else(lost)?;
                match self.walk(at, whole, origin, fragment, through)? {
                    Target::Found(found) => Ok(found),
                    Target::Hidden | Target::Lost => Err(lost()),
                }
            }
        }
    }

    /// A pointer leads through a reference if the object itself has no member of its name.
    fn walk(
        &self,
        at: &At<'n>,
        start: &'n Node<'n>,
        origin: &'n Origin,
        pointer: &'n str,
        through: usize,
    ) -> Result<Target<'n>, ImportError> {
        let mut here = At::start(start, origin, "");
        for part in pointer.split('/').skip(1) {
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
        Shown(reference)
    ))
}

fn member<'n>(node: &'n Node<'n>, part: &str) -> Option<&'n Node<'n>> {
    match &node.kind {
        Kind::List(items) => part.parse::<usize>().ok().and_then(|index| items.get(index)),
        _ => node.find(&name(part)?),
    }
}

/// The name that a part of a pointer in a fragment stands for: first `%2F`, then `~1` (RFC 6901, sections 4 and 6).
fn name(part: &str) -> Option<Cow<'_, str>> {
    let plain = unescaped(part)?;
    if !plain.contains('~') {
        return Some(plain);
    }
    Some(Cow::Owned(plain.replace("~1", "/").replace("~0", "~")))
}

/// The text without its percent escapes (RFC 3986, section 2.1); `None` if they are not UTF-8.
pub(super) fn unescaped(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        match (first, behind) {
            (b'%', [high, low, behind @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    rest = behind;
                    continue;
                }
                _ => bytes.push(b'%'),
            },
            _ => bytes.push(*first),
        }
        rest = behind;
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}
