//! A model that replays replies in order and checks every request, for tests of Argus and of programs that embed it.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::{
    Capabilities, ChatError, ChatErrorKind, ChatModel, ChatReply, ChatRequest, Finish, OnDelta, ToolCall, Usage,
};

/// What a scripted model says of a request it did not expect.
pub type Check = Box<dyn Fn(&ChatRequest) -> Result<(), String> + Send>;

struct Turn {
    check: Option<Check>,
    reply: Result<ChatReply, ChatError>,
}

/// A [`ChatModel`] that answers from a script. A request beyond the script, or one that its check refuses, is an error
/// of kind [`ChatErrorKind::BadRequest`]; every request is kept for inspection.
#[derive(Default)]
pub struct Scripted {
    turns: Mutex<VecDeque<Turn>>,
    requests: Mutex<Vec<ChatRequest>>,
    capabilities: Capabilities,
}

impl Scripted {
    /// A script without turns, of a model that follows JSON Schemas.
    pub fn new() -> Self {
        Self { capabilities: Capabilities { json_schema: true, ..Capabilities::default() }, ..Self::default() }
    }

    /// A script of plain replies.
    pub fn replies<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        texts.into_iter().fold(Self::new(), Self::reply)
    }

    /// The same script of a model that can do this.
    #[must_use]
    pub fn with_capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Adds a reply of ten prompt and five completion tokens.
    #[must_use]
    pub fn reply(self, text: impl Into<String>) -> Self {
        self.turn(None, Ok(written(text, Vec::new())))
    }

    /// Adds a reply to a request that has to pass a check.
    #[must_use]
    pub fn expect(
        self,
        check: impl Fn(&ChatRequest) -> Result<(), String> + Send + 'static,
        text: impl Into<String>,
    ) -> Self {
        self.turn(Some(Box::new(check)), Ok(written(text, Vec::new())))
    }

    /// Adds a reply that calls these tools, with their arguments, and passes no check.
    #[must_use]
    pub fn call<T: Into<String>>(self, calls: impl IntoIterator<Item = (T, serde_json::Value)>) -> Self {
        let calls = calls.into_iter().enumerate().map(|(index, (name, arguments))| ToolCall {
            id: format!("call_{}", index + 1),
            name: name.into(),
            arguments: arguments.to_string(),
        });
        self.turn(None, Ok(written("", calls.collect())))
    }

    /// Adds any reply to a request that has to pass a check.
    #[must_use]
    pub fn expect_then(
        self,
        check: impl Fn(&ChatRequest) -> Result<(), String> + Send + 'static,
        reply: Result<ChatReply, ChatError>,
    ) -> Self {
        self.turn(Some(Box::new(check)), reply)
    }

    /// Adds a failure.
    #[must_use]
    pub fn failure(self, error: ChatError) -> Self {
        self.turn(None, Err(error))
    }

    fn turn(self, check: Option<Check>, reply: Result<ChatReply, ChatError>) -> Self {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner).push_back(Turn { check, reply });
        self
    }

    /// The requests so far, in order.
    pub fn requests(&self) -> Vec<ChatRequest> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many turns of the script were not asked for.
    pub fn left(&self) -> usize {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// A whole reply of ten prompt and five completion tokens.
fn written(text: impl Into<String>, tool_calls: Vec<ToolCall>) -> ChatReply {
    let usage = Usage { prompt_tokens: 10, completion_tokens: 5 };
    let (reasoning, finish) = (String::new(), Finish::Stop);
    ChatReply { text: text.into(), tool_calls, reasoning, finish, usage, logprob: None }
}

#[async_trait]
impl ChatModel for Scripted {
    fn id(&self) -> &'static str {
        "scripted"
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    async fn complete(
        &self,
        request: &ChatRequest,
        on_delta: OnDelta<'_>,
        cancel: &CancellationToken,
    ) -> Result<ChatReply, ChatError> {
        if cancel.is_cancelled() {
            return Err(ChatError::cancelled());
        }
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        let turn = self.turns.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(turn) = turn else {
            return Err(ChatError::new(ChatErrorKind::BadRequest, "the script has no reply left for this request"));
        };
        if let Some(Err(wrong)) = turn.check.map(|check| check(request)) {
            return Err(ChatError::new(ChatErrorKind::BadRequest, format!("unexpected request: {wrong}")));
        }
        let reply = turn.reply?;
        if let Some(on_delta) = on_delta {
            reply.show(on_delta);
        }
        Ok(reply)
    }
}
