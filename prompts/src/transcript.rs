//! A run of the loop as data: the task, the turns, the calls with their results. The loop writes it, the prompt manager renders it.

use argus_tools::vision::look;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Language, Protocol, ToolCall};

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

/// The result of a call.
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

/// A call with its result, as the outcome and the trace show it.
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

/// What is known of an image before the first turn, and the calls that it is known from.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Card {
    /// What was seen.
    #[serde(flatten)]
    pub seen: look::Card,
    /// The calls it was made with.
    pub calls: Vec<CallRecord>,
    /// Wall time in milliseconds.
    pub ms: f64,
}

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

/// What the model is asked for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Purpose {
    /// The next call, or the answer.
    Step,
    /// The best answer from what is there: a limit was reached.
    BestAnswer,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The model answered.
    Answered,
    /// The most steps were taken.
    StepLimit,
    /// The time was up.
    Deadline,
    /// The tokens, or the money, were used up.
    TokenBudget,
    /// Calls were repeated, failed again and again, or the model could not be understood.
    NoProgress,
    /// The caller cancelled.
    Cancelled,
    /// The model could not be asked.
    #[default]
    ModelError,
}

impl StopReason {
    /// Whether the run was stopped by one of its limits.
    pub fn is_limit(self) -> bool {
        matches!(self, Self::StepLimit | Self::Deadline | Self::TokenBudget | Self::NoProgress)
    }

    /// The text for a model that is asked for its best answer.
    pub fn words(self) -> &'static str {
        match self {
            Self::StepLimit => "No steps are left.",
            Self::Deadline => "The time is up.",
            Self::TokenBudget => "The token budget is used up.",
            Self::NoProgress => "The last steps brought nothing new.",
            Self::Answered | Self::Cancelled | Self::ModelError => "The run ends here.",
        }
    }
}

/// A run so far, as the prompt manager needs it.
#[derive(Clone, Copy, Debug)]
pub struct Transcript<'a> {
    /// The task, with the handles that exist by now.
    pub task: &'a TaskFacts,
    /// The conversation so far.
    pub turns: &'a [Turn],
    /// The model's turns that led to calls.
    pub steps: &'a [Step],
    /// Tools that the model asked to be shown.
    pub asked_tools: &'a [String],
    /// How the model is asked.
    pub protocol: Protocol,
    /// Tokens that prompt and reply may fill together, where that is known.
    pub context_tokens: Option<u32>,
    /// Real tokens of a prompt divided by the estimate.
    pub token_ratio: f64,
    /// The longest reply, in tokens.
    pub reply_tokens: u32,
    /// How long an observation may be in the prompt, in characters.
    pub observation_chars: usize,
}

impl Transcript<'_> {
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
    pub(crate) fn just_called(&self, tool: &str) -> bool {
        let last = self.steps.last().filter(|_| matches!(self.turns.last(), Some(Turn::Observations { .. })));
        last.is_some_and(|step| step.calls.iter().any(|call| call.ok && call.tool == tool))
    }
}
