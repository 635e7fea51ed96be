//! `scopegate policy export FILE --to FORM`

use anyhow::bail;
use scopegate_openapi::export::{self, DocumentInfo};
use serde_json::Map;

use super::document;
use crate::arguments::ExportArguments;
use crate::output::{Format, write_line};

pub(super) fn run(format: Format, arguments: &ExportArguments) -> anyhow::Result<()> {
    let policy = document::read(&arguments.document.file)?;
    let table = policy.table();
    if format == Format::Json && arguments.to == "toml" {
        bail!("`--format json` needs `--to openapi` or `--to canonical`");
    }
    match arguments.to.as_str() {
        "canonical" => write_line(&export::canonical(table)),
        "openapi" => {
            let info = DocumentInfo::new(policy.title().unwrap_or("Policy"), policy.version().unwrap_or("0"));
            let document = export::document(&info, table, &[], &Map::new());
            write_line(&serde_json::to_string_pretty(&document)?)
        }
        _ => write_line(&export::toml(table)?),
    }
}
