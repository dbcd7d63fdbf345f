//! Amounts of money in a line of text.

/// A number that may be an amount.
#[derive(Clone, Debug, PartialEq)]
pub struct Amount {
    /// As it is printed, digits and separators only.
    pub text: String,
    /// Its value.
    pub value: f64,
    /// Whether it has two decimals, as amounts do.
    pub exact: bool,
    /// Whether a currency stands before or after it.
    pub currency: Option<String>,
}

const CURRENCIES: &[&str] = &[
    "rm", "usd", "us$", "s$", "sgd", "eur", "gbp", "myr", "cny", "rmb", "hkd", "inr", "rs", "aud", "cad", "chf", "idr",
    "rp", "$", "€", "£", "¥", "￥", "₹", "元",
];

/// The amounts of a text in its order. Parts of dates, times, telephone numbers, codes and percentages are none.
pub fn amounts(text: &str) -> Vec<Amount> {
    let characters: Vec<(usize, char)> = text.char_indices().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        if !characters[at].1.is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        let digit = |at: usize| characters.get(at).is_some_and(|(_, c)| c.is_ascii_digit());
        while digit(at) || (characters.get(at).is_some_and(|(_, c)| matches!(c, '.' | ',')) && digit(at + 1)) {
            at += 1;
        }
        let end = characters.get(at).map_or(text.len(), |(index, _)| *index);
        let begin = characters[start].0;
        let before = text[..begin].chars().next_back();
        let after = text[end..].chars().next();
        if !is_part(before, after, &text[..begin], &text[end..]) {
            found.extend(amount(&text[begin..end], currency(&text[..begin], &text[end..])));
        }
    }
    found
}

/// Whether a number is a part of something longer: a date, a time, a code, a percentage.
fn is_part(before: Option<char>, after: Option<char>, head: &str, tail: &str) -> bool {
    let joined = |c: Option<char>| c.is_some_and(|c| matches!(c, '/' | ':' | '#' | '_' | '@' | '*'));
    let letters: String = head.chars().rev().take_while(|c| c.is_alphabetic() || *c == '$').collect();
    let stuck: String = letters.chars().rev().collect::<String>().to_lowercase();
    let in_word =
        before.is_some_and(char::is_alphanumeric) && !CURRENCIES.contains(&stuck.as_str()) && !stuck.ends_with('元');
    let unit: String = tail.chars().take_while(|c| c.is_alphabetic()).collect::<String>().to_lowercase();
    let glued = !unit.is_empty() && !CURRENCIES.contains(&unit.as_str()) && !unit.starts_with('元');
    // A hyphen before a number is a sign only at the start of a word.
    let hyphened = (before == Some('-')
        && head[..head.len() - 1].chars().next_back().is_some_and(char::is_alphanumeric))
        || (after == Some('-') && tail[1..].chars().next().is_some_and(char::is_alphanumeric));
    let percent = tail.trim_start().starts_with('%');
    joined(before) || joined(after) || in_word || glued || hyphened || percent
}

/// The value of a printed number, and whether it has two decimals.
pub fn number(text: &str) -> Option<(f64, bool)> {
    amount(text, None).map(|amount| (amount.value, amount.exact))
}

fn amount(text: &str, currency: Option<String>) -> Option<Amount> {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    if digits > 11 {
        return None;
    }
    // The last separator with two digits behind it is the decimal point; others group thousands.
    let (whole, decimals) = match text.rsplit_once(['.', ',']) {
        Some((whole, tail)) if tail.len() == 3 && text.contains(',') && !text.contains('.') => {
            (format!("{whole}{tail}"), "")
        }
        Some((whole, tail)) => (whole.to_owned(), tail),
        None => (text.to_owned(), ""),
    };
    let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
    let value = format!("{whole}.{}", if decimals.is_empty() { "0" } else { decimals }).parse().ok()?;
    Some(Amount { text: text.to_owned(), value, exact: decimals.len() == 2, currency })
}

fn currency(head: &str, tail: &str) -> Option<String> {
    let head = head.trim_end();
    let known = CURRENCIES.iter().find(|name| {
        head.to_lowercase().ends_with(**name) && {
            let rest = &head[..head.len().saturating_sub(name.len())];
            !name.chars().all(char::is_alphabetic) || !rest.chars().next_back().is_some_and(char::is_alphabetic)
        }
    });
    if let Some(name) = known {
        return head.get(head.len().saturating_sub(name.len())..).map(str::to_owned);
    }
    let word: String = tail
        .trim_start()
        .chars()
        .take_while(|c| c.is_alphabetic() || CURRENCIES.contains(&c.to_string().as_str()))
        .collect();
    CURRENCIES.contains(&word.to_lowercase().as_str()).then_some(word)
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
}
