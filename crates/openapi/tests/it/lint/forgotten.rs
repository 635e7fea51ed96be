//! Operations without a requirement: forgotten ones, and those for visitors without an account.

use scopegate_policy::LintRule as R;

use super::{lint, openapi};

const GUARDED: &str = "security: [{login: ['lamp:read']}]";

/// Returns the operations that any client may call by mistake.
fn forgotten(paths: &str) -> Vec<String> {
    let findings = lint(&openapi(paths));
    let found = findings
        .iter()
        .filter(|finding| matches!(finding.rule(), R::PublicAmongProtected | R::UnprotectedOperation));
    let operations = found.flat_map(|finding| finding.operations().to_vec());
    operations.map(|(method, path)| format!("{method} {path}")).collect()
}

/// An interface most of whose operations need no credential.
fn shop(paths: &str) -> String {
    let open = |number: usize| format!("  /shop/p{number}: {{get: {{}}, post: {{}}}}\n");
    format!("{}{paths}", (0..9).map(open).collect::<String>())
}

#[test]
fn a_few_open_operations_are_forgotten() {
    assert_eq!(forgotten("  /b: {post: {}}\n"), ["POST /b"]);
    assert_eq!(forgotten("  /b: {get: {}}\n"), ["GET /b"]);
    assert_eq!(forgotten("  /b: {post: {}, delete: {}}\n"), ["POST /b", "DELETE /b"]);
    let guarded = |number: usize| format!("  /g{number}: {{get: {{{GUARDED}}}, put: {{{GUARDED}}}}}\n");
    let many: String = (0..9).map(guarded).collect();
    assert_eq!(
        forgotten(&format!("{many}  /b: {{post: {{}}, delete: {{}}}}\n")).len(),
        2
    );
    assert_eq!(forgotten(&shop("")), [""; 0]);
}

#[test]
fn an_operation_may_state_that_it_needs_a_credential() {
    for operation in [
        "{responses: {'401': {}}}",
        "{responses: {'403': {}}}",
        "{parameters: [{name: Authorization, in: header}]}",
        "{summary: 'Requires the permission for lamps'}",
        "{description: 'This can only be done by the logged-in user.'}",
    ] {
        for method in ["get", "post"] {
            let found = forgotten(&shop(&format!("  /shop/b: {{{method}: {operation}}}\n")));
            assert_eq!(found, [format!("{} /shop/b", method.to_uppercase())], "{operation}");
        }
    }
    let text = "{description: 'Make sure that a proxy protects it.'}";
    assert_eq!(forgotten(&shop(&format!("  /shop/b: {{post: {text}}}\n"))), [""; 0]);
}

#[test]
fn a_refusal_that_all_operations_document_shows_little() {
    let refused = |text: &str| {
        let text = text.replace(
            "{get: {}, post: {}}",
            "{get: {responses: {'401': {}}}, post: {responses: {'401': {}}}}",
        );
        openapi(&text).replace("{security: [{", "{responses: {'401': {}}, security: [{")
    };
    let rules = super::rules(&refused(&shop("")));
    assert!(!rules.contains(&R::UnprotectedOperation), "{rules:?}");
    let guarded = |number: usize| format!("  /g{number}: {{get: {{{GUARDED}}}, put: {{{GUARDED}}}}}\n");
    let many: String = (0..9).map(guarded).collect();
    let rules = super::rules(&refused(&shop(&many)));
    assert!(rules.contains(&R::UnprotectedOperation), "{rules:?}");
}

#[test]
fn a_change_among_three_protected_neighbours_is_forgotten() {
    let of = |near: &str| forgotten(&shop(&format!("  /users/{{id}}/b: {{delete: {{}}}}\n{near}")));
    let guarded = |path: &str| format!("  {path}: {{get: {{{GUARDED}}}}}\n");
    let three: String = ["/users", "/users/{id}", "/users/{id}/a"].map(guarded).concat();
    assert_eq!(of(&three), ["DELETE /users/{id}/b"]);
    assert_eq!(of(&guarded("/users")), [""; 0]);
    // A `POST` creates what its neighbours are about.
    let create = three.replace("  /users: {get", "  /users: {post: {}, get");
    assert_eq!(forgotten(&shop(&create)), [""; 0]);
    assert_eq!(of(&format!("{three}  /users/new: {{post: {{}}}}\n")), [""; 0]);
}

#[test]
fn visitors_create_and_read_what_an_account_owns_and_do_not_delete_it() {
    let of = |operation: &str| {
        forgotten(&shop(&format!(
            "  /carts/{{id}}: {{patch: {{{GUARDED}}}, {operation}: {{}}}}\n"
        )))
    };
    assert_eq!(of("post"), [""; 0]);
    assert_eq!(of("get"), [""; 0]);
    assert_eq!(of("delete"), ["DELETE /carts/{id}"]);
}

#[test]
fn a_read_of_what_its_owner_changes_is_public_unless_it_is_the_only_open_one() {
    let of = |paths: &str| {
        forgotten(&format!(
            "  /profiles/{{id}}: {{put: {{{GUARDED}}}, get: {{}}}}\n{paths}"
        ))
    };
    assert_eq!(of(""), ["GET /profiles/{id}"]);
    assert_eq!(of("  /profiles: {get: {}}\n"), [""; 0]);
}

#[test]
fn a_change_that_is_stated_to_be_public_is_reported_if_it_is_the_only_one() {
    let of = |paths: &str| forgotten(paths);
    assert_eq!(of("  /b: {post: {security: []}}\n"), ["POST /b"]);
    assert_eq!(of(&shop("  /b: {post: {security: []}}\n")), [""; 0]);
    assert_eq!(
        of(&shop("  /b: {post: {security: [], responses: {'401': {}}}}\n")),
        ["POST /b"]
    );
}
