//! English texts as words: what they speak of, how alike they are, answers made comparable.

use std::collections::{HashMap, HashSet};

/// Words that name nothing that is to be seen or done.
const FUNCTION_WORDS: &str = "a an the this that these those some any all both each every no of in on at to from by with without \
    near under over above below behind beside between into onto through along around across up down out off about as and or but nor \
    not if than then so too very also just only is are was were be been being am do does did has have had can could will would may \
    might must shall should it its he him his she her they them their we us our i me my you your who whom whose which what when where \
    why how there here one's s t picture pictures image images photo photograph seen visible shown";

/// What stands between words of one phrase at most: spaces and hyphens.
fn runs(text: &str) -> Vec<Vec<String>> {
    let lower = text.to_lowercase();
    let mut runs = vec![Vec::new()];
    let mut word = String::new();
    let mut last: Option<char> = None;
    let function: HashSet<&str> = FUNCTION_WORDS.split_whitespace().collect();
    let end = |word: &mut String, runs: &mut Vec<Vec<String>>| {
        if !word.is_empty() {
            if function.contains(word.as_str()) {
                runs.push(Vec::new());
            } else if let Some(run) = runs.last_mut() {
                run.push(std::mem::take(word));
            }
            word.clear();
        }
    };
    let mut characters = lower.chars().peekable();
    while let Some(c) = characters.next() {
        // 9.00, 25/12/2018, 7:30 and t-shirt are words.
        let inside = matches!(c, '.' | ',' | '/' | ':' | '-' | '\'' | '&')
            && last.is_some_and(char::is_alphanumeric)
            && characters.peek().is_some_and(|next| next.is_alphanumeric())
            && (last.is_some_and(|c| c.is_ascii_digit()) || matches!(c, '-' | '\'' | '&'));
        if c.is_alphanumeric() || inside {
            word.push(c);
        } else {
            end(&mut word, &mut runs);
            if !c.is_whitespace() {
                runs.push(Vec::new());
            }
        }
        last = Some(c);
    }
    end(&mut word, &mut runs);
    runs.retain(|run| !run.is_empty());
    runs
}

/// The words of a text that name things, properties, doings and numbers, in lower case, as often as they stand there.
pub(crate) fn content(text: &str) -> Vec<String> {
    runs(text).into_iter().flatten().collect()
}

/// Those words, and the phrases of up to `most` of them that stand side by side, such as "red bus".
pub(crate) fn phrases(text: &str, most: usize) -> Vec<String> {
    let mut all = Vec::new();
    for run in runs(text) {
        for length in 1..=most.min(run.len()) {
            all.extend(run.windows(length).map(|words| words.join(" ")));
        }
    }
    all
}

/// Every word of a text, in lower case.
fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Whether a text has these words side by side, whole and whatever their case.
pub(crate) fn has(text: &str, wanted: &str) -> bool {
    let (text, wanted) = (words(text), words(wanted));
    !wanted.is_empty() && text.windows(wanted.len()).any(|window| window == wanted)
}

/// The cosine of the word counts of two texts, 0 to 1. Function words count too: "how many" tells what kind of question it is.
pub(crate) fn similarity(a: &str, b: &str) -> f64 {
    let count = |text: &str| {
        words(text).into_iter().fold(HashMap::new(), |mut counts: HashMap<String, f64>, word| {
            *counts.entry(word).or_default() += 1.0;
            counts
        })
    };
    let (a, b) = (count(a), count(b));
    let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
    names.sort();
    names.dedup();
    let vector = |counts: &HashMap<String, f64>| -> Vec<f64> {
        names.iter().map(|name| counts.get(*name).copied().unwrap_or_default()).collect()
    };
    cosine(&vector(&a), &vector(&b))
}

/// The cosine of two vectors of one length; 0 where one of them has no length.
pub(crate) fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths > 0.0 { dot(a, b) / lengths } else { 0.0 }
}

/// An answer as answers are compared: lower case, without `.` and `,` at the ends of words and the words a, an, the and to.
pub(crate) fn normalized(text: &str) -> String {
    let lower = text.to_lowercase();
    let bare = lower.split_whitespace().map(|word| word.trim_matches(['.', ',']));
    bare.filter(|word| !matches!(*word, "" | "a" | "an" | "the" | "to")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_end_at_function_words_and_stops() {
        assert_eq!(content("A red bus, and 2 people on the T-shirt."), ["red", "bus", "2", "people", "t-shirt"]);
        assert_eq!(
            phrases("A red double-decker bus on the street.", 2),
            ["red", "double-decker", "bus", "red double-decker", "double-decker bus", "street"]
        );
        assert_eq!(content("TOTAL: 9.00 on 25/12/2018."), ["total", "9.00", "25/12/2018"]);
        assert!(phrases("", 3).is_empty());
    }

    #[test]
    fn words_are_whole() {
        assert!(has("Two women, a dog.", "Women"));
        assert!(!has("Two women, a dog.", "men"));
        assert!(has("a fire-truck", "fire truck") && !has("a truck on fire", "fire truck"));
    }

    #[test]
    fn texts_with_the_same_words_are_alike() {
        assert!((similarity("What color is it?", "it is what COLOR") - 1.0).abs() < 1e-9);
        assert!((similarity("how many birds", "how many cats") - 2.0 / 3.0).abs() < 1e-9);
        assert!(similarity("cats", "dogs").abs() < 1e-9 && similarity("", "").abs() < 1e-9);
    }

    #[test]
    fn answers_lose_what_does_not_count() {
        assert_eq!(normalized(" The Ross  St. "), "ross st");
        assert_eq!(normalized("9.00."), "9.00");
        assert_eq!(normalized("To the left, a bit"), "left bit");
    }
}
