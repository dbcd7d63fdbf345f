//! Who issued a document: name, address, telephone.

use super::{Found, Line, found};
use crate::document::{
    amounts::amounts_in,
    dates,
    words::{has_any, has_phrase},
};

/// Rows at the top that may name the issuer.
const TOP: usize = 10;

/// Words that a firm's name ends with or holds.
const KINDS: [&str; 56] = [
    "ltd",
    "limited",
    "inc",
    "llc",
    "llp",
    "corp",
    "corporation",
    "company",
    "co",
    "gmbh",
    "plc",
    "pte",
    "trading",
    "enterprise",
    "enterprises",
    "restaurant",
    "restoran",
    "store",
    "stores",
    "mart",
    "supermarket",
    "hypermarket",
    "florist",
    "hardware",
    "motor",
    "cafe",
    "coffee",
    "hotel",
    "pharmacy",
    "bakery",
    "shop",
    "market",
    "bookstore",
    "industries",
    "holdings",
    "group",
    "services",
    "solutions",
    "clinic",
    "hospital",
    "bank",
    "kedai",
    "perniagaan",
    "stationery",
    "electrical",
    "bistro",
    "grill",
    "kitchen",
    "& sons",
    "& co",
    "gallery",
    "salon",
    "auto",
    "marketing",
    "food",
    "foods",
];

/// Whether a text (in lower case) holds the form of a company.
pub(super) fn has_suffix(lower: &str) -> bool {
    form(lower) || has_any(lower, &KINDS)
}

/// A legal form, whatever stands between its letters.
fn form(lower: &str) -> bool {
    let letters: String = lower.chars().filter(|c| c.is_alphanumeric()).collect();
    letters.contains("sdnbhd")
        || letters.contains("snbhd")
        || has_any(lower, &["bhd", "ltd", "limited", "inc", "llc", "gmbh", "plc", "corp", "s.a.", "b.v."])
        || lower.contains("公司")
}

pub(super) fn company(lines: &[Line<'_>]) -> Option<Found> {
    let mut best: Option<(i32, String, usize)> = None;
    for (at, line) in lines.iter().take(TOP).enumerate() {
        // A firm may stand beside the kind of the document.
        let texts = [Some(&line.text), line.row.cells.first().map(|cell| &cell.text)];
        let names = texts.into_iter().flatten().map(|text| bare(text));
        let Some(name) = names.into_iter().find(|name| may_be_name(name, &name.to_lowercase())) else { continue };
        if is_priced(line) {
            continue;
        }
        let lower = name.to_lowercase();
        let capital = name.chars().find(|c| c.is_alphabetic()).is_some_and(|c| c.is_uppercase() || !c.is_ascii());
        let score =
            6 * i32::from(form(&lower)) + 4 * i32::from(has_suffix(&lower)) + 2 * i32::from(capital) - at as i32 / 3;
        if best.as_ref().is_none_or(|(known, ..)| score > *known) {
            best = Some((score, name, at));
        }
    }
    best.map(|(_, name, at)| found(&name, &lines[at]))
}

/// Whether a row ends with a price: that of an item, no firm and no street.
fn is_priced(line: &Line<'_>) -> bool {
    let amounts = amounts_in(&line.text, line.notation);
    amounts.last().is_some_and(|amount| amount.exact && line.text.trim_end().ends_with(&amount.text))
}

/// Without what is no part of a name: a number of registration in parentheses, "welcome to".
fn bare(text: &str) -> String {
    let mut name = text.trim();
    for start in ["welcome to ", "Welcome to ", "WELCOME TO "] {
        name = name.strip_prefix(start).unwrap_or(name);
    }
    let open = name.rfind(['(', '（']);
    if let Some(at) = open.filter(|at| *at > 0 && name[*at..].chars().filter(char::is_ascii_digit).count() >= 4) {
        name = &name[..at];
    }
    name.trim().trim_end_matches([',', ':', '-']).to_owned()
}

fn may_be_name(name: &str, lower: &str) -> bool {
    const NOT: [&str; 33] = [
        "invoice",
        "receipt",
        "tax",
        "cash bill",
        "bill",
        "tel",
        "fax",
        "phone",
        "date",
        "time",
        "jalan",
        "jln",
        "street",
        "road",
        "avenue",
        "no",
        "lot",
        "reg",
        "gst",
        "thank you",
        "customer",
        "copy",
        "cashier",
        "taman",
        "www",
        "order",
        "table",
        "address",
        "floor",
        "发票",
        "电话",
        "地址",
        "日期",
    ];
    let letters = name.chars().filter(|c| c.is_alphabetic()).count();
    let digits = name.chars().filter(char::is_ascii_digit).count();
    let paged = has_phrase(lower, "page") && digits > 0;
    let denied = (has_any(lower, &NOT) || paged) && !form(lower);
    let mailed = lower.contains('@') || lower.contains("www.") || dates::date(lower).is_some();
    letters >= 3 && letters > digits && !denied && !mailed
}

/// The rows under the name that look like an address.
pub(super) fn address(lines: &[Line<'_>]) -> Option<Found> {
    const STREETS: [&str; 27] = [
        "jalan",
        "jln",
        "street",
        "st",
        "road",
        "rd",
        "avenue",
        "ave",
        "lane",
        "drive",
        "boulevard",
        "lot",
        "no",
        "taman",
        "kampung",
        "lorong",
        "floor",
        "block",
        "suite",
        "plaza",
        "kawasan",
        "bandar",
        "seksyen",
        "city",
        "district",
        "strasse",
        "persiaran",
    ];
    if let Some(line) = lines.iter().find(|line| has_any(&line.lower, &["address", "地址"])) {
        let tail = ["address", "地址"].iter().find_map(|label| super::after_label(&line.text, label));
        if let Some(tail) = tail {
            return Some(found(tail, line));
        }
    }
    let postcode = |lower: &str| {
        lower
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| word.len() == 5 && word.chars().all(|c| c.is_ascii_digit()))
    };
    let stops = |lower: &str| {
        has_any(lower, &["tel", "fax", "invoice", "receipt", "reg", "gst", "date", "cash", "phone", "document"])
    };
    let is_street = |line: &Line<'_>| {
        !stops(&line.lower)
            && !is_priced(line)
            && !form(&line.lower)
            && (has_any(&line.lower, &STREETS) || postcode(&line.lower) || line.lower.contains("路"))
    };
    let start =
        lines.iter().take(TOP + 4).position(|line| is_street(line) && line.text.chars().any(|c| c.is_ascii_digit()))?;
    let rows: Vec<&str> =
        lines[start..].iter().take(5).take_while(|line| is_street(line)).map(|line| line.text.trim()).collect();
    let value = rows.iter().map(|row| row.trim_end_matches([',', '.'])).collect::<Vec<_>>().join(", ");
    Some(Found { value, line: lines[start].text.clone() })
}

/// A telephone number behind a label; without one, a number that is written like one.
pub(super) fn phone(lines: &[Line<'_>], labels: &[&str], guess: bool) -> Option<Found> {
    for line in lines {
        for label in labels.iter().filter(|label| has_phrase(&line.lower, label)) {
            if let Some(number) = super::after_label(&line.text, label).and_then(telephone) {
                return Some(found(number, line));
            }
        }
    }
    if !guess {
        return None;
    }
    lines.iter().take(TOP + 5).find_map(|line| {
        let number = telephone(&line.text)?;
        let other = has_any(&line.lower, &["fax", "gst", "reg", "no", "invoice", "receipt", "document", "date"]);
        let shaped = number.contains(['-', ' '])
            && (number.starts_with('0') || number.starts_with('+') || number.starts_with('('));
        (shaped && !other && dates::date(&line.text).is_none()).then(|| found(number, line))
    })
}

/// A run of 7 to 15 digits with spaces, hyphens and parentheses between them.
pub(super) fn telephone(text: &str) -> Option<&str> {
    let start = text.find(|c: char| c.is_ascii_digit() || c == '+' || c == '(')?;
    let tail = &text[start..];
    let inside = |c: char| c.is_ascii_digit() || matches!(c, '+' | '(' | ')' | '-' | ' ' | '/' | '.');
    let length = tail.find(|c| !inside(c)).unwrap_or(tail.len());
    let number = tail[..length].trim_end_matches([' ', '-', '(', '/', '.', '+']);
    let digits = number.chars().filter(char::is_ascii_digit).count();
    if (7..=15).contains(&digits) {
        return Some(number);
    }
    let rest = &tail[length.max(1).min(tail.len())..];
    // The character behind a number may be of several bytes; `find` gave its border.
    if rest.is_empty() { None } else { telephone(rest) }
}
