//! A drawing: shapes and texts on a card, written as SVG 1.1. No script, no link, no font of its own.
//!
//! The card is light with dark text in either mode of the page around it, so contrasts hold wherever it is shown. Nothing is
//! said by colour alone: every shade has its number, and what is held back has a pattern.

use quick_xml::Writer;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};

/// Shades of a figure, from few to many, each with the colour of the text on it.
pub(super) const SHADES: [(&str, &str); 5] =
    [("#eaf2fb", DARK), ("#bcd7f0", DARK), ("#86b6e2", DARK), ("#2f6bb0", LIGHT), ("#123f73", LIGHT)];

/// Text.
pub(super) const DARK: &str = "#14181d";
/// Text that stands back.
pub(super) const QUIET: &str = "#4a5560";
/// Text on a dark shade; also the card.
pub(super) const LIGHT: &str = "#ffffff";
/// Lines that help the eye.
pub(super) const GRID: &str = "#d5dbe1";
/// Bars and lines of figures.
pub(super) const INK: &str = "#2f6bb0";
/// Marks of releases.
pub(super) const MARK: &str = "#8a4b08";
/// What is held back: a pattern, not a colour.
pub(super) const HATCH: &str = "url(#held)";

/// Where a text stands beside its point.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A box: left, top, width, height, in units of the drawing.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Frame {
    pub(super) const fn new(x: f64, y: f64, width: f64, height: f64) -> Self {
        Self { x, y, width, height }
    }

    /// The point in its middle, where the baseline of a text of this size stands.
    pub(super) fn middle(self, size: f64) -> (f64, f64) {
        (self.x + self.width / 2.0, self.y + self.height / 2.0 + size * 0.35)
    }
}

/// How a text looks.
#[derive(Clone, Copy)]
pub(super) struct Type {
    pub(super) size: f64,
    pub(super) colour: &'static str,
    pub(super) anchor: Anchor,
}

impl Type {
    pub(super) const fn new(size: f64, colour: &'static str, anchor: Anchor) -> Self {
        Self { size, colour, anchor }
    }
}

/// A picture that is being drawn.
pub(super) struct Drawing {
    writer: Writer<Vec<u8>>,
}

impl Drawing {
    /// A card of this size, in units, with what it is for those who cannot see it.
    pub(super) fn new(width: f64, height: f64, title: &str, description: &str) -> Self {
        let mut drawing = Self { writer: Writer::new_with_indent(Vec::new(), b' ', 1) };
        let (width_text, height_text) = (number(width), number(height));
        drawing.open(
            "svg",
            &[
                ("xmlns", "http://www.w3.org/2000/svg"),
                ("viewBox", &format!("0 0 {width_text} {height_text}")),
                ("width", &width_text),
                ("height", &height_text),
                ("role", "img"),
                ("aria-labelledby", "title description"),
                ("font-family", "system-ui, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif"),
            ],
        );
        drawing.element("title", &[("id", "title")], title);
        drawing.element("desc", &[("id", "description")], description);
        drawing.open("defs", &[]);
        drawing.open(
            "pattern",
            &[
                ("id", "held"),
                ("width", "6"),
                ("height", "6"),
                ("patternUnits", "userSpaceOnUse"),
                ("patternTransform", "rotate(45)"),
            ],
        );
        drawing.empty("rect", &[("width", "6"), ("height", "6"), ("fill", "#f4f5f7")]);
        drawing.empty("rect", &[("width", "1.6"), ("height", "6"), ("fill", "#8b96a1")]);
        drawing.close("pattern");
        drawing.close("defs");
        let card = Frame::new(0.5, 0.5, width - 1.0, height - 1.0);
        drawing.shape(card, LIGHT, Some(GRID), 8.0);
        drawing
    }

    /// The finished text.
    pub(super) fn finish(mut self) -> String {
        self.close("svg");
        let mut text = String::from_utf8(self.writer.into_inner()).expect("only text was written");
        text.push('\n');
        text
    }

    /// A filled box.
    pub(super) fn rect(&mut self, frame: Frame, fill: &str) {
        self.shape(frame, fill, None, 2.0);
    }

    /// A filled box with an edge.
    pub(super) fn edged(&mut self, frame: Frame, fill: &str) {
        self.shape(frame, fill, Some("#8b96a1"), 3.0);
    }

    /// A straight line; `dashes` as in `stroke-dasharray`.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: &str, dashes: &str) {
        let (x1, y1, x2, y2) = (number(from.0), number(from.1), number(to.0), number(to.1));
        let ends = [("x1", &*x1), ("y1", &*y1), ("x2", &*x2), ("y2", &*y2), ("stroke", colour)];
        let dashed = [("stroke-dasharray", dashes)];
        self.empty("line", &[&ends[..], if dashes.is_empty() { &[] } else { &dashed[..] }].concat());
    }

    /// A line through points.
    pub(super) fn path(&mut self, points: &[(f64, f64)], colour: &str) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{},{}", number(*x), number(*y))).collect();
        self.empty(
            "polyline",
            &[
                ("points", &points.join(" ")),
                ("fill", "none"),
                ("stroke", colour),
                ("stroke-width", "2.5"),
                ("stroke-linejoin", "round"),
            ],
        );
    }

    /// A dot.
    pub(super) fn dot(&mut self, at: (f64, f64), colour: &str) {
        self.empty("circle", &[("cx", &number(at.0)), ("cy", &number(at.1)), ("r", "3"), ("fill", colour)]);
    }

    /// A text on one line.
    pub(super) fn text(&mut self, at: (f64, f64), face: Type, text: &str) {
        let (x, y, size) = (number(at.0), number(at.1), number(face.size));
        let anchor = match face.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let attributes =
            [("x", &*x), ("y", &*y), ("font-size", &*size), ("fill", face.colour), ("text-anchor", anchor)];
        self.element("text", &attributes, text);
    }

    fn shape(&mut self, frame: Frame, fill: &str, edge: Option<&str>, radius: f64) {
        let [x, y, width, height, radius] = [frame.x, frame.y, frame.width, frame.height, radius].map(number);
        let inner =
            [("x", &*x), ("y", &*y), ("width", &*width), ("height", &*height), ("rx", &*radius), ("fill", fill)];
        let edge = edge.map(|edge| ("stroke", edge));
        self.empty("rect", &[&inner[..], edge.as_slice()].concat());
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.event(Event::Start(BytesStart::new(name).with_attributes(attributes.iter().copied())));
    }

    fn close(&mut self, name: &str) {
        self.event(Event::End(BytesEnd::new(name)));
    }

    fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.event(Event::Empty(BytesStart::new(name).with_attributes(attributes.iter().copied())));
    }

    fn element(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.open(name, attributes);
        self.event(Event::Text(BytesText::new(text)));
        self.close(name);
    }

    fn event(&mut self, event: Event<'_>) {
        self.writer.write_event(event).expect("a vector takes every byte");
    }
}

/// A length with at most one digit after the point.
fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (WCAG 2.2).
    fn luminance(colour: &str) -> f64 {
        let channel = |place: usize| {
            let value = f64::from(u8::from_str_radix(&colour[place..place + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(one: &str, other: &str) -> f64 {
        let (a, b) = (luminance(one), luminance(other));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_text_has_the_contrast_of_wcag_aa_on_what_it_stands_on() {
        let on_the_card = [DARK, QUIET, MARK].map(|text| (text, LIGHT));
        let on_shades = SHADES.map(|(shade, text)| (text, shade));
        let on_the_hatch = [(DARK, "#f4f5f7"), (DARK, "#8b96a1")];
        for (text, ground) in on_the_card.into_iter().chain(on_shades).chain(on_the_hatch) {
            assert!(contrast(text, ground) >= 4.5, "{text} on {ground}: {:.2}", contrast(text, ground));
        }
        assert!(contrast(INK, LIGHT) >= 3.0, "a line is seen");
    }

    #[test]
    fn texts_cannot_leave_their_element() {
        let mut drawing = Drawing::new(10.0, 10.0, "</title><script>", "a \"b\" & c");
        drawing.text((1.0, 2.0), Type::new(9.0, DARK, Anchor::Start), "<script>alert(1)</script>");
        let text = drawing.finish();
        assert!(!text.contains("<script") && text.contains("&lt;script&gt;alert(1)") && text.contains("&amp; c"));
    }
}
