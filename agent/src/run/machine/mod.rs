//! The loop as a pure, serializable state machine: `next` says what to do, `feed` takes the result.

mod answer;
mod host;
mod steps;
mod view;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use indexmap::IndexMap;

use super::{Call, CallRecord, CallResult, Limits, Purpose, Step, StopReason, TaskFacts, Turn};
use crate::chat::{ChatError, ChatErrorKind, Protocol, ToolCall, Usage};

/// Replies in a row that may be wrong in form before the loop gives up on them.
const REPAIRS: u32 = 2;
/// How often the context may turn out smaller than thought.
const SQUEEZES: u32 = 6;

/// What the driver has to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Ask the model; the prompt manager renders the run into a request.
    CallModel(Purpose),
    /// Call tools, in parallel, and feed the results in this order.
    CallTools(Vec<Call>),
    /// The run is over.
    Finish(StopReason),
}

/// The result of an action, or what happened meanwhile.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The model replied.
    Reply {
        /// What it wrote.
        text: String,
        /// What it called under the `native` protocol.
        tool_calls: Vec<ToolCall>,
        /// What it cost.
        usage: Usage,
        /// Estimated tokens of the prompt, to compare with what it cost.
        estimated: usize,
        /// Wall time in milliseconds.
        ms: f64,
    },
    /// The model could not be asked.
    ModelFailed {
        /// Why.
        error: ChatError,
        /// Estimated tokens of the prompt; 0 if there was none.
        estimated: usize,
    },
    /// The tools are done.
    Results {
        /// One a call, in the order of the calls.
        results: Vec<CallResult>,
        /// Every handle that exists now.
        handles: Vec<String>,
        /// The tools that have a use now, with the arguments that there is something for.
        offered: IndexMap<String, Value>,
    },
    /// The time for steps is over; what is left is for a best answer.
    TimeUp,
    /// The caller cancelled.
    Cancelled,
}

/// An input that does not belong to the action under way.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the run does not wait for this input")]
pub struct UnexpectedInput;

/// How a run is set up besides its task and limits.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RunSetup {
    /// How the model is asked.
    pub protocol: Protocol,
    /// Tokens that prompt and reply may fill together, where that is known.
    pub context_tokens: Option<u32>,
}

impl Default for RunSetup {
    fn default() -> Self {
        Self { protocol: Protocol::Schema, context_tokens: None }
    }
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
enum Phase {
    Ask,
    Call { thought: String, calls: Vec<Call>, model_ms: f64 },
    Best(StopReason),
    Done(StopReason),
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Asked {
    call: Call,
    times: u32,
}

/// One run of the loop.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Run {
    task: TaskFacts,
    limits: Limits,
    setup: RunSetup,
    phase: Phase,
    turns: Vec<Turn>,
    steps: Vec<Step>,
    usage: Usage,
    asked: Vec<Asked>,
    /// Tools that the model asked to be shown.
    asked_tools: Vec<String>,
    repairs: u32,
    failures: u32,
    squeezes: u32,
    /// Real tokens of a prompt divided by the estimate.
    token_ratio: f64,
    /// Milliseconds of replies that had to be repaired, counted to the step that they led to.
    spent_ms: f64,
    /// Whether the model was asked to found its answer better.
    grounding_asked: bool,
    /// Whether it was asked for an answer that says something.
    content_asked: bool,
    /// Why the protocol changed, oldest first.
    protocol_changes: Vec<String>,
    answer: Option<String>,
    ungrounded: Vec<String>,
    error: Option<ChatError>,
}

impl Run {
    /// A run at its beginning.
    pub fn new(task: TaskFacts, limits: Limits, setup: RunSetup) -> Self {
        Self {
            task,
            limits,
            setup,
            phase: Phase::Ask,
            turns: Vec::new(),
            steps: Vec::new(),
            usage: Usage::default(),
            asked: Vec::new(),
            asked_tools: Vec::new(),
            repairs: 0,
            failures: 0,
            squeezes: 0,
            token_ratio: 1.0,
            spent_ms: 0.0,
            grounding_asked: false,
            content_asked: false,
            protocol_changes: Vec::new(),
            answer: None,
            ungrounded: Vec::new(),
            error: None,
        }
    }

    /// What to do now.
    pub fn next(&self) -> Action {
        match &self.phase {
            Phase::Ask => Action::CallModel(Purpose::Step),
            Phase::Call { calls, .. } => Action::CallTools(calls.clone()),
            Phase::Best(_) => Action::CallModel(Purpose::BestAnswer),
            Phase::Done(reason) => Action::Finish(*reason),
        }
    }

    /// Takes the result of the last action.
    pub fn feed(&mut self, input: Input) -> Result<(), UnexpectedInput> {
        match (self.phase.clone(), input) {
            (Phase::Done(_), _) => return Err(UnexpectedInput),
            (phase, Input::Cancelled) => {
                self.unfinished(phase);
                self.phase = Phase::Done(StopReason::Cancelled);
            }
            // Too late even for a best answer.
            (Phase::Best(reason), Input::TimeUp) => self.phase = Phase::Done(reason),
            (phase, Input::TimeUp) => {
                self.unfinished(phase);
                self.stop(StopReason::Deadline);
            }
            (Phase::Ask, Input::Reply { text, tool_calls, usage, estimated, ms }) => {
                self.paid(usage, estimated, ms);
                self.reply(&text, tool_calls);
            }
            (Phase::Best(reason), Input::Reply { text, usage, estimated, ms, .. }) => {
                self.paid(usage, estimated, ms);
                self.best(reason, &text);
            }
            (Phase::Ask | Phase::Best(_), Input::ModelFailed { error, estimated }) => {
                self.model_failed(error, estimated);
            }
            (Phase::Call { thought, calls, model_ms }, Input::Results { results, handles, offered }) => {
                if results.len() != calls.len() {
                    return Err(UnexpectedInput);
                }
                (self.task.handles, self.task.offered) = (handles, offered);
                self.results(thought, calls, model_ms, results);
            }
            _ => return Err(UnexpectedInput),
        }
        Ok(())
    }

    /// Keeps the calls that were under way when the run was stopped.
    fn unfinished(&mut self, phase: Phase) {
        let Phase::Call { thought, calls, model_ms } = phase else { return };
        self.steps.push(Step { thought, calls: not_run(calls, "stopped before it finished"), ms: model_ms });
    }

    fn paid(&mut self, usage: Usage, estimated: usize, ms: f64) {
        self.usage += usage;
        self.spent_ms += ms;
        if estimated > 100 && usage.prompt_tokens > 0 {
            // What endpoints count varies with caching and templates: only what is plausible is believed.
            self.token_ratio = (usage.prompt_tokens as f64 / estimated as f64).clamp(0.8, 2.0);
        }
    }

    fn model_failed(&mut self, error: ChatError, estimated: usize) {
        match error.kind {
            ChatErrorKind::Cancelled => self.phase = Phase::Done(StopReason::Cancelled),
            ChatErrorKind::NoTools if self.setup.protocol == Protocol::Native => {
                self.change_protocol(Protocol::Schema, error.message);
            }
            ChatErrorKind::ContextLength if self.squeezes < SQUEEZES => {
                self.squeezes += 1;
                let real = estimated as f64 * self.token_ratio;
                let known = self.setup.context_tokens.map_or(f64::MAX, f64::from);
                // The reply is kept free beside the prompt, so that the prompt itself gets a quarter less each time.
                let context =
                    real.min(known) * 0.75 + if self.squeezes == 1 { f64::from(self.limits.reply_tokens) } else { 0.0 };
                self.setup.context_tokens = Some(context.min(known) as u32);
            }
            _ => {
                // A limit that was reached before stays the reason; the error is reported next to it.
                let reason = if let Phase::Best(reason) = self.phase { reason } else { StopReason::ModelError };
                self.error = Some(error);
                self.phase = Phase::Done(reason);
            }
        }
    }

    fn change_protocol(&mut self, protocol: Protocol, why: String) {
        self.setup.protocol = protocol;
        self.protocol_changes.push(why);
    }

    fn stop(&mut self, reason: StopReason) {
        self.turns.push(Turn::Stop { reason });
        self.phase = Phase::Best(reason);
    }

    fn over_budget(&self) -> bool {
        self.limits.max_tokens.is_some_and(|most| self.usage.total() >= most)
            || self.limits.max_cost.zip(self.cost()).is_some_and(|(most, cost)| cost >= most)
    }
}

fn not_run(calls: Vec<Call>, why: &str) -> Vec<CallRecord> {
    let record = |call: Call| CallRecord {
        tool: call.tool,
        args: call.args,
        ms: 0.0,
        ok: false,
        observation: Value::String(why.into()),
        models: Vec::new(),
    };
    calls.into_iter().map(record).collect()
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
