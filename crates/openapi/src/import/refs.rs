//! References inside of a document.

use std::borrow::Cow;
use std::cell::Cell;

use super::error::ImportError;
use super::limits::{ImportLimit, MAX_LOOK_UPS, MAX_REFERENCES};
use super::node::{At, Node};

/// Follows references.
#[derive(Debug)]
pub(super) struct References<'n> {
    root: &'n Node<'n>,
    look_ups: Cell<usize>,
}

/// Where a reference leads.
pub(super) enum Target<'n> {
    Found(At<'n>),
    /// Out of the document, or nowhere in it.
    Lost(&'n str),
}

impl<'n> References<'n> {
    pub(super) const fn new(root: &'n Node<'n>) -> Self {
        Self {
            root,
            look_ups: Cell::new(MAX_LOOK_UPS),
        }
    }

    /// The value itself, or what it refers to.
    pub(super) fn resolve(&self, at: At<'n>) -> Result<Target<'n>, ImportError> {
        let mut here = at;
        for _ in 0..MAX_REFERENCES {
            let Some(reference) = here.text_of("$ref")? else {
                return Ok(Target::Found(here));
            };
            match self.find(reference)? {
                Some(found) => here = found,
                None => return Ok(Target::Lost(reference)),
            }
        }
        Err(at.fault(format!(
            "references lead in a circle, or over more than {MAX_REFERENCES} others"
        )))
    }

    fn find(&self, reference: &'n str) -> Result<Option<At<'n>>, ImportError> {
        let Some(pointer) = reference.strip_prefix('#') else {
            return Ok(None);
        };
        // A long pointer that many refer by is read each time.
        self.look_up(pointer.len())?;
        let mut node = self.root;
        for part in pointer.split('/').skip(1) {
            let look_ups = match node {
                Node::Map(members) => members.len() + 1,
                _ => 1,
            };
            self.look_up(look_ups)?;
            let next = match node {
                Node::List(items) => part.parse::<usize>().ok().and_then(|index| items.get(index)),
                _ => node.find(&name(part)),
            };
            match next {
                Some(next) => node = next,
                None => return Ok(None),
            }
        }
        let is_read = matches!(node, Node::Map(_)) && (pointer.is_empty() || pointer.starts_with('/'));
        Ok(is_read.then(|| At::start(node, pointer)))
    }
}

impl References<'_> {
    fn look_up(&self, count: usize) -> Result<(), ImportError> {
        let left = self.look_ups.get().checked_sub(count);
        self.look_ups
            .set(left.ok_or(ImportError::TooLarge(ImportLimit::LookUps))?);
        Ok(())
    }
}

/// The name that a part of a pointer in a fragment stands for: first `%2F`, then `~1` (RFC 6901, sections 4 and 6).
fn name(part: &str) -> Cow<'_, str> {
    if !part.contains(['%', '~']) {
        return Cow::Borrowed(part);
    }
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
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
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Cow::Owned(text.replace("~1", "/").replace("~0", "~"))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}
