//! What the builder makes is what YAML says.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::time::Duration;

use argus_tools::vision;
use serde_json::{Value, json};

use crate::AgentTask;
use crate::ApproveSpec;
use crate::AssertSpec;
use crate::Body;
use crate::Definition;
use crate::FailureKind;
use crate::Input;
use crate::InputType;
use crate::ItemError;
use crate::MapSpec;
use crate::Prompt;
use crate::Retry;
use crate::Step;
use crate::SwitchSpec;
use crate::WhileSpec;
use crate::Workflow;
use crate::language::source::read_leniently;

fn rich() -> Definition {
    let seconds = Duration::from_secs;
    let cut = Step::tool("crop").with("image", "{{ inputs.image }}").with("region", "{{ thing.box }}");
    let words = Step::tool("read_text").with("image", "{{ steps.cut.image }}");
    let which = SwitchSpec::on("{{ inputs.kind }}")
        .case("receipt", Body::new().step("words", words).output("{{ steps.words.text }}"))
        .case("photo", Body::value("a {{ thing.label }}"))
        .otherwise(Body::value(Value::Null));
    let cuts = MapSpec::over("{{ slice steps.found.objects 0 inputs.most }}")
        .named("thing")
        .parallel(2)
        .max_items(20)
        .on_item_error(ItemError::Skip)
        .step("cut", cut)
        .step("which", Step::switch(which))
        .output(json!({"image": "{{ steps.cut.image }}", "about": "{{ steps.which }}", "number": "{{ index }}"}));
    let said = Prompt::new("Describe: {{ json steps.cuts }} {{ steps.page.words }}")
        .system("Be short.")
        .schema(json!({"type": "object", "required": ["text"]}))
        .max_tokens(99)
        .temperature(0.5)
        .seed(7)
        .stop("END");
    let better = WhileSpec::holds("{{ lt (len last.text) 40 }}")
        .start("{{ steps.said }}")
        .max_rounds(3)
        .step("longer", Step::prompt("Say more than: {{ last.text }}").model("openai:small"))
        .output(json!({"text": "{{ steps.longer }}"}));
    let looked = AgentTask::new("Is this right & good: {{ steps.better.text }}")
        .images("{{ inputs.image }}")
        .tools(["detect", "read_text"])
        .max_steps(4)
        .max_tokens(2000)
        .deadline(seconds(120))
        .cards(false);
    Definition::new("rich")
        .describe("One step of each of the ten kinds, and every way to run them.")
        .version(1.5)
        .input("image", Input::image())
        .input("kind", Input::one_of(["photo", "receipt"]).default_to("photo").describe("what it shows"))
        .input("most", Input::number().whole().min(1.0).max(20.0).default_to(5))
        .input("about", Input::json_like(json!({"type": "object"})).optional())
        .step(
            "found",
            Step::tool("detect")
                .describe("what is there")
                .with("image", "{{ inputs.image }}")
                .with("labels", json!(["cup", "plate"]))
                .retry(
                    Retry::times(2)
                        .backoff(Duration::from_millis(100))
                        .on([FailureKind::Internal, FailureKind::Timeout]),
                )
                .timeout(seconds(30))
                .cached()
                .device("cpu"),
        )
        .step(
            "page",
            Step::workflow("part.yaml")
                .with("image", "{{ inputs.image }}")
                .with("about", "receipt")
                .or_default(json!({"words": ""})),
        )
        .step("some", Step::assert(AssertSpec::new("{{ gt (len steps.found.objects) 0 }}", "nothing was found")))
        .step("cuts", Step::map(cuts))
        .step("said", Step::prompt(said).or_go_to("plain"))
        .step("plain", Step::set(json!({"text": "{{ len steps.cuts }} things <{{ error.kind }}>"})))
        .step("better", Step::repeat(better))
        .step(
            "sure",
            Step::approve(ApproveSpec::showing("Publish \"{{ steps.better.text }}\"?", "{{ steps.cuts }}"))
                .after("some"),
        )
        .step("looked", Step::agent(looked).when("{{ eq inputs.kind \"photo\" }}").after("sure").or_continue())
        .output("text", "{{ steps.better.text }}")
        .output("cuts", "{{ pluck steps.cuts \"image\" }}")
        .output("looked", "{{ steps.looked.answer }}")
}

fn parsed(text: &str) -> Definition {
    let read = read_leniently(text).unwrap();
    assert_eq!(read.problems, []);
    read.definition.unwrap()
}

#[test]
fn all_kinds_and_policies_are_what_yaml_says() {
    let (built, parsed) = (rich(), parsed(include_str!("rich.yaml")));
    for (id, step) in &parsed.steps {
        assert_eq!(built.steps.get(id), Some(step), "{id}");
    }
    assert_eq!(built, parsed);
    assert_eq!(serde_json::to_string(&built).unwrap(), serde_json::to_string(&parsed).unwrap(), "so is its digest");
}

#[test]
fn what_has_nothing_more_to_say_is_short() {
    let built = Definition::new("short")
        .version("2.0.1")
        .input("text", InputType::Text)
        .input("number", Input::number())
        .step("a", Step::prompt(Prompt::new("Say {{ inputs.text }}.")).retry(Retry::times(1)))
        .step("b", Step::agent(AgentTask::new("Do {{ steps.a }}.")).retry(3))
        .step("c", Step::assert("{{ steps.b.grounded }}"))
        .step("d", Step::approve("Go on?").or_continue())
        .step("e", Step::set(Value::Null));
    let text = "name: short\nversion: 2.0.1\ninputs: { text: text, number: number }\nsteps:\n  \
        a: { prompt: \"Say {{ inputs.text }}.\", retry: 1 }\n  b: { agent: \"Do {{ steps.a }}.\", retry: 3 }\n  \
        c: { assert: \"{{ steps.b.grounded }}\" }\n  d: { approve: Go on?, on_error: continue }\n  e: { set: null }\n";
    assert_eq!(built, parsed(text));
}

#[test]
fn what_is_built_wrongly_is_told_without_places() {
    let definition = Definition::new("wrong").step("a", Step::tool("detct")).step("b", Step::set("{{ steps.c }}"));
    let Err(error) = Workflow::build(definition, &vision::toolbox()) else { panic!("it has errors") };
    insta::assert_snapshot!(error.to_string());
}
