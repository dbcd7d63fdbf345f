//! What a check finds.

use argus_tools::vision;

use crate::workflow::{Workflow, render};

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
