//! The tables that are on a page, with typed columns.

pub use self::types::{ColumnKind, PageCell, PageColumn, PageRow, PageTable};

use self::typed_text::Context;
use super::TextLine;

mod build;
mod caption;
mod chart;
mod column;
mod counts;
mod grid;
mod header;
mod list;
mod named_rows;
mod piece;
mod segment;
mod sides;
mod split;
mod title;
mod typed_text;
mod types;

/// The tables of the lines of a page, from top to bottom; running text is none.
pub fn page_tables(lines: &[TextLine]) -> Vec<PageTable> {
    let all = piece::piece_rows(lines);
    let context = Context::of_page(lines.iter().map(|line| line.text.as_str()));
    let mut rows = all.clone();
    chart::without_ticks(&mut rows);
    let mut tables = chart::charts(&mut rows, context);
    tables.extend(caption::captions(&mut rows, context));
    tables.extend(list::lists(&mut rows, context));
    tables.extend(list::shares(&mut rows, context));
    split::split(&mut rows);
    counts::part_counts(&mut rows);
    for segment in segment::segments(&rows) {
        for mut side in sides::part(named_rows::named_rows(&rows, &segment)) {
            sides::unglue(&mut side);
            tables.extend(build::build(&side, context));
        }
    }
    title::entitle(&mut tables, &all);
    // Those that begin at one row of the page from left to right.
    let row = |top: f32| all.iter().position(|row| row.bbox().center().1 >= top);
    let place = |table: &PageTable| table.bbox.map_or((None, 0.0), |bbox| (row(bbox.y1), bbox.x1));
    tables.sort_by(|a, b| place(a).0.cmp(&place(b).0).then(place(a).1.total_cmp(&place(b).1)));
    if lines.iter().any(|line| line.bbox.is_none()) {
        tables.iter_mut().for_each(PageTable::forget_places);
    }
    tables
}

#[cfg(test)]
mod tests;
