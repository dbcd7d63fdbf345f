//! What is known of a task before the model is asked: cards, and sentences about what the task names.

use std::sync::Arc;

use argus_tools::{image::ImageEntry, tool::ToolCx, vision::labels};

use super::{
    Call, Card, ImageFact, TaskFacts,
    driver::handles,
    relations::{counted, counts, named_labels, reading, relations, sizes},
};
use crate::{
    prompt::{Language, PromptError, PromptManager},
    route::{self, Known},
};

/// The facts of a task. `shown` are the images whose cards go into the prompt.
pub(crate) fn facts(
    text: &str,
    language: Language,
    shown: &[Arc<ImageEntry>],
    cards: Vec<Card>,
    prompts: &PromptManager,
    cx: &ToolCx,
) -> Result<TaskFacts, PromptError> {
    let rendered = cards.iter().map(|card| prompts.card(card, language)).collect::<Result<Vec<_>, _>>()?;
    let advised = prompts.options().advice;
    let mut lies = false;
    let known = shown.iter().flat_map(|image| {
        let regions = cx.images.regions(&image.handle);
        // The rules count too, and more exactly.
        let count = counted(text, &image.handle, &regions).filter(|_| !advised);
        let first = [count.or_else(|| which(text, image, shown, cx)), reading(text, &image.handle, &regions)];
        let between = relations(text, &regions);
        lies |= !between.is_empty();
        first.into_iter().flatten().chain(between).chain(sizes(text, &regions)).collect::<Vec<_>>()
    });
    let known = if cards.is_empty() { Vec::new() } else { known.collect() };
    let mut facts = TaskFacts {
        text: text.to_owned(),
        language,
        parts: if prompts.options().parts { route::parts(text) } else { Vec::new() },
        images: shown
            .iter()
            .map(|image| ImageFact { handle: image.handle.clone(), width: image.width(), height: image.height() })
            .collect(),
        cards: rendered,
        known,
        handles: handles(cx),
        counts: shown.iter().flat_map(|image| counts(&cx.images.regions(&image.handle))).collect(),
        seen: cards,
        earlier: None,
        complete: false,
        untellable: Vec::new(),
        fitting: None,
        tools: prompts.tools().iter().map(|tool| tool.name.to_string()).collect(),
    };
    if advised {
        facts.known.extend(bearing(text, &facts.seen));
        let advice = route::advise(&facts.view(&[]));
        facts.complete = advice.complete;
        facts.known.extend(advice.known.iter().map(known_words));
        facts.untellable =
            advice.known.iter().filter(|known| known.untellable).map(|known| known.text.clone()).collect();
        facts.complete |= lies && facts.parts.len() < 2 && is_relation(text);
        let open = !facts.complete && advice.calls.is_empty();
        facts.known.extend(unmentioned(text, &facts.seen).filter(|_| open));
        if facts.parts.len() < 2 && matches!(route::intent(text), route::Intent::Chat) && !facts.seen.is_empty() {
            facts.known = vec![TALK.to_owned()];
            facts.complete = true;
        } else if open && !facts.seen.is_empty() && facts.known.is_empty() && is_aside(text, &facts.seen) {
            facts.known.push(ASIDE.to_owned());
            facts.complete = true;
        }
        // What is measured already needs no call.
        let measured =
            |call: &Call| call.tool == "measure" && facts.known.iter().any(|known| known.contains(" pixels wide"));
        facts.fitting = advice.calls.into_iter().find(|call| !measured(call));
    }
    Ok(facts)
}

/// Of several images, how many of the things that the task names are in this one, also where there are none.
fn which(text: &str, image: &ImageEntry, shown: &[Arc<ImageEntry>], cx: &ToolCx) -> Option<String> {
    if shown.len() < 2 {
        return None;
    }
    let mut labels: Vec<String> = Vec::new();
    for other in shown {
        for label in named_labels(text, &cx.images.regions(&other.handle)) {
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
    }
    let here = counts(&cx.images.regions(&image.handle));
    let count = |label: &String| here.iter().find(|(known, _)| known == label).map_or(0, |(_, count)| *count);
    let parts: Vec<String> = labels.iter().map(|label| format!("{} {label}", count(label))).collect();
    (!parts.is_empty()).then(|| format!("{} shows {}", image.handle, parts.join(" and ")))
}

/// The lines of longer texts that share words with the task, image by image, if they are few.
fn bearing(task: &str, cards: &[Card]) -> Vec<String> {
    const LONG: usize = 6;
    const FEW: usize = 4;
    let of_card = |card: &Card| {
        let about = route::fields::lines_about(task, &card.lines);
        let some = card.lines.len() >= LONG && !about.is_empty() && about.len() <= FEW;
        some.then(|| {
            let lines: Vec<String> = about.iter().map(|line| line.replace('<', "< ")).collect();
            format!("lines of {} about it: <data>{}</data>", card.image, lines.join(" / "))
        })
    };
    cards.iter().filter_map(of_card).collect()
}

/// Whether a task asks how two things lie or which is larger, which the relations between them tell.
fn is_relation(task: &str) -> bool {
    match route::intent(task) {
        route::Intent::Position { b: Some(_), relation, .. } => relation.as_deref() != Some("distance"),
        route::Intent::Compare { by, .. } => by != route::By::Count,
        _ => false,
    }
}

/// What a model is told where nothing is asked.
const TALK: &str = "this is talk and asks for nothing: answer in a few friendly words, not about the picture";

/// What a model is told where a task has nothing to do with the pictures.
const ASIDE: &str = "this is a question of general knowledge, for which no picture is needed";

/// Whether a task speaks of nothing that can be seen: neither of the pictures nor of anything that was read or found.
fn is_aside(task: &str, cards: &[Card]) -> bool {
    const SEEN: [&str; 66] = [
        "this",
        "these",
        "that",
        "those",
        "here",
        "it",
        "its",
        "they",
        "them",
        "he",
        "she",
        "his",
        "her",
        "picture",
        "pictures",
        "image",
        "images",
        "photo",
        "photos",
        "pic",
        "screenshot",
        "scan",
        "page",
        "see",
        "seen",
        "look",
        "looks",
        "show",
        "shows",
        "shown",
        "visible",
        "left",
        "right",
        "top",
        "bottom",
        "above",
        "below",
        "behind",
        "color",
        "colour",
        "colors",
        "colours",
        "text",
        "written",
        "read",
        "say",
        "says",
        "find",
        "detect",
        "count",
        "crop",
        "draw",
        "there",
        "wearing",
        "background",
        "foreground",
        "scene",
        "big",
        "large",
        "size",
        "wide",
        "high",
        "tall",
        "holding",
        "describe",
        "caption",
    ];
    let words: Vec<String> =
        task.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    let seen = |word: &String| {
        SEEN.contains(&word.as_str()) || labels::is_known(&labels::canonical(word)) || !labels::members(word).is_empty()
    };
    let han = task.chars().any(|c| matches!(c, '\u{4e00}'..='\u{9fff}'));
    // Where there is text, a question in other words may be about it all the same.
    let apart =
        ["by the way", "btw", "off topic", "unrelated"].iter().any(|start| task.to_lowercase().starts_with(start));
    !han && (apart || cards.iter().all(|card| card.lines.is_empty()))
        && words.len() > 3
        && !words.iter().any(seen)
        && cards.iter().all(|card| route::fields::lines_about(task, &card.lines).is_empty())
}

/// Days, months and names that a task speaks of and that stand in no text.
fn unmentioned(task: &str, cards: &[Card]) -> Option<String> {
    let text: String = cards.iter().flat_map(|card| &card.lines).map(|line| line.to_lowercase() + "\n").collect();
    if text.chars().count() < 12 || cards.iter().any(|card| card.more_lines > 0) {
        return None;
    }
    let words: Vec<&str> = task.split_whitespace().collect();
    let name = |pair: &[&str]| {
        // What begins a sentence has its capital from that.
        let begins = pair[0].ends_with(['.', '?', '!', ':', '"']);
        let word = pair[1].trim_matches(|c: char| !c.is_alphanumeric());
        let capital = !begins && word.chars().next().is_some_and(char::is_uppercase) && word.chars().count() > 3;
        let stem: String = word.to_lowercase().chars().take(3).collect();
        (capital && !text.contains(&stem)).then(|| format!("\"{word}\""))
    };
    let names: Vec<String> = words.windows(2).filter_map(name).take(3).collect();
    (!names.is_empty()).then(|| format!("no text mentions {}", names.join(" or ")))
}

/// What the rules know, in words for a model. What was read in an image is marked as data.
pub(super) fn known_words(known: &Known) -> String {
    if known.read { format!("<data>{}</data>", known.text.replace('<', "< ")) } else { known.text.clone() }
}
