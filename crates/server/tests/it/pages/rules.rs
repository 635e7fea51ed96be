//! Every page and error page: accessible, valid, and at most as wide as the narrowest screen.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use self::samples::{Samples, Words};
use super::fixture::{NARROW, assert_fits};
use crate::programs::packages::{Check, node, sources};
use crate::programs::process::Program;
use crate::programs::results;
use crate::webdriver::{Browser, Failure};

#[path = "../../../../portal/src/page/tests/samples.rs"]
mod samples;

const STYLESHEET: &str = include_str!("../../../../portal/assets/portal.css");

/// Runs the rules of axe, and returns what a user would notice.
const AXE: &str = "return axe.run(document, { resultTypes: ['violations'] }).then(found => found.violations
    .filter(one => ['serious', 'critical'].includes(one.impact))
    .map(one => [one.id, one.help, one.nodes.map(node => node.html + ' ' + node.failureSummary)]))";

/// The pages in files of a folder, with their stylesheet.
struct Pages {
    folder: TempDir,
    files: Vec<PathBuf>,
}

impl Pages {
    fn write() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("portal.css"), STYLESHEET).unwrap();
        let pages = Samples::new(Words::plain()).pages().into_iter();
        let files = pages.map(|(name, page)| {
            let (begin, rest) = page.split_once("<link rel=\"stylesheet\" href=\"").unwrap();
            let (_, end) = rest.split_once('"').unwrap();
            let file = folder.path().join(format!("{name}.html"));
            fs::write(
                &file,
                format!("{begin}<link rel=\"stylesheet\" href=\"portal.css\"{end}"),
            )
            .unwrap();
            file
        });
        let files: Vec<PathBuf> = files.collect();
        assert!(files.len() > 35, "{files:?}");
        Self { folder, files }
    }
}

/// What axe finds on a page.
fn found(browser: &Browser, axe: &Value, file: &Path) -> Result<Value, Failure> {
    browser.open(&format!("file://{}", file.display()))?;
    // Folded lists are read, too.
    browser.run("for (const one of document.querySelectorAll('details')) one.open = true")?;
    browser.run_with("(0, eval)(arguments[0])", std::slice::from_ref(axe))?;
    browser.run(AXE)
}

#[test]
fn axe_finds_nothing_serious_on_any_page() -> Result<(), Failure> {
    let Some(packages) = node(Check::Long, "npm's `axe-core`") else {
        return Ok(());
    };
    let Some(browser) = Browser::start_if_there()? else {
        return Ok(());
    };
    let axe = Value::from(fs::read_to_string(packages.join("node_modules/axe-core/axe.min.js"))?);
    let pages = Pages::write();
    for (scheme, width) in [("light", NARROW), ("dark", 1280)] {
        browser.prefer(scheme)?;
        browser.resize(width, 900)?;
        for file in &pages.files {
            assert_eq!(found(&browser, &axe, file)?, json!([]), "{scheme}: {}", file.display());
            assert_fits(&browser, &file.display().to_string());
        }
    }
    // The same rules find a fault.
    let faulty = pages.folder.path().join("faulty.html");
    fs::write(&faulty, "<!DOCTYPE html><title>a</title><h1>a</h1><input name=a>")?;
    let found = found(&browser, &axe, &faulty)?;
    assert!(found.to_string().contains("\"label\""), "{found}");
    results::record("npm", "axe-core", None);
    Ok(())
}

#[test]
fn html_validate_accepts_each_page() {
    let Some(packages) = node(Check::Short, "npm's `html-validate`") else {
        return;
    };
    let pages = Pages::write();
    let faulty = pages.folder.path().join("faulty.html");
    fs::write(
        &faulty,
        "<!DOCTYPE html><html lang=en><title>a</title><p>a<p onclick=\"a\">",
    )
    .unwrap();
    let mut command = Command::new("node");
    command
        .arg(sources("node").join("html-validate.mjs"))
        .current_dir(packages);
    let lines = Program::start(command.arg(pages.folder.path())).output();
    let (of_faulty, others): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.starts_with("faulty.html"));
    assert!(!of_faulty.is_empty());
    assert_eq!(others, [&format!("{} files", pages.files.len() + 1)]);
    results::record("npm", "html-validate", None);
}
