//! What can be asked of a run.

use super::{Phase, Run};
use crate::{
    chat::{ChatError, Protocol, Usage},
    run::{Limits, Step, StopReason, TaskFacts, Transcript, Turn},
};

impl Run {
    /// The task, with the handles that exist by now.
    pub fn task(&self) -> &TaskFacts {
        &self.task
    }

    /// How the model is asked now.
    pub fn protocol(&self) -> Protocol {
        self.setup.protocol
    }

    /// Why the protocol changed, oldest first.
    pub fn protocol_changes(&self) -> &[String] {
        &self.protocol_changes
    }

    /// Tokens that prompt and reply may fill together, as far as is known by now.
    pub fn context_tokens(&self) -> Option<u32> {
        self.setup.context_tokens
    }

    /// Real tokens of a prompt divided by the estimate, learned from what the model reports.
    pub fn token_ratio(&self) -> f64 {
        self.token_ratio
    }

    /// Corrects the ratio of real to estimated tokens by a count of the model's own.
    pub fn counted(&mut self, real: usize, estimated: usize) {
        if estimated > 0 {
            self.token_ratio = (real as f64 / estimated as f64).clamp(0.5, 2.0);
        }
    }

    /// Tools that the model asked to be shown.
    pub fn asked_tools(&self) -> &[String] {
        &self.asked_tools
    }

    /// How often the model was told what is wrong with its reply.
    pub fn repair_reasons(&self) -> usize {
        self.turns.iter().filter(|turn| matches!(turn, Turn::Repair { .. })).count()
    }

    /// What it was told last.
    pub fn last_repair(&self) -> Option<&str> {
        self.turns.iter().rev().find_map(|turn| if let Turn::Repair { reason } = turn { Some(&**reason) } else { None })
    }

    /// The limit that was reached, while the best answer is awaited.
    pub fn stopping(&self) -> Option<StopReason> {
        if let Phase::Best(reason) = self.phase { Some(reason) } else { None }
    }

    /// What the prompt manager renders.
    pub fn transcript(&self) -> Transcript<'_> {
        Transcript {
            task: &self.task,
            turns: &self.turns,
            steps: &self.steps,
            asked_tools: &self.asked_tools,
            protocol: self.setup.protocol,
            context_tokens: self.setup.context_tokens,
            token_ratio: self.token_ratio,
            reply_tokens: self.limits.reply_tokens,
            observation_chars: self.limits.observation_chars,
        }
    }

    /// The bounds.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The conversation so far.
    pub fn turns(&self) -> &[Turn] {
        &self.turns
    }

    /// The model's turns so far.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// How long an observation may be in the prompt, in characters.
    pub fn observation_chars(&self) -> usize {
        self.limits.observation_chars
    }

    /// Tokens so far.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// What they cost, if there is a price.
    pub fn cost(&self) -> Option<f64> {
        self.limits.price.map(|price| price.cost(self.usage))
    }

    /// The answer, once there is one.
    pub fn answer(&self) -> Option<&str> {
        self.answer.as_deref()
    }

    /// What in the answer rests on nothing observed.
    pub fn ungrounded(&self) -> &[String] {
        &self.ungrounded
    }

    /// Why the model could not be asked.
    pub fn error(&self) -> Option<&ChatError> {
        self.error.as_ref()
    }
}
