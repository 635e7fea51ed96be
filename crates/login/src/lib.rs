//! **Is this the user?** Checks passwords of users, and limits guessing.

mod error;
mod hashing;
mod password_check;
mod throttle;

pub use error::LoginError;
pub use hashing::{HashingError, HashingLimits};
pub use password_check::{DisabledUserLogin, PasswordCheck, PasswordLogin};
pub use throttle::{Attempt, AttemptOutcome, SecretOwner, Throttle, Throttled};
