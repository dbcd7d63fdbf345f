//! What is known of a task before the model is asked: cards, and sentences about what the task names.

use std::sync::Arc;

use argus_tools::{image::ImageEntry, tool::ToolCx};

use super::{
    Card, ImageFact, TaskFacts,
    driver::handles,
    relations::{counted, counts, reading, relations, sizes},
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
    let known = shown.iter().flat_map(|image| {
        let regions = cx.images.regions(&image.handle);
        let first = [counted(text, &image.handle, &regions), reading(text, &image.handle, &regions)];
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
        fitting: None,
        tools: prompts.tools().iter().map(|tool| tool.name.to_string()).collect(),
    };
    if prompts.options().advice {
        let advice = route::advise(&facts.view(&[]));
        facts.known.extend(advice.known.iter().map(known_words));
        facts.fitting = advice.calls.into_iter().next();
    }
    Ok(facts)
}

/// What the rules know, in words for a model. What was read in an image is marked as data.
pub(super) fn known_words(known: &Known) -> String {
    if known.read { format!("<data>{}</data>", known.text.replace('<', "< ")) } else { known.text.clone() }
}
