//! Marks of least privilege in Microsoft Graph's form, on a file with a hand-made expected answer.

use scopegate_analysis::{DominatedAnnotation, check_annotations};
use scopegate_openapi::import;

const PERMISSIONS: &str = r#"{ "permissions": {
    "Note.Read": { "schemes": { "Work": {} }, "pathSets": [
        { "schemeKeys": ["Work"], "methods": ["GET"], "paths": { "/notes": "least=Work", "/tags": "" } }] },
    "Note.Write": { "schemes": { "Work": {}, "App": {} }, "pathSets": [
        { "schemeKeys": ["Work"], "methods": ["GET"], "paths": { "/notes": "least=Work", "/tags": "" } },
        { "schemeKeys": ["Work", "App"], "methods": ["POST"], "paths": { "/notes": "least=Work,App" } }] },
    "Share": { "schemes": { "Work": {} }, "pathSets": [
        { "schemeKeys": ["Work"], "methods": ["PUT"], "paths": { "/notes": "least=Work,App;AlsoRequires=Note.Read,Note.Write" } }] },
    "All": { "schemes": { "Work": {} }, "pathSets": [
        { "schemeKeys": ["Work"], "methods": ["GET", "POST", "PUT"], "paths": { "/notes": "" } },
        { "schemeKeys": ["Work"], "methods": ["GET"], "paths": { "/tags": "" } },
        { "schemeKeys": ["Work"], "methods": ["DELETE"], "paths": { "/notes": "least=Work" } }] }
} }"#;

/// By `Work`, `Note.Read` opens two operations, and `Note.Write` opens those and one more. `All`
/// opens every one, `Share` with `Note.Read` three, and `Share` alone none.
#[test]
fn each_mark_is_judged_by_what_its_scopes_open() {
    let imported = import::read(PERMISSIONS.as_bytes()).unwrap();
    assert_eq!(imported.least_marks().len(), 7);
    let judged = check_annotations(imported.table(), imported.least_marks());

    let dominated = |dominated: &DominatedAnnotation<'_>| {
        let (mark, by) = (dominated.mark(), dominated.by());
        let by: Vec<&str> = by.iter().map(AsRef::as_ref).collect();
        format!(
            "{} {} {}: {} < {}",
            mark.scheme(),
            mark.method(),
            mark.template(),
            by.join(" "),
            mark.scope()
        )
    };
    // `Note.Read` opens less than `Note.Write` and suffices for the list.
    let told: Vec<String> = judged.dominated().iter().map(dominated).collect();
    assert_eq!(told, ["Work GET /notes: Note.Read < Note.Write"]);

    // `Share` is marked for `App`, but its path set opens nothing for `App`.
    let [nothing] = judged.opening_nothing() else {
        panic!("{judged:?}")
    };
    assert_eq!((nothing.scheme().as_str(), nothing.scope().as_str()), ("App", "Share"));
    assert_eq!(nothing.others().len(), 2);

    // GET and POST by `Note.Read` and twice `Note.Write`, PUT by `Share`, DELETE by `All`.
    assert_eq!(judged.least(), 5);
    let unmarked: Vec<String> = judged
        .unannotated()
        .iter()
        .map(|(scheme, operation)| format!("{scheme} {operation}"))
        .collect();
    assert_eq!((judged.pairs(), unmarked), (6, vec!["Work GET /tags".to_owned()]));
    assert!(!judged.is_confirmed());
}

#[test]
fn marks_of_unknown_schemes_are_noted() {
    let text = r#"{ "permissions": { "A": { "schemes": { "Work": {} }, "pathSets": [
        { "schemeKeys": ["Work"], "methods": ["GET"], "paths": { "/a": "least=Work,,a b" } }] } } }"#;
    let imported = import::read(text.as_bytes()).unwrap();
    assert_eq!((imported.least_marks().len(), imported.notes().len()), (2, 1));
    let judged = check_annotations(imported.table(), imported.least_marks());
    assert_eq!(
        (judged.least(), judged.opening_nothing().len()),
        (1, 1),
        "there is no scheme `a b`"
    );
}
