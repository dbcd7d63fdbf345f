//! Words in lines of text: where they begin and end, numbers and months that are written out.

/// A character of the Chinese script.
pub fn is_han(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// Whether a text holds any Chinese.
pub fn has_han(text: &str) -> bool {
    text.chars().any(is_han)
}

/// Words in lower case, without the punctuation around them; hyphens, slashes and points inside a word stay.
pub fn words(text: &str) -> Vec<String> {
    let trimmed = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '%' | '#' | '-' | '+'));
        word.trim_end_matches('-').to_lowercase()
    };
    text.split_whitespace().map(trimmed).filter(|word| !word.is_empty()).collect()
}

/// Whether a phrase stands in a text at borders of words. Chinese has no borders.
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

/// Whether any of the phrases stands in a text.
pub fn has_any(text: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| has_phrase(text, phrase))
}

/// The value of a number in words ("two", "dozen", "三").
pub fn number_word(word: &str) -> Option<usize> {
    const CHINESE: [char; 11] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九', '十'];
    let mut characters = word.chars();
    if let (Some(only), None) = (characters.next(), characters.next()) {
        if only == '两' {
            return Some(2);
        }
        if let Some(value) = CHINESE.iter().position(|known| *known == only) {
            return Some(value);
        }
    }
    NUMBERS.iter().position(|known| *known == word).or((word == "dozen").then_some(12))
}

/// Numbers that are written as words.
pub const NUMBERS: &[&str] =
    &["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

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

/// The beginnings of the months' names.
pub const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The months' names.
pub const FULL_MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
