//! Amounts of money in a line of text.

use super::{
    dates,
    language::{currencies, is_currency, is_whole_currency},
    notation::{self, Notation},
};

/// A number that may be an amount.
#[derive(Clone, Debug, PartialEq)]
pub struct Amount {
    /// As it is printed, digits and separators only.
    pub text: String,
    /// Its value.
    pub value: f64,
    /// Whether it has two decimals, as amounts do, or grouped thousands in a currency without decimals.
    pub exact: bool,
    /// Whether a currency stands before or after it.
    pub currency: Option<String>,
}

/// The amounts of a text in its order. Parts of dates, times, telephone numbers, codes and percentages are none.
pub fn amounts(text: &str) -> Vec<Amount> {
    amounts_in(text, Notation::default())
}

/// The same where the page says how its numbers are printed.
pub(super) fn amounts_in(text: &str, notation: Notation) -> Vec<Amount> {
    let taken = dates::spans(text);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(|c: char| c.is_ascii_digit()).map(|start| at + start) {
        if let Some(span) = taken.iter().find(|span| span.contains(&start)) {
            at = span.end;
            continue;
        }
        let end = start + length(&text[start..]);
        let (head, tail) = (&text[..start], &text[end..]);
        if !is_part(head, tail) {
            found.extend(amount(&text[start..end], currency(head, tail), notation));
        }
        at = end;
    }
    found
}

/// How the numbers of a page's texts are printed.
pub(super) fn notation<'a>(texts: impl Iterator<Item = &'a str>) -> Notation {
    let all: Vec<Amount> = texts.flat_map(amounts).collect();
    Notation::of(all.iter().map(|amount| (amount.text.as_str(), amount.currency.as_deref())))
}

/// How many bytes a number takes in a line. A plain space groups thousands only before a decimal comma: it may as well
/// part a quantity from a price.
fn length(text: &str) -> usize {
    let spaced = notation::scan(text, true);
    let comma = text[..spaced].rsplit_once(',').is_some_and(|(_, tail)| tail.len() == 2);
    if comma { spaced } else { notation::scan(text, false) }
}

/// Whether a number is a part of something longer: a date, a time, a code, a percentage.
fn is_part(head: &str, tail: &str) -> bool {
    let (before, after) = (head.chars().next_back(), tail.chars().next());
    let joined = |c: Option<char>| c.is_some_and(|c| matches!(c, '/' | ':' | '#' | '_' | '@' | '*'));
    let letters: String = head.chars().rev().take_while(|c| c.is_alphabetic() || *c == '$').collect();
    let stuck: String = letters.chars().rev().collect();
    let in_word = before.is_some_and(char::is_alphanumeric) && !is_currency(&stuck) && !stuck.ends_with('元');
    let unit: String = tail.chars().take_while(|c| c.is_alphabetic()).collect();
    let glued = !unit.is_empty() && !is_currency(&unit) && !unit.starts_with(['元', '円']);
    // A hyphen before a number is a sign only at the start of a word.
    let hyphened = (before == Some('-')
        && head[..head.len() - 1].chars().next_back().is_some_and(char::is_alphanumeric))
        || (after == Some('-') && tail[1..].chars().next().is_some_and(char::is_alphanumeric));
    let percent = tail.trim_start().starts_with('%');
    joined(before) || joined(after) || in_word || glued || hyphened || percent
}

/// The value of a printed number with or without its currency, and whether it has two decimals.
pub fn number(text: &str) -> Option<(f64, bool)> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let end = start + notation::scan(&text[start..], true);
    let currency = currency(&text[..start], &text[end..]);
    let plain = text[..start].trim().len() + text[end..].trim().len() == currency.as_ref().map_or(0, String::len);
    amount(&text[start..end], currency, Notation::default())
        .filter(|_| plain)
        .map(|amount| (amount.value, amount.exact))
}

fn amount(text: &str, currency: Option<String>, notation: Notation) -> Option<Amount> {
    let whole = notation.whole || currency.as_deref().is_some_and(is_whole_currency);
    let read = notation::read(text, Notation { whole, ..notation })?;
    let exact = read.decimals == 2 || (whole && read.grouped && read.decimals == 0);
    Some(Amount { text: text.to_owned(), value: read.value, exact, currency })
}

/// The currency that stands before or behind a number.
pub(super) fn currency(head: &str, tail: &str) -> Option<String> {
    let head = head.trim_end_matches([' ', '-', '−', '+', '(']);
    let before = currencies().filter_map(|name| {
        let start = head.len().checked_sub(name.len())?;
        let same = head.get(start..).filter(|end| end.to_lowercase() == name)?;
        let inside = name.starts_with(char::is_alphabetic) && head[..start].ends_with(char::is_alphabetic);
        (!inside).then_some(same)
    });
    if let Some(name) = before.max_by_key(|name| name.len()) {
        return Some(name.to_owned());
    }
    let tail = tail.trim_start();
    let word: &str = &tail[..tail.find(|c: char| !(c.is_alphabetic() || c == '$')).unwrap_or(tail.len())];
    let sign = tail.chars().next().map_or(0, char::len_utf8);
    [word, &tail[..sign]].into_iter().find(|word| !word.is_empty() && is_currency(word)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<String> {
        amounts(line).into_iter().map(|amount| amount.text).collect()
    }

    #[test]
    fn amounts_are_told_from_other_numbers() {
        assert_eq!(texts("TOTAL RM 33.92"), ["33.92"]);
        assert_eq!(texts("RM33.92 and $5"), ["33.92", "5"]);
        assert_eq!(texts("25/12/2018 8:13:39 PM"), [""; 0]);
        assert_eq!(texts("GST @6% 1.61"), ["1.61"]);
        assert_eq!(texts("TEL:012-3216447"), [""; 0]);
        assert_eq!(texts("TD01167104 35.5CM"), [""; 0]);
        assert_eq!(texts("1,234.50 1.234,50"), ["1,234.50", "1.234,50"]);
        let values: Vec<f64> = amounts("1,234.50 1.234,50 1,234").into_iter().map(|a| a.value).collect();
        assert_eq!(values, [1234.5, 1234.5, 1234.0]);
        assert_eq!(amounts("共 12.50元")[0].currency.as_deref(), Some("元"));
        assert_eq!(amounts("-RM 0.02")[0].currency.as_deref(), Some("RM"));
    }

    #[test]
    fn amounts_of_many_lands() {
        for (text, value, currency) in [
            ("Fondue Set 1'149.00", 1149.0, None),
            ("Total 1 234,50 €", 1234.5, Some("€")),
            ("SUMA PLN 12,49", 12.49, Some("PLN")),
            ("Chleb 4,50zł", 4.5, Some("zł")),
            ("TOTAL Rp 129.500", 129_500.0, Some("Rp")),
            ("合計 ¥1,280", 1280.0, Some("¥")),
            ("Tổng cộng 129.000₫", 129_000.0, Some("₫")),
            ("R$ 1.234,50", 1234.5, Some("R$")),
            ("129 kr", 129.0, Some("kr")),
            ("S$5.90", 5.9, Some("S$")),
        ] {
            let found = amounts(text);
            let last = found.last().map(|amount| (amount.value, amount.currency.as_deref()));
            assert_eq!(last, Some((value, currency)), "{text}");
        }
        assert_eq!(number("Rp 129.500"), Some((129_500.0, true)));
        assert_eq!(number("1'234.50"), Some((1234.5, true)));
    }

    #[test]
    fn an_amount_is_no_date() {
        assert_eq!(texts("18.11.23 14:05 Bon 4711"), ["4711"]);
        assert_eq!(texts("24.12.2023"), [""; 0]);
        assert_eq!(texts("3 juin 2022 12,50"), ["12,50"]);
        assert_eq!(texts("27/06/185:02:32"), [""; 0]);
    }

    #[test]
    fn a_page_says_how_its_numbers_are_printed() {
        let page = notation(["Gula 16.000", "TOTAL Rp 129.500"].into_iter());
        assert!((amounts_in("Beras 5kg 75.000", page)[0].value - 75_000.0).abs() < 1e-9);
        let page = notation(["Milch 1,19", "Brot 2,49"].into_iter());
        assert!((amounts_in("Auto 1.234", page)[0].value - 1234.0).abs() < 1e-9);
    }
}
