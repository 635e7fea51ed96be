//! An id for each request, so that a response can be found in the log.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderName, HeaderValue};
use tracing::field::DisplayValue;

/// The header with the id of the request.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Generates ids of requests. An id from a client is ignored, because it would be written into the
/// log.
///
/// An id consists of the number of the run in eight digits and a keyed hash of a counter in
/// sixteen. So two ids do not reveal the number of requests between them.
#[derive(Debug)]
pub(crate) struct RequestIds {
    run: String,
    key: RandomState,
    next: AtomicU64,
}

impl RequestIds {
    /// Creates the ids of this run of the program. `run` distinguishes it from others; `key` is
    /// random.
    pub(crate) fn new(run: u32, key: RandomState) -> Self {
        Self {
            run: format!("{run:08x}-"),
            key,
            next: AtomicU64::new(0),
        }
    }

    /// The next id.
    pub(crate) fn next(&self) -> HeaderValue {
        let mut left = self.key.hash_one(self.next.fetch_add(1, Ordering::Relaxed));
        let mut digits = [b'0'; 16];
        for digit in digits.iter_mut().rev() {
            *digit = hexadecimal(left);
            left >>= 4;
        }
        // The buffer has the length of the text, so it becomes the header's value without a copy.
        // `write!` would cost a thousand instructions for each request.
        let mut text = Vec::with_capacity(25);
        text.extend_from_slice(self.run.as_bytes());
        text.extend_from_slice(&digits);
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("0"))
    }
}

/// The fields of a log event that identify its request.
///
/// If the span is disabled, an event has no other reference to its request.
#[derive(Clone, Debug)]
pub struct RequestLabel<'g> {
    id: HeaderValue,
    peer: Option<IpAddr>,
    operation: Option<&'g str>,
}

impl<'g> RequestLabel<'g> {
    pub(crate) const fn new(id: HeaderValue, peer: Option<IpAddr>, operation: Option<&'g str>) -> Self {
        Self { id, peer, operation }
    }

    /// Returns the id of the request.
    pub fn id_text(&self) -> &str {
        self.id.to_str().unwrap_or_default()
    }

    /// Returns the address at the other end of the connection, as a field of an event.
    pub fn peer(&self) -> Option<DisplayValue<IpAddr>> {
        self.peer.map(tracing::field::display)
    }

    /// Returns the declared name of the operation.
    pub(crate) const fn operation(&self) -> Option<&'g str> {
        self.operation
    }

    /// Returns the id for the header of the answer.
    pub(crate) fn into_id(self) -> HeaderValue {
        self.id
    }
}

/// The last digit of a number.
const fn hexadecimal(number: u64) -> u8 {
    let [.., last] = number.to_be_bytes();
    match last & 0xF {
        digit @ 0..10 => b'0' + digit,
        digit => b'a' - 10 + digit,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn number(id: &HeaderValue) -> u64 {
        let (run, number) = id.to_str().unwrap().split_once('-').unwrap();
        assert_eq!((run, number.len()), ("00abcdef", 16));
        u64::from_str_radix(number, 16).unwrap()
    }

    #[test]
    fn ids_do_not_count_requests() {
        let ids = RequestIds::new(0x00AB_CDEF, RandomState::new());
        let numbers: Vec<u64> = (0..1_000).map(|_| number(&ids.next())).collect();
        let distinct: HashSet<u64> = numbers.iter().copied().collect();
        assert_eq!(distinct.len(), numbers.len());
        let steps = numbers.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
        let distinct: HashSet<u64> = steps.collect();
        assert!(distinct.len() > 990, "{distinct:?}");
    }

    #[test]
    fn another_key_gives_other_ids() {
        let first = RequestIds::new(0x00AB_CDEF, RandomState::new()).next();
        let second = RequestIds::new(0x00AB_CDEF, RandomState::new()).next();
        assert_ne!(first, second);
    }
}
