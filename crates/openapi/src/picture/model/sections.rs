//! A large table in parts by path, as many as can be shown side by side.

use std::collections::BTreeSet;

use super::super::paths::PathGroup;
use super::Model;

/// Operations whose paths have the same beginning.
pub(crate) struct Section<'m> {
    pub(crate) label: String,
    pub(crate) operations: Vec<usize>,
    /// The group by which it can be divided.
    group: Option<&'m PathGroup>,
}

/// Divides the whole table into at most `most` parts (at least three), the largest first.
pub(crate) fn sections(model: &Model, most: usize) -> Vec<Section<'_>> {
    let mut sections = parts(&model.paths, most);
    while let Some((place, group)) = largest(&sections) {
        // The divided part is replaced, so its row is free.
        let room = (most + 1).saturating_sub(sections.len());
        let fits = group.groups.len() < room;
        if !fits && (sections.len() > 3 || room < 3) {
            break;
        }
        sections.splice(place..=place, parts(group, room));
    }
    sections
}

/// The largest of those that can be divided.
fn largest<'m>(sections: &[Section<'m>]) -> Option<(usize, &'m PathGroup)> {
    let divisible = sections
        .iter()
        .enumerate()
        .filter_map(|(place, section)| Some((place, section.group?)));
    let divisible = divisible.filter(|(_, group)| !group.groups.is_empty());
    divisible.max_by_key(|(place, group)| (group.len(), std::cmp::Reverse(*place)))
}

/// Divides a group: its largest smaller groups, and one part for the remaining operations.
fn parts(group: &PathGroup, room: usize) -> Vec<Section<'_>> {
    let mut by_size: Vec<usize> = (0..group.groups.len()).collect();
    by_size.sort_by_key(|place| std::cmp::Reverse(group.groups.get(*place).map_or(0, PathGroup::len)));
    let kept: BTreeSet<usize> = by_size.into_iter().take(room.saturating_sub(1)).collect();
    let (mut sections, mut rest) = (Vec::new(), group.operations.clone());
    for (place, smaller) in group.groups.iter().enumerate() {
        if kept.contains(&place) {
            sections.push(Section {
                label: smaller.label.clone(),
                operations: smaller.members(),
                group: Some(smaller),
            });
        } else {
            rest.extend(smaller.members());
        }
    }
    if !rest.is_empty() {
        let below = if group.label.is_empty() {
            String::new()
        } else {
            format!(" below {}", group.label)
        };
        let label = if sections.is_empty() && group.label.is_empty() {
            "all paths".to_owned()
        } else if sections.is_empty() {
            group.label.clone()
        } else {
            format!("other paths{below}")
        };
        sections.push(Section {
            label,
            operations: rest,
            group: None,
        });
    }
    sections
}
