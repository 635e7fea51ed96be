//! The documents that policies are read from.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::Context;
use scopegate_openapi::import::{self, Imported, MAX_DOCUMENT};
use scopegate_policy::analysis::locate;
use scopegate_policy::{Method, ResolvedOperation};

use super::held::unknown;
use crate::arguments::PolicyOperation;

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

/// The operation that is asked about.
pub(super) fn operation<'t>(policy: &'t Imported, asked: &PolicyOperation) -> anyhow::Result<&'t ResolvedOperation> {
    find(policy, &asked.method, &asked.path)
}

/// The operation of a method and a path.
pub(super) fn find<'t>(policy: &'t Imported, method: &str, path: &str) -> anyhow::Result<&'t ResolvedOperation> {
    let method: Method = method
        .to_ascii_uppercase()
        .parse()
        .with_context(|| format!("bad method `{}`", method.escape_default()))?;
    locate(policy.table(), method, path).with_context(|| {
        let known = policy.table().operations().iter().map(ToString::to_string);
        unknown("operation", &format!("{method} {path}"), known)
    })
}
