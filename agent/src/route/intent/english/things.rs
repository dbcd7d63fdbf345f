//! How many there are, and whether there is one.

use super::{looks::size_of, text::field, thing};
use crate::route::{
    intent::Intent,
    words::{after, find_phrase, has_any, has_phrase},
};

pub(super) fn count(asked: &str) -> Option<Intent> {
    const MONEY: [&str; 8] = ["dollars", "euros", "pounds", "ringgit", "yuan", "bucks", "cents", "rupees"];
    if let Some(rest) = after(asked, "how many") {
        // What somebody may do is not seen in a picture.
        const ADVICE: [&str; 6] = ["can i", "should i", "will i", "could i", "do i need", "should there be"];
        if has_any(rest, &ADVICE) && !has_any(rest, &["see", "count", "find"]) {
            return Some(Intent::Unknown);
        }
        let rest = rest.strip_prefix("of ").unwrap_or(rest);
        if MONEY.iter().any(|unit| rest.starts_with(unit)) {
            return field(asked).or(Some(Intent::Compute));
        }
        if rest.starts_with("pixels") && !has_phrase(rest, "million") {
            return Some(Intent::Size { of: size_of(asked) });
        }
        if ["times", "percent", "degrees", "hours", "minutes", "days", "grams", "calories", "cals"]
            .iter()
            .any(|unit| rest.starts_with(unit))
        {
            return Some(Intent::Compute);
        }
        return Some(Intent::Count { label: counted(rest) });
    }
    for phrase in ["total number of", "the number of", "number of", "amount of", "count of", "quantity of"] {
        if let Some(rest) =
            after(asked, phrase).filter(|rest| !rest.starts_with("the invoice") && !rest.starts_with("the receipt"))
        {
            return Some(Intent::Count { label: counted(rest) });
        }
    }
    let rest = asked
        .strip_prefix("count ")
        .map(|rest| rest.strip_prefix("up ").unwrap_or(rest).strip_prefix("how many ").unwrap_or(rest));
    if let Some(rest) = rest {
        return Some(Intent::Count { label: counted(rest) });
    }
    (asked == "count").then(|| Intent::Count { label: String::new() })
}

/// What is counted: the thing, or nothing where a pronoun or no word names it.
fn counted(rest: &str) -> String {
    let name = thing(rest);
    let pronoun = matches!(
        name.as_str(),
        "them"
            | "they"
            | "those"
            | "things"
            | "objects"
            | "items"
            | "everything"
            | "it"
            | "of them"
            | "different objects"
    );
    if pronoun { if name == "them" || name == "they" { "them".into() } else { "objects".into() } } else { name }
}

pub(super) fn presence(asked: &str) -> Option<Intent> {
    const BEGIN: [&str; 30] = [
        "is there also",
        "is there",
        "are there also",
        "are there",
        "was there",
        "were there",
        "do you see",
        "do we see",
        "can you see",
        "can i see",
        "can we see",
        "can you find",
        "can you spot",
        "can you detect",
        "does it contain",
        "does it show",
        "does it have",
        "does this have",
        "do you notice",
        "is it there",
        "have you seen",
        "has it got",
        "check whether there is",
        "check if there is",
        "check whether there are",
        "check if there are",
        "whether there is",
        "if there is",
        "whether there are",
        "see",
    ];
    for begin in BEGIN {
        if find_phrase(asked, begin) == Some(0) || (begin.len() > 12 && has_phrase(asked, begin)) {
            let rest = after(asked, begin)?;
            let rest = ["not ", "also ", "even ", "more than one ", "at least one ", "still "]
                .iter()
                .find_map(|word| rest.strip_prefix(word))
                .unwrap_or(rest);
            let rest =
                ["a lot of ", "lots of ", "many "].iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest);
            let name = thing(rest);
            let text = matches!(name.as_str(), "text" | "writing" | "words" | "letters");
            return Some(if text {
                Intent::Presence { label: "text".into() }
            } else {
                Intent::Presence { label: name }
            });
        }
    }
    // "Does the picture show a dog?", "is a dog in the picture", "any dogs?"
    for verb in ["contain", "show", "have", "include", "feature", "depict"] {
        let asks = asked.starts_with("does ") || asked.starts_with("do ");
        if let Some(rest) = after(asked, verb).filter(|_| asks) {
            return Some(Intent::Presence { label: thing(rest) });
        }
    }
    if let Some(rest) = asked.strip_prefix("any ") {
        return Some(Intent::Presence { label: thing(rest) });
    }
    let subject = asked.strip_prefix("is ").or(asked.strip_prefix("are "))?;
    let name = thing(subject);
    let tail = after(subject, &name)?;
    let shown = [
        "in the picture",
        "in the image",
        "in this picture",
        "in this image",
        "in the photo",
        "in img-",
        "visible",
        "present",
        "shown",
        "in it",
        "there",
    ];
    let somebody = matches!(name.as_str(), "anybody" | "anyone" | "somebody" | "someone");
    let named = somebody
        || subject.starts_with("a ")
        || subject.starts_with("an ")
        || subject.starts_with("any ")
        || subject.starts_with("the ");
    let states = shown.iter().any(|place| tail.starts_with(place));
    (named && states && !name.is_empty()).then_some(Intent::Presence { label: name })
}
