//! Real documents: their counts equal those that their collector counted.

use std::fs;
use std::path::Path;

use scopegate_analysis::check_annotations;
use scopegate_openapi::import::{self, Imported, NoteKind};
use scopegate_policy::Access;

/// Returns a document of the collection, or `None` with a printed note if the collection is absent.
pub(crate) fn document(name: &str) -> Option<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/openapi");
    if !folder.exists() {
        eprintln!("SKIPPED: {} is absent", folder.display());
        return None;
    }
    Some(fs::read(folder.join(name)).unwrap())
}

fn read(name: &str) -> Option<Imported> {
    document(name).map(|bytes| import::read(&bytes).unwrap())
}

fn counted(imported: &Imported) -> (usize, usize, usize) {
    let counts = import::counts(imported);
    (counts.operations(), counts.scopes_declared(), counts.scopes_used())
}

fn noted(imported: &Imported, kind: NoteKind) -> usize {
    imported.notes().iter().filter(|note| note.kind() == kind).count()
}

#[test]
fn slack() {
    let Some(imported) = read("slack.json") else { return };
    assert_eq!(counted(&imported), (174, 67, 61));
    let several = |alternatives: &[scopegate_policy::Alternative]| alternatives[0].scope().len() > 1;
    let operations = imported.table().operations().iter();
    assert_eq!(
        operations.filter(|operation| several(operation.alternatives())).count(),
        25
    );
}

#[test]
fn spotify() {
    let Some(imported) = read("spotify.json") else { return };
    assert_eq!(counted(&imported), (97, 19, 17));
    let operations = imported.table().operations().iter();
    assert_eq!(
        operations
            .filter(|operation| operation.access() == Access::Authenticated)
            .count(),
        32
    );
    assert!(noted(&imported, NoteKind::Deprecated) > 0);
}

#[test]
fn xero() {
    let Some(imported) = read("xero-accounting.json") else {
        return;
    };
    assert_eq!(counted(&imported), (235, 16, 13));
    let operations = imported.table().operations().iter();
    let and = operations.filter(|operation| operation.alternatives()[0].scope().len() > 1);
    assert_eq!(and.count(), 109);
}

#[test]
fn google() {
    for (name, operations, scopes) in [("calendar.v3", 38, 18), ("drive.v3", 64, 10), ("gmail.v1", 79, 14)] {
        let Some(imported) = read(&format!("google/{name}.json")) else {
            return;
        };
        assert_eq!(counted(&imported), (operations, scopes, scopes), "{name}");
        let table = imported.table();
        // The written list means "any of"; none of these scopes implies another.
        assert!(
            table
                .operations()
                .iter()
                .all(|operation| operation.access() == Access::Scoped)
        );
        assert!(
            table
                .operations()
                .iter()
                .all(|operation| operation.template().starts_with('/'))
        );
    }
}

#[test]
fn graph() {
    let Some(imported) = read("msgraph-permissions.json") else {
        return;
    };
    assert_eq!(counted(&imported), (11_215, 917, 875));
    assert_eq!(import::counts(&imported).triples(), 22_211);
    assert_eq!(imported.table().operations().len(), 11_215);
    assert_eq!(imported.least_marks().len(), 25_638);
    let judged = check_annotations(imported.table(), imported.least_marks());
    assert_eq!((judged.least(), judged.dominated().len()), (24_231, 1_407));
    assert_eq!(judged.opening_nothing().len(), 0);
    assert_eq!((judged.pairs(), judged.unannotated().len()), (22_211, 452));
    assert_eq!(noted(&imported, NoteKind::UndeclaredScope), 0);
}
