//! Counts beside names and prices: "2 x Flat white", "Green tea 2 x 4.50", "1 X 19.00 19.00".

use super::piece::{Piece, PieceRow, Sort};

/// Signs between a count and what is counted.
pub(super) const COUNT: [char; 5] = ['x', 'X', '×', '@', '*'];

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
