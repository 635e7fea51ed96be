//! Entry points of fuzz targets: each asserts what must hold for any input.

mod resource_document;

use crate::export;
use crate::import::{self, Format, Imported};

pub use self::resource_document::resource_document;

/// Asserts that an accepted document is written as TOML and reads back to the same meaning.
///
/// # Panics
///
/// If a property does not hold.
pub fn import(input: &[u8]) {
    if let Ok(imported) = import::read(input) {
        reads_back(&imported);
        for note in imported.notes() {
            assert!(!note.to_string().contains('\n'), "a note is one line");
        }
    }
}

/// Asserts the same for policies in Scopegate's own TOML alone.
///
/// # Panics
///
/// If a property does not hold.
pub fn policy_toml(input: &[u8]) {
    match import::read(input) {
        Ok(imported) if imported.format() == Format::Toml => reads_back(&imported),
        Ok(_) => {}
        Err(fault) => assert!(!fault.to_string().contains('\n'), "a fault is one line: {fault}"),
    }
}

fn reads_back(imported: &Imported) {
    let Ok(text) = export::toml(imported.table()) else {
        return;
    };
    match import::read(text.as_bytes()) {
        Ok(read) => {
            let meaning = export::canonical(imported.table());
            assert_eq!(
                export::canonical(read.table()),
                meaning,
                "what is written means the same"
            );
            assert_eq!(
                export::toml(read.table()).as_ref(),
                Ok(&text),
                "what is written twice is the same"
            );
        }
        Err(fault) => assert!(text.len() > MOST, "what is written is read back: {fault}\n{text}"),
    }
}

/// A longer text may pass a limit of the reader, because the written form can exceed its source.
const MOST: usize = 1024 * 1024;
