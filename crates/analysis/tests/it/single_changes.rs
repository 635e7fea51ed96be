//! Comparisons of policies, in the small: what a random policy rarely is, and what changes are
//! called.

use scopegate_analysis::{ChangeKind, diff};
use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
use scopegate_policy::{Guard, Operation, OperationTable};

const A: ScopeToken = ScopeToken::from_static("a");
const ADMIN: ScopeToken = ScopeToken::from_static("admin");

/// One catalog for both, so that nothing but the operation can differ.
fn table(operation: Operation) -> OperationTable {
    let oauth = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
    let builder = OperationTable::builder(oauth.scope(A, "").build().expect("a catalog"));
    builder.operation(operation).build().expect("a table")
}

#[test]
fn letting_requests_without_a_credential_through_is_a_change_by_itself() {
    let guarded = || Operation::get("/x").guard(Guard::requires([A]));
    let (strict, lax) = (table(guarded()), table(guarded().optional()));
    let opened = diff(&strict, &lax).expect("few scopes");
    assert_eq!((opened.len(), opened[0].kind()), (1, ChangeKind::Weaker));
    assert_eq!(
        (opened[0].allowed_now(), opened[0].refused_now()),
        (Some(&[][..]), None)
    );
    let closed = diff(&lax, &strict).expect("few scopes");
    assert_eq!((closed.len(), closed[0].kind()), (1, ChangeKind::Stronger));
    assert_eq!(
        (closed[0].allowed_now(), closed[0].refused_now()),
        (None, Some(&[][..]))
    );
}

/// A table of operations that the same requests match; each requires the scope that its parameter
/// is called by.
fn alike(names: &[&str]) -> OperationTable {
    let scopes = ["a", "b", "c"].map(|name| ScopeToken::parse(name).expect("a scope"));
    let oauth = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
    let catalog = scopes
        .into_iter()
        .fold(oauth, |catalog, scope| catalog.scope(scope, ""));
    let builder = OperationTable::builder(catalog.build().expect("a catalog")).templates_by_text();
    let builder = names.iter().fold(builder, |builder, name| {
        let scope = ScopeToken::parse(name.get(..1).expect("a name")).expect("a scope");
        builder.operation(Operation::get(format!("/x/{{{name}}}")).guard(Guard::requires([scope])))
    });
    builder.build().expect("a table")
}

/// Third-party documents may say that: each is compared with itself, in any order.
#[test]
fn templates_with_other_parameter_names_are_distinguished() {
    let table = alike(&["a", "b", "c"]);
    for order in [["a", "b", "c"], ["c", "b", "a"], ["b", "c", "a"]] {
        assert_eq!(diff(&table, &alike(&order)), Ok(Vec::new()), "{order:?}");
    }
}

#[test]
fn a_parameter_with_a_new_name_leaves_its_neighbours_theirs() {
    let (before, after) = (alike(&["b", "a"]), alike(&["a1", "b"]));
    assert_eq!(diff(&before, &after), Ok(Vec::new()));
    let kinds = |old: &[&str], new: &[&str]| -> Vec<_> {
        let changes = diff(&alike(old), &alike(new)).expect("few scopes");
        changes
            .iter()
            .map(|change| (change.kind(), change.template().to_owned()))
            .collect()
    };
    assert_eq!(
        kinds(&["a"], &["a", "b"]),
        [(ChangeKind::Added, String::from("/x/{b}"))]
    );
    assert_eq!(
        kinds(&["a", "b"], &["b"]),
        [(ChangeKind::Removed, String::from("/x/{a}"))]
    );
    assert_eq!(
        kinds(&["a"], &["c"]),
        [(ChangeKind::Incomparable, String::from("/x/{c}"))]
    );
}

#[test]
fn kinds_of_changes_are_called_as_commands_tell_them() {
    let kinds = [
        (ChangeKind::Added, "added"),
        (ChangeKind::Removed, "removed"),
        (ChangeKind::Weaker, "weaker"),
        (ChangeKind::Stronger, "stronger"),
        (ChangeKind::Incomparable, "incomparable"),
    ];
    for (kind, name) in kinds {
        assert_eq!((kind.as_str(), kind.to_string().as_str()), (name, name));
    }
}

/// What one table says that scopes imply and the other does not: the operation reads the same in
/// both.
#[test]
fn an_implication_by_itself_opens_or_closes() {
    let table = |has_edge: bool| {
        let oauth = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
        let catalog = oauth.scope(A, "").scope(ADMIN, "");
        let catalog = if has_edge { catalog.implies(ADMIN, A) } else { catalog };
        let builder = OperationTable::builder(catalog.build().expect("a catalog"));
        let guarded = Operation::get("/x").guard(Guard::requires([A]));
        builder.operation(guarded).build().expect("a table")
    };
    let (without, with) = (table(false), table(true));
    let opened = diff(&without, &with).expect("few scopes");
    assert_eq!((opened.len(), opened[0].kind()), (1, ChangeKind::Weaker));
    let closed = diff(&with, &without).expect("few scopes");
    assert_eq!((closed.len(), closed[0].kind()), (1, ChangeKind::Stronger));
    assert_eq!(diff(&with, &table(true)), Ok(Vec::new()));
}
