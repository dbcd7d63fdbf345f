//! `argus trace show`: a trace as a tree, or one step of it in full.

use std::process::ExitCode;

use argus_agent::{
    StopReason,
    chat::Role,
    trace::{CallView, FlowStepView, ImageView, RunView, StepView, Trace, TraceView, WorkflowView, prompts},
};
use owo_colors::{OwoColorize, Style};

use super::tree::{Node, harmless, width};
use crate::printer::{Printer, UsageError};

/// Lines of an observation in the tree.
const SHOWN_LINES: usize = 6;
/// Characters of a line of it.
const SHOWN_CHARS: usize = 400;

/// Prints it.
pub(super) fn run(
    trace: &Trace,
    step: Option<u32>,
    run: Option<usize>,
    json: bool,
    printer: &Printer,
) -> anyhow::Result<ExitCode> {
    let mut view = TraceView::from(trace);
    if let Some(number) = step {
        show_step(trace, &view, run, number, printer)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(number) = run {
        trace.run(Some(number))?;
        view.images.retain(|image| image.run + 1 == number);
        view.runs = view.runs.split_off(number - 1);
        view.runs.truncate(1);
    }
    if json {
        printer.json(&serde_json::to_value(&view)?);
        return Ok(ExitCode::SUCCESS);
    }
    if run.is_none() {
        view.workflows.iter().for_each(|workflow| printer.data(&workflow_tree(workflow).render(width())));
    }
    let first = run.map_or(0, |number| number - 1);
    for (at, one) in view.runs.iter().enumerate() {
        let images = view.images.iter().filter(|image| image.run == first + at);
        printer.data(&tree(one, images).render(width()));
    }
    for note in &view.notes {
        printer.warn(&harmless(note));
    }
    if view.runs.is_empty() && view.workflows.is_empty() {
        printer.warn("the trace holds no run");
    }
    Ok(ExitCode::SUCCESS)
}

/// A workflow with its steps, those inside of others under them.
fn workflow_tree(workflow: &WorkflowView) -> Node {
    let mut root = Node::default()
        .with(harmless(&workflow.workflow), Style::new().bold())
        .with(format!(" {}", harmless(&workflow.run)), Style::new().dimmed());
    push_steps(&mut root, "", &workflow.steps);
    let end = match (workflow.ok, &workflow.error) {
        (Some(true), _) => Node::default().with("done", Style::new().green()),
        (Some(false), error) => {
            Node::default().with(harmless(error.as_deref().unwrap_or("failed")), Style::new().red())
        }
        (None, _) => Node::default().with("the trace ends here", Style::new().yellow()),
    };
    root.push(end.with(format!(" ({:.1} s)", workflow.ms / 1000.0), Style::new().dimmed()));
    root
}

fn push_steps(parent: &mut Node, prefix: &str, steps: &[FlowStepView]) {
    let inner = |step: &&FlowStepView| {
        let rest = step.path.strip_prefix(prefix);
        rest.is_some_and(|rest| prefix.is_empty() || rest.starts_with(['.', '[']))
    };
    let within: Vec<&FlowStepView> = steps.iter().filter(inner).collect();
    // A step stands under the longest path around it that is a step, too.
    let is_direct = |step: &&&FlowStepView| {
        !within.iter().any(|other| {
            other.path != step.path
                && step.path.strip_prefix(&other.path).is_some_and(|rest| rest.starts_with(['.', '[']))
        })
    };
    for step in within.iter().filter(is_direct).filter(|step| step.path != prefix) {
        let (mark, style) = match (step.ok, step.skipped) {
            (_, true) => ("- ", Style::new().dimmed()),
            (Some(true), _) => ("+ ", Style::new().green()),
            (Some(false), _) => ("! ", Style::new().red()),
            (None, _) => ("? ", Style::new().yellow()),
        };
        let how = match (step.skipped, step.recorded) {
            (true, _) => "skipped".to_owned(),
            (_, Some(_)) => "done earlier".to_owned(),
            (_, None) if step.tries > 1 => format!("{:.1} s, {} tries", step.ms / 1000.0, step.tries),
            _ => format!("{:.1} s", step.ms / 1000.0),
        };
        let name = step.path[prefix.len()..].trim_start_matches('.');
        let mut node = Node::default()
            .with(mark, style)
            .with(harmless(name), Style::new().bold())
            .with(format!(" {}", step.kind), Style::new())
            .with(format!(" ({how})"), Style::new().dimmed());
        for error in &step.errors {
            node.push(Node::default().with(harmless(error), Style::new().red()));
        }
        push_steps(&mut node, &step.path, steps);
        parent.push(node);
    }
}

fn tree<'a>(run: &RunView, images: impl Iterator<Item = &'a ImageView>) -> Node {
    let mut root = Node::default().with(harmless(&run.task), Style::new().bold());
    for image in images {
        root.push(image_node(image));
    }
    if !run.looks.is_empty() {
        let mut looks = Node::default().with("first look", Style::new().bold());
        run.looks.iter().for_each(|look| looks.push(call_node(look)));
        root.push(looks);
    }
    for change in &run.protocol_changes {
        root.push(Node::default().with(format!("protocol changed: {}", harmless(change)), Style::new().yellow()));
    }
    run.steps.iter().for_each(|step| root.push(step_node(step)));
    root.push(end_node(run));
    root
}

fn image_node(image: &ImageView) -> Node {
    let origin = match (&image.parent, &image.op) {
        (Some(parent), Some(op)) => format!("{op} of {parent}"),
        _ => image.source.clone().unwrap_or_default(),
    };
    let found = match image.regions.len() {
        0 => String::new(),
        1 => ", 1 region".into(),
        count => format!(", {count} regions"),
    };
    Node::default()
        .with(harmless(&image.handle), Style::new().cyan())
        .with(format!(" {} ", harmless(&origin)), Style::new())
        .with(format!("{} × {}{found}", image.width, image.height), Style::new().dimmed())
}

fn step_node(step: &StepView) -> Node {
    let cost = format!("{}, {} + {} tokens", seconds(step.ms), step.prompt_tokens, step.completion_tokens);
    let mut node =
        Node::default().with(format!("step {} ", step.step), Style::new().bold()).with(cost, Style::new().dimmed());
    let yellow = Style::new().yellow();
    if let Some(reason) = step.best_answer {
        node.push(Node::default().with(format!("asked for its best answer: {}", reason.words()), yellow));
    }
    for what in &step.shortened {
        node.push(Node::default().with(format!("left out of the prompt: {}", harmless(what)), yellow));
    }
    for error in step.turns.iter().filter_map(|turn| turn.error.as_ref()) {
        node.push(Node::default().with(format!("no reply: {}", harmless(error)), Style::new().red()));
    }
    for reason in &step.repairs {
        node.push(Node::default().with("asked again: ", yellow).with(short(reason), Style::new()));
    }
    if !step.thought.trim().is_empty() {
        node.push(Node::default().with(short(&step.thought), Style::new().italic()));
    }
    step.calls.iter().for_each(|call| node.push(call_node(call)));
    node
}

fn call_node(call: &CallView) -> Node {
    let (mark, style) = match call.ok {
        Some(true) => ("✓ ", Style::new().green()),
        Some(false) => ("✗ ", Style::new().red()),
        None => ("… ", Style::new().yellow()),
    };
    let args = call.args.as_object().into_iter().flatten().map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{name}={value} ")
    });
    let models = call.models.iter().map(|used| format!("{} on {}", used.model, used.provider));
    let end: Vec<String> = match call.ok {
        None => vec!["did not finish".into()],
        Some(_) => std::iter::once(seconds(call.ms)).chain(models).collect(),
    };
    let mut node = Node::default()
        .with(mark, style)
        .with(format!("{} ", harmless(&call.tool)), Style::new().bold())
        .with(harmless(&args.collect::<String>()), Style::new())
        .with(harmless(&end.join(", ")), Style::new().dimmed());
    if !call.made.is_empty() {
        node = node.with(format!(" → {}", harmless(&call.made.join(", "))), Style::new().cyan());
    }
    if !call.text.trim().is_empty() {
        node.push(Node::plain(short(&call.text)));
    }
    if let Some(error) = call.error.as_ref().filter(|error| **error != call.text) {
        node.push(Node::default().with(short(error), Style::new().red()));
    }
    node
}

fn end_node(run: &RunView) -> Node {
    let (stop, style) = match run.stop {
        Some(StopReason::Answered) => ("answer: ".to_owned(), Style::new().green().bold()),
        Some(StopReason::Cancelled) => ("cancelled ".to_owned(), Style::new().yellow().bold()),
        Some(StopReason::ModelError) => ("the model failed ".to_owned(), Style::new().red().bold()),
        Some(stop) => (format!("stopped early. {} ", stop.words()), Style::new().yellow().bold()),
        None => ("the trace ends before the run did ".to_owned(), Style::new().red().bold()),
    };
    let mut node =
        Node::default().with(stop, style).with(run.answer.as_deref().map(harmless).unwrap_or_default(), Style::new());
    for what in &run.ungrounded {
        let what = format!("not confirmed by any observation: {}", harmless(what));
        node.push(Node::default().with(what, Style::new().yellow()));
    }
    let protocol = run.protocol.map(|protocol| format!(", {protocol}")).unwrap_or_default();
    let totals = format!(
        "{} (model {}, tools {}), {} steps, {} calls, {} + {} tokens, {}{protocol}",
        seconds(run.ms),
        seconds(run.model_ms),
        seconds(run.tool_ms),
        run.steps.len(),
        TraceView::calls(run),
        run.usage.prompt_tokens,
        run.usage.completion_tokens,
        harmless(&run.model),
    );
    node.push(Node::default().with(totals, Style::new().dimmed()));
    node
}

/// The first lines of a text, with a note of what is missing.
fn short(text: &str) -> String {
    let text = harmless(text.trim());
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines().take(SHOWN_LINES) {
        let cut: String = line.chars().take(SHOWN_CHARS).collect();
        lines.push(if cut.len() < line.len() { format!("{cut}…") } else { cut });
    }
    let left = text.lines().count().saturating_sub(SHOWN_LINES);
    if left > 0 {
        lines.push(format!("… and {left} more lines"));
    }
    lines.join("\n")
}

fn seconds(ms: f64) -> String {
    if ms < 1000.0 { format!("{ms:.0} ms") } else { format!("{:.1} s", ms / 1000.0) }
}

/// Prints everything that the model read and wrote in a step.
fn show_step(
    trace: &Trace,
    view: &TraceView,
    run: Option<usize>,
    number: u32,
    printer: &Printer,
) -> anyhow::Result<()> {
    let lines = trace.run(run)?;
    let run = &view.runs[run.map_or(0, |number| number - 1)];
    let Some(step) = run.steps.iter().find(|step| step.step == number) else {
        let known: Vec<String> = run.steps.iter().map(|step| step.step.to_string()).collect();
        let hint =
            if known.is_empty() { "it has no step".into() } else { format!("its steps are {}", known.join(", ")) };
        return Err(UsageError::new(format!("the run has no step {number}"), hint).into());
    };
    let prompts = prompts(lines);
    let heading = |text: &str| printer.data(&format!("{}", format!("── {text} ──").cyan()));
    for turn in &step.turns {
        let Some(prompt) = prompts.get(turn.prompt) else { continue };
        for message in &prompt.messages {
            heading(match message.role {
                Role::System => "system",
                Role::User => "user",
                Role::Assistant => "assistant",
                Role::Tool => "tool",
            });
            printer.data(&harmless(&message.content));
            for call in &message.tool_calls {
                printer.data(&harmless(&format!("→ {} {}", call.name, call.arguments)));
            }
        }
        heading(&format!(
            "reply ({}, {} + {} tokens)",
            seconds(turn.ms),
            turn.usage.prompt_tokens,
            turn.usage.completion_tokens
        ));
        match (&turn.reply, &turn.error) {
            (Some(reply), _) => printer.data(&harmless(reply)),
            (None, Some(error)) => printer.data(&harmless(error)),
            (None, None) => printer.data("the trace holds no reply"),
        }
        for call in &turn.tool_calls {
            printer.data(&harmless(&format!("→ {} {}", call.name, call.arguments)));
        }
        if !prompt.whole {
            printer.warn("the prompt is not whole: an event before it is missing from the trace");
        }
    }
    Ok(())
}
