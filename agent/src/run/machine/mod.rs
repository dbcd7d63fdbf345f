//! The loop as a pure, serialisable state machine: `next` says what to do, `feed` takes what came of it.

mod answer;
mod host;
mod steps;
mod view;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Call, CallRecord, CallResult, Contradiction, Limits, Move, Observed, Protocol, Step, StopReason, TaskFacts,
    words::{makes_pictures, wants_picture},
};
use crate::chat::{ChatError, ChatErrorKind, ToolCall, Usage};

/// Replies in a row that may be wrong in form before the loop gives up on them.
const REPAIRS: u32 = 2;
/// How often the context may turn out smaller than thought.
const SQUEEZES: u32 = 6;

/// What the driver has to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Ask the model; the prompt manager renders the run into a request.
    CallModel(Purpose),
    /// Ask the rules, which need no model, for the next move.
    Decide,
    /// Call tools, in parallel, and feed the results in this order.
    CallTools(Vec<Call>),
    /// The run is over.
    Finish(StopReason),
}

/// What the model is asked for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Purpose {
    /// The next call, or the answer.
    Step,
    /// The best answer from what is there: a limit was reached.
    BestAnswer,
}

/// What came of an action, or what happened meanwhile.
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
    /// The rules decided.
    Decided(Move),
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
    },
    /// The time for steps is over; what is left is for a best answer.
    TimeUp,
    /// The caller cancelled.
    Cancelled,
}

/// An input that does not belong to the action under way.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the run does not wait for this input")]
pub struct Misfed;

/// One entry of the conversation.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "turn", rename_all = "snake_case")]
pub enum Turn {
    /// What the model wrote, cut after its action.
    Model {
        /// The text.
        text: String,
        /// Its calls under the `native` protocol.
        calls: Vec<ToolCall>,
    },
    /// What its calls reported.
    Observations {
        /// One a call.
        calls: Vec<Observed>,
        /// Which of the run's steps they belong to, from 0.
        step: usize,
        /// What the host has to say of them.
        remarks: Vec<String>,
        /// Whether this was the last step.
        last: bool,
    },
    /// What was wrong with its reply.
    Repair {
        /// For the model.
        reason: String,
    },
    /// It was asked for its best answer.
    Stop {
        /// The limit that was reached.
        reason: StopReason,
    },
}

/// How a run is set up beside its task and limits.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent switch")]
pub struct RunSetup {
    /// How the model is asked.
    pub protocol: Protocol,
    /// Tokens that prompt and reply may fill together, where that is known.
    pub context_tokens: Option<u32>,
    /// Whether a tool is there that makes new images.
    pub makes_pictures: bool,
    /// Who decides from the beginning: the rules instead of a model.
    pub rules: bool,
    /// Whether the rules go on where the model fails.
    pub fall_back: bool,
    /// Whether the rules tell the model what they know and which call fits.
    pub advice: bool,
}

impl Default for RunSetup {
    fn default() -> Self {
        Self {
            protocol: Protocol::Schema,
            context_tokens: None,
            makes_pictures: true,
            rules: false,
            fall_back: false,
            advice: false,
        }
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
#[expect(clippy::struct_excessive_bools, reason = "each remembers one thing that happens once")]
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
    picture_due: bool,
    /// The call that the rules see as the next one.
    next_call: Option<Call>,
    /// Whether the rules know the answer to every part.
    knows_all: bool,
    grounding_asked: bool,
    parts_asked: bool,
    /// Whether the rules decide.
    ruled: bool,
    /// The limit after which they do, with what is there.
    ruled_after: Option<StopReason>,
    /// Why the protocol changed, oldest first.
    protocol_changes: Vec<String>,
    contradictions: Vec<Contradiction>,
    answer: Option<String>,
    ungrounded: Vec<String>,
    error: Option<ChatError>,
}

impl Run {
    /// A run at its beginning.
    pub fn new(task: TaskFacts, limits: Limits, setup: RunSetup) -> Self {
        let fits = task.fitting.as_ref().is_some_and(|call| makes_pictures(&call.tool));
        let picture_due = setup.makes_pictures && (fits || wants_picture(&task.text));
        let ruled = setup.rules;
        let (next_call, knows_all) = (task.fitting.clone(), task.complete);
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
            picture_due,
            next_call,
            knows_all,
            grounding_asked: false,
            parts_asked: false,
            ruled,
            ruled_after: None,
            protocol_changes: Vec::new(),
            contradictions: Vec::new(),
            answer: None,
            ungrounded: Vec::new(),
            error: None,
        }
    }

    /// What to do now.
    pub fn next(&self) -> Action {
        match &self.phase {
            Phase::Ask if self.ruled => Action::Decide,
            Phase::Ask => Action::CallModel(Purpose::Step),
            Phase::Call { calls, .. } => Action::CallTools(calls.clone()),
            Phase::Best(_) => Action::CallModel(Purpose::BestAnswer),
            Phase::Done(reason) => Action::Finish(*reason),
        }
    }

    /// Takes what came of the last action.
    pub fn feed(&mut self, input: Input) -> Result<(), Misfed> {
        match (self.phase.clone(), input) {
            (Phase::Done(_), _) => return Err(Misfed),
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
            (Phase::Ask, Input::Decided(wants)) if self.ruled => self.decided(wants),
            (Phase::Ask | Phase::Best(_), Input::ModelFailed { error, estimated }) => {
                self.model_failed(error, estimated);
            }
            (Phase::Call { thought, calls, model_ms }, Input::Results { results, handles }) => {
                if results.len() != calls.len() {
                    return Err(Misfed);
                }
                self.results(thought, calls, model_ms, results, handles);
            }
            _ => return Err(Misfed),
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

    /// The rules made a move: there is nobody to repair with, so that whatever they say is taken.
    fn decided(&mut self, wants: Move) {
        match wants {
            Move::Answer(answer) => {
                let unfounded = self.unfounded(&answer);
                let usual = if self.error.is_some() { StopReason::ModelError } else { StopReason::Answered };
                self.finish(self.ruled_after.unwrap_or(usual), String::new(), answer, unfounded);
            }
            // After a limit no call is made any more.
            Move::Calls(calls) => match self.ruled_after {
                Some(reason) => self.phase = Phase::Done(reason),
                None => self.ask_tools(String::new(), calls, 0.0),
            },
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
                // A limit that was reached before stays the reason; the error is told beside it.
                let reason = if let Phase::Best(reason) = self.phase { reason } else { StopReason::ModelError };
                let mendable = error.kind.is_for_the_user();
                self.error = Some(error);
                if !mendable && self.setup.fall_back && self.phase == Phase::Ask && !self.ruled {
                    self.ruled = true;
                } else {
                    self.phase = Phase::Done(reason);
                }
            }
        }
    }

    /// The model failed before the run began: the rules decide, and the error is kept.
    pub(crate) fn fall_back(&mut self, error: ChatError) {
        self.error = Some(error);
        self.ruled = true;
    }

    fn change_protocol(&mut self, protocol: Protocol, why: String) {
        self.setup.protocol = protocol;
        self.protocol_changes.push(why);
    }

    fn stop(&mut self, reason: StopReason) {
        if self.ruled {
            self.phase = Phase::Done(reason);
            return;
        }
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
