//! The type of a resource that a route loads.

use std::any::{TypeId, type_name};

/// The type of a resource, and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ResourceType {
    pub(crate) id: TypeId,
    pub(crate) name: &'static str,
}

impl ResourceType {
    pub(crate) fn of<T: 'static>() -> Self {
        Self {
            id: TypeId::of::<T>(),
            name: type_name::<T>(),
        }
    }
}
