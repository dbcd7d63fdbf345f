//! What servers say of themselves, and counting with theirs.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_json, header, method, path},
};

use super::*;

fn client(server: &MockServer, model: &str) -> OpenAi {
    let base_url = Some(format!("{}/v1", server.uri()));
    OpenAi::new(OpenAiOptions { base_url, api_key: Some("k".into()), ..OpenAiOptions::new(model) }).unwrap()
}

async fn get(server: &MockServer, at: &str, body: Value) {
    Mock::given(method("GET"))
        .and(path(at))
        .and(header("authorization", "Bearer k"))
        .respond_with(ResponseTemplate::new(200).set_body_json(body))
        .mount(server)
        .await;
}

async fn post(server: &MockServer, at: &str, asked: Value, body: Value) {
    let answer = ResponseTemplate::new(200).set_body_json(body);
    Mock::given(method("POST")).and(path(at)).and(body_json(asked)).respond_with(answer).mount(server).await;
}

async fn probed(server: &MockServer, model: &str) -> (bool, Option<u32>) {
    let found = client(server, model).probe(&CancellationToken::new()).await;
    (found.native_tools, found.context_tokens)
}

#[tokio::test]
async fn llama_server_tells_its_context_and_counts() {
    let server = MockServer::start().await;
    get(
        &server,
        "/props",
        json!({ "default_generation_settings": { "n_ctx": 8192 }, "chat_template_caps": { "supports_tool_calls": false } }),
    )
    .await;
    get(&server, "/v1/models", json!({ "data": [{ "id": "m", "meta": { "n_ctx_train": 32768 } }] })).await;
    let messages = json!([{ "role": "user", "content": "hi" }]);
    post(&server, "/apply-template", json!({ "messages": messages }), json!({ "prompt": "<user>hi" })).await;
    let text = json!({ "content": "<user>hi", "add_special": true, "parse_special": true });
    post(&server, "/tokenize", text, json!({ "tokens": [1, 2, 3] })).await;
    assert_eq!(probed(&server, "m").await, (false, Some(8192)));
    let client = client(&server, "m");
    assert_eq!(client.capabilities().context_tokens, Some(8192), "what was found is known without asking");
    let asked = server.received_requests().await.unwrap().len();
    client.probe(&CancellationToken::new()).await;
    assert_eq!(server.received_requests().await.unwrap().len(), asked, "asked once");
    assert_eq!(client.count_tokens(&[Message::user("hi")], &CancellationToken::new()).await, Some(3));
}

#[tokio::test]
async fn ollama_tells_of_tools_and_its_short_context() {
    let server = MockServer::start().await;
    let info = json!({ "general.architecture": "qwen3", "qwen3.context_length": 40960 });
    let show = json!({ "capabilities": ["completion", "tools"], "model_info": info, "parameters": "stop \"x\"\nnum_ctx    16384" });
    post(&server, "/api/show", json!({ "model": "set" }), show).await;
    let show = json!({ "capabilities": ["completion"], "model_info": info });
    post(&server, "/api/show", json!({ "model": "plain" }), show).await;
    assert_eq!(probed(&server, "set").await, (true, Some(16384)));
    assert_eq!(probed(&server, "plain").await, (false, Some(4096)));
    let count = client(&server, "set").count_tokens(&[Message::user("hi")], &CancellationToken::new()).await;
    assert_eq!(count, None);
}

#[tokio::test]
async fn lists_of_models_tell_of_the_context() {
    let server = MockServer::start().await;
    get(
        &server,
        "/v1/models",
        json!({ "data": [{ "id": "a", "max_model_len": 4096 }, { "id": "b", "context_window": 131_072 }] }),
    )
    .await;
    assert_eq!(probed(&server, "a").await, (true, Some(4096)));
    assert_eq!(probed(&server, "b").await, (true, Some(131_072)));
    assert_eq!(probed(&server, "c").await, (true, None));
    let studio = MockServer::start().await;
    let entry = json!({ "id": "a", "max_context_length": 32768, "loaded_context_length": 4096, "capabilities": [] });
    get(&studio, "/v1/models", json!({ "data": [{ "id": "a" }] })).await;
    get(&studio, "/api/v0/models", json!({ "data": [entry] })).await;
    assert_eq!(probed(&studio, "a").await, (false, Some(4096)));
}

#[tokio::test]
async fn what_cannot_be_asked_stays_as_assumed() {
    let server = MockServer::start().await;
    assert_eq!(probed(&server, "silent").await, (true, None));
    for (at, body) in [("/props", "<html>"), ("/v1/models", "[]"), ("/api/v0/models", "{\"data\":{}}")] {
        let answer = ResponseTemplate::new(200).set_body_string(body);
        Mock::given(method("GET")).and(path(at)).respond_with(answer).mount(&server).await;
    }
    assert_eq!(probed(&server, "strange").await, (true, None));
    let options = OpenAiOptions { base_url: Some("http://127.0.0.1:9/v1".into()), ..OpenAiOptions::new("gone") };
    assert_eq!(OpenAi::new(options).unwrap().probe(&CancellationToken::new()).await.context_tokens, None);
}
