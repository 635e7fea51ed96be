//! Futures of a store.

use std::pin::Pin;

/// A future on the heap: one allocation beside a query, and in exchange a backend can be chosen when the program starts.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
