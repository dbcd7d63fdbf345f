//! Language models: one object-safe trait, and its implementations.
//!
//! [`openai`] talks to any OpenAI-compatible endpoint, [`ollama`] to Ollama's own API, [`local`] starts and owns a
//! `llama-server`, [`scripted`] replays replies in tests and checks every request, [`cassette`] records and replays.

pub mod cassette;
mod error;
pub(crate) mod http;
pub mod local;
pub mod ollama;
pub mod openai;
mod price;
pub mod scripted;
#[cfg(test)]
mod wire_tests;

use async_trait::async_trait;
use serde::{Deserialize, Deserializer, Serialize};
use tokio_util::sync::CancellationToken;

pub use argus_prompts::{
    ChatRequest, Message, Protocol, Role, ToolCall, ToolDeclaration, estimate_messages, estimate_tokens,
};
pub use error::{ChatError, ChatErrorKind};
pub use http::Retry;
pub use price::Price;

/// What a model can do beyond plain text.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Capabilities {
    /// It takes tool declarations and answers with tool calls.
    pub native_tools: bool,
    /// Its output can be constrained to a JSON Schema.
    pub json_schema: bool,
    /// Tokens that prompt and reply may fill together, where that is known.
    pub context_tokens: Option<u32>,
    /// The protocol that the model does best under, where that was measured.
    #[serde(default)]
    pub preferred: Option<Protocol>,
}

/// Why a reply ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The model was done, or reached a stop text.
    Stop,
    /// `max_tokens` or the context was full.
    Length,
    /// The endpoint withheld the reply.
    ContentFilter,
    /// Anything else.
    Other,
}

/// Tokens read and written.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Usage {
    /// Tokens of the prompts.
    pub prompt_tokens: u64,
    /// Tokens of the replies.
    pub completion_tokens: u64,
}

impl Usage {
    /// All tokens.
    pub fn total(&self) -> u64 {
        self.prompt_tokens + self.completion_tokens
    }
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.prompt_tokens += other.prompt_tokens;
        self.completion_tokens += other.completion_tokens;
    }
}

/// A model's reply.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ChatReply {
    /// What it wrote.
    pub text: String,
    /// The tools that it called, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// Its reasoning, where the endpoint keeps it apart from the text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reasoning: String,
    /// Why it ended.
    pub finish: Finish,
    /// What it cost; estimated at four bytes a token where the endpoint does not say.
    pub usage: Usage,
    /// The natural logarithms of its tokens' probabilities, summed; `None` where that was not asked for or is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprob: Option<f64>,
}

impl ChatReply {
    /// Hands the whole over in pieces, for an endpoint that does not stream.
    fn show(&self, on_delta: &mut (dyn FnMut(Delta) + Send)) {
        if !self.reasoning.is_empty() {
            on_delta(Delta::Reasoning(self.reasoning.clone()));
        }
        if !self.text.is_empty() {
            on_delta(Delta::Text(self.text.clone()));
        }
        for (index, call) in self.tool_calls.iter().enumerate() {
            on_delta(Delta::ToolCall { index, name: call.name.clone(), arguments: call.arguments.clone() });
        }
    }
}

/// A piece of a reply under way.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Delta {
    /// More text of the reply.
    Text(String),
    /// More of the model's reasoning that is not part of the reply.
    Reasoning(String),
    /// More of a tool call.
    ToolCall {
        /// Which call of the reply, from 0.
        index: usize,
        /// The tool's name; empty where only arguments came.
        name: String,
        /// More of the arguments' text.
        arguments: String,
    },
    /// The reply broke off and starts again: what was shown of it is void.
    Restart,
}

/// Takes the pieces of a reply as they arrive.
pub type OnDelta<'a> = Option<&'a mut (dyn FnMut(Delta) + Send)>;

/// A language model.
#[async_trait]
pub trait ChatModel: Send + Sync {
    /// What it is called in traces and messages, such as `openai:gpt-4o-mini`.
    fn id(&self) -> &str;

    /// What it can do, as far as is known without asking.
    fn capabilities(&self) -> Capabilities;

    /// What it can do, asked of the endpoint where it can be asked; the answer is kept. An endpoint that does not say
    /// leaves [`Self::capabilities`] as they are; failures are no errors here.
    async fn probe(&self, _cancel: &CancellationToken) -> Capabilities {
        self.capabilities()
    }

    /// Tokens that these messages fill in the model's context, counted by its own tokenizer; `None` where it cannot be
    /// asked, and the caller estimates.
    async fn count_tokens(&self, _messages: &[Message], _cancel: &CancellationToken) -> Option<usize> {
        None
    }

    /// Gets ready for requests that begin with these messages. Called while tools still look at the images, so that
    /// loading a model and reading the fixed prompt cost no time of their own. Does nothing unless a model has a use for it.
    async fn prepare(&self, _prefix: &[Message], _cancel: &CancellationToken) -> Result<(), ChatError> {
        Ok(())
    }

    /// Asks for one reply. With `on_delta`, its pieces are handed over as they arrive; the whole comes back in any case.
    async fn complete(
        &self,
        request: &ChatRequest,
        on_delta: OnDelta<'_>,
        cancel: &CancellationToken,
    ) -> Result<ChatReply, ChatError>;
}

/// Installs the process-wide TLS provider; a no-op where the program has chosen one.
pub(crate) fn install_tls() {
    // An error only means that one is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Takes a JSON `null` for an absent field.
fn null_is_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
