//! Which rows at the top of a table name its columns.

use std::collections::HashMap;

use super::{
    grid::{GridColumn, assign},
    piece::{Piece, PieceRow, Sort},
};
use crate::{
    document::{language::is_weekday, notation::Notation, quantity::Quantity},
    geom::BBox,
};

/// Rows above the headers at most.
const LETTERHEAD: usize = 5;
/// Words so far above the rows, in heights of a line, are no headers.
const FAR: f32 = 1.8;

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
    let glued = first.pieces.iter().map(|piece| piece.text.split_whitespace().count()).sum::<usize>() + 1 >= widest;
    if first.is_single() || (first.pieces.len() + 1 < widest && !glued) {
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
        return widest > 2
            || (!same(&first.pieces[1])
                && !has_digit(&first.pieces[1])
                && (is_alike(body) || is_set_apart(first, body)));
    }
    if words {
        return corner || widest > 2 || is_set_apart(first, body);
    }
    differs(first, body, corner)
}

/// Whether the last values of rows are of one kind, as under a header; those of a form are not.
fn is_alike(body: &[PieceRow]) -> bool {
    let values = body.iter().filter_map(|row| row.pieces.last()).filter(|piece| piece.is_value());
    let kind = |piece: &Piece| {
        let read = Quantity::parse(&piece.text, Notation::default());
        (piece.sort, read.and_then(|read| read.unit.or(read.currency)))
    };
    let mut kinds: Vec<(Sort, Option<String>)> = values.map(kind).collect();
    kinds.dedup();
    kinds.len() == 1
}

/// Rows without those above a row of headers that are none of the table: a firm and a date over several columns.
pub(super) fn without_letterhead(rows: &[PieceRow]) -> &[PieceRow] {
    let words = |row: &PieceRow| !row.glued && row.pieces.iter().all(|piece| piece.sort == Sort::Words);
    // A wide row of words above values heads them, whatever narrower rows stand above it.
    let wide = (1..rows.len().min(LETTERHEAD)).find(|at| {
        let width = rows[*at].pieces.len();
        width > 2
            && words(&rows[*at])
            && rows.get(at + 1).is_some_and(has_value)
            && rows[..*at].iter().all(|row| row.pieces.len() < width)
    });
    if let Some(wide) = wide {
        return &rows[wide..];
    }
    let heads = rows.iter().take_while(|row| words(row)).count();
    if heads == 0 || heads == rows.len() {
        return rows;
    }
    let gap = rows[heads].bbox().y1 - rows[heads - 1].bbox().y2;
    // Headers stand right above; rows of words over each other are rows like those below.
    let far = gap > FAR * rows[heads - 1].height();
    if far { &rows[heads..] } else { rows }
}

/// The columns that the pieces of a row of headers name; a piece over several columns is taken apart at its words.
pub(super) fn over_columns(row: &PieceRow, columns: &[GridColumn]) -> Vec<(Piece, usize)> {
    let places: Vec<BBox> = columns.iter().map(GridColumn::middle).collect();
    let over =
        |piece: &Piece| places.iter().filter(|place| piece.bbox.x1 < place.x2 && piece.bbox.x2 > place.x1).count();
    let pieces = if row.pieces.len() >= columns.len() {
        row.pieces.clone()
    } else {
        let apart = |piece: &Piece| {
            if over(piece) > 1 && piece.text.split_whitespace().count() >= over(piece) {
                words(piece)
            } else {
                vec![piece.clone()]
            }
        };
        row.pieces.iter().flat_map(apart).collect()
    };
    if pieces.len() > columns.len() {
        // More words than columns: each goes to the nearest.
        let nearest = |piece: &Piece| {
            let apart = |place: &BBox| (place.center().0 - piece.bbox.center().0).abs();
            (0..places.len()).min_by(|a, b| apart(&places[*a]).total_cmp(&apart(&places[*b]))).unwrap_or(0)
        };
        return pieces.iter().map(|piece| (piece.clone(), nearest(piece))).collect();
    }
    let at = assign(&pieces, columns);
    pieces.into_iter().zip(at).collect()
}

/// The words of a piece, each with its place.
fn words(piece: &Piece) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut rest = piece.clone();
    while let Some(at) = rest.text.find(' ') {
        let (word, others) = rest.part(at, at + 1);
        found.push(word);
        rest = others;
    }
    found.push(rest);
    found
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
