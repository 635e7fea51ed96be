//! Statements that SQLite and PostgreSQL both accept, and the interface of an engine that runs
//! them.
//!
//! | type | content |
//! |---|---|
//! | [`Statement`] | a constant text and its arguments |
//! | [`Step`] | a statement, and the number of rows that it must change |
//! | [`RowView`] | a row of a result |
//! | [`Backend`] | an engine |
//!
//! No text is assembled while the program runs: a [`Statement`] takes constants only. A flag is 0
//! or 1, a time is in seconds since 1970, and a list is a text with spaces.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use scopegate_store::StoreError;

/// A statement with its arguments `$1`, `$2` and so on.
// SECURITY: an argument may be a password hash, so no type of this file has `Debug`.
pub(crate) struct Statement {
    pub(crate) sql: &'static str,
    pub(crate) arguments: Vec<Argument>,
}

/// A value in a statement.
pub(crate) enum Argument {
    Bytes(Vec<u8>),
    Int(i64),
    Null,
    Text(String),
}

impl Statement {
    pub(crate) const fn new(sql: &'static str) -> Self {
        Self {
            sql,
            arguments: Vec::new(),
        }
    }

    /// Adds the next argument.
    pub(crate) fn bind(mut self, argument: impl Into<Argument>) -> Self {
        self.arguments.push(argument.into());
        self
    }
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl From<$integer> for Argument {
            fn from(value: $integer) -> Self {
                Self::Int(value.into())
            }
        }
    )*};
}

integers! { bool i64 u16 u32 }

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Argument {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&[u8]> for Argument {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl<T: Into<Self>> From<Option<T>> for Argument {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, T::into)
    }
}

/// A statement of a transaction, and the expected number of rows that it changes or returns.
pub(crate) struct Step {
    pub(crate) statement: Statement,
    pub(crate) expected: Expectation,
    pub(crate) then: Option<Then>,
}

/// Receives the rows that a step returns, and continues the transaction.
pub(crate) type Then = Box<dyn FnOnce(&[&dyn RowView]) -> Result<More, StoreError> + Send>;

/// The steps that the rows of another step require.
#[derive(Default)]
pub(crate) struct More {
    /// Taken next.
    pub(crate) next: Vec<Step>,
    /// Taken after all others: entries of the log of changes.
    pub(crate) last: Vec<Step>,
    /// The rows are refused: the outcome is that of a step that misses its expectation.
    pub(crate) is_refused: bool,
}

impl More {
    /// Nothing of the transaction is done.
    pub(crate) fn refused() -> Self {
        Self {
            is_refused: true,
            ..Self::default()
        }
    }
}

impl Step {
    /// Adds what is done with the rows that the statement returns. Their number is compared with
    /// the expectation first.
    pub(crate) fn then(
        mut self,
        then: impl FnOnce(&[&dyn RowView]) -> Result<More, StoreError> + Send + 'static,
    ) -> Self {
        self.then = Some(Box::new(then));
        self
    }
}

/// A value that a step of a transaction hands to the caller.
pub(crate) struct Slot<T>(Arc<Mutex<Option<T>>>);

impl<T> Slot<T> {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(None)))
    }

    pub(crate) fn set(&self, value: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    }

    pub(crate) fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// The number of rows that a step must change.
#[derive(Clone, Copy)]
pub(crate) enum Expectation {
    Any,
    AtLeast(u64),
    Changes(u64),
}

impl Expectation {
    pub(crate) const fn is_met(self, rows: u64) -> bool {
        match self {
            Self::Any => true,
            Self::AtLeast(least) => rows >= least,
            Self::Changes(count) => rows == count,
        }
    }
}

impl Statement {
    /// The step succeeds regardless of the number of changed rows.
    pub(crate) const fn any(self) -> Step {
        self.expecting(Expectation::Any)
    }

    /// The step succeeds if the statement changes as many rows or more.
    pub(crate) const fn at_least(self, least: u64) -> Step {
        self.expecting(Expectation::AtLeast(least))
    }

    /// The step succeeds if the statement changes this number of rows.
    pub(crate) const fn changes(self, count: u64) -> Step {
        self.expecting(Expectation::Changes(count))
    }

    const fn expecting(self, expected: Expectation) -> Step {
        Step {
            statement: self,
            expected,
            then: None,
        }
    }
}

/// The end of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was committed. Each of its steps changed or returned this number of rows.
    Committed(Vec<u64>),
    /// The step with this index missed its expectation, and nothing was changed. A step that
    /// another one added counts as that one.
    Missed(usize),
}

/// A row of a result. The index of the first column is 0.
///
/// A value of another type is [`Corrupt`](scopegate_store::StoreErrorKind::Corrupt).
pub(crate) trait RowView {
    fn bytes(&self, column: usize) -> Result<&[u8], StoreError>;

    fn int(&self, column: usize) -> Result<i64, StoreError>;

    fn optional_bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError>;

    fn optional_int(&self, column: usize) -> Result<Option<i64>, StoreError>;

    fn optional_text(&self, column: usize) -> Result<Option<&str>, StoreError>;

    fn text(&self, column: usize) -> Result<&str, StoreError>;
}

/// An engine that runs statements.
pub(crate) trait Backend {
    /// Returns the rows that a statement finds, each as a value.
    fn fetch<T: Send>(
        &self,
        statement: Statement,
        value: fn(&dyn RowView) -> Result<T, StoreError>,
    ) -> impl Future<Output = Result<Vec<T>, StoreError>> + Send;

    /// Makes a change of one statement, and returns the number of changed rows.
    fn execute(&self, statement: Statement) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Makes a change of several steps, all or none. The first step that misses its expectation is
    /// the outcome.
    fn transaction(&self, steps: Vec<Step>) -> impl Future<Output = Result<Outcome, StoreError>> + Send;
}
