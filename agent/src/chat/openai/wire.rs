//! The `OpenAI` chat-completions format, read leniently: servers leave fields out, and send a part's text as a list.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    calls::{WireCall, WireFunction},
    quirks::{Quirks, SchemaForm},
};
use crate::chat::{ChatRequest, Finish, Message, Role, ToolDeclaration, null_is_default};

#[derive(Debug, Serialize)]
pub(super) struct Request {
    model: String,
    messages: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
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
    logprobs: Option<bool>,
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
            messages: wire_messages(&messages),
            tools: declarations(&request.tools),
            parallel_tool_calls: (!request.tools.is_empty() && !quirks.no_parallel_tool_calls).then_some(true),
            stream,
            stream_options: (stream && !quirks.no_stream_options).then(|| json!({ "include_usage": true })),
            max_tokens,
            max_completion_tokens,
            temperature: request.temperature.filter(|_| !quirks.no_temperature),
            seed: request.seed.filter(|_| !quirks.no_seed),
            stop: if quirks.no_stop { Vec::new() } else { request.stop.clone() },
            logprobs: (request.logprobs && !quirks.no_logprobs).then_some(true),
            response_format,
            extra: extra.clone(),
        }
    }
}

/// Messages in the form of the API, also for those servers that take them outside a completion.
pub(in crate::chat) fn wire_messages(messages: &[Message]) -> Vec<Value> {
    messages.iter().map(wire_message).collect()
}

fn wire_message(message: &Message) -> Value {
    let mut wire = json!({ "role": message.role, "content": message.content });
    if !message.pictures.is_empty() {
        let pictures = message.pictures.iter().map(|url| json!({ "type": "image_url", "image_url": { "url": url } }));
        wire["content"] = pictures.chain([json!({ "type": "text", "text": message.content })]).collect();
    }
    if !message.tool_calls.is_empty() {
        let calls = message.tool_calls.iter().map(|call| {
            let function = json!({ "name": call.name, "arguments": sendable(&call.arguments) });
            json!({ "id": call.id, "type": "function", "function": function })
        });
        wire["tool_calls"] = calls.collect();
    }
    if let Some(id) = &message.tool_call_id {
        wire["tool_call_id"] = json!(id);
    }
    wire
}

/// Arguments as they can be sent back. Servers parse what a model wrote once to fill it into the prompt, and fail on
/// what is no JSON object.
fn sendable(arguments: &str) -> String {
    match serde_json::from_str::<serde_json::Map<String, Value>>(arguments) {
        Ok(_) => arguments.to_owned(),
        Err(_) if arguments.trim().is_empty() => "{}".into(),
        Err(_) => json!({ "unreadable": arguments }).to_string(),
    }
}

/// Tools in the form of the API.
pub(in crate::chat) fn declarations(tools: &[ToolDeclaration]) -> Vec<Value> {
    let declare = |tool: &ToolDeclaration| {
        let function = json!({ "name": tool.name, "description": tool.description, "parameters": tool.parameters });
        json!({ "type": "function", "function": function })
    };
    tools.iter().map(declare).collect()
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
    #[serde(default)]
    logprobs: Value,
}

#[derive(Debug, Default, Deserialize)]
struct Body {
    #[serde(default)]
    content: Option<Content>,
    #[serde(default)]
    refusal: Option<String>,
    /// Servers call it either way, some send both.
    #[serde(default)]
    reasoning_content: Value,
    #[serde(default)]
    reasoning: Value,
    #[serde(default, deserialize_with = "null_is_default")]
    tool_calls: Vec<WireCall>,
    /// What tool calls were before there could be several.
    #[serde(default)]
    function_call: Option<WireFunction>,
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
        let words = [&body.reasoning_content, &body.reasoning];
        words.into_iter().filter_map(Value::as_str).find(|text| !text.is_empty())
    }

    /// The tool calls it carries, or pieces of them.
    pub(super) fn calls(&self) -> Vec<WireCall> {
        let Some(body) = self.message.as_ref().or(self.delta.as_ref()) else { return Vec::new() };
        let legacy = body.function_call.as_ref().filter(|_| body.tool_calls.is_empty());
        let legacy = legacy.map(|function| WireCall { function: function.clone(), ..WireCall::default() });
        body.tool_calls.iter().cloned().chain(legacy).collect()
    }

    /// The log-probabilities of the tokens it carries, summed, where they are told.
    pub(super) fn logprob(&self) -> Option<f64> {
        let tokens = self.logprobs.get("content")?.as_array().filter(|tokens| !tokens.is_empty())?;
        tokens.iter().map(|token| token.get("logprob")?.as_f64()).sum()
    }

    /// Whether it is whole, and not a piece of a stream.
    pub(super) fn is_whole(&self) -> bool {
        self.message.is_some()
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
