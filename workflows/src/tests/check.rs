//! What a check finds.

#![expect(clippy::panic, reason = "what a check says is best read as it is")]

use argus_tools::vision;

use crate::Library;
use crate::Workflow;
use crate::render;

/// The problems of a workflow as a person reads them.
fn problems(text: &str) -> String {
    match Workflow::read(text, "test.yaml", None, &vision::toolbox()) {
        Ok(workflow) => render(workflow.warnings(), "test.yaml", text, false),
        Err(error) => render(&error.problems, "test.yaml", text, false),
    }
}

#[test]
fn ten_mistakes_are_all_told_with_their_lines() {
    let text = include_str!("ten_mistakes.yaml");
    insta::assert_snapshot!(problems(text));
}

#[test]
fn a_good_one_has_none() {
    assert_eq!(problems(include_str!("good.yaml")), "");
}

#[test]
fn every_shipped_workflow_checks_without_problems() {
    let toolbox = vision::toolbox();
    let names = Library::shipped();
    assert!(names.len() >= 14, "{names:?}");
    for name in names {
        match Workflow::load_for(&name, &toolbox) {
            Ok(workflow) => {
                assert_eq!(workflow.name(), name, "a shipped workflow is called like its file");
                assert_eq!(render(workflow.warnings(), &name, workflow.text(), false), "");
                let definition = workflow.definition();
                assert!(!definition.description.is_empty(), "{name} has a description");
                let first = workflow.text().lines().next();
                assert_eq!(first, Some("# yaml-language-server: $schema=../schema.json"), "{name}");
                for (input, spec) in &definition.inputs {
                    assert!(!spec.input().description.is_empty(), "{name}: the input {input} has a description");
                }
            }
            Err(error) => panic!("{}", render(&error.problems, &name, &error.text, false)),
        }
    }
}
