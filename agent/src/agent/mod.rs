//! The facade: a model, tools and a session's images put together.

mod builder;
mod conversation;
mod stream;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use argus_tools::{
    image::ImageEntry,
    tool::{ToolCx, ToolError, Toolbox},
};
use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

pub use self::{
    builder::AgentBuilder,
    conversation::{Conversation, Undone},
    stream::RunStream,
};
use crate::{
    chat::{Capabilities, ChatError, ChatErrorKind, ChatModel},
    memory::Window,
    prompts::{Language, PromptError, PromptManager},
    run::{
        Card, EVENT_VERSION, Hooks, ImageRecord, Limits, NoRunEvents, Outcome, Protocol, Run, RunEvent, RunEvents,
        RunSetup, StopReason, Supported, build_card,
        driver::{Driver, tell_images, unusable},
        facts, ms_since, supported,
    },
};

/// What the user wants.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Task {
    /// In their own words.
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

/// A language model that sees through tools.
pub struct Agent {
    pub(crate) chat: Arc<dyn ChatModel>,
    toolbox: Toolbox,
    pub(crate) cx: ToolCx,
    pub(crate) limits: Limits,
    card_tools: Vec<String>,
    prompts: PromptManager,
    protocol: Option<Protocol>,
    language: Option<Language>,
    pub(crate) events: Arc<dyn RunEvents>,
    hooks: Arc<dyn Hooks>,
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

    /// The session's images and the context of tools.
    pub fn cx(&self) -> &ToolCx {
        &self.cx
    }

    /// Gets the model ready before the first task: it is started and has read the prompt's fixed beginning. A run does the
    /// same where it was not done.
    pub async fn ready(&self) -> Result<(), ChatError> {
        let events: Arc<dyn RunEvents> = Arc::new(NoRunEvents);
        self.prepare(self.language.unwrap_or_default(), &self.cx, &events).await.map(drop)
    }

    /// Works on a task until it is done or a limit stops it. Failures are part of the outcome.
    pub async fn run(&self, task: impl Into<Task>) -> Outcome {
        self.work(task.into(), None, &self.cx, &self.events).await
    }

    /// Begins a conversation about the session's images.
    pub fn chat(&self) -> Conversation<'_> {
        Conversation::new(self)
    }

    /// Works on a task. Of a conversation the model is told what the window holds.
    pub(crate) async fn work(
        &self,
        task: Task,
        window: Option<&Window>,
        cx: &ToolCx,
        events: &Arc<dyn RunEvents>,
    ) -> Outcome {
        let begin = Instant::now();
        let images = match self.images(&task, window) {
            Ok(images) => images,
            Err(error) => {
                return self.failed(begin, events, ChatError::new(ChatErrorKind::BadRequest, error.message));
            }
        };
        events.emit(RunEvent::RunStarted {
            version: EVENT_VERSION,
            task: task.text.clone(),
            images: images.iter().map(|image| image.handle.clone()).collect(),
            model: self.chat.id().to_owned(),
        });
        tell_images(cx, 0, events);
        if let Some(what) = window.map(|window| &window.left_out).filter(|what| !what.is_empty()) {
            events.emit(RunEvent::Shortened { step: 1, what: what.clone() });
        }
        let language = self.language.unwrap_or_else(|| Language::of(&task.text));
        // The model loads while tools look.
        let perceive = join_all(images.iter().map(|image| self.card(image, cx, events)));
        let (prepared, cards) = tokio::join!(self.prepare(language, cx, events), perceive);
        let setup = match prepared {
            Ok(setup) => setup,
            Err(error) => return self.failed(begin, events, error),
        };
        let cards: Vec<Card> = cards.into_iter().flatten().collect();
        let mut facts = match facts(&task.text, language, &images, cards, &self.prompts, &self.toolbox, cx) {
            Ok(facts) => facts,
            Err(error) => return self.failed(begin, events, unusable(&error)),
        };
        if let Some(window) = window {
            facts.cards = window.shorten_cards(facts.cards);
            facts.earlier = window.earlier();
        }
        let mut run = Run::new(facts, self.limits.clone(), setup);
        let driver = Driver {
            model: &*self.chat,
            toolbox: &self.toolbox,
            prompts: &self.prompts,
            cx,
            events,
            hooks: &*self.hooks,
            begin,
        };
        let (stop, shortened) = driver.drive(&mut run).await;
        let evidence = run.answer().map(|answer| self.evidence(answer)).unwrap_or_default();
        let images = self.records();
        let outcome = Outcome { stop, shortened, evidence, images, ms: ms_since(begin), ..Outcome::from(&run) };
        finished(&outcome, events);
        outcome
    }

    /// The rows of evidence that say what an answer says.
    fn evidence(&self, answer: &str) -> Vec<Supported> {
        match self.cx.images.evidence().said() {
            Ok(said) => supported(answer, &said),
            Err(error) => {
                tracing::warn!("evidence for the answer: {error}");
                Vec::new()
            }
        }
    }

    /// Asks the model what it can do and gets it ready for the prompt's fixed beginning.
    async fn prepare(
        &self,
        language: Language,
        cx: &ToolCx,
        events: &Arc<dyn RunEvents>,
    ) -> Result<RunSetup, ChatError> {
        let (protocol, context_tokens) = self.capabilities(&cx.cancel).await;
        self.chat.prepare(&self.prompts.prefix(language, protocol), &cx.cancel).await?;
        events.emit(RunEvent::ModelReady { protocol, context_tokens, reason: None });
        Ok(RunSetup { protocol, context_tokens })
    }

    /// How the model is asked, and the tokens of its context where they are known.
    pub(crate) async fn capabilities(&self, cancel: &CancellationToken) -> (Protocol, Option<u32>) {
        let capabilities = self.chat.probe(cancel).await;
        (self.protocol.unwrap_or_else(|| best_protocol(capabilities)), capabilities.context_tokens)
    }

    /// The images of a task. In a conversation an empty list means none, not all.
    fn images(&self, task: &Task, window: Option<&Window>) -> Result<Vec<Arc<ImageEntry>>, ToolError> {
        if task.images.is_empty() && window.is_none() {
            return Ok(self.cx.images.images());
        }
        task.images.iter().map(|handle| self.cx.images.get(handle)).collect()
    }

    async fn card(&self, image: &ImageEntry, cx: &ToolCx, events: &Arc<dyn RunEvents>) -> Option<Card> {
        if self.card_tools.is_empty() {
            return None;
        }
        let known = self.cards.lock().unwrap_or_else(PoisonError::into_inner).get(&image.handle).cloned();
        if known.is_some() {
            return known;
        }
        let card = build_card(image, &self.card_tools, &self.toolbox, cx, &self.limits, events).await;
        events.emit(RunEvent::CardReady { card: card.clone() });
        if cx.cancel.is_cancelled() {
            // It has gaps that are nobody's fault: the next run looks again.
            return Some(card);
        }
        self.cards.lock().unwrap_or_else(PoisonError::into_inner).insert(image.handle.clone(), card.clone());
        Some(card)
    }

    pub(crate) fn records(&self) -> Vec<ImageRecord> {
        self.cx.images.images().iter().map(|image| ImageRecord::from(&**image)).collect()
    }

    fn failed(&self, begin: Instant, events: &Arc<dyn RunEvents>, error: ChatError) -> Outcome {
        let cancelled = error.kind == ChatErrorKind::Cancelled;
        let outcome = Outcome {
            stop: if cancelled { StopReason::Cancelled } else { StopReason::ModelError },
            images: self.records(),
            ms: ms_since(begin),
            error: (!cancelled).then_some(error),
            ..Outcome::default()
        };
        finished(&outcome, events);
        outcome
    }
}

fn finished(outcome: &Outcome, events: &Arc<dyn RunEvents>) {
    events.emit(RunEvent::RunFinished {
        stop: outcome.stop,
        answer: outcome.answer.clone(),
        grounded: outcome.grounded,
        ungrounded: outcome.ungrounded.clone(),
        usage: outcome.usage,
        ms: outcome.ms,
    });
}

/// What the model does best of what it can do.
fn best_protocol(capabilities: Capabilities) -> Protocol {
    match capabilities {
        Capabilities { preferred: Some(protocol), .. } => protocol,
        Capabilities { native_tools: true, .. } => Protocol::Native,
        Capabilities { json_schema: true, .. } => Protocol::Schema,
        _ => Protocol::Text,
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod wire_tests;
