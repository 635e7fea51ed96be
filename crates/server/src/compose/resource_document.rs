//! The document of a resource, and the places that errors name.

use scopegate_openapi::import::{self, DocumentPosition, ImportError, Imported, ReadOptions};

use crate::config::ResourceSettings;

/// Reads the document of a resource.
pub(super) fn read(table: &ResourceSettings) -> anyhow::Result<Imported> {
    import::read_file(&table.document, &ReadOptions::new()).map_err(|fault| {
        let shown = table.document.display();
        let place = table.place("document");
        match fault {
            ImportError::Unreadable { message } => {
                anyhow::anyhow!("{place}: `{shown}` cannot be read: {message}; name a file that exists")
            }
            fault => {
                let line = fault.place().map(line_of).unwrap_or_default();
                anyhow::anyhow!(
                    "{place}: `{shown}` is not usable: {fault}{line}; correct the document, or name another one"
                )
            }
        }
    })
}

/// The line of a place, to append to a message.
pub(super) fn line_of(place: &DocumentPosition) -> String {
    let line = place.pointer().and_then(|_| place.line());
    line.map_or_else(String::new, |line| format!(" (line {line})"))
}
