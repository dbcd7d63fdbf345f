//! `argus eval` against an endpoint that always says the same.

use std::{io::Write, path::Path};

use serde_json::{Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

use crate::support::{argus, run};

#[test]
fn lists_the_shipped_cases() {
    let said = run(&["eval", "--list", "--filter", "receipt-cafe"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.lines().count() >= 2 && said.out.lines().all(|line| line.contains("receipt")), "{}", said.out);
    let said = run(&["eval", "--list", "--filter", "nonsense"]);
    assert_eq!((said.code, said.err.contains("no case is left to run")), (2, true), "{}", said.err);
    let said = run(&["eval", "--tasks", "chess"]);
    assert_eq!((said.code, said.err.contains("is no set of cases")), (2, true), "{}", said.err);
}

#[test]
fn a_wrong_case_file_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "own.jsonl", "{\"id\": 1}\n");
    let said = run(&["eval", &path]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("own.jsonl, line 1: invalid type"), "{}", said.err);
}

#[test]
fn scores_an_endpoint() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(MockServer::start());
    let reply = json!({"thought": "known", "answer": "Paris."}).to_string();
    let chunk = json!({"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m",
        "choices": [{"index": 0, "delta": {"role": "assistant", "content": reply}, "finish_reason": "stop"}]});
    let body = format!("data: {chunk}\n\ndata: [DONE]\n\n");
    let template = ResponseTemplate::new(200).set_body_raw(body, "text/event-stream");
    runtime.block_on(Mock::given(method("POST")).respond_with(template).mount(&server));
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        json!({"id": "right", "kind": "chat", "task": "What is the capital of France?", "expect": {"all": ["paris"], "no_tools": true}, "tools": []}),
        json!({"id": "wrong", "kind": "chat", "task": "What is the capital of Spain?", "expect": {"all": ["madrid"]}}),
    ];
    let path = write(folder.path(), "own.jsonl", &cases.map(|case| case.to_string()).join("\n"));
    let out = folder.path().join("out");
    let url = format!("{}/v1", server.uri());
    let common = ["eval", &path, "--llm", "openai:m", "--base-url", &url, "--out", out.to_str().unwrap()];
    let said: crate::support::Said =
        argus(&common).arg("--json").env("OPENAI_API_KEY", "none").output().unwrap().into();
    assert_eq!(said.code, 0, "{}", said.err);
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&report["overall"]["runs"], &report["overall"]["right"]), (&json!(2), &json!(1)), "{report:#}");
    assert_eq!(report["results"][1]["why"], json!(["it does not say \"madrid\""]));
    assert!(Path::new(report["results"][1]["trace"].as_str().unwrap()).is_file());
    let earlier = out.join("report.json");
    let said: crate::support::Said = argus(&common)
        .args(["--baseline", earlier.to_str().unwrap()])
        .env("OPENAI_API_KEY", "none")
        .output()
        .unwrap()
        .into();
    assert!(said.out.contains("2 cases: 50.0 % right before, 50.0 % now"), "{}{}", said.out, said.err);
    assert!(said.err.contains("1/2 right") && said.err.contains("2/2 wrong"), "{}", said.err);
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
    path.to_str().unwrap().to_owned()
}
