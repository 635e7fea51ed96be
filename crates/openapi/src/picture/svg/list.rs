//! The operations of a large table in columns, with their requirements. A very large table has
//! paths with counts.

use std::collections::BTreeMap;

use scopegate_policy::Access;

use super::super::model::sections::{Section, sections};
use super::super::model::{Model, Operation, counted};
use super::super::paths::PathGroup;
use super::canvas::{Canvas, LEFT};

/// The maximum number of operations that have a line each.
const MOST: usize = 1_500;
/// The maximum number of lines of a table with more operations.
const MOST_SECTIONS: usize = 240;
const COLUMN: usize = 470;
const GAP: usize = 30;
const HEAD: usize = 30;
const ROW: usize = 34;
/// Cells of a column.
const CELLS: usize = 56;

enum Item<'m> {
    Head(String),
    Row(&'m Operation),
    Section(Section<'m>),
}

impl Item<'_> {
    const fn height(&self) -> usize {
        match self {
            Self::Head(_) => HEAD,
            Self::Row(_) => ROW,
            Self::Section(_) => ROW + 16,
        }
    }
}

pub(super) fn draw(canvas: &mut Canvas, model: &Model, top: usize) {
    let (title, items) = if model.operations.len() <= MOST {
        let mut items = Vec::new();
        collect(model, &model.paths, &mut items);
        ("What each operation requires".to_owned(), items)
    } else {
        let sections = sections(model, MOST_SECTIONS);
        let words = format!(
            "{} are too many for a picture: here they are in {} by path",
            counted(model.operations.len(), "operation"),
            counted(sections.len(), "group")
        );
        (words, sections.into_iter().map(Item::Section).collect())
    };
    canvas.text(LEFT, top + 20, "head", &title);
    flow(canvas, model, &items, top + 34);
}

fn collect<'m>(model: &'m Model, group: &'m PathGroup, items: &mut Vec<Item<'m>>) {
    if !group.operations.is_empty() {
        items.push(Item::Head(if group.label.is_empty() {
            "other paths".to_owned()
        } else {
            group.label.clone()
        }));
    }
    items.extend(
        group
            .operations
            .iter()
            .filter_map(|number| model.operations.get(*number))
            .map(Item::Row),
    );
    for smaller in &group.groups {
        collect(model, smaller, items);
    }
}

/// Draws three columns of about the same height. A group that continues in the next column has its
/// heading there again.
fn flow(canvas: &mut Canvas, model: &Model, items: &[Item<'_>], top: usize) {
    let total: usize = items.iter().map(Item::height).sum();
    let bottom = top + total.div_ceil(3);
    let (mut x, mut y) = (LEFT, top);
    let mut head = "";
    for item in items {
        if let Item::Head(prefix) = item {
            head = prefix;
        }
        let needed = item.height() + if matches!(item, Item::Head(_)) { ROW } else { 0 };
        if y + needed > bottom + ROW && x < LEFT + 2 * (COLUMN + GAP) {
            (x, y) = (x + COLUMN + GAP, top);
            if matches!(item, Item::Row(_)) {
                draw_head(canvas, &format!("{head} (continued)"), x, y);
                y += HEAD;
            }
        }
        match item {
            Item::Head(prefix) => draw_head(canvas, prefix, x, y),
            Item::Row(operation) => draw_row(canvas, model, operation, x, y),
            Item::Section(section) => draw_section(canvas, model, section, x, y),
        }
        y += item.height();
    }
}

fn draw_head(canvas: &mut Canvas, prefix: &str, x: usize, y: usize) {
    canvas.name_within(x, y + 20, "path", prefix, CELLS);
    canvas.path("rule", &format!("M{x} {}H{}", y + 26, x + COLUMN));
}

fn draw_row(canvas: &mut Canvas, model: &Model, operation: &Operation, x: usize, y: usize) {
    canvas.text(x + 8, y + 14, "name", operation.method);
    canvas.name_within(x + 66, y + 14, "name", &operation.path, CELLS - 1);
    let words = model.words_within(operation, CELLS + 6);
    canvas.text_for(x + 66, y + 28, "small", &words, &model.words(operation));
}

fn draw_section(canvas: &mut Canvas, model: &Model, section: &Section<'_>, x: usize, y: usize) {
    let operations = || {
        section
            .operations
            .iter()
            .filter_map(|number| model.operations.get(*number))
    };
    let kinds = [
        (Access::Public, "public"),
        (Access::Authenticated, "authenticated"),
        (Access::Scoped, "with scopes"),
        (Access::Deny, "denied to all"),
    ];
    let kinds = kinds.map(|(access, word)| {
        (
            operations().filter(|operation| operation.access == access).count(),
            word,
        )
    });
    let kinds: Vec<String> = kinds
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let words = format!(
        "{}: {}",
        counted(section.operations.len(), "operation"),
        kinds.join(", ")
    );
    canvas.name_within(x, y + 14, "path", &section.label, CELLS + 6);
    canvas.text_within(x + 12, y + 28, "small", &words, CELLS + 12);
    canvas.text_within(x + 12, y + 42, "small", &asked_most(model, operations()), CELLS + 12);
}

/// The three atoms that most of these operations name.
fn asked_most<'m>(model: &Model, operations: impl Iterator<Item = &'m Operation>) -> String {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for operation in operations {
        let mut atoms: Vec<usize> = operation.needs.iter().flatten().copied().collect();
        atoms.sort_unstable();
        atoms.dedup();
        for atom in atoms {
            *counts.entry(atom).or_default() += 1;
        }
    }
    let mut counts: Vec<(usize, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(atom, count)| (std::cmp::Reverse(*count), *atom));
    let most = counts
        .iter()
        .take(3)
        .map(|(atom, count)| format!("{} ({count})", model.label(*atom)));
    most.collect::<Vec<_>>().join(", ")
}
