//! Futures of a store.

use std::pin::Pin;

/// A future on the heap. It costs one allocation per query, and the backend can be chosen when the
/// program starts.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
