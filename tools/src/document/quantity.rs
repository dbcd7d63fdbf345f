//! A text that is a number as a whole: with sign, currency and unit.

use super::{
    amounts::currency,
    language::{is_currency, is_whole_currency, month},
    notation::{self, Notation},
};

/// A number with what is next to it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Quantity {
    /// Its value with its sign.
    pub(super) value: f64,
    /// How many decimals it has.
    pub(super) decimals: usize,
    /// Digits and marks as printed.
    pub(super) digits: String,
    /// The currency as printed.
    pub(super) currency: Option<String>,
    /// The unit as printed.
    pub(super) unit: Option<String>,
}

/// Characters of a unit at most.
const UNIT: usize = 14;
/// Characters of a word of a unit of two words at most: "fl oz".
const SHORT: usize = 3;

impl Quantity {
    /// The number that a text is; `None` where more than a sign, a currency and a unit stands with it.
    pub(super) fn parse(text: &str, notation: Notation) -> Option<Self> {
        let text = text.trim().trim_end_matches(['*', ';']);
        let (inner, bracketed) = match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            Some(inner) => (inner.trim(), true),
            None => (text, false),
        };
        let start = inner.find(|c: char| c.is_ascii_digit())?;
        let end = start + notation::scan(&inner[start..], true);
        let (head, digits, tail) = (&inner[..start], &inner[start..end], &inner[end..]);
        let (tail, trailing) = match tail.trim_end().strip_suffix(['-', '−']) {
            Some(rest) if rest.trim().is_empty() || is_currency(rest.trim()) => (rest, true),
            _ => {
                (tail.strip_prefix('-').filter(|rest| is_currency(rest.trim())).unwrap_or(tail), tail.starts_with('-'))
            }
        };
        let sign = |c: char| matches!(c, '-' | '−' | '–' | '+');
        // "AB-12" is a code.
        if head.trim_end_matches(sign).len() < head.len()
            && head.trim_end_matches(sign).ends_with(char::is_alphanumeric)
            && !is_currency(head.trim_end_matches(sign).trim())
        {
            return None;
        }
        let before = head.trim().trim_matches(|c| sign(c) || c == ' ');
        if !before.is_empty() && !is_currency(before) {
            return None;
        }
        let unit = tail.trim();
        let currency = currency(before, if is_currency(unit) { unit } else { "" })
            .or_else(|| unit.split(['/', ' ']).next().filter(|word| is_currency(word)).map(str::to_owned));
        if !is_unit(unit) {
            return None;
        }
        let whole = notation.whole || currency.as_deref().is_some_and(is_whole_currency);
        let read = notation::read(digits, Notation { whole, ..notation })?;
        let negative = bracketed || trailing || head.contains(['-', '−', '–']);
        // One sign and two are the same degrees.
        let named = unit.trim_end_matches('.').replace("°℃", "°C").replace('℃', "°C").replace('℉', "°F");
        let measured = |c: char| {
            c.is_alphabetic() || matches!(c, '%' | '°' | '℃' | '℉' | '‰' | '"' | '″' | '′') || unit.contains('/')
        };
        let has_unit = unit.starts_with(measured) && currency.as_deref() != Some(unit);
        Some(Self {
            value: if negative { -read.value } else { read.value },
            decimals: read.decimals,
            digits: digits.to_owned(),
            currency,
            unit: has_unit.then_some(named),
        })
    }
}

/// Whether what stands behind a number may be a unit: a word or two very short ones, no month, no part of a date.
fn is_unit(text: &str) -> bool {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let dated = words.first().is_some_and(|word| {
        month(word.trim_end_matches(['.', ','])).is_some() || word.starts_with(['年', '月', '日', '号'])
    });
    text.chars().count() <= UNIT
        && (words.len() < 2 || (words.len() == 2 && words.iter().all(|word| word.chars().count() <= SHORT)))
        && !dated
        && !text.starts_with('/')
        && !text.chars().any(|c| c.is_ascii_digit() || matches!(c, ':' | '-' | '–' | '#' | '@' | '_'))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_what_stands_beside_them() {
        for (text, value, currency, unit) in [
            ("12 g", 12.0, None, Some("g")),
            ("3.3 km", 3.3, None, Some("km")),
            ("18 °C", 18.0, None, Some("°C")),
            ("45 %", 45.0, None, Some("%")),
            ("45%", 45.0, None, Some("%")),
            ("120 km/h", 120.0, None, Some("km/h")),
            ("1.659 €/L", 1.659, Some("€"), Some("€/L")),
            ("-3,5 °C", -3.5, None, Some("°C")),
            ("(12.50)", -12.5, None, None),
            ("12.50-", -12.5, None, None),
            ("+2,150.00", 2150.0, None, None),
            ("-780.00", -780.0, None, None),
            ("€ 12,50", 12.5, Some("€"), None),
            ("-€4.20", -4.2, Some("€"), None),
            ("€ -4.20", -4.2, Some("€"), None),
            ("1 234,50 zł", 1234.5, Some("zł"), None),
            ("Rp 129.500", 129_500.0, Some("Rp"), None),
            ("Rp129.500", 129_500.0, Some("Rp"), None),
            ("129.000₫", 129_000.0, Some("₫"), None),
            ("1.280円", 1280.0, Some("円"), None),
            ("68元", 68.0, Some("元"), None),
            ("19℃", 19.0, None, Some("°C")),
            ("326度", 326.0, None, Some("度")),
            ("2,49 B", 2.49, None, Some("B")),
            ("R$ 1.234,50", 1234.5, Some("R$"), None),
            ("US$5", 5.0, Some("US$"), None),
            ("15 320", 15320.0, None, None),
            ("0+", 0.0, None, None),
        ] {
            let read = Quantity::parse(text, Notation::default()).unwrap();
            assert_eq!((read.value, read.currency.as_deref(), read.unit.as_deref()), (value, currency, unit), "{text}");
        }
        for text in [
            "3 June",
            "12/03",
            "AB-12",
            "Gate 4",
            "IC 508",
            "S 3",
            "9:00 - 18:00",
            "2025年7月",
            "KX 5083",
            "> 3000",
            "250 g red lentils",
        ] {
            assert_eq!(Quantity::parse(text, Notation::default()), None, "{text}");
        }
    }
}
