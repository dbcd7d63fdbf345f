//! `argus tools`: what there is.

use std::{fmt::Write, process::ExitCode};

use argus_tools::{
    tool::{ToolSpec, Toolbox},
    vision,
};
use owo_colors::OwoColorize;
use serde_json::Value;

use crate::{
    arguments::{Global, ToolsCommand},
    config,
    printer::Printer,
    setup::toolbox,
};

/// Lists all tools, or shows one.
pub(crate) fn run(command: &ToolsCommand, global: &Global, printer: &Printer) -> anyhow::Result<ExitCode> {
    let tools = known(global, printer);
    match &command.name {
        Some(name) => {
            let spec = tools.spec(name)?;
            if command.json {
                printer.json(&serde_json::to_value(spec)?);
            } else {
                printer.data(&page(spec));
            }
        }
        None if command.json => {
            let all: Vec<&ToolSpec> = tools.specs().collect();
            printer.json(&serde_json::to_value(all)?);
        }
        None => {
            let width = tools.specs().map(|spec| spec.name.len()).max().unwrap_or(0);
            for spec in tools.specs() {
                printer.data(&format!("{:width$}  {}", spec.name.bold(), spec.summary));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The tools of the settings; where those are wrong, the built-in ones, which need none.
fn known(global: &Global, printer: &Printer) -> Toolbox {
    let tools = config::load(global, &[]).and_then(|loaded| Ok(toolbox(&loaded.config)?));
    tools.unwrap_or_else(|error| {
        printer.warn(&format!("only the built-in tools are shown: {error}"));
        vision::toolbox()
    })
}

fn page(spec: &ToolSpec) -> String {
    let mut text = format!("{} - {}\n", spec.name.bold(), spec.summary);
    if !spec.roles.is_empty() {
        let _ = writeln!(text, "\nModels: {}", spec.roles.join(", "));
    }
    let _ = writeln!(text, "\n{}", "Arguments".underline());
    let arguments = spec.arguments();
    for argument in &arguments {
        let need = if argument.required { "" } else { ", optional" };
        let _ = writeln!(text, "  {} ({}{need})  {}", argument.name.bold(), argument.kind, argument.description);
    }
    if arguments.is_empty() {
        text.push_str("  none\n");
    }
    if spec.examples.is_empty() {
        return text.trim_end().to_owned();
    }
    let _ = write!(text, "\n{}", "Examples".underline());
    for example in &spec.examples {
        let _ =
            write!(text, "\n  {}\n    {}\n    -> {}", example.task, call_line(spec, &example.input), example.output);
    }
    text
}

/// The example as it would be typed.
fn call_line(spec: &ToolSpec, input: &Value) -> String {
    let mut line = format!("argus tool {}", spec.name);
    for (name, value) in input.as_object().into_iter().flatten() {
        let shown = match value {
            Value::String(text) => text.clone(),
            Value::Array(items) => {
                let parts = items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
                parts.collect::<Vec<_>>().join(",")
            }
            other => other.to_string(),
        };
        let quoted = if shown.contains([' ', '*', '(', '"']) { format!("'{shown}'") } else { shown };
        if name == "image" {
            line.push_str(" photo.jpg");
        } else {
            let _ = write!(line, " --{} {quoted}", name.replace('_', "-"));
        }
    }
    line
}
