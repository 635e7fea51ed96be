//! Cycles of imports between files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::layering::imports::{Imports, Modules};

/// Returns the groups of files that import each other, directly or through other files.
fn cycles(imports: &Imports) -> BTreeSet<BTreeSet<&Path>> {
    let all: BTreeMap<&Path, BTreeSet<&Path>> = imports.keys().map(|file| (&**file, reached(imports, file))).collect();
    let imports_back = |other: &Path, file: &Path| all.get(other).is_some_and(|reached| reached.contains(file));
    let groups = all.iter().map(|(file, reached)| {
        let group = reached.iter().copied().filter(|other| imports_back(other, file));
        group.collect::<BTreeSet<&Path>>()
    });
    groups.filter(|group| !group.is_empty()).collect()
}

/// Returns the files that a file imports, directly or through other files.
fn reached<'i>(imports: &'i Imports, from: &Path) -> BTreeSet<&'i Path> {
    let next = |file: &Path| {
        imports
            .get(file)
            .into_iter()
            .flat_map(BTreeMap::keys)
            .map(PathBuf::as_path)
    };
    let mut open: Vec<&Path> = next(from).collect();
    let mut reached = BTreeSet::new();
    while let Some(file) = open.pop() {
        if reached.insert(file) {
            open.extend(next(file));
        }
    }
    reached
}

/// Lists the imports of each cycle.
pub(crate) fn report(imports: &Imports) -> String {
    let mut text = String::new();
    for group in cycles(imports) {
        let _ = writeln!(text, "a cycle of {} files:", group.len());
        for file in &group {
            for (imported, name) in imports[*file]
                .iter()
                .filter(|(imported, _)| group.contains(imported.as_path()))
            {
                let _ = writeln!(text, "  {} imports {} ({name})", file.display(), imported.display());
            }
        }
    }
    text
}

/// Returns the cycles of a small crate, each as its files in order.
fn cycles_of(files: &[(&str, &str)]) -> Vec<String> {
    let files = files
        .iter()
        .map(|(file, text)| (PathBuf::from(file), (*text).to_owned()));
    let imports = Modules::parse(&files.collect()).imports();
    let names = |group: BTreeSet<&Path>| {
        group
            .into_iter()
            .map(|file| file.display().to_string())
            .collect::<Vec<_>>()
    };
    cycles(&imports)
        .into_iter()
        .map(|group| names(group).join(" "))
        .collect()
}

#[test]
fn cycle_of_files_is_found() {
    let lib = ("lib.rs", "mod a; mod b; pub use b::B;");
    let b = ("b.rs", "use crate::a::A; pub struct B(A);");
    // Each imports `b.rs`, which imports it.
    let forms = [
        "use crate::b::B; pub struct A(B);",
        "use super::b::{self, B as C}; pub struct A(C);",
        "use crate::B; pub struct A(B);",
        "use crate::*; pub struct A(B);",
        "use crate::b; pub struct A(b::B);",
        "pub struct A(crate::B);",
        "pub struct A; fn f() { use crate::B; let _: B; }",
        "pub struct A; impl A { const N: usize = size_of::<super::b::B>(); }",
        "pub struct A; fn f() { println!(\"{}\", crate::b::B::name()); }",
        "pub struct A; macro_rules! m { () => { $crate::b::B } }",
        "pub struct A; pub(crate) use crate::b::B; fn f(_: B) {}",
        "pub struct A; mod inner { use super::super::b::B; }",
        "pub struct A; #[cfg(feature = \"x\")] use crate::b::B;",
        "pub struct A; #[cfg(any(test, feature = \"x\"))] fn f(_: crate::B) {}",
    ];
    for a in forms {
        assert_eq!(cycles_of(&[lib, b, ("a.rs", a)]), ["a.rs b.rs"], "{a}");
    }
    let feature = ("lib.rs", "#[cfg(feature = \"x\")] mod a; #[cfg(not(test))] mod b;");
    assert_eq!(cycles_of(&[feature, b, ("a.rs", forms[0])]), ["a.rs b.rs"]);
    let parent = [
        ("main.rs", "mod a; fn main() { a::b::f(); }"),
        ("a.rs", "pub mod b; pub struct A; fn f() { b::f(); }"),
        ("a/b.rs", "use super::A; pub fn f() {}"),
    ];
    assert_eq!(cycles_of(&parent), ["a/b.rs a.rs"]);
    let same_name = [
        ("lib.rs", "mod a; mod b; pub use self::b::b; pub use a::A;"),
        ("a.rs", "pub struct A; fn f() { crate::b(); }"),
        ("b.rs", "pub fn b(_: crate::A) {}"),
    ];
    assert_eq!(cycles_of(&same_name), ["a.rs b.rs"]);
    let three = [
        ("lib.rs", "mod a; mod b; mod c; mod d { pub(crate) use crate::c::*; }"),
        ("a.rs", "pub struct A(crate::b::B);"),
        ("b.rs", "pub struct B(crate::d::C);"),
        ("c.rs", "pub struct C(crate::a::A);"),
    ];
    assert_eq!(cycles_of(&three), ["a.rs b.rs c.rs"]);
}

#[test]
fn tree_without_cycle_is_accepted() {
    let lib = ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;");
    let b = ("b.rs", "use crate::A; pub struct B(A);");
    let forms = [
        // A re-export alone imports nothing.
        "pub struct A; pub use crate::b::B;",
        "//! [`crate::b::B`]\npub struct A; /// [`crate::b::B`]\nfn f() {}",
        "pub struct A; #[cfg(test)] mod tests { use crate::b::B; }",
        "pub struct A; #[cfg(test)] mod tests;",
        "pub struct A; #[cfg(all(test, unix))] fn f(_: crate::b::B) {}",
        "pub struct A; impl A { #[cfg(test)] fn f(_: crate::b::B) {} }",
        "use b::{b, b::B}; pub struct A; fn f() { b::g(); }",
        "pub struct A; fn f(x: X) { x.b(::b::B, \"crate::b::B\"); }",
        "pub struct A; pub(in crate::b) fn f() {}",
    ];
    for a in forms {
        let files = [lib, b, ("a.rs", a), ("a/tests.rs", "use crate::b::B;")];
        assert_eq!(cycles_of(&files), [""; 0], "{a}");
    }
}
