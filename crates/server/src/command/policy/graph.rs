//! `scopegate policy graph FILE --output F`

use std::path::Path;

use anyhow::{Context, bail};
use scopegate_openapi::picture::{self, Labels};
use serde_json::json;

use super::document;
use super::written::{refuse_input, refuse_other, replace};
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
    refuse_other(output, "picture", is_picture)?;
    crate::command::context::block_on(async { Ok(replace(output, &text)?) })
        .with_context(|| format!("`{}` cannot be written", output.display()))?;
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

/// Whether a text starts like a picture or a page.
fn is_picture(start: &str) -> bool {
    ["<", "digraph", "strict", "graph", "//", "/*"]
        .iter()
        .any(|sign| start.starts_with(sign))
}
