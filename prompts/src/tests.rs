//! Example banks and cards of tools.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use argus_tools::vision;
use serde_json::{Value, json};

use super::*;

#[test]
fn tools_of_others_say_what_their_arguments_are() {
    let mut spec = vision::toolbox().spec("calculate").unwrap().clone();
    (spec.name, spec.summary, spec.examples) = ("weather".into(), "Tells the weather of a day.".into(), Vec::new());
    spec.input_schema = serde_json::json!({
        "type": "object",
        "properties": {
            "city": { "type": "string", "description": "Where, as \"City, Country\"" },
            "days": { "type": "integer", "description": "Days from today, 0 to 7" }
        },
        "required": ["city"]
    });
    let manager =
        PromptManager::new(Templates::embedded().unwrap(), std::iter::once(&spec), PromptParts::default()).unwrap();
    let prefix = manager.prefix(Language::En, Protocol::Schema);
    insta::assert_snapshot!("foreign_toolbox", prefix[0].content);
}

#[test]
fn the_bank_of_examples_fits_the_tools() {
    let templates = Templates::embedded().unwrap();
    let toolbox = vision::toolbox();
    for language in Language::ALL {
        let examples = templates.examples(language);
        let (blind, examples): (Vec<_>, Vec<_>) = examples.iter().partition(|example| example.blind);
        assert!(examples.iter().filter(|example| example.fixed).count() == 5, "{language:?}");
        assert!(blind.iter().filter(|example| example.fixed).count() == 2, "{language:?}");
        for step in examples.iter().flat_map(|example| &example.steps) {
            let spec = toolbox.spec(&step.tool).unwrap();
            let known = spec.arguments();
            let given: Vec<&String> = step.args.as_object().unwrap().keys().collect();
            assert!(
                given.iter().all(|name| known.iter().any(|argument| argument.name == **name)),
                "{} {}",
                step.tool,
                step.args
            );
            let missing =
                known.iter().filter(|argument| argument.required).any(|argument| !given.contains(&&argument.name));
            assert!(!missing, "{} {}", step.tool, step.args);
        }
        for example in examples {
            let called: Vec<&String> = example.steps.iter().map(|step| &step.tool).collect();
            assert!(
                called.iter().all(|tool| example.needs.contains(tool)),
                "{} does not say what it needs",
                example.task
            );
        }
    }
}

#[test]
fn wrong_example_files_name_the_line() {
    let directory = tempfile::tempdir().unwrap();
    fs_err::write(directory.path().join("examples.jsonl"), "{\"task\": \"a\"}\n{\"tusk\": 1}\n").unwrap();
    let error = Templates::with_directory(directory.path()).unwrap_err().to_string();
    assert!(error.contains("examples.jsonl, line 2 is no example: unknown field `tusk`"), "{error}");
    fs_err::remove_file(directory.path().join("examples.jsonl")).unwrap();
    fs_err::create_dir(directory.path().join("zh")).unwrap();
    fs_err::write(directory.path().join("zh/repair.hbs"), "only here: {{reason}}").unwrap();
    let templates = Templates::with_directory(directory.path()).unwrap();
    let flags: Value = json!({ "reason": "r", "schema": true, "native": false, "text": false });
    assert_eq!(templates.render(Language::Zh, "repair", &flags).unwrap(), "only here: r");
    assert!(templates.render(Language::En, "repair", &flags).unwrap().starts_with("That cannot be used: r."));
}
