//! The files of this checkout, for tests that read all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Folders without sources: build output, dependencies, and inputs of a fuzzer.
const SKIPPED: [&str; 5] = [".git", "__pycache__", "corpus", "node_modules", "target"];

/// Endings of the files whose text is read.
const TEXTS: [&str; 5] = ["md", "rs", "sh", "sql", "toml"];

/// The paths of all files, from the root with `/`, and the texts of those that tests read.
#[derive(Debug)]
pub(crate) struct Checkout {
    paths: BTreeSet<String>,
    texts: BTreeMap<String, String>,
}

impl Checkout {
    /// Reads the checkout that contains this crate.
    pub(crate) fn read() -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut read = Self {
            paths: BTreeSet::new(),
            texts: BTreeMap::new(),
        };
        read.add_folder(&root, "");
        read
    }

    /// A made-up checkout of these paths and texts.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let owned = |&(path, text): &(&str, &str)| (path.to_owned(), text.to_owned());
        let texts: BTreeMap<String, String> = files.iter().map(owned).collect();
        Self {
            paths: texts.keys().cloned().collect(),
            texts,
        }
    }

    fn add_folder(&mut self, folder: &Path, prefix: &str) {
        for entry in fs::read_dir(folder).expect("a folder of the checkout can be read") {
            let entry = entry.expect("a folder of the checkout can be read");
            let name = entry.file_name().into_string().expect("names of files are text");
            let path = format!("{prefix}{name}");
            if entry.file_type().expect("a file has a type").is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    self.add_folder(&entry.path(), &format!("{path}/"));
                }
            } else {
                let is_text = name.rsplit_once('.').is_some_and(|(_, ending)| TEXTS.contains(&ending));
                if is_text || path.starts_with(".ci/") {
                    let text = fs::read_to_string(entry.path()).expect("sources are UTF-8");
                    self.texts.insert(path.clone(), text);
                }
                self.paths.insert(path);
            }
        }
    }

    /// The path and the text of each file whose path has this ending.
    pub(crate) fn texts(&self, ending: &str) -> impl Iterator<Item = (&str, &str)> {
        let texts = self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        texts.filter(move |(path, _)| path.ends_with(ending))
    }

    /// The text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// All paths of files.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// Whether this path is a file or a folder.
    pub(crate) fn contains(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        self.paths.contains(path)
            || self
                .paths()
                .any(|file| file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
    }
}
