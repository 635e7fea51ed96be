//! `scopegate policy graph FILE --output F`

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Context, bail};
use scopegate_openapi::picture::{self, Labels};
use serde_json::json;

use super::document;
use crate::arguments::{GraphArguments, PictureFormat};
use crate::output::{Format, counted, print, write_line};

pub(super) fn run(format: Format, arguments: &GraphArguments) -> anyhow::Result<()> {
    let output = &arguments.output;
    let draw = match arguments.picture_format()? {
        PictureFormat::Dot => picture::dot,
        PictureFormat::Html => picture::html,
        PictureFormat::Svg => picture::svg,
    };
    let policy = document::open(&arguments.document)?;
    let mut labels = Labels::new(policy.title().unwrap_or("Policy"));
    if let Some(version) = policy.version() {
        labels = labels.note(format!("{version} ({})", policy.format()));
    }
    let text = draw(policy.table(), &labels);
    if arguments.writes_to_stdout() {
        return match format {
            Format::Human | Format::Json => write_line(&text),
            // The other formats are refused as for a file.
            other => print(other, "", &json!({})),
        };
    }
    refuse_input(&arguments.document.file, output)?;
    replace(output, &text).with_context(|| format!("`{}` cannot be written", output.display()))?;
    let operations = policy.table().operations().len();
    let human = format!(
        "{}: {}, {}",
        output.display(),
        counted(operations, "operation"),
        counted(text.len(), "byte")
    );
    print(
        format,
        &human,
        &json!({ "output": output, "operations": operations, "bytes": text.len() }),
    )
}

impl GraphArguments {
    fn writes_to_stdout(&self) -> bool {
        self.output == Path::new("-")
    }

    /// The format that `--as` names, or else the format of the file name.
    fn picture_format(&self) -> anyhow::Result<PictureFormat> {
        if let Some(format) = self.picture {
            return Ok(format);
        }
        if self.writes_to_stdout() {
            return Ok(PictureFormat::Svg);
        }
        let extension = self.output.extension().and_then(|extension| extension.to_str());
        match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("dot") => Ok(PictureFormat::Dot),
            Some("html") => Ok(PictureFormat::Html),
            Some("svg") => Ok(PictureFormat::Svg),
            _ => bail!(
                "`{}` ends in none of `.svg`, `.html` and `.dot`; add `--as svg`, `--as html` or `--as dot`",
                self.output.display()
            ),
        }
    }
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
