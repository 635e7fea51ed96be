//! Finds references to tests, files, items and headings that do not exist.

use std::collections::{HashMap, HashSet};

use super::markdown::{anchors, blocks, code_spans, links};
use crate::checkout::Checkout;

/// Endings of the files that a code span names. A span with another ending, such as `api.yaml`, may
/// be an example.
const SOURCES: [&str; 7] = ["css", "js", "md", "mjs", "py", "rs", "sql"];

/// Folders whose name begins a path of this checkout, with any ending.
const FOLDERS: [&str; 6] = [".cargo", ".ci", "benches", "crates", "docs", "fuzz"];

/// History: its names were correct when they were written.
const HISTORY: &str = "CHANGELOG.md";

/// The words of the Rust sources, and the files of their functions.
struct Index<'c> {
    checkout: &'c Checkout,
    functions: HashMap<&'c str, Vec<&'c str>>,
    words: HashSet<&'c str>,
}

/// The references that lead nowhere, each with the file that contains it.
pub(crate) fn broken(checkout: &Checkout) -> (Vec<String>, usize) {
    let index = Index::of(checkout);
    let mut count = 0;
    let mut broken = Vec::new();
    let mut check = |path: &str, reference: &str, exists: Option<bool>| {
        count += usize::from(exists.is_some());
        if exists == Some(false) {
            broken.push(format!("{path}: `{reference}`"));
        }
    };
    for (path, document) in checkout.texts(".md") {
        for target in links(document) {
            check(path, target, index.has_link(path, target));
        }
        let mut named = vec![path];
        for block in blocks(document).iter().filter(|_| path != HISTORY) {
            for span in code_spans(block) {
                check(path, span, index.has(&mut named, span));
            }
        }
    }
    for (path, source) in checkout.texts(".rs") {
        for comment in marked_comments(source) {
            let mut named = vec![path];
            for span in code_spans(&comment) {
                check(path, span, index.has_in_comment(&mut named, span));
            }
        }
        for page in pages(source) {
            check(path, page, Some(checkout.contains(page)));
        }
    }
    (broken, count)
}

impl<'c> Index<'c> {
    fn of(checkout: &'c Checkout) -> Self {
        let mut functions: HashMap<&str, Vec<&str>> = HashMap::new();
        let mut words = HashSet::new();
        for (path, source) in checkout.texts(".rs") {
            for line in source.lines() {
                let code = line.split("//").next().unwrap_or_default();
                let mut previous = "";
                for word in code.split(|letter: char| !letter.is_alphanumeric() && letter != '_') {
                    if previous == "fn" {
                        functions.entry(word).or_default().push(path);
                    }
                    words.insert(word);
                    previous = word;
                }
            }
        }
        Self {
            checkout,
            functions,
            words,
        }
    }

    /// Whether a code span of a document refers to something that exists. `None`: it is not a
    /// reference. `named` are the files that the last reference can mean.
    fn has(&self, named: &mut Vec<&'c str>, span: &str) -> Option<bool> {
        if let Some((before, test)) = span.split_once("::")
            && is_name(test)
            && (before.is_empty() || ending(before) == "rs")
        {
            if !before.is_empty() {
                *named = self.find(named, before);
            }
            return Some(named.iter().any(|file| self.is_function_of(test, file)));
        }
        if is_path(span) {
            let found = self.find(named, span);
            let exists = !found.is_empty() || self.has_folder(named, span);
            if !found.is_empty() {
                *named = found;
            }
            return Some(exists);
        }
        self.has_item(span)
    }

    /// The same of a comment marked `INVARIANT:` or `SECURITY:`. There a name of three words or
    /// more is a test or another function.
    fn has_in_comment(&self, named: &mut Vec<&'c str>, span: &str) -> Option<bool> {
        if is_name(span) && span.matches('_').count() > 1 {
            return Some(self.functions.contains_key(span) || self.words.contains(span));
        }
        self.has(named, span)
    }

    /// Whether a path of Rust, such as `Permit::granted`, consists of words of the sources.
    fn has_item(&self, span: &str) -> Option<bool> {
        let path = span.split(['(', '<', '{', '!', ' ']).next().unwrap_or_default();
        let is_item = path.contains("::") && path.split("::").all(is_name);
        is_item.then(|| {
            path.split("::")
                .all(|word| self.words.contains(word) || word.starts_with("scopegate_"))
        })
    }

    fn is_function_of(&self, name: &str, path: &str) -> bool {
        self.functions.get(name).is_some_and(|paths| paths.contains(&path))
    }

    /// Returns the files that a path can mean. It starts at the root, at `crates`, or next to the
    /// file that was named before. Otherwise it is the end of a path, first of one in the same
    /// crate.
    fn find(&self, near: &[&str], path: &str) -> Vec<&'c str> {
        let candidates = candidates(near, path);
        let is_candidate = |file: &&str| candidates.iter().any(|candidate| candidate == file);
        let exact: Vec<&str> = self.checkout.paths().filter(is_candidate).collect();
        if !exact.is_empty() {
            return exact;
        }
        let suffix = format!("/{path}");
        let all: Vec<&str> = self.checkout.paths().filter(|file| file.ends_with(&suffix)).collect();
        let is_near = |file: &&str| near.iter().any(|near| crate_of(near) == crate_of(file));
        let of_crate: Vec<&str> = all.iter().copied().filter(is_near).collect();
        if of_crate.is_empty() { all } else { of_crate }
    }

    fn has_folder(&self, near: &[&str], path: &str) -> bool {
        let candidates = candidates(near, path);
        candidates.iter().any(|candidate| self.checkout.contains(candidate))
    }

    /// Whether the target of a link exists. `None`: it is on another host.
    fn has_link(&self, document: &str, target: &str) -> Option<bool> {
        if target.contains("://") || target.starts_with("mailto:") {
            return None;
        }
        let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
        let Some(path) = (if path.is_empty() {
            Some(document.to_owned())
        } else {
            join(folder_of(document), path)
        }) else {
            return Some(false);
        };
        let has_anchor = |anchor: &str| {
            let text = self.checkout.text(&path).unwrap_or_default();
            anchors(text).iter().any(|known| known == anchor)
        };
        Some(self.checkout.contains(&path) && (anchor.is_empty() || has_anchor(anchor)))
    }
}

/// The comments of a source that begin with `INVARIANT:` or `SECURITY:`, each to the end of its
/// paragraph.
fn marked_comments(source: &str) -> Vec<String> {
    let mut comments = Vec::new();
    let mut comment = None;
    for line in source.lines() {
        let text = line
            .trim_start()
            .strip_prefix("//")
            .map(|text| text.trim_start_matches(['/', '!']).trim());
        let text = text.filter(|text| !text.is_empty());
        if let Some(text) = text
            && (text.starts_with("INVARIANT:") || text.starts_with("SECURITY:"))
        {
            comments.extend(comment.replace(String::new()));
        }
        match (text, &mut comment) {
            (Some(text), Some(comment)) => comment.extend([text, " "]),
            (None, _) => comments.extend(comment.take()),
            (Some(_), None) => {}
        }
    }
    comments.extend(comment);
    comments
}

/// The pages of `docs` that a text names.
fn pages(text: &str) -> impl Iterator<Item = &str> {
    let is_of_path = |letter: char| letter.is_alphanumeric() || matches!(letter, '/' | '-' | '_' | '.');
    let paths = text.split(move |letter| !is_of_path(letter));
    paths.filter(|path| path.starts_with("docs/") && ending(path) == "md")
}

/// Whether a code span is written like a path of this checkout.
fn is_path(span: &str) -> bool {
    let is_written_so = span
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "._-/".contains(letter));
    let (folder, rest) = span.split_once('/').unwrap_or(("", span));
    let is_source = SOURCES.contains(&ending(span)) && !rest.starts_with('.');
    is_written_so && !span.contains("NAME") && (is_source || FOLDERS.contains(&folder))
}

/// Whether this is the name of an item.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|letter: char| letter.is_ascii_digit())
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

fn candidates(near: &[&str], path: &str) -> Vec<String> {
    let siblings = near.iter().filter_map(|near| join(folder_of(near), path));
    let from_root = [path.trim_end_matches('/').to_owned(), format!("crates/{path}")];
    from_root.into_iter().chain(siblings).collect()
}

/// Returns the text after the last dot.
fn ending(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, ending)| ending)
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The crate that contains a path, or the folder that is not a crate.
fn crate_of(path: &str) -> &str {
    let in_crate = path.strip_prefix("crates/").unwrap_or(path);
    in_crate.split('/').next().unwrap_or_default()
}

/// A path from a folder, without `.` and `..`. `None`: it leads out of the checkout.
fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if part == ".." {
            parts.pop()?;
        } else {
            parts.push(part);
        }
    }
    Some(parts.join("/"))
}
