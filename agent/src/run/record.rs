//! What a run is made of, as data.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Card;
use crate::{prompt::Language, route::RouteView};

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

/// What went before in a conversation of several tasks.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Earlier {
    /// The older tasks in short.
    pub summary: Option<String>,
    /// The last tasks with their answers.
    pub exchanges: Vec<(String, String)>,
    /// Images that have no card here, a line each.
    pub others: Vec<String>,
}

impl Earlier {
    /// All of its texts.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let exchanges = self.exchanges.iter().flat_map(|(task, answer)| [&**task, &**answer]);
        self.summary.as_deref().into_iter().chain(exchanges).chain(self.others.iter().map(|line| &**line))
    }
}

/// The task with all that is known at its start.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct TaskFacts {
    /// What the user wants.
    pub text: String,
    /// The language of the prompts.
    pub language: Language,
    /// Its parts, in order; one or none if it is simple.
    pub parts: Vec<String>,
    /// The images, in order of entry.
    pub images: Vec<ImageFact>,
    /// What cheap tools saw in them, one card an image, as the model reads it.
    pub cards: Vec<String>,
    /// The same cards as data.
    pub seen: Vec<Card>,
    /// Sentences about what the task names: counts, places, sizes, texts.
    pub known: Vec<String>,
    /// Whether every part of the task is answered by what is known.
    pub complete: bool,
    /// What the rules know cannot be told: an answer that tells it all the same is invented.
    pub untellable: Vec<String>,
    /// A call that fits the first open part, where the rules are sure of one.
    pub fitting: Option<Call>,
    /// The names of the tools at hand.
    pub tools: Vec<String>,
    /// Every image and region handle that exists.
    pub handles: Vec<String>,
    /// How many objects of each label were seen at the start, image by image.
    pub counts: Vec<(String, usize)>,
    /// What went before in the conversation.
    pub earlier: Option<Earlier>,
}

impl TaskFacts {
    /// Whether cards hold all that the cheap tools can find in every image that there is.
    pub fn is_perceived(&self) -> bool {
        let whole = |card: &Card| card.looked && card.read && card.more_lines == 0 && card.more_objects == 0;
        let mut images = self.handles.iter().filter(|handle| !handle.contains('/')).peekable();
        images.peek().is_some()
            && images.all(|handle| self.seen.iter().any(|card| card.image == *handle && whole(card)))
    }

    /// What the rules see of the task after these steps.
    pub fn view<'a>(&'a self, steps: &'a [Step]) -> RouteView<'a> {
        RouteView {
            task: &self.text,
            images: &self.images,
            cards: &self.seen,
            steps,
            handles: &self.handles,
            tools: &self.tools,
        }
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
    /// What the model calls it by when it wants to read it again (`obs-3`).
    pub id: String,
    /// The endpoint's id of the call, under the `native` protocol.
    pub call_id: Option<String>,
    /// The tool's name.
    pub tool: String,
    /// Whether it answered.
    pub ok: bool,
    /// Its words, in full; the prompt may show less.
    pub text: String,
    /// A remark of the host that stands in place of the words.
    pub note: Option<String>,
}

/// Two tools that say different things of one image.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Contradiction {
    /// The image.
    pub image: String,
    /// What it is about, such as the number of `person`.
    pub about: String,
    /// What each tool says.
    pub claims: Vec<Claim>,
}

/// What one tool says.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Claim {
    /// The tool.
    pub tool: String,
    /// What it says, in words.
    pub says: String,
    /// The lowest score among what it found, 0 to 1; null where it gives none.
    pub score: Option<f64>,
    /// How far it can be trusted.
    pub note: String,
}
