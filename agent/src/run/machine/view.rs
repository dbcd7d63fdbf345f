//! What can be asked of a run.

use super::{Phase, Run, Turn};
use crate::{
    chat::{ChatError, Usage},
    run::{Limits, Protocol, Step, StopReason, TaskFacts},
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

    /// A tool that would only be called again: the last call repeated an earlier one.
    pub fn repeated_tool(&self) -> Option<&str> {
        match self.turns.last() {
            Some(Turn::Observations { calls, .. }) => {
                calls.iter().find(|call| call.note.is_some()).map(|call| &*call.tool)
            }
            _ => None,
        }
    }

    /// How many calls repeated earlier ones.
    pub fn repetitions(&self) -> usize {
        let calls = self.turns.iter().flat_map(|turn| match turn {
            Turn::Observations { calls, .. } => calls.as_slice(),
            _ => &[],
        });
        calls.filter(|call| call.note.is_some()).count()
    }

    /// Whether the last step called this tool, and it answered.
    pub fn just_called(&self, tool: &str) -> bool {
        let last = self.steps.last().filter(|_| matches!(self.turns.last(), Some(Turn::Observations { .. })));
        last.is_some_and(|step| step.calls.iter().any(|call| call.ok && call.tool == tool))
    }

    /// The limit that was reached, while the best answer is awaited.
    pub fn stopping(&self) -> Option<StopReason> {
        if let Phase::Best(reason) = self.phase { Some(reason) } else { None }
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
