//! Labels with their values: "Name: Li Wei", or a label and a value side by side with a colon between.

use super::{FieldValue, Row};

/// Words of a label at most.
const LABEL_WORDS: usize = 5;

/// The labels and values of rows, in their order, each label once. Times of day and web addresses are no pairs.
pub(super) fn pairs(rows: &[Row]) -> Vec<FieldValue> {
    let mut found: Vec<FieldValue> = Vec::new();
    for row in rows {
        let cells: Vec<&str> = row.cells.iter().map(|cell| cell.text.trim()).collect();
        let mut at = 0;
        while let Some(cell) = cells.get(at) {
            let next = cells.get(at + 1).copied();
            let (pair, taken) = match pair(cell, next) {
                Some((pair, taken)) => (Some(pair), taken),
                None => (None, 1),
            };
            at += taken;
            found.extend(pair.filter(|pair| found.iter().all(|known| known.name != pair.name)));
        }
    }
    found
}

/// The pair that a cell begins, and how many cells it takes.
fn pair(cell: &str, next: Option<&str>) -> Option<(FieldValue, usize)> {
    let (label, value, taken) = match cell.split_once([':', '：']) {
        Some((label, value)) if !value.trim().is_empty() => (label, value, 1),
        Some((label, _)) => (label, next?, 2),
        None => (cell, next?.strip_prefix([':', '：'])?, 2),
    };
    let (label, value) = (label.trim(), value.trim());
    let is_label = label.chars().any(char::is_alphabetic)
        && label.chars().filter(char::is_ascii_digit).count() <= 1
        && label.split_whitespace().count() <= LABEL_WORDS
        && !label.contains(['@', ',', ';']);
    let is_value = value.chars().any(char::is_alphanumeric) && !value.starts_with("//");
    let is_time = label.ends_with(|c: char| c.is_ascii_digit()) && value.starts_with(|c: char| c.is_ascii_digit());
    let is_label = is_label && !is_time;
    (is_label && is_value).then(|| (FieldValue { name: label.to_lowercase(), value: value.to_owned() }, taken))
}
