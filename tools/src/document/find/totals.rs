//! Sums of a receipt: the total, the tax, the price of one item.

use super::{Found, Line, amount_at, below, found, found_amount, row_amount};
use crate::document::{
    amounts::{Amount, amounts, amounts_in},
    language::{Label, says},
    words::has_any,
};

/// What is to be paid. Rows that say "total" are weighed; the largest amount that is neither cash nor change is the last resort.
pub(super) fn total(lines: &[Line<'_>]) -> Option<Found> {
    let mut best: Option<(i32, Amount, usize)> = None;
    for at in 0..lines.len() {
        let Some(weight) = weight(&lines[at].lower) else { continue };
        let Some((amount, place)) = amount_at(lines, at) else { continue };
        // An amount without decimals beside a "total" is as likely a count.
        let weight = weight * 2 + i32::from(amount.exact || amount.currency.is_some());
        if best.as_ref().is_none_or(|(known, ..)| weight >= *known) {
            best = Some((weight, amount, place));
        }
    }
    let (_, amount, at) = best.or_else(|| largest(lines))?;
    Some(found_amount(&amount, &lines[at]))
}

/// How surely a row (in lower case) states the total; `None` if it does not.
fn weight(lower: &str) -> Option<i32> {
    let strong = Label::TotalFinal.is_in(lower);
    let says_so = Label::Total.is_in(lower) || lower.contains("total(") || lower.contains("total:");
    if !says_so && !strong {
        return None;
    }
    let sub = Label::Subtotal.is_in(lower);
    if Label::TotalOther.is_in(lower) && !sub {
        return None;
    }
    if sub {
        return Some(0);
    }
    let taxed = Label::Tax.is_in(lower);
    let included = ["inc", "after", "with"].iter().any(|word| lower.contains(word));
    if Label::TotalBeforeTax.is_in(lower) || (taxed && !included && lower.contains("amount")) {
        return Some(1);
    }
    // "GST 6% in total": the tax within the total.
    let is_tax = ["gst", "vat", "sst"].iter().any(|name| lower.starts_with(name))
        || (lower.starts_with("tax") && lower.contains('%'));
    if is_tax && !included {
        return None;
    }
    // What was rounded is what is paid.
    let rounded = lower.split_whitespace().any(|word| word.starts_with("round")) && !lower.contains("adj");
    Some(match (rounded, strong) {
        (true, _) => 5,
        (false, true) => 4,
        _ => 3,
    })
}

fn largest(lines: &[Line<'_>]) -> Option<(i32, Amount, usize)> {
    const GIVEN: [&str; 8] = ["cash", "change", "paid", "tender", "visa", "master", "card", "balance"];
    let given = |lower: &str| has_any(lower, &GIVEN) || says(lower, &[Label::Paid, Label::Change]);
    let rows = lines.iter().enumerate().filter(|(_, line)| !given(&line.lower));
    let all =
        rows.flat_map(|(at, line)| amounts_in(&line.text, line.notation).into_iter().map(move |amount| (at, amount)));
    let exact = all.filter(|(_, amount)| amount.exact || amount.currency.is_some());
    exact.max_by(|a, b| a.1.value.total_cmp(&b.1.value)).map(|(at, amount)| (0, amount, at))
}

/// The tax: a row of its own, else a column of a summary.
pub(super) fn tax(lines: &[Line<'_>]) -> Option<Found> {
    const OTHER: [&str; 10] =
        ["invoice", "reg", "incl", "inclusive", "including", "excl", "excluding", "exclusive", "total sales", "id"];
    let names = |lower: &str| Label::Tax.is_in(lower) || lower.contains("税");
    let mut own = lines.iter().filter(|line| {
        names(&line.lower) && !OTHER.iter().any(|word| line.lower.contains(word)) && !line.lower.contains("summary")
    });
    let amount = |line: &Line<'_>| {
        row_amount(&line.text, line.notation).filter(|amount| amount.exact || amount.currency.is_some())
    };
    if let Some((amount, line)) = own.clone().find_map(|line| Some((amount(line)?, line))) {
        return Some(found(&amount.text, line));
    }
    let header = own.clone().next().or_else(|| own.next()).map(|line| line.text.clone());
    // A heading of columns: the cell below the one that says tax.
    for at in 0..lines.len().saturating_sub(1) {
        let (line, next) = (&lines[at], &lines[at + 1]);
        let column = line.row.cells.iter().rev().find(|cell| {
            let lower = cell.text.to_lowercase();
            (lower.contains("tax") || lower.contains("gst"))
                && amounts(&cell.text).is_empty()
                && !lower.contains("invoice")
        });
        let Some(column) = column else { continue };
        let value = below(line, next, &column.text.to_lowercase())
            .and_then(|text| row_amount(&text, next.notation))
            .filter(|amount| amount.exact);
        if let Some(amount) = value.filter(|_| line.row.cells.len() > 1 || header.is_some()) {
            return Some(found(&amount.text, next));
        }
    }
    None
}
