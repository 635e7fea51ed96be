//! The shadow policy, which is evaluated next to the running one.

use std::path::Path;

use anyhow::ensure;
use scopegate_http::policy::OperationTable;
use scopegate_openapi::import::{self, ImportError, ReadOptions};
use tracing::warn;

use super::resource_document::remedy;

/// The maximum number of notes about a document in the log.
const NOTES: usize = 20;

/// Reads the policy of a file: `OpenAPI` or another form that identifies itself.
pub(super) fn read(path: &Path) -> anyhow::Result<OperationTable> {
    let shown = path.display();
    let imported = import::read_file(path, &ReadOptions::new()).map_err(|fault| match fault {
        ImportError::Unreadable { message } => anyhow::anyhow!("shadow policy `{shown}` cannot be read: {message}"),
        fault => match remedy(&fault) {
            Some(remedy) => anyhow::anyhow!("shadow policy `{shown}`: {fault}; {remedy}"),
            None => anyhow::Error::from(fault).context(format!("shadow policy `{shown}`")),
        },
    })?;
    for note in imported.notes().iter().take(NOTES) {
        warn!(%note, "in the shadow policy");
    }
    let more = imported.notes().len().saturating_sub(NOTES);
    if more > 0 {
        warn!(more, "in the shadow policy");
    }
    let table = imported.into_table();
    ensure!(
        !table.operations().is_empty(),
        "shadow policy `{shown}` has no operation"
    );
    Ok(table)
}
