//! The model's calls and what they report.

use serde_json::Value;

use super::{Asked, Phase, REPAIRS, Run, Turn, not_run};
use crate::{
    chat::ToolCall,
    prompts::SHOW_TOOLS,
    run::{Call, CallRecord, CallResult, Move, Observed, ParseError, Protocol, Step, StopReason, parse_reply, tenth},
};

/// Calls in a row that may fail.
const FAILURES: u32 = 3;

/// What a model is told instead of the result of a call that it made before.
const REPEATED: &str =
    "You made this very call before; its result stands above. Use it, make a different call, or answer.";

impl Run {
    pub(super) fn reply(&mut self, text: &str, tool_calls: Vec<ToolCall>) {
        let parsed = match parse_reply(self.setup.protocol, text, &tool_calls) {
            Ok(parsed) => parsed,
            Err(error) => {
                self.unreadable(text, error);
                return;
            }
        };
        match parsed.wants {
            Move::Answer(answer) => self.answered(&parsed.kept, parsed.thought, answer),
            Move::Calls(calls) => {
                self.turns.push(Turn::Model { text: parsed.kept, calls: tool_calls });
                if self.over_budget() {
                    self.stop(StopReason::TokenBudget);
                    return;
                }
                let model_ms = std::mem::take(&mut self.spent_ms);
                self.ask_tools(parsed.thought, calls, model_ms);
            }
        }
    }

    /// Hands calls to the driver, unless they were all made before: those are answered from memory, once.
    pub(super) fn ask_tools(&mut self, thought: String, calls: Vec<Call>, model_ms: f64) {
        let mut times = Vec::new();
        for call in &calls {
            if let Some(asked) = self.asked.iter_mut().find(|asked| asked.call == *call) {
                asked.times += 1;
                times.push(asked.times);
            } else {
                self.asked.push(Asked { call: call.clone(), times: 1 });
                times.push(1);
            }
        }
        if times.iter().any(|times| *times > 2) {
            self.stop(StopReason::NoProgress);
        } else if times.iter().all(|times| *times == 2) {
            let observed = calls.iter().enumerate();
            let observed = observed
                .map(|(at, call)| self.observed(at, call, true, String::new(), Some(REPEATED.into())))
                .collect();
            let calls = not_run(calls, "not run: the same call was made before");
            self.steps.push(Step { thought, calls, ms: model_ms });
            self.show(observed);
        } else {
            self.phase = Phase::Call { thought, calls, model_ms };
        }
    }

    pub(super) fn results(&mut self, thought: String, calls: Vec<Call>, model_ms: f64, results: Vec<CallResult>) {
        let slowest = results.iter().map(|result| result.ms).fold(0.0, f64::max);
        let all_repairable = results.iter().all(|result| !result.ok && result.repairable);
        for (call, result) in calls.iter().zip(&results) {
            self.failures = if result.ok { 0 } else { self.failures + 1 };
            if call.tool == SHOW_TOOLS && result.ok {
                let names = result.value.get("names").and_then(Value::as_array).into_iter().flatten();
                self.asked_tools.extend(names.filter_map(Value::as_str).map(str::to_owned));
            }
        }
        self.repairs = if all_repairable { self.repairs + 1 } else { 0 };
        let observed: Vec<Observed> = calls
            .iter()
            .zip(&results)
            .enumerate()
            .map(|(at, (call, result))| self.observed(at, call, result.ok, words(result), None))
            .collect();
        let records = calls.into_iter().zip(results).map(|(call, result)| CallRecord {
            tool: call.tool,
            args: call.args,
            ms: result.ms,
            ok: result.ok,
            observation: if result.ok { result.value } else { Value::String(result.text) },
            models: result.models,
        });
        self.steps.push(Step { thought, calls: records.collect(), ms: tenth(model_ms + slowest) });
        let stuck = self.failures >= FAILURES || self.repairs > REPAIRS;
        self.show(observed);
        if stuck && self.phase == Phase::Ask {
            self.stop(StopReason::NoProgress);
        }
    }

    fn observed(&self, at: usize, call: &Call, ok: bool, text: String, note: Option<String>) -> Observed {
        let before =
            self.turns.iter().map(|turn| if let Turn::Observations { calls, .. } = turn { calls.len() } else { 0 });
        let id = format!("obs-{}", before.sum::<usize>() + at + 1);
        let ids = match self.turns.last() {
            Some(Turn::Model { calls, .. }) => calls.as_slice(),
            _ => &[],
        };
        Observed { id, call_id: ids.get(at).map(|call| call.id.clone()), tool: call.tool.clone(), ok, text, note }
    }

    /// Shows observations to the model, and stops if that was the last step.
    fn show(&mut self, calls: Vec<Observed>) {
        let taken = self.steps.len() as u32;
        let step = self.steps.len().saturating_sub(1);
        self.turns.push(Turn::Observations { calls, step, last: taken + 1 == self.limits.max_steps });
        self.phase = Phase::Ask;
        if taken >= self.limits.max_steps {
            self.stop(StopReason::StepLimit);
        } else if self.over_budget() {
            self.stop(StopReason::TokenBudget);
        }
    }

    /// A reply of the wrong form. When repairs do not help, a plainer protocol may.
    fn unreadable(&mut self, text: &str, error: ParseError) {
        let plainer = match self.setup.protocol {
            Protocol::Native => Some(Protocol::Schema),
            Protocol::Schema => Some(Protocol::Text),
            Protocol::Text => None,
        };
        if let Some(plainer) = plainer.filter(|_| self.repairs >= REPAIRS && !self.over_budget()) {
            let why = format!("{} replies in a row could not be read: {error}", self.repairs + 1);
            self.change_protocol(plainer, why);
            self.repairs = 0;
            return;
        }
        self.repair(text, error.words(self.setup.protocol));
    }

    /// Tells the model what is wrong with its reply, at most [`REPAIRS`] times in a row.
    pub(super) fn repair(&mut self, text: &str, reason: &str) {
        self.repairs += 1;
        let short: String = text.chars().take(600).collect();
        self.turns
            .push(Turn::Model { text: if short.trim().is_empty() { "{}".into() } else { short }, calls: Vec::new() });
        if self.repairs > REPAIRS {
            self.stop(StopReason::NoProgress);
        } else if self.over_budget() {
            self.stop(StopReason::TokenBudget);
        } else {
            self.turns.push(Turn::Repair { reason: reason.to_owned() });
        }
    }
}

/// What a call says to the model, with the picture that it made.
fn words(result: &CallResult) -> String {
    match result.made.last() {
        Some(image) => format!("{}\nNew picture: {image}.", result.text),
        None => result.text.clone(),
    }
}
