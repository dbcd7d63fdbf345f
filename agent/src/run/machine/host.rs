//! Tools that the loop answers itself: an observation read further, hidden tools shown.

use argus_tools::tool::ToolSpec;
use serde_json::{Value, json};

use super::{Run, Turn};
use crate::{
    prompts::{RECALL, SHOW_TOOLS},
    run::{Call, CallResult, Observed},
};

impl Run {
    /// The result of a call that the host answers; `None` for any other.
    pub fn host_call(&self, call: &Call, tools: &[ToolSpec]) -> Option<CallResult> {
        // A tool of the user's own goes before the host's.
        if tools.iter().any(|tool| *tool.name == *call.tool) {
            return None;
        }
        match &*call.tool {
            RECALL => Some(self.recall(&call.args)),
            SHOW_TOOLS => Some(show_tools(&call.args, tools)),
            _ => None,
        }
    }

    fn recall(&self, args: &Value) -> CallResult {
        let calls = self.turns.iter().filter_map(|turn| match turn {
            Turn::Observations { calls, .. } => Some(calls),
            _ => None,
        });
        let all: Vec<&Observed> = calls.flatten().filter(|call| call.note.is_none()).collect();
        let wanted = args.get("result").and_then(Value::as_str).unwrap_or_default();
        let Some(observed) = all.iter().find(|call| call.id == wanted) else {
            let known: Vec<&str> = all.iter().map(|call| &*call.id).collect();
            return refused(format!("there is no observation \"{wanted}\"; there is {}", known.join(", ")));
        };
        let find =
            args.get("find").and_then(Value::as_str).map(str::to_lowercase).filter(|find| !find.trim().is_empty());
        let from = args.get("from").and_then(Value::as_u64).unwrap_or(1).max(1) as usize;
        let lines: Vec<&str> = pieces(&observed.text);
        let hits: Vec<(usize, &str)> = lines
            .iter()
            .enumerate()
            .map(|(at, line)| (at + 1, *line))
            .skip_while(|(number, _)| *number < from)
            .filter(|(_, line)| find.as_ref().is_none_or(|find| line.to_lowercase().contains(find.trim())))
            .collect();
        if hits.is_empty() {
            return refused(format!("no line of {wanted} from {from} on holds that; it has {} lines", lines.len()));
        }
        // Room for the line that says how to continue.
        let limit = self.observation_chars().saturating_sub(120).max(60);
        let (mut used, mut shown) = (0, Vec::new());
        for (number, line) in &hits {
            let text: String = format!("{number}: {}", line.chars().take(limit).collect::<String>());
            used += text.chars().count() + 1;
            if used > limit && !shown.is_empty() {
                break;
            }
            shown.push(text);
        }
        let rest = hits.get(shown.len()).map(|(number, _)| *number);
        let text = shown.join("\n");
        let text = match rest {
            Some(next) => format!("{text}\n({} more; go on with from: {next})", hits.len() - shown.len()),
            None => text,
        };
        said(text, json!({ "lines": lines.len(), "shown": shown.len(), "next": rest }))
    }
}

/// Lines; a single long line is split at its list items.
fn pieces(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() > 2 { lines } else { lines.into_iter().flat_map(|line| line.split("; ")).collect() }
}

fn show_tools(args: &Value, tools: &[ToolSpec]) -> CallResult {
    let names: Vec<&str> = match args.get("names") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(names)) => names.split([',', ' ']).filter(|name| !name.is_empty()).collect(),
        _ => Vec::new(),
    };
    let found: Vec<&ToolSpec> = tools.iter().filter(|tool| names.iter().any(|name| **name == *tool.name)).collect();
    if found.is_empty() {
        let known: Vec<&str> = tools.iter().map(|tool| &*tool.name).collect();
        return refused(format!("none of these is a tool; the tools are: {}", known.join(", ")));
    }
    let line = |tool: &&ToolSpec| {
        let arguments = tool.arguments().into_iter().map(|argument| {
            let optional = if argument.required { "" } else { "?" };
            format!("{}{optional}: {}", argument.name, argument.kind)
        });
        format!("{}({}): {}", tool.name, arguments.collect::<Vec<_>>().join(", "), tool.summary)
    };
    let text: Vec<String> = found.iter().map(line).collect();
    let names: Vec<&str> = found.iter().map(|tool| &*tool.name).collect();
    said(text.join("\n"), json!({ "names": names }))
}

/// A result of the host's own.
fn said(text: String, value: Value) -> CallResult {
    CallResult { ok: true, text, value, repairable: false, made: Vec::new(), models: Vec::new(), ms: 0.0 }
}

/// A call to the host that cannot be answered.
fn refused(text: String) -> CallResult {
    CallResult { ok: false, repairable: true, ..said(text, json!(null)) }
}
