//! The prompts of a run, rebuilt from what each of them added to the one before.

use super::TraceLine;
use crate::{chat::Message, run::RunEvent};

/// What the model read for one reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// The step that it was asked for.
    pub step: u32,
    /// All messages.
    pub messages: Vec<Message>,
    /// How many of them are in the prompt before, unchanged and at the beginning.
    pub kept: usize,
    /// Whether all could be rebuilt; if not, an earlier event is missing from the trace.
    pub whole: bool,
}

/// The prompts of a run, one for each time that the model was asked.
pub fn prompts(run: &[TraceLine]) -> Vec<Prompt> {
    let mut prompts: Vec<Prompt> = Vec::new();
    for line in run {
        let RunEvent::ModelStarted { step, kept, messages, .. } = &line.event else { continue };
        let before = prompts.last().map_or(&[] as &[Message], |prompt| &prompt.messages);
        let whole = *kept <= before.len() && (*kept == 0 || prompts.last().is_some_and(|prompt| prompt.whole));
        let messages: Vec<Message> = before.iter().take(*kept).chain(messages).cloned().collect();
        let kept = before.iter().zip(&messages).take_while(|(old, new)| old == new).count();
        prompts.push(Prompt { step: *step, messages, kept, whole });
    }
    prompts
}
