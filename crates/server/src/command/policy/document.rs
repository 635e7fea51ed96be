//! The documents that policies are read from.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, anyhow};
use scopegate_openapi::address::{Addresses, UnknownAddress};
use scopegate_openapi::import::{self, Imported, MAX_DOCUMENT};
use scopegate_policy::{Method, ResolvedOperation};

use super::names::{self, near, unknown};
use crate::arguments::{PolicyFile, PolicyOperation};

/// Reads a policy. The error names the file, and the place in it.
pub(super) fn read(path: &Path) -> anyhow::Result<Imported> {
    let name = path.display().to_string().escape_debug().to_string();
    let bytes = bytes(path).with_context(|| format!("`{name}` cannot be read"))?;
    import::read(&bytes).with_context(|| format!("`{name}` is no policy"))
}

/// Reads a policy that is asked about, with the servers that were joined.
pub(super) fn open(file: &PolicyFile) -> anyhow::Result<Imported> {
    let mut policy = read(&file.file)?;
    names::join_servers(&mut policy, &file.same_server)?;
    Ok(policy)
}

/// The same with the text of the document, to find lines in it.
pub(super) fn open_with_text(file: &PolicyFile) -> anyhow::Result<(Imported, String)> {
    let name = file.file.display().to_string().escape_debug().to_string();
    let bytes = bytes(&file.file).with_context(|| format!("`{name}` cannot be read"))?;
    let mut policy = import::read(&bytes).with_context(|| format!("`{name}` is no policy"))?;
    names::join_servers(&mut policy, &file.same_server)?;
    // A policy is UTF-8.
    Ok((policy, String::from_utf8(bytes).unwrap_or_default()))
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
    let method = Method::from_str(&method.to_ascii_uppercase()).map_err(|fault| {
        let known = Method::ALL.iter().map(ToString::to_string);
        let said = near("bad method", &method.to_ascii_uppercase(), known);
        if said.ends_with('?') {
            anyhow!("{said}")
        } else {
            anyhow!("{said}: {fault}")
        }
    })?;
    let exact = || policy.table().find(method, path).ok_or(UnknownAddress::Path);
    exact()
        .or_else(|_| Addresses::new(policy).find(method, path))
        .map_err(|fault| {
            if matches!(fault, UnknownAddress::Host(_)) {
                return anyhow!(
                    "{fault}; `{method} {}` is not a call of the policy",
                    path.escape_debug()
                );
            }
            let known = policy.table().operations().iter().map(ToString::to_string);
            anyhow!("{}", unknown("operation", &format!("{method} {path}"), known))
        })
}
