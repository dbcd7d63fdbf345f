//! The program against an endpoint that always says the same.
#![expect(clippy::unwrap_used, reason = "a test fails where its set-up does")]

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

/// The program, undisturbed by the caller's settings.
fn eval(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_argus-eval"));
    let own = |name: &str| (name.starts_with("ARGUS_") && name != "ARGUS_HOME") || name.starts_with("OPENAI_");
    for (name, _) in std::env::vars().filter(|(name, _)| own(name)) {
        command.env_remove(name);
    }
    let folder = std::env::temp_dir();
    command.args(args).env("XDG_CONFIG_HOME", folder.join("argus-no-config")).env("NO_COLOR", "1").current_dir(folder);
    // What a tool needs and is not there is left out; nothing is asked of the hub.
    command.env("HF_HUB_OFFLINE", "1");
    command
}

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

fn run(args: &[&str]) -> Said {
    eval(args).output().unwrap().into()
}

#[test]
fn lists_the_shipped_cases() {
    let said = run(&["--list", "--filter", "receipt-cafe"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.lines().count() >= 2 && said.out.lines().all(|line| line.contains("receipt")), "{}", said.out);
    let said = run(&["--list", "--filter", "nonsense"]);
    assert_eq!((said.code, said.err.contains("no case is left to run")), (Some(2), true), "{}", said.err);
    let said = run(&["chess"]);
    assert_eq!((said.code, said.err.contains("is no set of cases")), (Some(2), true), "{}", said.err);
}

#[test]
fn a_wrong_case_file_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "own.jsonl", "{\"id\": 1}\n");
    let said = run(&[&path]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("own.jsonl, line 1: invalid type"), "{}", said.err);
}

/// An endpoint that says "Paris." to everything; it lives as long as both.
fn endpoint() -> (Runtime, MockServer) {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(MockServer::start());
    let reply = json!({"thought": "known", "answer": "Paris."}).to_string();
    let chunk = json!({"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m",
        "choices": [{"index": 0, "delta": {"role": "assistant", "content": reply}, "finish_reason": "stop"}]});
    let body = format!("data: {chunk}\n\ndata: [DONE]\n\n");
    let template = ResponseTemplate::new(200).set_body_raw(body, "text/event-stream");
    runtime.block_on(Mock::given(method("POST")).respond_with(template).mount(&server));
    (runtime, server)
}

#[test]
fn scores_an_endpoint() {
    let (_runtime, server) = endpoint();
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        json!({"id": "right", "kind": "chat", "task": "What is the capital of France?", "expect": {"all": ["paris"], "no_tools": true}, "tools": []}),
        json!({"id": "wrong", "kind": "chat", "task": "What is the capital of Spain?", "expect": {"all": ["madrid"]}}),
    ];
    let path = write(folder.path(), "own.jsonl", &cases.map(|case| case.to_string()).join("\n"));
    let out = folder.path().join("out");
    let url = format!("{}/v1", server.uri());
    let common = [&*path, "--llm", "openai:m", "--base-url", &url, "--out", out.to_str().unwrap()];
    let said: Said = eval(&common).args(["--json", "-"]).env("OPENAI_API_KEY", "none").output().unwrap().into();
    assert_eq!(said.code, Some(0), "{}", said.err);
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&report["overall"]["runs"], &report["overall"]["right"]), (&json!(2), &json!(1)), "{report:#}");
    assert_eq!(report["results"][1]["why"], json!(["it does not say \"madrid\""]));
    assert!(Path::new(report["results"][1]["trace"].as_str().unwrap()).is_file());
    let earlier = out.join("report.json");
    let said: Said = eval(&common)
        .args(["--baseline", earlier.to_str().unwrap()])
        .env("OPENAI_API_KEY", "none")
        .output()
        .unwrap()
        .into();
    assert!(said.out.contains("2 cases: 50.0 % right before, 50.0 % now"), "{}{}", said.out, said.err);
    assert!(said.err.contains("1/2 right") && said.err.contains("2/2 wrong"), "{}", said.err);
}

/// A case without its shared picture is skipped and counted; without any case left, the folder is asked for.
#[test]
fn says_what_was_skipped() {
    let (_runtime, server) = endpoint();
    let folder = tempfile::tempdir().unwrap();
    let case = |id: &str, images: &[&str]| {
        let task = "What is the capital of France?";
        json!({"id": id, "kind": "chat", "images": images, "task": task, "expect": {"all": ["paris"]}}).to_string()
    };
    let absent = case("absent", &["shared:images/gone.jpg"]);
    let both = write(folder.path(), "both.jsonl", &[case("present", &[]), absent.clone()].join("\n"));
    let json = folder.path().join("report.json");
    let url = format!("{}/v1", server.uri());
    let said: Said = eval(&[&both, "--llm", "openai:m", "--base-url", &url, "--json", json.to_str().unwrap()])
        .env("OPENAI_API_KEY", "none")
        .env("ARGUS_SHARED", folder.path())
        .output()
        .unwrap()
        .into();
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("cases skipped, as their shared pictures are not here: 1\n"), "{}", said.out);
    let report: Value = serde_json::from_str(&fs_err::read_to_string(json).unwrap()).unwrap();
    assert_eq!((&report["skipped"], &report["overall"]["right"]), (&json!(1), &json!(1)), "{report:#}");
    let none = write(folder.path(), "none.jsonl", &absent);
    let said = run(&[&none, "--shared", folder.path().to_str().unwrap()]);
    assert_eq!((said.code, said.err.contains("--shared")), (Some(2), true), "{}", said.err);
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs_err::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}
