//! What is known of a task before the model is asked: cards, and sentences about what the task names.

use std::sync::Arc;

use argus_tools::{image::ImageEntry, tool::ToolCx};

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
    let known = shown.iter().flat_map(|image| {
        let regions = cx.images.regions(&image.handle);
        // The rules count too, and more exactly.
        let count = counted(text, &image.handle, &regions).filter(|_| !advised);
        let first = [count.or_else(|| which(text, image, shown, cx)), reading(text, &image.handle, &regions)];
        first.into_iter().flatten().chain(relations(text, &regions)).chain(sizes(text, &regions)).collect::<Vec<_>>()
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
        fitting: None,
        tools: prompts.tools().iter().map(|tool| tool.name.to_string()).collect(),
    };
    if advised {
        facts.known.extend(bearing(text, &facts.seen));
        let advice = route::advise(&facts.view(&[]));
        facts.complete = advice.complete;
        facts.known.extend(advice.known.iter().map(known_words));
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

/// What the rules know, in words for a model. What was read in an image is marked as data.
pub(super) fn known_words(known: &Known) -> String {
    if known.read { format!("<data>{}</data>", known.text.replace('<', "< ")) } else { known.text.clone() }
}
