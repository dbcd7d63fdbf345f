//! Text that stands in rows and columns: price lists, timetables, forms, scoreboards, the labels of a bar chart. It is read
//! from the places of the lines, and asked by what a question names: records by their cells, columns by their headers.

mod ask;
mod cell;
mod read;

pub(super) use ask::{Extreme, extremes, threshold};
pub(super) use cell::Kind;

use super::words::{PRICE_WORDS, has_any, has_han};
use ask::{same, telling};

/// One cell of a record.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cell {
    /// What it says.
    pub(super) text: String,
    /// What kind of thing that is.
    pub(super) kind: Kind,
    /// The index of its column.
    pub(super) column: usize,
}

/// What belongs together: a row, or a column under its name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    /// Its first cell that is neither number nor time.
    pub(super) name: String,
    pub(super) cells: Vec<Cell>,
    /// Whether it sums up others, as totals, taxes and payments do.
    pub(super) summary: bool,
}

/// Records and the headers of their columns.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    /// In lower case; empty where a column has none.
    pub(super) headers: Vec<String>,
    pub(super) records: Vec<Record>,
    /// Whether the records stand side by side rather than below each other.
    pub(super) across: bool,
    /// Whether it is mere lines that end in numbers.
    pub(super) loose: bool,
}

impl Record {
    pub(super) fn cell(&self, column: usize) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.column == column)
    }

    pub(super) fn number(&self, column: usize) -> Option<f64> {
        self.cell(column)?.kind.number()
    }

    /// The number of a column with its decimals as they are printed.
    pub(super) fn printed(&self, column: usize) -> Option<String> {
        match self.cell(column)?.kind {
            Kind::Number { value, exact: true } => Some(format!("{value:.2}")),
            Kind::Number { value, .. } => Some(format!("{value}")),
            _ => None,
        }
    }

    /// Its name with the value of a column: "Eraser (200)".
    pub(super) fn with(&self, column: usize) -> String {
        let value = self.cell(column).filter(|cell| cell.text != self.name);
        value.map_or_else(|| self.name.clone(), |cell| format!("{} ({})", self.name, cell.text))
    }
}

impl Table {
    /// The columns that hold numbers in most records.
    pub(super) fn numeric(&self) -> Vec<usize> {
        let items: Vec<&Record> = self.items().collect();
        (0..self.width())
            .filter(|column| {
                let numbers = items.iter().filter(|record| record.number(*column).is_some()).count();
                numbers > 0 && numbers * 3 >= items.len() * 2
            })
            .collect()
    }

    /// The records that sum up no others.
    pub(super) fn items(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(|record| !record.summary)
    }

    fn width(&self) -> usize {
        self.records.iter().flat_map(|record| &record.cells).map(|cell| cell.column + 1).max().unwrap_or(0)
    }

    /// The column that a question names by its header.
    pub(super) fn named_column(&self, asked: &str) -> Option<usize> {
        self.named_columns(asked).into_iter().next()
    }

    fn named_columns(&self, asked: &str) -> Vec<usize> {
        let words = telling(asked);
        let named = |header: &String| {
            !header.is_empty()
                && if has_han(header) {
                    asked.contains(header.as_str())
                } else {
                    telling(header).iter().any(|word| words.iter().any(|other| same(word, other)))
                }
        };
        (0..self.headers.len()).filter(|column| named(&self.headers[*column])).collect()
    }

    /// The column of numbers that a question is about: the one that it names, the only one, or for prices the one that looks so.
    pub(super) fn number_column(&self, asked: &str) -> Option<usize> {
        let numeric = self.numeric();
        let priced = has_any(asked, PRICE_WORDS) || ["价", "贵", "便宜", "钱"].iter().any(|word| asked.contains(word));
        let is_price = |column: &&usize| {
            let header = self.headers.get(**column).map_or("", String::as_str);
            let named = has_any(header, &["price", "cost", "amount", "fare", "fee"]) || header.contains('价');
            let cells: Vec<&Cell> = self.items().filter_map(|record| record.cell(**column)).collect();
            named || (header.is_empty() && !cells.is_empty() && cells.iter().all(|cell| cell.kind.is_price()))
        };
        if let Some(column) = self.named_columns(asked).into_iter().find(|column| numeric.contains(column)) {
            return Some(column);
        }
        match numeric.as_slice() {
            [only] => Some(*only),
            several if priced => several.iter().rev().find(is_price).copied(),
            _ => None,
        }
    }

    /// The column of times of day.
    pub(super) fn time_column(&self) -> Option<usize> {
        (0..self.width()).find(|column| {
            self.records.iter().filter_map(|record| record.cell(*column)).any(|cell| cell.kind == Kind::Time)
        })
    }

    /// Whether a question names what stands in a cell.
    pub(super) fn names_cell(&self, record: usize, column: usize, asked: &str) -> bool {
        let cell = self.records.get(record).and_then(|record| record.cell(column));
        cell.is_some_and(|cell| cell.is_named(asked, &telling(asked)))
    }

    /// The columns, record by record, of the cells under headers that a question names.
    pub(super) fn named_cells(&self, asked: &str) -> Vec<usize> {
        let words = telling(asked);
        let headed = |cell: &&Cell| self.headers.get(cell.column).is_some_and(|header| !header.is_empty());
        let cells = self.records.iter().flat_map(|record| &record.cells).filter(headed);
        cells.filter(|cell| cell.is_named(asked, &words)).map(|cell| cell.column).collect()
    }

    /// The records that a question names: all words of one of their cells stand in it; else those that a word of it means
    /// alone.
    pub(super) fn named(&self, asked: &str) -> Vec<usize> {
        let words = telling(asked);
        let headers: Vec<String> = self.headers.iter().flat_map(|header| telling(header)).collect();
        // Words of other columns name a record only where the column has a header.
        let names = |record: &Record, cell: &Cell| {
            cell.text == record.name || self.headers.get(cell.column).is_some_and(|header| !header.is_empty())
        };
        let full =
            |record: &Record| record.cells.iter().any(|cell| names(record, cell) && cell.is_named(asked, &words));
        let all: Vec<usize> = (0..self.records.len()).filter(|at| full(&self.records[*at])).collect();
        if !all.is_empty() || has_han(asked) {
            return all;
        }
        // A word that stands in one name alone means that record: "the soup" is the tomato soup where there is no other.
        let mut some: Vec<usize> = Vec::new();
        for word in words.iter().filter(|word| word.len() > 2 && !headers.iter().any(|header| same(header, word))) {
            let holds = |at: &usize| telling(&self.records[*at].name).iter().any(|own| same(own, word));
            let mut holding = (0..self.records.len()).filter(holds);
            if let (Some(only), None) = (holding.next(), holding.next())
                && !some.contains(&only)
            {
                some.push(only);
            }
        }
        some.sort_unstable();
        some
    }
}

impl Cell {
    fn is_named(&self, asked: &str, words: &[String]) -> bool {
        if self.kind != Kind::Name {
            return false;
        }
        if has_han(&self.text) {
            return self.text.chars().count() > 1 && asked.contains(&self.text.to_lowercase());
        }
        let own = telling(&self.text);
        !own.is_empty() && own.iter().all(|word| words.iter().any(|other| same(word, other)))
    }
}

#[cfg(test)]
mod tests;
