//! Infers from documented errors whether operations require a credential.

use scopegate_policy::DocumentedErrors;

/// Whether most operations document errors, and hardly one documents a refusal: no caller must
/// present a credential. If operations change something, they must document errors of the client.
pub(super) fn never_refuses(all: &[DocumentedErrors], changes: bool) -> bool {
    let count = |is: fn(&DocumentedErrors) -> bool| all.iter().filter(|errors| is(errors)).count();
    let with_errors = if changes {
        count(|errors| errors.has_other_client_error())
    } else {
        count(|errors| errors.has_other_client_error() || errors.has_server_error())
    };
    with_errors * 2 > all.len() && count(|errors| errors.is_unauthenticated() || errors.is_forbidden()) * 10 < all.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_without_refusals_need_no_credential() {
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
