//! Where the value of a field stands.

use super::{
    Field, Found, Row,
    amounts::{Amount, amounts_in, notation, number},
    dates,
    language::{Label, says},
    notation::Notation,
    words::{has_any, has_phrase},
};

mod parties;
mod totals;

/// A row, its text, and its text in lower case.
pub(super) struct Line<'a> {
    pub(super) row: &'a Row,
    pub(super) text: String,
    pub(super) lower: String,
    /// How the page prints its numbers.
    pub(super) notation: Notation,
}

pub(super) fn find(rows: &[Row], wanted: Field) -> Option<Found> {
    let lines: Vec<Line<'_>> = rows
        .iter()
        .map(|row| {
            let text = row.text();
            let lower = text.to_lowercase();
            Line { row, text, lower, notation: Notation::default() }
        })
        .collect();
    let page = notation(lines.iter().map(|line| line.text.as_str()));
    let lines: Vec<Line<'_>> = lines.into_iter().map(|line| Line { notation: page, ..line }).collect();
    match wanted {
        Field::Total => totals::total(&lines),
        Field::Subtotal => labelled_amount(&lines, Label::Subtotal, &[]),
        Field::Tax => totals::tax(&lines),
        Field::Change => labelled_amount(&lines, Label::Change, &["exchange"]),
        Field::Paid => labelled_amount(&lines, Label::Paid, &["cash bill", "cash sales", "cashier", "refund"]),
        Field::Discount => labelled_amount(&lines, Label::Discount, &[]),
        Field::Date => date(&lines),
        Field::Time => time(&lines),
        Field::Company => parties::company(&lines),
        Field::Address => parties::address(&lines),
        Field::Phone => parties::phone(
            &lines,
            &["tel", "telephone", "phone", "h/p", "hp", "mobile", "hotline", "call", "contact", "ph", "电话", "手机"],
            true,
        ),
        Field::Fax => parties::phone(&lines, &["fax", "传真"], false),
        Field::Email => token(&lines, |word| {
            word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
        }),
        Field::Website => token(&lines, |word| {
            let word = word.to_lowercase();
            let host = [".com", ".org", ".net", ".com."].iter().any(|name| word.contains(name));
            !word.contains('@') && (word.starts_with("www.") || word.starts_with("http") || host)
        }),
        Field::InvoiceNumber => number_of(&lines, Label::DocumentNumber.phrases()),
    }
}

/// Whether a line (in lower case) looks like the label or the value of a field.
pub fn looks_like(lower: &str, wanted: Field) -> bool {
    match wanted {
        Field::Total => says(lower, &[Label::Total, Label::TotalFinal]) || lower.contains("round"),
        Field::Date => dates::date(lower).is_some() || Label::Date.is_in(lower),
        Field::Time => dates::time(lower).is_some(),
        Field::Company => parties::has_suffix(lower),
        Field::Phone => {
            has_any(lower, &["tel", "phone", "电话"])
                || (parties::telephone(lower).is_some() && dates::date(lower).is_none())
        }
        Field::Email => lower.contains('@'),
        Field::Website => lower.contains("www.") || lower.contains("http") || lower.contains(".com"),
        Field::InvoiceNumber => Label::DocumentNumber.is_in(lower),
        Field::Tax => Label::Tax.is_in(lower),
        Field::Change => Label::Change.is_in(lower),
        Field::Paid => Label::Paid.is_in(lower),
        _ => false,
    }
}

pub(super) fn found(value: &str, line: &Line<'_>) -> Found {
    Found { value: value.trim().to_owned(), line: line.text.clone() }
}

/// What was found with an amount; a currency that says how to read it stays with it.
pub(super) fn found_amount(amount: &Amount, line: &Line<'_>) -> Found {
    let plain = number(&amount.text).is_some_and(|(value, _)| (value - amount.value).abs() < f64::EPSILON);
    match &amount.currency {
        Some(currency) if !plain => {
            let start = line.text.rfind(&amount.text).unwrap_or(0);
            let before = line.text[..start].trim_end().ends_with(currency.as_str());
            let both =
                if before { format!("{currency} {}", amount.text) } else { format!("{} {currency}", amount.text) };
            found(&both, line)
        }
        _ => found(&amount.text, line),
    }
}

/// The amount of a row: the last one, and of those rather one with two decimals.
pub(super) fn row_amount(text: &str, notation: Notation) -> Option<Amount> {
    let all = amounts_in(text, notation);
    all.iter().rev().find(|amount| amount.exact).or(all.last()).cloned()
}

/// The amount of the last row that has one of the labels; some labels stand alone on their row, and the amount on the next.
fn labelled_amount(lines: &[Line<'_>], label: Label, not: &[&str]) -> Option<Found> {
    let hits = (0..lines.len()).filter(|at| {
        let lower = &lines[*at].lower;
        label.is_in(lower) && !not.iter().any(|word| lower.contains(word))
    });
    let values: Vec<(Amount, usize)> = hits.filter_map(|at| amount_at(lines, at)).collect();
    let best = values.iter().find(|(amount, _)| amount.exact).or(values.first())?;
    Some(found_amount(&best.0, &lines[best.1]))
}

/// The amount on a row, else the lone amount on the next.
pub(super) fn amount_at(lines: &[Line<'_>], at: usize) -> Option<(Amount, usize)> {
    if let Some(amount) = row_amount(&lines[at].text, lines[at].notation) {
        return Some((amount, at));
    }
    let next = lines.get(at + 1).filter(|next| {
        let letters = next.lower.chars().filter(|c| c.is_alphabetic()).count();
        lines[at].row.cells.len() == 1 && next.row.cells.len() == 1 && letters <= 3
    })?;
    Some((row_amount(&next.text, next.notation)?, at + 1))
}

fn date(lines: &[Line<'_>]) -> Option<Found> {
    const OTHER: [&str; 7] = ["due", "expiry", "expires", "exp", "birth", "valid", "best before"];
    let dated = || lines.iter().filter_map(|line| Some((dates::date(&line.text)?, line)));
    let labelled = dated().find(|(_, line)| {
        (line.lower.contains("date") || Label::Date.is_in(&line.lower))
            && !OTHER.iter().any(|word| has_phrase(&line.lower, word))
    });
    let plain = || dated().find(|(_, line)| !OTHER.iter().any(|word| has_phrase(&line.lower, word)));
    labelled.or_else(plain).or_else(|| dated().next()).map(|(value, line)| found(value, line))
}

fn time(lines: &[Line<'_>]) -> Option<Found> {
    let timed = || lines.iter().filter_map(|line| Some((dates::time(&line.text)?, line)));
    timed()
        .find(|(_, line)| line.lower.contains("date") || says(&line.lower, &[Label::Time, Label::Date]))
        .or_else(|| timed().next())
        .map(|(value, line)| found(value, line))
}

fn token(lines: &[Line<'_>], fits: impl Fn(&str) -> bool) -> Option<Found> {
    lines.iter().find_map(|line| {
        let words = line.text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')'));
        // "Email:info@shop.com" has no space.
        let bare = words.map(|word| word.rsplit_once("：").map_or(word, |(_, tail)| tail)).map(|word| {
            match word.split_once(':') {
                Some((label, tail)) if !tail.starts_with("//") && !label.contains('.') => tail,
                _ => word,
            }
        });
        bare.map(|word| word.trim_end_matches(['.', ':'])).find(|word| fits(word)).map(|word| found(word, line))
    })
}

/// What follows a label on its row and holds a digit.
fn number_of(lines: &[Line<'_>], labels: &[&str]) -> Option<Found> {
    for label in labels {
        for line in lines.iter().filter(|line| has_phrase(&line.lower, label)) {
            let Some(tail) = after_label(&line.text, label) else { continue };
            let value = tail.split_whitespace().find(|word| word.chars().any(|c| c.is_ascii_digit()));
            if let Some(value) = value.filter(|value| dates::date(value).is_none()) {
                return Some(found(value.trim_matches([':', ',', '.', '#']), line));
            }
        }
    }
    None
}

/// What stands behind a label on a row, without the marks between.
pub(super) fn after_label<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    let lower = text.to_lowercase();
    // Where lower case has other lengths, places do not carry over.
    let at = crate::document::words::find_phrase(&lower, label).filter(|_| lower.len() == text.len())?;
    let tail = text.get(at + label.len()..)?;
    Some(tail.trim_start_matches([' ', ':', '.', '#', '-', '：', '=', '('])).filter(|tail| !tail.is_empty())
}

/// The cell of the next row that stands below the label's cell.
pub(super) fn below(line: &Line<'_>, next: &Line<'_>, label: &str) -> Option<String> {
    let cell = line.row.cells.iter().find(|cell| cell.text.to_lowercase().contains(label))?;
    let Some(place) = cell.bbox else { return Some(next.text.clone()) };
    let under =
        next.row.cells.iter().filter(|other| other.bbox.is_some_and(|bbox| bbox.x1 < place.x2 && bbox.x2 > place.x1));
    under.map(|cell| cell.text.clone()).next()
}
