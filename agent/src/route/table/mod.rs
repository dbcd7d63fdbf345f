//! Text that stands in rows and columns: price lists, timetables, forms, scoreboards, the labels of a bar chart
//! ([`argus_tools::document`]), asked by what a question names: records by their cells, columns by their headers.

mod ask;

pub(super) use argus_tools::document::{Cell, Kind, Record, Table};
pub(super) use ask::{Extreme, extremes, threshold};

use super::words::{PRICE_WORDS, has_any, has_han};
use ask::{same, telling};

/// How questions name the cells of a table.
pub(super) trait Asked {
    /// The column that a question names by its header.
    fn named_column(&self, asked: &str) -> Option<usize>;

    /// The column of numbers that a question is about: the one that it names, the only one, or for prices the one that looks so.
    fn number_column(&self, asked: &str) -> Option<usize>;

    /// Whether a question names what stands in a cell.
    fn names_cell(&self, record: usize, column: usize, asked: &str) -> bool;

    /// The columns, record by record, of the cells under headers that a question names.
    fn named_cells(&self, asked: &str) -> Vec<usize>;

    /// The records that a question names: all words of one of their cells stand in it; else those that a word of it means
    /// alone.
    fn named(&self, asked: &str) -> Vec<usize>;
}

impl Asked for Table {
    fn named_column(&self, asked: &str) -> Option<usize> {
        named_columns(self, asked).into_iter().next()
    }

    fn number_column(&self, asked: &str) -> Option<usize> {
        let numeric = self.numeric();
        let priced = has_any(asked, PRICE_WORDS) || ["价", "贵", "便宜", "钱"].iter().any(|word| asked.contains(word));
        let is_price = |column: &&usize| {
            let header = self.headers.get(**column).map_or("", String::as_str);
            let named = has_any(header, &["price", "cost", "amount", "fare", "fee"]) || header.contains('价');
            let cells: Vec<&Cell> = self.items().filter_map(|record| record.cell(**column)).collect();
            named || (header.is_empty() && !cells.is_empty() && cells.iter().all(|cell| cell.kind.is_price()))
        };
        if let Some(column) = named_columns(self, asked).into_iter().find(|column| numeric.contains(column)) {
            return Some(column);
        }
        match numeric.as_slice() {
            [only] => Some(*only),
            several if priced => several.iter().rev().find(is_price).copied(),
            _ => None,
        }
    }

    fn names_cell(&self, record: usize, column: usize, asked: &str) -> bool {
        let cell = self.records.get(record).and_then(|record| record.cell(column));
        cell.is_some_and(|cell| is_named(cell, asked, &telling(asked)))
    }

    fn named_cells(&self, asked: &str) -> Vec<usize> {
        let words = telling(asked);
        let headed = |cell: &&Cell| self.headers.get(cell.column).is_some_and(|header| !header.is_empty());
        let cells = self.records.iter().flat_map(|record| &record.cells).filter(headed);
        cells.filter(|cell| is_named(cell, asked, &words)).map(|cell| cell.column).collect()
    }

    fn named(&self, asked: &str) -> Vec<usize> {
        let words = telling(asked);
        let headers: Vec<String> = self.headers.iter().flat_map(|header| telling(header)).collect();
        // Words of other columns name a record only where the column has a header.
        let names = |record: &Record, cell: &Cell| {
            cell.text == record.name || self.headers.get(cell.column).is_some_and(|header| !header.is_empty())
        };
        let full =
            |record: &Record| record.cells.iter().any(|cell| names(record, cell) && is_named(cell, asked, &words));
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

fn named_columns(table: &Table, asked: &str) -> Vec<usize> {
    let words = telling(asked);
    let named = |header: &String| {
        !header.is_empty()
            && if has_han(header) {
                asked.contains(header.as_str())
            } else {
                telling(header).iter().any(|word| words.iter().any(|other| same(word, other)))
            }
    };
    (0..table.headers.len()).filter(|column| named(&table.headers[*column])).collect()
}

/// Whether a question names what a cell says; `words` are the telling ones of the question.
fn is_named(cell: &Cell, asked: &str, words: &[String]) -> bool {
    if cell.kind != Kind::Name {
        return false;
    }
    if has_han(&cell.text) {
        return cell.text.chars().count() > 1 && asked.contains(&cell.text.to_lowercase());
    }
    let own = telling(&cell.text);
    !own.is_empty() && own.iter().all(|word| words.iter().any(|other| same(word, other)))
}

#[cfg(test)]
mod tests;
