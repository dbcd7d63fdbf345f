//! `argus workflow`: check, list, schema and graph.

use std::{io::IsTerminal, path::Path, process::ExitCode};

use argus_tools::tool::Toolbox;
use argus_workflows::{Input, Library, Problem, Workflow, WorkflowError, render, schema};
use owo_colors::OwoColorize;
use serde_json::{Value, json};

use crate::{
    arguments::{Global, GraphFormat, WorkflowAction, WorkflowCommand},
    config,
    printer::{Printer, UsageError},
    setup::toolbox,
};

/// Does what is asked.
pub(crate) fn run(command: WorkflowCommand, global: &Global, printer: &Printer) -> anyhow::Result<ExitCode> {
    let tools = toolbox(&config::load(global, &[])?.config, None)?;
    match command.action {
        WorkflowAction::Check { workflows, strict, json } => Ok(check(&workflows, strict, json, &tools, printer)),
        WorkflowAction::List { name: Some(name), yaml, json } => show(&name, yaml, json, &tools, printer),
        WorkflowAction::List { name: None, json, .. } => list(json, &tools, printer),
        WorkflowAction::Schema => {
            printer.json(&schema());
            Ok(ExitCode::SUCCESS)
        }
        WorkflowAction::Graph { workflow, format, output } => {
            let workflow = load(&workflow, &tools, printer)?;
            let is_svg = |file: &Path| file.extension().is_some_and(|ending| ending == "svg");
            let svg = format == GraphFormat::Svg || output.as_deref().is_some_and(is_svg);
            let graph = if svg { workflow.svg() } else { workflow.mermaid() };
            match output {
                Some(file) => fs_err::write(file, graph)?,
                None => printer.data(graph.trim_end()),
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Reads a workflow. What is wrong with it is printed whole, each problem with its lines.
pub(crate) fn load(name: &str, tools: &Toolbox, printer: &Printer) -> Result<Workflow, UsageError> {
    let workflow = Workflow::load_for(name, tools).map_err(|error| {
        if error.text.is_empty() {
            let first = error.problems.into_iter().next().unwrap_or_default();
            return UsageError { message: first.message, hint: first.hint };
        }
        printer.say(&rendered(&error.problems, &error.source_name, &error.text));
        UsageError { message: count(&error.problems, &error.source_name), hint: None }
    })?;
    if !workflow.warnings().is_empty() {
        printer.note(&rendered(workflow.warnings(), workflow.source_name(), workflow.text()));
    }
    Ok(workflow)
}

fn rendered(problems: &[Problem], name: &str, text: &str) -> String {
    let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    render(problems, name, text, color)
}

/// `x.yaml has 2 errors and 1 warning`
fn count(problems: &[Problem], name: &str) -> String {
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    let many = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    match (errors, problems.len() - errors) {
        (0, warnings) => format!("{name} has {}", many(warnings, "warning")),
        (errors, 0) => format!("{name} has {}", many(errors, "error")),
        (errors, warnings) => format!("{name} has {} and {}", many(errors, "error"), many(warnings, "warning")),
    }
}

fn check(workflows: &[String], strict: bool, json: bool, tools: &Toolbox, printer: &Printer) -> ExitCode {
    let mut bad = false;
    let mut all = Vec::new();
    for name in workflows {
        let (source, text, problems) = match Workflow::load_for(name, tools) {
            Ok(workflow) => {
                (workflow.source_name().to_owned(), workflow.text().to_owned(), workflow.warnings().to_vec())
            }
            Err(WorkflowError { source_name, text, problems }) => (source_name, text, problems),
        };
        bad |= problems.iter().any(|problem| problem.is_error() || strict);
        if json {
            all.push(json!({ "workflow": source, "problems": problems }));
        } else if problems.is_empty() {
            printer.data(&format!("{source}: {}", "good".green()));
        } else {
            printer.say(&rendered(&problems, &source, &text));
            printer.data(&count(&problems, &source));
        }
    }
    if json {
        printer.json(&Value::Array(all));
    }
    ExitCode::from(if bad { 2 } else { 0 })
}

fn list(json: bool, tools: &Toolbox, printer: &Printer) -> anyhow::Result<ExitCode> {
    let names = Library::shipped();
    let width = names.iter().map(String::len).max().unwrap_or_default();
    let mut all = Vec::new();
    for name in names {
        let workflow = Workflow::load_for(&name, tools)?;
        if json {
            all.push(described(&workflow));
        } else {
            printer.data(&format!("{:width$}  {}", name.bold(), workflow.description()));
        }
    }
    if json {
        printer.json(&Value::Array(all));
    } else {
        printer.note("\nargus workflow list NAME shows one; argus run NAME -i INPUT=VALUE runs it");
    }
    Ok(ExitCode::SUCCESS)
}

fn described(workflow: &Workflow) -> Value {
    let inputs: serde_json::Map<String, Value> = workflow
        .definition()
        .inputs
        .iter()
        .map(|(name, spec)| (name.clone(), serde_json::to_value(spec.input()).unwrap_or_default()))
        .collect();
    json!({
        "name": workflow.name(),
        "description": workflow.description(),
        "inputs": inputs,
        "outputs": workflow.output_schema()["properties"],
        "tools": workflow.tools(),
        "asks_model": workflow.asks_model(),
    })
}

fn show(name: &str, yaml: bool, json: bool, tools: &Toolbox, printer: &Printer) -> anyhow::Result<ExitCode> {
    let workflow = load(name, tools, printer)?;
    if yaml {
        printer.data(workflow.text().trim_end());
    } else if json {
        printer.json(&described(&workflow));
    } else {
        printer.data(&format!("{}: {}", workflow.name().bold(), workflow.description()));
        printer.data("\nInputs:");
        for (name, spec) in &workflow.definition().inputs {
            printer.data(&format!("  {} {}", name.bold(), about(&spec.input())));
        }
        let outputs = workflow.output_schema()["properties"].as_object().cloned().unwrap_or_default();
        printer.data(&format!("\nOutputs: {}", outputs.keys().cloned().collect::<Vec<_>>().join(", ")));
        printer.data(&format!("Tools: {}", workflow.tools().join(", ")));
        if workflow.asks_model() {
            printer.data("It asks a language model.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `(number, 1 to 9, default 3): how many`
fn about(input: &Input) -> String {
    let mut parts = vec![input.kind.name().to_owned()];
    if !input.values.is_empty() {
        parts.push(input.values.join(" or "));
    }
    match (input.min, input.max) {
        (Some(min), Some(max)) => parts.push(format!("{min} to {max}")),
        (Some(min), None) => parts.push(format!("at least {min}")),
        (None, Some(max)) => parts.push(format!("at most {max}")),
        (None, None) => {}
    }
    match &input.default {
        None => parts.push("needed".into()),
        Some(Value::Null) => {}
        Some(default) => parts.push(format!("default {default}")),
    }
    let about = if input.description.is_empty() { String::new() } else { format!(": {}", input.description) };
    format!("({}){about}", parts.join(", "))
}
