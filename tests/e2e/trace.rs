//! Traces of the program: written by `ask`, shown, as a page, replayed. The LLM is a scripted endpoint, and the tools need
//! no model.

use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use image::{Rgb, RgbImage};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{method, path},
};

use crate::support::{Said, argus};

const REPLIES: [&str; 3] = [
    r#"{"thought":"crop the corner","tool":"crop","args":{"image":"img-1","region":[0,0,40,30]}}"#,
    r#"{"thought":"the area","tool":"calculate","args":{"expression":"40 * 30"}}"#,
    r#"{"thought":"done","answer":"img-2 has 1200 pixels <script>."}"#,
];

/// An endpoint that streams the replies in order.
async fn endpoint() -> MockServer {
    let server = MockServer::start().await;
    let asked = AtomicUsize::new(0);
    let answer = move |_: &Request| {
        let text = REPLIES[asked.fetch_add(1, Ordering::SeqCst).min(REPLIES.len() - 1)];
        let chunk = |delta: Value, finish: Value, usage: Value| {
            let choices = if usage.is_null() {
                json!([{"index": 0, "delta": delta, "finish_reason": finish}])
            } else {
                json!([])
            };
            let chunk = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                "choices": choices, "usage": usage});
            format!("data: {chunk}\n\n")
        };
        let usage = json!({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120});
        let body = chunk(json!({"role": "assistant", "content": text}), Value::Null, Value::Null)
            + &chunk(json!({}), json!("stop"), Value::Null)
            + &chunk(json!({}), Value::Null, usage)
            + "data: [DONE]\n\n";
        ResponseTemplate::new(200).set_body_raw(body, "text/event-stream")
    };
    Mock::given(method("POST")).and(path("/v1/chat/completions")).respond_with(answer).mount(&server).await;
    server
}

/// Runs the program in a folder, off the server's threads.
async fn run_in(folder: &Path, args: &[&str]) -> Said {
    let mut command = argus(args);
    command.current_dir(folder).env("OPENAI_API_KEY", "test").env("COLUMNS", "100");
    tokio::task::spawn_blocking(move || command.output().unwrap().into()).await.unwrap()
}

/// Records the scripted run as `run.jsonl`.
async fn record(folder: &Path) {
    RgbImage::from_pixel(80, 60, Rgb([200, 30, 30])).save(folder.join("red.png")).unwrap();
    let server = endpoint().await;
    let said = run_in(
        folder,
        &[
            "ask",
            "Crop the top left corner. How many pixels has it?",
            "red.png",
            "--llm",
            "openai:scripted",
            "--base-url",
            &format!("{}/v1", server.uri()),
            "--no-cards",
            "--tools",
            "crop,calculate",
            "--trace",
            "run",
        ],
    )
    .await;
    assert_eq!((said.code, said.out.trim()), (0, "img-2 has 1200 pixels <script>."), "{}", said.err);
    assert!(said.err.contains("trace: run.jsonl"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_is_written_shown_and_made_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    record(folder).await;
    let made = image::open(folder.join("run.files/img-2.png")).unwrap();
    assert_eq!((made.width(), made.height()), (40, 30));
    let shown = run_in(folder, &["trace", "show", "run.jsonl"]).await;
    assert_eq!((shown.code, shown.err.as_str()), (0, ""));
    insta::with_settings!({filters => vec![(r"\d+(\.\d+)? m?s\b", "[time]")]}, {
        insta::assert_snapshot!("show", shown.out);
    });
    let step = run_in(folder, &["trace", "show", "run.jsonl", "--step", "2"]).await;
    assert!(step.out.contains("── system ──") && step.out.contains("40 * 30"), "{}", step.out);
    let step = run_in(folder, &["trace", "show", "run.jsonl", "--step", "9"]).await;
    assert_eq!(step.code, 2);
    assert!(step.err.contains("the run has no step 9") && step.err.contains("its steps are 1, 2, 3"), "{}", step.err);
    let view = run_in(folder, &["trace", "show", "run.jsonl", "--json"]).await;
    let view: Value = serde_json::from_str(&view.out).unwrap();
    assert_eq!(view["runs"][0]["usage"], json!({"prompt_tokens": 300, "completion_tokens": 60}));
    assert_eq!(view["runs"][0]["steps"][0]["calls"][0]["made"], json!(["img-2"]));
    let page = run_in(folder, &["trace", "html", "run.jsonl"]).await;
    assert_eq!((page.code, page.out.trim()), (0, "run.html"), "{}", page.err);
    let page = std::fs::read_to_string(folder.join("run.html")).unwrap();
    assert!(page.contains("img-2 has 1200 pixels &lt;script&gt;.") && !page.contains("<script"));
    assert_eq!(page.matches("src=\"data:image/png;base64,").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_needs_no_endpoint_and_gives_the_same_answer() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    record(folder).await;
    let again = run_in(folder, &["trace", "replay", "run.jsonl", "--strict"]).await;
    assert_eq!((again.code, again.out.trim()), (0, "img-2 has 1200 pixels <script>."), "{}", again.err);
    assert!(again.err.contains("the answer is the recorded one"), "{}", again.err);
    let live = run_in(folder, &["trace", "replay", "run.jsonl", "--tools", "live", "--json", "--out", "made"]).await;
    let live: Value = serde_json::from_str(&live.out).unwrap();
    assert_eq!(live["replay"], json!({"same_answer": true, "recorded_answer": live["answer"], "differences": []}));
    assert!(folder.join(live["images"][1]["path"].as_str().unwrap()).exists());
    // Another task makes other prompts.
    let text = std::fs::read_to_string(folder.join("run.jsonl")).unwrap();
    let changed = text.replacen("Crop the top left corner.", "Crop the top right corner.", 1);
    std::fs::write(folder.join("run.jsonl"), changed).unwrap();
    let loose = run_in(folder, &["trace", "replay", "run.jsonl"]).await;
    assert_eq!(loose.code, 0);
    assert!(loose.err.contains("the prompt of step 1 differs from the recorded one in message 2"), "{}", loose.err);
    let strict = run_in(folder, &["trace", "replay", "run.jsonl", "--strict"]).await;
    assert_eq!(strict.code, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_trace_is_neither_read_nor_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("diary.txt"), "Dear diary\n").unwrap();
    for args in [
        &["trace", "show", "diary.txt"][..],
        &["trace", "html", "diary.txt"],
        &["trace", "replay", "diary.txt"],
        &["ask", "What?", "--llm", "openai:m", "--trace", "diary.txt"],
    ] {
        let said = run_in(folder, args).await;
        assert_eq!(said.code, 2, "{args:?}: {}", said.err);
        assert!(said.err.contains("diary.txt is no trace: line 1 is no JSON"), "{}", said.err);
    }
    assert_eq!(std::fs::read_to_string(folder.join("diary.txt")).unwrap(), "Dear diary\n");
    let said = run_in(folder, &["trace", "show", "none.jsonl"]).await;
    assert_eq!(said.code, 1);
    assert!(said.err.contains("the trace none.jsonl cannot be read"), "{}", said.err);
}
