//! A step: one of ten kinds, and how it is run.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::language::model::{Period, Steps, present};

/// Arguments by name: values with templates.
pub type Arguments = IndexMap<String, Value>;

/// A step. Exactly one of its kinds is there: `tool`, `prompt`, `agent`, `workflow`, `map`, `while`, `switch`, `set`, `assert` or
/// `approve`; the rest says how it is run.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Step {
    /// What it is for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Calls a vision tool by name, with the arguments of `with`. Gives the tool's output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// Asks the language model once. Gives its text, or a value that follows `schema`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<PromptSpec>,
    /// Lets the language model work with tools until the task is done. Gives {answer, stop, grounded, images, steps, usage}.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentSpec>,
    /// Runs another workflow, a shipped one by name or a file, with the inputs of `with`. Gives its outputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// Does the same for each item of a list. Gives a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<Box<MapSpec>>,
    /// Repeats as long as a condition holds. Gives the output of the last round.
    #[serde(rename = "while", skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Box<WhileSpec>>,
    /// Does one of several things, by a value. Gives what the chosen case gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switch: Option<Box<SwitchSpec>>,
    /// Makes a value: its templates filled in.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub set: Option<Value>,
    /// Fails unless a condition holds. Gives true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assert: Option<AssertSpec>,
    /// Waits until a person says yes. Gives {approved: true, by}.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approve: Option<ApproveSpec>,
    /// The arguments of a tool, or the inputs of a workflow.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub with: Arguments,
    /// Runs the step only if this holds; otherwise it is skipped and its output is null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<Value>,
    /// Steps that must be done before, beside those that it refers to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// How often and when it is tried again after a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetrySpec>,
    /// The longest time of one try.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Period>,
    /// What becomes of the workflow if it fails for good; `fail` if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_error: Option<OnError>,
    /// Keeps the result beyond the run: the same tool with the same models, arguments and pictures is not called again, nor the same
    /// language model with the same messages.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cache: bool,
    /// Where the tool's models run: auto, cpu, cuda, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The model of the tool by catalog id, or the language model (`local`, `openai:MODEL`, ...).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// A prompt: its text alone, or with more about it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum PromptSpec {
    /// The text.
    Text(String),
    /// The text or its file, and how it is asked.
    Full(Box<Prompt>),
}

impl PromptSpec {
    /// All that is known of the prompt.
    pub fn prompt(&self) -> Prompt {
        match self {
            Self::Text(text) => Prompt { text: Some(text.clone()), ..Prompt::default() },
            Self::Full(prompt) => (**prompt).clone(),
        }
    }
}

/// One call of the language model.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Prompt {
    /// What it is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// A file that holds the text, beside the workflow's file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Instructions before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// A JSON Schema that the reply has to follow; a reply that does not is asked for again, with what is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// The longest reply in tokens: a number or a template (default 512).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<Count>,
    /// 0 (the default) for the likeliest reply, more for variety.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// Seed of the sampling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Texts at which the reply ends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// Gives {text, logprob} in place of the text: the log-probabilities of its tokens, summed; null where the model does not tell.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub logprobs: bool,
}

/// A whole number from 1, or a template that gives one.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Count {
    /// `5`
    Number(u32),
    /// `"{{ inputs.most }}"`
    Template(String),
}

/// A task: its text alone, or with more about it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum AgentSpec {
    /// The task.
    Text(String),
    /// The task, its images, tools and limits.
    Full(Box<AgentTask>),
}

impl AgentSpec {
    /// All that is known of the task.
    pub fn task(&self) -> AgentTask {
        match self {
            Self::Text(task) => AgentTask { task: task.clone(), ..AgentTask::default() },
            Self::Full(task) => (**task).clone(),
        }
    }
}

/// A bounded loop of the language model over tools.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgentTask {
    /// What is to be done.
    pub task: String,
    /// The images it is about: a template or a list of them. Left out: all images of the inputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<Value>,
    /// The only tools that it may use (default: all).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// Steps at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<u32>,
    /// Tokens at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// Time at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Period>,
    /// Whether cheap tools look at the images first (default true).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cards: Option<bool>,
}

/// The same steps for each item of a list. Inside, `{{ item }}` (or the name that `as` gives) and `{{ index }}` are the item and its
/// number from 0.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MapSpec {
    /// The list: a template or a list of values.
    pub for_each: Value,
    /// What the item is called inside (default `item`).
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Items at the same time (default: as many as the machine has cores).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel: Option<usize>,
    /// The most items that it takes (default 100,000).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<usize>,
    /// What becomes of the list if an item fails: `fail` (the default), `skip` (left out), or `null` in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_item_error: Option<ItemError>,
    /// What is done with an item.
    pub steps: Steps,
    /// What an item gives (default: the output of the last step).
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub output: Option<Value>,
}

/// What becomes of a map if an item fails.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemError {
    /// The whole step fails.
    #[default]
    Fail,
    /// The item is left out.
    Skip,
    /// Its output is null.
    Null,
}

/// The same steps again and again. Inside, `{{ round }}` is the number of the round from 0, and `{{ last }}` the output of the round
/// before (at first `start`).
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct WhileSpec {
    /// Looked at before each round, with `round` and `last`.
    pub condition: Value,
    /// `last` of the first round (default null).
    pub start: Value,
    /// The most rounds (default 10).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_rounds: Option<u32>,
    /// What is done in a round.
    pub steps: Steps,
    /// What a round gives (default: the output of the last step).
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub output: Option<Value>,
}

/// One of several bodies by a value.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SwitchSpec {
    /// What decides; compared as text.
    pub value: Value,
    /// What is done, by value.
    pub cases: IndexMap<String, Body>,
    /// What is done where no case fits (default: nothing, the output is null).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Body>,
}

/// Steps with a result.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Body {
    /// What is done.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub steps: Steps,
    /// What it gives (default: the output of the last step).
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub output: Option<Value>,
}

/// A condition: alone, or with what is said if it does not hold.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum AssertSpec {
    /// The condition.
    That(String),
    /// The condition and the message.
    Full {
        /// The condition.
        that: String,
        /// What is said if it does not hold.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
}

/// A question to a person: alone, or with what is shown.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum ApproveSpec {
    /// The question.
    Question(String),
    /// The question and what is shown with it.
    Full {
        /// The question.
        question: String,
        /// A value that is shown with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        show: Option<Value>,
    },
}

/// Retries: their number alone, or with more about them.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum RetrySpec {
    /// How often it is tried again.
    Max(u32),
    /// How often, how soon and after what.
    Full(Retry),
}

impl RetrySpec {
    /// All that is known of the retries.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Max(max) => Retry { max: *max, ..Retry::default() },
            Self::Full(retry) => retry.clone(),
        }
    }
}

/// When a failed step is tried again.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// How often.
    pub max: u32,
    /// The wait before the first; it doubles each time up to a minute (default 500ms).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Period>,
    /// After which failures (default: all but wrong arguments, failed assertions, refusals and cancellation).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<FailureKind>,
}

/// Why a step failed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The arguments or inputs cannot be used.
    InvalidInput,
    /// A template named what is not there, or a helper got what it cannot use.
    Template,
    /// A vision model is not available.
    ModelUnavailable,
    /// A limit of memory, pixels, items or rounds was reached.
    ResourceLimit,
    /// The step's time was over.
    Timeout,
    /// The language model could not be asked, or its reply cannot be used.
    Llm,
    /// A condition did not hold.
    Assertion,
    /// A person said no.
    Refused,
    /// The run was cancelled.
    Cancelled,
    /// A fault of a tool, of a model file or of the machine.
    Internal,
}

/// What becomes of a workflow whose step failed for good.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum OnError {
    /// `fail` or `continue`.
    Word(OnErrorWord),
    /// `{default: VALUE}`: continues with this output.
    Default {
        /// The output.
        default: Value,
    },
    /// `{go_to: STEP}`: that step, which runs in no other case, gives the output; inside it `{{ error }}` is {step, kind, message}.
    GoTo {
        /// A step beside this one.
        go_to: String,
    },
}

/// What becomes of a workflow whose step failed for good, in a word.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnErrorWord {
    /// It fails.
    Fail,
    /// It continues; the output is null, and `errors.STEP` tells {kind, message}.
    Continue,
}
