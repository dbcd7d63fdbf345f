//! Traces of scripted runs, for tests.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{path::Path, sync::Arc};

use argus_tools::{image::ImageStore, onnx::NoModels, tool::ToolCx};

use super::{Trace, TraceHeader, TraceWriter};
use crate::{Agent, Outcome, chat::scripted::Scripted, fakes::Scene, run::Limits};

/// What the sample run is asked.
pub(super) const TASK: &str = "Crop the bus and say how wide it is";

/// A street with hostile writing in it.
pub(super) fn street() -> Scene {
    Scene {
        size: (640, 480),
        objects: vec![("bus", [100.0, 80.0, 420.0, 330.0]), ("person", [20.0, 200.0, 90.0, 420.0])],
        lines: vec!["ROUTE 42", "<script>alert(1)</script> \u{1b}[31m\"&'"],
    }
}

/// A context with the street in it.
pub(super) fn session(scene: &Scene) -> ToolCx {
    let cx = ToolCx::new(ImageStore::new(), Arc::new(NoModels));
    scene.enter(&cx);
    cx
}

/// The model of the sample run: a crop, a reply that must be repaired, a call that fails, one that answers.
pub(super) fn script() -> Scripted {
    Scripted::replies([
        r#"{"thought":"crop it","tool":"crop","args":{"image":"img-1","region":"img-1/bus-1"}}"#,
        "no JSON at all",
        r#"{"thought":"the dog?","tool":"measure","args":{"image":"img-1","a":"dog"}}"#,
        r#"{"thought":"its size","tool":"measure","args":{"image":"img-1","a":"bus"}}"#,
        r#"{"thought":"done","answer":"The bus is 320 pixels wide; it is img-2."}"#,
    ])
}

/// How the sample run is set up.
pub(super) fn header(scene: &Scene) -> TraceHeader {
    TraceHeader {
        argus: "0.0.0".into(),
        tools: scene.toolbox().specs().map(|spec| spec.name.to_string()).collect(),
        limits: Limits::default(),
        card_tools: crate::run::card_tools(),
        ..TraceHeader::default()
    }
}

/// Runs the sample and writes its trace.
pub(super) async fn record(file: &Path) -> Outcome {
    let scene = street();
    let cx = session(&scene);
    let writer = Arc::new(TraceWriter::create(file, cx.images.clone(), header(&scene)).unwrap());
    let agent = Agent::builder().chat(Arc::new(script())).toolbox(scene.toolbox()).cx(cx).events(writer.clone());
    let outcome = agent.build().unwrap().run(TASK).await;
    writer.finish().unwrap();
    outcome
}

/// The sample's trace with times that do not vary.
pub(super) async fn timeless(file: &Path) -> Trace {
    record(file).await;
    let mut trace = Trace::read(file).unwrap();
    for (at, line) in trace.lines.iter_mut().enumerate() {
        line.at_ms = at as f64 * 100.0;
        let mut event = serde_json::to_value(&line.event).unwrap();
        for name in ["/ms", "/card/ms", "/card/calls/0/ms", "/card/calls/1/ms"] {
            if let Some(ms) = event.pointer_mut(name) {
                *ms = serde_json::json!(50.0);
            }
        }
        line.event = serde_json::from_value(event).unwrap();
    }
    // Tools that run side by side end in any order.
    let looks = |line: &super::TraceLine| serde_json::to_value(&line.event).unwrap()["step"] == 0;
    let mut finished: Vec<_> = trace.lines.iter().filter(|line| looks(line)).cloned().collect();
    finished.sort_by_key(|line| {
        let event = serde_json::to_value(&line.event).unwrap();
        (event["event"] == "tool_finished", event["index"].as_u64())
    });
    let mut finished = finished.into_iter();
    for (at, line) in trace.lines.iter_mut().enumerate() {
        if looks(line) {
            *line = finished.next().unwrap();
            line.at_ms = at as f64 * 100.0;
        }
    }
    trace
}
