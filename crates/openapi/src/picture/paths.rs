//! Groups operations by path, as a tree.

use std::collections::HashMap;

/// Operations whose paths have the same beginning.
#[derive(Debug, Default)]
pub(super) struct PathGroup {
    /// The beginning of their paths. For the whole table: the beginning that all its paths share.
    pub(super) prefix: String,
    /// The prefix without the part that all paths of the table share.
    pub(super) label: String,
    /// The numbers of the operations that are in no smaller group.
    pub(super) operations: Vec<usize>,
    /// Smaller groups.
    pub(super) groups: Vec<PathGroup>,
}

/// A group of more operations than this is divided.
const LARGE: usize = 12;
/// The maximum number of divisions of a group, because third-party paths may have any number of
/// segments.
const DEEPEST: usize = 8;

impl PathGroup {
    /// The whole table as one group, its operations by path, in the order of declaration.
    pub(super) fn all(paths: &[String]) -> Self {
        let all = paths
            .iter()
            .enumerate()
            .map(|(number, path)| PathTree::new(number, path));
        let all: Vec<PathTree<'_>> = all.collect();
        let is_one_path = paths.iter().all(|path| Some(path) == paths.first());
        let shared = if is_one_path { 0 } else { common(&all, 0) };
        let mut root = Self {
            prefix: all.first().map(|path| path.beginning(shared)).unwrap_or_default(),
            ..Self::default()
        };
        if is_one_path {
            root.operations = (0..paths.len()).collect();
            return root;
        }
        root.divide(all, shared, shared, DEEPEST);
        // A group with nearly all operations has no use, so its parts replace it.
        while let [only] = &mut *root.groups
            && !only.groups.is_empty()
        {
            let only = std::mem::take(only);
            root.operations.extend(only.operations);
            root.groups = only.groups;
        }
        root
    }

    /// All operations in it, smaller groups included, in the order in which they are shown.
    pub(super) fn members(&self) -> Vec<usize> {
        let smaller = self.groups.iter().flat_map(Self::members);
        self.operations.iter().copied().chain(smaller).collect()
    }

    /// Returns the number of its operations.
    pub(super) fn len(&self) -> usize {
        self.operations.len() + self.groups.iter().map(Self::len).sum::<usize>()
    }

    fn divide(&mut self, paths: Vec<PathTree<'_>>, shared: usize, depth: usize, deepest: usize) {
        for (segment, paths) in by_segment(paths, depth) {
            match (segment, &*paths) {
                (Some(_), [_, _, ..]) if deepest > 0 => {
                    self.groups.push(Self::of(paths, shared, depth, deepest - 1));
                }
                _ => self.operations.extend(paths.iter().map(|path| path.number)),
            }
        }
    }

    /// The paths agree up to `depth`, that segment included.
    fn of(paths: Vec<PathTree<'_>>, shared: usize, depth: usize, deepest: usize) -> Self {
        let common = common(&paths, depth + 1);
        let first = paths.first();
        let mut group = Self {
            prefix: first.map(|path| path.beginning(common)).unwrap_or_default(),
            label: first.map(|path| path.between(shared, common)).unwrap_or_default(),
            ..Self::default()
        };
        if paths.len() > LARGE {
            group.divide(paths, shared, common, deepest);
        } else {
            group.operations = paths.iter().map(|path| path.number).collect();
        }
        group
    }
}

struct PathTree<'p> {
    number: usize,
    text: &'p str,
    /// The ends of the segments.
    ends: Vec<usize>,
}

impl<'p> PathTree<'p> {
    fn new(number: usize, text: &'p str) -> Self {
        let ends = ends(text);
        Self { number, text, ends }
    }

    fn segment(&self, depth: usize) -> Option<&'p str> {
        // A slash at the end is not a segment.
        self.text
            .get(self.start(depth)?..*self.ends.get(depth)?)
            .filter(|segment| *segment != "/" || depth == 0)
    }

    /// Returns the beginning of the segment at this depth.
    fn start(&self, depth: usize) -> Option<usize> {
        match depth.checked_sub(1) {
            Some(before) => self.ends.get(before).copied(),
            None => Some(0),
        }
    }

    fn beginning(&self, depth: usize) -> String {
        let end = self.start(depth).unwrap_or(self.text.len());
        self.text.get(..end).unwrap_or(self.text).to_owned()
    }

    /// The segments from one depth to another, without the sign before them.
    fn between(&self, from: usize, to: usize) -> String {
        let end = self.start(to).unwrap_or(self.text.len());
        let text = self.start(from).and_then(|start| self.text.get(start..end));
        let text = text.unwrap_or(self.text);
        text.strip_prefix(['/', '.', ':']).unwrap_or(text).to_owned()
    }
}

/// Returns the ends of the segments of a path. A slash begins a segment. Inside a word, so do the
/// dot of `chat.postMessage` and the colon of `topics:publish`. Parameters and numbers such as
/// `1.0` are not divided.
fn ends(text: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut open = 0_usize;
    let mut before = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '{' | '(' => open += 1,
            '}' | ')' => open = open.saturating_sub(1),
            '/' if open == 0 && at > 0 => ends.push(at),
            '.' | ':' if open == 0 && before.is_some_and(|before| before != '/') => {
                let next = characters.peek().map(|(_, next)| *next);
                if next.is_some_and(|next| next.is_alphabetic() || next == '{') {
                    ends.push(at);
                }
            }
            _ => {}
        }
        before = Some(character);
    }
    ends.push(text.len());
    ends
}

/// Returns the number of segments that all paths share; at least `known`.
fn common(paths: &[PathTree<'_>], known: usize) -> usize {
    let shared = |depth: &usize| {
        let mut segments = paths.iter().map(|path| path.segment(*depth));
        let first = segments.next().flatten();
        first.is_some() && segments.all(|segment| segment == first)
    };
    let longest = paths.first().map_or(0, |path| path.ends.len());
    known + (known..longest).take_while(shared).count()
}

/// Groups the paths by their segment at this depth, in the order of first appearance.
fn by_segment<'p>(paths: Vec<PathTree<'p>>, depth: usize) -> Vec<(Option<&'p str>, Vec<PathTree<'p>>)> {
    let mut places: HashMap<Option<&'p str>, usize> = HashMap::new();
    let mut parts: Vec<(Option<&'p str>, Vec<PathTree<'p>>)> = Vec::new();
    for path in paths {
        let segment = path.segment(depth);
        let place = *places.entry(segment).or_insert(parts.len());
        match parts.get_mut(place) {
            Some((_, part)) => part.push(path),
            None => parts.push((segment, vec![path])),
        }
    }
    parts
}

#[cfg(test)]
mod tests;
