//! What a table of a page is made of.

use schemars::JsonSchema;
use serde::Serialize;

use crate::geom::BBox;

/// A table that is on a page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PageTable {
    /// What stands above it and names it.
    pub title: Option<String>,
    /// From left to right.
    pub columns: Vec<PageColumn>,
    /// Which column names the rows: the index of the one that holds words most often.
    pub names: usize,
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
    /// Whether the page prints this name.
    pub headed: bool,
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
    /// The number, where it is one; its unit or currency is in the text.
    pub number: Option<f64>,
    /// The day as `yyyy-mm-dd`.
    pub date: Option<String>,
    /// The time of day in minutes since midnight.
    pub minutes: Option<f64>,
    /// Where it stands, in pixels of the image.
    pub bbox: Option<BBox>,
}

impl PageTable {
    /// Drops places that were made up.
    pub(super) fn forget_places(&mut self) {
        self.bbox = None;
        for row in &mut self.rows {
            row.bbox = None;
            row.cells.iter_mut().for_each(|cell| cell.bbox = None);
        }
    }
}
