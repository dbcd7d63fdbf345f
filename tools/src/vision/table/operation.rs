//! What is done with the rows of a table: choosing rows by conditions, extremes, sums, averages. Pure and exact.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::{ColumnKind, PageCell, PageColumn, PageRow, PageTable};

/// What is done with the chosen rows.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// All of them.
    #[default]
    List,
    /// The one with the largest value.
    Max,
    /// The one with the smallest value.
    Min,
    /// The values added up.
    Sum,
    /// The mean of the values.
    Average,
    /// How many there are.
    Count,
}

/// How a cell is compared with a value.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// The same text or value.
    Is,
    /// Another.
    IsNot,
    /// A text that has this one in it.
    Contains,
    /// A larger number, or a later time or date.
    Above,
    /// A smaller number, or an earlier time or date.
    Below,
    /// This one or a larger.
    AtLeast,
    /// This one or a smaller.
    AtMost,
}

/// One condition that a row must meet.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Condition {
    /// name of the column
    pub column: String,
    /// how its cells are compared
    pub test: Test,
    /// what they are compared with: a number, a time, a date or a text
    pub value: ConditionValue,
}

/// A text, or a number as a model writes it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ConditionValue {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

impl ConditionValue {
    fn cell(&self) -> PageCell {
        match self {
            Self::Number(number) => PageCell { text: number.to_string(), number: Some(*number), ..PageCell::default() },
            Self::Text(text) => PageCell::parse(text),
        }
    }
}

impl Condition {
    /// Whether a row meets it; `column` is the index of its column.
    pub(super) fn holds(&self, row: &PageRow, column: usize) -> bool {
        let Some(cell) = row.cells.get(column).filter(|cell| !cell.text.is_empty()) else {
            return self.test == Test::IsNot;
        };
        let wanted = self.value.cell();
        let (own, other) = (plain(&cell.text), plain(&wanted.text));
        let order = order(cell, &wanted);
        let equal = own == other || order == Some(std::cmp::Ordering::Equal);
        match self.test {
            Test::Is => equal,
            Test::IsNot => !equal,
            Test::Contains => own.contains(&other),
            Test::Above => order == Some(std::cmp::Ordering::Greater),
            Test::Below => order == Some(std::cmp::Ordering::Less),
            Test::AtLeast => order.is_some_and(std::cmp::Ordering::is_ge),
            Test::AtMost => order.is_some_and(std::cmp::Ordering::is_le),
        }
    }
}

/// A text without case, spaces and marks at its ends.
fn plain(text: &str) -> String {
    let words: Vec<String> = text.to_lowercase().split_whitespace().map(str::to_owned).collect();
    words.join(" ").trim_matches(|c: char| !c.is_alphanumeric()).to_owned()
}

/// How two cells lie to each other, as dates, times or numbers; `None` where they cannot be compared.
fn order(a: &PageCell, b: &PageCell) -> Option<std::cmp::Ordering> {
    if let (Some(a), Some(b)) = (&a.date, &b.date) {
        return Some(a.cmp(b));
    }
    let times = a.minutes.zip(b.minutes);
    let (a, b) = times.or_else(|| a.number.zip(b.number))?;
    a.partial_cmp(&b)
}

/// The value of a cell that its column counts with: a number, minutes of a time, or a day as a number.
pub(crate) fn value(column: &PageColumn, cell: &PageCell) -> Option<f64> {
    match column.kind {
        ColumnKind::Time => cell.minutes.or(cell.number),
        ColumnKind::Date => {
            let digits: String = cell.date.as_deref()?.chars().filter(char::is_ascii_digit).collect();
            digits.parse().ok()
        }
        _ => cell.number,
    }
}

/// The rows of a column with their values: those that sum up others are left out where `items` is set.
pub(crate) fn values<'a>(
    rows: impl Iterator<Item = &'a PageRow>,
    table: &PageTable,
    column: usize,
) -> Vec<(&'a PageRow, f64)> {
    let Some(head) = table.columns.get(column) else { return Vec::new() };
    rows.filter_map(|row| Some((row, value(head, row.cells.get(column)?)?))).collect()
}

/// The row with the largest value, or the smallest; the first among equals.
pub(crate) fn extreme<'a>(values: &[(&'a PageRow, f64)], largest: bool) -> Option<(&'a PageRow, f64)> {
    values.iter().copied().reduce(|best, next| {
        let better = if largest { next.1 > best.1 } else { next.1 < best.1 };
        if better { next } else { best }
    })
}

/// A computed value as its column prints values: with as many decimals as any of its cells, times as `HH:MM`.
pub(crate) fn printed(number: f64, table: &PageTable, column: usize) -> String {
    let Some(head) = table.columns.get(column) else { return number.to_string() };
    if head.kind == ColumnKind::Time {
        let minutes = number.round() as i64;
        return format!("{}:{:02}", minutes / 60, minutes % 60);
    }
    let cells = table.rows.iter().filter_map(|row| row.cells.get(column)).filter(|cell| cell.number.is_some());
    let decimals = cells.map(|cell| decimals(&cell.text)).max().unwrap_or(0);
    let rounded = format!("{number:.decimals$}");
    // A mean may have more decimals than its terms.
    let exact = rounded.parse::<f64>().is_ok_and(|rounded| (rounded - number).abs() < 1e-9);
    let text = if exact { rounded } else { format!("{number:.2}") };
    match &head.unit {
        Some(unit) => format!("{text} {unit}"),
        None => text,
    }
}

/// Decimals of a printed number: the digits behind its last separator if they are one or two.
fn decimals(text: &str) -> usize {
    let digits: String = text.chars().skip_while(|c| !c.is_ascii_digit()).collect();
    let number: String =
        digits.chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ',')).collect::<String>();
    let tail = number.trim_end_matches(['.', ',']).rsplit_once(['.', ',']).map_or(0, |(_, tail)| tail.len());
    if tail == 3 || tail > 4 { 0 } else { tail }
}
