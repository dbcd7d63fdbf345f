//! What templates compute and what a prompt gives, through whole workflows.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::sync::Arc;

use argus_agent::chat::{ChatReply, Finish, Usage, scripted::Scripted};
use argus_tools::{
    image::{FetchPolicy, Fetcher, ImageStore, LoadLimits, NoSamples},
    onnx::NoModels,
    tool::{ToolCx, Toolbox},
};
use serde_json::{Map, Value, json};

use crate::Host;
use crate::Loader;
use crate::Local;
use crate::OneLlm;
use crate::RunReport;
use crate::Workflow;

fn host() -> Host {
    let loader = Loader {
        fetcher: Fetcher::new(FetchPolicy::default()).unwrap(),
        samples: Arc::new(NoSamples),
        limits: LoadLimits::default(),
    };
    Host::new(Toolbox::new(), ToolCx::new(ImageStore::new(), Arc::new(NoModels)), loader)
}

async fn run(text: &str, host: &Host) -> RunReport {
    let workflow = Workflow::read(text, "test.yaml", None, &host.toolbox).unwrap();
    workflow.run_in(Map::new(), host, Arc::new(Local::new("test"))).await
}

/// What an expression gives, over `list` and `objects`.
async fn value(expression: &str) -> Result<Value, String> {
    let definition = json!({
        "name": "one",
        "steps": {
            "list": { "set": ["b", "a", "b", "c"] },
            "objects": { "set": [{ "text": "A woman on a bus", "n": 1 }, { "text": "Two men", "n": 2 }] },
            "value": { "set": expression, "after": ["list", "objects"] },
        },
        "outputs": { "value": "{{ steps.value }}", "list": "{{ steps.list }}", "objects": "{{ steps.objects }}" },
    });
    let report = run(&definition.to_string(), &host()).await;
    report.error.map_or_else(|| Ok(report.outputs["value"].clone()), |error| Err(error.to_string()))
}

#[tokio::test]
async fn lists_are_made_cut_and_counted() {
    for (expression, expected) in [
        ("{{ list 1 \"x\" steps.list }}", json!([1, "x", ["b", "a", "b", "c"]])),
        ("{{ concat (list) (list 1) }}", json!([1])),
        ("{{#each (list)}}x{{else}}none{{/each}}", json!("none")),
        ("{{ without steps.list (list \"b\") }}", json!(["a", "c"])),
        ("{{ chunk steps.list 3 }}", json!([["b", "a", "b"], ["c"]])),
        (
            "{{ tally steps.list }}",
            json!([{"value": "b", "count": 2}, {"value": "a", "count": 1}, {"value": "c", "count": 1}]),
        ),
        ("{{ sample steps.list (list 0 0 0 2) 3 7 }}", json!(["c"])),
        ("{{ filter steps.objects \"text\" \"has\" \"men\" }}", json!([{ "text": "Two men", "n": 2 }])),
        ("{{ parse_lines \"{\\\"a\\\":1}\\n\\n[2]\\n\" }}", json!([{ "a": 1 }, [2]])),
        ("{{ phrases \"a red bus\" 2 }}", json!(["red", "bus", "red bus"])),
        ("{{ similarity (list 1 0) (list 3 4) }}", json!(0.6)),
        ("{{ normalize_answer \"The bus.\" }}", json!("bus")),
    ] {
        assert_eq!(value(expression).await, Ok(expected), "{expression}");
    }
    for (expression, part) in [
        ("{{ chunk steps.list 0 }}", "at least 1"),
        ("{{ sample steps.list (list 1) 1 0 }}", "4 items have 1 weights"),
        ("{{ parse_lines \"{}\\nx\" }}", "line 2 is no JSON"),
        ("{{ similarity (list 1) (list 1 2) }}", "1 and 2 numbers"),
        ("{{ filter steps.list \"\" \"like\" 3 }}", "has"),
    ] {
        let error = value(expression).await.unwrap_err();
        assert!(error.contains(part), "{expression}: {error}");
    }
}

#[tokio::test]
async fn patches_become_boxes() {
    // A grid of 2 x 4 over 80 x 20 pixels: patches of 20 x 10.
    for (expression, expected) in [
        ("{{ patch_box (list 1 6) 2 4 80 20 }}", json!([20, 0, 60, 20])),
        ("{{ patch_box (list 0) 2 4 80 20 }}", json!([0, 0, 20, 10])),
        // Half of four: the first and the one nearest to it.
        ("{{ patch_box (list 5 3 7 4) 2 4 80 20 0.5 }}", json!([0, 10, 40, 20])),
    ] {
        assert_eq!(value(expression).await, Ok(expected), "{expression}");
    }
    assert!(value("{{ patch_box (list 8) 2 4 80 20 }}").await.unwrap_err().contains("no patch 8"));
    assert!(value("{{ patch_box (list) 2 4 80 20 }}").await.unwrap_err().contains("no patches"));
}

#[tokio::test]
async fn a_prompt_takes_its_length_from_a_template_and_tells_the_log_probability() {
    let usage = Usage { prompt_tokens: 9, completion_tokens: 2 };
    let reply = ChatReply {
        text: " two\n".into(),
        tool_calls: Vec::new(),
        reasoning: String::new(),
        finish: Finish::Stop,
        usage,
        logprob: Some(-0.25),
    };
    let script = Scripted::new().expect_then(
        |request| match (request.logprobs, request.max_tokens) {
            (true, Some(5)) => Ok(()),
            other => Err(format!("{other:?}")),
        },
        Ok(reply),
    );
    let mut host = host();
    host.llm = Arc::new(OneLlm(Arc::new(script)));
    let text = "\
name: one
inputs: { most: { type: number, default: 5 } }
steps:
  said: { prompt: { text: How many?, max_tokens: \"{{ inputs.most }}\", logprobs: true } }
outputs: { said: \"{{ steps.said }}\", sure: \"{{ gt steps.said.logprob -1 }}\" }
";
    let report = run(text, &host).await;
    assert_eq!(report.error.map(|error| error.to_string()), None);
    assert_eq!(report.outputs["said"], json!({ "text": "two", "logprob": -0.25 }));
    assert_eq!(report.outputs["sure"], json!(true));
}

#[tokio::test]
async fn a_length_that_is_none_is_told() {
    let toolbox = Toolbox::new();
    for (length, part) in [("0", "at least 1"), ("\"{{ inputs.word }}\"", "it is a text, but a number is needed")] {
        let text = format!(
            "name: one\ninputs: {{ word: {{ type: text, default: x }} }}\n\
             steps:\n  said: {{ prompt: {{ text: \"{{{{ inputs.word }}}}\", max_tokens: {length} }} }}\n"
        );
        let error = Workflow::read(&text, "test.yaml", None, &toolbox).err().unwrap();
        assert!(error.problems.iter().any(|problem| problem.message.contains(part)), "{:?}", error.problems);
    }
}

#[tokio::test]
async fn files_come_with_the_shipped_workflows() {
    let text = |file: &str| {
        format!(
            "name: one\ninputs: {{ pool: {{ type: file, default: \"shipped:{file}\" }} }}\n\
             steps:\n  pool: {{ set: \"{{{{ parse_lines inputs.pool }}}}\" }}\n"
        )
    };
    let report = run(&text("data/pica_examples.jsonl"), &host()).await;
    let pool = report.outputs["result"].as_array().unwrap().clone();
    assert!(pool.len() >= 16, "as many as PICa shows");
    for example in pool {
        assert!(["context", "question", "answer"].iter().all(|name| example[name].is_string()), "{example}");
    }
    let error = run(&text("data/none.jsonl"), &host()).await.error.unwrap();
    assert!(error.to_string().contains("no file that is shipped"), "{error}");
}
