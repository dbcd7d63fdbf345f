//! Taking an answer. What is checked holds in every language: it says something, and its handles, numbers and quotations come
//! from what was observed. An answer that fails is asked for again once; it is never rewritten.

use super::{Phase, Run, Turn};
use crate::run::{Earlier, Step, StopReason, ground::Sources, parse::salvage_answer, parse_reply, restated::restates};

impl Run {
    pub(super) fn answered(&mut self, kept: &str, thought: String, answer: String) {
        let empty = if names_a_call(&answer) {
            Some("the answer is a call in words: make the call instead")
        } else if restates(&self.task.text, &answer) {
            Some("the answer only repeats the question. Answer with what the card or the tools say")
        } else {
            None
        };
        if let Some(reason) = empty.filter(|_| !std::mem::replace(&mut self.content_asked, true)) {
            self.repair(kept, reason);
            return;
        }
        let unfounded = self.unfounded(&answer);
        if !unfounded.is_empty() && !std::mem::replace(&mut self.grounding_asked, true) {
            let reason = format!(
                "nothing that was seen says {}. Call the tool that computes, finds or makes it; if none can, say that it is not known",
                unfounded.join(", ")
            );
            self.repair(kept, &reason);
            return;
        }
        self.finish(StopReason::Answered, thought, answer, unfounded);
    }

    pub(super) fn best(&mut self, reason: StopReason, text: &str) {
        let thought = parse_reply(self.setup.protocol, text, &[]).map(|parsed| parsed.thought).unwrap_or_default();
        match salvage_answer(text) {
            Some(answer) => {
                let unfounded = self.unfounded(&answer);
                self.finish(reason, thought, answer, unfounded);
            }
            None => self.phase = Phase::Done(reason),
        }
    }

    /// What in an answer rests on nothing.
    fn unfounded(&self, answer: &str) -> Vec<String> {
        self.sources().unfounded(answer)
    }

    fn finish(&mut self, reason: StopReason, thought: String, answer: String, ungrounded: Vec<String>) {
        self.steps.push(Step { thought, calls: Vec::new(), ms: std::mem::take(&mut self.spent_ms) });
        // A small model copies the marks of data along with it.
        let answer = ["<data>", "</data>"].iter().fold(answer, |answer, mark| answer.replace(mark, ""));
        self.answer = Some(answer);
        self.ungrounded = ungrounded;
        self.phase = Phase::Done(reason);
    }

    /// All that the answer may draw on.
    fn sources(&self) -> Sources {
        let mut sources = Sources::default();
        sources.text(&self.task.text);
        for image in &self.task.images {
            sources.text(&format!("{} {}", image.width, image.height));
        }
        sources.text(&self.task.images.len().to_string());
        self.task.cards.iter().for_each(|text| sources.text(text));
        self.task.earlier.iter().flat_map(Earlier::texts).for_each(|text| sources.text(text));
        for call in self.task.seen.iter().flat_map(|card| &card.calls) {
            sources.value(&call.observation);
        }
        // In order: a call may rest on what an earlier one said.
        for (step, calls) in self.steps.iter().map(|step| &step.calls).enumerate() {
            for (at, call) in calls.iter().enumerate().filter(|(_, call)| call.ok) {
                // What is computed is as good as what it is computed from: invented terms make no fact.
                if sources.unfounded_terms(&call.args).is_empty() {
                    sources.value(&call.observation);
                    sources.text(self.said(step, at));
                }
            }
        }
        sources.handles(&self.task.handles);
        sources
    }

    /// The words of a call's result.
    fn said(&self, step: usize, at: usize) -> &str {
        let of_step = self.turns.iter().find_map(|turn| match turn {
            Turn::Observations { calls, step: of, .. } if *of == step => calls.get(at),
            _ => None,
        });
        of_step.map_or("", |observed| &observed.text)
    }
}

/// Whether an answer is a call and nothing else: `crop(img-1, cup)`.
fn names_a_call(answer: &str) -> bool {
    let Some((name, _)) = answer.trim().strip_suffix(')').and_then(|call| call.split_once('(')) else { return false };
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}
