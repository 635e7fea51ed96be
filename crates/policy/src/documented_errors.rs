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
}

impl DocumentedErrors {
    /// Reads the names of responses.
    ///
    /// 400, 422, classes such as `4XX`, and `default` show nothing: generators add them to all
    /// operations, or they may be a refusal.
    #[must_use]
    pub fn of<'s>(statuses: impl IntoIterator<Item = &'s str>) -> Self {
        let mut errors = Self::default();
        for status in statuses {
            match status {
                "401" => errors.unauthenticated = true,
                "403" => errors.forbidden = true,
                "400" | "422" => {}
                status => {
                    errors.of_client |= is_client_error(status);
                    errors.of_server |= status.starts_with('5');
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

    /// Whether another status from 400 to 499 is documented, other than 400 and 422.
    #[must_use]
    pub const fn has_other_client_error(self) -> bool {
        self.of_client
    }

    /// Whether a status from 500 to 599 is documented.
    #[must_use]
    pub const fn has_server_error(self) -> bool {
        self.of_server
    }

    /// Whether status 401 or 403 is documented.
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        self.unauthenticated || self.forbidden
    }
}

fn is_client_error(status: &str) -> bool {
    status.starts_with('4') && status.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_validation_and_classes_show_nothing() {
        assert_eq!(
            DocumentedErrors::of(["200", "400", "422", "4XX", "default"]),
            DocumentedErrors::default()
        );
        assert!(DocumentedErrors::of(["404"]).has_other_client_error());
    }
}
