//! Two things side by side: "which is larger, the cat or the dog", "are there more dogs than cats".

use super::{by, thing};
use crate::route::{
    intent::{By, Intent},
    words::{after, find_phrase, has_phrase, words},
};

pub(super) fn compare(asked: &str) -> Option<Intent> {
    let made = |a: &str, b: &str, by: By| {
        let (a, b) = (thing(a), thing(b));
        let named = !a.is_empty() && !b.is_empty();
        named.then_some(Intent::Compare { a, b, by })
    };
    if let Some(rest) = asked.strip_prefix("compare ").or(after(asked, "difference in size between")) {
        let by = if has_phrase(rest, "number") { By::Count } else { By::Area };
        let rest = rest
            .trim_start_matches("the sizes of ")
            .trim_start_matches("the size of ")
            .trim_start_matches("the number of ");
        let (a, b) = halves(rest, &[" and ", " with ", " to "])?;
        return made(a, b, by);
    }
    // "What is the difference between the number of cherries and the number of steaks?"
    if let Some(rest) = after(asked, "between the number of").or(after(asked, "in number between")) {
        let (a, b) = halves(rest, &[" and "])?;
        return made(a, b.trim_start_matches("the number of ").trim_start_matches("of "), By::Count);
    }
    let more = after(asked, "how many more")
        .or(after(asked, "how many fewer"))
        .or(after(asked, "are there more"))
        .or(after(asked, "are there fewer"))
        .or(after(asked, "there more"))
        .or(after(asked, "more of"));
    if let Some(rest) = more {
        let (a, b) = halves(rest, &[" than ", " or "])?;
        let a = a.strip_suffix(" are there").unwrap_or(a);
        return made(a, b, By::Count);
    }
    let all = words(asked);
    let word = all.iter().find(|word| by(word) != By::Any && *word != "size" && !word.ends_with("est"))?;
    let by = by(word);
    if by == By::Count {
        return None;
    }
    let at = find_phrase(asked, word)?;
    let (head, tail) = (&asked[..at], asked[at + word.len()..].trim_start_matches([',', ':', ' ']));
    if let Some(other) = tail.strip_prefix("than ") {
        let subject = head.split_once(' ').map_or("", |(_, rest)| rest);
        let subject = subject.trim_end_matches("much ").trim_end_matches("times ");
        let subject = ["much is ", "much are ", "many times is "]
            .iter()
            .find_map(|start| subject.strip_prefix(start))
            .unwrap_or(subject);
        return made(subject, other, by);
    }
    // "Which is larger, the cat or the dog?", "what is bigger: A or B"
    let choices = if tail.contains(" or ") { tail } else { return None };
    let choices =
        choices.trim_start_matches("one,").trim_start_matches("one ").trim_start_matches("object,").trim_start();
    let (a, b) = halves(choices, &[" or "])?;
    made(a.trim_end_matches(','), b, by)
}

fn halves<'a>(text: &'a str, joints: &[&str]) -> Option<(&'a str, &'a str)> {
    joints.iter().find_map(|joint| text.split_once(joint))
}
