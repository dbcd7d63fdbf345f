//! Putting an agent together.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use argus_tools::tool::{ToolCx, Toolbox};

use super::{Agent, AgentError};
use crate::{
    chat::ChatModel,
    prompts::{Language, PromptManager, PromptParts, Templates},
    run::{Card, Hooks, Limits, NoHooks, NoRunEvents, Protocol, RunEvents, card_tools},
};

/// Builds an [`Agent`]. A model and a context are needed; the rest has defaults.
#[derive(Default)]
pub struct AgentBuilder {
    chat: Option<Arc<dyn ChatModel>>,
    toolbox: Toolbox,
    cx: Option<ToolCx>,
    limits: Limits,
    card_tools: Option<Vec<String>>,
    known_cards: Vec<Card>,
    prompts: Option<PathBuf>,
    parts: PromptParts,
    protocol: Option<Protocol>,
    language: Option<Language>,
    events: Option<Arc<dyn RunEvents>>,
    hooks: Option<Arc<dyn Hooks>>,
}

impl AgentBuilder {
    /// The language model.
    #[must_use]
    pub fn chat(mut self, chat: Arc<dyn ChatModel>) -> Self {
        self.chat = Some(chat);
        self
    }

    /// The tools.
    #[must_use]
    pub fn toolbox(mut self, toolbox: Toolbox) -> Self {
        self.toolbox = toolbox;
        self
    }

    /// The context: images, models, cancellation.
    #[must_use]
    pub fn cx(mut self, cx: ToolCx) -> Self {
        self.cx = Some(cx);
        self
    }

    /// When to stop.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Whether cheap tools look at the images first. On by default.
    #[must_use]
    pub fn cards(self, on: bool) -> Self {
        let tools = if on { card_tools() } else { Vec::new() };
        self.card_tools(tools)
    }

    /// The tools that look at the images first; those that are not in the toolbox are skipped.
    #[must_use]
    pub fn card_tools(mut self, tools: Vec<String>) -> Self {
        self.card_tools = Some(tools);
        self
    }

    /// Cards that were made before, as a trace has them: their images are not looked at again.
    #[must_use]
    pub fn known_cards(mut self, cards: Vec<Card>) -> Self {
        self.known_cards = cards;
        self
    }

    /// A directory of templates that replace the embedded ones.
    #[must_use]
    pub fn prompts(mut self, directory: impl Into<PathBuf>) -> Self {
        self.prompts = Some(directory.into());
        self
    }

    /// Which optional parts of the prompt are used. All by default.
    #[must_use]
    pub fn prompt_parts(mut self, parts: PromptParts) -> Self {
        self.parts = parts;
        self
    }

    /// How the model is asked. By default what suits it best.
    #[must_use]
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = Some(protocol);
        self
    }

    /// The language of the prompts. By default that of the task.
    #[must_use]
    pub fn language(mut self, language: Language) -> Self {
        self.language = Some(language);
        self
    }

    /// Where events go.
    #[must_use]
    pub fn events(mut self, events: Arc<dyn RunEvents>) -> Self {
        self.events = Some(events);
        self
    }

    /// Called around every model and tool call.
    #[must_use]
    pub fn hooks(mut self, hooks: Arc<dyn Hooks>) -> Self {
        self.hooks = Some(hooks);
        self
    }

    /// Puts the agent together.
    pub fn build(self) -> Result<Agent, AgentError> {
        let templates = match &self.prompts {
            Some(directory) => Templates::with_directory(directory)?,
            None => Templates::embedded()?,
        };
        let prompts = PromptManager::new(templates, self.toolbox.specs(), self.parts)?;
        Ok(Agent {
            chat: self.chat.ok_or(AgentError::Missing("language model"))?,
            toolbox: self.toolbox,
            cx: self.cx.ok_or(AgentError::Missing("context (images and models)"))?,
            limits: self.limits,
            card_tools: self.card_tools.unwrap_or_else(card_tools),
            prompts,
            protocol: self.protocol,
            language: self.language,
            events: self.events.unwrap_or_else(|| Arc::new(NoRunEvents)),
            hooks: self.hooks.unwrap_or_else(|| Arc::new(NoHooks)),
            cards: Mutex::new(self.known_cards.into_iter().map(|card| (card.seen.image.clone(), card)).collect()),
        })
    }
}
