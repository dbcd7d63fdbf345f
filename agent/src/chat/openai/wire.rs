//! The `OpenAI` chat-completions format, read leniently: servers leave fields out, and send a part's text as a list.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::quirks::{Quirks, SchemaForm};
use crate::chat::{ChatRequest, Finish, Message, Role};

#[derive(Debug, Serialize)]
pub(super) struct Request {
    model: String,
    messages: Vec<Message>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Value>,
    #[serde(flatten)]
    extra: serde_json::Map<String, Value>,
}

impl Request {
    /// The request as an endpoint with these quirks takes it.
    pub(super) fn new(
        model: &str,
        request: &ChatRequest,
        stream: bool,
        quirks: Quirks,
        extra: &serde_json::Map<String, Value>,
    ) -> Self {
        let mut messages = request.messages.clone();
        let response_format = request.schema.as_ref().and_then(|schema| match quirks.schema {
            SchemaForm::JsonSchema => {
                Some(json!({ "type": "json_schema", "json_schema": { "name": "reply", "schema": schema } }))
            }
            SchemaForm::JsonObject => {
                append_schema(&mut messages, schema);
                Some(json!({ "type": "json_object" }))
            }
            SchemaForm::Prompt => {
                append_schema(&mut messages, schema);
                None
            }
        });
        let (max_tokens, max_completion_tokens) =
            if quirks.max_completion_tokens { (None, request.max_tokens) } else { (request.max_tokens, None) };
        Self {
            model: model.to_owned(),
            messages,
            stream,
            stream_options: (stream && !quirks.no_stream_options).then(|| json!({ "include_usage": true })),
            max_tokens,
            max_completion_tokens,
            temperature: request.temperature.filter(|_| !quirks.no_temperature),
            seed: request.seed.filter(|_| !quirks.no_seed),
            stop: if quirks.no_stop { Vec::new() } else { request.stop.clone() },
            response_format,
            extra: extra.clone(),
        }
    }
}

/// Tells the schema in words, at the end of the last message: a prefix that the endpoint has cached stays the same.
fn append_schema(messages: &mut Vec<Message>, schema: &Value) {
    let words = format!("Reply with one JSON object and nothing else. It has to follow this JSON Schema:\n{schema}");
    match messages.last_mut() {
        Some(last) if last.role == Role::User => {
            last.content.push_str("\n\n");
            last.content.push_str(&words);
        }
        _ => messages.push(Message::user(words)),
    }
}

/// A whole reply, or one chunk of a streamed one.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Reply {
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) choices: Vec<Choice>,
    #[serde(default)]
    pub(super) usage: Option<WireUsage>,
    #[serde(default)]
    pub(super) error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Choice {
    #[serde(default)]
    message: Option<Body>,
    #[serde(default)]
    delta: Option<Body>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    pub(super) finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Body {
    #[serde(default)]
    content: Option<Content>,
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default, alias = "reasoning")]
    reasoning_content: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
    Other(serde::de::IgnoredAny),
}

#[derive(Debug, Deserialize)]
struct Part {
    #[serde(default)]
    text: String,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct WireUsage {
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) prompt_tokens: u64,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) completion_tokens: u64,
}

impl Choice {
    /// The text it carries, a refusal counting as text.
    pub(super) fn text(&self) -> String {
        let body = self.message.as_ref().or(self.delta.as_ref());
        let content = body.and_then(|body| match &body.content {
            Some(Content::Text(text)) => Some(text.clone()),
            Some(Content::Parts(parts)) => Some(parts.iter().map(|part| part.text.as_str()).collect()),
            Some(Content::Other(_)) | None => None,
        });
        content
            .filter(|text| !text.is_empty())
            .or_else(|| body.and_then(|body| body.refusal.clone()))
            .or_else(|| self.text.clone())
            .unwrap_or_default()
    }

    /// The reasoning it carries beside the text.
    pub(super) fn reasoning(&self) -> Option<&str> {
        let body = self.message.as_ref().or(self.delta.as_ref())?;
        body.reasoning_content.as_deref().filter(|text| !text.is_empty())
    }
}

pub(super) fn finish(reason: &str) -> Finish {
    match reason {
        "stop" | "eos" | "tool_calls" | "function_call" => Finish::Stop,
        "length" => Finish::Length,
        "content_filter" => Finish::ContentFilter,
        _ => Finish::Other,
    }
}

fn null_is_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
