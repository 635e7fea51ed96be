//! A small table: openers on the left, operations on the right, and an edge for each alternative.

use std::collections::HashMap;

use super::super::model::{Model, Operation, Scheme, counted};
use super::super::paths::PathGroup;
use super::canvas::{Canvas, LEFT, width_of};
use super::opener::{Opener, counts, openers};

/// The maximum number of operations, and most edges to them, that are drawn as edges.
const MOST_LINKED: usize = 30;
const MOST_EDGES: usize = 90;

const LINE: usize = 28;
const ROW: usize = 46;
/// The width for the edges.
const BETWEEN: usize = 220;

pub(super) fn is_readable(model: &Model) -> bool {
    let edges: usize = model
        .operations
        .iter()
        .flat_map(|operation| &operation.needs)
        .map(Vec::len)
        .sum();
    model.operations.len() <= MOST_LINKED && edges <= MOST_EDGES && model.scopes.len() <= MOST_EDGES
}

/// The start of the edges of an opener, by its atom.
type Anchors = HashMap<usize, usize>;

pub(super) fn draw(canvas: &mut Canvas, model: &Model, top: usize) {
    let arrows =
        "An arrow leads from a scope to an operation that needs it; dashed arrows meet where all are needed together.";
    let tree = "A scope implies those below it in the tree. Alone: what a token with this scope opens, and a token without scopes does not.";
    canvas.text(LEFT, top, "small", arrows);
    canvas.text(LEFT, top + 16, "small", tree);
    let top = top + 20;
    let width = width_of_openers(model);
    let anchors = draw_openers(canvas, model, top, width);
    let right = Right {
        model,
        from: LEFT + width,
        anchors: &anchors,
        x: LEFT + width + BETWEEN,
        width: width_of_operations(model),
    };
    right.group(canvas, &model.paths, top);
}

fn width_of_openers(model: &Model) -> usize {
    let lines = model.schemes.iter().flat_map(|scheme| openers(model, scheme));
    let line = |opener: Opener<'_>| 16 * opener.depth() + width_of("name", opener.label(model)) + 190;
    let heads = model
        .schemes
        .iter()
        .map(|scheme| width_of("head", &head(model, scheme)) + 44);
    lines.map(line).chain(heads).max().unwrap_or(0).max(240)
}

fn head(model: &Model, scheme: &Scheme) -> String {
    format!("{} ({})", model.label(scheme.atom), scheme.kind)
}

fn draw_openers(canvas: &mut Canvas, model: &Model, top: usize, width: usize) -> Anchors {
    let mut anchors = Anchors::new();
    let mut y = top + 16;
    for scheme in &model.schemes {
        let lines = openers(model, scheme);
        canvas.rect(LEFT, y, width, 34 + LINE * lines.len(), "panel");
        canvas.text_within(
            LEFT + 12,
            y + 21,
            "head",
            &head(model, scheme),
            width.saturating_sub(24) / 8,
        );
        y += 28;
        let mut parents: Vec<usize> = Vec::new();
        for opener in lines {
            let middle = y + LINE / 2;
            parents.truncate(opener.depth());
            let x = LEFT + 14 + 16 * opener.depth();
            if let Some(parent) = parents.last() {
                canvas.path("tree", &format!("M{} {}V{middle}H{}", x - 10, parent + 9, x - 2));
            }
            canvas.begin("opener", &opener.about(model));
            canvas.text_for(x, middle + 4, "name", opener.label(model), opener.whole_name(model));
            canvas.text_before(LEFT + width - 12, middle + 4, "small", &counts(model, &opener).words());
            canvas.end();
            anchors.insert(opener.atom(), middle);
            parents.push(middle);
            y += LINE;
        }
        y += 6 + 14;
    }
    anchors
}

fn width_of_operations(model: &Model) -> usize {
    let width = |operation: &Operation| {
        let words = width_of("small", &model.words(operation)) + 90;
        words.max(width_of("path", &operation.path) + 90)
    };
    model.operations.iter().map(width).max().unwrap_or(0).clamp(300, 720)
}

struct Right<'m> {
    model: &'m Model,
    from: usize,
    anchors: &'m Anchors,
    x: usize,
    width: usize,
}

impl Right<'_> {
    /// Draws the operations of a group, then its smaller groups. Returns the bottom.
    fn group(&self, canvas: &mut Canvas, group: &PathGroup, top: usize) -> usize {
        let mut y = top + 16;
        if !group.label.is_empty() {
            let words = format!("{} — {}", group.label, counted(group.len(), "operation"));
            canvas.name_within(self.x, y + 12, "head", &words, self.width / 8);
            y += 22;
        }
        for operation in group
            .operations
            .iter()
            .filter_map(|number| self.model.operations.get(*number))
        {
            y = self.row(canvas, operation, y);
        }
        for smaller in &group.groups {
            y = self.group(canvas, smaller, y);
        }
        y
    }

    fn row(&self, canvas: &mut Canvas, operation: &Operation, y: usize) -> usize {
        let ways: Vec<Vec<usize>> = operation.needs.iter().map(|need| self.openers_of(need)).collect();
        let joins = ways.iter().filter(|way| !way.is_empty()).count();
        let height = ROW.max(22 * joins + 8);
        let words = self.model.words(operation);
        canvas.begin("row", &format!("{} {}: {words}", operation.method, operation.path));
        canvas.rect(self.x, y, self.width, height - 6, "box");
        canvas.text(self.x + 10, y + 17, "path", operation.method);
        canvas.name_within(
            self.x + 74,
            y + 17,
            "name",
            &operation.path,
            self.width.saturating_sub(84) * 10 / 73,
        );
        let most = self.width.saturating_sub(84) * 10 / 66;
        let short = self.model.words_within(operation, most);
        canvas.text_for(self.x + 74, y + 33, "small", &short, &words);
        canvas.end();
        let middle = y + (height - 6) / 2;
        let first = middle.saturating_sub(11 * joins.saturating_sub(1));
        for (place, way) in ways.iter().filter(|way| !way.is_empty()).enumerate() {
            self.way(canvas, way, first + 22 * place);
        }
        y + height
    }

    /// Returns the starts of the edges of one alternative. A guard has no edge; the row names it.
    fn openers_of(&self, need: &[usize]) -> Vec<usize> {
        need.iter().filter_map(|atom| self.anchors.get(atom)).copied().collect()
    }

    fn way(&self, canvas: &mut Canvas, way: &[usize], y: usize) {
        canvas.begin("link", "");
        if let [from] = way {
            canvas.path("edge", &curve(self.from, *from, self.x - 6, y));
        } else {
            let join = self.x - 44;
            for from in way {
                canvas.path("edge part", &curve(self.from, *from, join - 12, y));
            }
            canvas.path("edge", &format!("M{} {y}H{}", join + 12, self.x - 6));
            canvas.circle(join, y, 12, "join");
            canvas.text_around(join, y + 3, "number", "and");
        }
        canvas.path("arrow", &format!("M{} {y}l-8 -4v8z", self.x - 1));
        canvas.end();
    }
}

fn curve(x: usize, y: usize, to: usize, at: usize) -> String {
    let bend = (to.saturating_sub(x)) / 2;
    format!("M{x} {y}C{} {y} {} {at} {to} {at}", x + bend, to.saturating_sub(bend))
}
