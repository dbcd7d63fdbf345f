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

    /// The number of a column.
    pub fn number(&self, column: usize) -> Option<f64> {
        self.cell(column)?.kind.number()
    }

    /// The number of a column with its decimals as they are printed.
    pub fn printed(&self, column: usize) -> Option<String> {
        match self.cell(column)?.kind {
            Kind::Number { value, exact: true } => Some(format!("{value:.2}")),
            Kind::Number { value, .. } => Some(format!("{value}")),
            _ => None,
        }
    }

    /// Its name with the value of a column: "Eraser (200)".
    pub fn with(&self, column: usize) -> String {
        let value = self.cell(column).filter(|cell| cell.text != self.name);
        value.map_or_else(|| self.name.clone(), |cell| format!("{} ({})", self.name, cell.text))
    }
}

impl Table {
    /// The columns that hold numbers in most records.
    pub fn numeric(&self) -> Vec<usize> {
        let items: Vec<&Record> = self.items().collect();
        (0..self.columns())
            .filter(|column| {
                let numbers = items.iter().filter(|record| record.number(*column).is_some()).count();
                numbers > 0 && numbers * 3 >= items.len() * 2
            })
            .collect()
    }

    /// The records that sum up no others.
    pub fn items(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(|record| !record.summary)
    }

    /// How many columns there are.
    pub fn columns(&self) -> usize {
        self.records.iter().flat_map(|record| &record.cells).map(|cell| cell.column + 1).max().unwrap_or(0)
    }

    /// The column of times of day.
    pub fn time_column(&self) -> Option<usize> {
        (0..self.columns()).find(|column| {
            self.records.iter().filter_map(|record| record.cell(*column)).any(|cell| cell.kind == Kind::Time)
        })
    }
}
