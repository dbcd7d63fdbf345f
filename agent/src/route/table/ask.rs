//! What a question asks of a table.

use crate::route::words::{DAYS, LEAST, MONTHS, MOST, PRICE_WORDS, find_phrase, words};

/// The most or the least of a column.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::route) struct Extreme {
    pub(in crate::route) most: bool,
    /// In the words of the question: "largest stock".
    pub(in crate::route) phrase: String,
    /// Where it stands in the question.
    pub(in crate::route) at: usize,
}

/// A bound on a column.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::route) struct Threshold {
    pub(in crate::route) phrase: String,
    pub(in crate::route) bound: f64,
    pub(in crate::route) above: bool,
    pub(in crate::route) equal: bool,
}

impl Threshold {
    pub(in crate::route) fn holds(&self, value: f64) -> bool {
        (self.equal && (value - self.bound).abs() < 1e-9)
            || if self.above { value > self.bound } else { value < self.bound }
    }
}

/// The superlatives of a question, in its order.
pub(in crate::route) fn extremes(asked: &str) -> Vec<Extreme> {
    const CHINESE: [(&str, bool); 12] = [
        ("最高", true),
        ("最低", false),
        ("最多", true),
        ("最少", false),
        ("最贵", true),
        ("最便宜", false),
        ("最大", true),
        ("最小", false),
        ("最热", true),
        ("最冷", false),
        ("最长", true),
        ("最短", false),
    ];
    let mut found: Vec<Extreme> = Vec::new();
    let places = MOST.iter().map(|word| (*word, true)).chain(LEAST.iter().map(|word| (*word, false)));
    for (word, most) in places {
        let mut from = 0;
        while let Some(at) = asked.get(from..).and_then(|rest| find_phrase(rest, word)).map(|at| from + at) {
            from = at + word.len();
            // "Most of", "almost", "at most" and "at least" are none; "most expensive" is found by itself.
            let head = asked[..at].trim_end();
            let bound =
                head == "at" || head.ends_with(" at") || asked[at + word.len()..].trim_start().starts_with("of ");
            let covered = found.iter().any(|known| at >= known.at && at < known.at + known.phrase.len());
            if !bound && !covered {
                found.push(Extreme { most, phrase: phrase(&asked[at..], word), at });
            }
        }
    }
    for (word, most) in CHINESE {
        found.extend(asked.find(word).map(|at| Extreme { most, phrase: word.into(), at }));
    }
    found.sort_by_key(|extreme| extreme.at);
    found
}

/// A superlative and the noun behind it.
fn phrase(rest: &str, word: &str) -> String {
    const ENDS: [&str; 40] = [
        "is",
        "was",
        "were",
        "are",
        "in",
        "on",
        "of",
        "this",
        "that",
        "and",
        "here",
        "according",
        "at",
        "for",
        "to",
        "has",
        "have",
        "or",
        "among",
        "listed",
        "shown",
        "by",
        "from",
        "with",
        "the",
        "did",
        "does",
        "do",
        "one",
        "ones",
        "sold",
        "how",
        "what",
        "which",
        "who",
        "when",
        "where",
        "we",
        "they",
        "than",
    ];
    let tail = &rest[word.len()..];
    let tail = &tail[..tail.find([',', ';', '?', '.', '(']).unwrap_or(tail.len())];
    let nouns: Vec<&str> = tail.split_whitespace().take_while(|noun| !ENDS.contains(noun)).take(3).collect();
    if nouns.is_empty() { word.to_owned() } else { format!("{word} {}", nouns.join(" ")) }
}

/// "More than 50", "under 3 euros", "at least 5".
pub(in crate::route) fn threshold(asked: &str) -> Option<Threshold> {
    const BOUNDS: [(&str, bool, bool); 25] = [
        ("more than", true, false),
        ("greater than", true, false),
        ("higher than", true, false),
        ("larger than", true, false),
        ("longer than", true, false),
        ("over", true, false),
        ("above", true, false),
        ("exceeding", true, false),
        ("exceed", true, false),
        ("exceeds", true, false),
        ("at least", true, true),
        ("or more than", true, true),
        ("less than", false, false),
        ("fewer than", false, false),
        ("lower than", false, false),
        ("smaller than", false, false),
        ("shorter than", false, false),
        ("cheaper than", false, false),
        ("under", false, false),
        ("below", false, false),
        ("at most", false, true),
        ("up to", false, true),
        ("超过", true, false),
        ("低于", false, false),
        ("少于", false, false),
    ];
    let number = |rest: &str| {
        let rest = rest.trim_start().trim_start_matches(['$', '€', '£', '¥']).trim_start();
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let digits = rest[..end].trim_end_matches('.');
        Some((digits.parse::<f64>().ok()?, digits.to_owned()))
    };
    BOUNDS.iter().find_map(|(word, above, equal)| {
        let at = find_phrase(asked, word)?;
        let (bound, digits) = number(&asked[at + word.len()..])?;
        Some(Threshold { phrase: format!("{word} {digits}"), bound, above: *above, equal: *equal })
    })
}

/// The words of a text that may name something, in the singular.
pub(super) fn telling(text: &str) -> Vec<String> {
    const COMMON: [&str; 62] = [
        "the", "a", "an", "and", "or", "of", "in", "on", "at", "to", "for", "with", "by", "from", "is", "are", "was",
        "were", "be", "do", "does", "did", "has", "have", "it", "its", "this", "that", "these", "those", "there",
        "what", "which", "who", "how", "many", "much", "when", "where", "per", "all", "one", "two", "i", "we", "you",
        "me", "my", "as", "if", "not", "no", "their", "they", "each", "any", "than", "more", "less", "please", "will",
        "would",
    ];
    let common = |word: &String| COMMON.contains(&word.as_str()) && !PRICE_WORDS.contains(&word.as_str());
    let spaced = text.to_lowercase().replace(['&', '/', '(', ')', '"', '\'', ':'], " ");
    words(&spaced).into_iter().filter(|word| !common(word)).map(|word| singular(&word)).collect()
}

fn singular(word: &str) -> String {
    if word.len() < 4 || word.ends_with("ss") || word.ends_with("us") {
        return word.to_owned();
    }
    if let Some(stem) = word.strip_suffix("ies") {
        return format!("{stem}y");
    }
    word.strip_suffix('s').unwrap_or(word).to_owned()
}

/// Whether two words are the same, or one is the short form of the other: "thu" and "thursday", "temperature" and "temp".
pub(super) fn same(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let calendar = DAYS.iter().chain(&MONTHS).any(|name| short.starts_with(name) && long.starts_with(name));
    let cut = short.len() >= 4 && long.starts_with(short) && long.len() > short.len() + 3 && long.len() < 14;
    (calendar && short.len() >= 3 && long.starts_with(short)) || cut
}
