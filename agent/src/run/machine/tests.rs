//! Every way through the machine, without a model, a tool or a clock.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

use serde_json::json;

use super::*;
use crate::run::ImageFact;

const DETECT: &str = r#"{"thought":"look","tool":"detect","args":{"labels":["cup"]}}"#;
const ANSWER: &str = r#"{"thought":"seen","answer":"There are 2 cups."}"#;

pub(super) fn run(text: &str, limits: Limits) -> Run {
    let facts = TaskFacts {
        text: text.into(),
        images: vec![ImageFact { handle: "img-1".into(), width: 640, height: 480 }],
        handles: vec!["img-1".into()],
        ..TaskFacts::default()
    };
    Run::new(facts, limits, RunSetup::default())
}

/// Feeds an input and checks that the run survives being written down and read back.
fn feed(run: &mut Run, input: Input) {
    run.feed(input).unwrap();
    let again: Run = serde_json::from_str(&serde_json::to_string(&run).unwrap()).unwrap();
    assert_eq!(again, *run);
    assert_eq!(again.next(), run.next());
}

fn reply(run: &mut Run, text: &str) {
    let usage = Usage { prompt_tokens: 100, completion_tokens: 10 };
    feed(run, Input::Reply { text: text.into(), tool_calls: Vec::new(), usage, estimated: 0, ms: 5.0 });
}

pub(super) fn seen(value: Value) -> CallResult {
    let text = value.to_string();
    CallResult { ok: true, text, value, repairable: false, made: vec![], models: vec![], ms: 7.0 }
}

pub(super) fn failed(text: &str, repairable: bool) -> CallResult {
    CallResult { ok: false, text: text.into(), repairable, ..seen(Value::Null) }
}

fn results(run: &mut Run, results: Vec<CallResult>) {
    feed(
        run,
        Input::Results {
            results,
            handles: vec!["img-1".into(), "img-1/cup-1".into(), "img-1/cup-2".into()],
            offered: IndexMap::new(),
        },
    );
}

pub(super) fn two_cups() -> CallResult {
    seen(json!({ "objects": [{ "label": "cup" }, { "label": "cup" }] }))
}

fn repair_of(run: &Run) -> &str {
    match run.turns().last() {
        Some(Turn::Repair { reason }) => reason,
        other => panic!("expected a repair, found {other:?}"),
    }
}

#[test]
fn a_call_and_an_answer() {
    let mut run = run("How many cups?", Limits::default());
    assert_eq!(run.next(), Action::CallModel(Purpose::Step));
    reply(&mut run, DETECT);
    assert_eq!(run.next(), Action::CallTools(vec![Call { tool: "detect".into(), args: json!({"labels": ["cup"]}) }]));
    results(&mut run, vec![two_cups()]);
    reply(&mut run, ANSWER);
    assert_eq!(run.next(), Action::Finish(StopReason::Answered));
    assert_eq!(run.answer(), Some("There are 2 cups."));
    assert_eq!(run.usage(), Usage { prompt_tokens: 200, completion_tokens: 20 });
    assert!(run.ungrounded().is_empty());
    assert_eq!(run.steps().len(), 2);
    assert_eq!((run.steps()[0].thought.as_str(), run.steps()[0].ms), ("look", 12.0));
}

#[test]
fn inputs_out_of_turn_are_refused() {
    let mut run = run("How many cups?", Limits::default());
    assert_eq!(
        run.feed(Input::Results { results: vec![], handles: vec![], offered: IndexMap::new() }),
        Err(UnexpectedInput)
    );
    reply(&mut run, DETECT);
    assert_eq!(
        run.feed(Input::Results { results: vec![], handles: vec![], offered: IndexMap::new() }),
        Err(UnexpectedInput)
    );
    feed(&mut run, Input::Cancelled);
    assert_eq!(run.next(), Action::Finish(StopReason::Cancelled));
    assert_eq!(run.feed(Input::Cancelled), Err(UnexpectedInput));
    assert_eq!(run.steps()[0].calls[0].observation, "stopped before it finished");
}

#[test]
fn unreadable_replies_are_repaired_twice_then_asked_for_in_a_plainer_form() {
    let mut run = run("How many cups?", Limits::default());
    for (text, wrong) in [("", "empty"), ("two", "no JSON object")] {
        reply(&mut run, text);
        assert!(repair_of(&run).contains(wrong));
        assert_eq!((run.next(), run.protocol()), (Action::CallModel(Purpose::Step), Protocol::Schema));
    }
    reply(&mut run, r#"{"thought":"half"#);
    assert_eq!((run.next(), run.protocol()), (Action::CallModel(Purpose::Step), Protocol::Text));
    assert!(run.protocol_changes()[0].contains("3 replies in a row"));
    for _ in 0..2 {
        reply(&mut run, "two");
        assert!(repair_of(&run).contains("neither an Action nor an Answer"));
    }
    reply(&mut run, "two");
    assert_eq!(run.next(), Action::CallModel(Purpose::BestAnswer));
    reply(&mut run, "I see a cup.");
    assert_eq!(run.next(), Action::Finish(StopReason::NoProgress));
    assert_eq!(run.answer(), Some("I see a cup."));
}

#[test]
fn bad_arguments_are_fed_back_and_bounded() {
    let mut run = run("How many cups?", Limits::default());
    for attempt in 0..3 {
        assert_eq!(run.next(), Action::CallModel(Purpose::Step), "attempt {attempt}");
        reply(&mut run, &format!(r#"{{"tool":"detekt","args":{{"n":{attempt}}}}}"#));
        results(&mut run, vec![failed("there is no tool \"detekt\"; the tools are: detect", true)]);
    }
    assert_eq!(run.next(), Action::CallModel(Purpose::BestAnswer));
    assert_eq!(run.steps()[0].calls[0].observation, "there is no tool \"detekt\"; the tools are: detect");
    // The model cannot be asked either: the limit stays the reason.
    feed(&mut run, Input::ModelFailed { error: ChatError::new(ChatErrorKind::Connection, "gone"), estimated: 0 });
    assert_eq!(run.next(), Action::Finish(StopReason::NoProgress));
    assert_eq!((run.answer(), run.error().map(|error| error.kind)), (None, Some(ChatErrorKind::Connection)));
}

#[test]
fn a_repeated_call_is_answered_from_memory_once() {
    let mut run = run("How many cups?", Limits::default());
    reply(&mut run, DETECT);
    results(&mut run, vec![two_cups()]);
    reply(&mut run, DETECT);
    assert_eq!(run.next(), Action::CallModel(Purpose::Step), "the call is not made again");
    let so_far = run.transcript();
    assert_eq!((so_far.repeated_tool(), so_far.repetitions()), (Some("detect"), 1));
    assert!(!run.steps()[1].calls[0].ok);
    reply(&mut run, DETECT);
    assert_eq!(run.next(), Action::CallModel(Purpose::BestAnswer));
    reply(&mut run, ANSWER);
    assert_eq!(run.next(), Action::Finish(StopReason::NoProgress));
    assert_eq!(run.answer(), Some("There are 2 cups."));
}

#[test]
fn limits_lead_to_a_best_answer() {
    let call = |n: u32| format!(r#"{{"tool":"read_text","args":{{"n":{n}}}}}"#);
    let cases = [
        (Limits { max_steps: 2, ..Limits::default() }, StopReason::StepLimit),
        (Limits { max_tokens: Some(200), ..Limits::default() }, StopReason::TokenBudget),
    ];
    for (limits, reason) in cases {
        let mut run = run("Read it.", limits);
        for n in 0..2 {
            reply(&mut run, &call(n));
            if let Action::CallTools(_) = run.next() {
                results(&mut run, vec![seen(json!({ "text": "PAY 12" }))]);
            }
        }
        assert_eq!((run.next(), run.stopping()), (Action::CallModel(Purpose::BestAnswer), Some(reason)));
        reply(&mut run, r#"{"thought":"","answer":"It says PAY 13."}"#);
        assert_eq!(run.next(), Action::Finish(reason));
        assert_eq!(run.ungrounded(), ["13"]);
    }
}

#[test]
fn the_deadline_stops_calls_and_then_the_best_answer() {
    let mut run = run("Read it.", Limits::default());
    reply(&mut run, DETECT);
    feed(&mut run, Input::TimeUp);
    assert_eq!(run.next(), Action::CallModel(Purpose::BestAnswer));
    feed(&mut run, Input::TimeUp);
    assert_eq!(run.next(), Action::Finish(StopReason::Deadline));
    assert_eq!(run.answer(), None);
}

#[test]
fn an_answer_that_rests_on_nothing_is_asked_again_once() {
    let mut run = run("How many cups?", Limits::default());
    reply(&mut run, DETECT);
    results(&mut run, vec![two_cups()]);
    reply(&mut run, r#"{"answer":"There are 7 cups, see img-9."}"#);
    assert!(repair_of(&run).contains("nothing that was seen says img-9, 7."), "{}", repair_of(&run));
    reply(&mut run, r#"{"answer":"There are 7 cups."}"#);
    assert_eq!(run.next(), Action::Finish(StopReason::Answered));
    assert_eq!(run.ungrounded(), ["7"]);
}

#[test]
fn a_context_that_is_too_small_is_learned() {
    let mut run = run("Read it.", Limits::default());
    let full =
        |estimated| Input::ModelFailed { error: ChatError::new(ChatErrorKind::ContextLength, "too long"), estimated };
    feed(&mut run, full(4000));
    assert_eq!((run.next(), run.context_tokens()), (Action::CallModel(Purpose::Step), Some(3400)));
    feed(&mut run, full(3000));
    assert_eq!(run.context_tokens(), Some(2250));
    for _ in 0..5 {
        feed(&mut run, full(2000));
    }
    assert_eq!(run.next(), Action::Finish(StopReason::ModelError));
}

#[test]
fn a_refusal_of_tools_changes_the_protocol() {
    let setup = RunSetup { protocol: Protocol::Native, ..RunSetup::default() };
    let mut run = Run::new(run("How many cups?", Limits::default()).task, Limits::default(), setup);
    let error = ChatError::new(ChatErrorKind::NoTools, "no tools here");
    feed(&mut run, Input::ModelFailed { error: error.clone(), estimated: 0 });
    assert_eq!((run.next(), run.protocol()), (Action::CallModel(Purpose::Step), Protocol::Schema));
    assert_eq!(run.protocol_changes(), ["no tools here"]);
    feed(&mut run, Input::ModelFailed { error, estimated: 0 });
    assert_eq!(run.next(), Action::Finish(StopReason::ModelError), "once is enough");
}

#[test]
fn tool_calls_run_together_and_keep_their_ids() {
    let setup = RunSetup { protocol: Protocol::Native, ..RunSetup::default() };
    let mut run = Run::new(run("How many cups?", Limits::default()).task, Limits::default(), setup);
    let tool_call =
        |id: &str, arguments: &str| ToolCall { id: id.into(), name: "detect".into(), arguments: arguments.into() };
    let tool_calls = vec![tool_call("a", r#"{"labels": ["cup"]}"#), tool_call("b", "{'labels': ['dog'],}")];
    let usage = Usage { prompt_tokens: 100, completion_tokens: 10 };
    feed(&mut run, Input::Reply { text: "Both.".into(), tool_calls, usage, estimated: 80, ms: 5.0 });
    let Action::CallTools(calls) = run.next() else { panic!("no calls") };
    assert_eq!(calls[1], Call { tool: "detect".into(), args: json!({ "labels": ["dog"] }) });
    results(&mut run, vec![two_cups(), failed("no dog", true)]);
    let Some(Turn::Observations { calls, .. }) = run.turns().last() else { panic!("no observations") };
    let ids: Vec<_> = calls.iter().map(|call| (&*call.id, call.call_id.as_deref(), call.ok)).collect();
    assert_eq!(ids, [("obs-1", Some("a"), true), ("obs-2", Some("b"), false)]);
    reply(&mut run, "There are 2 cups.");
    assert_eq!((run.next(), run.answer()), (Action::Finish(StopReason::Answered), Some("There are 2 cups.")));
}

#[test]
fn an_answer_that_repeats_the_question_is_asked_for_again_once() {
    let mut run = run("Which company issued this receipt?", Limits::default());
    let answer = r#"{"thought": "", "answer": "The company issued this receipt."}"#;
    reply(&mut run, answer);
    assert!(repair_of(&run).contains("only repeats the question"), "{}", repair_of(&run));
    reply(&mut run, answer);
    assert_eq!(run.next(), Action::Finish(StopReason::Answered));
}

#[test]
fn a_call_in_words_is_asked_for_as_a_call() {
    let mut run = run("How many cups?", Limits::default());
    reply(&mut run, r#"{"thought": "", "answer": "detect(img-1, labels: 'cup')"}"#);
    assert!(repair_of(&run).contains("make the call"), "{}", repair_of(&run));
    reply(&mut run, DETECT);
    results(&mut run, vec![two_cups()]);
    reply(&mut run, r#"{"thought": "", "answer": "There are 2 cups (both white)"}"#);
    assert_eq!(run.next(), Action::Finish(StopReason::Answered));
}

#[test]
fn a_sum_of_invented_terms_proves_nothing() {
    let mut run = run("How much did the flight cost?", Limits::default());
    let invented = r#"{"thought": "", "tool": "calculate", "args": {"expression": "23% of 861"}}"#;
    reply(&mut run, invented);
    let value = json!({ "expression": "23% of 861", "result": 198.03 });
    results(&mut run, vec![CallResult { value, text: "23% of 861 = 198.03".into(), ..two_cups() }]);
    reply(&mut run, r#"{"thought": "", "answer": "It cost 198.03."}"#);
    let reason = repair_of(&run);
    assert!(reason.contains("198.03"), "{reason}");
}

#[test]
fn observations_can_be_read_again() {
    let mut run = run("Read it.", Limits { observation_chars: 200, ..Limits::default() });
    reply(&mut run, DETECT);
    let lines: Vec<String> =
        (1..=40).map(|n| format!("row {n}: {}", if n == 33 { "Grand total 12.50" } else { "tea" })).collect();
    results(&mut run, vec![CallResult { text: lines.join("\n"), ..two_cups() }]);
    let recall = |args: Value| run.host_call(&Call { tool: "recall".into(), args }, &[]).unwrap();
    let first = recall(json!({ "result": "obs-1" }));
    assert!(first.ok && first.text.starts_with("1: row 1: tea\n2: row 2: tea"), "{}", first.text);
    assert!(first.text.contains("more; go on with from:") && first.text.chars().count() <= 200, "{}", first.text);
    assert_eq!(recall(json!({ "result": "obs-1", "find": "total" })).text, "33: row 33: Grand total 12.50");
    assert!(recall(json!({ "result": "obs-1", "from": 40 })).text.starts_with("40: row 40"));
    assert_eq!(recall(json!({ "result": "obs-9" })).text, "there is no observation \"obs-9\"; there is obs-1");
    assert!(!recall(json!({ "result": "obs-1", "find": "beer" })).ok);
    assert!(run.host_call(&Call { tool: "detect".into(), args: json!({}) }, &[]).is_none());
}

proptest::proptest! {
    /// Whatever a model writes, a run ends, and within the bound that limits and repairs give.
    #[test]
    fn every_run_ends(replies in proptest::collection::vec(0_usize..7, 1..60)) {
        let texts = ["", "prose", DETECT, r#"{"tool":"x","args":{"n":1}}"#, r#"{"tool":"crop","args":[]}"#,
            r#"{"answer":"77"}"#, r#"{"tool":"read_text","args":{"n":"N"}}"#];
        let mut run = run("Crop the cup", Limits::default());
        let mut calls = 0;
        for n in 0.. {
            match run.next() {
                Action::Finish(_) => break,
                Action::CallModel(_) => {
                    calls += 1;
                    reply(&mut run, &texts[replies[n % replies.len()]].replace('N', &n.to_string()));
                }
                Action::CallTools(calls) => {
                    let result = |call: &Call| match &*call.tool {
                        "detect" | "read_text" => seen(json!({})),
                        _ => failed("no", call.tool == "x"),
                    };
                    results(&mut run, calls.iter().map(result).collect());
                }
            }
        }
        proptest::prop_assert!(calls <= 30, "{} model calls", calls);
    }
}
