//! Declared scopes that no operation requires.

use scopegate_policy::LintRule as R;

use super::{lint, openapi, rules};

/// Returns how many findings there are and how many scopes they are about, of a document whose
/// scheme declares these scopes in addition.
fn unused(declared: &str, paths: &str) -> (usize, usize) {
    let findings = lint(&openapi(paths).replace("other: x", &format!("other: x{declared}")));
    let found: Vec<_> = findings
        .iter()
        .filter(|finding| finding.rule() == R::UnusedScope)
        .collect();
    let scopes = found.iter().map(|finding| finding.parts().len().max(1));
    (found.len(), scopes.sum())
}

fn numbered(prefix: &str, count: usize) -> String {
    let names: Vec<String> = (0..count).map(|number| format!(", '{prefix}{number}': x")).collect();
    names.concat()
}

/// An operation with this summary, so that the document has texts.
fn described(summary: &str) -> String {
    format!("  /a: {{get: {{summary: '{summary}', security: [{{login: [other]}}]}}}}\n")
}

#[test]
fn a_list_is_one_finding_unless_documents_share_it() {
    let of = |count: usize| unused(&numbered("s", count), "");
    assert_eq!([3, 5, 6, 20].map(of), [(1, 3), (1, 5), (0, 0), (0, 0)]);
}

#[test]
fn scopes_for_everything_and_for_other_documents_are_not_unused() {
    for scope in ["default", "groups", "all"] {
        assert_eq!(unused(&format!(", {scope}: x"), ""), (0, 0), "{scope}");
    }
    assert_eq!(unused(", stream: x", ""), (1, 1), "a short list is of this document");
    assert_eq!(unused(&format!("{}, stream: x", numbered("lamp:p", 4)), ""), (1, 4));
    assert_eq!(unused(&numbered("lamp:part", 4), ""), (0, 0), "no path has these parts");
}

#[test]
fn a_scope_of_a_long_list_is_unused_if_an_operation_is_about_it() {
    let of = |scope: &str, summary: &str| {
        let declared = format!(", '{scope}': x{}", numbered("z", 4));
        unused(&declared, &described(summary)).1
    };
    // The names of the others have no words.
    let others = 4;
    for (scope, summary) in [
        ("lamp:bulb-order", "Orders a bulb"),
        ("WriteBulbs", "Returns all bulbs"),
        ("https://lamps.example/services/bulbs/read", "Returns all bulbs"),
        ("manage_bulbs:{house}", "Returns all bulbs"),
    ] {
        assert_eq!(of(scope, summary), others + 1, "{scope}");
        assert_eq!(of(scope, "Returns all wires"), others, "{scope}");
    }
}

#[test]
fn a_short_list_of_which_most_is_about_other_documents_is_shared() {
    let of = |declared: &str, summary: &str| unused(declared, &described(summary));
    assert_eq!(of(", refund: x, payout: x", ""), (1, 2));
    assert_eq!(of(", refund: x, payout: x, credit: x", ""), (0, 0));
    assert_eq!(of(", refund: x, payout: x, credit: x", "Lists the orders"), (0, 0));
    assert_eq!(of(", refund: x, payout: x, credit: x", "Makes a refund"), (1, 1));
}

#[test]
fn an_unused_scope_that_an_undeclared_one_means_is_not_reported() {
    let of = |scope: &str| {
        let paths = format!("  /a: {{get: {{security: [{{login: ['{scope}']}}]}}}}\n");
        rules(&openapi(&paths).replace("other: x", "other: x, 'bulbs:see': x"))
    };
    for scope in ["bulbs:sea", "SeeBulb", "see_bulbs"] {
        assert_eq!(of(scope), [R::UndeclaredScope], "{scope}");
    }
    assert_eq!(of("wires:see"), [R::UndeclaredScope, R::UnusedScope]);
}
