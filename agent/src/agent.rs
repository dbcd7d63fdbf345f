//! The facade: a model, tools and a session's images put together.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use argus_tools::{
    image::ImageEntry,
    tool::{ToolCx, ToolError, Toolbox},
};
use futures_util::future::join_all;

use crate::{
    chat::{ChatError, ChatErrorKind, ChatModel},
    memory::{Conversation, Window},
    prompt::{PromptError, PromptManager, Templates},
    run::{
        Card, EVENT_VERSION, ImageFact, ImageRecord, Limits, NoRunEvents, Outcome, Run, RunEvent, RunEvents,
        StopReason, TaskFacts, build_card, card_tools, counted, counts,
        driver::{Driver, handles, unusable},
        ms_since, relations,
    },
    run::{reading, sizes},
};

/// What the user wants.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Task {
    /// In his own words.
    pub text: String,
    /// The handles of the images it is about; empty: all of the session.
    pub images: Vec<String>,
}

impl Task {
    /// A task about all images of the session.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), images: Vec::new() }
    }
}

impl<T: Into<String>> From<T> for Task {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

/// An agent that cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// A part is missing.
    #[error("the agent has no {0}")]
    Missing(&'static str),
    /// A prompt template is wrong.
    #[error("the prompt cannot be made")]
    Prompt(#[from] PromptError),
}

/// Builds an [`Agent`]. Model and surroundings are needed, the rest has defaults.
#[derive(Default)]
pub struct AgentBuilder {
    chat: Option<Arc<dyn ChatModel>>,
    toolbox: Toolbox,
    cx: Option<ToolCx>,
    limits: Limits,
    card_tools: Option<Vec<String>>,
    prompts: Option<PathBuf>,
    events: Option<Arc<dyn RunEvents>>,
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

    /// The surroundings: images, models, cancellation.
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

    /// The tools that look at the images first; those that are not in the toolbox are passed over.
    #[must_use]
    pub fn card_tools(mut self, tools: Vec<String>) -> Self {
        self.card_tools = Some(tools);
        self
    }

    /// A directory of templates that replace the embedded ones.
    #[must_use]
    pub fn prompts(mut self, directory: impl Into<PathBuf>) -> Self {
        self.prompts = Some(directory.into());
        self
    }

    /// Where events go.
    #[must_use]
    pub fn events(mut self, events: Arc<dyn RunEvents>) -> Self {
        self.events = Some(events);
        self
    }

    /// Puts the agent together.
    pub fn build(self) -> Result<Agent, AgentError> {
        let templates = match &self.prompts {
            Some(directory) => Templates::with_directory(directory)?,
            None => Templates::embedded()?,
        };
        let prompts = PromptManager::new(templates, self.toolbox.specs())?;
        Ok(Agent {
            chat: self.chat.ok_or(AgentError::Missing("language model"))?,
            toolbox: self.toolbox,
            cx: self.cx.ok_or(AgentError::Missing("surroundings (images and models)"))?,
            limits: self.limits,
            card_tools: self.card_tools.unwrap_or_else(card_tools),
            prompts,
            events: self.events.unwrap_or_else(|| Arc::new(NoRunEvents)),
            cards: Mutex::default(),
        })
    }
}

/// A language model that sees through tools.
pub struct Agent {
    pub(crate) chat: Arc<dyn ChatModel>,
    toolbox: Toolbox,
    pub(crate) cx: ToolCx,
    pub(crate) limits: Limits,
    card_tools: Vec<String>,
    prompts: PromptManager,
    events: Arc<dyn RunEvents>,
    /// One card an image for the whole session.
    pub(crate) cards: Mutex<HashMap<String, Card>>,
}

impl Agent {
    /// Begins with nothing.
    pub fn builder() -> AgentBuilder {
        AgentBuilder::default()
    }

    /// The prompt manager, for whoever wants to see what the model reads.
    pub fn prompts(&self) -> &PromptManager {
        &self.prompts
    }

    /// Begins a conversation about the session's images.
    pub fn chat(&self) -> Conversation<'_> {
        Conversation::new(self)
    }

    /// Works on a task until it is done or a limit stops it. Failures are part of the outcome.
    pub async fn run(&self, task: impl Into<Task>) -> Outcome {
        self.work(task.into(), None, &self.cx).await
    }

    /// Works on a task of a conversation, of which the model is told what the window holds.
    pub(crate) async fn work(&self, task: Task, window: Option<&Window>, cx: &ToolCx) -> Outcome {
        let begin = Instant::now();
        let images = match self.images(&task, window) {
            Ok(images) => images,
            Err(error) => {
                return self.failed(begin, ChatError::new(ChatErrorKind::BadRequest, error.message));
            }
        };
        self.events.emit(RunEvent::RunStarted {
            version: EVENT_VERSION,
            task: task.text.clone(),
            images: images.iter().map(|image| image.handle.clone()).collect(),
            model: self.chat.id().to_owned(),
        });
        if let Some(what) = window.map(|window| &window.left_out).filter(|what| !what.is_empty()) {
            self.events.emit(RunEvent::Shortened { step: 1, what: what.clone() });
        }
        // The model loads while tools look.
        let prefix = self.prompts.prefix();
        let perceive = join_all(images.iter().map(|image| self.card(image, cx)));
        let (prepared, cards) = tokio::join!(self.chat.prepare(&prefix, &cx.cancel), perceive);
        if let Err(error) = prepared {
            return self.failed(begin, error);
        }
        let facts = match self.facts(&task, window, &images, cards.iter().flatten()) {
            Ok(facts) => facts,
            Err(error) => return self.failed(begin, unusable(&error)),
        };
        let mut run = Run::new(facts, self.limits.clone(), self.makes_pictures());
        let driver = Driver {
            model: &*self.chat,
            toolbox: &self.toolbox,
            prompts: &self.prompts,
            cx,
            events: &self.events,
            begin,
        };
        let stop = driver.drive(&mut run).await;
        let ms = ms_since(begin);
        self.events.emit(RunEvent::RunFinished {
            stop,
            answer: run.answer().map(str::to_owned),
            grounded: run.answer().is_some() && run.ungrounded().is_empty(),
            ungrounded: run.ungrounded().to_vec(),
            usage: run.usage(),
            ms,
        });
        Outcome {
            answer: run.answer().map(str::to_owned),
            stop,
            grounded: run.answer().is_some() && run.ungrounded().is_empty(),
            ungrounded: run.ungrounded().to_vec(),
            steps: run.steps().to_vec(),
            cards: cards.into_iter().flatten().collect(),
            images: self.records(),
            usage: run.usage(),
            ms,
            error: run.error().cloned(),
        }
    }

    /// What the run knows at its start.
    fn facts<'a>(
        &self,
        task: &Task,
        window: Option<&Window>,
        images: &[Arc<ImageEntry>],
        cards: impl Iterator<Item = &'a Card>,
    ) -> Result<TaskFacts, PromptError> {
        let cards: Vec<String> = cards.map(|card| self.prompts.card(card)).collect::<Result<_, _>>()?;
        let asked = &task.text;
        Ok(TaskFacts {
            text: asked.clone(),
            images: images
                .iter()
                .map(|image| ImageFact { handle: image.handle.clone(), width: image.width(), height: image.height() })
                .collect(),
            cards: match window {
                Some(window) => window.shorten_cards(cards),
                None => cards,
            },
            relations: images
                .iter()
                .flat_map(|image| {
                    let regions = self.cx.images.regions(&image.handle);
                    let first = [counted(asked, &image.handle, &regions), reading(asked, &image.handle, &regions)];
                    first.into_iter().flatten().chain(relations(asked, &regions)).chain(sizes(asked, &regions))
                })
                .collect(),
            handles: handles(&self.cx),
            counts: images.iter().flat_map(|image| counts(&self.cx.images.regions(&image.handle))).collect(),
            earlier: window.and_then(Window::earlier),
        })
    }

    fn makes_pictures(&self) -> bool {
        ["crop", "segment", "draw", "transform"].iter().any(|name| self.toolbox.spec(name).is_ok())
    }

    /// The images of a task. In a conversation an empty list means none, not all.
    fn images(&self, task: &Task, window: Option<&Window>) -> Result<Vec<Arc<ImageEntry>>, ToolError> {
        if task.images.is_empty() && window.is_none() {
            return Ok(self.cx.images.images());
        }
        task.images.iter().map(|handle| self.cx.images.get(handle)).collect()
    }

    async fn card(&self, image: &ImageEntry, cx: &ToolCx) -> Option<Card> {
        if self.card_tools.is_empty() {
            return None;
        }
        let known = self.cards.lock().unwrap_or_else(PoisonError::into_inner).get(&image.handle).cloned();
        if known.is_some() {
            return known;
        }
        let card = build_card(image, &self.card_tools, &self.toolbox, cx, &self.limits, &self.events).await;
        self.events.emit(RunEvent::CardReady { card: card.clone() });
        if cx.cancel.is_cancelled() {
            // It has gaps that are nobody's fault: the next run looks again.
            return Some(card);
        }
        self.cards.lock().unwrap_or_else(PoisonError::into_inner).insert(image.handle.clone(), card.clone());
        Some(card)
    }

    pub(crate) fn records(&self) -> Vec<ImageRecord> {
        let record = |image: Arc<ImageEntry>| ImageRecord {
            handle: image.handle.clone(),
            path: None,
            parent: image.parent.clone(),
            op: image.operation.as_ref().map(|operation| operation.tool.clone()),
            args: image.operation.as_ref().map(|operation| operation.args.clone()),
        };
        self.cx.images.images().into_iter().map(record).collect()
    }

    fn failed(&self, begin: Instant, error: ChatError) -> Outcome {
        let cancelled = error.kind == ChatErrorKind::Cancelled;
        let stop = if cancelled { StopReason::Cancelled } else { StopReason::ModelError };
        let ms = ms_since(begin);
        self.events.emit(RunEvent::RunFinished {
            stop,
            answer: None,
            grounded: false,
            ungrounded: Vec::new(),
            usage: crate::chat::Usage::default(),
            ms,
        });
        Outcome {
            answer: None,
            stop,
            grounded: false,
            ungrounded: Vec::new(),
            steps: Vec::new(),
            cards: Vec::new(),
            images: self.records(),
            usage: crate::chat::Usage::default(),
            ms,
            error: (!cancelled).then_some(error),
        }
    }
}

#[cfg(test)]
#[path = "agent_tests.rs"]
mod tests;
