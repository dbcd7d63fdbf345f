//! Lines that belong to the row below or above them: the name of an item over its numbers, or under its code.

use super::{
    piece::{Piece, PieceRow, Sort},
    segment::Segment,
};

/// The rows of a segment, each with the lines that name it.
pub(super) fn named_rows(rows: &[PieceRow], segment: &Segment) -> Vec<PieceRow> {
    let mut free: Vec<usize> =
        segment.singles.iter().copied().filter(|at| rows[*at].pieces[0].sort == Sort::Words).collect();
    let lines_above = |at: usize, free: &[usize]| -> Vec<usize> {
        let close = |line: usize| rows[line + 1].bbox().y1 - rows[line].bbox().y2 < 1.2 * rows[line].height();
        let run = (0..at).rev().take(2).take_while(|line| free.contains(line) && close(*line));
        run.collect::<Vec<_>>().into_iter().rev().collect()
    };
    // Where hardly a nameless row has a line above it, that line is a title.
    let nameless: Vec<usize> = segment.rows.iter().copied().filter(|at| !has_name(&rows[*at])).collect();
    let over = nameless.iter().filter(|at| !lines_above(**at, &free).is_empty()).count();
    let named_above = over > 0
        && over * 2 >= nameless.len()
        && (nameless.len() < segment.rows.len() || over > 1 || nameless.len() == 1);
    let mut found = Vec::new();
    for at in &segment.rows {
        let mut row = rows[*at].clone();
        let above = lines_above(*at, &free);
        let below = free.contains(&(at + 1)).then_some(at + 1);
        if !has_name(&row) && named_above && !above.is_empty() {
            free.retain(|line| !above.contains(line));
            row.pieces.insert(0, joined(above.iter().map(|line| &rows[*line].pieces[0])));
        } else if let Some(below) = below.filter(|below| is_name_below(rows, segment, *at, *below)) {
            free.retain(|line| *line != below);
            let line = &rows[below].pieces[0];
            match row.pieces.first_mut().filter(|first| first.sort == Sort::Words) {
                Some(code) => *code = joined([&code.clone(), line].into_iter()),
                None => row.pieces.insert(0, line.clone()),
            }
        }
        // The second line of a name that was too long for one.
        if let Some(below) = free.iter().copied().find(|line| *line == at + 1 && goes_on(rows, segment, *at, *line)) {
            free.retain(|line| *line != below);
            row.pieces[0] = joined([&row.pieces[0].clone(), &rows[below].pieces[0]].into_iter());
        }
        found.push(row);
    }
    found
}

/// Whether words are in a row, not mere numbers and codes of numbers.
fn has_name(row: &PieceRow) -> bool {
    const LETTERS: usize = 3;
    let letters = |piece: &Piece| piece.text.chars().filter(|c| c.is_alphabetic()).count();
    row.pieces.iter().any(|piece| piece.sort == Sort::Words && (letters(piece) >= LETTERS || !has_digit(piece)))
}

fn has_digit(piece: &Piece) -> bool {
    piece.text.chars().any(|c| c.is_ascii_digit())
}

/// Whether the line below a row that begins with a code says what it is.
fn is_name_below(rows: &[PieceRow], segment: &Segment, at: usize, below: usize) -> bool {
    let first = &rows[at].pieces[0];
    let line = &rows[below].pieces[0];
    let code = has_digit(first) && !first.text.contains(' ') && rows[at].pieces.len() > 2;
    let others = rows[at].pieces[1..].iter().all(|piece| piece.sort != Sort::Words);
    let goes_on = segment.rows.contains(&(below + 1)) || segment.rows.last() == Some(&at);
    code && others && goes_on && line.bbox.y1 - first.bbox.y2 < first.bbox.height()
}

/// Whether a line continues with the first cell of the row above it: at its edge, closer to it than to the next row.
fn goes_on(rows: &[PieceRow], segment: &Segment, at: usize, below: usize) -> bool {
    let (first, line) = (&rows[at].pieces[0], &rows[below].pieces[0]);
    let gap = (line.bbox.y1 - first.bbox.y2).max(1.0);
    let next = segment.rows.iter().find(|row| **row > at).map(|next| rows[*next].bbox().y1 - line.bbox.y2);
    let same = (line.bbox.x1 - first.bbox.x1).abs() < 0.4 * line.bbox.height()
        && line.bbox.height() < 1.3 * first.bbox.height();
    let apart = next.is_some_and(|next| next > 2.0 * gap + 0.2 * line.bbox.height());
    first.sort == Sort::Words && rows[at].pieces.len() > 1 && same && gap < 0.4 * line.bbox.height() && apart
}

fn joined<'a>(pieces: impl Iterator<Item = &'a Piece>) -> Piece {
    let all: Vec<&Piece> = pieces.collect();
    let text = all.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>().join(" ");
    let bbox = super::piece::around(all.iter().map(|piece| piece.bbox)).unwrap_or(all[0].bbox);
    Piece { text, bbox, sort: Sort::Words }
}
