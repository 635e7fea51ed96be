//! A value for all streams that are open, such as the change of a row.

use futures_util::{Stream, stream};
use tokio::sync::broadcast;

/// Sends each value to all streams that are open: to those of [`Sse`](super::Sse), and to
/// connections of WebSocket. A clone sends to the same streams.
///
/// ```
/// use futures_util::StreamExt;
/// use scopegate_http::answer::{Broadcast, Event, Sse};
/// use scopegate_http::{Guard, Permit, State, get};
/// # use futures_util::Stream;
///
/// async fn events(_: Permit, prices: State<Broadcast<u32>>) -> Sse<impl Stream<Item = Event> + Send + Sync> {
///     Sse(prices.subscribe().map(|price| Event::text(price.to_string())))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let prices = Broadcast::new(256); // for `GateBuilder::state`
/// let operation = get("/prices").guard(Guard::authenticated()).then(events);
/// # let _ = operation;
///
/// let mut stream = Box::pin(prices.subscribe());
/// prices.send(7);
/// assert_eq!(stream.next().await, Some(7));
/// # }
/// ```
#[derive(Debug)]
pub struct Broadcast<T>(broadcast::Sender<T>);

impl<T: Clone + Send + 'static> Broadcast<T> {
    /// Creates a broadcast. A stream may be late by this number of values. If it is later, because
    /// its client reads slowly, it ends.
    #[must_use]
    pub fn new(late: u16) -> Self {
        Self(broadcast::Sender::new(usize::from(late.max(1))))
    }

    /// Sends a value to all streams that are open now.
    pub fn send(&self, value: T) {
        // An error means that there is none.
        let _ = self.0.send(value);
    }

    /// Returns a stream of the values that are sent from now on.
    pub fn subscribe(&self) -> impl Stream<Item = T> + Send + Sync + use<T> {
        stream::unfold(self.0.subscribe(), async |mut values| {
            let value = values.recv().await.ok()?;
            Some((value, values))
        })
    }
}

impl<T> Clone for Broadcast<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn slow_stream_ends_and_others_go_on() {
        let numbers = Broadcast::new(2);
        let (slow, mut quick) = (numbers.subscribe(), Box::pin(numbers.subscribe()));
        for number in 0..3 {
            numbers.send(number);
            assert_eq!(quick.next().await, Some(number));
        }
        assert_eq!(slow.count().await, 0);
        drop(numbers);
        assert_eq!(quick.next().await, None);
    }
}
