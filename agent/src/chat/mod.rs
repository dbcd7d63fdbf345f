//! Language models: one object-safe trait, and its implementations.
//!
//! [`openai`] talks to any OpenAI-compatible endpoint, [`local`] starts and owns a `llama-server`, [`scripted`] replays
//! replies in tests and checks every request.

mod error;
pub mod local;
pub mod openai;
pub mod scripted;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

pub use error::{ChatError, ChatErrorKind};

/// Who wrote a message.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The host's fixed instructions.
    System,
    /// The task and the observations.
    User,
    /// The model.
    Assistant,
}

/// One message of a conversation.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Message {
    /// Who wrote it.
    pub role: Role,
    /// What it says.
    pub content: String,
}

impl Message {
    /// The host's fixed instructions.
    pub fn system(content: impl Into<String>) -> Self {
        Self { role: Role::System, content: content.into() }
    }

    /// The task or an observation.
    pub fn user(content: impl Into<String>) -> Self {
        Self { role: Role::User, content: content.into() }
    }

    /// What the model wrote.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self { role: Role::Assistant, content: content.into() }
    }
}

/// What a model can do beyond plain text.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Capabilities {
    /// It takes tool declarations and answers with tool calls.
    pub native_tools: bool,
    /// Its output can be constrained to a JSON Schema.
    pub json_schema: bool,
    /// Tokens that prompt and reply may fill together, where that is known.
    pub context_tokens: Option<u32>,
}

/// What is asked of a model.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct ChatRequest {
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// A JSON Schema that the reply has to follow. An endpoint that cannot constrain is told of it in the prompt.
    pub schema: Option<Value>,
    /// The longest reply, in tokens.
    pub max_tokens: Option<u32>,
    /// Sampling temperature, 0 for the most likely reply.
    pub temperature: Option<f32>,
    /// Seed of the sampling.
    pub seed: Option<u64>,
    /// Texts at which the reply ends.
    pub stop: Vec<String>,
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
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ChatReply {
    /// What it wrote.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
    /// What it cost; estimated at four bytes a token where the endpoint does not say.
    pub usage: Usage,
}

/// A piece of a reply under way.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Delta {
    /// More text of the reply.
    Text(String),
    /// More of the model's reasoning that is not part of the reply.
    Reasoning(String),
    /// The reply broke off and starts anew: what was shown of it is void.
    Restart,
}

/// Takes the pieces of a reply as they arrive.
pub type OnDelta<'a> = Option<&'a mut (dyn FnMut(Delta) + Send)>;

/// A language model.
#[async_trait]
pub trait ChatModel: Send + Sync {
    /// What it is called in traces and messages, such as `openai:gpt-4o-mini`.
    fn id(&self) -> &str;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

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
