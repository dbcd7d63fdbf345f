//! Which rows of a page belong to one table.

use super::{
    grid::{GridColumn, grid},
    piece::{Piece, PieceRow, Sort},
};
use crate::document::language::is_summary;

/// Places that count as one, in heights of a line.
const NEAR: f32 = 0.9;
/// A gap between rows of one table at most, in heights of a line.
const GAP: f32 = 3.5;
/// A gap that ends a part of a page, in the page's usual distance of rows.
const WIDE: f32 = 1.45;
/// Rows at the start of a segment that say where its columns are.
const FIRST: usize = 4;
/// The same at its end.
const LAST: usize = 12;
/// Letters of a cell of running text, on average.
const RUNNING: usize = 24;

/// Rows of one table by their indices, with lines between them that stand alone.
#[derive(Clone, Debug, Default)]
pub(super) struct Segment {
    /// Rows of several pieces.
    pub(super) rows: Vec<usize>,
    /// Lines of one piece between them: a name over its numbers, a cell whose neighbors are empty.
    pub(super) singles: Vec<usize>,
}

/// The segments of a page from top to bottom.
pub(super) fn segments(rows: &[PieceRow]) -> Vec<Segment> {
    let mut found: Vec<Segment> = Vec::new();
    let mut current = Segment::default();
    let mut pending: Vec<usize> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        if row.is_single() && !is_lone_cell(rows, &current, at) {
            pending.push(at);
            continue;
        }
        if !current.rows.is_empty() && joins(rows, &current, &pending, at) {
            current.singles.append(&mut pending);
            current.rows.push(at);
        } else {
            found.push(std::mem::take(&mut current));
            // The lines right above may be the name of the first row.
            current.singles = pending.drain(..).rev().take(3).collect();
            current.singles.reverse();
            current.rows.push(at);
        }
    }
    // A text below the last row may continue with its name.
    current.singles.extend(pending.iter().take(1));
    found.push(current);
    found.retain(|segment| segment.rows.len() > 1 && !is_running(rows, segment));
    found
}

/// The distance from the end of a row to the start of the next.
fn gap(above: &PieceRow, below: &PieceRow) -> f32 {
    below.bbox().y1 - above.bbox().y2
}

/// Whether a piece alone is a cell of the table above it: a value below a column other than the first.
fn is_lone_cell(rows: &[PieceRow], segment: &Segment, at: usize) -> bool {
    let piece = &rows[at].pieces[0];
    let Some(last) = segment.rows.last().filter(|last| segment.rows.len() > 1 || rows[**last].pieces.len() > 2) else {
        return false;
    };
    let (columns, _) = columns(rows, segment);
    let under = columns.iter().position(|column| piece.apart(&column.middle()) < NEAR);
    columns.len() > 2
        && piece.is_value()
        && under.is_some_and(|column| column > 0)
        && gap(&rows[*last], &rows[at]) < 1.5 * rows[at].height()
}

/// The columns of a segment, by its first rows and its last: all of a long one would cost time without saying more.
fn columns(rows: &[PieceRow], segment: &Segment) -> (Vec<GridColumn>, Vec<Vec<usize>>) {
    let skipped = FIRST..segment.rows.len().saturating_sub(LAST).max(FIRST);
    let kept = segment.rows.iter().enumerate().filter(|(at, _)| !skipped.contains(at));
    grid(&kept.map(|(_, row)| &rows[*row]).collect::<Vec<_>>())
}

/// Whether a row continues with a segment.
fn joins(rows: &[PieceRow], segment: &Segment, pending: &[usize], at: usize) -> bool {
    let Some(last) = segment.rows.last().map(|last| &rows[*last]) else { return false };
    let row = &rows[at];
    let height = row.height().min(last.height());
    let before = pending.last().map_or(last, |pending| &rows[*pending]);
    if gap(before, row) > GAP * height || pending.windows(2).any(|two| gap(&rows[two[0]], &rows[two[1]]) > GAP * height)
    {
        return false;
    }
    let usual = usual_gap(rows, segment).unwrap_or(height);
    // A line above a wide gap begins something new, unless it stands as close to what is above.
    if let Some(first) = pending.first().map(|first| &rows[*first]) {
        let (above, below) = (gap(last, first), gap(before, row));
        let apart = above > WIDE * usual.max(below) && above > 0.6 * height;
        let tall = first.height() > 1.25 * last.height() && first.height() > 1.15 * row.height();
        let same_edge = (first.bbox().x1 - last.bbox().x1).abs() < height;
        if apart || tall || (!same_edge && pending.len() > 1) {
            return false;
        }
    }
    fits(rows, segment, at) && !heads_anew(rows, segment, at, usual)
}

/// The middle gap between the rows of a segment.
fn usual_gap(rows: &[PieceRow], segment: &Segment) -> Option<f32> {
    let pairs = segment.rows.windows(2).filter(|two| two[1] == two[0] + 1);
    let mut gaps: Vec<f32> = pairs.map(|two| gap(&rows[two[0]], &rows[two[1]])).collect();
    gaps.sort_by(f32::total_cmp);
    gaps.get(gaps.len() / 2).copied().map(|gap| gap.max(2.0))
}

/// Whether the pieces of a row are in the columns of a segment.
fn fits(rows: &[PieceRow], segment: &Segment, at: usize) -> bool {
    let row = &rows[at];
    let (columns, _) = columns(rows, segment);
    let near = |piece: &Piece| columns.iter().any(|column| piece.apart(&column.middle()) < NEAR);
    let aligned = row.pieces.iter().filter(|piece| near(piece)).count();
    let of = |test: fn(&PieceRow) -> bool| segment.rows.iter().filter(|row| test(&rows[**row])).count();
    let pairs = of(PieceRow::is_pair) * 2 > segment.rows.len();
    let first = near(&row.pieces[0]);
    if row.is_single() {
        return aligned == 1;
    }
    // The values of bars and of lines that were taken apart stand anywhere.
    if row.is_pair() && pairs && first {
        return true;
    }
    if aligned >= 2 {
        return aligned * 2 >= row.pieces.len();
    }
    let last = row.pieces.last().is_some_and(|piece| piece.is_value() && near(piece));
    if last && (is_summary(&row.text().to_lowercase()) || row.is_pair()) {
        return true;
    }
    // Under a row of headers the numbers stand where they like, one below each.
    let headed = segment.rows.len() == 1 && heads(&rows[segment.rows[0]]);
    headed && row.pieces.len() == columns.len() && {
        let under = |(piece, column): (&Piece, &GridColumn)| {
            let middle = column.middle();
            piece.bbox.x1 < middle.x2 + 2.0 * row.height() && piece.bbox.x2 > middle.x1 - 2.0 * row.height()
        };
        row.pieces.iter().zip(&columns).filter(|pair| under(*pair)).count() + 1 >= columns.len()
    }
}

/// Whether a row may name columns: words alone.
pub(super) fn heads(row: &PieceRow) -> bool {
    !row.is_single() && row.pieces.iter().all(|piece| piece.sort == Sort::Words)
}

/// Whether a row below others names the columns of another table.
fn heads_anew(rows: &[PieceRow], segment: &Segment, at: usize, usual: f32) -> bool {
    let valued = |row: &PieceRow| row.pieces.iter().any(Piece::is_value);
    let row = &rows[at];
    let above = segment.rows.iter().filter(|row| valued(&rows[**row])).count();
    let below = rows.get(at + 1).is_some_and(|next| valued(next) && next.pieces.len() >= row.pieces.len());
    let last = segment.rows.last().map_or(0.0, |last| gap(&rows[*last], row));
    let again = segment.rows.first().is_some_and(|first| rows[*first].text() == row.text());
    heads(row) && (again || (above > 1 && below && last > WIDE * usual && last > 0.5 * row.height()))
}

/// Whether what stands side by side is running text: long cells, hardly a number among them.
fn is_running(rows: &[PieceRow], segment: &Segment) -> bool {
    let pieces = || segment.rows.iter().flat_map(|row| &rows[*row].pieces);
    let (count, letters) = pieces().fold((0, 0), |(count, sum), piece| (count + 1, sum + piece.text.chars().count()));
    let values = pieces().filter(|piece| piece.is_value()).count();
    letters > RUNNING * count && values * 5 < count
}
