//! Operations by path: a tree of groups that have something in common.

use std::collections::HashMap;

/// Operations whose paths begin alike.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// What their paths begin with.
    pub(super) prefix: String,
    /// Those that stand in no smaller group, by number.
    pub(super) operations: Vec<usize>,
    /// Smaller groups.
    pub(super) groups: Vec<Group>,
}

/// Above so many operations a group is divided.
const LARGE: usize = 12;
/// How often groups are divided at most: paths of others may have any number of segments.
const DEEPEST: usize = 8;

impl Group {
    /// The whole table as one group that begins with nothing, its operations by path, in the order of declaration.
    pub(super) fn all(paths: &[String]) -> Self {
        let all = paths.iter().enumerate().map(|(number, path)| Path::new(number, path));
        let mut root = Self::default();
        root.divide(all.collect(), 0, DEEPEST);
        root
    }

    /// All operations in it, smaller groups included, in the order in which they are shown.
    pub(super) fn members(&self) -> Vec<usize> {
        let smaller = self.groups.iter().flat_map(Self::members);
        self.operations.iter().copied().chain(smaller).collect()
    }

    /// How many operations there are in it.
    pub(super) fn len(&self) -> usize {
        self.operations.len() + self.groups.iter().map(Self::len).sum::<usize>()
    }

    fn divide(&mut self, paths: Vec<Path<'_>>, depth: usize, deepest: usize) {
        for (segment, paths) in by_segment(paths, depth) {
            match (segment, &*paths) {
                (Some(_), [_, _, ..]) if deepest > 0 => self.groups.push(Self::of(paths, depth, deepest - 1)),
                _ => self.operations.extend(paths.iter().map(|path| path.number)),
            }
        }
    }

    /// The paths agree up to `depth`, that segment included.
    fn of(paths: Vec<Path<'_>>, depth: usize, deepest: usize) -> Self {
        let common = common(&paths, depth + 1);
        let mut group = Self {
            prefix: paths.first().map(|path| path.beginning(common)).unwrap_or_default(),
            ..Self::default()
        };
        if paths.len() > LARGE {
            group.divide(paths, common, deepest);
        } else {
            group.operations = paths.iter().map(|path| path.number).collect();
        }
        group
    }
}

struct Path<'p> {
    number: usize,
    text: &'p str,
    /// Where each segment ends.
    ends: Vec<usize>,
}

impl<'p> Path<'p> {
    fn new(number: usize, text: &'p str) -> Self {
        let inner = text
            .char_indices()
            .filter(|(at, character)| *at > 0 && *character == '/');
        let ends = inner.map(|(at, _)| at).chain([text.len()]).collect();
        Self { number, text, ends }
    }

    fn segment(&self, depth: usize) -> Option<&'p str> {
        let start = match depth.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        // A slash at the end is no segment of its own.
        self.text
            .get(start..*self.ends.get(depth)?)
            .filter(|segment| *segment != "/" || depth == 0)
    }

    fn beginning(&self, depth: usize) -> String {
        let end = depth.checked_sub(1).and_then(|last| self.ends.get(last));
        end.and_then(|end| self.text.get(..*end))
            .unwrap_or(self.text)
            .to_owned()
    }
}

/// How many segments all of them share; at least `known`.
fn common(paths: &[Path<'_>], known: usize) -> usize {
    let shared = |depth: &usize| {
        let mut segments = paths.iter().map(|path| path.segment(*depth));
        let first = segments.next().flatten();
        first.is_some() && segments.all(|segment| segment == first)
    };
    let longest = paths.first().map_or(0, |path| path.ends.len());
    known + (known..longest).take_while(shared).count()
}

/// The paths by their segment at this depth, in the order in which each stands first.
fn by_segment<'p>(paths: Vec<Path<'p>>, depth: usize) -> Vec<(Option<&'p str>, Vec<Path<'p>>)> {
    let mut places: HashMap<Option<&'p str>, usize> = HashMap::new();
    let mut parts: Vec<(Option<&'p str>, Vec<Path<'p>>)> = Vec::new();
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

    fn groups(paths: &[&str]) -> (Vec<usize>, Vec<(String, usize)>) {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        let Group { operations, groups, .. } = Group::all(&paths);
        (
            operations,
            groups.iter().map(|group| (group.prefix.clone(), group.len())).collect(),
        )
    }

    #[test]
    fn what_begins_alike_stands_together() {
        let (alone, together) = groups(&["/status/", "/users/me/", "/users/me/items/", "/", "health"]);
        assert_eq!(alone, [0, 3, 4]);
        assert_eq!(together, [("/users/me".to_owned(), 2)]);
    }

    #[test]
    fn large_groups_are_divided_and_nothing_is_lost() {
        let paths: Vec<String> = (0..900)
            .map(|number| format!("/v1/{}/{}/x", number % 7, number % 90))
            .collect();
        let root = Group::all(&paths);
        let [v1] = &*root.groups else { panic!("{root:?}") };
        assert_eq!((v1.prefix.as_str(), v1.groups.len()), ("/v1", 7));
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
        let root = Group::all(&paths);
        assert_eq!(root.len(), 40);
    }
}
