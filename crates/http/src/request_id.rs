//! A name for each request, so that an answer can be found in the log.

use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderName, HeaderValue};

/// The header that carries it.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Numbers requests. What a client sends under this name is not taken over: it would be written into our log.
#[derive(Debug)]
pub(crate) struct RequestIds {
    run: String,
    next: AtomicU64,
}

impl RequestIds {
    /// Names of this run of the program; `run` tells it from others.
    pub(crate) fn new(run: u64) -> Self {
        Self {
            run: format!("{run:016x}-"),
            next: AtomicU64::new(0),
        }
    }

    /// The next name: the run, and the number in eight digits or more.
    pub(crate) fn next(&self) -> HeaderValue {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut digits = [b'0'; 16];
        let mut left = number;
        for digit in digits.iter_mut().rev() {
            *digit = hexadecimal(left);
            left >>= 4;
        }
        let zeros = usize::try_from(number.leading_zeros() / 4).unwrap_or_default().min(8);
        // As long as the text, so that it becomes the header's value without being copied. By hand, for `write!` takes a
        // thousand instructions of every request.
        let mut text = Vec::with_capacity(25);
        text.extend_from_slice(self.run.as_bytes());
        text.extend_from_slice(digits.get(zeros..).unwrap_or_default());
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("0"))
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
    use super::*;

    #[test]
    fn names_are_run_and_number_in_hexadecimal() {
        for number in [0, 9, 10, 0xABCD_EF01, 0xFFFF_FFFF, 0x1_0000_0000, u64::MAX] {
            let ids = RequestIds::new(0x00AB_CDEF);
            ids.next.store(number, Ordering::Relaxed);
            assert_eq!(ids.next(), format!("0000000000abcdef-{number:08x}"));
        }
    }
}
