//! A conversation: an agent, what was said, and images whose handles live across turns.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use argus_tools::{
    image::{ImageEntry, Origin, SnapshotError},
    vision::look,
};
use tokio_util::sync::CancellationToken;

use super::{Agent, Task};
use crate::{
    chat::estimate_tokens,
    memory::{Began, Exchange, ImageRef, Memory, Session, Window},
    prompts::Language,
    run::{Card, ImageRecord, Outcome},
};

/// Tokens of a context whose size is unknown.
const CONTEXT: usize = 4096;
/// The most tokens that the past gets, however large the context: every one of them is read again and again.
const MOST: usize = 6000;
/// What a card is taken for before it is made.
const CARD_GUESS: usize = 400;

/// A conversation with an [`Agent`] about the images of its session.
///
/// ```no_run
/// # async fn talk(agent: argus_agent::Agent) {
/// let mut conversation = agent.chat();
/// conversation.ask("How many cups are there?").await;
/// let outcome = conversation.ask("Crop the left one.").await;
/// println!("{:?}", outcome.answer);
/// conversation.undo();
/// # }
/// ```
pub struct Conversation<'a> {
    agent: &'a Agent,
    memory: Memory,
}

/// What was taken back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Undone {
    /// The exchange.
    pub exchange: Exchange,
    /// Images that it had made and that are gone.
    pub removed: Vec<String>,
    /// Images that the user gave after it: their old and their new handles.
    pub renamed: Vec<(String, String)>,
}

impl<'a> Conversation<'a> {
    pub(crate) fn new(agent: &'a Agent) -> Self {
        Self { agent, memory: Memory::default() }
    }

    /// What was said so far.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Works on the next task. Failures are part of the outcome; the conversation continues after any of them.
    pub async fn ask(&mut self, task: impl Into<String>) -> Outcome {
        self.ask_until(task, &self.agent.cx.cancel.child_token()).await
    }

    /// The same, until `cancel` ends this one turn.
    pub async fn ask_until(&mut self, task: impl Into<String>, cancel: &CancellationToken) -> Outcome {
        let text = task.into();
        let window = self.window_until(&text, cancel).await;
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let began = Began { images: self.agent.cx.images.images().len(), focus: window.focus.clone(), at };
        let task = Task { text: text.clone(), images: window.focus.clone() };
        let cx = self.agent.cx.for_call(cancel.clone(), None);
        let outcome = self.agent.work(task, Some(&window), &cx, &self.agent.events).await;
        self.memory.record(&text, began, &outcome);
        outcome
    }

    /// What the model would be told of the conversation if this were the next task.
    pub async fn window(&self, task: &str) -> Window {
        self.window_until(task, &self.agent.cx.cancel).await
    }

    async fn window_until(&self, task: &str, cancel: &CancellationToken) -> Window {
        let images: Vec<ImageRef> =
            self.agent.cx.images.images().iter().map(|entry| image_ref(entry, self.card(&entry.handle))).collect();
        let (protocol, context) = self.agent.capabilities(cancel).await;
        let context = context.map_or(CONTEXT, |tokens| tokens as usize);
        let prefix = self.agent.prompts().prefix(Language::of(task), protocol);
        let prefix: usize = prefix.iter().map(|message| estimate_tokens(&message.content)).sum();
        let spoken_for = prefix + self.agent.limits.reply_tokens as usize + estimate_tokens(task);
        // The other two fifths are for what the tools of this turn report.
        let budget = (context.saturating_sub(spoken_for) * 3 / 5).min(MOST);
        self.memory.window(task, &images, budget, &estimate_tokens)
    }

    fn card(&self, handle: &str) -> Option<(Card, usize)> {
        let card = self.agent.cards.lock().unwrap_or_else(PoisonError::into_inner).get(handle).cloned()?;
        let tokens =
            self.agent.prompts().card(&card.seen, Language::En).map_or(CARD_GUESS, |text| estimate_tokens(&text));
        Some((card, tokens))
    }

    /// Takes the last exchange back, with the images that it made and their regions. Images that the user gave
    /// afterwards stay, under new handles.
    pub fn undo(&mut self) -> Option<Undone> {
        let exchange = self.memory.undo()?;
        let images = &self.agent.cx.images;
        let gone = images.truncate(exchange.images_before);
        let mut known = self.agent.cards.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|handle, _| images.knows(handle));
        drop(known);
        let (mut removed, mut renamed) = (Vec::new(), Vec::new());
        for entry in gone {
            let old = entry.handle.clone();
            if entry.origin == Origin::Derived {
                removed.push(old);
            } else {
                let entry = Arc::unwrap_or_clone(entry);
                let new = images.insert(Arc::unwrap_or_clone(entry.pixels), entry.origin).handle.clone();
                renamed.push((old, new));
            }
        }
        renamed.retain(|(old, new)| old != new);
        Some(Undone { exchange, removed, renamed })
    }

    /// All that has to be saved. Cheap: pixels are shared.
    pub fn session(&self) -> Session {
        let images = self.agent.cx.images.snapshot();
        let cards = self.agent.cards.lock().unwrap_or_else(PoisonError::into_inner);
        let cards = images.images.iter().filter_map(|entry| cards.get(&entry.handle).cloned()).collect();
        Session { memory: self.memory.clone(), images, cards }
    }

    /// Goes on with a saved session in the place of what is there. A session that contradicts itself changes nothing.
    pub fn resume(&mut self, session: Session) -> Result<(), SnapshotError> {
        self.agent.cx.images.restore(session.images)?;
        let cards: HashMap<String, Card> =
            session.cards.into_iter().map(|card| (card.seen.image.clone(), card)).collect();
        *self.agent.cards.lock().unwrap_or_else(PoisonError::into_inner) = cards;
        self.memory = session.memory;
        Ok(())
    }

    /// The session's images, in order of entry, without paths.
    pub fn images(&self) -> Vec<ImageRecord> {
        self.agent.records()
    }
}

fn image_ref(entry: &ImageEntry, card: Option<(Card, usize)>) -> ImageRef {
    let name = match &entry.origin {
        Origin::Path(text) | Origin::Url(text) => {
            let name = text.rsplit(['/', '\\']).next().unwrap_or_default();
            name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
        }
        Origin::Memory(text) | Origin::Sample(text) => text.clone(),
        Origin::Stdin | Origin::Derived => String::new(),
    };
    let tokens = card.as_ref().map_or(CARD_GUESS, |(_, tokens)| *tokens);
    let seen = card.map(|(card, _)| first_words(&card.seen)).unwrap_or_default();
    let parts = [name, seen].into_iter().filter(|part| !part.is_empty());
    ImageRef {
        handle: entry.handle.clone(),
        width: entry.width(),
        height: entry.height(),
        parent: entry.parent.clone(),
        op: entry.operation.as_ref().map(|operation| operation.tool.clone()),
        title: parts.collect::<Vec<_>>().join(", "),
        tokens,
    }
}

/// The caption, else the kinds of objects and the first line of text.
fn first_words(card: &look::Card) -> String {
    if let Some(caption) = &card.caption {
        return caption.clone();
    }
    let objects = card.objects.iter().take(3).map(|group| format!("{} {}", group.count, group.label));
    let line = card.lines.first().map(|line| format!("\"{line}\""));
    objects.chain(line).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
#[path = "conversation_tests.rs"]
mod tests;
