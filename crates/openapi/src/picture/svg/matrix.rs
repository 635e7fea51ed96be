//! A matrix of scopes and operations of a large table. Each scope has a line, each part of the
//! paths a column, and each cell a number of operations.

use std::collections::{BTreeSet, HashMap};

use scopegate_policy::Access;

use super::super::model::sections::{Section, sections};
use super::super::model::{Model, Scheme};
use super::super::text::cut_middle;
use super::canvas::{Canvas, LEFT, width_of};
use super::opener::{Opener, opened, openers};

const LINE: usize = 20;
const COLUMN: usize = 30;
/// The maximum number of columns, and most cells of a label.
const MOST: usize = 40;
const LONGEST_LABEL: usize = 30;

struct Matrix<'m> {
    model: &'m Model,
    sections: Vec<Section<'m>>,
    /// The column that counts an operation.
    column_of: HashMap<usize, usize>,
    /// The left edge of the cells.
    x: usize,
}

/// Draws the matrix. Returns the bottom.
pub(super) fn draw(canvas: &mut Canvas, model: &Model, top: usize) -> usize {
    let sections = sections(model, MOST);
    let column = |(place, section): (usize, &Section<'_>)| {
        section
            .operations
            .iter()
            .map(move |number| (*number, place))
            .collect::<Vec<_>>()
    };
    let matrix = Matrix {
        model,
        column_of: sections.iter().enumerate().flat_map(column).collect(),
        sections,
        x: LEFT + width_of_names(model) + 70,
    };
    canvas.text(LEFT, top + 12, "head", "Scopes by paths");
    canvas.text(
        LEFT,
        top + 30,
        "small",
        "How many operations a scope takes part in, alone or with others: over all, and by what their paths begin with.",
    );
    let mut y = matrix.columns(canvas, top + 40);
    for scheme in &model.schemes {
        y = matrix.scheme(canvas, scheme, y);
    }
    matrix.without_scope(canvas, y)
}

fn width_of_names(model: &Model) -> usize {
    let lines = model.schemes.iter().flat_map(|scheme| openers(model, scheme));
    let line = |opener: Opener<'_>| 14 * opener.depth() + width_of("name", opener.label(model));
    lines.map(line).max().unwrap_or(0).max(240)
}

impl Matrix<'_> {
    fn columns(&self, canvas: &mut Canvas, top: usize) -> usize {
        let label = |section: &Section<'_>| cut_middle(&section.label, LONGEST_LABEL);
        let longest = self
            .sections
            .iter()
            .map(|section| width_of("small", &label(section)))
            .max()
            .unwrap_or(0);
        let bottom = top + longest * 9 / 10;
        for (place, section) in self.sections.iter().enumerate() {
            let x = self.x + COLUMN * place + 19;
            canvas.begin("column", &format!("{}: {}", section.label, section.operations.len()));
            canvas.text_rising(x, bottom - 4, &label(section));
            canvas.end();
        }
        self.line(
            canvas,
            ("all operations", "all operations"),
            (0, "head"),
            &(0..self.model.operations.len()).collect(),
            bottom,
        )
    }

    fn scheme(&self, canvas: &mut Canvas, scheme: &Scheme, top: usize) -> usize {
        let name = format!("{} ({})", self.model.label(scheme.atom), scheme.kind);
        canvas.text_for(LEFT, top + 22, "head", &name, self.model.name(scheme.atom));
        let mut y = top + 30;
        for opener in openers(self.model, scheme) {
            canvas.begin("opener", &opener.about(self.model));
            y = self.line(
                canvas,
                (opener.label(self.model), opener.whole_name(self.model)),
                (opener.depth(), "name"),
                opened(self.model, &opener),
                y,
            );
            canvas.end();
        }
        y
    }

    /// Draws the line of operations that need no scope, so that every operation is counted.
    fn without_scope(&self, canvas: &mut Canvas, top: usize) -> usize {
        let kinds = [
            (Access::Authenticated, "without any scope"),
            (Access::Public, "public"),
            (Access::Deny, "denied to all"),
        ];
        let of = |access: Access| -> BTreeSet<usize> {
            let operations = self.model.operations.iter().enumerate();
            operations
                .filter(|(_, operation)| operation.access == access)
                .map(|(number, _)| number)
                .collect()
        };
        let mut y = top + 12;
        for (access, word) in kinds {
            let operations = of(access);
            if !operations.is_empty() {
                y = self.line(canvas, (word, word), (0, "head"), &operations, y);
            }
        }
        y + 20
    }

    /// Draws a line. Returns the top of the next one.
    fn line(
        &self,
        canvas: &mut Canvas,
        (label, name): (&str, &str),
        (depth, class): (usize, &str),
        operations: &BTreeSet<usize>,
        y: usize,
    ) -> usize {
        let base = y + 14;
        canvas.path(
            "rule",
            &format!("M{LEFT} {}H{}", y + LINE, self.x + COLUMN * self.sections.len()),
        );
        if depth > 0 {
            canvas.text(LEFT + 14 * (depth - 1), base, "small", "└");
        }
        canvas.text_for(LEFT + 14 * depth, base, class, label, name);
        canvas.text_before(self.x - 10, base, "name", &operations.len().to_string());
        let mut counts = vec![0_usize; self.sections.len()];
        for place in operations.iter().filter_map(|number| self.column_of.get(number)) {
            if let Some(count) = counts.get_mut(*place) {
                *count += 1;
            }
        }
        for (place, (section, count)) in self.sections.iter().zip(counts).enumerate() {
            if count > 0 {
                let share = (4 * count).div_ceil(section.operations.len().max(1)).min(4);
                let x = self.x + COLUMN * place;
                canvas.rect(x + 1, y + 1, COLUMN - 2, LINE - 2, &format!("share-{share}"));
                canvas.text_around(x + COLUMN / 2, base, &format!("number on-{share}"), &count.to_string());
            }
        }
        y + LINE
    }
}
