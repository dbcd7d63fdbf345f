//! The tables that stand on a page, with typed columns.

use schemars::JsonSchema;
use serde::Serialize;

use crate::geom::BBox;

use super::{Table, TextLine};

mod cell;
mod column;

/// A table that stands on a page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PageTable {
    /// What stands above it and names it.
    pub title: Option<String>,
    /// From left to right.
    pub columns: Vec<PageColumn>,
    /// From top to bottom; of a table that lies across from left to right.
    pub rows: Vec<PageRow>,
    /// Around all its cells and headers, in pixels of the image.
    pub bbox: Option<BBox>,
    /// Whether its rows stand side by side on the page, as the bars of a chart do.
    pub across: bool,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PageColumn {
    /// Its header as printed; `name`, `value` or `column 3` where the page heads none. Unique in its table, never empty.
    pub name: String,
    /// What most of its cells hold.
    pub kind: ColumnKind,
    /// The unit or currency, where all its numbers share one.
    pub unit: Option<String>,
}

/// What the cells of a column hold.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Words, codes and whatever else is none of the others.
    Text,
    /// Numbers, perhaps with a unit.
    Number,
    /// Amounts of money.
    Money,
    /// Times of day.
    Time,
    /// Days of a calendar.
    Date,
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PageRow {
    /// One a column, in their order.
    pub cells: Vec<PageCell>,
    /// Around its cells, in pixels of the image.
    pub bbox: Option<BBox>,
    /// Whether it sums up others, as totals, taxes and averages do.
    pub summary: bool,
}

/// A cell of a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PageCell {
    /// As printed; empty where the page has nothing.
    pub text: String,
    /// The number, where it is one; its unit or currency stands in the text.
    pub number: Option<f64>,
    /// The day as `yyyy-mm-dd`.
    pub date: Option<String>,
    /// The time of day in minutes since midnight.
    pub minutes: Option<f64>,
    /// Where it stands, in pixels of the image.
    pub bbox: Option<BBox>,
}

/// The tables of the lines of a page, from top to bottom; running text is none.
pub fn page_tables(lines: &[TextLine]) -> Vec<PageTable> {
    let Some(table) = Table::read(lines) else { return Vec::new() };
    let width = table.columns();
    let place = |text: &str| lines.iter().find(|line| line.text.trim() == text).and_then(|line| line.bbox);
    let rows: Vec<PageRow> = table
        .records
        .iter()
        .map(|record| {
            let cell = |column| {
                let text = record.cell(column).map(|cell| cell.text.as_str()).unwrap_or_default();
                PageCell { bbox: place(text), ..PageCell::parse(text) }
            };
            let cells: Vec<PageCell> = (0..width).map(cell).collect();
            PageRow { bbox: column::around(cells.iter().filter_map(|cell| cell.bbox)), cells, summary: record.summary }
        })
        .collect();
    let printed = |header: &String| {
        let same = |line: &&TextLine| line.text.trim().trim_end_matches([':', '：']).to_lowercase() == *header;
        lines.iter().find(same).map_or_else(|| header.clone(), |line| line.text.trim().to_owned())
    };
    let headers: Vec<String> = table.headers.iter().map(printed).collect();
    let bbox = column::around(rows.iter().filter_map(|row| row.bbox));
    vec![PageTable { title: None, columns: column::columns(&headers, &rows, width), rows, bbox, across: table.across }]
}
