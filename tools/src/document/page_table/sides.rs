//! Tables that stand side by side, and cells of two columns that were read as one.

use super::{
    grid::{GridColumn, assign, grid},
    piece::{Piece, PieceRow, Sort},
    segment::heads,
};

/// A gutter between two tables is so many times wider than those inside them.
const WIDER: f32 = 2.0;

/// The rows of each of the tables that stand side by side in rows.
pub(super) fn part(rows: Vec<PieceRow>) -> Vec<Vec<PieceRow>> {
    let (columns, placed) = grid(&rows.iter().collect::<Vec<_>>());
    let Some(at) = border(&rows, &columns, &placed) else { return vec![rows] };
    let side = |left: bool| -> Vec<PieceRow> {
        let row = |(row, places): (&PieceRow, &Vec<usize>)| {
            let own = row.pieces.iter().zip(places).filter(|(_, place)| (**place < at) == left);
            PieceRow::new(own.map(|(piece, _)| piece.clone()).collect())
        };
        let own = rows.iter().zip(&placed).map(row).filter(|row| !row.pieces.is_empty());
        // A line alone over the first row is no cell.
        own.skip_while(PieceRow::is_single).collect()
    };
    vec![side(true), side(false)]
}

/// The first column of the second table.
fn border(rows: &[PieceRow], columns: &[GridColumn], placed: &[Vec<usize>]) -> Option<usize> {
    let width = columns.len();
    let gutter = |at: usize| columns[at].middle().x1 - columns[at - 1].middle().x2;
    if width == 3 {
        // An address beside labels with values.
        let sorts = [0, 1, 2].map(|at| sort_of(rows, placed, at));
        let beside = sorts[..2] == [Some(Sort::Words); 2] && sorts[2] != Some(Sort::Words);
        let digit = |c: char| c.is_ascii_digit();
        let headed = rows.iter().any(|row| row.pieces.len() == 3 && heads(row) && !row.text().contains(digit));
        return (beside && gutter(1) > WIDER * gutter(2) && !headed).then_some(1);
    }
    if width < 4 {
        return None;
    }
    let half = width / 2;
    let first = &rows[0].pieces;
    let texts = |pieces: &[Piece]| pieces.iter().map(|piece| piece.text.clone()).collect::<Vec<_>>();
    if first.len() == width && width.is_multiple_of(2) && texts(&first[..half]) == texts(&first[half..]) {
        return Some(half);
    }
    let sorts: Vec<Option<Sort>> = (0..width).map(|at| sort_of(rows, placed, at)).collect();
    let words = |at: usize| sorts[at] == Some(Sort::Words);
    let value = |at: usize| matches!(sorts[at], Some(Sort::Number | Sort::Time));
    // Names and values twice, without headers.
    if width == 4 && !heads(&rows[0]) && words(0) && value(1) && words(2) && value(3) {
        return Some(half);
    }
    let widest = (2..width - 1).max_by(|a, b| gutter(*a).total_cmp(&gutter(*b)))?;
    let others = (1..width).filter(|at| *at != widest).map(gutter).fold(1.0, f32::max);
    (words(0) && words(widest) && gutter(widest) > WIDER * others).then_some(widest)
}

/// What most pieces of a column are.
fn sort_of(rows: &[PieceRow], placed: &[Vec<usize>], column: usize) -> Option<Sort> {
    let pieces = rows.iter().zip(placed).flat_map(|(row, places)| row.pieces.iter().zip(places));
    let sorts: Vec<Sort> = pieces.filter(|(_, at)| **at == column).map(|(piece, _)| piece.sort).collect();
    let count = |sort: Sort| sorts.iter().filter(|other| **other == sort).count();
    [Sort::Words, Sort::Number, Sort::Time].into_iter().find(|sort| count(*sort) * 2 > sorts.len())
}

/// Takes apart the pieces that lie over two columns, where each part is of its column's kind.
pub(super) fn unglue(rows: &mut [PieceRow]) {
    let (columns, placed) = grid(&rows.iter().collect::<Vec<_>>());
    let sorts: Vec<Option<Sort>> = (0..columns.len()).map(|at| sort_of(rows, &placed, at)).collect();
    for row in rows.iter_mut().filter(|row| row.pieces.len() < columns.len()) {
        let places = assign(&row.pieces, &columns);
        let mut pieces = Vec::new();
        for (at, piece) in row.pieces.iter().enumerate() {
            let over = |column: &usize| {
                let middle = columns[*column].middle();
                let shared = piece.bbox.x2.min(middle.x2) - piece.bbox.x1.max(middle.x1);
                shared > 0.5 * middle.width()
                    && places.iter().enumerate().all(|(other, place)| other == at || place != column)
            };
            let both: Vec<usize> = (0..columns.len()).filter(over).collect();
            match &both[..] {
                [left, right] if left + 1 == *right => {
                    let fits = |parts: &(Piece, Piece)| {
                        let both = (Some(parts.0.sort), Some(parts.1.sort));
                        both == (sorts[*left], sorts[*right]) && both.0 != both.1
                    };
                    let border = f32::midpoint(columns[*left].middle().x2, columns[*right].middle().x1);
                    match parted(piece, border).filter(fits) {
                        Some((first, second)) => pieces.extend([first, second]),
                        None => pieces.push(piece.clone()),
                    }
                }
                _ => pieces.push(piece.clone()),
            }
        }
        row.pieces = pieces;
    }
}

/// A piece parted at the space that is nearest to a place.
fn parted(piece: &Piece, border: f32) -> Option<(Piece, Piece)> {
    let parts = piece.text.match_indices(' ').map(|(at, _)| piece.part(at, at + 1));
    parts.min_by(|a, b| (a.0.bbox.x2 - border).abs().total_cmp(&(b.0.bbox.x2 - border).abs()))
}
