//! Futures that wait for nothing.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Returns the result of a future that waits for nothing.
pub(super) fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}
