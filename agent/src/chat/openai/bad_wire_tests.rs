//! What servers send that they should not, and what networks do to it.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use super::*;
use crate::chat::{
    Finish,
    http::loopback::{Answer, Loopback},
};

const GOOD: &str = concat!(
    "data: {\"choices\":[{\"delta\":{\"content\":\"två koppar ☕\"}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"x\",\"function\":{\"name\":\"läs\",\"arguments\":\"{\\\"a\\\":\"}}]}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\\\"é\\\"}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\n",
    "data: [DONE]\n\n",
);

fn client(server: &Loopback) -> OpenAi {
    let retry = Retry { attempts: 3, first_wait: Duration::from_millis(2), longest_wait: Duration::from_secs(2) };
    let base_url = Some(server.url("/v1"));
    OpenAi::new(OpenAiOptions { base_url, api_key: Some("k".into()), retry, ..OpenAiOptions::new("bad") }).unwrap()
}

async fn ask(answers: Vec<Answer>, stream: bool) -> (Result<ChatReply, ChatError>, Vec<Delta>, usize) {
    let server = Loopback::serve(answers).await;
    let (reply, deltas) = ask_of(&client(&server), stream).await;
    (reply, deltas, server.received().len())
}

async fn ask_of(client: &OpenAi, stream: bool) -> (Result<ChatReply, ChatError>, Vec<Delta>) {
    let request = ChatRequest { messages: vec![Message::user("u")], ..ChatRequest::default() };
    let mut deltas = Vec::new();
    let mut keep = |delta| deltas.push(delta);
    let on_delta: OnDelta<'_> = if stream { Some(&mut keep) } else { None };
    let reply = client.complete(&request, on_delta, &CancellationToken::new()).await;
    (reply, deltas)
}

fn is_good(reply: Result<ChatReply, ChatError>) {
    let reply = reply.unwrap();
    assert_eq!((reply.text.as_str(), reply.usage.total(), reply.finish), ("två koppar ☕", 9, Finish::Stop));
    assert_eq!(reply.tool_calls.len(), 1);
    let call = &reply.tool_calls[0];
    assert_eq!((call.id.as_str(), call.name.as_str(), call.arguments.as_str()), ("x", "läs", "{\"a\":\"é\"}"));
}

#[tokio::test]
async fn split_at_any_byte() {
    for body in [GOOD.to_owned(), GOOD.replace('\n', "\r\n")] {
        let answers = (1..body.len()).map(|offset| Answer::sse(body.as_str()).split_at(&[offset]));
        let server = Loopback::serve(answers.collect()).await;
        let client = client(&server);
        for offset in 1..body.len() {
            is_good(ask_of(&client, true).await.0);
            assert_eq!(server.received().len(), offset, "split at {offset}, it took another attempt");
        }
        is_good(ask(vec![Answer::sse(body.as_str()).split_every(1)], true).await.0);
    }
}

#[tokio::test]
async fn comments_and_a_missing_end() {
    let busy = GOOD.replace("data: {", ": OPENROUTER PROCESSING\n\nevent: keepalive\n\n: ping\n\ndata: {");
    is_good(ask(vec![Answer::sse(busy)], true).await.0);
    is_good(ask(vec![Answer::sse(GOOD.replace("data: [DONE]\n\n", ""))], true).await.0);
    is_good(ask(vec![Answer::sse(GOOD.replace("\n\ndata: [DONE]\n\n", ""))], true).await.0);
}

#[tokio::test]
async fn wrong_content_types() {
    is_good(ask(vec![Answer::new(200, "text/plain", GOOD)], true).await.0);
    is_good(ask(vec![Answer::new(200, "application/json", GOOD)], true).await.0);
    let whole = json!({ "choices": [{ "message": { "content": "två koppar ☕", "tool_calls": [
        { "id": "x", "function": { "name": "läs", "arguments": "{\"a\":\"é\"}" } }] }, "finish_reason": "tool_calls" }],
        "usage": { "prompt_tokens": 7, "completion_tokens": 2 } });
    let pretty = serde_json::to_string_pretty(&whole).unwrap();
    let (reply, deltas, requests) = ask(vec![Answer::sse(pretty.as_str()).split_every(7)], true).await;
    is_good(reply);
    assert_eq!((deltas.len(), requests), (2, 1));
    is_good(ask(vec![Answer::new(200, "text/html", pretty)], false).await.0);
}

#[tokio::test]
async fn empty_replies() {
    let (reply, _, requests) = ask(vec![Answer::json(&json!({ "choices": [] }))], false).await;
    let error = reply.unwrap_err();
    assert_eq!((error.kind, requests), (ChatErrorKind::BadResponse, 1));
    let (reply, ..) = ask(vec![Answer::new(200, "application/json", "")], false).await;
    assert_eq!(reply.unwrap_err().kind, ChatErrorKind::BadResponse);
    // Without a stream the whole is asked for; that being empty too is the end.
    let (reply, deltas, requests) = ask(vec![Answer::sse(""), Answer::new(200, "application/json", "")], true).await;
    assert_eq!((reply.unwrap_err().kind, deltas.len(), requests), (ChatErrorKind::BadResponse, 0, 2));
    let nothing = json!({ "choices": [{ "message": { "content": null }, "finish_reason": "stop" }] });
    assert_eq!(ask(vec![Answer::json(&nothing)], false).await.0.unwrap().text, "");
}

#[tokio::test]
async fn a_stream_cut_anywhere_is_asked_again_and_counted_once() {
    let end = GOOD.find("\"finish_reason\"").unwrap();
    for offset in (1..end).step_by(23).filter(|offset| GOOD.is_char_boundary(*offset)) {
        for answer in [Answer::sse(&GOOD[..offset]).cut(), Answer::sse(&GOOD[..offset])] {
            let (reply, deltas, requests) = ask(vec![answer, Answer::sse(GOOD)], true).await;
            is_good(reply);
            assert_eq!(requests, 2, "offset {offset}");
            let restarts = deltas.iter().filter(|delta| **delta == Delta::Restart).count();
            assert_eq!(restarts, usize::from(deltas.len() > 4), "offset {offset}: {deltas:?}");
        }
    }
    let cut = || Answer::sse(&GOOD[..80]).cut();
    let (reply, _, requests) = ask(vec![cut(), cut(), cut(), cut()], true).await;
    let error = reply.unwrap_err();
    assert_eq!((error.kind, requests), (ChatErrorKind::Connection, 3));
    assert!(error.message.ends_with("(after 3 attempts)"), "{error}");
}

#[tokio::test]
async fn a_refusal_a_cut_stream_and_a_reply_are_one_reply() {
    let busy =
        Answer::new(429, "application/json", "{\"error\":{\"message\":\"slow down\"}}").header("retry-after", "0");
    let usage = GOOD.find("data: [DONE]").unwrap();
    // The failed attempt has told its usage before the break, and still does not count.
    let early = GOOD
        .replace(",\"finish_reason\":\"tool_calls\"", "")
        .replace("\"choices\":[],", "\"choices\":[{\"delta\":{}}],");
    let cut = Answer::sse(&early[..usage.min(early.len())]).cut();
    let (reply, deltas, requests) = ask(vec![busy, cut, Answer::sse(GOOD)], true).await;
    is_good(reply);
    assert_eq!(requests, 3);
    assert_eq!(deltas.iter().filter(|delta| **delta == Delta::Restart).count(), 1, "{deltas:?}");
}

#[tokio::test]
async fn silence_is_not_waited_for() {
    let server = Loopback::serve(vec![
        Answer::sse(GOOD).after(Duration::from_millis(900)),
        Answer::sse(GOOD).split_at(&[70]).stalling(Duration::from_millis(900)),
        Answer::sse(GOOD),
        Answer::sse(GOOD).after(Duration::from_millis(900)),
    ])
    .await;
    let with = |attempts| {
        let retry = Retry { attempts, first_wait: Duration::from_millis(2), longest_wait: Duration::from_secs(2) };
        let (base_url, idle_limit) = (Some(server.url("/v1")), Duration::from_millis(150));
        let options =
            OpenAiOptions { base_url, api_key: Some("k".into()), retry, idle_limit, ..OpenAiOptions::new("silent") };
        OpenAi::new(options).unwrap()
    };
    is_good(ask_of(&with(3), true).await.0);
    assert_eq!(server.chats().len(), 3);
    assert_eq!(ask_of(&with(1), true).await.0.unwrap_err().kind, ChatErrorKind::Timeout);
}

#[tokio::test]
async fn pages_instead_of_replies() {
    const PAGE: &str = "<!DOCTYPE html>\n<html><body>Sign in to\n the portal</body></html>";
    for stream in [true, false] {
        let (reply, _, requests) = ask(vec![Answer::new(200, "text/html", PAGE)], stream).await;
        let error = reply.unwrap_err();
        assert_eq!((error.kind, requests), (ChatErrorKind::BadResponse, 1));
        assert!(error.message.contains("Sign in to the portal") && error.hint.is_some(), "{error}");
        let bad_gateway = || Answer::new(502, "text/html", PAGE.replace("Sign in", "502 Bad Gateway"));
        let good = Answer::json(&json!({ "choices": [{ "message": { "content": "2" } }] }));
        let (reply, _, requests) = ask(vec![bad_gateway(), good], stream).await;
        assert_eq!((reply.unwrap().text.as_str(), requests), ("2", 2));
        let error = ask(vec![bad_gateway(), bad_gateway(), bad_gateway()], stream).await.0.unwrap_err();
        assert_eq!((error.kind, error.status), (ChatErrorKind::Server, Some(502)));
        assert!(error.message.contains("502 Bad Gateway"), "{error}");
    }
}

#[tokio::test]
async fn errors_inside_a_stream() {
    let failing = |error: &str| {
        Answer::sse(format!(
            "data: {{\"choices\":[{{\"delta\":{{\"content\":\"a\"}}}}]}}\n\ndata: {{\"error\":{error}}}\n\n"
        ))
    };
    let (reply, deltas, requests) =
        ask(vec![failing("{\"message\":\"overloaded\",\"type\":\"server_error\"}"), Answer::sse(GOOD)], true).await;
    is_good(reply);
    assert_eq!((&deltas[1], requests), (&Delta::Restart, 2));
    let (reply, _, requests) = ask(vec![failing("{\"message\":\"CUDA error\"}")], true).await;
    let error = reply.unwrap_err();
    assert_eq!((error.kind, requests), (ChatErrorKind::Server, 1));
    assert!(error.message.contains("CUDA error"));
    let (reply, ..) =
        ask(vec![failing("{\"code\":400,\"message\":\"the request exceeds the available context size\"}")], true).await;
    assert_eq!(reply.unwrap_err().kind, ChatErrorKind::ContextLength);
    let (reply, ..) = ask(vec![failing("\"broken\"")], true).await;
    assert!(reply.unwrap_err().message.contains("broken"));
}

#[tokio::test]
async fn arguments_cut_by_the_token_limit() {
    let body =
        GOOD.replace("\\\"é\\\"}", "\\\"é").replace("\"finish_reason\":\"tool_calls\"", "\"finish_reason\":\"length\"");
    let reply = ask(vec![Answer::sse(body)], true).await.0.unwrap();
    assert_eq!((reply.finish, reply.tool_calls[0].arguments.as_str()), (Finish::Length, "{\"a\":\"é"));
}

#[tokio::test]
async fn no_other_refusal_is_tried_again() {
    for status in [400, 401, 403, 404, 405, 409, 413, 422, 501] {
        let answer = || Answer::new(status, "text/plain", "no").header("retry-after", "0");
        let (reply, _, requests) = ask(vec![answer(), answer()], true).await;
        assert_eq!((reply.unwrap_err().status, requests), (Some(status), 1));
    }
    let date = Answer::new(429, "text/plain", "later").header("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT");
    is_good(ask(vec![date, Answer::sse(GOOD)], true).await.0);
}
