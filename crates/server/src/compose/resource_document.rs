//! The document of a resource, and the places that errors name.

use std::fs;

use anyhow::bail;
use scopegate_openapi::import::{self, DocumentPosition, ImportError, Imported, ReadOptions};

use crate::config::ResourceSettings;

/// Reads the document of a resource.
pub(super) fn read(table: &ResourceSettings) -> anyhow::Result<Imported> {
    // A pipe or a device may never end.
    if fs::metadata(&table.document).is_ok_and(|file| !file.is_file() && !file.is_dir()) {
        let (place, shown) = (table.place("document"), table.document.display());
        bail!("{place}: `{shown}` is not a regular file; name a file");
    }
    import::read_file(&table.document, &ReadOptions::new()).map_err(|fault| {
        let shown = table.document.display();
        let place = table.place("document");
        match fault {
            ImportError::Unreadable { message } => {
                anyhow::anyhow!("{place}: `{shown}` cannot be read: {message}; name a file that exists")
            }
            fault => {
                let line = fault.place().map(line_of).unwrap_or_default();
                let remedy = remedy(&fault).unwrap_or("correct the document, or name another one");
                anyhow::anyhow!("{place}: `{shown}` is not usable: {fault}{line}; {remedy}")
            }
        }
    })
}

/// The remedy for a file that is not below the folder of the document that a server reads.
pub(super) fn remedy(fault: &ImportError) -> Option<&'static str> {
    matches!(fault, ImportError::FileNotAllowed { .. })
        .then_some("copy the file into the folder of the document, and refer to the copy")
}

/// The line of a place, to append to a message.
pub(super) fn line_of(place: &DocumentPosition) -> String {
    let line = place.pointer().and_then(|_| place.line());
    line.map_or_else(String::new, |line| format!(" (line {line})"))
}
