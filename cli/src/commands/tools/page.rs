//! One tool in full, for people.

use std::fmt::Write;

use argus_tools::{store::Readiness, tool::ToolSpec};
use owo_colors::OwoColorize;
use serde_json::Value;

use super::state_words;

pub(super) fn page(spec: &ToolSpec, readiness: &Readiness) -> String {
    let mut text = format!("{} - {}\n", spec.name.bold(), spec.summary);
    if !spec.roles.is_empty() {
        let why = match readiness {
            Readiness::NeedsModel { reason, .. } => format!(" ({reason})"),
            _ => String::new(),
        };
        let _ = writeln!(text, "\nModels: {}; {}{why}", spec.roles.join(", "), state_words(readiness));
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
pub(super) fn call_line(spec: &ToolSpec, input: &Value) -> String {
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
