//! Pieces of text on a page, and the rows that they stand in.

use std::ops::Range;

use super::typed_text::day_and_time;
use crate::{
    document::{TextLine, dates, notation::Notation, quantity::Quantity, rows},
    geom::BBox,
};

/// What a piece of text is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sort {
    /// Words, names, codes with letters.
    Words,
    /// A number with or without currency and unit.
    Number,
    /// A day, a time of day, or from when to when.
    Time,
    /// Marks, and numbers of no plain kind.
    Mark,
}

/// A piece of text with its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Piece {
    /// What it says.
    pub(super) text: String,
    /// Where it stands, in pixels of the image; made up where the page gives no places.
    pub(super) bbox: BBox,
    /// What it is.
    pub(super) sort: Sort,
}

/// Pieces side by side, from left to right.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PieceRow {
    /// At least one.
    pub(super) pieces: Vec<Piece>,
    /// Whether it was one line that was taken apart: its columns do not line up.
    pub(super) glued: bool,
}

impl Sort {
    fn new(text: &str) -> Self {
        let (day, minutes) = day_and_time(text);
        if day.is_some() || minutes.is_some() || is_range(text) {
            return Self::Time;
        }
        let bound = text.trim_start_matches(['>', '<', '≥', '≤', '~', '≈', '±']);
        if Quantity::parse(bound, Notation::default()).is_some() {
            return Self::Number;
        }
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        if letters > 0 { Self::Words } else { Self::Mark }
    }
}

/// From one time of day to another: `9:00 - 18:00`, `9:00至17:30`.
fn is_range(text: &str) -> bool {
    const BETWEEN: usize = 12;
    let Some((from, to)) = dates::time_range(text) else { return false };
    let rest = text.chars().count().saturating_sub(from.chars().count() + to.chars().count());
    rest <= BETWEEN && text.starts_with(|c: char| c.is_ascii_digit())
}

impl Piece {
    pub(super) fn new(text: &str, bbox: BBox) -> Self {
        let text = text.trim().to_owned();
        Self { sort: Sort::new(&text), text, bbox }
    }

    /// Whether it is a number, a day or a time.
    pub(super) fn is_value(&self) -> bool {
        matches!(self.sort, Sort::Number | Sort::Time)
    }

    /// Its number, as far as it can be told alone.
    pub(super) fn number(&self) -> Option<f64> {
        Some(Quantity::parse(&self.text, Notation::default())?.value)
    }

    /// How far it is from lining up with a box, left, right or centered, in heights of a line.
    pub(super) fn apart(&self, other: &BBox) -> f32 {
        let edges =
            [self.bbox.x1 - other.x1, self.bbox.x2 - other.x2, self.bbox.center().0 - other.center().0].map(f32::abs);
        edges.into_iter().fold(f32::MAX, f32::min) / self.bbox.height().min(other.height()).max(1.0)
    }

    /// The two pieces of a text that is parted after so many bytes and continues at another.
    pub(super) fn part(&self, end: usize, start: usize) -> (Self, Self) {
        (self.slice(0..end), self.slice(start..self.text.len()))
    }

    /// A part of its text by bytes, with its share of the place.
    pub(super) fn slice(&self, bytes: Range<usize>) -> Self {
        let count = |text: &str| text.chars().count() as f32;
        let share = self.bbox.width() / count(&self.text).max(1.0);
        let x = |at: usize| self.bbox.x1 + share * count(self.text.get(..at).unwrap_or_default());
        let x1 = x(bytes.start).min(self.bbox.x2 - 1.0);
        let bbox = BBox { x1, x2: x(bytes.end).max(x1 + 1.0), ..self.bbox };
        Self::new(self.text.get(bytes).unwrap_or_default(), bbox)
    }
}

impl PieceRow {
    pub(super) fn new(pieces: Vec<Piece>) -> Self {
        Self { pieces, glued: false }
    }

    /// The box around its pieces.
    pub(super) fn bbox(&self) -> BBox {
        let boxes = self.pieces.iter().map(|piece| piece.bbox);
        around(boxes).unwrap_or(BBox { x1: 0.0, y1: 0.0, x2: 1.0, y2: 1.0 })
    }

    /// Whether it is one piece alone.
    pub(super) fn is_single(&self) -> bool {
        self.pieces.len() == 1
    }

    /// Its words in one line.
    pub(super) fn text(&self) -> String {
        self.pieces.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Whether it is a name and a value.
    pub(super) fn is_pair(&self) -> bool {
        matches!(&self.pieces[..], [name, value] if name.sort == Sort::Words && (self.glued || value.is_value()))
    }

    /// The height of its tallest piece.
    pub(super) fn height(&self) -> f32 {
        self.pieces.iter().map(|piece| piece.bbox.height()).fold(1.0, f32::max)
    }
}

/// The rows of a page from top to bottom. Without places each line is a row, and the places are made up.
pub(super) fn piece_rows(lines: &[TextLine]) -> Vec<PieceRow> {
    const STEP: f32 = 20.0;
    let made_up = |at: usize, text: &str| {
        let (y, width) = (STEP * at as f32, 10.0 * text.chars().count().max(1) as f32);
        BBox { x1: 0.0, y1: y, x2: width, y2: y + 0.7 * STEP }
    };
    let placed = lines.iter().all(|line| line.bbox.is_some());
    let row = |(at, row): (usize, crate::document::Row)| {
        let piece = |line: &TextLine| {
            let bbox = line.bbox.filter(|_| placed).unwrap_or_else(|| made_up(at, &line.text));
            Piece::new(line.text.trim_start_matches([':', '：']), bbox)
        };
        PieceRow::new(row.cells.iter().map(piece).filter(|piece| !piece.text.is_empty()).collect())
    };
    rows(lines).into_iter().enumerate().map(row).filter(|row| !row.pieces.is_empty()).collect()
}

/// The box around boxes.
pub(super) fn around(boxes: impl Iterator<Item = BBox>) -> Option<BBox> {
    boxes.reduce(|a, b| BBox { x1: a.x1.min(b.x1), y1: a.y1.min(b.y1), x2: a.x2.max(b.x2), y2: a.y2.max(b.y2) })
}
