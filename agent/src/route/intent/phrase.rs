//! Names of things in the words of a question.

use crate::route::words::{AFTER_THING, has_han};

/// The name of a thing that a text begins with: its article is left out, and it ends before a verb or a preposition.
/// "the red cups are on the" is "red cups", "cup of tea on" is "cup of tea".
pub(in crate::route) fn thing(text: &str) -> String {
    let mut found: Vec<&str> = Vec::new();
    let words: Vec<&str> = text.split_whitespace().collect();
    for (at, raw) in words.iter().enumerate() {
        let word = raw.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '/' | '_'));
        if found.is_empty() && ARTICLES.contains(&word) {
            continue;
        }
        // "cup of tea" is one name; "left of" and "one of the" are none.
        let of = word == "of"
            && !found.is_empty()
            && !is_place(found[0])
            && words.get(at + 1).is_some_and(|next| !ARTICLES.contains(next));
        if word.is_empty() || (AFTER_THING.contains(&word) && !of) {
            break;
        }
        found.push(word);
        // A mark ends the name, but for a list of names.
        if raw.ends_with([',', ';', '?', '!', ':', ')']) && !lists_on(&words[at + 1..]) {
            break;
        }
        if raw.ends_with(',') {
            found.push(",");
        }
    }
    while found.last().is_some_and(|word| {
        matches!(*word, "and" | "," | "left" | "right" | "also") && found.len() > 1 && !is_noun_end(&found)
    }) {
        found.pop();
    }
    found.join(" ").replace(" ,", ",")
}

const ARTICLES: [&str; 16] = [
    "the", "a", "an", "any", "some", "all", "this", "that", "these", "those", "every", "each", "many", "much", "both",
    "only",
];

fn is_place(word: &str) -> bool {
    matches!(word, "left" | "right" | "top" | "bottom" | "front" | "side" | "one" | "middle" | "center" | "centre")
}

/// "The one on the left" may end with a side; "the cups left" may not.
fn is_noun_end(found: &[&str]) -> bool {
    found.len() == 1
}

/// Whether a list of names goes on: "cups, forks and spoons".
fn lists_on(rest: &[&str]) -> bool {
    rest.iter().take(4).any(|word| *word == "and" || *word == "or" || word.ends_with(',')) && !rest.first().is_some_and(|word| {
        matches!(*word, "and" | "how" | "what" | "where" | "is" | "are" | "which" | "who" | "then" | "also")
    } && rest.len() > 3)
}

/// The single names of a list: "cups, forks and spoons".
pub(in crate::route) fn names(label: &str) -> Vec<String> {
    let joined = if has_han(label) {
        ["和", "、", "与", "以及", "或者", "或", "还有", "及"]
            .iter()
            .fold(label.to_owned(), |text, joint| text.replace(joint, ","))
    } else {
        [" and ", " or ", " & ", ", and ", ", or ", " as well as "]
            .iter()
            .fold(format!(" {label} "), |text, joint| text.replace(joint, ","))
    };
    let without_article = |name: &str| {
        let name = name.trim();
        ARTICLES.iter().find_map(|article| name.strip_prefix(&format!("{article} "))).unwrap_or(name).trim().to_owned()
    };
    let names: Vec<String> = joined.split([',', '，']).map(without_article).filter(|name| !name.is_empty()).collect();
    // "black and white cats" is one kind of thing.
    let adjective = |name: &String| super::super::words::COLORS.contains(&name.as_str());
    if names.iter().rev().skip(1).any(adjective) { vec![label.trim().to_owned()] } else { names }
}
