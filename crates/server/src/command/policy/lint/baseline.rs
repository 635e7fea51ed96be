//! `--baseline FILE` and `--write-baseline FILE`: findings that were there before.
//!
//! A finding is recognized by its rule, its cause and its operations, so it stays known if lines
//! move. A finding that combines others is compared by its parts, so that one more scope of a
//! scheme is new.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::slice;

use anyhow::Context;
use scopegate_analysis::Finding;
use serde::{Deserialize, Serialize};

use crate::command::policy::written::{refuse_other, replace};

/// Maximum size of the file, in bytes. A baseline is as large as a report.
const MAX_FILE: u64 = 64 << 20;
/// The version of the format. Version 1 did not contain the scopes of a finding about several.
const VERSION: u32 = 2;

/// The content of a baseline file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Baseline {
    version: u32,
    findings: Vec<Entry>,
}

#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    cause: String,
    operations: BTreeSet<String>,
}

impl Baseline {
    pub(super) fn of(findings: &[Finding]) -> Self {
        let mut entries: Vec<Entry> = findings.iter().flat_map(whole).map(entry).collect();
        entries.sort_unstable();
        Self {
            version: VERSION,
            findings: entries,
        }
    }

    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.display().to_string().escape_debug().to_string();
        let length = fs::metadata(path)
            .with_context(|| format!("`{name}` cannot be read"))?
            .len();
        anyhow::ensure!(length <= MAX_FILE, "`{name}` is larger than {MAX_FILE} bytes");
        let bytes = fs::read(path).with_context(|| format!("`{name}` cannot be read"))?;
        let baseline: Self = serde_json::from_slice(&bytes).with_context(|| format!("`{name}` is not a baseline"))?;
        let version = baseline.version;
        anyhow::ensure!(
            version == VERSION,
            "`{name}` is a baseline of version {version}; write it again with `--write-baseline`"
        );
        Ok(baseline)
    }

    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let name = path.display().to_string().escape_debug().to_string();
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        refuse_other(path, "baseline", |start| {
            start.starts_with('{') && start.contains("\"version\"") && start.contains("\"findings\"")
        })?;
        crate::command::context::block_on(async { Ok(replace(path, &text)?) })
            .with_context(|| format!("`{name}` cannot be written"))
    }

    /// Returns the new findings, each with its new operations, and the number of findings that are
    /// known as a whole.
    ///
    /// A finding that combines others stays whole if all of them are new. Otherwise only the new
    /// ones are reported.
    pub(super) fn new_findings(&self, findings: Vec<Finding>) -> (Vec<Finding>, usize) {
        let mut known = Known::new();
        for entry in &self.findings {
            let operations = known.entry((&entry.rule, &entry.cause)).or_default();
            operations.extend(entry.operations.iter().map(String::as_str));
        }
        let mut new = Vec::new();
        let mut count = 0;
        for finding in findings {
            let parts = whole(&finding).iter();
            let new_parts: Vec<Finding> = parts.filter_map(|part| new_part(&known, part)).collect();
            if new_parts.is_empty() {
                count += 1;
            } else if new_parts == whole(&finding) {
                new.push(finding);
            } else {
                new.extend(new_parts);
            }
        }
        (new, count)
    }
}

/// The known operations of each rule and cause.
type Known<'b> = BTreeMap<(&'b str, &'b str), BTreeSet<&'b str>>;

/// The findings that a finding combines, or the finding itself.
fn whole(finding: &Finding) -> &[Finding] {
    match finding.parts() {
        [] => slice::from_ref(finding),
        parts => parts,
    }
}

/// Returns the finding with its new operations. `None` if it is in the baseline.
fn new_part(known: &Known<'_>, finding: &Finding) -> Option<Finding> {
    let Some(operations) = known.get(&(finding.rule().as_str(), finding.cause())) else {
        return Some(finding.clone());
    };
    if finding.operations().is_empty() {
        return None;
    }
    let is_new = |operation: String| !operations.contains(operation.as_str());
    let finding = finding.clone();
    finding.retain(|method, path| is_new(format!("{method} {path}")))
}

fn entry(finding: &Finding) -> Entry {
    let operations = finding.operations().iter();
    Entry {
        rule: finding.rule().to_string(),
        cause: finding.cause().to_owned(),
        operations: operations.map(|(method, path)| format!("{method} {path}")).collect(),
    }
}
