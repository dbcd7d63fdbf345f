//! What passes between the host and a language model: messages, tool calls, requests.

use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    /// The result of one tool call of the model.
    Tool,
}

/// A tool call as a model wrote it under the `native` protocol.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ToolCall {
    /// What the endpoint calls it; the result is sent back under it.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments as text. Meant to be JSON, not always so.
    pub arguments: String,
}

/// A tool as it is declared to a model under the `native` protocol.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ToolDeclaration {
    /// Its name.
    pub name: String,
    /// When to use it.
    pub description: String,
    /// JSON Schema of its arguments.
    pub parameters: Value,
}

/// One message of a conversation.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Message {
    /// Who wrote it.
    pub role: Role,
    /// What it says.
    pub content: String,
    /// Pictures that a vision-language model is to look at, each a `data:image/png;base64,` or `data:image/jpeg;base64,` address.
    /// Only a question about pictures has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<String>,
    /// The tools that the model called with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// The call that this is the result of; of a [`Role::Tool`] message only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
}

impl Message {
    fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into(), pictures: Vec::new(), tool_calls: Vec::new(), tool_call_id: None }
    }

    /// The host's fixed instructions.
    pub fn system(content: impl Into<String>) -> Self {
        Self::new(Role::System, content)
    }

    /// The task or an observation.
    pub fn user(content: impl Into<String>) -> Self {
        Self::new(Role::User, content)
    }

    /// A question about pictures, as [`Message::pictures`] has them.
    pub fn showing(content: impl Into<String>, pictures: Vec<String>) -> Self {
        Self { pictures, ..Self::user(content) }
    }

    /// What the model wrote.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self::new(Role::Assistant, content)
    }

    /// What the model wrote, with the tools that it called.
    pub fn calling(content: impl Into<String>, tool_calls: Vec<ToolCall>) -> Self {
        Self { tool_calls, ..Self::new(Role::Assistant, content) }
    }

    /// The result of a tool call.
    pub fn tool(call_id: impl Into<String>, content: impl Into<String>) -> Self {
        Self { tool_call_id: Some(call_id.into()), ..Self::new(Role::Tool, content) }
    }
}

/// What is asked of a model.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct ChatRequest {
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// The tools that the model may call under the `native` protocol; empty under the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ToolDeclaration>,
    /// A JSON Schema that the reply has to follow. For an endpoint that cannot constrain it is part of the prompt.
    pub schema: Option<Value>,
    /// The longest reply, in tokens.
    pub max_tokens: Option<u32>,
    /// Sampling temperature, 0 for the most likely reply.
    pub temperature: Option<f32>,
    /// Seed of the sampling.
    pub seed: Option<u64>,
    /// Texts at which the reply ends.
    pub stop: Vec<String>,
    /// Whether the reply's log-probability is wanted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub logprobs: bool,
}
