//! What the columns of a table are called and what they hold.

use super::{
    counts::COUNT,
    types::{ColumnKind, PageCell, PageColumn, PageRow},
};
use crate::document::{
    language::{Label, is_currency, is_summary, says},
    notation::Notation,
    quantity::Quantity,
};

/// The columns of rows of `width` cells; a header may be empty or missing. `names` is the column of names.
pub(super) fn columns(headers: &[String], rows: &[PageRow], names: usize, priced: bool) -> Vec<PageColumn> {
    let width = headers.len();
    let mut found: Vec<PageColumn> = Vec::new();
    // Beside counts, what one and what all cost.
    let counts = (0..width).find(|at| headers[*at].is_empty() && is_counts(rows, *at));
    for (at, header) in headers.iter().enumerate() {
        let name = match header.trim() {
            "" if at == names => "name".to_owned(),
            "" if counts == Some(at) => "quantity".to_owned(),
            "" if counts.is_some_and(|counts| at > counts) && at + 1 == width => "amount".to_owned(),
            "" if counts.is_some_and(|counts| at == counts + 1) => "price".to_owned(),
            "" if width == 2 => "value".to_owned(),
            "" => format!("column {}", at + 1),
            header => header.to_owned(),
        };
        let quantities = quantities(rows, at);
        let unit = unit(&quantities, header, rows, priced).filter(|_| counts != Some(at));
        let kind = match kind(rows, at) {
            ColumnKind::Number if is_money(&quantities, header, unit.as_deref(), priced) => ColumnKind::Money,
            kind => kind,
        };
        let numeric = matches!(kind, ColumnKind::Number | ColumnKind::Money);
        let headed = !header.trim().is_empty();
        found.push(PageColumn { name: unique(name, &found), headed, kind, unit: unit.filter(|_| numeric) });
    }
    found
}

/// Whether all cells of a column are counts: "2 x".
fn is_counts(rows: &[PageRow], at: usize) -> bool {
    let mut texts = rows
        .iter()
        .filter_map(|row| row.cells.get(at))
        .map(|cell| &cell.text)
        .filter(|text| !text.is_empty())
        .peekable();
    texts.peek().is_some() && texts.all(|text| text.ends_with(COUNT) && text.starts_with(|c: char| c.is_ascii_digit()))
}

/// The numbers of a column with what is next to them.
fn quantities(rows: &[PageRow], at: usize) -> Vec<Quantity> {
    let texts = rows.iter().filter_map(|row| row.cells.get(at)).filter(|cell| cell.number.is_some());
    texts.filter_map(|cell| Quantity::parse(&cell.text, Notation::default())).collect()
}

/// The unit or currency that all numbers share; where they have none, the one that the header or a label of a sum names.
fn unit(quantities: &[Quantity], header: &str, rows: &[PageRow], priced: bool) -> Option<String> {
    let of = |quantity: &Quantity| quantity.unit.clone().or_else(|| quantity.currency.clone());
    let mut units: Vec<String> = quantities.iter().filter_map(of).collect();
    let all = units.len() == quantities.len();
    units.sort();
    units.dedup();
    // A currency beside the sums alone is that of all.
    let half = quantities.iter().filter(|quantity| quantity.currency.is_some()).count() * 2 >= quantities.len();
    let money = (priced || half) && quantities.iter().all(|quantity| quantity.unit.is_none());
    match &units[..] {
        [] if quantities.is_empty() => None,
        [] => in_brackets(header).or_else(|| in_sums(rows, quantities)),
        [only] if all || money => Some(only.clone()),
        _ => None,
    }
}

/// The unit in brackets or the currency at the end of a header: "Length (mm)", "Price EUR".
fn in_brackets(header: &str) -> Option<String> {
    const UNIT: usize = 8;
    let inner =
        header.trim_end().strip_suffix(')').and_then(|rest| rest.rsplit_once('(')).map(|(_, inner)| inner.trim());
    let last = header.split_whitespace().last().filter(|word| is_currency(word));
    let is_unit = |inner: &&str| {
        let lower = inner.to_lowercase();
        inner.chars().count() <= UNIT
            && !inner.contains(' ')
            && !is_summary(&lower)
            && inner.chars().any(char::is_alphabetic)
    };
    inner.filter(is_unit).or(last).map(str::to_owned)
}

/// The currency that the label of a sum ends with, for numbers with decimals: "TOTAL EUR".
fn in_sums(rows: &[PageRow], quantities: &[Quantity]) -> Option<String> {
    let labels =
        rows.iter().filter(|row| row.summary).filter_map(|row| row.cells.iter().find(|cell| !cell.text.is_empty()));
    let mut words =
        labels.flat_map(|cell| cell.text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ':')));
    words.find(|word| is_currency(word)).filter(|_| are_cents(quantities)).map(str::to_owned)
}

fn are_cents(quantities: &[Quantity]) -> bool {
    !quantities.is_empty() && quantities.iter().all(|quantity| quantity.decimals == 2 && quantity.digits.len() > 3)
}

/// Whether the numbers of a column are money: a currency, or cents beside sums or under a header of prices.
fn is_money(quantities: &[Quantity], header: &str, unit: Option<&str>, priced: bool) -> bool {
    let lower = header.to_lowercase();
    let named = says(&lower, &[Label::Price, Label::Amount, Label::Total]);
    let with_currency = quantities.iter().filter(|quantity| quantity.currency.is_some()).count();
    unit.is_some_and(is_currency)
        || (with_currency > 0 && with_currency * 2 >= quantities.len())
        || (are_cents(quantities) && (priced || named))
}

/// A name that no column has yet.
fn unique(name: String, known: &[PageColumn]) -> String {
    let free = |name: &String| known.iter().all(|column| column.name != *name);
    if free(&name) {
        return name;
    }
    (2..=known.len() + 2).map(|count| format!("{name} {count}")).find(free).unwrap_or(name)
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
    } else if most(cells().filter(|cell| cell.number.is_some() || is_bound(cell)).count()) {
        ColumnKind::Number
    } else {
        ColumnKind::Text
    }
}

/// Whether a cell says that a number is more or less than one: ">3000".
fn is_bound(cell: &PageCell) -> bool {
    let number = cell.text.trim_start_matches(['>', '<', '≥', '≤', '~', '≈']);
    number.len() < cell.text.len() && Quantity::parse(number, Notation::default()).is_some()
}
