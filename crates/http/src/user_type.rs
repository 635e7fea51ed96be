//! The type of a user that an argument takes.

use std::any::TypeId;

/// The type of a user, and its name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UserType {
    pub(crate) id: TypeId,
    pub(crate) name: &'static str,
}
