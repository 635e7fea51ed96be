//! The documents that policies are read from.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::Context;
use scopegate_openapi::import::{self, Imported, MAX_DOCUMENT};

/// Reads a policy. The error names the file, and the place in it.
pub(super) fn read(path: &Path) -> anyhow::Result<Imported> {
    let name = path.display().to_string().escape_debug().to_string();
    let bytes = bytes(path).with_context(|| format!("`{name}` cannot be read"))?;
    import::read(&bytes).with_context(|| format!("`{name}` is no policy"))
}

/// One byte more than a document may have, so that a larger one is known to be too large without being held.
fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let limit = u64::try_from(MAX_DOCUMENT).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().take(limit).read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
