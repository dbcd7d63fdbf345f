//! Taking an answer: every part of it must rest on what was observed, and every part of the task must be answered.

use super::{Phase, Run, Turn, view::CALCULATE};
use crate::{
    route::{intent, is_unsure},
    run::{Earlier, Step, StopReason, ground::Sources, parse::salvage_answer, parse_reply},
};

impl Run {
    pub(super) fn answered(&mut self, kept: &str, thought: String, answer: String) {
        if std::mem::take(&mut self.picture_due) {
            let reason = "the task asks for a picture, and no picture was made yet. Call the tool that makes it; \
                          answer only if no tool can";
            self.repair(kept, reason);
            return;
        }
        if names_a_call(&answer) && !std::mem::replace(&mut self.parts_asked, true) {
            self.repair(kept, "the answer is a call in words: make the call instead");
            return;
        }
        // What is not known yet can be found out.
        let unfinished = ["not known yet", "还不知道"].iter().any(|words| answer.contains(words));
        if unfinished && !std::mem::replace(&mut self.parts_asked, true) {
            let reason = if self.task.is_perceived() && self.next_call.is_none() {
                "the answer says that something is not known yet. All that can be seen is on the cards and among what is \
                 known: answer from that, or say that it cannot be told"
            } else {
                "the answer says that something is not known yet. Call the tool that tells it, or say that it cannot be told"
            };
            self.repair(kept, reason);
            return;
        }
        let sources = self.sources();
        let (mut unfounded, denied) = (sources.unfounded(&answer), sources.denied(&answer));
        let wrong = !unfounded.is_empty() || !denied.is_empty();
        if wrong && !std::mem::replace(&mut self.grounding_asked, true) {
            let terms = self.invented_terms(&sources);
            let reason = if denied.is_empty() {
                format!(
                    "nothing that was observed says {}{}. Call a tool that can tell, or answer with what was observed",
                    unfounded.join(", "),
                    if terms.is_empty() { String::new() } else { format!(" (the sum used {})", terms.join(", ")) }
                )
            } else {
                format!("what was seen says otherwise: {}. Answer with what was seen", denied.join(", "))
            };
            self.repair(kept, &reason);
            return;
        }
        let told: Vec<String> = self.task.untellable.iter().filter(|_| !is_unsure(&answer)).cloned().collect();
        if !told.is_empty() && !std::mem::replace(&mut self.grounding_asked, true) {
            let reason =
                format!("the answer tells what nobody can know. {}. Say that it cannot be told", told.join("; "));
            self.repair(kept, &reason);
            return;
        }
        unfounded.extend(told.iter().map(|known| format!("an answer to what cannot be told ({known})")));
        let open = self.open_parts(&answer).join("; ");
        if !open.is_empty() && !std::mem::replace(&mut self.parts_asked, true) {
            let reason = format!("the answer does not say: {open}. Do every part, then answer all of them");
            self.repair(kept, &reason);
            return;
        }
        unfounded.extend(denied);
        self.finish(StopReason::Answered, thought, answer, unfounded);
    }

    /// Numbers that calculations used and that come from nowhere.
    fn invented_terms(&self, sources: &Sources) -> Vec<String> {
        let sums = self.steps.iter().flat_map(|step| &step.calls).filter(|call| call.ok && call.tool == CALCULATE);
        let expressions = sums.filter_map(|call| call.args.get("expression").and_then(serde_json::Value::as_str));
        expressions.flat_map(|expression| sources.unfounded_terms(expression)).collect()
    }

    /// The parts of the task that an answer surely leaves open; a task of one part has none.
    fn open_parts(&self, answer: &str) -> Vec<&str> {
        let parts = self.task.parts.iter().filter(|_| self.task.parts.len() > 1);
        parts.filter(|part| !intent(part).satisfied_by(answer)).map(String::as_str).collect()
    }

    pub(super) fn best(&mut self, reason: StopReason, text: &str) {
        let thought = parse_reply(self.setup.protocol, text, &[]).map(|parsed| parsed.thought).unwrap_or_default();
        match salvage_answer(text) {
            Some(answer) => {
                let unfounded = self.unfounded(&answer);
                self.finish(reason, thought, answer, unfounded);
            }
            None if self.setup.fall_back => {
                self.ruled = true;
                self.ruled_after = Some(reason);
                self.phase = Phase::Ask;
            }
            None => self.phase = Phase::Done(reason),
        }
    }

    /// What in an answer rests on nothing, or denies what was seen.
    pub(super) fn unfounded(&self, answer: &str) -> Vec<String> {
        let sources = self.sources();
        let mut unfounded = sources.unfounded(answer);
        unfounded.extend(sources.denied(answer));
        unfounded
    }

    pub(super) fn finish(&mut self, reason: StopReason, thought: String, answer: String, ungrounded: Vec<String>) {
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
        self.task.cards.iter().chain(&self.task.known).for_each(|text| sources.text(text));
        self.task.earlier.iter().flat_map(Earlier::texts).for_each(|text| sources.text(text));
        for turn in &self.turns {
            if let Turn::Observations { calls, .. } = turn {
                for call in calls.iter().filter(|call| call.tool != CALCULATE) {
                    sources.text(&call.text);
                }
            }
        }
        for call in self.task.seen.iter().flat_map(|card| &card.calls) {
            sources.value(&call.observation);
        }
        let (sums, others): (Vec<_>, Vec<_>) =
            self.steps.iter().flat_map(|step| &step.calls).partition(|call| call.tool == CALCULATE);
        for call in others {
            sources.value(&call.observation);
        }
        // A sum is as good as its terms: invented ones make no fact.
        for call in sums.into_iter().filter(|call| call.ok) {
            let expression = call.args.get("expression").and_then(serde_json::Value::as_str).unwrap_or_default();
            if sources.unfounded_terms(expression).is_empty() {
                sources.value(&call.observation);
            }
        }
        sources.handles(&self.task.handles);
        sources.counts(&self.task.counts);
        sources
    }
}

/// Whether an answer is a call and nothing else: `crop(img-1, cup)`.
fn names_a_call(answer: &str) -> bool {
    let Some((name, _)) = answer.trim().strip_suffix(')').and_then(|call| call.split_once('(')) else { return false };
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}
