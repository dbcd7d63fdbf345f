//! Whether the sums of a receipt are right.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Field, Row, amounts, find, items::Item, number};

/// One sum that was made again.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Check {
    /// what should equal what, such as items = subtotal
    pub what: String,
    /// the sum with its numbers
    pub sum: String,
    /// whether it is right, to a cent
    pub holds: bool,
}

/// Half a cent more than one, for what was rounded.
const CENT: f64 = 0.015;

/// The sums that can be made from what is in the document.
pub(super) fn checks(rows: &[Row], items: &[Item]) -> Vec<Check> {
    let value = |wanted: Field| find::find(rows, wanted).and_then(|found| number(&found.value)).map(|(value, _)| value);
    let [subtotal, discount, tax, total, paid, change] =
        [Field::Subtotal, Field::Discount, Field::Tax, Field::Total, Field::Paid, Field::Change].map(value);
    let rounding = rounding(rows);
    let mut checks = Vec::new();
    let mut push = |what: &str, terms: &[(f64, char)], result: f64| {
        let sum = terms.iter().fold(0.0, |sum, (term, sign)| if *sign == '-' { sum - term } else { sum + term });
        let written: Vec<String> = terms
            .iter()
            .enumerate()
            .map(|(at, (term, sign))| if at == 0 { format!("{term:.2}") } else { format!("{sign} {term:.2}") })
            .collect();
        let holds = (sum - result).abs() < CENT;
        let sign = if holds { "=" } else { "is not" };
        checks.push(Check { what: what.into(), sum: format!("{} {sign} {result:.2}", written.join(" ")), holds });
    };
    let sum: f64 = items.iter().map(|item| item.value).sum();
    // Where prices hold the tax the items make the total; where they do not, that is no mistake.
    let taxed = |total: f64| (sum - total).abs() < CENT;
    let terms: Vec<(f64, char)> = items.iter().map(|item| (item.value, '+')).collect();
    match (subtotal, total) {
        // Prices with tax over a subtotal without.
        (Some(subtotal), Some(total)) if items.len() > 1 && taxed(total) && !taxed(subtotal) => {
            push("items = total", &terms, total);
        }
        (Some(subtotal), _) if items.len() > 1 => push("items = subtotal", &terms, subtotal),
        (None, Some(total)) if items.len() > 1 && (tax.is_none() || taxed(total)) => {
            push("items = total", &terms, total);
        }
        _ => {}
    }
    if let (Some(subtotal), Some(total)) = (subtotal, total) {
        let mut terms = vec![(subtotal, '+')];
        terms.extend(discount.map(|discount| (discount, '-')));
        terms.extend(tax.map(|tax| (tax, '+')));
        terms.extend(rounding.map(|rounding| (rounding.abs(), if rounding < 0.0 { '-' } else { '+' })));
        push("subtotal and tax = total", &terms, total);
    }
    if let (Some(paid), Some(change), Some(total)) = (paid, change, total) {
        push("paid - change = total", &[(paid, '+'), (change, '-')], total);
    }
    checks
}

/// What the total was rounded by.
fn rounding(rows: &[Row]) -> Option<f64> {
    let row = rows.iter().map(Row::text).find(|text| {
        let lower = text.to_lowercase();
        lower.contains("rounding") || lower.contains("round adj")
    })?;
    let amount = amounts(&row).into_iter().rev().find(|amount| amount.exact && amount.value < 1.0)?;
    let at = row.rfind(&amount.text)?;
    Some(if row[..at].trim_end().ends_with(['-', '−', '(']) { -amount.value } else { amount.value })
}
