//! What stands above a table and names it.

use super::{
    PageTable,
    piece::{PieceRow, Sort},
};

/// A gap between a title and what is below it at most, in heights of its letters.
const GAP: f32 = 3.0;
/// Letters that are so much taller are the title's.
const TALLER: f32 = 1.12;
/// Letters of a title at most.
const LETTERS: usize = 80;

/// Gives each table the tallest of the lines right above it, the first of several.
pub(super) fn entitle(tables: &mut [PageTable], rows: &[PieceRow]) {
    let taken: Vec<crate::geom::BBox> = tables.iter().filter_map(|table| table.bbox).collect();
    for table in tables.iter_mut() {
        let Some(bbox) = table.bbox else { continue };
        let mut top = bbox.y1;
        let mut best: Option<(f32, &str)> = None;
        for row in rows.iter().rev() {
            let own = row.bbox();
            let inside = taken.iter().any(|other| {
                own.center().1 > other.y1 && own.center().1 < other.y2 && own.x1 < other.x2 && own.x2 > other.x1
            });
            if own.center().1 >= top || (inside && own.y1 >= bbox.y1) {
                continue;
            }
            if inside || top - own.y2 > GAP * own.height() {
                break;
            }
            top = own.y1;
            let words =
                row.pieces.iter().filter(|piece| piece.sort == Sort::Words && piece.text.chars().count() <= LETTERS);
            for piece in words.rev() {
                let height = piece.bbox.height();
                if best.is_none_or(|(known, _)| {
                    height > known * TALLER || height >= known / TALLER && height * TALLER >= known
                }) {
                    best = Some((best.map_or(height, |(known, _)| known.max(height)), &piece.text));
                }
            }
        }
        table.title = best.map(|(_, text)| text.to_owned());
    }
}
