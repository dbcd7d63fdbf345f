//! What is known of a task before the model is asked.

use std::sync::Arc;

use argus_tools::{
    image::ImageEntry,
    tool::{ToolCx, Toolbox},
};

use super::{Card, ImageFact, TaskFacts, driver::handles};
use argus_prompts::{Language, PromptError, PromptManager};

/// The facts of a task. `shown` are the images whose cards go into the prompt.
pub(crate) fn facts(
    text: &str,
    language: Language,
    shown: &[Arc<ImageEntry>],
    cards: Vec<Card>,
    prompts: &PromptManager,
    toolbox: &Toolbox,
    cx: &ToolCx,
) -> Result<TaskFacts, PromptError> {
    Ok(TaskFacts {
        text: text.to_owned(),
        language,
        images: shown
            .iter()
            .map(|image| ImageFact { handle: image.handle.clone(), width: image.width(), height: image.height() })
            .collect(),
        cards: cards.iter().map(|card| prompts.card(&card.seen, language)).collect::<Result<_, _>>()?,
        seen: cards,
        handles: handles(cx),
        offered: toolbox.narrowed(&cx.images),
        earlier: None,
    })
}
