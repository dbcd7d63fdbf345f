//! Steps that ask somebody: a language model, an agent, a person.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::sync::Arc;

use argus_agent::chat::{ChatRequest, Role, scripted::Scripted};
use serde_json::{Value, json};

use crate::Always;
use crate::Approver;
use crate::Decision;
use crate::FailureKind;
use crate::tests::harness::Harness;

fn last(request: &ChatRequest) -> String {
    request.messages.last().map(|message| message.content.clone()).unwrap_or_default()
}

#[tokio::test]
async fn a_prompt_is_asked_as_it_says() {
    let script = Arc::new(Scripted::replies([" It is a cup.\n"]));
    let harness = Harness::new().llm(script.clone());
    let steps = "  n: { set: 2 }\n  a: { prompt: { text: \"What are the {{ steps.n }}?\", system: \"Answer in {{ add steps.n 1 }} words.\", max_tokens: 9, temperature: 0.5, seed: 7, stop: [END] } }\n";
    assert_eq!(harness.steps(steps).await.unwrap(), json!({"result": "It is a cup."}));
    let requests = script.requests();
    let asked = &requests[0];
    let messages: Vec<(Role, &str)> = asked.messages.iter().map(|m| (m.role, m.content.as_str())).collect();
    assert_eq!(messages, [(Role::System, "Answer in 3 words."), (Role::User, "What are the 2?")]);
    assert_eq!(
        (asked.max_tokens, asked.temperature, asked.seed, asked.stop.join(" ").as_str()),
        (Some(9), Some(0.5), Some(7), "END")
    );
}

const COUNTED: &str = "  a: { prompt: { text: How many?, schema: { type: object, properties: { n: { type: integer } }, required: [n], additionalProperties: false } } }\n  b: { set: \"{{ add steps.a.n 1 }}\" }\n";

#[tokio::test]
async fn a_reply_against_its_schema_is_asked_for_again() {
    let script = Arc::new(
        Scripted::replies(["three"])
            .expect(
                |request| last(request).contains("it is no JSON").then_some(()).ok_or_else(|| last(request)),
                "{\"n\": \"x\"}",
            )
            .expect(
                |request| {
                    last(request)
                        .contains("n: expected a whole number, found \"x\"")
                        .then_some(())
                        .ok_or_else(|| last(request))
                },
                "Here: ```json\n{\"n\": 3}\n```",
            ),
    );
    let harness = Harness::new().llm(script.clone());
    assert_eq!(harness.steps(COUNTED).await.unwrap(), json!({"result": 4}));
    assert!(script.requests().iter().all(|request| request.schema.is_some()));
    let failure = Harness::new().replies(&["no", "{}", "{\"n\": 1, \"m\": 2}"]).steps(COUNTED).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Llm);
    insta::assert_snapshot!(failure.to_string(), @r#"a: the reply does not follow the schema: m: there is no "m" here"#);
}

#[tokio::test]
async fn a_kept_reply_is_not_asked_for_again() {
    let script = Arc::new(Scripted::replies(["a cup", "a plate", "a spoon"]));
    let mut harness = Harness::new().llm(script.clone());
    harness.host.cache = Some(harness.folder.path().join("cache"));
    let kept = "  a: { prompt: What is it?, cache: true }\n";
    assert_eq!(harness.steps(kept).await.unwrap(), json!({"result": "a cup"}));
    assert_eq!(harness.steps(kept).await.unwrap(), json!({"result": "a cup"}));
    assert_eq!(
        harness.steps(&kept.replace("it?", "this?")).await.unwrap(),
        json!({"result": "a plate"}),
        "another question"
    );
    assert_eq!(
        harness.steps("  a: { prompt: What is it? }\n").await.unwrap(),
        json!({"result": "a spoon"}),
        "without cache"
    );
    assert_eq!(script.requests().len(), 3);
}

#[tokio::test]
async fn without_a_model_a_prompt_says_how_to_get_one() {
    let failure = Harness::new().steps("  a: { prompt: hi }\n").await.unwrap_err();
    assert_eq!(
        (failure.to_string().as_str(), failure.hint.as_deref()),
        ("a: there is no language model to ask", Some("choose one with --llm"))
    );
}

#[tokio::test]
async fn an_agent_sees_its_images_as_img_1_and_gives_handles_of_the_workflow() {
    let script = Arc::new(Scripted::replies([
        r#"{"thought": "a", "tool": "crop", "args": {"image": "img-1", "region": [1, 1, 9, 9]}}"#,
        r#"{"thought": "b", "answer": "It is img-2, cut from img-1."}"#,
    ]));
    let harness = Harness::new().llm(script.clone());
    let text = "name: t\ninputs: { image: image }\nsteps:\n  cut: { tool: crop, with: { image: \"{{ inputs.image }}\", region: [10, 10, 40, 40] } }\n  \
        look: { agent: { task: Crop the left upper corner., images: \"{{ steps.cut.image }}\", tools: [crop, measure], cards: false, max_steps: 3 } }\n  \
        again: { tool: crop, with: { image: \"{{ first steps.look.images }}\", region: [0, 0, 4, 4] } }\n\
        outputs: { look: \"{{ steps.look }}\", again: \"{{ steps.again.image }}\" }\n";
    let report = harness.run(text, &Value::Object(harness.image())).await;
    assert!(report.ok, "{:?}", report.error);
    assert_eq!(report.outputs["look"]["answer"], "It is look-1, cut from cut-1.");
    assert_eq!(report.outputs["look"]["images"], json!(["look-1"]));
    assert_eq!(report.outputs["again"], "again-1");
    let parent =
        |handle: &str| report.images.iter().find(|image| image.handle == handle).and_then(|image| image.parent.clone());
    assert_eq!((parent("look-1").as_deref(), parent("again-1").as_deref()), (Some("cut-1"), Some("look-1")));
    let read: String = script.requests().iter().flat_map(|r| r.messages.iter().map(|m| m.content.clone())).collect();
    assert!(read.contains("img-1") && !read.contains("cut-1"), "{read}");
    assert!(!read.contains("detect"), "only the tools of the step are offered");
    assert_eq!(report.usage.total(), 30);
}

#[tokio::test]
async fn an_agent_stops_at_its_limits_and_says_so() {
    let call = r#"{"thought": "a", "tool": "echo", "args": {"x": 1}}"#;
    let other = r#"{"thought": "b", "tool": "echo", "args": {"x": 2}}"#;
    let harness = Harness::new().replies(&[call, other, r#"{"thought": "c", "answer": "I did not find it."}"#]);
    let steps = "  a: { agent: { task: Look for it., tools: [echo], cards: false, max_steps: 2 } }\n  b: { set: [\"{{ steps.a.stop }}\", \"{{ steps.a.answer }}\"] }\n";
    assert_eq!(harness.steps(steps).await.unwrap(), json!({"result": ["step_limit", "I did not find it."]}));
    assert_eq!(harness.count("echo"), 2);
}

/// Says yes to whoever is shown a 3.
struct Three;

#[async_trait::async_trait]
impl Approver for Three {
    async fn ask(&self, question: &str, show: Option<&Value>) -> Decision {
        Decision { approved: show == Some(&json!(3)), by: format!("asked: {question}") }
    }
}

#[tokio::test]
async fn a_person_says_yes_or_no() {
    let mut harness = Harness::new();
    let failure = harness.steps("  a: { approve: Go on? }\n").await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.to_string().as_str()),
        (FailureKind::Refused, "a: \"Go on?\" was refused (nobody is there to ask)")
    );
    harness.host.approver = Arc::new(Always { yes: true, by: "--yes" });
    assert_eq!(
        harness.steps("  a: { approve: Go on? }\n").await.unwrap(),
        json!({"result": {"approved": true, "by": "--yes"}})
    );
    harness.host.approver = Arc::new(Three);
    let steps = |n: u32| {
        format!(
            "  n: {{ set: {n} }}\n  a: {{ approve: {{ question: \"{{{{ steps.n }}}} of them?\", show: \"{{{{ steps.n }}}}\" }}, on_error: {{ default: no }} }}\n"
        )
    };
    assert_eq!(
        harness.steps(&steps(3)).await.unwrap(),
        json!({"result": {"approved": true, "by": "asked: 3 of them?"}})
    );
    assert_eq!(harness.steps(&steps(4)).await.unwrap(), json!({"result": "no"}));
}
