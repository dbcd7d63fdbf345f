//! The prompt manager: renders tools, task and the run so far into a request.

use argus_tools::tool::{Argument, ToolSpec};
use serde::Serialize;

use super::{PromptError, ReplyForm, Templates, reply_schema, shorten};
use crate::{
    chat::{ChatRequest, Message},
    run::{Card, ImageFact, Purpose, Run, Turn},
};

/// Renders everything a model reads. The system prompt depends on the tools alone, so that a server can keep its state.
#[derive(Clone, Debug)]
pub struct PromptManager {
    templates: Templates,
    tools: Vec<ToolSpec>,
    system: String,
}

#[derive(Serialize)]
struct ToolCard<'a> {
    name: &'a str,
    summary: &'a str,
    arguments: Vec<ArgumentView>,
}

#[derive(Serialize)]
struct ArgumentView {
    name: String,
    kind: Option<String>,
    required: bool,
}

impl From<Argument> for ArgumentView {
    /// A text needs no type, and a region is explained once.
    fn from(argument: Argument) -> Self {
        let kind = match &*argument.kind {
            "string" => None,
            "string or list of number" => Some("region".into()),
            _ => Some(argument.kind),
        };
        Self { name: argument.name, kind, required: argument.required }
    }
}

#[derive(Serialize)]
struct System<'a> {
    tools: Vec<ToolCard<'a>>,
    has: Vec<&'a str>,
    edits: bool,
}

#[derive(Serialize)]
struct User<'a> {
    images: &'a [ImageFact],
    cards: Vec<String>,
    relations: &'a [String],
    task: &'a str,
    edit: bool,
}

#[derive(Serialize)]
struct CallView<'a> {
    tool: &'a str,
    ok: bool,
    text: String,
    note: Option<&'a str>,
}

#[derive(Serialize)]
struct Observations<'a> {
    calls: Vec<CallView<'a>>,
    last: bool,
    task: &'a str,
}

impl PromptManager {
    /// A prompt manager for a set of tools.
    pub fn new<'a>(templates: Templates, tools: impl Iterator<Item = &'a ToolSpec>) -> Result<Self, PromptError> {
        let tools: Vec<ToolSpec> = tools.cloned().collect();
        let has = |name: &str| tools.iter().any(|tool| tool.name == name);
        let variables = System {
            tools: tools
                .iter()
                .map(|tool| ToolCard {
                    name: &tool.name,
                    summary: &tool.summary,
                    arguments: tool.arguments().into_iter().map(ArgumentView::from).collect(),
                })
                .collect(),
            has: tools.iter().map(|tool| &*tool.name).collect(),
            edits: has("crop") && has("measure"),
        };
        let system = templates.render("system", &variables)?;
        Ok(Self { templates, tools, system })
    }

    /// The messages that every conversation with these tools begins with.
    pub fn prefix(&self) -> Vec<Message> {
        vec![Message::system(self.system.clone())]
    }

    /// Renders an image card.
    pub fn card(&self, card: &Card) -> Result<String, PromptError> {
        self.templates.render("card", card)
    }

    /// The request for a run's next model call.
    pub fn request(&self, run: &Run, purpose: Purpose) -> Result<ChatRequest, PromptError> {
        let task = run.task();
        let mut messages = self.prefix();
        let cards = task.cards.iter().map(|card| as_data(card)).collect();
        let user =
            User { images: &task.images, cards, relations: &task.relations, task: &task.text, edit: run.picture_due() };
        messages.push(Message::user(self.templates.render("user", &user)?));
        for turn in run.turns() {
            messages.push(self.turn(run, turn)?);
        }
        let images: Vec<String> = task.handles.iter().filter(|handle| !handle.contains('/')).cloned().collect();
        let form = if purpose == Purpose::BestAnswer { ReplyForm::Answer } else { ReplyForm::Any };
        let repeated = run.repeated_tool();
        let tools = self.tools.iter().filter(|tool| Some(&*tool.name) != repeated);
        Ok(ChatRequest {
            messages,
            tools: Vec::new(),
            schema: Some(reply_schema(tools, &images, form)),
            max_tokens: Some(run.limits().reply_tokens),
            temperature: Some(0.0),
            seed: Some(0),
            stop: Vec::new(),
        })
    }

    fn turn(&self, run: &Run, turn: &Turn) -> Result<Message, PromptError> {
        Ok(match turn {
            Turn::Model { text } => Message::assistant(text.clone()),
            Turn::Observations { calls, last } => {
                let limit = run.observation_chars();
                let calls = calls.iter().map(|call| CallView {
                    tool: &call.tool,
                    ok: call.ok,
                    text: as_data(&shorten(&call.text, limit)),
                    note: call.note.as_deref(),
                });
                let variables = Observations { calls: calls.collect(), last: *last, task: &run.task().text };
                Message::user(self.templates.render("observation", &variables)?)
            }
            Turn::Repair { reason } => {
                Message::user(self.templates.render("repair", &serde_json::json!({ "reason": reason }))?)
            }
            Turn::Stop { reason } => {
                let variables = serde_json::json!({ "reason": reason.words(), "task": run.task().text });
                Message::user(self.templates.render("best_answer", &variables)?)
            }
        })
    }
}

/// Text from outside cannot close the mark-up that sets it apart.
fn as_data(text: &str) -> String {
    text.replace("<data", "< data").replace("</data", "< /data")
}
