//! Traces written, read, shown, replayed.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::sync::Arc;

use argus_tools::image::{ImageStore, Origin};
use image::DynamicImage;
use serde_json::{Value, json};

use super::{
    replay::{ReplayModel, enter_images, recorded_tools},
    samples::{TASK, header, record, session, street, timeless},
    *,
};
use crate::{
    Agent, StopReason, Task,
    chat::{ChatError, ChatErrorKind, ChatModel, ChatReply, Message, ToolCall, Usage},
    run::{EVENT_VERSION, ImageRecord, ModelRecord, Protocol, RunEvent, RunEvents, WorkflowEvent},
};

fn usage() -> Usage {
    Usage { prompt_tokens: 30, completion_tokens: 7 }
}

/// One event of every kind but the pieces of replies, in an order that may happen.
fn all_events() -> Vec<RunEvent> {
    let image = ImageRecord { handle: "img-1".into(), path: None, parent: None, op: None, args: None };
    let call = ToolCall { id: "c1".into(), name: "detect".into(), arguments: "{}".into() };
    let card = json!({"image": "img-1", "width": 8, "height": 6, "caption": null, "looked": true, "objects": [],
        "more_objects": 0, "read": false, "lines": ["a"], "more_lines": 0, "calls": [], "ms": 0.5});
    vec![
        RunEvent::RunStarted {
            version: EVENT_VERSION,
            task: "Was ist das?\n\u{2028}\"x\"".into(),
            images: vec!["img-1".into()],
            model: "m".into(),
        },
        RunEvent::ImageAdded { image, width: 8, height: 6 },
        RunEvent::ModelReady { protocol: Protocol::Native, context_tokens: Some(4096), reason: None },
        RunEvent::CardReady { card: serde_json::from_value(card).unwrap() },
        RunEvent::Shortened { step: 1, what: vec!["31 lines of read_text".into()] },
        RunEvent::ModelStarted {
            step: 1,
            kept: 0,
            messages: vec![Message::system("s"), Message::user("u")],
            tokens: 9,
        },
        RunEvent::ModelFailed { step: 1, error: ChatError::new(ChatErrorKind::NoTools, "no tools").with_hint("h") },
        RunEvent::ModelReady { protocol: Protocol::Schema, context_tokens: None, reason: Some("no tools".into()) },
        RunEvent::ModelStarted { step: 1, kept: 1, messages: vec![Message::user("v")], tokens: 9 },
        RunEvent::ModelRestarted { step: 1 },
        RunEvent::ModelFinished { step: 1, text: "t".into(), tool_calls: vec![call], ms: 12.5, usage: usage() },
        RunEvent::ToolStarted { step: 1, index: 0, tool: "detect".into(), args: json!({"image": "img-1"}) },
        RunEvent::ToolProgress {
            step: 1,
            index: 0,
            progress: argus_tools::tool::Event::ModelRan { model: "y".into(), provider: "cpu".into(), ms: 3.0 },
        },
        RunEvent::ToolFinished {
            step: 1,
            index: 0,
            tool: "detect".into(),
            ok: true,
            text: "1 cup".into(),
            value: json!({"objects": [{"handle": "img-1/cup-1", "label": "cup", "score": 0.5, "box": [1, 1, 4, 4]}]}),
            repairable: false,
            error: None,
            models: vec![ModelRecord { model: "y".into(), provider: "cpu".into() }],
            ms: 4.5,
        },
        RunEvent::Workflow(WorkflowEvent::WorkflowStarted { workflow: "w".into(), run: "r-1".into() }),
        RunEvent::Workflow(WorkflowEvent::StepStarted { path: "each".into(), kind: "map".into() }),
        RunEvent::Workflow(WorkflowEvent::StepSkipped { path: "each[0].cut".into() }),
        RunEvent::Workflow(WorkflowEvent::StepStarted { path: "each[0].read".into(), kind: "tool".into() }),
        RunEvent::Workflow(WorkflowEvent::StepRetried { path: "each[0].read".into(), error: "busy".into(), tries: 1 }),
        RunEvent::Workflow(WorkflowEvent::StepFinished {
            path: "each[0].read".into(),
            ok: true,
            error: None,
            tries: 2,
            recorded: None,
            ms: 4.0,
        }),
        RunEvent::Workflow(WorkflowEvent::StepFinished {
            path: "each".into(),
            ok: false,
            error: Some("no".into()),
            tries: 1,
            recorded: Some(crate::run::RecordedIn::Journal),
            ms: 5.0,
        }),
        RunEvent::Workflow(WorkflowEvent::WorkflowFinished {
            ok: false,
            error: Some("each: no".into()),
            usage: usage(),
            ms: 6.0,
        }),
        RunEvent::Repair { step: 2, reason: "no".into() },
        RunEvent::BestAnswer { reason: StopReason::StepLimit },
        RunEvent::RunFinished {
            stop: StopReason::StepLimit,
            answer: None,
            grounded: false,
            ungrounded: vec!["3".into()],
            usage: usage(),
            ms: 99.0,
        },
    ]
}

fn write(writer: &TraceWriter, events: Vec<RunEvent>) {
    for event in events {
        writer.emit(event);
    }
}

fn store() -> ImageStore {
    let images = ImageStore::new();
    images.insert(DynamicImage::new_rgb8(8, 6), Origin::Path("cup.png".into()));
    images
}

#[test]
fn every_event_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.jsonl");
    let writer = TraceWriter::create(&file, store(), header(&street())).unwrap();
    writer.emit(RunEvent::ModelDelta { step: 1, text: "piece".into() });
    write(&writer, all_events());
    writer.finish().unwrap();
    let trace = Trace::read(&file).unwrap();
    let events: Vec<RunEvent> = trace.lines.iter().map(|line| line.event.clone()).collect();
    assert_eq!(events, all_events());
    assert_eq!(trace.header, Some(TraceHeader { trace: TRACE_VERSION, ..header(&street()) }));
    assert!(trace.notes.is_empty() && trace.lines.windows(2).all(|pair| pair[0].at_ms <= pair[1].at_ms));
    let added = &trace.lines[1];
    assert_eq!((added.file.as_deref(), added.source.as_deref()), (Some("run.files/img-1.png"), Some("cup.png")));
    let picture = image::open(folder.path().join("run.files/img-1.png")).unwrap();
    assert_eq!((picture.width(), picture.height()), (8, 6));
    let view = TraceView::from(&trace);
    let run = &view.runs[0];
    assert_eq!((run.protocol, run.protocol_changes.len()), (Some(Protocol::Schema), 1));
    assert_eq!((run.steps[0].turns.len(), run.steps[0].turns[1].restarts), (2, 1));
    assert_eq!(view.images[0].regions[0].handle, "img-1/cup-1", "read off the output, for no region was named");
    let flow = &view.workflows[0];
    assert_eq!((flow.ok, flow.error.as_deref(), flow.steps.len()), (Some(false), Some("each: no"), 3));
    assert!(flow.steps[1].skipped && flow.steps[2].errors == ["busy"] && flow.steps[0].ok == Some(false));
    let prompts = prompts(trace.run(None).unwrap());
    assert_eq!(prompts[1].messages, [Message::system("s"), Message::user("v")]);
    assert!(prompts[1].whole && prompts[1].kept == 1);
}

#[test]
fn a_killed_write_leaves_all_whole_lines() {
    let whole = all_events().into_iter().map(|event| TraceLine::new(1.0, event));
    let whole: String = whole.map(|line| serde_json::to_string(&line).unwrap() + "\n").collect();
    let count = whole.lines().count();
    for cut in [1, 7, 40] {
        let trace = Trace::parse(&whole.as_bytes()[..whole.len() - 1 - cut], "cut.jsonl").unwrap();
        assert_eq!(trace.lines.len(), count - 1);
        assert_eq!(trace.notes, [format!("line {count}, the last one, was cut off and is skipped")]);
        let view = TraceView::from(&trace);
        assert_eq!((view.runs[0].stop, view.runs[0].usage), (None, usage()), "what is there is added up");
        assert!(page(&trace).unwrap().contains("cut off"));
    }
    // Only the line end is missing: nothing is lost.
    assert!(Trace::parse(&whole.as_bytes()[..whole.len() - 1], "cut.jsonl").unwrap().notes.is_empty());
}

#[test]
fn what_is_unknown_is_skipped_and_counted() {
    let text = r#"{"at_ms":0,"event":"trace_started","trace":1,"argus":"9","later":true}
{"at_ms":1,"event":"run_started","version":2,"task":"t","images":[],"model":"m","mood":"good"}
{"at_ms":2,"event":"sneezed"}
{"at_ms":3,"event":"sneezed"}
{"at_ms":4,"event":"repair","step":"one","reason":"r"}
not JSON
{"at_ms":5,"event":"repair","step":1,"reason":"r"}
"#;
    let trace = Trace::parse(text.as_bytes(), "t.jsonl").unwrap();
    assert_eq!(trace.lines.len(), 2);
    assert_eq!(trace.header.unwrap().argus, "9");
    assert_eq!(
        trace.notes,
        [
            "line 6 is no JSON and is skipped",
            "2 events \"sneezed\" skipped, first on line 3: unknown variant `sneezed`",
            "1 event \"repair\" skipped, first on line 5: invalid type: string \"one\"",
        ]
    );
}

#[test]
fn other_files_and_later_versions_are_refused_by_name_and_line() {
    let error = |text: &str| Trace::parse(text.as_bytes(), "some.jsonl").unwrap_err().to_string();
    let form = "; a trace has one JSON object a line, each with at_ms and event";
    assert_eq!(error("# Notes\n"), format!("some.jsonl is no trace: line 1 is no JSON{form}"));
    assert_eq!(
        error("{\"a\":1}\n"),
        format!("some.jsonl is no trace: line 1 is an object without at_ms and event{form}")
    );
    assert_eq!(error(""), format!("some.jsonl is no trace: line 1 is empty{form}"));
    let later = format!(
        "{}\n{}\n",
        r#"{"at_ms":0,"event":"repair","step":1,"reason":"r"}"#,
        r#"{"at_ms":0,"event":"run_started","version":77,"task":[]}"#
    );
    let newer = "some.jsonl, line 2: the trace has version 77, this program reads up to 2; use a newer argus";
    assert_eq!(error(&later), newer);
    assert!(error(r#"{"at_ms":0,"event":"trace_started","trace":9}"#).contains("line 1: the trace has version 9"));
}

#[test]
fn only_a_trace_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deep/run.jsonl");
    let write = || TraceWriter::create(&file, store(), TraceHeader::default());
    write().unwrap().emit(all_events().remove(0));
    let stale = folder.path().join("deep/run.files/img-9.png");
    fs_err::write(&stale, "old").unwrap();
    fs_err::write(folder.path().join("deep/run.files/mine.txt"), "mine").unwrap();
    write().unwrap().finish().unwrap();
    assert!(!stale.exists() && folder.path().join("deep/run.files/mine.txt").exists());
    fs_err::write(&file, "my diary").unwrap();
    assert!(matches!(write().err().unwrap(), TraceError::NotATrace { .. }));
    assert_eq!(fs_err::read_to_string(&file).unwrap(), "my diary");
    assert_eq!(trace_path("a/run".as_ref()), std::path::Path::new("a/run.jsonl"));
    assert_eq!(trace_path("run.trace".as_ref()), std::path::Path::new("run.trace"));
}

#[test]
fn pictures_that_cannot_be_written_are_told_of_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.jsonl");
    fs_err::write(folder.path().join("run.files"), "a file where the folder should be").unwrap();
    let writer = TraceWriter::create(&file, store(), TraceHeader::default()).unwrap();
    write(&writer, all_events());
    let error = writer.finish().unwrap_err().to_string();
    assert!(error.contains("run.jsonl is not complete: the picture") && error.contains("img-1.png"), "{error}");
    let trace = Trace::read(&file).unwrap();
    assert_eq!(trace.lines.len(), all_events().len());
    assert!(page(&trace).unwrap().contains("no picture: "));
}

#[test]
fn big_pictures_are_saved_smaller_and_replayed_in_their_size() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.jsonl");
    let images = ImageStore::new();
    images.insert(DynamicImage::new_rgb8(3000, 40), Origin::Stdin);
    let writer = TraceWriter::create(&file, images, TraceHeader::default()).unwrap();
    writer.emit(all_events().remove(0));
    writer.finish().unwrap();
    let saved = image::open(folder.path().join("run.files/img-1.png")).unwrap();
    assert_eq!((saved.width(), saved.height()), (1600, 21));
    let trace = Trace::read(&file).unwrap();
    let store = ImageStore::new();
    let notes = enter_images(&trace, &TraceView::from(&trace).images, &store);
    assert_eq!((store.images()[0].width(), store.images()[0].height()), (3000, 40));
    assert_eq!(notes, ["img-1 was saved as 1600 x 21 pixels and is scaled back to 3000 x 40"]);
}

#[test]
fn a_trace_names_no_files_of_this_machine() {
    let trace = Trace::parse(br#"{"at_ms":0,"event":"x"}"#, "/some/where/run.jsonl").unwrap();
    assert_eq!(trace.picture("run.files/img-1.png").unwrap(), std::path::Path::new("/some/where/run.files/img-1.png"));
    for outside in ["/etc/passwd", "../x.png", "a/../../x.png", ""] {
        assert_eq!(trace.picture(outside), None, "{outside}");
    }
}

#[tokio::test]
async fn the_view_of_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let trace = timeless(&folder.path().join("run.jsonl")).await;
    let view = TraceView::from(&trace);
    insta::assert_json_snapshot!("view", view);
    let run = &view.runs[0];
    assert_eq!(run.steps[1].repairs.len(), 1);
    assert_eq!(run.steps[0].calls[0].made, ["img-2"]);
}

/// The page without its style sheet and its pictures, and with an element a line.
fn structure(page: &str) -> String {
    let (head, rest) = page.split_once("<style>").unwrap();
    let (_, body) = rest.split_once("</style>").unwrap();
    let mut text = format!("{head}{body}").replace("><", ">\n<");
    while let Some(at) = text.find("base64,") {
        let end = at + text[at..].find('"').unwrap();
        text.replace_range(at..end, "...");
    }
    text.lines().filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_page_is_whole_and_everything_in_it_is_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let trace = timeless(&folder.path().join("run.jsonl")).await;
    let page = page(&trace).unwrap();
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(!page.contains("http://") && !page.contains("https://"), "nothing is loaded");
    assert_eq!(page.matches("<img ").count(), 2);
    assert!(page.contains("img-1/bus-1: bus (0.90)"));
    insta::assert_snapshot!("page", structure(&page));
}

#[test]
fn no_text_of_a_trace_can_leave_its_place_in_the_page() {
    let nasty = "\"'><script>x</script><img src=x onerror=y> {{task}} </pre></style>";
    let mut lines = String::new();
    for event in all_events() {
        let mut value = serde_json::to_value(TraceLine::new(1.0, event)).unwrap();
        poison(&mut value, nasty);
        if value["event"] == "image_added" {
            value["file"] = json!(nasty);
            value["source"] = json!(nasty);
        }
        if value["event"] == "step_finished" {
            value["recorded"] = json!("journal");
        }
        if value["event"] == "tool_finished" {
            value["regions"] = json!([{"handle": format!("img-1/{nasty}"), "image": "img-1", "label": nasty, "kind": "object",
                "score": 0.5, "box": [1, 1, 4, 4]}]);
        }
        lines.push_str(&value.to_string());
        lines.push('\n');
    }
    let trace = Trace::parse(lines.as_bytes(), "nasty.jsonl").unwrap();
    assert_eq!(trace.lines.len(), all_events().len(), "{:?}", trace.notes);
    let page = page(&trace).unwrap();
    assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
    assert!(page.matches("onerror").count() > 20 && !page.contains("onerror=y"));
}

/// Makes every free text of an event a hostile one.
fn poison(value: &mut Value, nasty: &str) {
    match value {
        Value::Object(object) => {
            let fixed = ["event", "kind", "role", "stop", "reason", "protocol", "handle", "image", "parent", "images"];
            for (name, value) in object.iter_mut().filter(|(name, _)| !fixed.contains(&name.as_str())) {
                if name == "args" {
                    *value = json!({ nasty: nasty });
                }
                poison(value, nasty);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| poison(item, nasty)),
        Value::String(text) => nasty.clone_into(text),
        _ => {}
    }
}

/// Runs the recorded task with recorded replies and tools.
async fn replayed(trace: &Trace, task: &str, strict: bool) -> (crate::Outcome, Arc<ReplayModel>) {
    let scene = street();
    let view = TraceView::from(trace);
    let cx = argus_tools::tool::ToolCx::new(ImageStore::new(), Arc::new(argus_tools::onnx::NoModels));
    assert!(enter_images(trace, &view.images, &cx.images).is_empty());
    // The scene of the live tools is empty: whatever is seen was recorded.
    let live = crate::fakes::Scene { objects: Vec::new(), lines: Vec::new(), ..scene }.toolbox();
    let (tools, notes) = recorded_tools(&live, trace, &view.runs[0], &view.images);
    assert!(notes.is_empty(), "{notes:?}");
    let model = Arc::new(ReplayModel::new(trace.run(None).unwrap(), strict));
    let cards = view.runs[0].cards.clone();
    let agent = Agent::builder().chat(model.clone()).toolbox(tools).cx(cx).known_cards(cards).build().unwrap();
    (agent.run(Task { text: task.into(), images: view.runs[0].images.clone() }).await, model)
}

#[tokio::test]
async fn a_replay_gives_the_same_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.jsonl");
    let recorded = record(&file).await;
    let (again, model) = replayed(&Trace::read(&file).unwrap(), TASK, true).await;
    assert_eq!(model.differences(), []);
    assert_eq!(model.left(), 0);
    let mut outcomes = [recorded, again].map(|outcome| serde_json::to_value(outcome).unwrap());
    outcomes.iter_mut().for_each(without_times);
    let [recorded, again] = outcomes;
    assert_eq!(again, recorded);
    assert_eq!(again["answer"], "The bus is 320 pixels wide; it is img-2.");
}

/// Without times, and without rows of evidence: recorded tools leave none.
fn without_times(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.shift_remove("ms");
            object.shift_remove("evidence");
            object.values_mut().for_each(without_times);
        }
        Value::Array(items) => items.iter_mut().for_each(without_times),
        _ => {}
    }
}

#[tokio::test]
async fn a_replay_notices_a_changed_prompt() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.jsonl");
    record(&file).await;
    let trace = Trace::read(&file).unwrap();
    let changed = "Crop the bus and say how tall it is";
    let (outcome, model) = replayed(&trace, changed, false).await;
    assert_eq!(outcome.stop, StopReason::Answered);
    let differences = model.differences();
    assert_eq!(differences[0].step, 1);
    assert!(differences[0].recorded.as_ref().unwrap().contains("wide"), "{}", differences[0]);
    assert!(differences[0].now.as_ref().unwrap().contains("tall"), "{}", differences[0]);
    let (outcome, _) = replayed(&trace, changed, true).await;
    assert_eq!(outcome.stop, StopReason::ModelError);
    let message = outcome.error.unwrap().message;
    assert!(message.starts_with("the prompt of step 1 differs from the recorded one in message "), "{message}");
}

#[tokio::test]
async fn a_replayed_model_tells_when_the_recording_is_over() {
    let lines: Vec<TraceLine> = all_events().into_iter().map(|event| TraceLine::new(0.0, event)).collect();
    let model = ReplayModel::new(&lines, false);
    assert!(model.capabilities().native_tools && model.capabilities().context_tokens == Some(4096));
    let cancel = tokio_util::sync::CancellationToken::new();
    let ask = async || model.complete(&crate::chat::ChatRequest::default(), None, &cancel).await;
    assert_eq!(ask().await.unwrap_err().kind, ChatErrorKind::NoTools, "failures are replayed too");
    let ChatReply { text, tool_calls, usage: tokens, .. } = ask().await.unwrap();
    assert_eq!((text.as_str(), tool_calls.len(), tokens), ("t", 1, usage()));
    assert!(ask().await.unwrap_err().message.contains("no reply left"));
}

#[tokio::test]
async fn calls_that_were_not_recorded_fail_and_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.jsonl");
    record(&file).await;
    let trace = Trace::read(&file).unwrap();
    let view = TraceView::from(&trace);
    let (tools, _) = recorded_tools(&street().toolbox(), &trace, &view.runs[0], &view.images);
    let cx = session(&street());
    let error = tools.call("crop", json!({"region": "bus"}), &cx).await.unwrap_err();
    assert_eq!(error.message, "the trace holds no call of crop with the arguments {\"region\":\"bus\"}");
    let seen = tools.call("detect", json!({"image": "img-1"}), &cx).await.unwrap();
    assert!(seen.text.contains("img-1/bus-1") && cx.images.knows("img-1/bus-1"));
}
