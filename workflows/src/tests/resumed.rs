//! Runs that are resumed, and results that outlive them.

#![expect(clippy::print_stderr, clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    fmt::Write,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use argus_agent::chat::{Capabilities, ChatError, ChatModel, ChatReply, ChatRequest, OnDelta, scripted::Scripted};
use argus_tools::tool::ToolError;
use async_trait::async_trait;
use serde_json::{Map, Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::Header;
use crate::Journal;
use crate::Local;
use crate::RunReport;
use crate::tests::harness::{Harness, journaled};

/// A run with the journal of a folder.
async fn run(harness: &Harness, text: &str, inputs: Map<String, Value>, folder: &Path) -> RunReport {
    let workflow = harness.workflow(text);
    let runner = journaled(folder, &workflow, &Value::Object(inputs.clone()));
    workflow.run_in(inputs, &harness.host, runner).await
}

#[tokio::test]
async fn a_run_that_is_gone_on_with_does_only_what_is_missing() {
    let text = "name: t\ninputs: { image: image }\nsteps:\n  found: { tool: detect, with: { image: \"{{ inputs.image }}\" } }\n  \
        each:\n    map:\n      for_each: \"{{ steps.found.objects }}\"\n      parallel: 1\n      steps:\n        \
        cut: { tool: crop, with: { image: \"{{ inputs.image }}\", region: \"{{ item.handle }}\" } }\n        \
        n: { tool: echo, with: { x: \"{{ index }}\" }, after: [cut] }\n      output: [\"{{ steps.cut.image }}\", \"{{ steps.n }}\"]\n  \
        said: { prompt: \"About {{ json steps.each }}\" }\n  last: { tool: flaky, after: [said] }\n\
        outputs: { each: \"{{ steps.each }}\", said: \"{{ steps.said }}\", last: \"{{ steps.last }}\" }\n";
    let harness = Harness::new().replies(&["three things"]).with("flaky", |_, number| async move {
        if number == 0 { Err(ToolError::internal("killed")) } else { Ok(json!("there")) }
    });
    let folder = harness.folder.path().join("run");
    let first = run(&harness, text, harness.image(), &folder).await;
    assert_eq!(first.error.unwrap().to_string(), "last: killed");
    let lines = fs_err::read_to_string(folder.join("journal.jsonl")).unwrap();
    let keys: Vec<String> = lines
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["step"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        keys,
        ["found", "each[0].cut", "each[0].n", "each[1].cut", "each[1].n", "each[2].cut", "each[2].n", "said/llm-0"]
    );
    harness.finished();
    // The script has no reply left: a second call of the model would fail.
    let second = run(&harness, text, harness.image(), &folder).await;
    assert!(second.ok, "{:?}", second.error);
    assert_eq!(second.outputs["said"], "three things");
    assert_eq!(second.outputs["each"], json!([["each-0-cut-1", 0], ["each-1-cut-1", 1], ["each-2-cut-1", 2]]));
    assert_eq!((harness.count("echo"), harness.count("flaky")), (3, 2));
    assert_eq!(second.images.iter().filter(|image| image.handle.starts_with("each-")).count(), 3, "pictures come back");
    let (before, now) = harness.finished();
    assert!(
        before.contains(&"each[1].cut".to_owned()) && !now.contains(&"each[1].cut".to_owned()),
        "{before:?} {now:?}"
    );
    let third = run(&harness, text, harness.image(), &folder).await;
    assert_eq!((third.outputs, harness.count("flaky")), (second.outputs, 2), "nothing is left to do");
}

/// A model that never answers its n-th request, and tells when it came.
struct Hangs {
    reached: Arc<Notify>,
    script: Scripted,
    at: usize,
    asked: AtomicUsize,
}

#[async_trait]
impl ChatModel for Hangs {
    fn id(&self) -> &str {
        self.script.id()
    }
    fn capabilities(&self) -> Capabilities {
        self.script.capabilities()
    }
    async fn complete(
        &self,
        request: &ChatRequest,
        on_delta: OnDelta<'_>,
        cancel: &CancellationToken,
    ) -> Result<ChatReply, ChatError> {
        if self.asked.fetch_add(1, Ordering::SeqCst) == self.at {
            self.reached.notify_one();
            std::future::pending::<()>().await;
        }
        self.script.complete(request, on_delta, cancel).await
    }
}

const REPLIES: [&str; 4] = [
    r#"{"thought": "a", "tool": "slow", "args": {"x": "one"}}"#,
    r#"{"thought": "b", "tool": "slow", "args": {"x": "two"}}"#,
    r#"{"thought": "c", "tool": "crop", "args": {"image": "img-1", "region": [1, 1, 9, 9]}}"#,
    r#"{"thought": "d", "answer": "It is in img-2."}"#,
];
const AGENT: &str = "name: t\ninputs: { image: image }\nsteps:\n  look: { agent: { task: Find it., tools: [slow, crop], cards: false } }\n\
    outputs: { answer: \"{{ steps.look.answer }}\", images: \"{{ steps.look.images }}\" }\n";

/// A harness whose model hangs in one of its calls and whose tool `slow` in one of its own.
fn hanging(replies: &[&str], model_at: usize, tool_at: usize) -> (Harness, Arc<Notify>) {
    let reached = Arc::new(Notify::new());
    let told = reached.clone();
    let script = Scripted::replies(replies.iter().copied());
    let model = Hangs { reached: reached.clone(), script, at: model_at, asked: AtomicUsize::new(0) };
    let harness = Harness::new().llm(Arc::new(model)).with("slow", move |args, number| {
        let told = told.clone();
        async move {
            if number == tool_at {
                told.notify_one();
                std::future::pending::<()>().await;
            }
            Ok(args["x"].clone())
        }
    });
    (harness, reached)
}

#[tokio::test]
async fn an_agent_that_was_killed_repeats_no_call_that_was_recorded() {
    let never = usize::MAX;
    // (the model's call that hangs, the tool's call that hangs, replies that are recorded then, calls of the tool that are)
    for (model_at, tool_at, replied, called) in
        [(0, never, 0, 0), (1, never, 1, 1), (2, never, 2, 2), (3, never, 3, 2), (never, 0, 1, 0), (never, 1, 2, 1)]
    {
        let (killed, reached) = hanging(&REPLIES, model_at, tool_at);
        let folder = killed.folder.path().join("run");
        let workflow = killed.workflow(AGENT);
        let inputs = killed.image();
        let runner = journaled(&folder, &workflow, &Value::Object(inputs.clone()));
        // Dropped in the middle, as a process that is killed drops all.
        tokio::select! {
            report = workflow.run_in(inputs.clone(), &killed.host, runner) => panic!("it ended: {:?}", report.error),
            () = reached.notified() => {}
        }
        // A tool that runs in a task of its own sees that it is cancelled.
        tokio::time::sleep(Duration::from_millis(50)).await;
        // Only what is not recorded is in the script now; more calls would fail.
        let (again, _) = hanging(&REPLIES[replied..], never, never);
        let runner = journaled(&folder, &workflow, &Value::Object(inputs.clone()));
        let report = workflow.run_in(inputs, &again.host, runner).await;
        let case = format!("model {model_at}, tool {tool_at}");
        assert!(report.ok, "{case}: {:?}", report.error);
        assert_eq!(report.outputs["answer"], "It is in look-1.", "{case}");
        assert_eq!(report.outputs["images"], json!(["look-1"]), "{case}");
        assert_eq!(again.count("slow"), 2 - called, "{case}");
        assert_eq!(report.images.len(), 2, "{case}");
    }
}

#[tokio::test]
async fn a_result_of_50_mb_has_a_file_of_its_own() {
    let harness = Harness::new().with("big", |_, _| async move { Ok(json!({"text": "x".repeat(50 << 20)})) });
    let text = "name: t\nsteps:\n  a: { tool: big }\n  b: { tool: echo, with: { x: \"{{ len steps.a.text }}\" } }\noutputs: { n: \"{{ steps.b }}\" }\n";
    let folder = harness.folder.path().join("run");
    let begin = Instant::now();
    let first = run(&harness, text, Map::new(), &folder).await;
    let took = begin.elapsed();
    assert_eq!(first.outputs, *json!({"n": 50 << 20}).as_object().unwrap());
    assert!(folder.join("journal.jsonl").metadata().unwrap().len() < 2000);
    let blobs: Vec<u64> =
        fs_err::read_dir(folder.join("blobs")).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).collect();
    assert!(blobs.len() == 1 && blobs[0] > 50 << 20, "{blobs:?}");
    let begin = Instant::now();
    let second = run(&harness, text, Map::new(), &folder).await;
    eprintln!("50 MB recorded in {took:?}, read back in {:?}", begin.elapsed());
    assert_eq!((second.outputs, harness.count("big")), (first.outputs, 1));
    // A file that is not what its name says is not believed.
    let blob = fs_err::read_dir(folder.join("blobs")).unwrap().next().unwrap().unwrap().path();
    fs_err::write(&blob, "\"short\"").unwrap();
    let third = run(&harness, text, Map::new(), &folder).await;
    let failure = third.error.unwrap().to_string();
    assert!(
        failure.starts_with("a: the journal cannot be read: ")
            && failure.ends_with("has not the content that its name says"),
        "{failure}"
    );
}

const COUNTS: &str = "name: t\nsteps:\n  a: { tool: count }\n  b: { tool: count, with: { x: \"{{ steps.a }}\" } }\n  c: { tool: count, with: { x: \"{{ steps.b }}\" } }\n\
    outputs: { all: [\"{{ steps.a }}\", \"{{ steps.b }}\", \"{{ steps.c }}\"] }\n";

#[tokio::test]
async fn a_last_line_that_broke_off_is_done_again() {
    let harness = Harness::new();
    let folder = harness.folder.path().join("run");
    assert!(run(&harness, COUNTS, Map::new(), &folder).await.ok);
    let path = folder.join("journal.jsonl");
    let whole = fs_err::read(&path).unwrap();
    let begins = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    // Cut at every place of the last line.
    for end in begins..whole.len() {
        fs_err::write(&path, &whole[..end]).unwrap();
        let harness = Harness::new();
        let report = run(&harness, COUNTS, Map::new(), &folder).await;
        assert!(report.ok, "cut at {end}: {:?}", report.error);
        assert_eq!((harness.count("count"), &report.outputs["all"]), (1, &json!([0, 1, 0])), "cut at {end}");
        assert_eq!(fs_err::read_to_string(&path).unwrap().lines().count(), 4);
    }
}

/// What a journal refuses, with what to do about it.
fn refused(error: &crate::JournalError, folder: &Path) -> String {
    format!("{error}\n  hint: {}\n", error.hint().unwrap_or("none")).replace(&folder.display().to_string(), "DIR")
}

#[tokio::test]
async fn journals_of_others_and_damaged_ones_are_refused() {
    let harness = Harness::new();
    let folder = harness.folder.path().join("run");
    let header = |digest: &str, inputs: Value| Header::new("count.yaml", digest, inputs);
    let mut all = String::new();
    let mut tell = |about: &str, error: &crate::JournalError| {
        let _ = write!(all, "## {about}\n{}", refused(error, &folder));
    };
    tell("resume where there is none", &Journal::resume(&folder).err().unwrap());
    let journal = Journal::create(&folder, header("d1", json!({"x": 1}))).unwrap();
    tell("two at the same time", &Journal::create(&folder, header("d1", json!({}))).err().unwrap());
    tell("resume while it runs", &Journal::resume(&folder).err().unwrap());
    drop(journal);
    tell("a second run under the same name", &Journal::create(&folder, header("d1", json!({"x": 1}))).err().unwrap());
    let journal = Journal::resume(&folder).unwrap();
    journal.matches(&header("d1", json!({"x": 1}))).unwrap();
    tell("a workflow that was changed", &journal.matches(&header("d2", json!({"x": 1}))).unwrap_err());
    tell("another workflow", &journal.matches(&Header::new("other.yaml", "d2", json!({"x": 1}))).unwrap_err());
    tell("other inputs", &journal.matches(&header("d1", json!({"x": 2}))).unwrap_err());
    drop(journal);
    fs_err::remove_dir_all(&folder).unwrap();
    assert!(run(&harness, COUNTS, Map::new(), &folder).await.ok);
    let path = folder.join("journal.jsonl");
    let whole = fs_err::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let mut spoil = |about: &str, lines: &[&str]| {
        fs_err::write(&path, lines.join("\n") + "\n").unwrap();
        let error = Journal::resume(&folder).err().unwrap();
        let _ = write!(all, "## {about}\n{}", refused(&error, &folder));
    };
    spoil("half a line in the middle", &[lines[0], lines[1], &lines[2][..20], lines[3]]);
    spoil("a line of zeros", &[lines[0], "\0\0\0\0", lines[2]]);
    spoil("no header", &lines[1..]);
    spoil("a header of a newer program", &[&lines[0].replace("\"version\":1", "\"version\":2"), lines[1]]);
    spoil("another file", &["{\"a\": 1}"]);
    fs_err::write(&path, "").unwrap();
    let error = Journal::resume(&folder).err().unwrap();
    let _ = write!(all, "## an empty file\n{}", refused(&error, &folder));
    insta::assert_snapshot!(all);
}

#[tokio::test]
async fn what_goes_in_otherwise_is_done_again() {
    let harness = Harness::new();
    let folder = harness.folder.path().join("run");
    let text = |x: &str| {
        format!(
            "name: t\nsteps:\n  a: {{ tool: echo, with: {{ x: {x} }} }}\n  b: {{ tool: count }}\noutputs: {{ a: \"{{{{ steps.a }}}}\", b: \"{{{{ steps.b }}}}\" }}\n"
        )
    };
    let workflow = harness.workflow(&text("1"));
    workflow.run_in(Map::new(), &harness.host, journaled(&folder, &workflow, &json!({}))).await;
    // The same journal under another workflow: keys are the same, digests are not.
    let runner = Arc::new(Local::with_journal("run", Journal::resume(&folder).unwrap()));
    let report = harness.workflow(&text("2")).run_in(Map::new(), &harness.host, runner).await;
    assert_eq!(report.outputs, *json!({"a": 2, "b": 0}).as_object().unwrap());
    assert_eq!((harness.count("echo"), harness.count("count")), (2, 1));
}

#[tokio::test]
async fn a_kept_result_is_not_made_again_in_another_run() {
    let mut harness = Harness::new();
    harness.host.cache = Some(harness.folder.path().join("cache"));
    let text = "name: t\ninputs: { image: image, x: { type: number, default: 1 } }\nsteps:\n  a: { tool: count, with: { key: \"{{ inputs.image }}\", x: \"{{ inputs.x }}\" }, cache: true }\n";
    let image = Value::Object(harness.image());
    assert_eq!(harness.run(text, &image).await.outputs["result"], 0);
    assert_eq!(harness.run(text, &image).await.outputs["result"], 0);
    assert_eq!(harness.count("count"), 1);
    let (before, _) = harness.finished();
    assert_eq!(before, ["a"]);
    let mut other = image.clone();
    other["x"] = json!(2);
    assert_eq!(harness.run(text, &other).await.outputs["result"], 1, "other arguments");
    // Another picture under the same handle.
    image::RgbImage::from_pixel(64, 48, image::Rgb([1, 2, 3])).save(harness.folder.path().join("a.png")).unwrap();
    assert_eq!(harness.run(text, &image).await.outputs["result"], 2, "another picture");
    let plain = text.replace(", cache: true", "");
    assert_eq!(harness.run(&plain, &image).await.outputs["result"], 3, "without cache");
}
