//! Errors that operations of a document document.

/// The errors that an operation documents, as far as they tell whether it requires a credential.
///
/// ```
/// use scopegate_policy::analysis::DocumentedErrors;
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
    /// Reads the names of responses: status codes, classes such as `4XX`, and `default`.
    #[must_use]
    pub fn of<'s>(statuses: impl IntoIterator<Item = &'s str>) -> Self {
        let mut errors = Self::default();
        for status in statuses {
            match status {
                "401" => errors.unauthenticated = true,
                "403" => errors.forbidden = true,
                status if status.starts_with('4') => errors.of_client = true,
                status => errors.of_server |= status.starts_with('5') || status == "default",
            }
        }
        errors
    }

    /// Whether status 401 is one of them (RFC 9110, section 15.5.2).
    #[must_use]
    pub const fn is_unauthenticated(self) -> bool {
        self.unauthenticated
    }

    /// Whether status 403 is one of them (RFC 9110, section 15.5.4).
    #[must_use]
    pub const fn is_forbidden(self) -> bool {
        self.forbidden
    }

    const fn is_refusal(self) -> bool {
        self.unauthenticated || self.forbidden
    }
}

/// Whether most operations document errors, and hardly one a refusal: no caller must present a
/// credential. Where operations change something, errors of the client have to be among them.
pub(super) fn never_refuses(all: &[DocumentedErrors], changes: bool) -> bool {
    let count = |is: fn(&DocumentedErrors) -> bool| all.iter().filter(|errors| is(errors)).count();
    let with_errors = if changes {
        count(|errors| errors.of_client)
    } else {
        count(|errors| errors.of_client || errors.of_server)
    };
    with_errors * 2 > all.len() && count(|errors| errors.is_refusal()) * 10 < all.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_without_refusals_ask_nobody_for_a_credential() {
        let all = |statuses: &[&[&str]]| -> Vec<DocumentedErrors> {
            statuses
                .iter()
                .map(|names| DocumentedErrors::of(names.iter().copied()))
                .collect()
        };
        let none = all(&[&["200", "404"], &["200", "4XX"], &["200"]]);
        assert!(never_refuses(&none, true) && never_refuses(&none, false));
        let of_server = all(&[&["200", "500"], &["200", "default"]]);
        assert!(never_refuses(&of_server, false) && !never_refuses(&of_server, true));
        for refusal in ["401", "403"] {
            assert!(
                !never_refuses(&all(&[&["200", "404"], &["200", "404", refusal]]), false),
                "{refusal}"
            );
        }
        assert!(!never_refuses(&all(&[&["200"], &[]]), false) && !never_refuses(&[], false));
    }
}
