//! What stands above a table and names it.

use super::{
    piece::{PieceRow, Sort},
    types::PageTable,
};
use crate::geom::BBox;

/// A gap between a title and what is below it at most, in heights of its letters.
const GAP: f32 = 3.0;
/// The same over a chart.
const CHART: f32 = 10.0;
/// Letters that are so much taller are the title's.
const TALLER: f32 = 1.2;
/// Letters of a title at most.
const LETTERS: usize = 80;

/// A line that may be a title: its height and its text.
type Line = (f32, String);

/// Gives each table the tallest of the lines above it. Where none is taller, the first of a page's head, else the nearest.
pub(super) fn entitle(tables: &mut [PageTable], rows: &[PieceRow]) {
    let taken: Vec<BBox> = tables.iter().filter_map(|table| table.bbox).collect();
    for table in tables.iter_mut() {
        let Some(bbox) = table.bbox else { continue };
        // The highest bar may end far below the title of its chart.
        let gap = if table.across { CHART } else { GAP };
        let (lines, at_top) = above(bbox, rows, &taken, gap);
        let tallest = lines.iter().map(|(height, _)| *height).fold(0.0, f32::max);
        let mut heights: Vec<f32> = lines.iter().map(|(height, _)| *height).collect();
        heights.sort_by(f32::total_cmp);
        let usual = heights.get(heights.len().saturating_sub(1) / 2).copied().unwrap_or(0.0);
        // Lines come from the nearest up.
        let best = if lines.len() > 1 && tallest > TALLER * usual {
            lines.iter().find(|(height, _)| *height >= tallest)
        } else if at_top {
            lines.last()
        } else {
            lines.first()
        };
        table.title = best.map(|(_, text)| text.clone());
    }
}

/// The lines of words right above a box, from the nearest up, and whether they reach the top of the page.
fn above(bbox: BBox, rows: &[PieceRow], taken: &[BBox], gap: f32) -> (Vec<Line>, bool) {
    let mut top = bbox.y1;
    let mut lines = Vec::new();
    for row in rows.iter().rev() {
        let own = row.bbox();
        let (x, y) = own.center();
        let inside = |other: &BBox| y > other.y1 && y < other.y2 && own.x1 < other.x2 && own.x2 > other.x1;
        if y >= top {
            continue;
        }
        if taken.iter().any(inside)
            || top - own.y2 > gap * own.height()
            || (own.x1 > bbox.x2 || own.x2 < bbox.x1) && x > 0.0
        {
            return (lines, false);
        }
        top = own.y1;
        lines.extend(line(row));
    }
    (lines, true)
}

/// The first words of a row, with what stands close behind them.
fn line(row: &PieceRow) -> Option<Line> {
    let first = row.pieces.iter().position(|piece| piece.sort == Sort::Words)?;
    let (mut text, mut end) = (row.pieces[first].text.clone(), row.pieces[first].bbox);
    for piece in &row.pieces[first + 1..] {
        if piece.bbox.x1 - end.x2 > 0.8 * end.height() {
            break;
        }
        text = format!("{text} {}", piece.text);
        end = piece.bbox;
    }
    (text.chars().count() <= LETTERS).then_some((row.pieces[first].bbox.height(), text))
}
