//! The kinds of scalar that a document tells apart.

/// The kinds of scalar that a document tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScalarKind {
    Boolean,
    Integer,
    Number,
}

impl ScalarKind {
    /// Returns the type and the message of the error for a text that is not of this kind.
    pub(crate) fn fault(self) -> (&'static str, String) {
        let (kind, message) = match self {
            Self::Boolean => (
                "bool_parsing",
                "Input should be a valid boolean, unable to interpret input",
            ),
            Self::Integer => (
                "int_parsing",
                "Input should be a valid integer, unable to parse string as an integer",
            ),
            Self::Number => (
                "float_parsing",
                "Input should be a valid number, unable to parse string as a number",
            ),
        };
        (kind, message.to_owned())
    }
}
