//! What a run is made of, as data.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One image as a model knows it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ImageFact {
    /// Its handle.
    pub handle: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// The task with all that is known at its start.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct TaskFacts {
    /// What the user wants.
    pub text: String,
    /// The images, in order of entry.
    pub images: Vec<ImageFact>,
    /// What cheap tools saw in them, one card an image.
    pub cards: Vec<String>,
    /// How the objects that the task names lie to each other.
    pub relations: Vec<String>,
    /// Every image and region handle that exists.
    pub handles: Vec<String>,
    /// How many objects of each label were seen at the start, image by image.
    #[serde(default)]
    pub counts: Vec<(String, usize)>,
    /// What of the conversation the model is told, if this is not its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<Earlier>,
}

/// A conversation's past, as far as it goes into the prompt.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Earlier {
    /// Older exchanges, one short line each.
    pub summary: Option<String>,
    /// Tasks and answers, the oldest first.
    pub exchanges: Vec<(String, String)>,
    /// Images of the session that the task is not about, a line each.
    pub others: Vec<String>,
}

impl Earlier {
    /// All of its texts.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let exchanges = self.exchanges.iter().flat_map(|(task, answer)| [&**task, &**answer]);
        self.summary.as_deref().into_iter().chain(exchanges).chain(self.others.iter().map(|line| &**line))
    }
}

/// A tool call that the model asked for.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Call {
    /// The tool's name.
    pub tool: String,
    /// Its arguments.
    pub args: Value,
}

/// Which model a call used and what ran it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ModelRecord {
    /// The catalog id.
    pub model: String,
    /// The execution provider that really ran it.
    pub provider: String,
}

impl From<argus_tools::tool::ModelUse> for ModelRecord {
    fn from(used: argus_tools::tool::ModelUse) -> Self {
        Self { model: used.model, provider: used.provider }
    }
}

/// What came of a call.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CallResult {
    /// Whether the tool answered.
    pub ok: bool,
    /// Its words for the model, or the feedback of its error.
    pub text: String,
    /// Its output as data; null for an error.
    pub value: Value,
    /// Whether the error lies in the arguments, so that the model can repair it.
    pub repairable: bool,
    /// Images that the call made.
    pub made: Vec<String>,
    /// Models that it used.
    pub models: Vec<ModelRecord>,
    /// Wall time in milliseconds.
    pub ms: f64,
}

/// A call with what came of it, as the outcome and the trace show it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CallRecord {
    /// The tool's name.
    pub tool: String,
    /// Its arguments.
    pub args: Value,
    /// Wall time in milliseconds.
    pub ms: f64,
    /// Whether the tool answered.
    pub ok: bool,
    /// Its output as data, or the feedback of its error as text.
    pub observation: Value,
    /// Models that it used.
    pub models: Vec<ModelRecord>,
}

/// One turn of the model that led to calls or to the answer.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Step {
    /// What the model thought.
    pub thought: String,
    /// What it called.
    pub calls: Vec<CallRecord>,
    /// Wall time of the model and its calls in milliseconds.
    pub ms: f64,
}

/// A call's result as the model reads it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Observed {
    /// The tool's name.
    pub tool: String,
    /// Whether it answered.
    pub ok: bool,
    /// Its words, in full; the prompt may show less.
    pub text: String,
    /// A remark of the host that is no data.
    pub note: Option<String>,
}
