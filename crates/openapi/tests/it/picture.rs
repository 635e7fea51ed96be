//! Pictures are well-formed for all names, complete, the same each time, and consistent with the
//! engine.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail"
)]

mod complete;
mod counted;
mod decision;
mod decisions;
mod embedded;
mod markup;
mod shortened;

#[path = "../../examples/tables/mod.rs"]
mod tables;

use scopegate_openapi::picture::{self, Labels};
use scopegate_policy::OperationTable;

/// A table of every kind, with its name.
fn all() -> [(&'static str, OperationTable); 5] {
    [
        ("tutorial", tables::tutorial().unwrap()),
        ("shapes", tables::shapes().unwrap()),
        ("hundred", tables::regular(100, 17).unwrap()),
        ("large", tables::regular(700, 60).unwrap()),
        ("hostile", tables::hostile().unwrap()),
    ]
}

/// Labels that are as hostile as the rest.
fn labels() -> Labels {
    Labels::new(tables::HOSTILE.concat()).note(tables::HOSTILE.join("\u{85}"))
}

/// The three pictures of a table.
fn pictures(table: &OperationTable) -> [String; 3] {
    let labels = labels();
    [
        picture::svg(table, &labels),
        picture::html(table, &labels),
        picture::dot(table, &labels),
    ]
}

#[test]
fn the_same_table_gives_the_same_bytes() {
    for ((name, once), (_, again)) in all().into_iter().zip(all()) {
        assert_eq!(pictures(&once), pictures(&again), "{name}");
    }
}

#[test]
fn seven_hundred_operations_stay_below_a_megabyte() {
    let table = tables::regular(700, 60).unwrap();
    for picture in pictures(&table) {
        assert!(picture.len() < 1_000_000, "{} bytes", picture.len());
    }
}

#[test]
fn a_table_without_operations_is_drawn() {
    let table = OperationTable::builder(scopegate_domain::Catalog::builder().build().unwrap())
        .build()
        .unwrap();
    let [svg, html, dot] = pictures(&table);
    assert!(svg.contains("0 operations") && html.contains("0 operations") && dot.contains("0 operations"));
}
