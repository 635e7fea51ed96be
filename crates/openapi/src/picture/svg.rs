//! The table as an SVG without a script. A small table has edges; a large one has a matrix of
//! scopes by paths and a list.

mod canvas;
mod linked;
mod list;
mod matrix;
mod opener;

use super::model::Model;
use canvas::{Canvas, LEFT};

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
