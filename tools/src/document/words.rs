//! Words in lines of text: where they begin and end.

/// A character of the Chinese script.
pub fn is_han(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// Whether a phrase is in a text at borders of words. Chinese has no borders.
pub fn has_phrase(text: &str, phrase: &str) -> bool {
    find_phrase(text, phrase).is_some()
}

/// Where a phrase begins in a text, at borders of words.
pub fn find_phrase(text: &str, phrase: &str) -> Option<usize> {
    let inside = |c: char| c.is_alphanumeric() && !is_han(c);
    text.match_indices(phrase).map(|(at, _)| at).find(|at| {
        let before = text[..*at].chars().next_back();
        let after = text[at + phrase.len()..].chars().next();
        let begins = phrase.chars().next().is_some_and(inside);
        let ends = phrase.chars().next_back().is_some_and(inside);
        let joined = begins && before.is_some_and(inside) || ends && after.is_some_and(inside);
        !joined
    })
}

/// Whether any of the phrases is in a text.
pub fn has_any(text: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| has_phrase(text, phrase))
}

/// What a row is called that sums up others or tells of the payment.
pub const SUMMARY_WORDS: &[&str] = &[
    "total",
    "totals",
    "subtotal",
    "sub-total",
    "tax",
    "gst",
    "vat",
    "sst",
    "cash",
    "change",
    "rounding",
    "discount",
    "disc",
    "balance",
    "paid",
    "tender",
    "visa",
    "amount",
    "due",
    "sum",
    "average",
    "合计",
    "小计",
    "总计",
    "找零",
    "现金",
    "实收",
    "总额",
    "应付",
];
