//! `--ignore FILE` and `x-scopegate-ignore`: findings that the owner accepts.

use std::fs;
use std::path::Path;

use anyhow::Context;
use jiff::Timestamp;
use jiff::tz::Offset;
use scopegate_analysis::Finding;
use scopegate_openapi::address::Addresses;
use scopegate_openapi::import::{Ignore, IgnoreDate, Imported, Located, locate_pointers, read_ignores};

use super::report::{Stale, path_of};

/// Maximum size of the file, in bytes. An ignore file is written by hand.
const MAX_FILE: u64 = 1 << 20;

/// The remaining findings, and the effect of each entry.
pub(super) struct Applied {
    pub(super) findings: Vec<Finding>,
    pub(super) ignored: usize,
    pub(super) stale: Vec<Stale>,
}

/// An entry and its place in the file.
struct Entry {
    ignore: Ignore,
    file: String,
    line: usize,
}

/// Removes the findings that the file and the document accept today.
pub(super) fn apply(
    findings: Vec<Finding>,
    files: &[impl AsRef<Path>],
    document: (&str, &str, &Imported),
) -> anyhow::Result<Applied> {
    let mut entries = of_document(document);
    for file in files {
        entries.extend(of_file(file.as_ref())?);
    }
    if entries.is_empty() {
        return Ok(apply_at(findings, entries, today()?));
    }
    let (_, _, policy) = document;
    let addresses = Addresses::new(policy);
    let located = entries.into_iter().map(|entry| Entry {
        ignore: entry.ignore.located(policy, &addresses),
        ..entry
    });
    Ok(apply_at(findings, located.collect(), today()?))
}

/// The day in UTC, so that machines in different zones agree.
fn today() -> anyhow::Result<IgnoreDate> {
    let date = Offset::UTC.to_datetime(Timestamp::now()).date();
    let (year, month, day) = (date.year(), date.month(), date.day());
    let number = |value: i8| u8::try_from(value).context("the clock is not set");
    Ok(IgnoreDate {
        year: u16::try_from(year).context("the clock is not set")?,
        month: number(month)?,
        day: number(day)?,
    })
}

fn of_file(path: &Path) -> anyhow::Result<Vec<Entry>> {
    let name = path.display().to_string().escape_debug().to_string();
    let length = fs::metadata(path)
        .with_context(|| format!("`{name}` cannot be read"))?
        .len();
    anyhow::ensure!(length <= MAX_FILE, "`{name}` is larger than {MAX_FILE} bytes");
    let text = fs::read_to_string(path).with_context(|| format!("`{name}` cannot be read"))?;
    let ignores = read_ignores(&text).with_context(|| format!("`{name}`"))?;
    let entry = |ignore: Ignore| Entry {
        line: ignore.position().map_or(1, |position| position.line),
        ignore,
        file: name.clone(),
    };
    Ok(ignores.into_iter().map(entry).collect())
}

fn of_document((file, text, policy): (&str, &str, &Imported)) -> Vec<Entry> {
    let pointers: Vec<Vec<String>> = policy.ignores().iter().map(pointer_of).collect();
    let located = locate_pointers(text, &pointers);
    let entries = policy.ignores().iter().zip(located);
    let entry = |(ignore, located): (&Ignore, Located)| {
        let other = ignore.place().file().zip(ignore.place().position());
        // A table of TOML has a position and no pointer.
        let position = other.map(|(_, position)| position).or_else(|| ignore.position());
        Entry {
            ignore: ignore.clone(),
            file: other.map_or_else(|| file.to_owned(), |(other, _)| path_of(file, other)),
            line: position.unwrap_or(located.position).line,
        }
    };
    entries.map(entry).collect()
}

fn pointer_of(ignore: &Ignore) -> Vec<String> {
    ignore.place().pointer().map(str::to_owned).into_iter().collect()
}

fn apply_at(mut findings: Vec<Finding>, entries: Vec<Entry>, today: IgnoreDate) -> Applied {
    let mut stale = Vec::new();
    let mut ignored = 0;
    for Entry { ignore, file, line } in entries {
        let (matching, others): (Vec<Finding>, Vec<Finding>) =
            findings.into_iter().partition(|finding| matches(&ignore, finding));
        findings = others;
        let mut stale_as = |state, why: String| {
            let message = format!("{file}:{line}: the entry for {ignore} {why}");
            stale.push(Stale {
                rule: ignore.rule(),
                state,
                file: file.clone(),
                line,
                message,
            });
        };
        let until = ignore.until().filter(|until| *until < today);
        match until {
            Some(until) => {
                stale_as("expired", format!("has expired on {until}, so it accepts nothing"));
                findings.extend(matching);
            }
            None if matching.is_empty() => stale_as("unmatched", "matches no finding; remove it".to_owned()),
            None => {
                ignored += matching.len();
                findings.extend(matching.into_iter().filter_map(|finding| remaining(&ignore, finding)));
            }
        }
    }
    Applied {
        findings,
        ignored,
        stale,
    }
}

/// Whether an entry is about this finding, or about some of its operations.
fn matches(ignore: &Ignore, finding: &Finding) -> bool {
    let mut operations = finding.operations().iter();
    finding.rule() == ignore.rule()
        && ignore.scheme().is_none_or(|scheme| finding.scheme() == Some(scheme))
        && (!ignore.is_about_operations() || operations.any(|(method, template)| ignore.covers(*method, template)))
}

/// The finding without the accepted operations, or `None` if all are accepted. The finding must
/// match.
fn remaining(ignore: &Ignore, finding: Finding) -> Option<Finding> {
    if !ignore.is_about_operations() {
        return None;
    }
    finding.retain(|method, template| !ignore.covers(method, template))
}

#[cfg(test)]
mod tests {
    use scopegate_policy::{LintRule, Method};

    use super::*;

    fn applied(text: &str, today: IgnoreDate) -> Applied {
        let finding = Finding::new(LintRule::UnprotectedOperation, "x")
            .at(Method::Get, "/health")
            .at(Method::Get, "/ping");
        let entries = read_ignores(text).unwrap().into_iter();
        let entries = entries.map(|ignore| Entry {
            ignore,
            file: "i".to_owned(),
            line: 1,
        });
        apply_at(vec![finding], entries.collect(), today)
    }

    #[test]
    fn an_entry_holds_up_to_its_last_day() {
        let text = "[[ignore]]\nrule = \"unprotected-operation\"\nreason = \"x\"\nuntil = 2027-01-31";
        let day = |day| IgnoreDate {
            year: 2027,
            month: 1,
            day,
        };
        assert!(applied(text, day(31)).findings.is_empty());
        let next = IgnoreDate { month: 2, ..day(1) };
        let expired = applied(text, next);
        assert_eq!(expired.findings.len(), 1);
        assert_eq!(expired.stale[0].state, "expired");
    }

    #[test]
    fn an_entry_for_one_operation_leaves_the_others() {
        let text = "[[ignore]]\nrule = \"unprotected-operation\"\noperation = \"GET /ping\"\nreason = \"x\"";
        let applied = applied(
            text,
            IgnoreDate {
                year: 2027,
                month: 1,
                day: 1,
            },
        );
        assert_eq!(applied.findings[0].operations(), [(Method::Get, "/health".to_owned())]);
        assert_eq!((applied.ignored, applied.stale.len()), (1, 0));
    }
}
