//! The client against answers as Ollama gives them.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use super::*;
use crate::chat::{
    Finish, Message, ToolCall, ToolDeclaration,
    http::loopback::{Answer, Loopback},
};

const STREAM: &str = concat!(
    "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"thinking\":\"hm \"},\"done\":false}\n",
    "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"två \"},\"done\":false}\n",
    "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"☕\"},\"done\":false}\n",
    "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{\"function\":{\"index\":0,\"name\":\"detect\",\"arguments\":{\"labels\":[\"cup\"]}}}]},\"done\":false}\n",
    "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{\"id\":\"x\",\"function\":{\"index\":0,\"name\":\"read\",\"arguments\":{}}}]},\"done\":false}\n",
    "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"length\",\"prompt_eval_count\":26,\"eval_count\":9}\n",
);

fn client(server: &Loopback, model: &str) -> Ollama {
    let retry = Retry { attempts: 3, first_wait: Duration::from_millis(2), longest_wait: Duration::from_secs(2) };
    let options = OllamaOptions { base_url: Some(server.url("/v1/")), retry, ..OllamaOptions::new(model) };
    Ollama::new(options).unwrap()
}

fn request() -> ChatRequest {
    let call = ToolCall { id: "c".into(), name: "detect".into(), arguments: "{\"labels\":[]}".into() };
    ChatRequest {
        messages: vec![Message::user("How many?"), Message::calling("", vec![call]), Message::tool("c", "2 cups")],
        max_tokens: Some(64),
        temperature: Some(0.0),
        seed: Some(7),
        stop: vec!["END".into()],
        ..ChatRequest::default()
    }
}

async fn streamed(client: &Ollama, request: &ChatRequest) -> (Result<ChatReply, ChatError>, Vec<Delta>) {
    let mut deltas = Vec::new();
    let mut on_delta = |delta| deltas.push(delta);
    let reply = client.complete(request, Some(&mut on_delta), &CancellationToken::new()).await;
    (reply, deltas)
}

fn is_good(reply: &ChatReply) {
    assert_eq!((reply.text.as_str(), reply.reasoning.as_str(), reply.finish), ("två ☕", "hm ", Finish::Length));
    assert_eq!((reply.usage.prompt_tokens, reply.usage.completion_tokens), (26, 9));
    let calls: Vec<_> = reply.tool_calls.iter().map(|call| [&*call.id, &*call.name, &*call.arguments]).collect();
    assert_eq!(calls, [["call_2", "detect", "{\"labels\":[\"cup\"]}"], ["x", "read", "{}"]]);
}

#[tokio::test]
async fn asks_in_ollamas_format_with_a_context() {
    let whole = json!({ "message": { "role": "assistant", "content": "2" }, "done": true, "done_reason": "stop",
        "prompt_eval_count": 5, "eval_count": 1 });
    let server = Loopback::serve(vec![Answer::json(&whole), Answer::json(&whole)]).await;
    let client = client(&server, "format");
    let mut asked = request();
    asked.schema = Some(json!({ "type": "object" }));
    let reply = client.complete(&asked, None, &CancellationToken::new()).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.finish, reply.usage.total()), ("2", Finish::Stop, 6));
    asked.schema = None;
    asked.tools = vec![ToolDeclaration {
        name: "detect".into(),
        description: "find".into(),
        parameters: json!({ "type": "object" }),
    }];
    client.complete(&asked, None, &CancellationToken::new()).await.unwrap();
    let received = server.received();
    assert_eq!(received[0].line, "POST /api/chat");
    assert!(!received[0].headers.iter().any(|(name, _)| name == "authorization"));
    assert_eq!(
        received[0].body,
        json!({
            "model": "format",
            "messages": [
                { "role": "user", "content": "How many?" },
                { "role": "assistant", "content": "", "tool_calls": [
                    { "id": "c", "function": { "name": "detect", "arguments": { "labels": [] } } }] },
                { "role": "tool", "content": "2 cups", "tool_call_id": "c", "tool_name": "detect" },
            ],
            "stream": false,
            "truncate": false,
            "shift": false,
            "options": { "num_ctx": 8192, "temperature": 0.0, "seed": 7, "num_predict": 64, "stop": ["END"] },
            "format": { "type": "object" },
        })
    );
    assert_eq!(received[1].body["tools"][0]["function"]["name"], "detect");
    assert_eq!(received[1].body["format"], Value::Null);
}

#[tokio::test]
async fn streams_in_any_pieces() {
    let answers = [
        Answer::new(200, "application/x-ndjson", STREAM),
        Answer::new(200, "text/plain", STREAM).split_every(1),
        Answer::new(200, "application/x-ndjson", STREAM.replace('\n', "\r\n")).split_every(3),
        Answer::new(200, "application/x-ndjson", STREAM.trim_end()).split_every(5),
    ];
    let server = Loopback::serve(answers.into()).await;
    let client = client(&server, "pieces");
    for _ in 0..4 {
        let (reply, deltas) = streamed(&client, &request()).await;
        is_good(&reply.unwrap());
        assert_eq!(deltas.len(), 5, "{deltas:?}");
    }
    assert_eq!(server.received().len(), 4);
}

#[tokio::test]
async fn a_stream_that_breaks_off_begins_anew() {
    let end = STREAM.find("{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"☕").unwrap();
    let busy = Answer::new(503, "application/json", "{\"error\":\"server busy\"}").header("retry-after", "0");
    let cut = Answer::new(200, "application/x-ndjson", &STREAM[..end + 20]);
    let server = Loopback::serve(vec![busy, cut, Answer::new(200, "application/x-ndjson", STREAM)]).await;
    let (reply, deltas) = streamed(&client(&server, "cut"), &request()).await;
    is_good(&reply.unwrap());
    assert_eq!(deltas[2], Delta::Restart);
    assert_eq!(deltas.len(), 8);
}

#[tokio::test]
async fn errors_say_what_helps() {
    let long = "{\"error\":\"the input length exceeds the context length\"}";
    let cases = [
        (Answer::new(400, "application/json", long), ChatErrorKind::ContextLength, "larger context"),
        (
            Answer::new(404, "application/json", "{\"error\":\"model 'e' not found\"}"),
            ChatErrorKind::BadRequest,
            "ollama pull e",
        ),
        (Answer::new(200, "text/html", "<html>portal</html>"), ChatErrorKind::BadResponse, "Ollama server"),
        (Answer::new(200, "application/json", "{\"object\":\"list\"}"), ChatErrorKind::BadResponse, "Ollama server"),
        (Answer::new(200, "application/json", ""), ChatErrorKind::BadResponse, "Ollama server"),
    ];
    for (answer, kind, hint) in cases {
        let server = Loopback::serve(vec![answer]).await;
        let error = streamed(&client(&server, "e"), &request()).await.0.unwrap_err();
        assert_eq!((error.kind, server.received().len()), (kind, 1), "{error}");
        assert!(error.hint.as_ref().unwrap().contains(hint), "{error:?}");
    }
    let failing = "{\"message\":{\"content\":\"a\"},\"done\":false}\n{\"error\":\"an unknown error was encountered while running the model\"}\n";
    let server = Loopback::serve(vec![Answer::new(200, "application/x-ndjson", failing)]).await;
    let error = streamed(&client(&server, "e"), &request()).await.0.unwrap_err();
    assert_eq!(error.kind, ChatErrorKind::Server);
    assert!(error.message.contains("while running the model"), "{error}");
    let gone = OllamaOptions {
        base_url: Some("http://127.0.0.1:9".into()),
        retry: Retry { attempts: 1, ..Retry::default() },
        ..OllamaOptions::new("e")
    };
    let error = streamed(&Ollama::new(gone).unwrap(), &request()).await.0.unwrap_err();
    assert!(error.hint.unwrap().contains("ollama serve"));
}

#[tokio::test]
async fn a_model_without_tools_is_told_apart() {
    let refusal =
        Answer::new(400, "application/json", "{\"error\":\"registry.ollama.ai/library/gemma does not support tools\"}");
    let server = Loopback::serve(vec![refusal]).await;
    let client = client(&server, "toolless");
    let tool = ToolDeclaration { name: "t".into(), description: String::new(), parameters: json!({}) };
    let asked = ChatRequest { tools: vec![tool], ..request() };
    assert_eq!(streamed(&client, &asked).await.0.unwrap_err().kind, ChatErrorKind::NoTools);
    assert!(!client.capabilities().native_tools);
}

#[tokio::test]
async fn a_short_model_gets_a_short_context() {
    let show = json!({ "capabilities": ["completion", "tools"], "model_info": { "llama.context_length": 2048 } });
    let whole = json!({ "message": { "content": "2" }, "done": true });
    let server = Loopback::serve(vec![Answer::json(&whole)]).await.aside("POST /api/show", Answer::json(&show));
    let client = client(&server, "short");
    assert_eq!(client.capabilities().context_tokens, Some(8192));
    let found = client.probe(&CancellationToken::new()).await;
    assert_eq!((found.native_tools, found.context_tokens), (true, Some(2048)));
    assert_eq!(client.probe(&CancellationToken::new()).await, found);
    let reply = client.complete(&request(), None, &CancellationToken::new()).await.unwrap();
    assert_eq!((reply.usage.prompt_tokens, reply.usage.completion_tokens), (4, 1));
    let received = server.received();
    assert_eq!((received.len(), &received[1].body["options"]["num_ctx"]), (2, &json!(2048)));
}
