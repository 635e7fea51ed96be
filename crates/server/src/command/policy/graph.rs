//! `scopegate policy graph FILE --output F`

use std::fs;

use anyhow::{Context, bail};
use scopegate_openapi::picture::{self, Labels};
use serde_json::json;

use super::document;
use crate::arguments::GraphArguments;
use crate::output::{Format, print};

pub(super) fn run(format: Format, arguments: &GraphArguments) -> anyhow::Result<()> {
    let output = &arguments.output;
    let draw = match output.extension().and_then(|extension| extension.to_str()) {
        Some("dot") => picture::dot,
        Some("html") => picture::html,
        Some("svg") => picture::svg,
        _ => bail!("`{}` ends in none of `.svg`, `.html` and `.dot`", output.display()),
    };
    let policy = document::read(&arguments.document.file)?;
    let mut labels = Labels::new(policy.title().unwrap_or("Policy"));
    if let Some(version) = policy.version() {
        labels = labels.note(format!("{version} ({})", policy.format()));
    }
    let text = draw(policy.table(), &labels);
    fs::write(output, &text).with_context(|| format!("`{}` cannot be written", output.display()))?;
    let operations = policy.table().operations().len();
    let human = format!("{}: {operations} operations, {} bytes", output.display(), text.len());
    print(
        format,
        &human,
        &json!({ "output": output, "operations": operations, "bytes": text.len() }),
    )
}
