//! Tools on the wire: declarations, calls, results, refusals.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use super::*;
use crate::chat::{
    Finish, ToolCall, ToolDeclaration,
    http::loopback::{Answer, Loopback},
};

fn client(server: &Loopback, model: &str) -> OpenAi {
    let retry = Retry { attempts: 3, first_wait: Duration::from_millis(2), longest_wait: Duration::from_secs(2) };
    let options = OpenAiOptions {
        base_url: Some(server.url("/v1")),
        api_key: Some("k".into()),
        retry,
        ..OpenAiOptions::new(model)
    };
    OpenAi::new(options).unwrap()
}

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.into(), name: name.into(), arguments: arguments.into() }
}

fn request() -> ChatRequest {
    let detect = ToolDeclaration {
        name: "detect".into(),
        description: "find objects".into(),
        parameters: json!({ "type": "object", "properties": { "labels": { "type": "array" } } }),
    };
    ChatRequest {
        messages: vec![
            Message::user("How many?"),
            Message::calling(
                "",
                vec![call("a", "detect", "{\"labels\":[\"cup\"]}"), call("b", "detect", "{\"labels\":[")],
            ),
            Message::tool("a", "2 cups"),
            Message::tool("b", "bad arguments"),
        ],
        tools: vec![detect],
        ..ChatRequest::default()
    }
}

async fn complete(client: &OpenAi) -> Result<ChatReply, ChatError> {
    client.complete(&request(), None, &CancellationToken::new()).await
}

async fn streamed(client: &OpenAi) -> (Result<ChatReply, ChatError>, Vec<Delta>) {
    let mut deltas = Vec::new();
    let mut on_delta = |delta| deltas.push(delta);
    let reply = client.complete(&request(), Some(&mut on_delta), &CancellationToken::new()).await;
    (reply, deltas)
}

#[tokio::test]
async fn tools_and_calls_are_sent_in_the_openai_shape() {
    let message = json!({ "content": null, "tool_calls": [
        { "type": "function", "function": { "name": "detect", "arguments": { "labels": ["spoon"] } } },
        { "id": "own", "type": "function", "function": { "name": "detect", "arguments": "" } },
    ] });
    let answer = json!({ "choices": [{ "message": message, "finish_reason": "tool_calls" }],
        "usage": { "prompt_tokens": 5, "completion_tokens": 2 } });
    let server = Loopback::serve(vec![Answer::json(&answer)]).await;
    let reply = complete(&client(&server, "shape")).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.finish, reply.usage.total()), ("", Finish::Stop, 7));
    assert_eq!(reply.tool_calls, [call("call_3", "detect", "{\"labels\":[\"spoon\"]}"), call("own", "detect", "{}")]);
    let sent = &server.received()[0].body;
    assert_eq!(sent["parallel_tool_calls"], json!(true));
    assert_eq!(
        sent["tools"],
        json!([{ "type": "function", "function": { "name": "detect", "description": "find objects",
            "parameters": { "type": "object", "properties": { "labels": { "type": "array" } } } } }])
    );
    assert_eq!(
        sent["messages"],
        json!([
            { "role": "user", "content": "How many?" },
            { "role": "assistant", "content": "", "tool_calls": [
                { "id": "a", "type": "function", "function": { "name": "detect", "arguments": "{\"labels\":[\"cup\"]}" } },
                { "id": "b", "type": "function",
                  "function": { "name": "detect", "arguments": "{\"unreadable\":\"{\\\"labels\\\":[\"}" } },
            ] },
            { "role": "tool", "content": "2 cups", "tool_call_id": "a" },
            { "role": "tool", "content": "bad arguments", "tool_call_id": "b" },
        ])
    );
}

#[tokio::test]
async fn calls_are_streamed() {
    let body = concat!(
        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"reasoning\":\"hm\",\"reasoning_content\":\"hm\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"x\",\"function\":{\"name\":\"detect\",\"arguments\":\"\"}}]}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"labels\\\":\"}}]}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"[]}\"}}]}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n",
    );
    let server = Loopback::serve(vec![Answer::sse(body)]).await;
    let (reply, deltas) = streamed(&client(&server, "streamed-calls")).await;
    let reply = reply.unwrap();
    assert_eq!(
        (reply.reasoning.as_str(), reply.tool_calls.as_slice()),
        ("hm", &[call("x", "detect", "{\"labels\":[]}")][..])
    );
    let piece =
        |name: &str, arguments: &str| Delta::ToolCall { index: 0, name: name.into(), arguments: arguments.into() };
    assert_eq!(
        deltas,
        [Delta::Reasoning("hm".into()), piece("detect", ""), piece("", "{\"labels\":"), piece("", "[]}")]
    );
}

#[tokio::test]
async fn the_old_function_call_is_understood() {
    let message = json!({ "content": "", "function_call": { "name": "detect", "arguments": "{}" } });
    let whole = json!({ "choices": [{ "message": message, "finish_reason": "function_call" }] });
    let stream = concat!(
        "data: {\"choices\":[{\"delta\":{\"function_call\":{\"name\":\"detect\",\"arguments\":\"\"}}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"function_call\":{\"arguments\":\"{}\"}},\"finish_reason\":\"function_call\"}]}\n\n",
    );
    let server = Loopback::serve(vec![Answer::json(&whole), Answer::sse(stream)]).await;
    let client = client(&server, "legacy");
    assert_eq!(complete(&client).await.unwrap().tool_calls, [call("call_3", "detect", "{}")]);
    assert_eq!(streamed(&client).await.0.unwrap().tool_calls, [call("call_3", "detect", "{}")]);
}

#[tokio::test]
async fn refusals_of_tools_are_told_apart_and_remembered() {
    let refusals = [
        (400, json!({ "error": { "message": "registry.ollama.ai/library/gemma:2b does not support tools" } })),
        (
            400,
            json!({ "object": "error", "message": "\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set" }),
        ),
        (
            500,
            json!({ "error": { "code": 500, "message": "tools param requires --jinja flag", "type": "server_error" } }),
        ),
        (404, json!({ "error": { "message": "No endpoints found that support tool use.", "code": 404 } })),
        (422, json!({ "detail": "unknown field: tools" })),
        (501, json!({ "error": "function calling is not implemented" })),
    ];
    for (index, (status, body)) in refusals.iter().enumerate() {
        let server = Loopback::serve(vec![Answer::new(*status, "application/json", body.to_string())]).await;
        let client = client(&server, &format!("toolless-{index}"));
        assert!(client.capabilities().native_tools);
        let error = complete(&client).await.unwrap_err();
        assert_eq!((error.kind, error.status), (ChatErrorKind::NoTools, Some(*status)), "{error}");
        assert!(error.hint.unwrap().contains("schema"));
        assert_eq!(server.received().len(), 1, "{body}");
        assert!(!client.capabilities().native_tools);
    }
}

#[tokio::test]
async fn other_refusals_stay_what_they_are() {
    let refusal = Answer::new(400, "application/json", "{\"error\":{\"message\":\"unknown model\"}}");
    let server = Loopback::serve(vec![refusal]).await;
    assert_eq!(complete(&client(&server, "other")).await.unwrap_err().kind, ChatErrorKind::BadRequest);
}

#[tokio::test]
async fn parallel_calls_are_not_asked_for_where_they_are_refused() {
    let words =
        "{\"error\":{\"message\":\"Unsupported parameter: 'parallel_tool_calls' is not supported with this model.\"}}";
    let good = json!({ "choices": [{ "message": { "content": "2" }, "finish_reason": "stop" }] });
    let server = Loopback::serve(vec![Answer::new(400, "application/json", words), Answer::json(&good)]).await;
    assert_eq!(complete(&client(&server, "one-by-one")).await.unwrap().text, "2");
    let received = server.received();
    assert_eq!(received[1].body["parallel_tool_calls"], Value::Null);
    assert!(received[1].body["tools"].is_array());
}
