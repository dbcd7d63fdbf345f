//! What the agent does, live on stderr: a moving line for a person, plain lines for a log.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use argus_agent::run::{RunEvent, WorkflowEvent};
use argus_tools::tool::Event;
use indicatif::{ProgressBar, ProgressStyle};
use owo_colors::OwoColorize;

use crate::printer::Printer;

/// Shows run events.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    quiet: bool,
    verbose: bool,
    tokens: Mutex<u32>,
}

impl Progress {
    /// A moving line if stderr is a terminal, else lines.
    pub(crate) fn new(printer: &Printer) -> Self {
        let bar = printer.is_interactive().then(|| {
            let bar = ProgressBar::new_spinner();
            let style = ProgressStyle::with_template("{spinner:.cyan} {msg} {elapsed:.dim}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar.set_message("looking at the pictures, starting the model");
            bar
        });
        Self { bar, quiet: printer.is_quiet(), verbose: printer.is_verbose(), tokens: Mutex::new(0) }
    }

    /// Shows nothing but what is asked for with --verbose: the events of many runs at once would be noise.
    pub(crate) fn hidden(printer: &Printer) -> Self {
        Self { bar: None, quiet: !printer.is_verbose(), verbose: printer.is_verbose(), tokens: Mutex::new(0) }
    }

    /// Takes one event.
    pub(crate) fn show(&self, event: &RunEvent) {
        match event {
            RunEvent::CardReady { card } => {
                if self.verbose {
                    self.line(&format!("{}", format!("{card:?}").dimmed()));
                }
                self.now("starting the model");
            }
            RunEvent::ModelStarted { step, .. } => {
                *self.tokens.lock().unwrap_or_else(PoisonError::into_inner) = 0;
                self.now(&format!("step {step}: thinking"));
            }
            RunEvent::ModelDelta { step, .. } => {
                let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
                *tokens += 1;
                self.now(&format!("step {step}: thinking, {tokens} tokens"));
            }
            RunEvent::ModelFinished { step, text, ms, usage, .. } if self.verbose => {
                self.line(&format!(
                    "{} {} {}",
                    format!("step {step}:").bold(),
                    text.trim(),
                    format!("({:.1} s, {} + {} tokens)", ms / 1000.0, usage.prompt_tokens, usage.completion_tokens)
                        .dimmed()
                ));
            }
            RunEvent::ToolStarted { step, tool, args, .. } => {
                self.now(&format!("{}: {tool} {}", stage(*step), short(args)));
            }
            RunEvent::ToolProgress { progress: Event::Preparing { what }, .. } => self.now(what),
            RunEvent::ToolFinished { step, tool, ok, text, error, ms, models, .. } => {
                let mark = if *ok { "+".green().to_string() } else { "!".red().to_string() };
                let first = error.as_deref().unwrap_or(text).lines().next().unwrap_or_default();
                let first: String = first.chars().take(100).collect();
                let provider = models.first().map_or(String::new(), |used| format!(", {}", used.provider));
                self.line(&format!(
                    "{mark} {}: {} {first} {}",
                    stage(*step),
                    tool.bold(),
                    format!("({:.1} s{provider})", ms / 1000.0).dimmed()
                ));
            }
            RunEvent::Repair { step, reason } => {
                let reason: String = reason.lines().next().unwrap_or_default().chars().take(120).collect();
                self.line(&format!("{} step {step}: asked again: {reason}", "~".yellow()));
            }
            RunEvent::Workflow(WorkflowEvent::WorkflowStarted { workflow, .. }) => self.now(workflow),
            RunEvent::Workflow(WorkflowEvent::StepStarted { path, kind }) => self.now(&format!("{path}: {kind}")),
            RunEvent::Workflow(WorkflowEvent::StepSkipped { path }) if self.verbose => {
                self.line(&format!("{} {}: skipped", "-".dimmed(), path.bold()));
            }
            RunEvent::Workflow(WorkflowEvent::StepRetried { path, error, tries }) => {
                self.line(&format!("{} {}: try {tries} failed: {error}", "~".yellow(), path.bold()));
            }
            RunEvent::Workflow(WorkflowEvent::StepFinished { path, ok, error, recorded, ms, .. }) => {
                let mark = if *ok { "+".green().to_string() } else { "!".red().to_string() };
                let error = error.as_deref().map(|error| format!(" {error}")).unwrap_or_default();
                let seconds = match recorded {
                    Some(_) => "(done earlier)".to_owned(),
                    None => format!("({:.1} s)", ms / 1000.0),
                };
                self.line(&format!("{mark} {}:{error} {}", path.bold(), seconds.dimmed()));
            }
            RunEvent::BestAnswer { reason } => self.line(&format!("{} {}", "~".yellow(), reason.words())),
            _ => {}
        }
    }

    /// Removes the moving line.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn now(&self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(text.to_owned());
        }
    }

    fn line(&self, text: &str) {
        if self.quiet {
            return;
        }
        match &self.bar {
            Some(bar) => bar.suspend(|| write_line(text)),
            None => write_line(text),
        }
    }
}

/// Step 0 is what comes before the model's first turn.
fn stage(step: u32) -> String {
    if step == 0 { "first look".into() } else { format!("step {step}") }
}

fn write_line(text: &str) {
    use std::io::Write;
    let _ = writeln!(anstream::stderr(), "{text}");
}

fn short(args: &serde_json::Value) -> String {
    let parts = args.as_object().into_iter().flatten().map(|(name, value)| format!("{name}={value}"));
    parts.collect::<Vec<_>>().join(" ").chars().take(80).collect()
}
