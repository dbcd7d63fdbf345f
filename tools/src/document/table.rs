//! Text that stands in rows and columns: price lists, timetables, forms, scoreboards, the labels of a bar chart. It is read
//! from the places of the lines.

use super::Kind;

/// One cell of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// What it says.
    pub text: String,
    /// What kind of thing that is.
    pub kind: Kind,
    /// The index of its column.
    pub column: usize,
}

/// What belongs together: a row, or a column under its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its first cell that is neither number nor time.
    pub name: String,
    /// Its cells, from left to right or from top to bottom.
    pub cells: Vec<Cell>,
    /// Whether it sums up others, as totals, taxes and payments do.
    pub summary: bool,
}

/// Records and the headers of their columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// In lower case; empty where a column has none.
    pub headers: Vec<String>,
    /// The rows, or the columns of a table that lies across.
    pub records: Vec<Record>,
    /// Whether the records stand side by side rather than below each other.
    pub across: bool,
    /// Whether it is mere lines that end in numbers.
    pub loose: bool,
}

impl Record {
    /// The cell of a column.
    pub fn cell(&self, column: usize) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.column == column)
    }
}

impl Table {
    /// How many columns there are.
    pub fn columns(&self) -> usize {
        self.records.iter().flat_map(|record| &record.cells).map(|cell| cell.column + 1).max().unwrap_or(0)
    }
}
