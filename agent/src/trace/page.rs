//! One self-contained HTML page of a trace: no script, nothing is loaded, pictures are inside.
//!
//! Texts come from pictures, models and web pages, and are hostile: the template engine escapes all of them, and what goes
//! into a style or an SVG coordinate is a number.

mod image;
mod time;

use handlebars::Handlebars;
use serde::Serialize;
use serde_json::Value;

use super::{CallView, Prompt, RunView, StepView, Trace, TraceError, TraceView, TurnView, WorkflowView, prompts};
use crate::chat::{Message, Role};

const TEMPLATE: &str = include_str!("page.hbs");
const CALL: &str = include_str!("page/call.hbs");
/// Observations and messages of more lines or characters are folded.
const OPEN_LINES: usize = 14;
const OPEN_CHARS: usize = 900;

#[derive(Serialize)]
struct Page {
    title: String,
    argus: Option<String>,
    workflows: Vec<FlowPart>,
    runs: Vec<RunPart>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct FlowPart {
    name: String,
    run: String,
    error: Option<String>,
    ok: bool,
    cost: String,
    steps: Vec<FlowStepPart>,
}

#[derive(Serialize)]
struct FlowStepPart {
    path: String,
    kind: String,
    state: &'static str,
    class: &'static str,
    cost: String,
    errors: Vec<String>,
}

impl From<&WorkflowView> for FlowPart {
    fn from(view: &WorkflowView) -> Self {
        let steps = view.steps.iter().map(|step| {
            let (state, class) = match (step.skipped, step.ok, step.recorded) {
                (true, ..) => ("skipped", ""),
                (_, Some(true), Some(_)) => ("done earlier", "good"),
                (_, Some(true), None) => ("done", "good"),
                (_, Some(false), _) => ("failed", "bad"),
                (_, None, _) => ("not over", "warn"),
            };
            let tries = if step.tries > 1 { format!(", {} tries", step.tries) } else { String::new() };
            FlowStepPart {
                path: step.path.clone(),
                kind: step.kind.clone(),
                state,
                class,
                cost: if step.skipped { String::new() } else { format!("{:.1} s{tries}", step.ms / 1000.0) },
                errors: step.errors.clone(),
            }
        });
        Self {
            name: view.workflow.clone(),
            run: view.run.clone(),
            error: view.error.clone(),
            ok: view.ok == Some(true),
            cost: format!("{:.1} s", view.ms / 1000.0),
            steps: steps.collect(),
        }
    }
}

#[derive(Serialize)]
struct RunPart {
    task: String,
    answer: Option<String>,
    stop: String,
    stop_class: &'static str,
    ungrounded: Vec<String>,
    grounded: bool,
    facts: Vec<Fact>,
    images: Vec<image::Picture>,
    time: Option<time::Chart>,
    looks: Vec<CallPart>,
    steps: Vec<StepPart>,
    protocol_changes: Vec<String>,
}

#[derive(Serialize)]
struct Fact {
    name: &'static str,
    value: String,
}

#[derive(Serialize)]
struct StepPart {
    number: u32,
    thought: String,
    cost: String,
    best_answer: Option<&'static str>,
    shortened: Vec<String>,
    failures: Vec<String>,
    repairs: Vec<String>,
    calls: Vec<CallPart>,
    turns: Vec<TurnPart>,
}

#[derive(Serialize)]
struct TurnPart {
    cost: String,
    kept: usize,
    whole: bool,
    messages: Vec<MessagePart>,
    reply: Option<String>,
    tool_calls: Vec<String>,
    restarts: usize,
}

#[derive(Serialize)]
struct MessagePart {
    role: &'static str,
    text: String,
}

#[derive(Serialize)]
struct CallPart {
    tool: String,
    args: Vec<ArgPart>,
    state: &'static str,
    cost: String,
    text: Folded,
    error: Option<String>,
    value: Option<String>,
    made: Vec<String>,
    progress: String,
}

#[derive(Serialize)]
struct ArgPart {
    name: String,
    value: String,
}

/// A text that is folded if it is long.
#[derive(Serialize)]
struct Folded {
    first: Option<String>,
    text: String,
}

/// Makes the page. Pictures that cannot be read are named as missing.
pub fn page(trace: &Trace) -> Result<String, TraceError> {
    let view = TraceView::from(trace);
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_template_string("page", TEMPLATE).map_err(Box::new)?;
    registry.register_template_string("call", CALL).map_err(Box::new)?;
    let lines = trace.runs();
    let runs = view.runs.iter().zip(&lines).enumerate();
    let runs: Vec<RunPart> =
        runs.map(|(number, (run, lines))| run_part(trace, &view, number, run, &prompts(lines))).collect();
    let task = view.runs.first().map(|run| shortened(&run.task, 80));
    let title = view.workflows.first().map(|workflow| workflow.workflow.clone()).or(task);
    let title = title.unwrap_or_else(|| "a trace without a run".to_owned());
    let workflows = view.workflows.iter().map(FlowPart::from).collect();
    let page = Page { title, argus: view.argus, workflows, runs, notes: view.notes };
    Ok(registry.render("page", &page).map_err(Box::new)?)
}

fn run_part(trace: &Trace, view: &TraceView, number: usize, run: &RunView, prompts: &[Prompt]) -> RunPart {
    let mut facts = vec![
        Fact { name: "time", value: seconds(run.ms) },
        Fact { name: "model", value: format!("{} ({} %)", seconds(run.model_ms), percent(run.model_ms, run.ms)) },
        Fact { name: "tools", value: seconds(run.tool_ms) },
        Fact { name: "steps", value: run.steps.len().to_string() },
        Fact { name: "calls", value: TraceView::calls(run).to_string() },
        Fact { name: "tokens", value: format!("{} + {}", run.usage.prompt_tokens, run.usage.completion_tokens) },
        Fact { name: "LLM", value: run.model.clone() },
    ];
    facts.extend(run.protocol.map(|protocol| Fact { name: "protocol", value: protocol.to_string() }));
    facts.extend(run.context_tokens.map(|tokens| Fact { name: "context", value: format!("{tokens} tokens") }));
    let (stop, stop_class) = match run.stop {
        None => ("cut off".to_owned(), "bad"),
        Some(crate::run::StopReason::Answered) => ("answered".to_owned(), "good"),
        Some(stop) => (stop_name(stop), "warn"),
    };
    RunPart {
        task: run.task.clone(),
        answer: run.answer.clone(),
        stop,
        stop_class,
        ungrounded: run.ungrounded.clone(),
        grounded: run.grounded,
        facts,
        images: view.images.iter().filter(|image| image.run == number).map(|one| image::picture(trace, one)).collect(),
        time: time::chart(run),
        looks: run.looks.iter().map(call_part).collect(),
        steps: run.steps.iter().map(|step| step_part(step, prompts)).collect(),
        protocol_changes: run.protocol_changes.clone(),
    }
}

fn step_part(step: &StepView, prompts: &[Prompt]) -> StepPart {
    StepPart {
        number: step.step,
        thought: step.thought.clone(),
        cost: format!("{} · {} + {} tokens", seconds(step.ms), step.prompt_tokens, step.completion_tokens),
        best_answer: step.best_answer.map(crate::run::StopReason::words),
        shortened: step.shortened.clone(),
        failures: step.turns.iter().filter_map(|turn| turn.error.clone()).collect(),
        repairs: step.repairs.clone(),
        calls: step.calls.iter().map(call_part).collect(),
        turns: step.turns.iter().map(|turn| turn_part(turn, prompts.get(turn.prompt))).collect(),
    }
}

fn turn_part(turn: &TurnView, prompt: Option<&Prompt>) -> TurnPart {
    let new = |prompt: &Prompt| prompt.messages[prompt.kept..].iter().map(message_part).collect();
    let tokens = match turn.usage.prompt_tokens {
        0 => format!("about {} tokens", turn.estimated_tokens),
        counted => format!("{counted} tokens"),
    };
    TurnPart {
        cost: format!("{tokens}, {}", seconds(turn.ms)),
        kept: prompt.map_or(0, |prompt| prompt.kept),
        whole: prompt.is_some_and(|prompt| prompt.whole),
        messages: prompt.map(new).unwrap_or_default(),
        reply: turn.reply.clone().filter(|reply| !reply.trim().is_empty()),
        tool_calls: turn.tool_calls.iter().map(|call| format!("{} {}", call.name, call.arguments)).collect(),
        restarts: turn.restarts,
    }
}

fn message_part(message: &Message) -> MessagePart {
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    };
    let calls = message.tool_calls.iter().map(|call| format!("\n→ {} {}", call.name, call.arguments));
    MessagePart { role, text: format!("{}{}", message.content, calls.collect::<String>()) }
}

fn call_part(call: &CallView) -> CallPart {
    let args = call.args.as_object().into_iter().flatten();
    let args = args.map(|(name, value)| ArgPart { name: name.clone(), value: words(value) });
    let models: Vec<String> = call.models.iter().map(|used| format!("{} on {}", used.model, used.provider)).collect();
    let models = if models.is_empty() { String::new() } else { format!(" · {}", models.join(", ")) };
    let value = match &call.value {
        Value::Null => None,
        value => Some(pretty(value, 0)),
    };
    CallPart {
        tool: call.tool.clone(),
        args: args.collect(),
        state: match call.ok {
            Some(true) => "ok",
            Some(false) => "failed",
            None => "unfinished",
        },
        cost: format!("{}{models}", seconds(call.ms)),
        text: folded(&call.text),
        error: call.error.clone().filter(|error| *error != call.text),
        value,
        made: call.made.clone(),
        progress: call.progress.join(" · "),
    }
}

/// A value with an entry a line; what is short, such as a box, is on one line.
fn pretty(value: &Value, depth: usize) -> String {
    const SHORT: usize = 60;
    let (next, end) = ("  ".repeat(depth + 1), "  ".repeat(depth));
    let flat = value.to_string();
    match value {
        Value::Array(items) if flat.len() > SHORT => {
            let items: Vec<String> = items.iter().map(|item| format!("{next}{}", pretty(item, depth + 1))).collect();
            format!("[\n{}\n{end}]", items.join(",\n"))
        }
        Value::Object(object) if flat.len() > SHORT => {
            let entry = |(name, value): (&String, &Value)| {
                format!("{next}{}: {}", Value::String(name.clone()), pretty(value, depth + 1))
            };
            format!("{{\n{}\n{end}}}", object.iter().map(entry).collect::<Vec<_>>().join(",\n"))
        }
        _ => flat,
    }
}

/// A value in one line: texts without their quotes.
fn words(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn folded(text: &str) -> Folded {
    let long = text.lines().count() > OPEN_LINES || text.chars().count() > OPEN_CHARS;
    Folded { first: long.then(|| shortened(text, 100)), text: text.to_owned() }
}

/// The first line, cut to some characters.
fn shortened(text: &str, most: usize) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let cut: String = line.chars().take(most).collect();
    if cut.len() < text.trim().len() { format!("{cut} …") } else { cut }
}

fn seconds(ms: f64) -> String {
    if ms < 1000.0 { format!("{ms:.0} ms") } else { format!("{:.1} s", ms / 1000.0) }
}

fn percent(part: f64, whole: f64) -> u32 {
    if whole > 0.0 { (part / whole * 100.0).round() as u32 } else { 0 }
}

fn stop_name(stop: crate::run::StopReason) -> String {
    let name = serde_json::to_value(stop).ok().and_then(|value| value.as_str().map(|name| name.replace('_', " ")));
    name.unwrap_or_default()
}
