//! Recorded answers of OpenAI, llama.cpp and Ollama, served again: what the clients make of them has to be what a plain
//! reading of the recording says.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]
#![expect(clippy::print_stderr, reason = "the count of recordings is what the test reports")]

mod recording;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use self::recording::Exchange;
use super::{
    ChatError, ChatErrorKind, ChatModel, ChatReply, ChatRequest, Finish, Message, Retry, Role, ToolCall,
    ToolDeclaration,
    http::loopback::{Answer, Loopback},
    ollama::{Ollama, OllamaOptions},
    openai::{OpenAi, OpenAiOptions},
};

/// What a recording says, read in the plainest way.
#[derive(Debug, PartialEq)]
struct Reading {
    text: String,
    reasoning: String,
    /// Names and arguments, as JSON where they are.
    calls: Vec<(String, Value)>,
    finish: Finish,
    usage: Option<(u64, u64)>,
}

fn words(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn arguments(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}

fn finish(reason: &str) -> Finish {
    match reason {
        "stop" | "tool_calls" => Finish::Stop,
        "length" => Finish::Length,
        other => panic!("a finish that no recording had: {other}"),
    }
}

fn openai(body: &str) -> Reading {
    let streamed = body.starts_with("data:");
    let payloads = body.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
    let chunks: Vec<Value> = if streamed {
        payloads.map(|data| serde_json::from_str(data).unwrap()).collect()
    } else {
        vec![serde_json::from_str(body).unwrap()]
    };
    let mut reading = Reading {
        text: String::new(),
        reasoning: String::new(),
        calls: Vec::new(),
        finish: Finish::Other,
        usage: None,
    };
    let mut texts: Vec<(String, String)> = Vec::new();
    for chunk in &chunks {
        if let Some(usage) = chunk["usage"].as_object() {
            reading.usage =
                Some((usage["prompt_tokens"].as_u64().unwrap(), usage["completion_tokens"].as_u64().unwrap()));
        }
        let choice = &chunk["choices"][0];
        let part = &choice[if streamed { "delta" } else { "message" }];
        reading.text.push_str(words(&part["content"]));
        reading.reasoning.push_str(words(&part["reasoning_content"]));
        for (place, call) in part["tool_calls"].as_array().into_iter().flatten().enumerate() {
            let index = call["index"].as_u64().map_or(place, |index| index as usize);
            texts.resize(texts.len().max(index + 1), (String::new(), String::new()));
            texts[index].0.push_str(words(&call["function"]["name"]));
            texts[index].1.push_str(words(&call["function"]["arguments"]));
        }
        if let Some(reason) = choice["finish_reason"].as_str() {
            reading.finish = finish(reason);
        }
    }
    reading.calls = texts.into_iter().map(|(name, text)| (name, arguments(&text))).collect();
    reading
}

fn ollama(body: &str) -> Reading {
    let chunks: Vec<Value> = body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = chunks.last().unwrap();
    let calls = chunks.iter().flat_map(|chunk| chunk["message"]["tool_calls"].as_array().into_iter().flatten());
    let count = |name: &str| last[name].as_u64().unwrap();
    Reading {
        text: chunks.iter().map(|chunk| words(&chunk["message"]["content"])).collect(),
        reasoning: chunks.iter().map(|chunk| words(&chunk["message"]["thinking"])).collect(),
        calls: calls
            .map(|call| (words(&call["function"]["name"]).to_owned(), call["function"]["arguments"].clone()))
            .collect(),
        finish: finish(words(&last["done_reason"])),
        usage: Some((count("prompt_eval_count"), count("eval_count"))),
    }
}

fn of_reply(reply: &ChatReply, usage_known: bool) -> Reading {
    Reading {
        text: reply.text.clone(),
        reasoning: reply.reasoning.clone(),
        calls: reply.tool_calls.iter().map(|call| (call.name.clone(), arguments(&call.arguments))).collect(),
        finish: reply.finish,
        usage: usage_known.then_some((reply.usage.prompt_tokens, reply.usage.completion_tokens)),
    }
}

/// The request in Argus's form.
fn request(asked: &Value) -> ChatRequest {
    let entries = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let call = |call: &Value| {
        let function = &call["function"];
        let arguments = function["arguments"].as_str().map_or_else(|| function["arguments"].to_string(), str::to_owned);
        ToolCall { id: words(&call["id"]).to_owned(), name: words(&function["name"]).to_owned(), arguments }
    };
    let message = |message: &Value| {
        let content = &message["content"];
        let parts = entries(content).iter().map(|part| words(&part["text"]).to_owned()).collect::<String>();
        let content = content.as_str().map_or(parts, str::to_owned);
        let role = match words(&message["role"]) {
            "system" | "developer" => Role::System,
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "tool" => Role::Tool,
            other => panic!("a role that no recording had: {other}"),
        };
        Message {
            role,
            content,
            pictures: Vec::new(),
            tool_calls: entries(&message["tool_calls"]).iter().map(call).collect(),
            tool_call_id: message["tool_call_id"].as_str().map(str::to_owned),
        }
    };
    let tool = |tool: &Value| ToolDeclaration {
        name: words(&tool["function"]["name"]).to_owned(),
        description: words(&tool["function"]["description"]).to_owned(),
        parameters: tool["function"]["parameters"].clone(),
    };
    ChatRequest {
        messages: entries(&asked["messages"]).iter().map(message).collect(),
        tools: entries(&asked["tools"]).iter().map(tool).collect(),
        max_tokens: asked["max_tokens"].as_u64().map(|most| most as u32),
        temperature: asked["temperature"].as_f64().map(|temperature| temperature as f32),
        ..ChatRequest::default()
    }
}

/// Serves the answer in pieces of this size and asks for it.
async fn ask(exchange: &Exchange, size: usize) -> Result<ChatReply, ChatError> {
    let mut answer = Answer::new(exchange.status, "", exchange.body.as_str()).split_every(size);
    answer = exchange.headers.iter().fold(answer.without_headers(), |answer, (name, value)| answer.header(name, value));
    let server = Loopback::serve(vec![answer]).await;
    let retry = Retry { attempts: 1, ..Retry::default() };
    let model = words(&exchange.asked["model"]);
    let client: Box<dyn ChatModel> = if exchange.path == "/api/chat" {
        let base_url = Some(server.url(""));
        Box::new(Ollama::new(OllamaOptions { base_url, retry, ..OllamaOptions::new(model) }).unwrap())
    } else {
        let (base_url, api_key) = (Some(server.url("/v1")), Some("key".to_owned()));
        Box::new(OpenAi::new(OpenAiOptions { base_url, api_key, retry, ..OpenAiOptions::new(model) }).unwrap())
    };
    let asked = request(&exchange.asked);
    let mut shown = String::new();
    let mut on_delta = |delta| match delta {
        super::Delta::Text(text) => shown.push_str(&text),
        super::Delta::Restart => shown.clear(),
        super::Delta::Reasoning(_) | super::Delta::ToolCall { .. } => {}
    };
    let stream = exchange.asked["stream"] == true;
    let reply = if stream {
        client.complete(&asked, Some(&mut on_delta), &CancellationToken::new()).await
    } else {
        client.complete(&asked, None, &CancellationToken::new()).await
    };
    let received = server.received();
    assert_eq!((received.len(), received[0].line.as_str()), (1, format!("POST {}", exchange.path).as_str()));
    let sent = &received[0].body;
    assert_eq!(sent["stream"], json!(stream));
    assert_eq!(sent["tools"], exchange.asked["tools"], "the tools are declared as they were");
    if let (true, Ok(reply)) = (stream, &reply) {
        assert_eq!(shown, reply.text, "what was shown is what came");
    }
    reply
}

async fn check(exchange: &Exchange) {
    for size in [usize::MAX, 61, 7, 1] {
        let reply = ask(exchange, size).await;
        if exchange.status != 200 {
            let kind = if exchange.status == 401 { ChatErrorKind::Auth } else { ChatErrorKind::BadRequest };
            let error = reply.unwrap_err();
            assert_eq!((error.kind, error.status), (kind, Some(exchange.status)));
            let said: Value = serde_json::from_str(&exchange.body).unwrap();
            assert!(error.message.contains(words(&said["error"]["message"])), "{error}");
            continue;
        }
        let wanted = if exchange.path == "/api/chat" { ollama(&exchange.body) } else { openai(&exchange.body) };
        assert_eq!(of_reply(&reply.unwrap(), wanted.usage.is_some()), wanted);
    }
}

/// The test prints how many files and exchanges it read; it passes over a machine without them.
#[tokio::test]
async fn llm_wire() {
    let Some(files) = recording::files() else {
        eprintln!("skipped: no recorded exchanges; set ARGUS_SHARED to the folder that holds data/wire");
        return;
    };
    let mut exchanges = 0;
    for path in &files {
        eprintln!("{}", path.file_name().unwrap_or_default().display());
        for exchange in recording::read(path) {
            check(&exchange).await;
            exchanges += 1;
        }
    }
    eprintln!("llm_wire: {} of {} files, {exchanges} exchanges", files.len(), files.len());
    assert!(files.len() >= 43 && exchanges >= files.len());
}
