//! Rebuilds recorded dependency trees of FastAPI 0.165.0 with our guards.
//!
//! The scopes, their places and order, and the `security` must be the same, unless a row documents
//! a difference.
//!
//! `SCOPEGATE_TREES=FILE` reads another file of trees. `record.py` makes such files; `trees.json`
//! is one.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails where it cannot go on, and says what it found"
)]

mod fastapi;
mod format;
mod rebuilt;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::{Path, PathBuf};

use scopegate_policy::{Limit, TableError};

use self::format::{Record, Tree, once};
use self::rebuilt::Rebuilt;
use self::rows::{Expected, Refusal, Row};

/// The trees that differ, by the rows that explain the difference.
#[derive(Default)]
struct Report {
    agreeing: usize,
    differing: BTreeMap<BTreeSet<Row>, Vec<usize>>,
    unexplained: Vec<String>,
}

impl Report {
    fn on(record: &Record) -> Self {
        let mut report = Self::default();
        for (number, tree) in record.cases.iter().enumerate() {
            match compare(tree) {
                Ok(rows) if rows.is_empty() => report.agreeing += 1,
                Ok(rows) => report.differing.entry(rows).or_default().push(number),
                Err(difference) => report.unexplained.push(format!("tree {number}: {difference}")),
            }
        }
        report
    }

    fn print(&self, version: &str) {
        let differing: usize = self.differing.values().map(Vec::len).sum();
        println!(
            "FastAPI {version}: {} trees agree, {differing} differ by a row",
            self.agreeing
        );
        for row in Row::ALL {
            let trees = self.differing.iter().filter(|(rows, _)| rows.contains(&row));
            let count: usize = trees.map(|(_, trees)| trees.len()).sum();
            println!("  {} {count:>5}  {row}", row.letter());
        }
        for (rows, trees) in &self.differing {
            let letters: String = rows.iter().map(|row| row.letter()).collect();
            let numbers: Vec<String> = trees.iter().map(ToString::to_string).collect();
            println!("  {letters:<5} explains trees {}", numbers.join(" "));
        }
        println!("  {} unexplained", self.unexplained.len());
    }
}

/// Returns the rows that explain how our answer differs from that of FastAPI.
fn compare(tree: &Tree) -> Result<BTreeSet<Row>, String> {
    let expected = Expected::new(tree)?;
    let rebuilt = match (Rebuilt::new(tree), expected.refusal) {
        (Ok(rebuilt), None) => rebuilt,
        (Err(TableError::UndeclaredScope { token, .. }), Some(Refusal::NoScopes)) => {
            let first = expected.scopes.first().map(String::as_str);
            same("refused scope", &Some(token.as_str()), &first)?;
            return Ok(expected.rows);
        }
        (
            Err(TableError::TooLarge {
                limit: Limit::Depth, ..
            }),
            Some(Refusal::TooDeep),
        ) => return Ok(expected.rows),
        (Err(fault), _) => return Err(fault.to_string()),
        (Ok(_), Some(_)) => return Err("what no row allows is not refused".to_owned()),
    };
    same("places", &once(rebuilt.places(tree)), &expected.places)?;
    let taking = expected
        .places
        .iter()
        .filter_map(|(function, scopes)| Some((function.clone(), scopes.clone()?)));
    same("sights", &rebuilt.sights(), &taking.collect())?;
    same("security", &rebuilt.security(), &expected.security)?;
    same("challenge", &rebuilt.challenge(), &expected.scopes)?;
    enforced(&rebuilt, expected.security.first())?;
    Ok(expected.rows)
}

fn same<T: Debug + PartialEq>(what: &str, ours: &T, expected: &T) -> Result<(), String> {
    if ours == expected {
        return Ok(());
    }
    Err(format!("{what}: {ours:?}, expected {expected:?}"))
}

/// Checks that the document lists exactly what is needed: all of it suffices, and no part can be
/// left out.
fn enforced(rebuilt: &Rebuilt, object: Option<&BTreeMap<String, Vec<String>>>) -> Result<(), String> {
    let all = object.cloned().unwrap_or_default();
    if !rebuilt.allows(&all) {
        return Err(format!("{all:?} do not suffice"));
    }
    for (scheme, scopes) in &all {
        let mut less = all.clone();
        less.remove(scheme);
        if rebuilt.allows(&less) {
            return Err(format!("{scheme} is not needed"));
        }
        for scope in scopes {
            let mut less = all.clone();
            less.get_mut(scheme)
                .expect("it is there")
                .retain(|other| other != scope);
            if rebuilt.allows(&less) {
                return Err(format!("{scope} of {scheme} is not needed"));
            }
        }
    }
    Ok(())
}

fn check(path: &Path) {
    let text = std::fs::read_to_string(path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
    let record: Record = serde_json::from_str(&text).expect("the record is of this shape");
    let report = Report::on(&record);
    report.print(&record.fastapi);
    assert!(
        report.unexplained.is_empty(),
        "unexplained:\n{}",
        report.unexplained.join("\n")
    );
}

fn in_same_folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn the_trees_of_our_own_record_are_the_same() {
    check(&in_same_folder("tests/it/fastapi_trees/trees.json"));
}

#[test]
fn the_trees_of_another_file_are_the_same() {
    if let Some(path) = std::env::var_os("SCOPEGATE_TREES") {
        return check(Path::new(&path));
    }
    let path = in_same_folder("../../../shared/reference/scope_trees.json");
    if !path.exists() {
        return println!("SKIPPED: no other record of FastAPI's trees; SCOPEGATE_TREES=FILE names one");
    }
    check(&path);
}
