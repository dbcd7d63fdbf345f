//! The client against a server that behaves like the ones out there.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use serde_json::Value;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

use super::*;
use crate::chat::{Finish, Usage};

fn options(server: &MockServer, model: &str) -> OpenAiOptions {
    OpenAiOptions {
        base_url: Some(format!("{}/v1/", server.uri())),
        api_key: Some("secret".into()),
        retry: Retry { attempts: 3, first_wait: Duration::from_millis(5), longest_wait: Duration::from_secs(2) },
        ..OpenAiOptions::new(model)
    }
}

fn request() -> ChatRequest {
    ChatRequest {
        messages: vec![Message::system("s"), Message::user("u")],
        schema: Some(json!({ "type": "object" })),
        max_tokens: Some(64),
        temperature: Some(0.0),
        ..ChatRequest::default()
    }
}

fn whole(text: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({
        "choices": [{ "message": { "content": text }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 11, "completion_tokens": 3 }
    }))
}

fn sse(body: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(body.to_owned(), "text/event-stream")
}

async fn serve(responses: Vec<ResponseTemplate>) -> MockServer {
    let server = MockServer::start().await;
    for (index, response) in responses.into_iter().enumerate() {
        Mock::given(method("POST"))
            .and(path("/v1/chat/completions"))
            .respond_with(response)
            .up_to_n_times(1)
            .with_priority(index as u8 + 1)
            .mount(&server)
            .await;
    }
    server
}

async fn bodies(server: &MockServer) -> Vec<Value> {
    let requests = server.received_requests().await.unwrap();
    requests.iter().map(|request| request.body_json().unwrap()).collect()
}

async fn complete(server: &MockServer, model: &str) -> Result<ChatReply, ChatError> {
    OpenAi::new(options(server, model)).unwrap().complete(&request(), None, &CancellationToken::new()).await
}

async fn streamed(server: &MockServer, model: &str) -> (Result<ChatReply, ChatError>, Vec<Delta>) {
    let mut deltas = Vec::new();
    let client = OpenAi::new(options(server, model)).unwrap();
    let mut on_delta = |delta| deltas.push(delta);
    let reply = client.complete(&request(), Some(&mut on_delta), &CancellationToken::new()).await;
    (reply, deltas)
}

#[tokio::test]
async fn asks_in_the_openai_format() {
    let server = serve(vec![whole("hi")]).await;
    let reply = complete(&server, "format").await.unwrap();
    assert_eq!((reply.text.as_str(), reply.finish, reply.usage.prompt_tokens), ("hi", Finish::Stop, 11));
    let sent = &server.received_requests().await.unwrap()[0];
    assert_eq!(sent.headers.get("authorization").unwrap(), "Bearer secret");
    assert_eq!(
        sent.body_json::<Value>().unwrap(),
        json!({
            "model": "format",
            "messages": [{ "role": "system", "content": "s" }, { "role": "user", "content": "u" }],
            "stream": false,
            "max_tokens": 64,
            "temperature": 0.0,
            "response_format": { "type": "json_schema", "json_schema": { "name": "reply", "schema": { "type": "object" } } }
        })
    );
}

#[tokio::test]
async fn a_server_without_key_gets_none() {
    let server = serve(vec![whole("hi")]).await;
    let mut options = options(&server, "keyless");
    options.api_key = Some(String::new());
    OpenAi::new(options).unwrap().complete(&request(), None, &CancellationToken::new()).await.unwrap();
    assert!(!server.received_requests().await.unwrap()[0].headers.contains_key("authorization"));
}

#[test]
fn options_that_cannot_work_are_refused_before_anything_is_sent() {
    let with = |base_url: &str, api_key: &str| OpenAiOptions {
        base_url: Some(base_url.into()),
        api_key: Some(api_key.into()),
        ..OpenAiOptions::new("m")
    };
    let error = |options| OpenAi::new(options).err().unwrap();
    let missing = error(with(OPENAI_BASE_URL, ""));
    assert_eq!(missing.kind, ChatErrorKind::Auth);
    assert!(missing.message.contains("OPENAI_API_KEY") && missing.hint.is_some());
    assert_eq!(error(with(OPENAI_BASE_URL, "sk\nabc")).kind, ChatErrorKind::Auth);
    assert_eq!(error(with("localhost:11434/v1", "k")).kind, ChatErrorKind::BadRequest);
}

#[tokio::test]
async fn streams_with_usage_and_reasoning() {
    let server = serve(vec![sse(concat!(
        ": keep-alive\n\n",
        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"two \"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":[{\"type\":\"text\",\"text\":\"cups\"}]},\"finish_reason\":\"length\"}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\n",
        "data: [DONE]\n\n",
    ))])
    .await;
    let (reply, deltas) = streamed(&server, "stream").await;
    let usage = Usage { prompt_tokens: 7, completion_tokens: 2 };
    assert_eq!(
        reply.unwrap(),
        ChatReply {
            text: "two cups".into(),
            tool_calls: Vec::new(),
            reasoning: "hm".into(),
            finish: Finish::Length,
            usage,
            logprob: None,
        }
    );
    let text = |text: &str| Delta::Text(text.into());
    assert_eq!(deltas, [Delta::Reasoning("hm".into()), text("two "), text("cups")]);
    assert_eq!(bodies(&server).await[0]["stream_options"], json!({ "include_usage": true }));
}

#[tokio::test]
async fn a_refused_schema_is_asked_for_in_plainer_forms_and_remembered() {
    let refusal = || {
        ResponseTemplate::new(400)
            .set_body_json(json!({ "error": { "code": 400, "message": "response_format is not supported" } }))
    };
    let server = serve(vec![refusal(), refusal(), whole("{}"), whole("{}")]).await;
    complete(&server, "plain").await.unwrap();
    complete(&server, "plain").await.unwrap();
    let bodies = bodies(&server).await;
    let forms: Vec<&str> = bodies.iter().map(|body| body["response_format"]["type"].as_str().unwrap_or("-")).collect();
    assert_eq!(forms, ["json_schema", "json_object", "-", "-"]);
    let last = bodies[3]["messages"][1]["content"].as_str().unwrap();
    assert!(last.starts_with("u\n\n") && last.ends_with("{\"type\":\"object\"}"), "{last}");
}

#[tokio::test]
async fn a_wrong_request_is_told_as_it_was_refused_first() {
    let refusal = |message: &str| ResponseTemplate::new(400).set_body_json(json!({ "error": { "message": message } }));
    let server = serve(vec![refusal("bad messages"), refusal("second"), refusal("third")]).await;
    let error = complete(&server, "wrong").await.unwrap_err();
    assert_eq!((error.kind, error.status), (ChatErrorKind::BadRequest, Some(400)));
    assert!(error.message.ends_with("bad messages"), "{error}");
}

#[tokio::test]
async fn newer_parameter_names_are_learned() {
    let message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.";
    let refusal = ResponseTemplate::new(400).set_body_json(json!({ "error": { "message": message, "code": "x" } }));
    let server = serve(vec![refusal, whole("hi")]).await;
    complete(&server, "new").await.unwrap();
    let body = &bodies(&server).await[1];
    assert_eq!((&body["max_tokens"], &body["max_completion_tokens"]), (&Value::Null, &json!(64)));
}

#[tokio::test]
async fn waits_as_long_as_it_is_asked_to() {
    let limited = ResponseTemplate::new(429).insert_header("retry-after", "0.3").set_body_string("slow down");
    let server = serve(vec![limited, ResponseTemplate::new(503), whole("hi")]).await;
    let begin = std::time::Instant::now();
    let reply = complete(&server, "limit").await.unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(300));
    assert_eq!((reply.text.as_str(), reply.usage.total()), ("hi", 14));
}

#[tokio::test]
async fn gives_up_in_words() {
    let cases = [
        (ResponseTemplate::new(401).set_body_json(json!({"error": {"message": "bad key"}})), ChatErrorKind::Auth, 1),
        (ResponseTemplate::new(500).set_body_string("boom"), ChatErrorKind::Server, 3),
        (ResponseTemplate::new(429).insert_header("retry-after", "9999"), ChatErrorKind::RateLimit, 1),
        (
            ResponseTemplate::new(400)
                .set_body_json(json!({"error": {"message": "exceeds the available context size"}})),
            ChatErrorKind::ContextLength,
            1,
        ),
        (ResponseTemplate::new(404).set_body_string("<html>nothing here</html>"), ChatErrorKind::BadRequest, 1),
        (ResponseTemplate::new(200).set_body_string("<html>login</html>"), ChatErrorKind::BadResponse, 1),
        (
            ResponseTemplate::new(200).set_body_json(json!({"error": {"message": "model crashed"}})),
            ChatErrorKind::Server,
            1,
        ),
    ];
    for (index, (response, kind, requests)) in cases.into_iter().enumerate() {
        let server = serve(vec![response.clone(), response.clone(), response]).await;
        let error = complete(&server, &format!("fails-{index}")).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains("127.0.0.1"), "{error}");
        assert_eq!(bodies(&server).await.len(), requests, "{error}");
    }
}

#[tokio::test]
async fn a_stream_that_breaks_off_begins_anew_and_is_counted_once() {
    let cut = sse("data: {\"choices\":[{\"delta\":{\"content\":\"two\"}}]}\n\n");
    let good = sse(
        "data: {\"choices\":[{\"delta\":{\"content\":\"three\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
    );
    let server = serve(vec![ResponseTemplate::new(429), cut, good]).await;
    let (reply, deltas) = streamed(&server, "cut").await;
    let reply = reply.unwrap();
    assert_eq!((reply.text.as_str(), reply.usage.total()), ("three", 9));
    assert_eq!(deltas, [Delta::Text("two".into()), Delta::Restart, Delta::Text("three".into())]);
}

#[tokio::test]
async fn a_whole_reply_in_place_of_a_stream_is_taken() {
    let server = serve(vec![whole("not a stream")]).await;
    let (reply, deltas) = streamed(&server, "no-stream").await;
    assert_eq!(reply.unwrap().usage.total(), 14);
    assert_eq!(deltas, [Delta::Text("not a stream".into())]);
}

#[tokio::test]
async fn a_server_that_streams_nothing_is_asked_for_the_whole() {
    let server = serve(vec![sse(""), whole("whole")]).await;
    let (reply, deltas) = streamed(&server, "whole").await;
    assert_eq!(reply.unwrap().text, "whole");
    assert_eq!(deltas, [Delta::Text("whole".into())]);
    assert_eq!(bodies(&server).await[1]["stream"], json!(false));
}

#[tokio::test]
async fn cancelling_ends_the_wait() {
    let server = serve(vec![whole("late").set_delay(Duration::from_secs(20))]).await;
    let cancel = CancellationToken::new();
    let client = OpenAi::new(options(&server, "slow")).unwrap();
    let asked = request();
    let begin = std::time::Instant::now();
    let (reply, ()) = tokio::join!(client.complete(&asked, None, &cancel), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        cancel.cancel();
    });
    assert_eq!(reply.unwrap_err().kind, ChatErrorKind::Cancelled);
    assert!(begin.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_named() {
    let mut options = OpenAiOptions::new("m");
    options.base_url = Some("http://127.0.0.1:9/v1".into());
    options.retry.attempts = 1;
    let error = OpenAi::new(options).unwrap().complete(&request(), None, &CancellationToken::new()).await.unwrap_err();
    assert_eq!(error.kind, ChatErrorKind::Connection);
    assert!(error.message.contains("127.0.0.1:9") && error.message.contains("refused"), "{error}");
}

#[tokio::test]
async fn log_probabilities_are_summed_and_left_out_where_they_are_refused() {
    let told = ResponseTemplate::new(200).set_body_json(json!({ "choices": [{
        "message": { "content": "two cups" }, "finish_reason": "stop",
        "logprobs": { "content": [{ "token": "two", "logprob": -0.5 }, { "token": " cups", "logprob": -0.25 }] }
    }] }));
    let pieces = sse(concat!(
        "data: {\"choices\":[{\"delta\":{\"content\":\"two\"},\"logprobs\":{\"content\":[{\"logprob\":-1.5}]}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\" cups\"},\"logprobs\":{\"content\":[{\"logprob\":-0.5}]}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
    ));
    let refused = ResponseTemplate::new(400)
        .set_body_json(json!({ "error": { "message": "logprobs are not supported with reasoning models" } }));
    let server = serve(vec![told, pieces, refused, whole("two")]).await;
    let client = OpenAi::new(options(&server, "sure")).unwrap();
    let asked = ChatRequest { messages: vec![Message::user("u")], logprobs: true, ..ChatRequest::default() };
    let cancel = CancellationToken::new();

    assert_eq!(client.complete(&asked, None, &cancel).await.unwrap().logprob, Some(-0.75));
    let reply = client.complete(&asked, Some(&mut |_| ()), &cancel).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.logprob), ("two cups", Some(-2.0)));
    let reply = client.complete(&asked, None, &cancel).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.logprob), ("two", None));
    let sent: Vec<Value> = bodies(&server).await.iter().map(|body| body["logprobs"].clone()).collect();
    assert_eq!(sent, [json!(true), json!(true), json!(true), Value::Null]);
}
