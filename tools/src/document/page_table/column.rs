//! What the columns of a table are called and what they hold.

use super::{ColumnKind, PageColumn, PageRow};
use crate::geom::BBox;

/// The columns of rows of `width` cells; a header may be empty or missing.
pub(super) fn columns(headers: &[String], rows: &[PageRow], width: usize) -> Vec<PageColumn> {
    let kinds: Vec<ColumnKind> = (0..width).map(|at| kind(rows, at)).collect();
    let mut found: Vec<PageColumn> = Vec::new();
    for (at, kind) in kinds.iter().enumerate() {
        let header = headers.get(at).map(|header| header.trim()).filter(|header| !header.is_empty());
        let first = kinds.iter().position(|kind| *kind == ColumnKind::Text).unwrap_or(0);
        let name = match header {
            Some(header) => header.to_owned(),
            None if at == first => "name".to_owned(),
            None if width == 2 => "value".to_owned(),
            None => format!("column {}", at + 1),
        };
        let name = unique(name, &found);
        found.push(PageColumn { name, kind: *kind, unit: None });
    }
    found
}

/// A name that no column has yet.
fn unique(name: String, known: &[PageColumn]) -> String {
    let free = |name: &String| known.iter().all(|column| column.name != *name);
    if free(&name) {
        return name;
    }
    (2..).map(|count| format!("{name} {count}")).find(free).unwrap_or(name)
}

/// What at least two thirds of the filled cells of a column hold.
fn kind(rows: &[PageRow], at: usize) -> ColumnKind {
    let cells = || rows.iter().filter_map(|row| row.cells.get(at)).filter(|cell| !cell.text.is_empty());
    let filled = cells().count();
    let most = |count: usize| count > 0 && count * 3 >= filled * 2;
    if most(cells().filter(|cell| cell.date.is_some()).count()) {
        ColumnKind::Date
    } else if most(cells().filter(|cell| cell.minutes.is_some()).count()) {
        ColumnKind::Time
    } else if most(cells().filter(|cell| cell.number.is_some()).count()) {
        ColumnKind::Number
    } else {
        ColumnKind::Text
    }
}

/// The box around boxes.
pub(super) fn around(boxes: impl Iterator<Item = BBox>) -> Option<BBox> {
    boxes.reduce(|a, b| BBox { x1: a.x1.min(b.x1), y1: a.y1.min(b.y1), x2: a.x2.max(b.x2), y2: a.y2.max(b.y2) })
}
