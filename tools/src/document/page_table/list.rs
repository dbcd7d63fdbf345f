//! Lists whose lines begin with a number: "80% wool", "250 g red lentils", and shares that make a whole.

use super::{
    build::pairs,
    piece::{Piece, PieceRow},
    split::{counted, spaced},
    typed_text::Context,
    types::PageTable,
};

/// Lines at least.
const LINES: usize = 3;
/// How far percentages may be from a whole.
const WHOLE: f64 = 3.0;
/// Lines of percentages at least.
const SHARES: usize = 2;

/// Takes the lists of counted things out of the rows, the name before the number.
pub(super) fn lists(rows: &mut Vec<PieceRow>, context: Context) -> Vec<PageTable> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < rows.len() {
        let run: Vec<(Piece, Piece)> = rows[at..]
            .iter()
            .enumerate()
            .map_while(|(step, row)| {
                let below = step == 0 || is_next(&rows[at + step - 1], row);
                if row.is_single() && below { counted(&row.pieces[0]) } else { None }
            })
            .collect();
        let shares = run.iter().take_while(|(_, value)| value.text.ends_with('%')).count();
        // Streets and house numbers, postcodes and towns are lines of this kind too.
        let bare = |value: &Piece| value.text.chars().all(|c| c.is_ascii_digit());
        let measured = run.iter().filter(|(_, value)| !bare(value)).count() * 2 >= run.len();
        if shares >= SHARES || (run.len() >= LINES && measured) {
            let count = if shares >= SHARES && run.len() < LINES { shares } else { run.len() };
            found.push(pairs(&run[..count], false, context));
            rows.drain(at..at + count);
        } else {
            at += run.len().max(1);
        }
    }
    found
}

/// Takes the labels with percentages out of the rows that stand anywhere on the page, as around a pie, and make a whole.
pub(super) fn shares(rows: &mut Vec<PieceRow>, context: Context) -> Option<PageTable> {
    let share = |piece: &Piece| {
        spaced(piece).map(|(name, value, _)| (name, value)).filter(|(_, value)| value.text.ends_with('%'))
    };
    let found: Vec<(Piece, Piece)> = rows.iter().flat_map(|row| &row.pieces).filter_map(share).collect();
    let sum: f64 = found.iter().filter_map(|(_, value)| value.number()).sum();
    if found.len() < LINES || (sum - 100.0).abs() > WHOLE {
        return None;
    }
    for row in rows.iter_mut() {
        row.pieces.retain(|piece| share(piece).is_none());
    }
    rows.retain(|row| !row.pieces.is_empty());
    Some(pairs(&found, false, context))
}

fn is_next(above: &PieceRow, below: &PieceRow) -> bool {
    below.bbox().y1 - above.bbox().y2 < 1.6 * above.height() && above.pieces[0].apart(&below.bbox()) < 1.0
}
