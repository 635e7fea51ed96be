//! A cell of the matrix leads to the operations that it counts.

use std::collections::BTreeSet;

use serde_json::json;

use crate::picture::fixture::{self, PictureFixture};
use crate::picture::{ENTER, documents, tables};

/// A cell: its row, its column, its number.
type Cell = (String, usize, usize);

fn cells(fixture: &PictureFixture) -> Vec<Cell> {
    let script = "return [...document.querySelectorAll('#matrix [data-row][data-column]')].map((cell) =>
        [cell.dataset.row, Number(cell.dataset.column), Number(cell.innerText.replace(/\\D/g, ''))])";
    serde_json::from_value(fixture.run(script)).expect("cells")
}

#[test]
fn a_cell_leads_to_the_operations_that_it_counts() {
    let tables = [
        tables::tutorial(),
        tables::shapes(),
        fixture::table_of(documents::SERVERS).map_err(|fault| fault.to_string().into()),
    ];
    for table in tables {
        let fixture = fixture!(table);
        let all = cells(&fixture);
        assert!(!all.is_empty(), "the matrix is open");
        for (row, column, count) in all {
            let cell = format!("#matrix [data-row=\"{row}\"][data-column=\"{column}\"]");
            // By keyboard: the page shows the operations, and the focus is at their beginning.
            fixture.browser.fill(&cell, ENTER).expect("a key");
            let shown: BTreeSet<String> = fixture
                .shown()
                .expect("rows")
                .into_iter()
                .map(|(name, _)| name)
                .collect();
            assert_eq!(shown.len(), count, "{row} {column}");
            let members = format!(
                "return policy.sections[{column}][1].map((n) => `${{operations[n].method}} ${{operations[n].path}}`)"
            );
            let members: BTreeSet<String> = serde_json::from_value(fixture.run(&members)).expect("names");
            assert!(shown.is_subset(&members), "{row} {column}");
            assert_eq!(fixture.run("return document.activeElement.id"), "chosen");
            assert_eq!(
                fixture.run(&format!("return document.querySelector('{cell}').ariaPressed")),
                "true"
            );
            assert!(
                fixture
                    .run("return address()")
                    .as_str()
                    .is_some_and(|text| text.contains("paths="))
            );
            // The same cell shows all operations again.
            fixture.browser.click(&cell).expect("a cell");
            assert_eq!(fixture.shown().expect("rows").len(), fixture.table.operations().len());
        }
        fixture.all_is_quiet();
    }
}

/// The cells of a row add up to the operations of the row. Every column is a part of the paths.
#[test]
fn each_operation_is_counted_once_in_each_row() {
    let fixture = fixture!(tables::regular(700, 60));
    fixture.browser.click("#matrix summary").expect("the matrix");
    fixture.browser.wait_for("#matrix [data-row]").expect("rows");
    let script = "return [policy.sections.flatMap(([, numbers]) => numbers).sort((a, b) => a - b),
        [...document.querySelectorAll('#matrix tbody tr')].map((row) => [
          Number(row.querySelector('.sum').innerText), [...row.querySelectorAll('td [data-row]')].reduce((sum, cell) => sum + Number(cell.innerText), 0)])]";
    let (members, rows): (Vec<usize>, Vec<(usize, usize)>) =
        serde_json::from_value(fixture.run(script)).expect("numbers");
    assert_eq!(members, (0..700).collect::<Vec<_>>());
    assert!(rows.len() >= 60);
    assert!(rows.iter().all(|(sum, cells)| sum == cells), "{rows:?}");
    fixture.all_is_quiet();
}

#[test]
fn a_cell_opens_the_group_of_its_operations() {
    let fixture = fixture!(tables::regular(700, 60));
    fixture.browser.click("#matrix summary").expect("the matrix");
    fixture.browser.click("#matrix tbody td [data-row]").expect("a cell");
    let shown = fixture.shown().expect("rows").len();
    assert!(shown > 0, "the groups are open");
    let place = fixture.run("return [byId('chosen').getBoundingClientRect().top >= 0, byId('chosen').getBoundingClientRect().bottom <= innerHeight]");
    assert_eq!(place, json!([true, true]));
    // A column and a row lead to their operations, too.
    fixture
        .browser
        .click("#matrix thead [data-column=\"2\"]")
        .expect("a column");
    let words = fixture.browser.text("#chosen").expect("words");
    assert!(words.starts_with("Only operations of "), "{words}");
    fixture.browser.click("#matrix tbody th [data-row]").expect("a row");
    assert!(
        fixture
            .browser
            .text("#chosen")
            .expect("words")
            .contains(" alone, and takes part in ")
    );
    fixture.browser.click("#all-again").expect("a button");
    assert_eq!(fixture.hash(), "");
    fixture.all_is_quiet();
}
