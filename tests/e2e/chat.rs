//! `argus chat` with lines from a pipe, against a scripted OpenAI-compatible server. No model is needed: the tools used
//! here are classical ones, and no cards are made.

use std::{
    collections::VecDeque,
    io::Write,
    path::Path,
    process::{Child, Stdio},
    sync::Mutex,
    time::Duration,
};

use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, Respond, ResponseTemplate,
    matchers::{method, path_regex},
};

use crate::support::{Said, argus};

/// Replies in order; a request beyond them is refused.
struct Script(Mutex<VecDeque<ResponseTemplate>>);

impl Respond for Script {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        self.0
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or_else(|| ResponseTemplate::new(400).set_body_string("no reply left"))
    }
}

fn reply(text: &str) -> ResponseTemplate {
    let piece = json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]});
    let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
    ResponseTemplate::new(200)
        .set_body_raw(format!("data: {piece}\n\ndata: {end}\n\ndata: [DONE]\n\n"), "text/event-stream")
}

fn answer(text: &str) -> ResponseTemplate {
    reply(&json!({"thought": "t", "answer": text}).to_string())
}

fn crop(image: &str) -> ResponseTemplate {
    let call = json!({"thought": "c", "tool": "crop", "args": {"image": image, "region": [0, 0, 16, 12]}});
    reply(&call.to_string())
}

async fn serve(replies: Vec<ResponseTemplate>) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path_regex("/chat/completions$"))
        .respond_with(Script(Mutex::new(replies.into())))
        .mount(&server)
        .await;
    server
}

/// The tasks of all requests: the texts of their first user messages.
async fn asked(server: &MockServer) -> Vec<String> {
    let requests = server.received_requests().await.unwrap();
    let bodies = requests.iter().filter(|request| request.url.path().ends_with("/chat/completions"));
    let first = |body: Value| {
        let messages = body["messages"].as_array().unwrap().clone();
        messages.iter().find(|message| message["role"] == "user").unwrap()["content"].as_str().unwrap().to_owned()
    };
    bodies.map(|request| first(request.body_json().unwrap())).collect()
}

fn start(server: &MockServer, folder: &Path, args: &[&str]) -> Child {
    let base = format!("{}/v1", server.uri());
    let fixed = ["chat", "--llm", "openai:scripted", "--base-url", &base, "--no-cards", "--out", "made"];
    let mut command = argus(&[&fixed, args].concat());
    command.current_dir(folder).env("OPENAI_API_KEY", "test");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn talk(server: &MockServer, folder: &Path, args: &[&str], lines: &[&str]) -> Said {
    let mut child = start(server, folder, args);
    child.stdin.take().unwrap().write_all(lines.join("\n").as_bytes()).unwrap();
    child.wait_with_output().unwrap().into()
}

fn pictures() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    image::RgbImage::new(32, 24).save(folder.path().join("street.png")).unwrap();
    image::RgbImage::new(8, 6).save(folder.path().join("my cat.png")).unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn handles_commands_and_sessions_live_across_turns() {
    let folder = pictures();
    let replies =
        vec![answer("A cat."), crop("img-1"), answer("The part is img-3."), crop("img-1"), answer("It is img-3.")];
    let server = serve(replies).await;
    let said = talk(
        &server,
        folder.path(),
        &["street.png", "--session", "talk"],
        &[
            "What is in 'my cat.png'?",
            "Crop the upper left of img-1",
            "/images",
            "/show img-2",
            "/undo",
            "/images",
            "",
            "Crop it once more, from img-1",
            "/imags",
            "/save copy",
        ],
    );
    assert_eq!(said.out, "A cat.\nThe part is img-3.\nIt is img-3.\n", "{}", said.err);
    assert_eq!(said.code, 0, "{}", said.err);
    insta::assert_snapshot!("chat_stderr", without_times(&said.err));
    let tasks = asked(&server).await;
    assert!(tasks[0].contains("Task: What is in img-2?") && !tasks[0].contains("cat.png"), "{}", tasks[0]);
    assert!(tasks[3].contains("Crop it once more"), "{}", tasks[3]);
    let made = image::open(folder.path().join("made/street.img-3.crop.png")).unwrap();
    assert_eq!((made.width(), made.height()), (16, 12));
    assert!(folder.path().join("made/my-cat.img-2.original.png").exists());

    let server = serve(vec![answer("Still img-3.")]).await;
    let said = talk(
        &server,
        folder.path(),
        &["--resume", "talk", "-q"],
        &["/images", "Which one is the crop?", "/undo", "/undo"],
    );
    assert_eq!((said.code, &*said.out), (0, "Still img-3.\n"), "{}", said.err);
    assert!(said.err.contains("img-3  16 x 12  crop of img-1"), "{}", said.err);
    assert!(said.err.ends_with("taken back: Crop it once more, from img-1\nremoved: img-3\n"), "{}", said.err);
    let session = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(folder.path().join(name).join("session.json")).unwrap()).unwrap()
    };
    let counts = |value: &Value| {
        (value["memory"]["exchanges"].as_array().unwrap().len(), value["images"].as_array().unwrap().len())
    };
    assert_eq!((counts(&session("talk")), counts(&session("copy"))), ((1, 2), (2, 3)));
}

/// Progress lines tell times.
fn without_times(text: &str) -> String {
    let lines = text.lines().map(|line| match line.rfind(" (") {
        Some(at) if line.ends_with(" s)") => &line[..at],
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_does_not_end_the_chat() {
    let folder = pictures();
    let refused = ResponseTemplate::new(401).set_body_json(json!({"error": {"message": "who are you"}}));
    let server = serve(vec![refused, answer("Hello.")]).await;
    let lines = ["Hi", "/add nowhere.png", "/load nowhere", "/show img-7", "Is it street.png?", "/quit", "Never asked"];
    let said = talk(&server, folder.path(), &["-q"], &lines);
    assert_eq!((said.code, &*said.out), (0, "Hello.\n"), "{}", said.err);
    for words in
        ["who are you", "the picture nowhere.png cannot be used", "nowhere/session.json cannot be read", "img-7"]
    {
        assert!(said.err.contains(words), "{words}: {}", said.err);
    }
    assert_eq!(talk(&server, folder.path(), &["-q"], &["Hi"]).code, 1, "the last turn failed");
    let said = talk(&server, folder.path(), &["-"], &[]);
    assert_eq!(said.code, 2, "{}", said.err);
}

/// Ctrl-C ends the turn under way and nothing else.
#[tokio::test(flavor = "multi_thread")]
#[cfg(unix)]
async fn ctrl_c_cancels_the_turn_only() {
    let folder = pictures();
    let server = serve(vec![answer("Never.").set_delay(Duration::from_mins(1)), answer("Here I am.")]).await;
    let mut child = start(&server, folder.path(), &["street.png"]);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"Take your time\n").unwrap();
    while asked(&server).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let interrupted = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    stdin.write_all(b"Are you there?\n").unwrap();
    drop(stdin);
    let said: Said = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap().into();
    assert_eq!((said.code, &*said.out), (0, "Here I am.\n"), "{}", said.err);
    assert!(said.err.contains("cancelled"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_not_overwritten() {
    let folder = pictures();
    let server = serve(vec![answer("Hello.")]).await;
    assert_eq!(talk(&server, folder.path(), &["--session", "talk", "-q"], &["Hi"]).code, 0);
    let said = talk(&server, folder.path(), &["--session", "talk"], &["Hi"]);
    assert_eq!(said.code, 2);
    assert_eq!(
        said.err,
        "error: talk holds a session already\nhint: go on with it by --resume talk, or name another folder\n"
    );
    let said = talk(&server, folder.path(), &["--resume", "nowhere"], &["Hi"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("nowhere/session.json cannot be read"), "{}", said.err);
}
