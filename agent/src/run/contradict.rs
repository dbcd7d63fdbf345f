//! Answers that deny what was seen: "there is no spoon" where a spoon was detected, "3 cups" where 2 were counted.

use argus_tools::vision::labels;

use super::words::number_word;

/// How many objects of a label one look found.
pub(super) type Count = (String, usize);

/// What in the answer contradicts the counts, each with what was seen. Several looks may have found several counts of one
/// label (other images, other thresholds); an answer may state any of them.
pub(super) fn contradictions(answer: &str, counts: &[Count]) -> Vec<String> {
    // A mark after a word ends the phrase: "No, the spoon ..." denies nothing of the spoon.
    let (mut words, mut closed) = (Vec::new(), Vec::new());
    for token in answer.split_whitespace() {
        let word: String = token.chars().filter(|c| c.is_alphanumeric() || *c == '-').collect();
        words.push(word.to_lowercase());
        closed.push(token.ends_with([',', '.', ';', ':', '!', '?']));
    }
    let mut found = Vec::new();
    for at in 0..words.len() {
        let claimed = match words[at].as_str() {
            "no" | "without" => Some(0),
            word => word.parse::<usize>().ok().or_else(|| number_word(word).filter(|n| *n != 1)),
        };
        let Some(claimed) = claimed.filter(|_| !closed[at]) else { continue };
        let Some(label) = label_at(&words[at + 1..], counts) else { continue };
        let seen: Vec<usize> = counts.iter().filter(|(known, _)| *known == label).map(|(_, count)| *count).collect();
        let all: usize = seen.iter().sum();
        // "1 cup on the left": some of them may be meant.
        let some = claimed > 0 && seen.iter().all(|count| claimed < *count) && is_placed(&words[at + 1..]);
        if !some && all > 0 && all != claimed && !seen.contains(&claimed) {
            let says = format!("{} {label} (seen: {} {label})", words[at], seen.iter().max().unwrap_or(&all));
            if !found.contains(&says) {
                found.push(says);
            }
        }
    }
    found
}

/// Whether the next words say where.
fn is_placed(words: &[String]) -> bool {
    const PLACES: [&str; 12] =
        ["left", "right", "top", "bottom", "middle", "centre", "center", "behind", "front", "near", "next", "between"];
    words.iter().take(6).any(|word| PLACES.contains(&word.as_str()))
}

/// The counted label that the words begin with: one or two words, singular or plural, "other" and the like passed over.
fn label_at(words: &[String], counts: &[Count]) -> Option<String> {
    let skipped = words.iter().take_while(|word| matches!(word.as_str(), "other" | "visible")).count();
    let words = &words[skipped..];
    let pair = words.get(..2).map(|pair| pair.join(" "));
    let names = pair.into_iter().chain(words.first().cloned());
    let known = |name: String| {
        let name = labels::canonical(&name);
        counts.iter().find(|(label, _)| *label == name).map(|(label, _)| label.clone())
    };
    names.into_iter().find_map(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen() -> Vec<Count> {
        [("cup", 2), ("spoon", 1), ("dining table", 1), ("person", 3)].map(|(label, n)| (label.to_owned(), n)).to_vec()
    }

    #[test]
    fn denials_and_wrong_counts_are_found() {
        for (answer, wrong) in [
            ("There is 2 cups, and there is no spoon.", "no spoon (seen: 1 spoon)"),
            ("There are three cups.", "three cup (seen: 2 cup)"),
            ("I see no dining tables.", "no dining table (seen: 1 dining table)"),
            ("4 people are there.", "4 person (seen: 3 person)"),
        ] {
            assert_eq!(contradictions(answer, &seen()), [wrong], "{answer}");
        }
    }

    #[test]
    fn what_agrees_or_was_not_counted_is_left_alone() {
        for answer in [
            "There are two cups and no dog.",
            "No, the spoon is on the left.",
            "3 people, 1 spoon.",
            "2 of them",
            "There is 1 more cup than spoons.",
            "2 people are on the left.",
        ] {
            assert_eq!(contradictions(answer, &seen()), [""; 0], "{answer}");
        }
    }
}
