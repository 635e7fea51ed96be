//! A canvas that grows with its elements.

use std::fmt::Write;

use super::super::text::{cells, cut, cut_middle, escaped};

/// The left margin, in pixels.
pub(super) const LEFT: usize = 24;

const STYLE: &str = include_str!("style.css");
/// Widest cell of the fonts, in tenths of a pixel, by class.
const fn cell(class: &str) -> usize {
    match class.as_bytes() {
        b"title" => 130,
        b"head" | b"path" => 80,
        b"small" | b"number" => 66,
        _ => 73,
    }
}

/// The picture so far. It uses whole pixels, so that the same table gives the same bytes
/// everywhere.
#[derive(Default)]
pub(super) struct Canvas {
    body: String,
    width: usize,
    height: usize,
}

/// Returns the greatest width at which a text is drawn.
pub(super) fn width_of(class: &str, text: &str) -> usize {
    (cells(text) * cell(class)).div_ceil(10)
}

impl Canvas {
    /// Draws a text whose base line begins here.
    pub(super) fn text(&mut self, x: usize, y: usize, class: &str, text: &str) {
        self.reach(x + width_of(class, text), y + 6);
        self.put(format_args!(
            "<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{}</text>\n",
            escaped(text)
        ));
    }

    /// Draws a text whose base line ends here.
    pub(super) fn text_before(&mut self, x: usize, y: usize, class: &str, text: &str) {
        self.reach(x, y + 6);
        self.put(format_args!(
            "<text x=\"{x}\" y=\"{y}\" class=\"{class} end\">{}</text>\n",
            escaped(text)
        ));
    }

    /// A text around this point.
    pub(super) fn text_around(&mut self, x: usize, y: usize, class: &str, text: &str) {
        self.reach(x + width_of(class, text) / 2, y + 6);
        self.put(format_args!(
            "<text x=\"{x}\" y=\"{y}\" class=\"{class} middle\">{}</text>\n",
            escaped(text)
        ));
    }

    /// A text that runs up to the right; `height` is how far.
    pub(super) fn text_rising(&mut self, x: usize, y: usize, text: &str) {
        self.reach(x + width_of("small", text) * 6 / 10, y);
        self.put(format_args!(
            "<text class=\"small\" transform=\"translate({x} {y}) rotate(-60)\">{}</text>\n",
            escaped(text)
        ));
    }

    /// Draws a text of at most `most` cells. A tooltip shows the whole text.
    pub(super) fn text_within(&mut self, x: usize, y: usize, class: &str, text: &str, most: usize) {
        self.text_for(x, y, class, &cut(text, most), &cut(text, 1_000));
    }

    /// A short text for a longer one, which a reader sees who points at it.
    pub(super) fn text_for(&mut self, x: usize, y: usize, class: &str, short: &str, whole: &str) {
        if short == whole {
            return self.text(x, y, class, short);
        }
        self.reach(x + width_of(class, short), y + 6);
        let (short, whole) = (escaped(short), escaped(&cut_middle(whole, 10_000)));
        self.put(format_args!(
            "<text x=\"{x}\" y=\"{y}\" class=\"{class}\"><title>{whole}</title>{short}</text>\n"
        ));
    }

    /// A name of at most `most` cells, cut in the middle.
    pub(super) fn name_within(&mut self, x: usize, y: usize, class: &str, name: &str, most: usize) {
        self.text_for(x, y, class, &cut_middle(name, most), name);
    }

    /// A rectangle.
    pub(super) fn rect(&mut self, x: usize, y: usize, width: usize, height: usize, class: &str) {
        self.reach(x + width, y + height);
        self.put(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"4\" class=\"{class}\"/>\n"
        ));
    }

    /// A circle around this point.
    pub(super) fn circle(&mut self, x: usize, y: usize, radius: usize, class: &str) {
        self.put(format_args!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" class=\"{class}\"/>\n"
        ));
    }

    /// A line along a path of SVG.
    pub(super) fn path(&mut self, class: &str, path: &str) {
        self.put(format_args!("<path class=\"{class}\" d=\"{path}\"/>\n"));
    }

    /// Begins a group of elements that [`Canvas::end`] ends. A tooltip shows the words.
    pub(super) fn begin(&mut self, class: &str, words: &str) {
        self.put(format_args!(
            "<g class=\"{class}\"><title>{}</title>\n",
            escaped(&cut(words, 1_000))
        ));
    }

    /// Ends the group that began last.
    pub(super) fn end(&mut self) {
        self.body.push_str("</g>\n");
    }

    pub(super) fn finish(self, title: &str, description: &str) -> String {
        let (width, height) = (self.width + 24, self.height + 24);
        let (title, description, body) = (escaped(title), escaped(description), self.body);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             role=\"graphics-document\" aria-label=\"{title}\">\n<title>{title}</title>\n<desc>{description}</desc>\n\
             <style>{STYLE}</style>\n<rect width=\"{width}\" height=\"{height}\" class=\"paper\"/>\n{body}</svg>\n"
        )
    }

    fn reach(&mut self, x: usize, y: usize) {
        self.width = self.width.max(x);
        self.height = self.height.max(y);
    }

    fn put(&mut self, mark: std::fmt::Arguments<'_>) {
        // Writing to a text cannot fail.
        let _ = self.body.write_fmt(mark);
    }
}
