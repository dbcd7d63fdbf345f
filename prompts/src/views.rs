//! What templates are given. Each template's first comment lists the same names.

use argus_tools::tool::{Argument, ToolSpec};
use serde::Serialize;

use super::budget::cut_middle;
use crate::{ImageFact, Protocol};

/// What is shown of an argument's description.
const DESCRIPTION_CHARS: usize = 160;

/// Which protocol is in use, as flags that a template can test.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Flags {
    native: bool,
    schema: bool,
    text: bool,
}

impl From<Protocol> for Flags {
    fn from(protocol: Protocol) -> Self {
        Self {
            native: protocol == Protocol::Native,
            schema: protocol == Protocol::Schema,
            text: protocol == Protocol::Text,
        }
    }
}

/// `tool`
#[derive(Serialize)]
pub(super) struct ToolCard<'a> {
    name: &'a str,
    summary: &'a str,
    limits: &'a str,
    /// Whether it says what its arguments are: those of Argus have names that say it and are solved in the examples.
    described: bool,
    arguments: Vec<ArgumentView>,
}

impl<'a> From<&'a ToolSpec> for ToolCard<'a> {
    fn from(tool: &'a ToolSpec) -> Self {
        Self {
            name: &tool.name,
            summary: &tool.summary,
            limits: tool.limits,
            described: tool.examples.is_empty(),
            arguments: tool.arguments().into_iter().map(ArgumentView::from).collect(),
        }
    }
}

#[derive(Serialize)]
struct ArgumentView {
    name: String,
    kind: Option<String>,
    required: bool,
    description: String,
}

impl From<Argument> for ArgumentView {
    /// A text needs no type, and a region is explained once.
    fn from(argument: Argument) -> Self {
        let kind = match &*argument.kind {
            "string" => None,
            "string or list of number" => Some("region".into()),
            _ => Some(argument.kind),
        };
        let description = match cut_middle(&argument.description, DESCRIPTION_CHARS) {
            Some(cut) => cut,
            None => argument.description,
        };
        Self { name: argument.name, kind, required: argument.required, description }
    }
}

/// A tool in a few words.
#[derive(Serialize)]
pub(super) struct Brief<'a> {
    pub(super) name: &'a str,
    pub(super) summary: &'a str,
}

/// `system`
#[derive(Serialize)]
pub(super) struct System<'a> {
    #[serde(flatten)]
    pub(super) protocol: Flags,
    pub(super) seeing: bool,
    pub(super) tools: Vec<String>,
    pub(super) brief: Vec<Brief<'a>>,
    pub(super) others: Vec<&'a str>,
}

/// A task and its answer, earlier in the conversation.
#[derive(Serialize)]
pub(super) struct ExchangeView<'a> {
    pub(super) task: &'a str,
    pub(super) answer: &'a str,
}

/// The conversation before this task.
#[derive(Serialize)]
pub(super) struct EarlierView<'a> {
    pub(super) summary: Option<&'a str>,
    pub(super) exchanges: Vec<ExchangeView<'a>>,
    pub(super) others: &'a [String],
}

/// `user`
#[derive(Serialize)]
pub(super) struct User<'a> {
    pub(super) earlier: Option<EarlierView<'a>>,
    pub(super) images: &'a [ImageFact],
    pub(super) cards: Vec<String>,
    pub(super) task: &'a str,
}

/// One call in `observation`.
#[derive(Serialize)]
pub(super) struct CallView<'a> {
    pub(super) tool: &'a str,
    pub(super) ok: bool,
    pub(super) text: String,
    pub(super) note: Option<&'a str>,
}

/// `observation`
#[derive(Serialize)]
pub(super) struct Observations<'a> {
    pub(super) calls: Vec<CallView<'a>>,
    pub(super) text: bool,
    pub(super) last: bool,
    pub(super) task: &'a str,
}

/// `repair`
#[derive(Serialize)]
pub(super) struct Repair<'a> {
    #[serde(flatten)]
    pub(super) protocol: Flags,
    pub(super) reason: &'a str,
}

/// `best_answer`
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "one flag a limit: templates can only test flags")]
pub(super) struct BestAnswer<'a> {
    pub(super) steps: bool,
    pub(super) time: bool,
    pub(super) budget: bool,
    pub(super) stuck: bool,
    pub(super) text: bool,
    pub(super) task: &'a str,
}

/// One step in `earlier_steps`.
#[derive(Serialize)]
pub(super) struct StepView {
    pub(super) tool: String,
    pub(super) args: String,
    pub(super) said: String,
}

/// `earlier_steps`
#[derive(Serialize)]
pub(super) struct EarlierSteps {
    pub(super) steps: Vec<StepView>,
}
