//! `docs/tools.md`: every tool from its own words.

use std::fmt::Write;

use argus_tools::{
    store::{Catalog, StoreError},
    tool::{Argument, ToolSpec, Toolbox},
};

use super::page::call_line;

/// What stands before the tools, written by hand.
const INTRO: &str = include_str!("../../../../docs/tools.intro.md");

/// The whole page.
pub(super) fn page(tools: &Toolbox) -> Result<String, StoreError> {
    let catalog = Catalog::embedded()?;
    let mut text = INTRO.trim_end().to_owned();
    for spec in tools.specs() {
        section(&mut text, spec, &catalog);
    }
    text.push('\n');
    Ok(text)
}

fn section(text: &mut String, spec: &ToolSpec, catalog: &Catalog) {
    let _ = write!(text, "\n\n## `{}`\n\n{}.", spec.name, sentence(&spec.summary));
    if !spec.limits.is_empty() {
        let _ = write!(text, "\n\nLimits: {}.", spec.limits);
    }
    let _ = write!(text, "\n\nModels: {}.", models(spec, catalog));
    if spec.advanced {
        text.push_str("\n\nRarely needed: a large model is given its name alone and can ask for its description.");
    }
    let arguments = spec.arguments();
    if !arguments.is_empty() {
        text.push_str("\n\n| argument | type | |\n| --- | --- | --- |");
        for argument in &arguments {
            let need = if argument.required { "" } else { ", optional" };
            row(text, argument, need);
        }
    }
    let results = spec.results();
    if !results.is_empty() {
        text.push_str("\n\n| result | type | |\n| --- | --- | --- |");
        for field in &results {
            row(text, field, if field.required { "" } else { ", may be absent" });
        }
    }
    for example in &spec.examples {
        let line = call_line(spec, &example.input);
        let _ = write!(text, "\n\n{}\n\n```sh\n{line}\n```\n\n```json\n{}\n```", example.task, example.output);
    }
}

fn row(text: &mut String, field: &Argument, note: &str) {
    let cell = |words: &str| words.replace('|', "\\|");
    let _ = write!(text, "\n| `{}` | {}{note} | {} |", field.name, cell(&field.kind), cell(&field.description));
}

/// The candidates of its roles, best first.
fn models(spec: &ToolSpec, catalog: &Catalog) -> String {
    let parts: Vec<String> = spec
        .base_roles()
        .into_iter()
        .map(|role| {
            let candidates: Vec<String> =
                catalog.candidates(role).map(|entry| format!("{} ({})", entry.id, entry.licence)).collect();
            let candidates = if candidates.is_empty() { "one of your own".into() } else { candidates.join(" or ") };
            format!("`{role}`: {candidates}")
        })
        .collect();
    if parts.is_empty() { "none".into() } else { parts.join("; ") }
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use argus_tools::vision;

    use super::*;

    #[test]
    fn the_page_in_docs_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/tools.md");
        let there = std::fs::read_to_string(path).unwrap_or_default();
        let due = page(&vision::toolbox()).unwrap();
        let line = there.lines().zip(due.lines()).position(|(a, b)| a != b).unwrap_or(there.lines().count()) + 1;
        assert!(
            there == due,
            "docs/tools.md is out of date from line {line} on; renew it with `cargo run -- tools --markdown > docs/tools.md`"
        );
    }

    #[test]
    fn every_tool_has_its_models_arguments_results_and_examples() {
        let text = page(&vision::toolbox()).unwrap();
        let detect = &text[text.find("\n## `detect`").unwrap()..text.find("\n## `read_text`").unwrap()];
        for part in [
            "Models: `detect`: yolov12n (AGPL-3.0",
            "| `labels` | list of string, optional | what to look for",
            "| `objects[].box` | list of number | [x1, y1, x2, y2] in pixels. |",
            "| `counts` | object |",
            "argus tool detect photo.jpg --labels cup\n",
        ] {
            assert!(detect.contains(part), "{part} is missing:\n{detect}");
        }
        assert!(text.contains("`ocr`: pp-ocrv6-small") && !text.contains("ocr-det"));
        assert!(text.ends_with("```\n") && !text.contains("\n\n\n"));
    }
}
