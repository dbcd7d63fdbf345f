//! Small labels with their values right below, as on tickets and bills: "From" over "Oakdale" beside "To" over "Airport".

use super::{
    build::pairs,
    piece::{Piece, PieceRow, Sort},
    typed_text::Context,
    types::PageTable,
};

/// Labels with values at least.
const PAIRS: usize = 4;
/// A gap between a label and its value at most, in heights of the value.
const CLOSE: f32 = 0.45;
/// What lies around the two is so many times further away.
const AROUND: f32 = 1.8;
/// Words of a label at most.
const WORDS: usize = 3;

/// Takes the labels with values below them out of the rows, as one table, where rows of them are on the page.
pub(super) fn captions(rows: &mut Vec<PieceRow>, context: Context) -> Option<PageTable> {
    let mut found: Vec<(Piece, Piece)> = Vec::new();
    let mut beside = 0;
    for at in 0..rows.len().saturating_sub(1) {
        let pairs: Vec<(Piece, Piece)> = rows[at]
            .pieces
            .iter()
            .filter_map(|label| Some((label.clone(), value_below(label, rows, at)?.clone())))
            .collect();
        // A row in which only some have a value below is none of labels.
        if pairs.len() == rows[at].pieces.len() && pairs.len() == rows[at + 1].pieces.len() {
            beside += usize::from(pairs.len() > 1);
            found.extend(pairs);
        }
    }
    let taken = |piece: &Piece| found.iter().any(|(label, value)| label == piece || value == piece);
    if found.len() < PAIRS
        || beside == 0
        || found.iter().any(|(label, _)| found.iter().any(|(_, value)| label == value))
    {
        return None;
    }
    for row in rows.iter_mut() {
        row.pieces.retain(|piece| !taken(piece));
    }
    rows.retain(|row| !row.pieces.is_empty());
    Some(pairs(&found, false, context))
}

/// The piece of the next row right below a label, closer to it than to anything else.
fn value_below<'a>(label: &Piece, rows: &'a [PieceRow], at: usize) -> Option<&'a Piece> {
    let plain = label.sort == Sort::Words && !label.text.chars().any(|c| c.is_ascii_digit());
    if !plain || label.text.split_whitespace().count() > WORDS {
        return None;
    }
    let near = |piece: &&Piece| (piece.bbox.x1 - label.bbox.x1).abs() < 0.5 * label.bbox.height();
    let value = rows.get(at + 1)?.pieces.iter().find(near)?;
    let gap = (value.bbox.y1 - label.bbox.y2).max(1.0);
    let meets = |piece: &&Piece| piece.bbox.x1 < value.bbox.x2 && piece.bbox.x2 > value.bbox.x1;
    let below = rows[at + 2..].iter().flat_map(|row| &row.pieces).find(meets);
    let above = rows[..at].iter().rev().flat_map(|row| &row.pieces).find(meets);
    let far = |distance: f32| distance > AROUND * gap + 0.1 * value.bbox.height();
    let apart = below.is_none_or(|piece| far(piece.bbox.y1 - value.bbox.y2))
        && above.is_none_or(|piece| far(label.bbox.y1 - piece.bbox.y2));
    (gap < CLOSE * value.bbox.height() && label.bbox.height() <= 1.05 * value.bbox.height() && apart).then_some(value)
}
