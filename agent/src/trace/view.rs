//! A trace as a person reads it: runs, their steps, what each of them cost. Serialized, it is what
//! `argus trace show --json` prints.

use argus_tools::image::Region;
use serde::Serialize;
use serde_json::Value;

use super::WorkflowView;
use crate::{
    chat::{ToolCall, Usage},
    run::{Card, ModelRecord, Protocol, StopReason},
};

/// The content of a trace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TraceView {
    /// The version of the program that wrote it, where it is known.
    pub argus: Option<String>,
    /// The session's images, in order of entry.
    pub images: Vec<ImageView>,
    /// The runs, in order.
    pub runs: Vec<RunView>,
    /// The workflows, in order; their agent steps are among the runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub workflows: Vec<WorkflowView>,
    /// What could not be read.
    pub notes: Vec<String>,
}

/// An image, how it came to be, and what was found in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ImageView {
    /// Its handle.
    pub handle: String,
    /// The run, from 0, in which it came up first.
    pub run: usize,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Where it came from, if from outside.
    pub source: Option<String>,
    /// The image that it was made from.
    pub parent: Option<String>,
    /// The tool that made it.
    pub op: Option<String>,
    /// The tool's arguments.
    pub args: Option<Value>,
    /// Its picture, relative to the trace's folder.
    pub file: Option<String>,
    /// What tools found in it, in pixels of the image.
    pub regions: Vec<Region>,
}

/// One run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RunView {
    /// The task.
    pub task: String,
    /// The handles of its images.
    pub images: Vec<String>,
    /// The model's id.
    pub model: String,
    /// The protocol of the last step, where it is told.
    pub protocol: Option<Protocol>,
    /// Why the protocol changed on the way.
    pub protocol_changes: Vec<String>,
    /// Tokens that prompt and reply may fill together, where that is known.
    pub context_tokens: Option<u32>,
    /// What was seen before the first step.
    pub cards: Vec<Card>,
    /// The calls that were made for the cards.
    pub looks: Vec<CallView>,
    /// The steps, in order.
    pub steps: Vec<StepView>,
    /// The answer, if there is one.
    pub answer: Option<String>,
    /// Why the run ended; `None` if the trace ends before.
    pub stop: Option<StopReason>,
    /// Whether the answer rests on what was observed.
    pub grounded: bool,
    /// What in it does not.
    pub ungrounded: Vec<String>,
    /// Tokens of all model calls.
    pub usage: Usage,
    /// When it began, in milliseconds since the trace began.
    pub at_ms: f64,
    /// Wall time in milliseconds.
    pub ms: f64,
    /// Of it, how long the model was asked.
    pub model_ms: f64,
    /// Time that tools took, added up; calls that ran side by side all count.
    pub tool_ms: f64,
}

/// One step: what the model was asked and what it called.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StepView {
    /// Its number, from 1.
    pub step: u32,
    /// What the model thought, of its last reply in this step.
    pub thought: String,
    /// Each time that the model was asked: more than once if a reply had to be repaired.
    pub turns: Vec<TurnView>,
    /// What it called.
    pub calls: Vec<CallView>,
    /// What it was told to be wrong with its replies.
    pub repairs: Vec<String>,
    /// What was left out of the prompt.
    pub shortened: Vec<String>,
    /// The limit for which it was asked for its best answer.
    pub best_answer: Option<StopReason>,
    /// Tokens of the prompts.
    pub prompt_tokens: u64,
    /// Tokens of the replies.
    pub completion_tokens: u64,
    /// From the first to the last event of the step, in milliseconds.
    pub ms: f64,
}

/// One question to the model.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TurnView {
    /// Which of the run's [`prompts`](super::prompts) it was asked with.
    pub prompt: usize,
    /// When it was asked, in milliseconds since the trace began.
    pub at_ms: f64,
    /// Tokens of the prompt as estimated before.
    pub estimated_tokens: usize,
    /// What it replied.
    pub reply: Option<String>,
    /// The tools that it called under the `native` protocol.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// Why it did not reply.
    pub error: Option<String>,
    /// How often the reply broke off and began again.
    pub restarts: usize,
    /// Tokens as the endpoint counted them.
    pub usage: Usage,
    /// Wall time in milliseconds.
    pub ms: f64,
}

/// One call.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CallView {
    /// Which of the step's calls, from 0.
    pub index: usize,
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub args: Value,
    /// Whether it answered; `None` if it did not finish.
    pub ok: Option<bool>,
    /// Whether an error lies in the arguments, so that the model could repair it.
    pub repairable: bool,
    /// Its words for the model.
    pub text: String,
    /// Its output as data.
    pub value: Value,
    /// For the operator: what went wrong.
    pub error: Option<String>,
    /// The images that it made.
    pub made: Vec<String>,
    /// The regions that have handles since.
    #[serde(skip)]
    pub regions: Vec<Region>,
    /// The models that it used.
    pub models: Vec<ModelRecord>,
    /// What it told of itself while it ran.
    pub progress: Vec<String>,
    /// When it began, in milliseconds since the trace began.
    pub at_ms: f64,
    /// Wall time in milliseconds.
    pub ms: f64,
}

impl TraceView {
    /// How many calls a run made, those for its cards included.
    pub fn calls(run: &RunView) -> usize {
        run.looks.len() + run.steps.iter().map(|step| step.calls.len()).sum::<usize>()
    }
}
