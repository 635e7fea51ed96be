//! The table as an SVG without a script: edges where it is small, a table of scopes by paths and a list where it is large.

mod canvas;
mod linked;
mod list;
mod matrix;

use std::collections::BTreeSet;

use super::model::{Counts, Listed, Model, Scheme};
use canvas::Canvas;

/// Where everything begins.
const LEFT: usize = 24;
/// Most operations, and most edges to them, that are drawn as edges.
const MOST_LINKED: usize = 30;
const MOST_EDGES: usize = 90;

pub(super) fn draw(model: &Model) -> String {
    let mut canvas = Canvas::default();
    let top = heading(&mut canvas, model);
    if linked::is_readable(model) {
        linked::draw(&mut canvas, model, top);
    } else {
        let bottom = matrix::draw(&mut canvas, model, top);
        list::draw(&mut canvas, model, bottom);
    }
    canvas.finish(&format!("{}: who may do what", model.title), &model.summary())
}

fn heading(canvas: &mut Canvas, model: &Model) -> usize {
    canvas.text_within(LEFT, 38, "title", &model.title, 90);
    canvas.text(LEFT, 62, "note", &model.summary());
    let Some(note) = &model.note else { return 84 };
    canvas.text_within(LEFT, 82, "note", note, 160);
    104
}

/// A line for a scope, or for a credential without scopes.
enum Opener<'m> {
    /// A credential of the scheme, where some operation asks for no more or the scheme has no scopes.
    Credential(&'m Scheme),
    Scope(&'m Listed),
}

impl Opener<'_> {
    const fn atom(&self) -> usize {
        match self {
            Self::Credential(scheme) => scheme.atom,
            Self::Scope(scope) => scope.atom,
        }
    }

    const fn depth(&self) -> usize {
        match self {
            Self::Credential(_) => 0,
            Self::Scope(scope) => {
                if scope.depth < 8 {
                    scope.depth
                } else {
                    8
                }
            }
        }
    }

    fn label<'m>(&self, model: &'m Model) -> &'m str {
        match self {
            Self::Credential(_) => "any credential of it",
            Self::Scope(scope) => model.label(scope.atom),
        }
    }

    /// The name where the label is shorter.
    fn whole_name<'m>(&self, model: &'m Model) -> &'m str {
        match self {
            Self::Credential(_) => self.label(model),
            Self::Scope(scope) => model.name(scope.atom),
        }
    }

    /// What is told of it where somebody points at it.
    fn about(&self, model: &Model) -> String {
        let Some(fact) = model.atoms.get(self.atom()) else {
            return String::new();
        };
        let weaker: Vec<&str> = match self {
            Self::Credential(_) => Vec::new(),
            Self::Scope(_) => fact
                .implies
                .iter()
                .filter(|atom| model.scopes.contains(atom))
                .map(|atom| model.name(*atom))
                .collect(),
        };
        let implies = if weaker.is_empty() {
            String::new()
        } else {
            format!(" Implies {}.", weaker.join(", "))
        };
        let about = if fact.about.is_empty() {
            String::new()
        } else {
            format!(": {}", fact.about)
        };
        format!("{}{about}{implies}", fact.name)
    }
}

/// The lines of a scheme.
fn openers<'m>(model: &Model, scheme: &'m Scheme) -> Vec<Opener<'m>> {
    let credential = model.is_asked_for(scheme.atom) || scheme.scopes.is_empty();
    let credential = credential.then_some(Opener::Credential(scheme));
    credential
        .into_iter()
        .chain(scheme.scopes.iter().map(Opener::Scope))
        .collect()
}

/// The operations that an opener has a part in.
fn opened<'m>(model: &'m Model, opener: &Opener<'_>) -> &'m BTreeSet<usize> {
    const NOTHING: &BTreeSet<usize> = &BTreeSet::new();
    model.atoms.get(opener.atom()).map_or(NOTHING, |fact| &fact.used_by)
}

fn counts(model: &Model, opener: &Opener<'_>) -> Counts {
    model
        .atoms
        .get(opener.atom())
        .map(|fact| fact.counts)
        .unwrap_or_default()
}
