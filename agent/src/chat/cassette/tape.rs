//! The file of a cassette.

use std::{
    collections::{HashMap, VecDeque},
    io::Write,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::chat::{Capabilities, ChatError, ChatErrorKind, ChatReply, ChatRequest, Message};

/// The version of the format that is written.
const VERSION: u32 = 1;

#[derive(Debug, Deserialize, Serialize)]
struct Head {
    cassette: u32,
    model: String,
    capabilities: Capabilities,
}

/// A request and its result: a reply or an error.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Exchange {
    pub(super) request: ChatRequest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply: Option<ChatReply>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<ChatError>,
}

impl Exchange {
    pub(super) fn outcome(self) -> Result<ChatReply, ChatError> {
        match (self.reply, self.error) {
            (Some(reply), _) => Ok(reply),
            (None, Some(error)) => Err(error),
            (None, None) => Err(ChatError::new(ChatErrorKind::BadResponse, "the recorded request has no reply")),
        }
    }
}

/// One line after the head.
#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum Line {
    Exchange(Box<Exchange>),
    Count {
        /// sha256 of the messages as JSON.
        messages: String,
        tokens: Option<usize>,
    },
    Probe {
        probed: Capabilities,
    },
}

#[derive(Default)]
struct State {
    file: Option<fs_err::File>,
    exchanges: VecDeque<Exchange>,
    /// Requests replayed.
    done: usize,
    counts: HashMap<String, Option<usize>>,
    capabilities: Capabilities,
    probed: Option<Capabilities>,
}

pub(super) struct Tape {
    path: PathBuf,
    state: Mutex<State>,
}

impl Tape {
    pub(super) fn create(path: &Path, model: &str, capabilities: Capabilities) -> Result<Self, ChatError> {
        let file =
            fs_err::File::create(path).map_err(|error| wrong(&format!("the cassette cannot be made: {error}")))?;
        let state = State { file: Some(file), capabilities, ..State::default() };
        let tape = Self { path: path.to_owned(), state: Mutex::new(state) };
        tape.write(&Head { cassette: VERSION, model: model.to_owned(), capabilities })?;
        Ok(tape)
    }

    /// Reads a whole file; the model's name comes with it.
    pub(super) fn open(path: &Path) -> Result<(Self, String), ChatError> {
        let name = path.display();
        let text = fs_err::read_to_string(path).map_err(|error| wrong(&format!("no cassette: {error}")))?;
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let Some((_, first)) = lines.next() else { return Err(wrong(&format!("the cassette {name} is empty"))) };
        let head: Head = serde_json::from_str(first)
            .map_err(|error| wrong(&format!("{name}, line 1: not the head of a cassette: {error}")))?;
        if head.cassette != VERSION {
            let found = head.cassette;
            return Err(wrong(&format!("the cassette {name} has version {found}; this program reads {VERSION}")));
        }
        let mut state = State { capabilities: head.capabilities, ..State::default() };
        for (index, line) in lines {
            let line: Line = serde_json::from_str(line)
                .map_err(|error| wrong(&format!("{name}, line {}: not a line of a cassette: {error}", index + 1)))?;
            match line {
                Line::Exchange(exchange) => state.exchanges.push_back(*exchange),
                Line::Count { messages, tokens } => {
                    state.counts.insert(messages, tokens);
                }
                Line::Probe { probed } => state.probed = Some(probed),
            }
        }
        Ok((Self { path: path.to_owned(), state: Mutex::new(state) }, head.model))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Each line is on disk before the next request, so that a run that is killed leaves what it had.
    fn write(&self, line: &impl Serialize) -> Result<(), ChatError> {
        let broken = |error: &dyn std::fmt::Display| wrong(&format!("the cassette cannot be written: {error}"));
        let mut text = serde_json::to_string(line).map_err(|error| broken(&error))?;
        text.push('\n');
        match &mut self.state().file {
            Some(file) => file.write_all(text.as_bytes()).map_err(|error| broken(&error)),
            None => Ok(()),
        }
    }

    pub(super) fn name(&self) -> std::path::Display<'_> {
        self.path.display()
    }

    pub(super) fn capabilities(&self) -> Capabilities {
        self.state().capabilities
    }

    pub(super) fn probed(&self) -> Capabilities {
        let state = self.state();
        state.probed.unwrap_or(state.capabilities)
    }

    pub(super) fn left(&self) -> usize {
        self.state().exchanges.len()
    }

    /// The next recorded exchange, with its number from 1.
    pub(super) fn next(&self) -> Option<(usize, Exchange)> {
        let mut state = self.state();
        let exchange = state.exchanges.pop_front()?;
        state.done += 1;
        Some((state.done, exchange))
    }

    pub(super) fn keep(&self, request: &ChatRequest, reply: &Result<ChatReply, ChatError>) -> Result<(), ChatError> {
        let (reply, error) = (reply.as_ref().ok().cloned(), reply.as_ref().err().cloned());
        self.write(&Line::Exchange(Box::new(Exchange { request: request.clone(), reply, error })))
    }

    /// What a count or a probe lacks on the tape is noticed when it is replayed: no error here.
    pub(super) fn keep_count(&self, messages: &[Message], tokens: Option<usize>) {
        let _ = self.write(&Line::Count { messages: digest(messages), tokens });
    }

    pub(super) fn keep_probe(&self, probed: Capabilities) {
        let _ = self.write(&Line::Probe { probed });
    }

    pub(super) fn count(&self, messages: &[Message]) -> Option<usize> {
        self.state().counts.get(&digest(messages)).copied().flatten()
    }
}

fn digest(messages: &[Message]) -> String {
    let text = serde_json::to_string(messages).unwrap_or_default();
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn wrong(message: &str) -> ChatError {
    ChatError::new(ChatErrorKind::BadRequest, message)
}
