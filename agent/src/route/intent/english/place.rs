//! Where things are.

use super::thing;
use crate::route::{
    intent::Intent,
    words::{after, find_phrase, has_any, has_phrase},
};

/// Words for a relation, longer ones first.
const RELATIONS: [(&str, &str); 36] = [
    ("to the left of", "left"),
    ("on the left of", "left"),
    ("on the left side of", "left"),
    ("left of", "left"),
    ("to the right of", "right"),
    ("on the right of", "right"),
    ("on the right side of", "right"),
    ("right of", "right"),
    ("on top of", "above"),
    ("above", "above"),
    ("over", "above"),
    ("higher than", "above"),
    ("below", "below"),
    ("beneath", "below"),
    ("underneath", "below"),
    ("under", "below"),
    ("lower than", "below"),
    ("inside of", "inside"),
    ("inside", "inside"),
    ("within", "inside"),
    ("next to", "near"),
    ("beside", "near"),
    ("near", "near"),
    ("close to", "near"),
    ("by the side of", "near"),
    ("overlap with", "overlap"),
    ("overlapping", "overlap"),
    ("overlap", "overlap"),
    ("touching", "overlap"),
    ("in front of", "near"),
    ("behind", "near"),
    ("touch", "overlap"),
    ("left from", "left"),
    ("right from", "right"),
    ("nearest to", "near"),
    ("closest to", "near"),
];

fn made(a: String, b: Option<String>, relation: Option<&str>) -> Intent {
    Intent::Position { a, b, relation: relation.map(str::to_owned) }
}

/// How far two things are apart, or how they lie to each other.
fn distance(asked: &str) -> Option<Intent> {
    if let Some(rest) =
        after(asked, "distance between").or(after(asked, "distance from")).or(after(asked, "relation between"))
    {
        let (a, b) = rest.split_once(" and ").or(rest.split_once(" to "))?;
        let relation = if has_phrase(asked, "relation") { None } else { Some("distance") };
        return Some(made(thing(a), Some(thing(b)), relation));
    }
    if let Some(rest) = after(asked, "how far is")
        .or(after(asked, "how far are"))
        .or(after(asked, "how close is"))
        .or(after(asked, "how far apart are"))
    {
        let (a, b) = [" and ", " from ", " to ", " away from "].iter().find_map(|joint| rest.split_once(joint))?;
        return Some(made(thing(a.trim_end_matches(" away")), Some(thing(b)), Some("distance")));
    }
    None
}

pub(super) fn position(asked: &str) -> Option<Intent> {
    if let Some(found) = distance(asked) {
        return Some(found);
    }
    let located = [
        "where exactly is",
        "where exactly are",
        "where is",
        "where are",
        "where was",
        "position of",
        "location of",
        "coordinates of",
        "bounding box of",
        "bounding boxes of",
        "box of",
        "place of",
        "locate",
        "which side is",
        "which side are",
        "on which side is",
        "in which corner is",
        "where can i find",
        "where do you see",
        "where in the image is",
        "where in the picture is",
    ]
    .iter()
    .find_map(|phrase| after(asked, phrase));
    let relation = RELATIONS
        .iter()
        .filter_map(|(words, relation)| Some((find_phrase(asked, words)?, *words, *relation)))
        .min_by_key(|(at, words, _)| (*at, std::cmp::Reverse(words.len())));
    if let Some((at, words, name)) = relation {
        let (head, tail) = (&asked[..at], &asked[at + words.len()..]);
        let yes_no = ["is ", "are ", "does ", "do "].iter().find_map(|verb| head.strip_prefix(verb));
        let b = thing(tail);
        if let Some(subject) = yes_no.filter(|subject| !subject.starts_with("there")) {
            let a = thing(subject);
            if !a.is_empty() && !b.is_empty() {
                return Some(made(a, Some(b), Some(name)));
            }
        }
        let asks = ["what", "which", "who"].iter().any(|word| asked.starts_with(word));
        let is = has_any(head, &["is", "are", "stands", "sits", "lies", "object", "thing", "things", "objects"]);
        let stated =
            has_any(asked, &["say", "says", "written", "color", "colour", "text", "read", "number", "how many"]);
        if asks && is && !b.is_empty() && !stated {
            let kind = head
                .strip_prefix("which ")
                .or(head.strip_prefix("what "))
                .map(thing)
                .filter(|kind| !matches!(kind.as_str(), "" | "object" | "objects" | "thing" | "things"));
            return Some(made(kind.unwrap_or_default(), Some(b), Some(name)));
        }
        if let Some(rest) = located {
            return Some(made(thing(rest), Some(b).filter(|b| !b.is_empty()), Some(name)));
        }
    }
    if let Some(rest) = located {
        if asked.starts_with("where was it bought") || asked.starts_with("where was this") {
            return None;
        }
        return Some(made(thing(rest), None, None));
    }
    for verb in ["find ", "show me where ", "show where ", "show me the ", "detect "] {
        if let Some(rest) = asked.strip_prefix(verb) {
            let name = thing(rest);
            let text = has_any(
                rest,
                &[
                    "text",
                    "total",
                    "date",
                    "price",
                    "sum",
                    "average",
                    "average of",
                    "everything",
                    "objects",
                    "out",
                    "picture",
                    "image",
                ],
            ) || crate::route::fields::Field::mentioned(rest).is_some();
            if !name.is_empty() && !text {
                return Some(made(name, None, None));
            }
        }
    }
    on_side(asked)
}

/// "Is the dog on the left?"
fn on_side(asked: &str) -> Option<Intent> {
    let subject = asked.strip_prefix("is ").or(asked.strip_prefix("are "))?;
    let side = [
        "on the left",
        "on the right",
        "at the top",
        "at the bottom",
        "in the middle",
        "in the center",
        "in the centre",
        "to the left",
        "to the right",
    ]
    .iter()
    .find(|side| has_phrase(subject, side))?;
    let a = thing(subject);
    let there = subject.starts_with("there");
    let word = side.rsplit(' ').next()?;
    if there || a.is_empty() {
        None
    } else {
        Some(made(a, None, Some(if word == "center" || word == "centre" { "middle" } else { word })))
    }
}
