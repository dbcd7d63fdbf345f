//! The tables of a card: rows cell by cell, and what columns come to.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::{
    document::{ColumnKind, PageRow, PageTable},
    vision::table::operation::{extreme, printed, values},
};

/// Rows of one table shown.
pub(super) const SHOWN_ROWS: usize = 24;

/// A table on the page.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CardTable {
    /// The name that tools know it by.
    pub name: String,
    /// The title above it.
    pub title: Option<String>,
    /// Its first rows.
    pub rows: Vec<CardRow>,
    /// How many rows there are.
    pub count: usize,
    /// Rows that are not shown.
    pub more: usize,
    /// What its columns of numbers, times and dates come to.
    pub columns_in_short: Vec<CardColumn>,
    /// How many rows have each text, for columns that hold only a few different texts.
    pub repeated: Vec<CardValues>,
}

/// A row, cell by cell with the head of its column: a small model that must count columns reads the wrong one.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CardRow {
    /// The head of the column that names rows, where the page prints one.
    pub head: Option<String>,
    /// The cell that names the row.
    pub name: String,
    /// The others that are not empty.
    pub cells: Vec<CardCell>,
}

/// A cell of a row.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CardCell {
    /// The head of its column, where the page prints one.
    pub head: Option<String>,
    /// Its text.
    pub text: String,
}

/// The texts of a column that repeats a few, with how many rows have each.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CardValues {
    /// Its head.
    pub column: String,
    /// Each text with its count, such as `late 3`, in order of appearance.
    pub values: Vec<String>,
}

/// What a column of numbers, times or dates comes to, without the rows that sum up others.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CardColumn {
    /// Its head, where the page prints one.
    pub head: Option<String>,
    /// The largest value.
    pub largest: CardExtreme,
    /// The smallest value.
    pub smallest: CardExtreme,
    /// The sum, of numbers only.
    pub sum: Option<String>,
    /// The mean, of numbers only.
    pub average: Option<String>,
}

/// The largest or smallest value of a column.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CardExtreme {
    /// The value as printed.
    pub value: String,
    /// The name of its row, where this is another cell.
    pub row: Option<String>,
}

impl CardTable {
    pub(super) fn new(name: String, table: &PageTable) -> Self {
        let items: Vec<&PageRow> = table.rows.iter().filter(|row| !row.summary).collect();
        Self {
            name,
            title: table.title.clone(),
            rows: table.rows.iter().take(SHOWN_ROWS).map(|row| CardRow::new(row, table)).collect(),
            count: table.rows.len(),
            more: table.rows.len().saturating_sub(SHOWN_ROWS),
            columns_in_short: (0..table.columns.len())
                .filter_map(|column| CardColumn::new(table, &items, column))
                .collect(),
            repeated: (0..table.columns.len()).filter_map(|column| CardValues::new(table, &items, column)).collect(),
        }
    }
}

impl CardRow {
    fn new(row: &PageRow, table: &PageTable) -> Self {
        let filled = || row.cells.iter().enumerate().filter(|(_, cell)| !cell.text.is_empty());
        let named = filled().find(|(at, _)| *at == table.names).or_else(|| filled().next());
        let others = filled().filter(|(at, _)| named.is_none_or(|(names, _)| *at != names));
        Self {
            head: named.and_then(|(at, _)| head(table, at)),
            name: named.map(|(_, cell)| cell.text.clone()).unwrap_or_default(),
            cells: others.map(|(at, cell)| CardCell { head: head(table, at), text: cell.text.clone() }).collect(),
        }
    }
}

/// The head of a column, where the page prints one.
fn head(table: &PageTable, at: usize) -> Option<String> {
    table.columns.get(at).filter(|column| column.headed).map(|column| column.name.clone())
}

/// Different texts of a column whose counts are told, at most.
const REPEATED: usize = 6;

impl CardValues {
    fn new(table: &PageTable, items: &[&PageRow], at: usize) -> Option<Self> {
        let head = table.columns.get(at).filter(|column| column.kind == ColumnKind::Text)?;
        let mut counts: IndexMap<&str, usize> = IndexMap::new();
        for cell in items.iter().filter_map(|row| row.cells.get(at)).filter(|cell| !cell.text.is_empty()) {
            *counts.entry(&cell.text).or_default() += 1;
        }
        let repeats = counts.len() <= REPEATED && counts.values().sum::<usize>() > counts.len();
        repeats.then(|| Self {
            column: head.name.clone(),
            values: counts.into_iter().map(|(text, count)| format!("{text} {count}")).collect(),
        })
    }
}

impl CardColumn {
    fn new(table: &PageTable, items: &[&PageRow], at: usize) -> Option<Self> {
        let kind = table.columns.get(at).map(|column| column.kind).filter(|kind| *kind != ColumnKind::Text)?;
        let numbers = values(items.iter().copied(), table, at);
        if numbers.len() < 2 {
            return None;
        }
        // Ranks and row numbers: a first place is not the smallest of anything.
        let counts_on = |pair: &[(&PageRow, f64)]| (pair[1].1 - pair[0].1 - 1.0).abs() < f64::EPSILON;
        if numbers.len() > 2 && numbers.windows(2).all(counts_on) {
            return None;
        }
        let extreme = |largest| {
            let (row, _) = extreme(&numbers, largest)?;
            let text = |at: usize| row.cells.get(at).map(|cell| cell.text.clone());
            let name = text(table.names).filter(|name| at != table.names && !name.is_empty());
            Some(CardExtreme { value: text(at)?, row: name })
        };
        let sum: f64 = numbers.iter().map(|(_, number)| number).sum();
        let numeric = matches!(kind, ColumnKind::Number | ColumnKind::Money);
        Some(Self {
            head: self::head(table, at),
            largest: extreme(true)?,
            smallest: extreme(false)?,
            sum: numeric.then(|| printed(sum, table, at)),
            average: numeric.then(|| printed(sum / numbers.len() as f64, table, at)),
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "a test fails where its set-up does")]

    use super::*;
    use crate::document::{TextLine, page_tables};

    fn table(rows: [[&str; 4]; 4]) -> CardTable {
        let line = |text: &str, row: usize, column: usize| {
            let (x, y) = (column as f32 * 160.0, row as f32 * 30.0);
            let bbox = crate::geom::BBox { x1: x, y1: y, x2: x + text.len() as f32 * 10.0, y2: y + 20.0 };
            TextLine { text: text.to_owned(), bbox: Some(bbox) }
        };
        let cells = rows
            .iter()
            .enumerate()
            .flat_map(|(row, cells)| cells.iter().enumerate().map(move |(column, text)| line(text, row, column)));
        let tables = page_tables(&cells.collect::<Vec<_>>());
        CardTable::new("page_1_table_1".into(), tables.first().expect("a table"))
    }

    #[test]
    fn rows_name_their_cells_and_ranks_have_no_extremes() {
        let card = table([
            ["Rank", "Name", "Nation", "Time"],
            ["1", "Keller", "Swiss", "53.18"],
            ["2", "Moreau", "France", "53.64"],
            ["3", "Lind", "Sweden", "54.02"],
        ]);
        let row = &card.rows[0];
        assert_eq!((row.head.as_deref(), row.name.as_str()), (Some("Name"), "Keller"));
        let cells: Vec<String> =
            row.cells.iter().map(|cell| format!("{} {}", cell.head.as_deref().unwrap_or("-"), cell.text)).collect();
        assert_eq!(cells, ["Rank 1", "Nation Swiss", "Time 53.18"]);
        let heads: Vec<_> = card.columns_in_short.iter().filter_map(|column| column.head.as_deref()).collect();
        assert_eq!(heads, ["Time"]);
        assert_eq!(card.columns_in_short[0].smallest.row.as_deref(), Some("Keller"));
    }
}
