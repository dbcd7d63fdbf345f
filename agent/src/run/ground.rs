//! Whether an answer rests on what was observed: its handles exist, and its numbers and quotations come from an
//! observation, a card, the task or a calculation.

use std::collections::{HashMap, HashSet};

use argus_tools::evidence::Said;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// All that an answer may draw on.
#[derive(Default)]
pub(super) struct Sources {
    texts: Vec<String>,
    numbers: Vec<f64>,
    /// Printed numbers without their separators: `1.234,50` and `1,234.50` are the same digits.
    digits: HashSet<String>,
    handles: Vec<String>,
    /// Whether something looked for objects, so that "none" can be known.
    looked: bool,
}

impl Sources {
    pub(super) fn text(&mut self, text: &str) {
        let text = without_handles(text);
        for number in numbers(&text) {
            // An answer may give the hour alone.
            let parts = number.text.split(':').filter(|part| *part != number.text);
            self.numbers.extend(parts.filter_map(|part| part.parse::<f64>().ok()));
            self.digits.insert(digits(&number.text));
            self.numbers.push(number.value);
        }
        self.texts.push(plain(&text));
    }

    /// An observation's data: its numbers, its texts, and what can be counted in it.
    pub(super) fn value(&mut self, value: &Value) {
        self.looked = true;
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => self.numbers.extend(number.as_f64()),
            Value::String(text) => self.text(text),
            Value::Array(items) => {
                self.numbers.push(items.len() as f64);
                let mut kinds: HashMap<&str, usize> = HashMap::new();
                for item in items {
                    if let Some(label) = item.get("label").and_then(Value::as_str) {
                        *kinds.entry(label).or_default() += 1;
                    }
                    self.value(item);
                }
                self.numbers.extend(kinds.values().map(|count| *count as f64));
            }
            Value::Object(fields) => fields.values().for_each(|field| self.value(field)),
        }
    }

    pub(super) fn handles(&mut self, handles: &[String]) {
        self.handles.extend_from_slice(handles);
    }

    /// What in the answer rests on nothing, in the answer's own words.
    pub(super) fn unfounded(&self, answer: &str) -> Vec<String> {
        let mut wrong: Vec<String> =
            handles(answer).into_iter().filter(|handle| !self.handles.contains(handle)).collect();
        let text = without_handles(answer);
        for number in numbers(&text) {
            if !self.supports(&number) && !wrong.contains(&number.text) {
                wrong.push(number.text);
            }
        }
        for quotation in quotations(&text) {
            let wanted = plain(quotation);
            if wanted.chars().count() >= 3 && !self.texts.iter().any(|text| text.contains(&wanted)) {
                wrong.push(format!("\"{quotation}\""));
            }
        }
        wrong
    }

    /// The numbers in the texts of a call's arguments that come from nowhere. Those that units are converted by and small ones need
    /// no source.
    pub(super) fn unfounded_terms(&self, args: &Value) -> Vec<String> {
        const UNITS: [f64; 9] = [24.0, 30.0, 31.0, 52.0, 60.0, 100.0, 365.0, 1000.0, 3600.0];
        const SMALL: f64 = 12.0;
        let free = |number: &Number| {
            (number.decimals == 0 && number.value <= SMALL) || UNITS.contains(&number.value) || self.supports(number)
        };
        let texts = args.as_object().into_iter().flat_map(|args| args.values()).filter_map(Value::as_str);
        let terms = texts.flat_map(|text| numbers(&without_handles(text)));
        terms.filter(|number| !free(number)).map(|number| number.text).collect()
    }

    /// A number may be rounded, or be a share given as per cent.
    fn supports(&self, number: &Number) -> bool {
        if number.value == 0.0 && self.looked {
            return true;
        }
        let slack = 0.5 * 10_f64.powi(-number.decimals) + 1e-9;
        let near = |known: f64| (known - number.value).abs() <= slack;
        // A share such as 0.37 may be given as 37 %; a whole number is no share.
        let share = |known: f64| known > 0.0 && known < 1.0;
        let printed = digits(&number.text);
        if number.text.contains(['.', ',']) && self.digits.contains(&printed) {
            return true;
        }
        // 2:10 PM and 14:10 are one time.
        let half_day = |known: f64| number.text.contains(':') && (near(known + 720.0) || near(known - 720.0));
        self.numbers.iter().any(|known| near(*known) || half_day(*known) || (share(*known) && near(known * 100.0)))
    }
}

/// Rows named for one part of an answer, at most.
const ROWS: usize = 4;

/// A number, a quotation or a handle of an answer with the rows of evidence that say it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Supported {
    /// The text of it in the answer.
    pub part: String,
    /// The rows that say it, at most four.
    pub rows: Vec<Said>,
}

/// The parts of an answer that rows of evidence say. What was computed or counted has none.
pub fn supported(answer: &str, said: &[Said]) -> Vec<Supported> {
    let text = without_handles(answer);
    let handled = handles(answer).into_iter().map(|part| {
        let rows = said.iter().filter(|said| said.row.as_deref() == Some(&part)).collect();
        (part, rows)
    });
    let numbered = numbers(&text).into_iter().map(|number| {
        let same = |other: &Number| {
            other.value.to_bits() == number.value.to_bits() || digits(&other.text) == digits(&number.text)
        };
        let rows = said.iter().filter(|said| numbers(&said.text).iter().any(same)).collect();
        (number.text, rows)
    });
    let quoted = quotations(&text).into_iter().filter(|part| plain(part).chars().count() >= 3).map(|part| {
        let wanted = plain(part);
        let rows = said.iter().filter(|said| plain(&said.text).contains(&wanted)).collect();
        (part.to_owned(), rows)
    });
    let mut found: IndexMap<String, Vec<&Said>> = IndexMap::new();
    for (part, rows) in handled.chain(numbered).chain(quoted) {
        found.entry(part).or_insert(rows);
    }
    let found = found.into_iter().filter(|(_, rows)| !rows.is_empty());
    found.map(|(part, rows)| Supported { part, rows: rows.into_iter().take(ROWS).cloned().collect() }).collect()
}

struct Number {
    text: String,
    value: f64,
    decimals: i32,
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Numbers in digits.
fn numbers(text: &str) -> Vec<Number> {
    let mut found = Vec::new();
    let characters: Vec<(usize, char)> = text.char_indices().collect();
    let mut at = 0;
    while at < characters.len() {
        let (start, character) = characters[at];
        if character.is_ascii_digit() {
            let mut end = at;
            while end < characters.len() && is_part_of_number(&characters, end) {
                end += 1;
            }
            let stop = characters.get(end).map_or(text.len(), |(index, _)| *index);
            found.extend(number(&text[start..stop]));
            at = end;
        } else if character.is_alphabetic() {
            let mut end = at;
            // A digit inside a word ("PP2") belongs to the word's name, not to a count. In scripts without spaces it does not.
            while end < characters.len() && characters[end].1.is_alphanumeric() && !begins_number(&characters, end) {
                end += 1;
            }
            at = end;
        } else {
            at += 1;
        }
    }
    found
}

/// A digit right after a letter of a script without spaces.
fn begins_number(characters: &[(usize, char)], at: usize) -> bool {
    characters[at].1.is_ascii_digit() && at > 0 && !characters[at - 1].1.is_ascii()
}

/// A digit, or a separator between digits.
fn is_part_of_number(characters: &[(usize, char)], at: usize) -> bool {
    let digit = |at: usize| characters.get(at).is_some_and(|(_, c)| c.is_ascii_digit());
    digit(at) || (matches!(characters[at].1, '.' | ',' | ':') && digit(at + 1))
}

/// `1,234.50` is a number with thousands; `12,5` one with a decimal comma; `9:05` a time of day, in minutes.
fn number(text: &str) -> Option<Number> {
    if let Some((hours, rest)) = text.split_once(':') {
        let minutes = rest.split(':').next().unwrap_or_default();
        let value = hours.parse::<f64>().ok()? * 60.0 + minutes.parse::<f64>().ok()?;
        return Some(Number { text: text.to_owned(), value, decimals: 0 });
    }
    let groups = text.split(',').skip(1).all(|group| group.split('.').next().is_some_and(|digits| digits.len() == 3));
    let points = text.matches('.').count();
    let plain = match (groups, points) {
        (true, _) => text.replace(',', ""),
        (false, 0) => text.replace(',', "."),
        // `1.234,50`: points group thousands.
        (false, _) => text.replace('.', "").replace(',', "."),
    };
    // `1.234.567` too.
    let plain = if plain.matches('.').count() > 1 { plain.replace('.', "") } else { plain };
    let value = plain.parse().ok()?;
    let decimals = plain.split_once('.').map_or(0, |(_, digits)| digits.len() as i32);
    Some(Number { text: text.to_owned(), value, decimals })
}

/// `img-1`, `img-2/cup-1`: what looks like a handle.
fn handles(text: &str) -> Vec<String> {
    handle_spans(text).into_iter().map(|(start, end)| text[start..end].to_owned()).collect()
}

fn handle_spans(text: &str) -> Vec<(usize, usize)> {
    text.match_indices("img-")
        .filter_map(|(start, _)| {
            let inside = |c: char| c.is_alphanumeric() || matches!(c, '-' | '/' | '_');
            let length = text[start..].find(|c| !inside(c)).unwrap_or(text.len() - start);
            let handle = text[start..start + length].trim_end_matches(['-', '/', '_']);
            // "img-1" and what may follow it; "img-foo" is no handle of any host.
            let number = handle.get(4..).unwrap_or_default();
            number.starts_with(|c: char| c.is_ascii_digit()).then(|| (start, start + handle.len()))
        })
        .collect()
}

fn without_handles(text: &str) -> String {
    let mut rest = String::with_capacity(text.len());
    let mut at = 0;
    for (start, end) in handle_spans(text) {
        if start >= at {
            rest.push_str(&text[at..start]);
            at = end;
        }
    }
    rest.push_str(&text[at..]);
    rest
}

/// Texts between double quotation marks.
fn quotations(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (open, close) in [('"', '"'), ('“', '”'), ('「', '」')] {
        let mut rest = text;
        while let Some((_, tail)) = rest.split_once(open) {
            let Some((inner, tail)) = tail.split_once(close) else { break };
            found.push(inner);
            rest = tail;
        }
    }
    found
}

/// Letters and digits only, in lower case: punctuation, spacing and line breaks are no difference.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sources() -> Sources {
        let mut sources = Sources::default();
        sources.text("Total of img-1 is due 12 May: \"PAY HERE\"");
        sources.value(&json!({
            "objects": [{ "label": "cup", "score": 0.91 }, { "label": "cup", "score": 0.4 }, { "label": "spoon", "score": 0.88 }],
            "area_fraction": 0.3712,
            "text": "TOTAL\n1,234.50 EUR"
        }));
        sources.handles(&["img-1".into(), "img-1/cup-1".into()]);
        sources
    }

    #[test]
    fn what_was_observed_or_can_be_counted_is_founded() {
        for answer in [
            "There are two cups and 3 objects.",
            "37% of img-1, or 37.1 %, is covered.",
            "The total is 1234.50, about 1,235 EUR, on May 12.",
            "img-1/cup-1 is the one on the left.",
            "It says \"pay here\" and “Total”.",
            "There are 0 dogs.",
            "有2个杯子。",
            "总金额是1,234.50元。",
        ] {
            assert_eq!(sources().unfounded(answer), [""; 0], "{answer}");
        }
    }

    #[test]
    fn a_part_of_an_answer_comes_with_the_rows_that_say_it() {
        let row = |table: &str, row: Option<&str>, text: &str| Said {
            table: table.into(),
            image: "img-1".into(),
            row: row.map(str::to_owned),
            text: text.into(),
            bbox: None,
        };
        let said = [
            row("page_1_table_1", Some("Tea"), "Tea | 2,50 EUR"),
            row("line", Some("img-1/line-1"), "TOTAL 12.50"),
            row("object", Some("img-1/cup-1"), "cup white 10 x 20"),
        ];
        let parts = |answer: &str| {
            let found = supported(answer, &said);
            let rows = |rows: Vec<Said>| rows.into_iter().map(|row| row.table).collect::<Vec<_>>().join(" ");
            found.into_iter().map(|found| format!("{}: {}", found.part, rows(found.rows))).collect::<Vec<_>>()
        };
        assert_eq!(
            parts("Tea costs 2.50 of 12.50, says \"total\"."),
            ["2.50: page_1_table_1", "12.50: line", "total: line"]
        );
        assert_eq!(parts("img-1/cup-1 and 7 others, \"nothing\""), ["img-1/cup-1: object"]);
    }

    #[test]
    fn what_was_not_is_named() {
        for (answer, wrong) in [
            ("See img-2 and img-1/dog-1.", vec!["img-2", "img-1/dog-1"]),
            ("It costs 1,334.50.", vec!["1,334.50"]),
            ("It says \"no parking\".", vec!["\"no parking\""]),
            ("有99个杯子。", vec!["99"]),
            ("See img- and img-7/.", vec!["img-7"]),
            ("It ends at 30:15.", vec!["30:15"]),
        ] {
            assert_eq!(sources().unfounded(answer), wrong, "{answer}");
        }
    }
}
