//! Errors that operations of a document document.

/// The errors that an operation documents, if they show whether it requires a credential.
///
/// ```
/// use scopegate_policy::DocumentedErrors;
///
/// let errors = DocumentedErrors::of(["200", "401", "default"]);
/// assert!(errors.is_unauthenticated() && !errors.is_forbidden());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a class of status codes")]
pub struct DocumentedErrors {
    unauthenticated: bool,
    forbidden: bool,
    of_client: bool,
    of_server: bool,
    unspecified: bool,
}

impl DocumentedErrors {
    /// Reads the names of responses: status codes, classes such as `4XX`, and `default`.
    #[must_use]
    pub fn of<'s>(statuses: impl IntoIterator<Item = &'s str>) -> Self {
        let mut errors = Self::default();
        for status in statuses {
            match status {
                "401" => errors.unauthenticated = true,
                "403" => errors.forbidden = true,
                status if status.starts_with('4') => errors.of_client = true,
                status => {
                    errors.of_server |= status.starts_with('5');
                    errors.unspecified |= status == "default";
                }
            }
        }
        errors
    }

    /// Whether status 401 is documented (RFC 9110, section 15.5.2).
    #[must_use]
    pub const fn is_unauthenticated(self) -> bool {
        self.unauthenticated
    }

    /// Whether status 403 is documented (RFC 9110, section 15.5.4).
    #[must_use]
    pub const fn is_forbidden(self) -> bool {
        self.forbidden
    }

    /// Whether another status from 400 to 499 is documented.
    #[must_use]
    pub const fn has_other_client_error(self) -> bool {
        self.of_client
    }

    /// Whether a status from 500 to 599 is documented.
    #[must_use]
    pub const fn has_server_error(self) -> bool {
        self.of_server
    }

    /// Whether `default` is documented, which may be any error.
    #[must_use]
    pub const fn has_unspecified_error(self) -> bool {
        self.unspecified
    }

    /// Whether status 401 or 403 is documented.
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        self.unauthenticated || self.forbidden
    }
}
