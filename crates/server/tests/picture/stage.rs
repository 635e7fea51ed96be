//! A page in a browser, and the engine beside it.

use std::collections::BTreeSet;
use std::fs;

use scopegate_domain::Timestamp;
use scopegate_openapi::picture::{self, Labels};
use scopegate_policy::{AtomId, AtomSet, Decision, OperationTable, Presented, ResolvedOperation, World, authorize};
use serde_json::json;
use tempfile::TempDir;

use crate::webdriver::{Browser, Failure};

/// A browser that looks at the page of a table.
pub(crate) struct Stage {
    pub(crate) browser: Browser,
    pub(crate) table: OperationTable,
    folder: TempDir,
}

impl Stage {
    pub(crate) fn set(table: OperationTable) -> Result<Option<Self>, Failure> {
        let Some(browser) = Browser::start_if_there()? else {
            return Ok(None);
        };
        let folder = tempfile::tempdir()?;
        let stage = Self { browser, table, folder };
        stage.open("page.html", &picture::html(&stage.table, &Labels::new("The policy")))?;
        stage.browser.wait_for("#ticks fieldset")?;
        Ok(Some(stage))
    }

    pub(crate) fn open(&self, name: &str, text: &str) -> Result<(), Failure> {
        let file = self.folder.path().join(name);
        fs::write(&file, text)?;
        self.browser.open(&format!("file://{}", file.display()))
    }

    /// The number of an atom, by its name.
    pub(crate) fn atom(&self, name: &str) -> usize {
        let atoms = self.table.universe().atoms();
        atoms
            .iter()
            .position(|atom| atom.to_string() == name)
            .expect("the table names it")
    }

    pub(crate) fn box_of(&self, name: &str) -> String {
        format!("[data-tick=\"{}\"]", self.atom(name))
    }

    pub(crate) fn name_of(&self, name: &str) -> String {
        format!("[data-press=\"{}\"]", self.atom(name))
    }

    /// What the page shows of each operation: whether it is allowed.
    pub(crate) fn shown(&self) -> Result<Vec<(String, bool)>, Failure> {
        let script = "return [...document.querySelectorAll('[data-operation]')].map((row) => [
            row.querySelector('.method').innerText + ' ' + row.querySelector('.path').innerText,
            row.querySelector('.decision').innerText])";
        let rows: Vec<(String, String)> = serde_json::from_value(self.browser.run(script)?)?;
        Ok(rows
            .into_iter()
            .map(|(operation, decision)| (operation, decision == "✓ allowed"))
            .collect())
    }

    /// What the engine says, in the order of the page.
    pub(crate) fn decided(&self, shown: &[(String, bool)], ticked: &[&str]) -> Vec<(String, bool)> {
        let ticked: Vec<usize> = ticked.iter().map(|name| self.atom(name)).collect();
        let decide = |(name, _): &(String, bool)| {
            let found = self
                .table
                .operations()
                .iter()
                .find(|operation| operation.to_string() == *name);
            (
                name.clone(),
                allows(&self.table, found.expect("it is in the table"), &ticked),
            )
        };
        shown.iter().map(decide).collect()
    }

    /// Nothing was complained about, and nothing was asked of anybody.
    pub(crate) fn all_is_quiet(&self) {
        assert_eq!(self.browser.console_errors().expect("the console"), [""; 0]);
        let asked = self
            .browser
            .run("return performance.getEntriesByType('resource').map((entry) => entry.name)");
        assert_eq!(asked.expect("the script runs"), json!([]));
    }
}

/// All that these atoms bring.
fn world(table: &OperationTable, atoms: &[usize]) -> AtomSet {
    let universe = table.universe();
    let ids = atoms
        .iter()
        .map(|atom| universe.find(&universe.atoms()[*atom]).expect("its own atom"));
    universe.close(&ids.collect())
}

/// Whether the engine lets a request through that brings these atoms.
pub(crate) fn allows(table: &OperationTable, operation: &ResolvedOperation, atoms: &[usize]) -> bool {
    let closed = world(table, atoms);
    if closed.contains(AtomId::AUTHENTICATED) {
        return operation.decide(&World::of_atoms(&closed)) != Decision::Deny;
    }
    let names: Vec<String> = atoms
        .iter()
        .map(|atom| table.universe().atoms()[*atom].to_string())
        .collect();
    let facts = names.iter().filter_map(|name| name.strip_prefix("check:"));
    let nobody = facts.fold(Presented::new(Timestamp::from_unix(0)), Presented::with_fact);
    authorize(operation, &nobody).is_ok()
}

/// All the smallest lists of what is missing, in the fewest words.
pub(crate) fn missing(table: &OperationTable, operation: &ResolvedOperation, atoms: &[usize]) -> BTreeSet<Vec<usize>> {
    let universe = table.universe();
    let residual = operation.requirement().residual(&world(table, atoms));
    let numbers = |set: &AtomSet| universe.generators(set).iter().map(AtomId::index).collect();
    residual.iter().map(numbers).collect()
}
