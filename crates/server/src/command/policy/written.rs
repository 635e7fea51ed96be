//! Files that `policy` commands write. They replace only a file of their own kind.

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Context, bail};

use crate::compose::expect_no_side_file;

/// Bytes of a file that are read to recognize its kind.
const START: u64 = 4096;

/// Fails if a file is the document of the command, by any name.
pub(super) fn refuse_input(document: &Path, output: &Path) -> anyhow::Result<()> {
    let file = |path: &Path| fs::metadata(path).map(|file| (file.dev(), file.ino()));
    if let (Ok(document), Ok(written)) = (file(document), file(output))
        && document == written
    {
        bail!("`{}` is the document itself; give another name", output.display());
    }
    Ok(())
}

/// Fails if a file exists with contents of another kind than `what`. The name of a file that
/// belongs to a database is refused too: the log of a database in use may be empty.
pub(super) fn refuse_other(output: &Path, what: &str, is_ours: impl FnOnce(&str) -> bool) -> anyhow::Result<()> {
    expect_no_side_file(&fs::canonicalize(output).unwrap_or_else(|_| output.to_owned()))?;
    if !fs::metadata(output).is_ok_and(|file| file.is_file() && file.len() > 0) {
        return Ok(());
    }
    let mut start = Vec::new();
    let read = fs::File::open(output).and_then(|file| file.take(START).read_to_end(&mut start));
    read.with_context(|| format!("`{}` cannot be read", output.display()))?;
    let start = String::from_utf8_lossy(&start);
    if is_ours(start.trim_start_matches('\u{FEFF}').trim_start()) {
        return Ok(());
    }
    bail!(
        "`{}` exists and is not a {what}, so it is not overwritten; give another name, or remove it first",
        output.display()
    )
}

/// Writes a file whole or not at all: a full disk does not destroy the existing file.
pub(super) fn replace(output: &Path, text: &str) -> io::Result<()> {
    let target = fs::canonicalize(output).unwrap_or_else(|_| output.to_owned());
    if fs::metadata(&target).is_ok_and(|file| !file.is_file()) {
        return fs::write(target, text);
    }
    let mut new = target.clone().into_os_string();
    new.push(format!(".{}.new", std::process::id()));
    let written = fs::write(&new, text).and_then(|()| fs::rename(&new, &target));
    if written.is_err() {
        // The first error is the cause.
        let _ = fs::remove_file(&new);
    }
    written
}
