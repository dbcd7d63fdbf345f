//! Batches on scripted models.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use argus_agent::{Agent, Outcome, StopReason, chat::scripted::Scripted};
use argus_tools::{image::ImageStore, onnx::NoModels, tool::ToolCx};
use async_trait::async_trait;
use indexmap::IndexMap;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{case, scene};
use crate::{AgentFactory, Case, CaseResult, Report, Runner, Session, compare};

/// Gives each run the next script; where there is none, it panics as a faulty tool would.
struct Scripts(Mutex<VecDeque<Scripted>>);

#[async_trait]
impl AgentFactory for Scripts {
    async fn agent(&self, case: &Case, session: Session) -> Result<Agent, String> {
        if case.id == "no-picture" {
            return Err("the picture cannot be used".into());
        }
        let script = self.0.lock().unwrap().pop_front().unwrap();
        let mut cx = ToolCx::new(ImageStore::new(), Arc::new(NoModels));
        cx.cancel = session.cancel;
        scene::enter(&cx);
        let toolbox = case.toolbox.as_ref().map_or_else(scene::toolbox, |make| make());
        let agent = Agent::builder().chat(Arc::new(script)).toolbox(toolbox).cx(cx).events(session.events);
        agent.build().map_err(|error| error.to_string())
    }
}

pub(super) fn runner(scripts: impl IntoIterator<Item = Scripted>) -> Runner {
    Runner {
        factory: Arc::new(Scripts(Mutex::new(scripts.into_iter().collect()))),
        runs: 1,
        cancel: CancellationToken::new(),
        out: None,
    }
}

fn answer(text: &str) -> Scripted {
    Scripted::replies([json!({"thought": "t", "answer": text}).to_string()])
}

#[tokio::test]
async fn a_batch_survives_whatever_a_case_does() {
    let folder = tempfile::tempdir().unwrap();
    let mut measured = case("width", "size", "How wide is the bus?", json!({"number": 320}));
    measured.tools = Some(vec!["size".into()]);
    let cases = vec![
        measured,
        case("wrong", "count", "How many people are there?", json!({"number": 2})),
        case("no-picture", "count", "How many?", json!({"number": 2})),
        case("broken", "count", "How many?", json!({"number": 2})),
        case("model-gone", "read", "What does it say?", json!({"all": ["route 42"]})),
        case("panic", "read", "What does it say?", json!({"all": ["route 42"]})),
    ];
    let scripts = [
        Scripted::replies([
            r#"{"thought":"t","tool":"detect","args":{"labels":["bus"]}}"#,
            r#"{"thought":"t","tool":"size","args":{"of":"bus"}}"#,
            r#"{"thought":"t","answer":"It is 320 pixels wide."}"#,
        ]),
        answer("There is one person."),
        Scripted::replies(["???"; 9]),
        Scripted::new(),
    ];
    let mut runner = runner(scripts);
    runner.out = Some(folder.path().join("kept"));
    let mut seen = Vec::new();
    let results = runner.run(cases, |result| seen.push(result.id.clone())).await;
    assert_eq!(seen, ["width", "wrong", "no-picture", "broken", "model-gone", "panic"]);
    let first = &results[0];
    assert!(first.success, "{first:?}");
    assert_eq!(first.called, ["detect", "size"]);
    let tools = first.tools.unwrap();
    assert!((tools.precision() - 0.5).abs() < 1e-9 && (tools.recall() - 1.0).abs() < 1e-9);
    assert!(first.trace.is_none() && first.prompt_tokens == 30 && first.steps == 3, "{first:?}");
    assert_eq!(results[1].why, ["it does not give the number 2"]);
    let kept: Outcome =
        serde_json::from_str(&fs_err::read_to_string(results[1].trace.as_ref().unwrap()).unwrap()).unwrap();
    assert_eq!(kept.answer.as_deref(), Some("There is one person."));
    assert_eq!(results[2].error.as_deref(), Some("the picture cannot be used"));
    assert!(!results[3].success && results[3].repairs > 0, "{:?}", results[3]);
    assert!(results[4].error.as_ref().unwrap().contains("no reply left"), "{:?}", results[4]);
    assert!(results[5].error.as_ref().unwrap().starts_with("the run ended badly"), "{:?}", results[5]);
    assert!(results.iter().skip(1).all(|result| !result.success));
}

#[tokio::test]
async fn each_case_runs_as_often_as_asked() {
    let mut runner = runner(["It says ROUTE 42.", "It shows a bus.", "ROUTE 42"].map(answer));
    runner.runs = 3;
    let results = runner.run(vec![case("a", "read", "What does it say?", json!({"all": ["route 42"]}))], |_| ()).await;
    let runs: Vec<(u32, bool)> = results.iter().map(|result| (result.run, result.success)).collect();
    assert_eq!(runs, [(1, true), (2, false), (3, true)]);
}

#[tokio::test]
async fn cancelling_keeps_what_is_done() {
    let runner = runner([answer("two"), answer("two"), answer("two")]);
    let cancel = runner.cancel.clone();
    let cases = ["a", "b", "c"].map(|id| case(id, "count", "How many?", json!({"number": 2})));
    let results = runner
        .run(cases.into(), |result| {
            if result.id == "b" {
                cancel.cancel();
            }
        })
        .await;
    assert_eq!(results.len(), 2);
    let report = Report::new("scripted", IndexMap::new(), results, 3);
    assert!(!report.complete && report.to_string().contains("stopped early"));
}

fn result(id: &str, kind: &str, success: bool, seconds: f64) -> CaseResult {
    CaseResult {
        id: id.into(),
        kind: kind.into(),
        run: 1,
        task: "How many cups are there?".into(),
        success,
        score: f64::from(u8::from(success)),
        why: if success { Vec::new() } else { vec!["it does not give the number 2".into()] },
        expected: "number 2".into(),
        answer: Some(if success { "Two." } else { "Three.\nOr so." }.into()),
        stop: Some(StopReason::Answered),
        grounded: success,
        called: vec!["detect".into()],
        tools: (kind == "count").then(|| crate::ToolScore::of(&["detect".into()], &["detect".into(), "crop".into()])),
        steps: 2,
        prompt_tokens: 1000,
        completion_tokens: 50,
        seconds,
        repairs: 1,
        error: None,
        trace: (!success).then(|| "out/a.run-1.json".into()),
    }
}

fn report(results: Vec<CaseResult>) -> Report {
    let expected = results.len();
    Report::new("scripted", IndexMap::from([("no_cards".to_owned(), json!(false))]), results, expected)
}

#[test]
fn the_report_is_a_table_and_json() {
    let report = report(vec![
        result("a", "count", true, 2.0),
        result("b", "count", false, 4.0),
        result("c", "read", true, 10.0),
    ]);
    insta::assert_snapshot!("report", report.to_string());
    insta::assert_json_snapshot!("report_json", report);
    let again: Report = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
    assert_eq!(again, report);
}

#[test]
fn ids_with_languages_make_a_table() {
    let report = report(vec![
        result("h3-fr-a", "count", true, 2.0),
        result("h3-de-a", "count", false, 4.0),
        result("h3-de-b", "read", true, 10.0),
        result("plain", "read", true, 1.0),
    ]);
    let languages: Vec<(&str, usize)> =
        report.languages.iter().map(|(language, summary)| (&**language, summary.runs)).collect();
    assert_eq!(languages, [("de", 2), ("fr", 1)]);
    insta::assert_snapshot!("report_by_language", report.to_string());
}

#[test]
fn a_baseline_shows_what_changed() {
    let before = report(vec![
        result("a", "count", true, 2.0),
        result("b", "count", false, 4.0),
        result("old", "read", true, 1.0),
    ]);
    let now = report(vec![
        result("a", "count", false, 3.0),
        result("b", "count", true, 5.0),
        result("new", "read", true, 1.0),
    ]);
    let comparison = compare(&before, &now);
    assert_eq!(
        (comparison.common, &*comparison.gained, &*comparison.lost),
        (2, &["b".to_owned()][..], &["a".to_owned()][..])
    );
    assert_eq!(comparison.unmatched, ["old", "new"]);
    let words = comparison.to_string();
    assert!(words.contains("2 cases: 50.0 % right before, 50.0 % now; median 3.0 s before, 4.0 s now"), "{words}");
    assert!(words.contains("gained: b") && words.contains("lost: a"), "{words}");
}
