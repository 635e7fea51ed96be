//! A page in a browser, next to the engine.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use scopegate_domain::SchemeName;
use scopegate_openapi::import;
use scopegate_openapi::picture::{self, Labels};
use scopegate_policy::{
    AssumedCredentials, AssumedCredentialsBuilder, Fact, FactId, FactSet, OperationTable, ResolvedOperation,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::webdriver::{Browser, Failure};

/// A browser that shows the page of a table.
pub(crate) struct PictureFixture {
    pub(crate) browser: Browser,
    pub(crate) table: OperationTable,
    folder: TempDir,
}

impl PictureFixture {
    pub(crate) fn set(table: OperationTable) -> Result<Option<Self>, Failure> {
        let Some(browser) = Browser::start_if_there()? else {
            return Ok(None);
        };
        let folder = tempfile::tempdir()?;
        let fixture = Self { browser, table, folder };
        fixture.open("page.html", &picture::html(&fixture.table, &Labels::new("The policy")))?;
        fixture.browser.wait_for("#ticks fieldset")?;
        Ok(Some(fixture))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn open(&self, name: &str, text: &str) -> Result<(), Failure> {
        let file = self.path(name);
        fs::write(&file, text)?;
        self.browser.open(&format!("file://{}", file.display()))
    }

    /// Opens the page by an address with this selection, as from a link.
    pub(crate) fn open_with(&self, hash: &str) {
        let page = format!("file://{}{hash}", self.path("page.html").display());
        self.browser.open("about:blank").expect("an empty page");
        self.browser.open(&page).expect("the page");
        self.browser.wait_for("#ticks fieldset").expect("boxes");
    }

    /// The address of the page, once it contains the selection.
    pub(crate) fn hash(&self) -> String {
        thread::sleep(Duration::from_millis(300));
        let hash = self.browser.run("return location.hash").expect("the script runs");
        hash.as_str().expect("a text").to_owned()
    }

    /// Sets the width of the screen.
    pub(crate) fn resize(&self, width: u32) {
        let metrics = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        let emulated = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": metrics });
        self.browser
            .command("POST", "/goog/cdp/execute", &emulated)
            .expect("a size");
    }

    /// The result of a function body in the page.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.browser.run(script).expect("the script runs")
    }

    /// The number of a fact, by its name.
    pub(crate) fn atom(&self, name: &str) -> usize {
        let atoms = self.table.fact_table().facts();
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

    /// Whether each operation of the page is allowed. Without a request none is.
    pub(crate) fn shown(&self) -> Result<Vec<(String, bool)>, Failure> {
        let script = "return [...document.querySelectorAll('[data-operation]')].map((row) => [
            row.querySelector('.method').innerText + ' ' + row.querySelector('.path').innerText,
            row.querySelector('.decision')?.innerText ?? ''])";
        let rows: Vec<(String, String)> = serde_json::from_value(self.browser.run(script)?)?;
        Ok(rows
            .into_iter()
            .map(|(operation, decision)| (operation, decision == "✓ allowed"))
            .collect())
    }

    /// The decisions of the engine, in the order of the page.
    pub(crate) fn decided(&self, shown: &[(String, bool)], ticked: &[&str], lacking: &[&str]) -> Vec<(String, bool)> {
        let atoms = |names: &[&str]| names.iter().map(|name| self.atom(name)).collect::<Vec<_>>();
        let grant = grant(&self.table, &atoms(ticked), &atoms(lacking));
        let decide = |(name, _): &(String, bool)| {
            let mut all = self.table.operations().iter();
            let found = all.find(|operation| operation.to_string() == *name);
            (name.clone(), grant.opens(found.expect("it is in the table")))
        };
        shown.iter().map(decide).collect()
    }

    /// The console has no error, and the page sent no request.
    pub(crate) fn all_is_quiet(&self) {
        assert_eq!(self.browser.console_errors().expect("the console"), [""; 0]);
        let asked = self
            .browser
            .run("return performance.getEntriesByType('resource').map((entry) => entry.name)");
        assert_eq!(asked.expect("the script runs"), json!([]));
    }
}

/// A table from a document.
pub(crate) fn table_of(document: &str) -> Result<OperationTable, Failure> {
    Ok(import::read(document.as_bytes())?.into_table())
}

/// The description of a real interface, if the file exists.
pub(crate) fn real(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/openapi");
    let file = folder.join(name);
    if !file.exists() {
        eprintln!("SKIPPED, NOTHING WAS TESTED: {name} is not in {}", folder.display());
        return None;
    }
    Some(file)
}

/// A request with the tokens of these boxes, while these conditions do not hold.
pub(crate) fn grant(table: &OperationTable, ticked: &[usize], lacking: &[usize]) -> AssumedCredentials {
    let atom = |number: &usize| table.fact_table().facts()[*number].clone();
    let present = |builder: AssumedCredentialsBuilder, number: &usize| match atom(number) {
        Fact::Scheme(name) => builder.token_of(name),
        Fact::Scope { scheme, token } => builder.scope_of(scheme, token),
        other => panic!("{other} is no box of a token"),
    };
    let mut builder = ticked.iter().fold(AssumedCredentials::builder(), present);
    if ticked.is_empty() {
        builder = builder.without(Fact::Authenticated);
    }
    let builder = lacking
        .iter()
        .fold(builder, |builder, number| builder.without(atom(number)));
    builder.build(table)
}

/// The operations that tokens without scopes open: one token for each of these schemes.
pub(crate) fn opened_by_tokens_of(table: &OperationTable, schemes: &[SchemeName]) -> BTreeSet<String> {
    let grants = schemes
        .iter()
        .map(|name| AssumedCredentials::builder().token_of(name.clone()).build(table));
    grants.flat_map(|grant| opened(table, &grant)).collect()
}

pub(crate) fn opened(table: &OperationTable, grant: &AssumedCredentials) -> BTreeSet<String> {
    let operations = table.operations().iter().filter(|operation| grant.opens(operation));
    operations.map(ToString::to_string).collect()
}

/// All the smallest lists of missing facts, in the fewest words.
pub(crate) fn missing(table: &OperationTable, operation: &ResolvedOperation, closed: &FactSet) -> BTreeSet<Vec<usize>> {
    let fact_table = table.fact_table();
    let residual = operation.requirement().missing_sets(closed);
    let numbers = |set: &FactSet| fact_table.generators(set).iter().map(FactId::index).collect();
    residual.iter().map(numbers).collect()
}
