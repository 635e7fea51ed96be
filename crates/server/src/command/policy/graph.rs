//! `scopegate policy graph FILE --output F`

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Context, bail};
use scopegate_openapi::picture::{self, Labels};
use serde_json::json;

use super::document;
use crate::arguments::GraphArguments;
use crate::output::{Format, counted, print};

pub(super) fn run(format: Format, arguments: &GraphArguments) -> anyhow::Result<()> {
    let output = &arguments.output;
    let draw = match output.extension().and_then(|extension| extension.to_str()) {
        Some("dot") => picture::dot,
        Some("html") => picture::html,
        Some("svg") => picture::svg,
        _ => bail!("`{}` ends in none of `.svg`, `.html` and `.dot`", output.display()),
    };
    let policy = document::open(&arguments.document)?;
    let mut labels = Labels::new(policy.title().unwrap_or("Policy"));
    if let Some(version) = policy.version() {
        labels = labels.note(format!("{version} ({})", policy.format()));
    }
    let text = draw(policy.table(), &labels);
    refuse_input(&arguments.document.file, output)?;
    replace(output, &text).with_context(|| format!("`{}` cannot be written", output.display()))?;
    let operations = policy.table().operations().len();
    let human = format!(
        "{}: {}, {} bytes",
        output.display(),
        counted(operations, "operation"),
        text.len()
    );
    print(
        format,
        &human,
        &json!({ "output": output, "operations": operations, "bytes": text.len() }),
    )
}

/// A picture never replaces the document that it shows, by whatever name.
fn refuse_input(document: &Path, output: &Path) -> anyhow::Result<()> {
    let file = |path: &Path| fs::metadata(path).map(|file| (file.dev(), file.ino()));
    if let (Ok(document), Ok(picture)) = (file(document), file(output))
        && document == picture
    {
        bail!("`{}` is the document itself; give another name", output.display());
    }
    Ok(())
}

/// Writes a file whole or not at all: a full disk does not destroy the picture that is there.
fn replace(output: &Path, text: &str) -> io::Result<()> {
    let target = fs::canonicalize(output).unwrap_or_else(|_| output.to_owned());
    if fs::metadata(&target).is_ok_and(|file| !file.is_file()) {
        return fs::write(target, text);
    }
    let mut new = target.clone().into_os_string();
    new.push(format!(".{}.new", std::process::id()));
    let written = fs::write(&new, text).and_then(|()| fs::rename(&new, &target));
    if written.is_err() {
        // The first error is the cause.
        let _ = fs::remove_file(&new);
    }
    written
}
