//! The policy that is tried out beside the running one.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context, ensure};
use scopegate_http::policy::OperationTable;
use scopegate_openapi::import::{self, MAX_DOCUMENT};
use tracing::warn;

/// Most notes about a document in the log.
const NOTES: usize = 20;

/// Reads the policy of a file: `OpenAPI` or another form that says by itself what it is.
pub(super) fn read(path: &Path) -> anyhow::Result<OperationTable> {
    let shown = path.display();
    let bytes = read_bounded(path).with_context(|| format!("shadow policy `{shown}` cannot be read"))?;
    let imported = import::read(&bytes).with_context(|| format!("shadow policy `{shown}`"))?;
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

/// A file that has no end is no policy.
fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    let most = u64::try_from(MAX_DOCUMENT).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
