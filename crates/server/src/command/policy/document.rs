//! The documents that policies are read from.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, bail};
use scopegate_openapi::address::{Addresses, UnknownAddress};
use scopegate_openapi::import::{self, FileRefusal, ImportError, Imported, MAX_DOCUMENT, ReadOptions};
use scopegate_policy::{Method, ResolvedOperation};

use super::names::{self, near, unknown};
use super::notes;
use crate::arguments::{PolicyFile, PolicyOperation, Reading};
use crate::output::quoted;

/// Reads the policy of a command, with its joined servers. An error names the file and the place in
/// it.
pub(super) fn open(file: &PolicyFile) -> anyhow::Result<Imported> {
    let (policy, _) = open_with_text(file)?;
    Ok(policy)
}

/// The same with the text of the document, to find lines in it.
pub(super) fn open_with_text(file: &PolicyFile) -> anyhow::Result<(Imported, String)> {
    file.reading.refuse_unused_base(&[file.file.as_path()])?;
    let (mut policy, bytes) = read_one(&file.file, &file.reading)?;
    notes::tell(&policy, &file.file, None);
    names::join_servers(&mut policy, &file.same_server)?;
    // A policy is UTF-8.
    Ok((policy, String::from_utf8(bytes).unwrap_or_default()))
}

/// Reads one of two policies that are compared.
pub(super) fn read_side(path: &Path, reading: &Reading, side: &'static str) -> anyhow::Result<Imported> {
    let (imported, _) = read_one(path, reading)?;
    notes::tell(&imported, path, Some(side));
    Ok(imported)
}

fn read_one(path: &Path, reading: &Reading) -> anyhow::Result<(Imported, Vec<u8>)> {
    let shown = path.display().to_string();
    let name = shown.escape_debug().to_string();
    refuse_url(&shown)?;
    let options = reading.options();
    let bytes = bytes(path).with_context(|| format!("`{name}` cannot be read"))?;
    let read = if path == Path::new("-") {
        import::read_with(&bytes, &options)
    } else {
        import::read_as(&bytes, path, &options)
    };
    let read = read.map_err(|fault| {
        if matches!(fault, ImportError::Folder { .. }) {
            return anyhow::Error::from(fault);
        }
        let line = fault.place().filter(|place| place.pointer().is_some());
        let line = line.and_then(|place| place.line().zip(place.column()));
        let line = line.map_or_else(String::new, |(line, column)| format!(" (line {line}, column {column})"));
        let fault = match &fault {
            ImportError::FileNotAllowed { refusal, .. } => anyhow::anyhow!("{fault}; {}", remedy(*refusal)),
            _ => anyhow::Error::from(fault),
        };
        fault.context(format!("`{name}` is not a policy{line}"))
    })?;
    Ok((read, bytes))
}

/// The option that allows another file.
const fn remedy(refusal: FileRefusal) -> &'static str {
    match refusal {
        FileRefusal::NoFolder => "name it with `--base DIR`, or give the document as a file",
        _ => "allow its folder with `--allow-root DIR`",
    }
}

/// Refuses a URL if a file is needed, because the command fetches nothing.
pub(super) fn refuse_url(name: &str) -> anyhow::Result<()> {
    let is_scheme = |scheme: &str| {
        scheme.len() > 1
            && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || matches!(character, '+' | '-' | '.'))
    };
    let is_url = name
        .split_once(':')
        .is_some_and(|(scheme, rest)| is_scheme(scheme) && rest.starts_with('/'));
    if is_url && !Path::new(name).exists() {
        bail!(
            "`{}` is a URL, and nothing is fetched; save it as a file, or write it to standard input (`-`)",
            name.escape_debug()
        );
    }
    Ok(())
}

impl Reading {
    fn options(&self) -> ReadOptions {
        let options = self.allow_root.iter().fold(ReadOptions::new(), ReadOptions::allow_root);
        match &self.base {
            Some(base) => options.base(base),
            None => options,
        }
    }

    /// Refuses `--base` if no document comes from standard input: a file has its own folder.
    pub(super) fn refuse_unused_base(&self, files: &[&Path]) -> anyhow::Result<()> {
        if self.base.is_some() && !files.contains(&Path::new("-")) {
            bail!("`--base` is for a document from standard input (`-`); a file has a folder of its own");
        }
        Ok(())
    }
}

/// Reads at most one byte more than the limit of a document. So a larger one is detected without
/// being held in memory.
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

/// Finds the operation that the arguments name.
pub(super) fn operation<'t>(policy: &'t Imported, asked: &PolicyOperation) -> anyhow::Result<&'t ResolvedOperation> {
    find(policy, &asked.method, &asked.path)
}

/// The operation of a method and a path.
pub(super) fn find<'t>(policy: &'t Imported, method: &str, path: &str) -> anyhow::Result<&'t ResolvedOperation> {
    let method = Method::from_str(&method.to_ascii_uppercase()).map_err(|fault| {
        let known = Method::ALL.iter().map(ToString::to_string);
        let said = near("bad method", &method.to_ascii_uppercase(), known);
        if said.ends_with('?') {
            anyhow::anyhow!("{said}")
        } else {
            anyhow::anyhow!("{said}: {fault}")
        }
    })?;
    let exact = || policy.table().find(method, path).ok_or(UnknownAddress::Path);
    exact()
        .or_else(|_| Addresses::new(policy).find(method, path))
        .map_err(|fault| {
            if matches!(fault, UnknownAddress::Host(_)) {
                return anyhow::anyhow!(
                    "{fault}; `{method} {}` is not a call of the policy",
                    path.escape_debug()
                );
            }
            let addresses = Addresses::new(policy);
            let mut others = Method::ALL.iter().filter_map(|other| addresses.find(*other, path).ok());
            if let Some(other) = others.next() {
                let asked = format!("{method} {path}");
                return anyhow::anyhow!(
                    "the policy has no operation `{}`; did you mean `{other}`?",
                    quoted(&asked)
                );
            }
            let known = policy.table().operations().iter().map(ToString::to_string);
            anyhow::anyhow!("{}", unknown("operation", &format!("{method} {path}"), known))
        })
}
