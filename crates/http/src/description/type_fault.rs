//! The errors of the types of an operation, found before the operation is known.

use scopegate_policy::ResolvedOperation;

use crate::build_error::BuildError;
use crate::field_place::FieldPlace;

/// An error of a type, such as a query that cannot be read as documented.
#[derive(Clone, Debug)]
pub(super) enum TypeFault {
    Body(String),
    Fields(FieldPlace, String),
    Path(String),
    Schema(String),
}

impl TypeFault {
    pub(super) fn to_error(&self, operation: &ResolvedOperation) -> BuildError {
        let operation = operation.to_string();
        match self {
            Self::Body(reason) => BuildError::Body {
                operation,
                reason: reason.clone(),
            },
            Self::Fields(place, reason) => BuildError::Fields {
                operation,
                place: place.subject(),
                reason: reason.clone(),
            },
            Self::Path(reason) => BuildError::Path {
                operation,
                reason: reason.clone(),
            },
            Self::Schema(name) => BuildError::SchemaTwice { name: name.clone() },
        }
    }
}
