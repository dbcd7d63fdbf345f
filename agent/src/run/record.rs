//! What a run is made of, as data.

use argus_tools::vision::look;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Card;
use crate::prompt::Language;

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
    /// The images, in order of entry.
    pub images: Vec<ImageFact>,
    /// What cheap tools saw in them, one card an image, as the model reads it.
    pub cards: Vec<String>,
    /// The same cards as data.
    pub seen: Vec<Card>,
    /// Every image and region handle that exists.
    pub handles: Vec<String>,
    /// The tools that have a use now, with the arguments that there is something for.
    pub offered: IndexMap<String, Value>,
    /// What went before in the conversation.
    pub earlier: Option<Earlier>,
}

impl TaskFacts {
    /// The tools that have nothing more to find: cards hold all that they see in every image that there is.
    pub fn exhausted(&self) -> Vec<&str> {
        let whole = |card: &Card| card.seen.more_lines == 0 && card.seen.more_objects == 0;
        let mut images = self.handles.iter().filter(|handle| !handle.contains('/')).peekable();
        if images.peek().is_none() {
            return Vec::new();
        }
        let cards: Option<Vec<&Card>> =
            images.map(|handle| self.seen.iter().find(|card| card.seen.image == *handle && whole(card))).collect();
        let Some(cards) = cards else { return Vec::new() };
        let looked = |card: &Card, tool: &str| card.calls.iter().any(|call| call.ok && call.tool == tool);
        let names = cards.first().into_iter().flat_map(|card| &card.calls).map(|call| call.tool.as_str());
        // What measures what others found can measure other things too.
        let finds = |tool: &&str| look::LOOK[0].contains(tool);
        names.filter(finds).filter(|tool| cards.iter().all(|card| looked(card, tool))).collect()
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
