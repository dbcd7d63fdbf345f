//! What a sentence says: yes, no, or that it cannot be told.

use crate::text::{Token, contains, tokens};

/// Words of a sentence that deny something.
const DENIALS: [&str; 24] = [
    "no",
    "not",
    "none",
    "never",
    "nothing",
    "nobody",
    "neither",
    "without",
    "cannot",
    "can't",
    "isn't",
    "aren't",
    "doesn't",
    "don't",
    "didn't",
    "wasn't",
    "weren't",
    "hasn't",
    "haven't",
    "won't",
    "couldn't",
    "nope",
    "false",
    "incorrect",
];

/// Phrases that say neither yes nor no.
const UNDECIDED: [&str; 10] = [
    "cannot tell",
    "can't tell",
    "cannot determine",
    "cannot say",
    "cannot be determined",
    "unable",
    "don't know",
    "do not know",
    "unknown",
    "unclear",
];

/// Whether a sentence says yes or no: by its first word if that is one of them, else by whether it denies anything. None if
/// it says neither.
pub(super) fn polarity(text: &str) -> Option<bool> {
    let lower = text.trim().to_lowercase();
    if ["是", "对", "有"].iter().any(|word| lower.starts_with(word)) {
        return Some(true);
    }
    if ["不", "没", "否", "无"].iter().any(|word| lower.contains(word)) {
        return Some(false);
    }
    let all = tokens(text);
    let words: Vec<&str> = all
        .iter()
        .filter_map(|token| match token {
            Token::Word(word) => Some(word.as_str()),
            Token::Number(..) => None,
        })
        .collect();
    let first = *words.first()?;
    match first {
        "yes" | "yeah" | "true" | "correct" => Some(true),
        "no" | "nope" | "none" | "false" | "neither" => Some(false),
        _ if UNDECIDED.iter().any(|phrase| contains(&all, &tokens(phrase))) => None,
        _ => Some(words.contains(&"yes") || !words.iter().any(|word| DENIALS.contains(word))),
    }
}

/// Phrases of an answer that says that something cannot be told.
const REFUSALS: [&str; 47] = [
    "cannot",
    "can't",
    "can not",
    "could not",
    "couldn't",
    "unable",
    "not able",
    "not possible",
    "impossible",
    "don't know",
    "do not know",
    "not know",
    "not known",
    "isn't known",
    "unknown",
    "no information",
    "not visible",
    "isn't visible",
    "not shown",
    "isn't shown",
    "not show",
    "doesn't show",
    "not say",
    "doesn't say",
    "not mention",
    "doesn't mention",
    "not stated",
    "isn't stated",
    "not given",
    "not contain",
    "doesn't contain",
    "no way to",
    "not available",
    "not provided",
    "not provide",
    "not include",
    "doesn't include",
    "not specified",
    "not specify",
    "not clear",
    "unclear",
    "no tool",
    "nothing in the image",
    "not indicate",
    "doesn't indicate",
    "not determine",
    "not found",
];
const CHINESE_REFUSALS: [&str; 12] =
    ["无法", "不能", "看不", "没有", "不知道", "未知", "未显示", "不清楚", "没显示", "未提供", "不可能", "无从"];

/// Whether an answer says that what is asked cannot be told.
pub(super) fn refuses(text: &str) -> bool {
    let words = tokens(text);
    REFUSALS.iter().any(|phrase| contains(&words, &tokens(phrase)))
        || finds_none(&words)
        || CHINESE_REFUSALS.iter().any(|phrase| text.contains(phrase))
}

/// "No phone number is given": a sentence that begins with a denial of what was to be read.
fn finds_none(words: &[Token]) -> bool {
    const SEEN: [&str; 8] = ["given", "shown", "listed", "mentioned", "found", "stated", "visible", "available"];
    let is = |token: &Token, wanted: &[&str]| matches!(token, Token::Word(word) if wanted.contains(&word.as_str()));
    words.first().is_some_and(|first| is(first, &["no"])) && words.iter().any(|word| is(word, &SEEN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_and_no_by_the_sentence() {
        for yes in ["Yes.", "Yes, it is not far.", "The dog is left of the cat.", "是的，在左边。", "It is true: yes"]
        {
            assert_eq!(polarity(yes), Some(true), "{yes}");
        }
        for no in
            ["No.", "There is no dog.", "It isn't.", "They are not touching", "不，没有。", "No, that is unknown."]
        {
            assert_eq!(polarity(no), Some(false), "{no}");
        }
        for neither in ["", "I cannot tell.", "It is unclear whether they touch."] {
            assert_eq!(polarity(neither), None, "{neither}");
        }
    }

    #[test]
    fn refusals_in_many_words() {
        for text in [
            "I cannot tell.",
            "The picture doesn't say.",
            "That is not visible",
            "Unknown.",
            "图中看不出来",
            "Its name is not known.",
            "No phone number is given in the text.",
        ] {
            assert!(refuses(text), "{text}");
        }
        for text in ["It was made in Paris.", "Her name is Ann", "Yes"] {
            assert!(!refuses(text), "{text}");
        }
    }
}
