//! Which rows at the top of a table name its columns.

use std::collections::HashMap;

use super::piece::{Piece, PieceRow, Sort};
use crate::document::language::is_weekday;

/// A gap below the first row that is wider than the others heads them, in their middle gap.
const WIDE: f32 = 1.3;

/// How many rows at the top name columns; 0 where the page heads none.
pub(super) fn header_rows(rows: &[PieceRow]) -> usize {
    let Some((first, body)) = rows.split_first().filter(|(first, body)| !first.glued && !body.is_empty()) else {
        return 0;
    };
    if !is_header(first, body) {
        return 0;
    }
    // A second line of headers: "Unit" over "price".
    let second = body.split_first().is_some_and(|(second, rest)| {
        let words = second.pieces.iter().all(|piece| piece.sort == Sort::Words && !has_digit(piece));
        let under = second.pieces.iter().all(|piece| first.pieces.iter().any(|above| meets(piece, above)));
        let close = second.bbox().y1 - first.bbox().y2 < 0.5 * first.height();
        words && under && close && rest.iter().filter(|row| has_value(row)).count() * 2 > rest.len()
    });
    1 + usize::from(second)
}

fn is_header(first: &PieceRow, body: &[PieceRow]) -> bool {
    let widest = body.iter().map(|row| row.pieces.len()).max().unwrap_or(0);
    let corner = first.pieces.len() + 1 == widest;
    if first.is_single() || first.pieces.len() + 1 < widest {
        return false;
    }
    let same = |piece: &Piece| body.iter().flat_map(|row| &row.pieces).any(|other| other.text == piece.text);
    let head = &first.pieces[0];
    let day = |piece: &Piece| is_weekday(&piece.text.to_lowercase());
    let mut firsts = body.iter().map(|row| &row.pieces[0]);
    // "Monday: closed" over other days is a row like them.
    if day(head) && firsts.any(day) && !corner {
        return false;
    }
    let words = first.pieces.iter().all(|piece| piece.sort == Sort::Words || !has_digit(piece));
    let valued = body.iter().filter(|row| has_value(row)).count();
    if words && valued > 0 && valued * 2 >= body.len() {
        // Of two columns the second must hold values below words that are none of them.
        return first.pieces.len() > 2 || !same(&first.pieces[1]);
    }
    if words {
        return corner || widest > 2 || is_set_apart(first, body);
    }
    differs(first, body, corner)
}

/// Whether the cells of the first row behind its name are of another kind than those below: years, days over numbers.
fn differs(first: &PieceRow, body: &[PieceRow], corner: bool) -> bool {
    let named = corner || first.pieces[0].sort == Sort::Words;
    let skip = usize::from(!corner);
    let mut counts: HashMap<bool, usize> = HashMap::new();
    for piece in &first.pieces[skip..] {
        let below: Vec<&Piece> = body.iter().flat_map(|row| &row.pieces).filter(|below| meets(below, piece)).collect();
        let like = below.iter().filter(|below| below.sort == piece.sort && is_year(below) == is_year(piece)).count();
        *counts.entry(!below.is_empty() && like * 3 < below.len()).or_default() += 1;
    }
    let of = |other: bool| counts.get(&other).copied().unwrap_or(0);
    named && of(true) > 1 && of(true) > 2 * of(false)
}

fn is_year(piece: &Piece) -> bool {
    piece.text.len() == 4 && piece.number().is_some_and(|number| (1900.0..2100.0).contains(&number))
}

/// Whether the first row stands further from the next than the others from each other.
fn is_set_apart(first: &PieceRow, body: &[PieceRow]) -> bool {
    let gap = |above: &PieceRow, below: &PieceRow| below.bbox().y1 - above.bbox().y2;
    let mut gaps: Vec<f32> = body.windows(2).map(|two| gap(&two[0], &two[1])).collect();
    gaps.sort_by(f32::total_cmp);
    let usual = gaps.get(gaps.len() / 2).copied().unwrap_or(f32::MAX).max(2.0);
    body.len() > 2 && gap(first, &body[0]) > WIDE * usual + 2.0
}

fn has_value(row: &PieceRow) -> bool {
    row.pieces.iter().any(Piece::is_value)
}

fn has_digit(piece: &Piece) -> bool {
    piece.text.chars().any(|c| c.is_ascii_digit())
}

fn meets(a: &Piece, b: &Piece) -> bool {
    a.bbox.x1 < b.bbox.x2 && a.bbox.x2 > b.bbox.x1
}
