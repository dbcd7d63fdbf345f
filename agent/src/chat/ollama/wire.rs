//! The format of `/api/chat`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::OllamaOptions;
use crate::chat::{
    ChatReply, ChatRequest, Delta, Finish, Message, Role, ToolCall, Usage, null_is_default, openai::wire::declarations,
};

/// The request's body.
pub(super) fn request(options: &OllamaOptions, context: u32, request: &ChatRequest, stream: bool) -> Value {
    let mut settings = Map::from_iter([("num_ctx".to_owned(), json!(context))]);
    let mut set = |name: &str, value: Value| settings.insert(name.to_owned(), value);
    if let Some(temperature) = request.temperature {
        set("temperature", json!(temperature));
    }
    if let Some(seed) = request.seed {
        set("seed", json!(seed));
    }
    if let Some(most) = request.max_tokens {
        set("num_predict", json!(most));
    }
    if !request.stop.is_empty() {
        set("stop", json!(request.stop));
    }
    let mut body = json!({
        "model": options.model,
        "messages": messages(&request.messages),
        "stream": stream,
        // A prompt that does not fit is refused, and a reply that does not ends: nothing is dropped unseen.
        "truncate": false,
        "shift": false,
        "options": settings,
    });
    if !request.tools.is_empty() {
        body["tools"] = json!(declarations(&request.tools));
    }
    if let Some(schema) = &request.schema {
        body["format"] = schema.clone();
    }
    if let Some(think) = options.think {
        body["think"] = json!(think);
    }
    body
}

fn messages(messages: &[Message]) -> Vec<Value> {
    let name_of = |id: &str| {
        let calls = messages.iter().flat_map(|message| &message.tool_calls);
        calls.filter(|call| call.id == id).map(|call| &call.name).next_back()
    };
    let wire = |message: &Message| {
        let mut wire = json!({ "role": message.role, "content": message.content });
        if !message.pictures.is_empty() {
            // The bare base64 of the address.
            let bare = |url: &String| url.split_once(',').map_or(url.clone(), |(_, data)| data.to_owned());
            wire["images"] = message.pictures.iter().map(bare).collect();
        }
        if !message.tool_calls.is_empty() {
            wire["tool_calls"] = message.tool_calls.iter().map(call).collect();
        }
        if message.role == Role::Tool
            && let Some(id) = &message.tool_call_id
        {
            // Older servers know results by the tool's name only.
            wire["tool_call_id"] = json!(id);
            if let Some(name) = name_of(id) {
                wire["tool_name"] = json!(name);
            }
        }
        wire
    };
    messages.iter().map(wire).collect()
}

/// A call as the server takes it: its arguments are an object.
fn call(call: &ToolCall) -> Value {
    let arguments = serde_json::from_str::<Map<String, Value>>(&call.arguments).unwrap_or_else(|_| {
        let text = call.arguments.trim();
        if text.is_empty() { Map::new() } else { Map::from_iter([("unreadable".to_owned(), json!(text))]) }
    });
    json!({ "id": call.id, "function": { "name": call.name, "arguments": arguments } })
}

/// A whole reply, or one line of a streamed one.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Chunk {
    #[serde(default)]
    message: Option<Body>,
    #[serde(default)]
    done: bool,
    #[serde(default)]
    done_reason: Option<String>,
    #[serde(default)]
    prompt_eval_count: Option<u64>,
    #[serde(default)]
    eval_count: Option<u64>,
    #[serde(default)]
    pub(super) error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
struct Body {
    #[serde(default, deserialize_with = "null_is_default")]
    content: String,
    #[serde(default, deserialize_with = "null_is_default")]
    thinking: String,
    #[serde(default, deserialize_with = "null_is_default")]
    tool_calls: Vec<Call>,
}

/// Always whole, also in a stream.
#[derive(Debug, Default, Deserialize)]
struct Call {
    #[serde(default, deserialize_with = "null_is_default")]
    id: String,
    #[serde(default, deserialize_with = "null_is_default")]
    function: Function,
}

#[derive(Debug, Default, Deserialize)]
struct Function {
    #[serde(default, deserialize_with = "null_is_default")]
    name: String,
    #[serde(default)]
    arguments: Value,
}

/// What has come of a reply.
#[derive(Default)]
pub(super) struct Gathered {
    text: String,
    reasoning: String,
    calls: Vec<ToolCall>,
    finish: Option<Finish>,
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    chunks: usize,
}

impl Gathered {
    /// Adds a line; true if it was the last one.
    pub(super) fn add(&mut self, chunk: Chunk, show: &mut (dyn FnMut(Delta) + Send)) -> bool {
        let body = chunk.message.unwrap_or_default();
        self.chunks += usize::from(
            chunk.done || !body.content.is_empty() || !body.thinking.is_empty() || !body.tool_calls.is_empty(),
        );
        if !body.thinking.is_empty() {
            self.reasoning.push_str(&body.thinking);
            show(Delta::Reasoning(body.thinking));
        }
        if !body.content.is_empty() {
            self.text.push_str(&body.content);
            show(Delta::Text(body.content));
        }
        for call in body.tool_calls {
            let arguments = match call.function.arguments {
                Value::Null => "{}".to_owned(),
                Value::String(text) => text,
                other => other.to_string(),
            };
            let (index, name) = (self.calls.len(), call.function.name);
            show(Delta::ToolCall { index, name: name.clone(), arguments: arguments.clone() });
            self.calls.push(ToolCall { id: call.id, name, arguments });
        }
        self.prompt_tokens = chunk.prompt_eval_count.or(self.prompt_tokens);
        self.completion_tokens = chunk.eval_count.or(self.completion_tokens);
        if chunk.done {
            self.finish = Some(match chunk.done_reason.as_deref() {
                None | Some("stop" | "") => Finish::Stop,
                Some("length") => Finish::Length,
                Some(_) => Finish::Other,
            });
        }
        chunk.done
    }

    /// Whether nothing has come yet that a reply is made of.
    pub(super) fn is_empty(&self) -> bool {
        self.chunks == 0
    }

    /// The reply. Calls without an id get one that is theirs in the conversation; what the server does not count (a
    /// prompt that it remembered whole) is counted for, at about four bytes a token.
    pub(super) fn finished(self, request: &ChatRequest) -> ChatReply {
        let before: usize = request.messages.iter().map(|message| message.tool_calls.len()).sum();
        let mut tool_calls: Vec<ToolCall> = Vec::new();
        for mut call in self.calls {
            let mut number = before + tool_calls.len();
            while call.id.is_empty() || tool_calls.iter().any(|other| other.id == call.id) {
                number += 1;
                call.id = format!("call_{number}");
            }
            tool_calls.push(call);
        }
        let called: usize = tool_calls.iter().map(|call| call.name.len() + call.arguments.len()).sum();
        let written = self.text.len() + self.reasoning.len() + called;
        let read: usize = request.messages.iter().map(|message| message.content.len()).sum();
        let usage = Usage {
            prompt_tokens: self.prompt_tokens.unwrap_or(read.div_ceil(4) as u64),
            completion_tokens: self.completion_tokens.unwrap_or(written.div_ceil(4) as u64),
        };
        let finish = self.finish.unwrap_or(Finish::Stop);
        ChatReply { text: self.text, tool_calls, reasoning: self.reasoning, finish, usage, logprob: None }
    }
}
