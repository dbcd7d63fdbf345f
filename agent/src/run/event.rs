//! What happens in a run, as it happens: for progress lines and traces.

use argus_tools::tool::Event;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value;

use super::{Card, ImageRecord, ModelRecord, Protocol, StopReason};
use crate::chat::{ChatError, Message, ToolCall, Usage};

/// The version of [`RunEvent`]'s shape; it grows when a reader of older events would misread newer ones.
pub const EVENT_VERSION: u32 = 2;

/// Something that happened. Steps count from 1; step 0 is what comes before the model's first turn.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case", remote = "Self")]
#[non_exhaustive]
pub enum RunEvent {
    /// A run begins.
    RunStarted {
        /// [`EVENT_VERSION`].
        version: u32,
        /// The task.
        task: String,
        /// The handles of its images.
        images: Vec<String>,
        /// The model's id.
        model: String,
    },
    /// How the model is asked, now that it was asked what it can do. Sent again when the protocol changes.
    ModelReady {
        /// The protocol of the steps that follow.
        protocol: Protocol,
        /// Tokens that prompt and reply may fill together, where that is known.
        context_tokens: Option<u32>,
        /// Why the protocol changed; null at the beginning.
        reason: Option<String>,
    },
    /// An image is there: one of the task, or one that a tool made.
    ImageAdded {
        /// What it is.
        image: ImageRecord,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// An image's card is ready.
    CardReady {
        /// The card.
        card: Card,
    },
    /// The model is asked.
    ModelStarted {
        /// The step.
        step: u32,
        /// How many messages of the step before stand unchanged at the beginning of this prompt.
        kept: usize,
        /// The messages after those.
        messages: Vec<Message>,
        /// Estimated tokens of the whole prompt.
        tokens: usize,
    },
    /// Something was left out of the prompt, so that it fits the context.
    Shortened {
        /// The step.
        step: u32,
        /// What, in words.
        what: Vec<String>,
    },
    /// The model wrote a piece of its reply.
    ModelDelta {
        /// The step.
        step: u32,
        /// The piece.
        text: String,
    },
    /// The reply broke off and starts again: its pieces so far are void.
    ModelRestarted {
        /// The step.
        step: u32,
    },
    /// The model is done.
    ModelFinished {
        /// The step.
        step: u32,
        /// All that it wrote.
        text: String,
        /// The tools that it called under the `native` protocol.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<ToolCall>,
        /// Wall time.
        ms: f64,
        /// Tokens.
        usage: Usage,
    },
    /// The model could not be asked.
    ModelFailed {
        /// The step.
        step: u32,
        /// Why.
        error: ChatError,
    },
    /// A tool begins.
    ToolStarted {
        /// The step.
        step: u32,
        /// Which of the step's calls, from 0.
        index: usize,
        /// The tool.
        tool: String,
        /// Its arguments.
        args: Value,
    },
    /// A running tool tells of itself.
    ToolProgress {
        /// The step.
        step: u32,
        /// Which of the step's calls, from 0.
        index: usize,
        /// What it tells.
        progress: Event,
    },
    /// A tool is done.
    ToolFinished {
        /// The step.
        step: u32,
        /// Which of the step's calls, from 0.
        index: usize,
        /// The tool.
        tool: String,
        /// Whether it answered.
        ok: bool,
        /// Its words for the model.
        text: String,
        /// Its output as data; null for an error.
        value: Value,
        /// Whether an error lies in the arguments, so that the model can repair it.
        repairable: bool,
        /// For the operator: what went wrong, and what to do about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// Models that it used.
        models: Vec<ModelRecord>,
        /// Wall time.
        ms: f64,
    },
    /// The model is told what is wrong with its reply.
    Repair {
        /// The step.
        step: u32,
        /// What it is told.
        reason: String,
    },
    /// The model is asked for its best answer.
    BestAnswer {
        /// The limit that was reached.
        reason: StopReason,
    },
    /// The run is over.
    RunFinished {
        /// Why.
        stop: StopReason,
        /// The answer, if there is one.
        answer: Option<String>,
        /// Whether it rests on what was observed.
        grounded: bool,
        /// What in it does not.
        ungrounded: Vec<String>,
        /// Tokens of all model calls.
        usage: Usage,
        /// Wall time.
        ms: f64,
    },
    /// Something that happened in a workflow.
    #[serde(skip)]
    Workflow(WorkflowEvent),
}

// One JSON object for either: serde's `untagged` could not say what is wrong with an event that it reads.
impl Serialize for RunEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Workflow(event) => event.serialize(serializer),
            event => Self::serialize(event, serializer),
        }
    }
}

impl<'de> Deserialize<'de> for RunEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let name = value.get("event").and_then(Value::as_str).unwrap_or_default();
        if name.starts_with("workflow_") || name.starts_with("step_") {
            return WorkflowEvent::deserialize(value).map(Self::Workflow).map_err(D::Error::custom);
        }
        Self::deserialize(value).map_err(D::Error::custom)
    }
}

impl From<WorkflowEvent> for RunEvent {
    fn from(event: WorkflowEvent) -> Self {
        Self::Workflow(event)
    }
}

/// Something that happened in a workflow. The names of all begin with `workflow_` or `step_`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum WorkflowEvent {
    /// A workflow begins.
    WorkflowStarted {
        /// The workflow.
        workflow: String,
        /// The run's name.
        run: String,
    },
    /// A workflow's step begins.
    StepStarted {
        /// Its path, such as `each[3].crop`.
        path: String,
        /// Its kind, such as `tool`.
        kind: String,
    },
    /// A workflow's step is not run: its condition does not hold.
    StepSkipped {
        /// Its path.
        path: String,
    },
    /// A workflow's step failed and is tried again.
    StepRetried {
        /// Its path.
        path: String,
        /// Why it failed.
        error: String,
        /// How often it was tried.
        tries: u32,
    },
    /// A workflow's step is done.
    StepFinished {
        /// Its path.
        path: String,
        /// Whether it succeeded.
        ok: bool,
        /// Why it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// How often it was tried.
        tries: u32,
        /// Where its result was recorded, if it was not run now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recorded: Option<RecordedIn>,
        /// Wall time of all tries.
        ms: f64,
    },
    /// A workflow is over.
    WorkflowFinished {
        /// Whether it went to its end.
        ok: bool,
        /// Why it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// Tokens of its calls of language models.
        usage: Usage,
        /// Wall time.
        ms: f64,
    },
}

/// Where the result of a step was found that was not run.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordedIn {
    /// In the journal of the run that is resumed.
    Journal,
    /// In the cache of results.
    Cache,
}

/// Where a run's events go. Any function of an event will do.
pub trait RunEvents: Send + Sync {
    /// Takes one event; must not block.
    fn emit(&self, event: RunEvent);
}

impl<F: Fn(RunEvent) + Send + Sync> RunEvents for F {
    fn emit(&self, event: RunEvent) {
        self(event);
    }
}

/// A sink that forgets everything.
pub struct NoRunEvents;

impl RunEvents for NoRunEvents {
    fn emit(&self, _: RunEvent) {}
}
