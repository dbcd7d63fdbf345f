//! Whole runs over a real client and a server on loopback.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::time::Duration;

use argus_tools::{image::ImageStore, onnx::NoModels};
use serde_json::json;

use super::*;
use crate::{
    chat::{
        Retry, Usage,
        cassette::Cassette,
        http::loopback::{Answer, Loopback},
        ollama::{Ollama, OllamaOptions},
        openai::{OpenAi, OpenAiOptions},
        scripted::Scripted,
    },
    fakes::Scene,
};

const REPLY: &str = r#"{"thought":"t","answer":"The bus is 320 pixels wide."}"#;
const CALL: &str = r#"{"thought":"t","tool":"measure","args":{"a":"bus"}}"#;

fn retry() -> Retry {
    Retry { attempts: 4, first_wait: Duration::from_millis(2), longest_wait: Duration::from_secs(2) }
}

fn agent(chat: Arc<dyn ChatModel>, events: Arc<dyn RunEvents>) -> Agent {
    let scene =
        Scene { size: (640, 480), objects: vec![("bus", [100.0, 80.0, 420.0, 330.0])], lines: vec!["ROUTE 42"] };
    let cx = ToolCx::new(ImageStore::new(), Arc::new(NoModels));
    scene.enter(&cx);
    Agent::builder().chat(chat).toolbox(scene.toolbox()).cx(cx).events(events).build().unwrap()
}

fn openai(server: &Loopback, model: &str) -> Arc<dyn ChatModel> {
    let (base_url, api_key) = (Some(server.url("/v1")), Some("k".to_owned()));
    // The schema protocol, so that the script is the same whatever a probe would say.
    let mut options = OpenAiOptions { base_url, api_key, retry: retry(), ..OpenAiOptions::new(model) };
    options.capabilities.native_tools = false;
    Arc::new(OpenAi::new(options).unwrap())
}

/// A streamed reply of 100 prompt and 10 completion tokens, its text in three pieces.
fn stream(text: &str) -> String {
    let third = text.len() / 3;
    let pieces = [&text[..third], &text[third..2 * third], &text[2 * third..]];
    let mut body = String::new();
    for piece in pieces {
        let chunk = json!({ "choices": [{ "delta": { "content": piece } }] }).to_string();
        body.extend(["data: ", &chunk, "\n\n"]);
    }
    let end = json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 100, "completion_tokens": 10 } });
    body + &format!("data: {end}\n\ndata: [DONE]\n\n")
}

/// What a person sees of the last reply, with restarts.
#[derive(Default)]
struct Seen(Mutex<(String, usize, usize)>);

impl RunEvents for Seen {
    fn emit(&self, event: RunEvent) {
        let mut seen = self.0.lock().unwrap();
        match event {
            RunEvent::ModelStarted { .. } => seen.0.clear(),
            RunEvent::ModelDelta { text, .. } => seen.0.push_str(&text),
            RunEvent::ModelRestarted { .. } => {
                seen.0.clear();
                seen.1 += 1;
            }
            RunEvent::RunFinished { .. } => seen.2 += 1,
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_refusal_and_a_cut_stream_cost_one_run_nothing() {
    let whole = stream(REPLY);
    let cut = whole.len() / 2;
    let server = Loopback::serve(vec![
        Answer::new(429, "application/json", "{\"error\":{\"message\":\"slow down\"}}").header("retry-after", "0"),
        Answer::sse(&whole[..cut]).cut(),
        Answer::sse(whole.as_str()),
    ])
    .await;
    let seen = Arc::new(Seen::default());
    let outcome = agent(openai(&server, "agent-cut"), seen.clone()).run("How wide is the bus?").await;
    assert_eq!((outcome.answer.as_deref(), outcome.stop), (Some("The bus is 320 pixels wide."), StopReason::Answered));
    assert_eq!(outcome.usage, Usage { prompt_tokens: 100, completion_tokens: 10 });
    assert_eq!(outcome.steps.len(), 1);
    let chats = server.chats();
    assert_eq!(chats.len(), 3);
    assert!(chats.iter().all(|chat| chat.body == chats[0].body), "the same request, three times");
    let (text, restarts, ends) = std::mem::take(&mut *seen.0.lock().unwrap());
    assert_eq!((text.as_str(), restarts, ends), (REPLY, 1, 1));
}

#[tokio::test]
async fn each_step_is_counted_once() {
    let (call, reply) = (stream(CALL), stream(REPLY));
    let server = Loopback::serve(vec![
        Answer::sse(&call[..call.len() / 3]).cut(),
        Answer::sse(call.as_str()).split_every(11),
        Answer::new(503, "text/html", "<html>busy</html>"),
        Answer::sse(reply.as_str()),
    ])
    .await;
    let outcome = agent(openai(&server, "agent-steps"), Arc::new(Seen::default())).run("How wide is the bus?").await;
    assert_eq!(outcome.stop, StopReason::Answered);
    assert_eq!(outcome.usage, Usage { prompt_tokens: 200, completion_tokens: 20 });
    let calls: Vec<&str> = outcome.steps.iter().flat_map(|step| &step.calls).map(|call| call.tool.as_str()).collect();
    assert_eq!((outcome.steps.len(), calls), (2, vec!["measure"]));
}

#[tokio::test]
async fn an_endpoint_that_stays_away_ends_the_run_with_its_reason() {
    let busy =
        || Answer::new(429, "application/json", "{\"error\":{\"message\":\"slow down\"}}").header("retry-after", "0");
    let server = Loopback::serve((0..4).map(|_| busy()).collect()).await;
    let outcome = agent(openai(&server, "agent-busy"), Arc::new(Seen::default())).run("How wide is the bus?").await;
    assert_eq!((outcome.stop, outcome.usage), (StopReason::ModelError, Usage::default()));
    let error = outcome.error.unwrap();
    assert_eq!(error.kind, ChatErrorKind::RateLimit);
    assert!(error.message.ends_with("slow down (after 4 attempts)"), "{error}");
}

#[tokio::test]
async fn a_run_over_ollamas_own_api() {
    let line = |text: &str, end: bool| {
        let mut line = json!({ "message": { "role": "assistant", "content": text }, "done": end });
        if end {
            line["prompt_eval_count"] = json!(100);
            line["eval_count"] = json!(10);
        }
        format!("{line}\n")
    };
    let body = line(&REPLY[..20], false) + &line(&REPLY[20..], false) + &line("", true);
    let server = Loopback::serve(vec![
        Answer::new(200, "application/x-ndjson", &body[..90]).cut(),
        Answer::new(200, "application/x-ndjson", body.as_str()).split_every(9),
    ])
    .await
    .aside("POST /api/show", Answer::json(&json!({ "capabilities": ["completion"] })));
    let options = OllamaOptions { base_url: Some(server.url("")), retry: retry(), ..OllamaOptions::new("agent") };
    let outcome =
        agent(Arc::new(Ollama::new(options).unwrap()), Arc::new(Seen::default())).run("How wide is the bus?").await;
    assert_eq!((outcome.answer.as_deref(), outcome.usage.total()), (Some("The bus is 320 pixels wide."), 110));
    assert_eq!(server.chats()[1].body["options"]["num_ctx"], json!(8192));
}

#[tokio::test]
async fn a_recorded_run_is_replayed_without_its_model() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.jsonl");
    let quiet = || Arc::new(Seen::default());
    let recorded = Cassette::record(Arc::new(Scripted::replies([CALL, REPLY])), &path).unwrap();
    let first = agent(Arc::new(recorded), quiet()).run("How wide is the bus?").await;
    assert_eq!(first.stop, StopReason::Answered);
    let replayed = Arc::new(Cassette::replay(&path).unwrap());
    let second = agent(replayed.clone(), quiet()).run("How wide is the bus?").await;
    assert_eq!((second.answer, second.usage, second.steps.len()), (first.answer, first.usage, first.steps.len()));
    assert_eq!(replayed.left(), 0);
    let other = agent(Arc::new(Cassette::replay(&path).unwrap()), quiet()).run("How wide is the car?").await;
    let error = other.error.unwrap();
    assert!(error.message.contains("request 1 is not the recorded one: /messages/"), "{error}");
}
