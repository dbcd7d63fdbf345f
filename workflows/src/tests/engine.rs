//! How bodies of steps run: order, conditions, retries, failures, limits, cancellation.

#![expect(clippy::print_stderr, clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use argus_tools::tool::ToolError;
use serde_json::{Value, json};

use crate::FailureKind;
use crate::Local;
use crate::Permits;
use crate::tests::harness::{Harness, Hasty, fields};

#[tokio::test]
async fn steps_that_need_nothing_of_one_another_run_at_the_same_time() {
    // Each waits until both are there.
    let both = Arc::new(tokio::sync::Barrier::new(2));
    let harness = Harness::new().with("meet", move |args, _| {
        let both = both.clone();
        async move {
            let met = tokio::time::timeout(Duration::from_secs(5), both.wait()).await;
            met.map(|_| args["x"].clone()).map_err(|_| ToolError::internal("nobody came"))
        }
    });
    let steps = "  a: { tool: meet, with: { x: 1 } }\n  b: { tool: meet, with: { x: 2 } }\n  c: { set: [\"{{ steps.a }}\", \"{{ steps.b }}\"] }\n";
    assert_eq!(harness.steps(steps).await.unwrap(), json!({"result": [1, 2]}));
}

#[tokio::test]
async fn no_more_tools_run_at_the_same_time_than_the_host_permits() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = most.clone();
    let mut harness = Harness::new().with("busy", move |_, _| {
        let (now, most) = (now.clone(), most.clone());
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(2)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(Value::Null)
        }
    });
    harness.host.permits = Arc::new(Permits::new(3, 1));
    let steps = "  m: { map: { for_each: \"{{ range 30 }}\", parallel: 9, steps: { a: { tool: busy } } } }\n";
    harness.steps(steps).await.unwrap();
    assert_eq!((harness.count("busy"), seen.load(Ordering::SeqCst)), (30, 3));
}

#[tokio::test]
async fn outputs_and_handles_are_the_same_whatever_ends_first() {
    let text = "name: t\ninputs: { image: image }\nsteps:\n  found: { tool: detect, with: { image: \"{{ inputs.image }}\" } }\n  \
        left: { tool: crop, with: { image: \"{{ inputs.image }}\", region: cup }, after: [w1, found] }\n  w1: { tool: lag }\n  \
        each:\n    map:\n      for_each: \"{{ steps.found.objects }}\"\n      parallel: 3\n      steps:\n        lag: { tool: lag }\n        \
        cut: { tool: crop, with: { image: \"{{ inputs.image }}\", region: \"{{ item.handle }}\" }, after: [lag] }\n        \
        inner: { tool: detect, with: { image: \"{{ steps.cut.image }}\" } }\n      output: { image: \"{{ steps.cut.image }}\", handle: \"{{ item.handle }}\" }\n\
        outputs: { each: \"{{ steps.each }}\", left: \"{{ steps.left.image }}\" }\n";
    let mut first = None;
    for seed in 0..20u64 {
        let harness = Harness::new().with("lag", move |_, number| async move {
            let ms = (seed * 7919 + number as u64 * 104_729) % 13;
            tokio::time::sleep(Duration::from_millis(ms)).await;
            Ok(Value::Null)
        });
        let report = harness.run(text, &Value::Object(harness.image())).await;
        assert!(report.ok, "{:?}", report.error);
        let images: Vec<Value> =
            report.images.iter().map(|image| json!([image.handle, image.parent, image.op])).collect();
        let seen = (report.outputs, images);
        assert_eq!(first.get_or_insert_with(|| seen.clone()), &seen, "run {seed}");
    }
    let seen = first.map(|(outputs, images)| json!([outputs, images]));
    insta::assert_json_snapshot!(seen);
}

#[tokio::test]
async fn a_step_whose_condition_does_not_hold_is_skipped_and_gives_null() {
    let harness = Harness::new();
    let steps = "  n: { set: 0 }\n  a: { tool: echo, with: { x: 1 }, when: \"{{ gt steps.n 0 }}\" }\n  \
        b: { tool: echo, with: { x: 2 }, when: \"{{ eq steps.n 0 }}\" }\n  c: { set: [\"{{ steps.a }}\", \"{{ steps.b }}\", \"{{ default steps.a 7 }}\"] }\n";
    assert_eq!(harness.steps(steps).await.unwrap(), json!({"result": [null, 2, 7]}));
    assert_eq!((harness.skipped(), harness.count("echo")), (vec!["a".to_owned()], 1));
}

/// A harness whose tool `flaky` fails in its first calls.
fn flaky(times: usize, error: fn() -> ToolError) -> Harness {
    Harness::new()
        .with("flaky", move |_, number| async move { if number < times { Err(error()) } else { Ok(number.into()) } })
}

async fn with_waits(harness: &Harness, steps: &str) -> (Result<Value, (FailureKind, String)>, Vec<u128>) {
    let runner = Arc::new(Hasty::default());
    let workflow = harness.workflow(&format!("name: t\nsteps:\n{steps}"));
    let report = workflow.run_in(fields(&json!({})), &harness.host, runner.clone()).await;
    let waits = runner.waits.lock().unwrap().iter().map(Duration::as_millis).collect();
    match report.error {
        Some(failure) => (Err((failure.kind, failure.to_string())), waits),
        None => (Ok(Value::Object(report.outputs)), waits),
    }
}

#[tokio::test]
async fn a_failed_step_is_tried_again_with_doubling_waits() {
    let broken = || ToolError::internal("the disk is full");
    let (result, waits) =
        with_waits(&flaky(3, broken), "  a: { tool: flaky, retry: { max: 4, backoff: 10ms } }\n").await;
    assert_eq!((result, waits), (Ok(json!({"result": 3})), vec![10, 20, 40]));
    let harness = flaky(9, broken);
    let (result, waits) = with_waits(&harness, "  a: { tool: flaky, retry: 2 }\n").await;
    assert_eq!(result, Err((FailureKind::Internal, "a: the disk is full".into())));
    assert_eq!((waits, harness.count("flaky")), (vec![500, 1000], 3));
    let (_, waits) = with_waits(&flaky(9, broken), "  a: { tool: flaky, retry: { max: 9, backoff: 20s } }\n").await;
    assert_eq!(waits, [20_000, 40_000, 60_000, 60_000, 60_000, 60_000, 60_000, 60_000, 60_000], "at most a minute");
}

#[tokio::test]
async fn only_failures_that_may_pass_are_tried_again_unless_on_says_which() {
    let wrong = || ToolError::invalid_input("there is no region dog");
    let harness = flaky(1, wrong);
    assert!(with_waits(&harness, "  a: { tool: flaky, retry: 3 }\n").await.0.is_err());
    assert_eq!(harness.count("flaky"), 1);
    let harness = flaky(1, wrong);
    let (result, _) = with_waits(&harness, "  a: { tool: flaky, retry: { max: 3, on: [invalid_input] } }\n").await;
    assert_eq!(result, Ok(json!({"result": 1})));
    let harness = flaky(1, || ToolError::internal("no"));
    assert!(with_waits(&harness, "  a: { tool: flaky, retry: { max: 3, on: [timeout] } }\n").await.0.is_err());
    assert_eq!(harness.count("flaky"), 1);
}

#[tokio::test]
async fn a_step_that_takes_too_long_is_ended() {
    let harness = Harness::new();
    let begin = Instant::now();
    let failure = harness
        .steps("  a: { tool: wait, with: { ms: 20000 }, timeout: 30ms, retry: { max: 1, backoff: 1ms } }\n")
        .await;
    let failure = failure.unwrap_err();
    assert_eq!(
        (failure.kind, failure.to_string()),
        (FailureKind::Timeout, "a: the step did not finish within 30ms".into())
    );
    assert_eq!(harness.count("wait"), 2, "a time that is over is tried again");
    assert!(begin.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn what_becomes_of_a_failure_in_all_four_forms() {
    let broken = || flaky(9, || ToolError::internal("the disk is full"));
    let harness = broken();
    let failure =
        harness.steps("  a: { tool: flaky, on_error: fail }\n  b: { tool: echo, after: [a] }\n").await.unwrap_err();
    assert_eq!((failure.step.as_str(), harness.count("echo")), ("a", 0));
    let steps = "  a: { tool: flaky, on_error: continue }\n  b: { set: [\"{{ steps.a }}\", \"{{ errors.a.kind }}\", \"{{ errors.a.message }}\"] }\n";
    let gives = json!({"result": [null, "internal", "the disk is full"]});
    assert_eq!(broken().steps(steps).await.unwrap(), gives);
    let steps = "  n: { set: 5 }\n  a: { tool: flaky, on_error: { default: { x: \"{{ steps.n }}\" } } }\n  b: { set: \"{{ steps.a.x }}\" }\n";
    assert_eq!(broken().steps(steps).await.unwrap(), json!({"result": 5}));
    let steps = "  a: { tool: flaky, on_error: { go_to: plan_b } }\n  plan_b: { tool: echo, with: { x: \"{{ error.step }}: {{ error.message }}\" } }\n  \
        b: { set: [\"{{ steps.a }}\", \"{{ errors.a.kind }}\"] }\n";
    assert_eq!(broken().steps(steps).await.unwrap(), json!({"result": ["a: the disk is full", "internal"]}));
    let harness = flaky(0, || ToolError::internal("never"));
    assert_eq!(harness.steps(steps).await.unwrap(), json!({"result": [0, null]}));
    assert_eq!(harness.count("echo"), 0, "a handler does not run by itself");
    let steps = "  a: { tool: flaky, on_error: { go_to: plan_b } }\n  plan_b: { assert: \"{{ eq 1 2 }}\" }\n";
    let failure = broken().steps(steps).await.unwrap_err();
    assert_eq!(failure.to_string(), "a.plan_b: it does not hold that eq 1 2");
}

#[tokio::test]
async fn maps_whiles_and_switches_stand_in_one_another() {
    let steps = "  m:\n    map:\n      for_each: [1, 2, 3]\n      as: n\n      steps:\n        loop:\n          while:\n            \
        condition: \"{{ lt last n }}\"\n            start: 0\n            steps:\n              kind:\n                switch:\n                  \
        value: \"{{ round }}\"\n                  cases:\n                    \"0\": { output: \"{{ add last 1 }}\" }\n                  \
        default: { steps: { e: { tool: echo, with: { x: \"{{ add last 1 }}\" } } } }\n        text: { set: \"{{ index }}:{{ n }}:{{ steps.loop }}\" }\n";
    let harness = Harness::new();
    assert_eq!(harness.steps(steps).await.unwrap(), json!({"result": ["0:1:1", "1:2:2", "2:3:3"]}));
    assert_eq!(harness.count("echo"), 3);
    let steps = "  s: { switch: { value: \"{{ add 1 1 }}\", cases: { x: { output: 1 } } } }\n";
    assert_eq!(harness.steps(steps).await.unwrap(), json!({"result": null}), "no case fits");
}

#[tokio::test]
async fn the_deepest_steps_run_on_the_stack_of_a_thread() {
    let opened: Vec<String> = (0..16).map(|at| format!("{{ map: {{ for_each: [1], steps: {{ a{at}: ")).collect();
    let opened = opened.concat();
    let mut expected = json!(1);
    (0..16).for_each(|_| expected = json!([expected]));
    let steps = format!("  s: {opened}{{ set: 1 }}{}\n", " } } }".repeat(16));
    assert_eq!(Harness::new().steps(&steps).await.unwrap()["result"], expected);
}

#[tokio::test]
async fn limits_of_items_and_rounds_end_the_step() {
    let harness = Harness::new();
    let failed = async |steps: &str| {
        let failure = harness.steps(steps).await.unwrap_err();
        format!("{:?}: {failure}", failure.kind)
    };
    let mut all = vec![
        failed("  m: { map: { for_each: \"{{ range 5 }}\", max_items: 4, steps: { a: { set: 1 } } } }\n").await,
        failed("  m: { map: { for_each: \"{{ parse \\\"5\\\" }}\", steps: { a: { set: 1 } } } }\n").await,
        failed("  w: { while: { condition: \"{{ gte round 0 }}\", max_rounds: 3, steps: { a: { set: 1 } } } }\n").await,
        failed("  a: { set: \"{{ range 1000000 }}\" }\n").await,
        failed("  a: { set: \"{{ div 1 0 }}\" }\n").await,
        failed("  a: { tool: echo, with: { x: {} } }\n  b: { set: \"{{ steps.a.y.z }}\" }\n").await,
    ];
    all.push(failed("  m: { map: { for_each: [1, 2, 3], steps: { a: { assert: \"{{ lt item 2 }}\" } } } }\n").await);
    let all = all.join("\n");
    insta::assert_snapshot!(all);
}

#[tokio::test]
async fn items_that_fail_are_left_out_or_null() {
    let harness = Harness::new();
    let steps = |then: &str| {
        format!(
            "  m: {{ map: {{ for_each: [1, 2, 3], on_item_error: {then}, steps: {{ a: {{ assert: \"{{{{ ne item 2 }}}}\" }}, b: {{ set: \"{{{{ item }}}}\", after: [a] }} }} }} }}\n"
        )
    };
    assert_eq!(harness.steps(&steps("skip")).await.unwrap(), json!({"result": [1, 3]}));
    assert_eq!(harness.steps(&steps("\"null\"")).await.unwrap(), json!({"result": [1, null, 3]}));
    assert_eq!(harness.steps(&steps("fail")).await.unwrap_err().step, "m[1].a");
}

#[tokio::test]
async fn cancellation_ends_a_run_at_once() {
    let harness = Harness::new();
    let workflow = harness.workflow(
        "name: t\nsteps:\n  m: { map: { for_each: \"{{ range 50 }}\", steps: { a: { tool: wait, with: { ms: 60000 }, on_error: continue, retry: 5 } } } }\n",
    );
    let cancel = harness.host.cx.cancel.clone();
    let run = workflow.run_in(fields(&json!({})), &harness.host, Arc::new(Local::new("run")));
    let stop = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        cancel.cancel();
        Instant::now()
    };
    let (report, at) = tokio::join!(run, stop);
    let took = at.elapsed();
    eprintln!("cancelled in {took:?}");
    assert_eq!(report.error.unwrap().kind, FailureKind::Cancelled);
    assert!(took < Duration::from_millis(100), "{took:?}");
}

#[tokio::test]
async fn another_workflow_is_a_step() {
    let harness = Harness::new();
    let inner = "name: inner\ninputs: { n: number, more: { type: number, default: 10 } }\nsteps:\n  \
        a: { assert: { that: \"{{ lt inputs.n 5 }}\", message: \"{{ inputs.n }} is too much\" } }\n  b: { set: \"{{ add inputs.n inputs.more }}\" }\n\
        outputs: { sum: \"{{ steps.b }}\", twice: \"{{ mul steps.b 2 }}\" }\n";
    fs_err::write(harness.folder.path().join("inner.yaml"), inner).unwrap();
    let steps = "  a: { workflow: inner.yaml, with: { n: 1 } }\n  b: { workflow: inner.yaml, with: { n: \"{{ sub steps.a.sum 9 }}\", more: 1 } }\n  \
        c: { set: [\"{{ steps.a.sum }}\", \"{{ steps.b.twice }}\"] }\n";
    assert_eq!(harness.steps(steps).await.unwrap(), json!({"result": [11, 6]}));
    let failure = harness.steps("  x: { workflow: inner.yaml, with: { n: 7 } }\n").await.unwrap_err();
    assert_eq!(failure.to_string(), "x.a: 7 is too much");
}

#[tokio::test]
async fn a_template_is_cut_off_before_it_fills_the_memory() {
    let harness = Harness::new();
    let ten = "{{ steps.a }}".repeat(10);
    let steps = format!(
        "  a: {{ set: \"{{{{ join (range 99999) }}}}\" }}\n  b: {{ set: \"{ten}\" }}\n  c: {{ set: \"{}\" }}\n",
        "{{ steps.b }}".repeat(20)
    );
    let begin = Instant::now();
    let failure = harness.steps(&steps).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.to_string()),
        (FailureKind::Template, "c: the text that the template makes is longer than 16 MB".into())
    );
    let blocks = "  a: { set: \"{{ range 99999 }}\" }\n  b: { set: \"{{#each steps.a}}{{#each ../steps.a}}0123456789{{/each}}{{/each}}\" }\n";
    let failure = harness.steps(blocks).await.unwrap_err();
    assert!(failure.message.contains("longer than 16 MB"), "{failure}");
    eprintln!("100 MB of text refused in {:?}", begin.elapsed());
}

#[tokio::test]
async fn values_that_double_end_before_they_fill_the_memory() {
    let twice = |at: usize| {
        format!("  s{at}: {{ set: {{ a: \"{{{{ steps.s{0} }}}}\", b: \"{{{{ steps.s{0} }}}}\" }} }}\n", at - 1)
    };
    let steps: Vec<String> = (1..60).map(twice).collect();
    let begin = Instant::now();
    let failure = Harness::new().steps(&format!("  s0: {{ set: 1 }}\n{}", steps.concat())).await.unwrap_err();
    eprintln!("60 doublings refused in {:?}", begin.elapsed());
    assert_eq!(failure.kind, FailureKind::Template);
    assert!(failure.to_string().ends_with("takes more than 256 MB of memory"), "{failure}");
    let deeper = "  w: { while: { condition: \"{{ gte round 0 }}\", max_rounds: 100000, steps: { a: { set: [\"{{ last }}\"] } } } }\n";
    let failure = Harness::new().steps(deeper).await.unwrap_err();
    assert_eq!(failure.to_string(), "w[101].a: the value that the template makes is more than 100 deep");
}

#[tokio::test]
async fn a_map_over_100_000_items_runs_in_bounded_time() {
    let harness = Harness::new();
    let steps = "  m: { map: { for_each: \"{{ range 100000 }}\", steps: { a: { set: \"{{ mul item 2 }}\" } } } }\n  s: { set: \"{{ sum steps.m }}\" }\n";
    let begin = Instant::now();
    assert_eq!(harness.steps(steps).await.unwrap(), json!({"result": 9_999_900_000u64}));
    let took = begin.elapsed();
    eprintln!("100,000 items in {took:?}");
    assert!(took < Duration::from_mins(1), "{took:?}");
}

#[tokio::test]
async fn all_that_is_wrong_with_inputs_is_told_at_once() {
    let harness = Harness::new();
    let text = "name: t\ninputs:\n  image: { type: image, description: the photo }\n  n: { type: number, min: 1 }\n  kind: { type: enum, values: [cup, plate] }\n  \
        yes: bool\n  list: { type: json, schema: { type: array, items: { type: integer } } }\n  whole: { type: number, integer: true }\n  \
        short: { type: text, max: 3 }\n  many: { type: images, max: 1 }\n  file: file\n  fine: { type: text, default: x }\nsteps: { a: { set: 1 } }\n";
    let inputs = json!({"n": "many", "kind": "spoon", "yes": "perhaps", "list": [1, "x"], "whole": 1.5, "short": "abcd", "many": "no/such/*.png",
        "file": "/no/such.txt", "imag": "x.png", "fine": {"a": 1}});
    let report = harness.run(text, &inputs).await;
    assert!(!report.ok && harness.calls.lock().unwrap().is_empty());
    let failure = report.error.unwrap();
    assert_eq!(failure.kind, FailureKind::InvalidInput);
    insta::assert_snapshot!(failure.message);
}
