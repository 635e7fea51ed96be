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
mod tests {
    use super::*;

    fn all(paths: &[&str]) -> PathGroup {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        PathGroup::all(&paths)
    }

    /// The operations outside groups, and the groups with their sizes.
    fn groups(paths: &[&str]) -> (Vec<usize>, Vec<(String, usize)>) {
        let PathGroup { operations, groups, .. } = all(paths);
        (
            operations,
            groups.iter().map(|group| (group.label.clone(), group.len())).collect(),
        )
    }

    fn named(groups: &[(&str, usize)]) -> Vec<(String, usize)> {
        groups
            .iter()
            .map(|(label, count)| ((*label).to_owned(), *count))
            .collect()
    }

    #[test]
    fn paths_that_begin_alike_are_a_group() {
        let (alone, together) = groups(&["/status/", "/users/me/", "/users/me/items/", "/", "health"]);
        assert_eq!(alone, [0, 3, 4]);
        assert_eq!(together, named(&[("users/me", 2)]));
    }

    #[test]
    fn groups_skip_what_all_paths_begin_with() {
        let paths = [
            "/drive/v3/about",
            "/drive/v3/files",
            "/drive/v3/files/{fileId}",
            "/drive/v3/changes/watch",
            "/drive/v3/changes",
        ];
        assert_eq!(groups(&paths), (vec![0], named(&[("files", 2), ("changes", 2)])));
        assert_eq!(all(&paths).prefix, "/drive/v3");
        assert_eq!(all(&paths).groups[0].prefix, "/drive/v3/files");
        // A path that is the common beginning itself is in no group.
        assert_eq!(
            groups(&["/api", "/api/", "/api/a/b", "/api/a/c"]),
            (vec![0, 1], named(&[("a", 2)]))
        );
        // All paths may share a parameter.
        let tenants = ["/{tenant}/users", "/{tenant}/users/{id}", "/{tenant}/keys"];
        assert_eq!(groups(&tenants), (vec![2], named(&[("users", 2)])));
    }

    #[test]
    fn a_dot_divides_a_word_and_nothing_else() {
        let slack = [
            "/api.test",
            "/chat.delete",
            "/chat.post",
            "/admin.users.list",
            "/admin.apps.list",
        ];
        assert_eq!(groups(&slack), (vec![0], named(&[("chat", 2), ("admin", 2)])));
        let rpc = [
            "/xrpc/com.x.repo.get",
            "/xrpc/com.x.repo.put",
            "/xrpc/com.x.sync.get",
            "/xrpc/com.x.sync.list",
        ];
        assert_eq!(groups(&rpc), (vec![], named(&[("repo", 2), ("sync", 2)])));
        // Numbers, parameters, arguments and hidden files are not divided.
        let versions = ["/v1.0/a", "/v1.0/b", "/v1.1/a", "/v1.1/b", "/.well-known/x"];
        assert_eq!(groups(&versions), (vec![4], named(&[("v1.0", 2), ("v1.1", 2)])));
        let others = [
            "/{a.b}/x",
            "/{a.c}/x",
            "/get(a='x.y')",
            "/get(a='x.z')",
            "/users.json",
            "/users/{id}.json",
        ];
        assert_eq!(groups(&others), (vec![0, 1, 2, 3], named(&[("users", 2)])));
    }

    #[test]
    fn a_colon_divides_a_word_from_its_verb() {
        let topics = ["/v1/topics", "/v1/topics:clear", "/v1/{name}:publish", "/v1/{name}"];
        assert_eq!(groups(&topics), (vec![], named(&[("topics", 2), ("{name}", 2)])));
        assert_eq!(groups(&["/a/:id", "/a/:other", "/b"]), (vec![2], named(&[("a", 2)])));
    }

    #[test]
    fn a_single_path_has_no_group() {
        assert_eq!(groups(&["/token"]), (vec![0], vec![]));
        assert_eq!(groups(&["/a/b", "/a/b", "/a/b"]), (vec![0, 1, 2], vec![]));
        assert_eq!(groups(&[]), (vec![], vec![]));
        assert_eq!(groups(&["/a/b", "/a/b/"]), (vec![0, 1], vec![]));
    }

    #[test]
    fn the_parts_of_an_only_group_take_its_place() {
        let mut paths = vec!["/health".to_owned()];
        paths.extend((0..40).map(|number| format!("/v1/{}/{number}", ["users", "keys", "logs"][number % 3])));
        let root = PathGroup::all(&paths);
        let labels: Vec<&str> = root.groups.iter().map(|group| &*group.label).collect();
        assert_eq!(
            (root.operations, labels),
            (vec![0], vec!["v1/users", "v1/keys", "v1/logs"])
        );
    }

    #[test]
    fn large_groups_are_divided_and_nothing_is_lost() {
        let paths: Vec<String> = (0..900)
            .map(|number| format!("/v1/{}/{}/x", number % 7, number % 90))
            .collect();
        let root = PathGroup::all(&paths);
        assert_eq!((root.prefix.as_str(), root.groups.len()), ("/v1", 7));
        assert_eq!(root.groups[2].label, "2");
        let mut members = root.members();
        members.sort_unstable();
        assert_eq!(members, (0..900).collect::<Vec<_>>());
    }

    #[test]
    fn any_number_of_segments_is_taken() {
        let deep = "/a".repeat(50_000);
        let paths: Vec<String> = (0..40)
            .map(|number| format!("{deep}/{}", "b/".repeat(number)))
            .collect();
        let root = PathGroup::all(&paths);
        assert_eq!(root.len(), 40);
    }
}
