//! The loop as a pure, serialisable state machine: `next` says what to do, `feed` takes what came of it.

mod answer;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Call, CallRecord, CallResult, Limits, Move, Observed, Step, StopReason, TaskFacts, parse, tenth,
    words::wants_picture,
};
use crate::chat::{ChatError, ChatErrorKind, Usage};

/// Replies in a row that may be wrong in form before the loop gives up on them.
const REPAIRS: u32 = 2;
/// Calls in a row that may fail.
const FAILURES: u32 = 3;
/// How often observations may be shortened when prompt and reply do not fit the context.
const SQUEEZES: u32 = 2;

/// What a model is told instead of the result of a call that it made before.
const REPEATED: &str =
    "You made this very call before; its result stands above. Use it, make a different call, or answer.";

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
        /// What it cost.
        usage: Usage,
        /// Wall time in milliseconds.
        ms: f64,
    },
    /// The model could not be asked.
    ModelFailed(ChatError),
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
    },
    /// What its calls reported.
    Observations {
        /// One a call.
        calls: Vec<Observed>,
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
    phase: Phase,
    turns: Vec<Turn>,
    steps: Vec<Step>,
    usage: Usage,
    asked: Vec<Asked>,
    repairs: u32,
    failures: u32,
    squeezes: u32,
    /// Milliseconds of replies that had to be repaired, counted to the step that they led to.
    spent_ms: f64,
    picture_due: bool,
    grounding_asked: bool,
    answer: Option<String>,
    ungrounded: Vec<String>,
    error: Option<ChatError>,
}

impl Run {
    /// A run at its beginning. `makes_pictures`: whether a tool is there that makes new images.
    pub fn new(task: TaskFacts, limits: Limits, makes_pictures: bool) -> Self {
        let picture_due = makes_pictures && wants_picture(&task.text);
        Self {
            task,
            limits,
            phase: Phase::Ask,
            turns: Vec::new(),
            steps: Vec::new(),
            usage: Usage::default(),
            asked: Vec::new(),
            repairs: 0,
            failures: 0,
            squeezes: 0,
            spent_ms: 0.0,
            picture_due,
            grounding_asked: false,
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
            (Phase::Ask, Input::Reply { text, usage, ms }) => self.reply(&text, usage, ms),
            (Phase::Best(reason), Input::Reply { text, usage, ms }) => self.best(reason, &text, usage, ms),
            (Phase::Ask | Phase::Best(_), Input::ModelFailed(error)) => self.model_failed(error),
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

    fn reply(&mut self, text: &str, usage: Usage, ms: f64) {
        self.usage += usage;
        self.spent_ms += ms;
        let parsed = match parse(text) {
            Ok(parsed) => parsed,
            Err(error) => {
                self.repair(text, &error.to_string());
                return;
            }
        };
        match parsed.wants {
            Move::Answer(answer) => self.answered(&parsed.kept, parsed.thought, answer),
            Move::Calls(calls) => {
                self.turns.push(Turn::Model { text: parsed.kept });
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
    fn ask_tools(&mut self, thought: String, calls: Vec<Call>, model_ms: f64) {
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
            let observed = calls.iter().map(|call| Observed {
                tool: call.tool.clone(),
                ok: true,
                text: String::new(),
                note: Some(REPEATED.into()),
            });
            let observed = observed.collect();
            let calls = not_run(calls, "not run: the same call was made before");
            self.steps.push(Step { thought, calls, ms: model_ms });
            self.observed(observed);
        } else {
            self.phase = Phase::Call { thought, calls, model_ms };
        }
    }

    fn results(
        &mut self,
        thought: String,
        calls: Vec<Call>,
        model_ms: f64,
        results: Vec<CallResult>,
        handles: Vec<String>,
    ) {
        self.task.handles = handles;
        let slowest = results.iter().map(|result| result.ms).fold(0.0, f64::max);
        let all_repairable = results.iter().all(|result| !result.ok && result.repairable);
        for result in &results {
            self.failures = if result.ok { 0 } else { self.failures + 1 };
            self.picture_due &= result.made.is_empty();
        }
        self.repairs = if all_repairable { self.repairs + 1 } else { 0 };
        let observed = calls.iter().zip(&results).map(|(call, result)| Observed {
            tool: call.tool.clone(),
            ok: result.ok,
            text: match result.made.last() {
                Some(image) => {
                    format!(
                        "{}\nThat made the new picture {image}. When every part is done, answer and name {image}.",
                        result.text
                    )
                }
                None => result.text.clone(),
            },
            note: None,
        });
        let observed: Vec<Observed> = observed.collect();
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
        self.observed(observed);
        if stuck && self.phase == Phase::Ask {
            self.stop(StopReason::NoProgress);
        }
    }

    /// Shows observations to the model, and stops if that was the last step.
    fn observed(&mut self, calls: Vec<Observed>) {
        let taken = self.steps.len() as u32;
        self.turns.push(Turn::Observations { calls, last: taken + 1 == self.limits.max_steps });
        self.phase = Phase::Ask;
        if taken >= self.limits.max_steps {
            self.stop(StopReason::StepLimit);
        } else if self.over_budget() {
            self.stop(StopReason::TokenBudget);
        }
    }

    /// Tells the model what is wrong with its reply, at most [`REPAIRS`] times in a row.
    fn repair(&mut self, text: &str, reason: &str) {
        self.repairs += 1;
        let short: String = text.chars().take(600).collect();
        self.turns.push(Turn::Model { text: if short.trim().is_empty() { "{}".into() } else { short } });
        if self.repairs > REPAIRS {
            self.stop(StopReason::NoProgress);
        } else if self.over_budget() {
            self.stop(StopReason::TokenBudget);
        } else {
            self.turns.push(Turn::Repair { reason: reason.to_owned() });
        }
    }

    fn model_failed(&mut self, error: ChatError) {
        match error.kind {
            ChatErrorKind::Cancelled => self.phase = Phase::Done(StopReason::Cancelled),
            ChatErrorKind::ContextLength if self.squeezes < SQUEEZES => self.squeezes += 1,
            _ => {
                // A limit that was reached before stays the reason; the error is told beside it.
                let reason = if let Phase::Best(reason) = self.phase { reason } else { StopReason::ModelError };
                self.error = Some(error);
                self.phase = Phase::Done(reason);
            }
        }
    }

    fn stop(&mut self, reason: StopReason) {
        self.turns.push(Turn::Stop { reason });
        self.phase = Phase::Best(reason);
    }

    fn over_budget(&self) -> bool {
        self.limits.max_tokens.is_some_and(|most| self.usage.total() >= most)
    }

    /// The task, with the handles that exist by now.
    pub fn task(&self) -> &TaskFacts {
        &self.task
    }

    /// Whether the task asks for a picture that is not made yet.
    pub fn picture_due(&self) -> bool {
        self.picture_due
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

    /// How long an observation may be in the prompt, in characters; less once the context was found too small.
    pub fn observation_chars(&self) -> usize {
        self.limits.observation_chars >> (2 * self.squeezes)
    }

    /// Tokens so far.
    pub fn usage(&self) -> Usage {
        self.usage
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
mod tests;
