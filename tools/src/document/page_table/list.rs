//! Lists whose lines begin with a number: "80% wool", "250 g red lentils", "2 x Flat white"; and prices with their count.

use super::{
    PageTable,
    build::pairs,
    piece::{Piece, PieceRow, Sort},
    split::{counted, spaced},
    typed_text::Context,
};

/// Signs between a count and what is counted.
pub(super) const COUNT: [char; 5] = ['x', 'X', '×', '@', '*'];
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

/// The count and the name of "2 x Flat white".
pub(super) fn leading_count(piece: &Piece) -> Option<(Piece, Piece)> {
    let text = piece.text.as_str();
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let rest = text[digits..].trim_start().strip_prefix(COUNT)?;
    let name = rest.trim_start();
    let marked = name.len() < rest.len() && name.chars().filter(|c| c.is_alphabetic()).count() > 1;
    let end = text.len() - rest.len();
    (digits > 0 && marked).then(|| piece.part(end, text.len() - name.len()))
}

/// Takes apart what stands as "1 X 19.00 19.00" or "Green tea 2 x 4.50": name, count and prices.
pub(super) fn part_counts(rows: &mut [PieceRow]) {
    for row in rows {
        let pieces = row.pieces.iter().flat_map(|piece| part_count(piece).unwrap_or_else(|| vec![piece.clone()]));
        row.pieces = pieces.collect();
    }
}

/// The parts of a text that ends with a count, a sign and one or two prices.
fn part_count(piece: &Piece) -> Option<Vec<Piece>> {
    let text = piece.text.as_str();
    let ends: Vec<usize> = text.char_indices().filter(|(_, c)| *c == ' ').map(|(at, _)| at).collect();
    let mut start = text.len();
    let mut prices = Vec::new();
    let is_price = |word: &str| {
        let piece = Piece::new(word, piece.bbox);
        piece.sort == Sort::Number && word.contains(['.', ','])
    };
    while prices.len() < 2 {
        let from = ends.iter().rev().find(|at| **at < start).map_or(0, |at| at + 1);
        if from >= start || !is_price(&text[from..start]) {
            break;
        }
        prices.push(from);
        start = from.saturating_sub(1);
    }
    let head = text[..*prices.last()?].trim_end();
    // "2 x", "2x", "2 @"
    let unsigned = head.strip_suffix(COUNT)?.trim_end();
    let digits = unsigned.len() - unsigned.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let name = &unsigned[..unsigned.len() - digits];
    if digits == 0 || !(name.is_empty() || name.ends_with(' ')) {
        return None;
    }
    let mut starts = vec![0];
    starts.extend(Some(name.len()).filter(|start| *start > 0));
    starts.extend(prices.iter().rev());
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    Some(starts.iter().zip(ends).map(|(start, end)| piece.slice(*start..end)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::BBox;

    #[test]
    fn counts_are_parted_from_names_and_prices() {
        let texts = |text: &str| {
            let piece = Piece::new(text, BBox { x1: 0.0, y1: 0.0, x2: 100.0, y2: 10.0 });
            part_count(&piece).map(|parts| parts.into_iter().map(|part| part.text).collect::<Vec<_>>())
        };
        assert_eq!(texts("1 X 19.00 19.00"), Some(vec!["1 X".into(), "19.00".into(), "19.00".into()]));
        assert_eq!(texts("2X 14.20"), Some(vec!["2X".into(), "14.20".into()]));
        assert_eq!(texts("Green tea 2 x 4.50"), Some(vec!["Green tea".into(), "2 x".into(), "4.50".into()]));
        assert_eq!(texts("Käse  3 × 4,50"), Some(vec!["Käse".into(), "3 ×".into(), "4,50".into()]));
        assert_eq!(texts("Screen 1.20 x 4.50"), None);
        assert_eq!(texts("Box 4.50"), None);
    }
}
