//! What all commands that ask an LLM share: settings from flags, the agent's parts, the printing of an outcome.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use argus_agent::{Agent, AgentBuilder, Outcome, StopReason, run::Limits};
use argus_tools::{tool::Toolbox, vision};

use crate::{
    arguments::AgentFlags,
    config::Config,
    printer::{Printer, UsageError},
    setup::Setup,
};

/// The settings that the flags give.
pub(crate) fn settings(flags: &AgentFlags) -> Vec<(&'static str, Option<String>)> {
    vec![
        ("llm", flags.llm.clone()),
        ("base_url", flags.base_url.clone()),
        ("out", flags.out.as_ref().map(|out| out.display().to_string())),
        ("max_steps", flags.max_steps.map(|steps| steps.to_string())),
        ("deadline", flags.deadline.map(|seconds| seconds.to_string())),
        ("allow_private_urls", flags.allow_private_urls.then(|| "true".to_owned())),
    ]
}

/// The tools that the flags leave.
pub(crate) fn toolbox(flags: &AgentFlags) -> Result<Toolbox, UsageError> {
    let tools = vision::toolbox();
    if flags.tools.is_empty() {
        return Ok(tools);
    }
    tools.only(&flags.tools).map_err(|error| UsageError { message: error.feedback, hint: None })
}

/// An agent that lacks its model only: wrong flags are told of before anything is loaded.
pub(crate) fn agent(setup: &Setup, flags: &AgentFlags) -> Result<AgentBuilder, UsageError> {
    let limits = limits(&setup.config)?;
    Ok(Agent::builder().toolbox(toolbox(flags)?).cx(setup.cx.clone()).limits(limits).cards(!flags.no_cards))
}

/// The directory for pictures that are made.
pub(crate) fn out(config: &Config) -> PathBuf {
    config.out.clone().unwrap_or_else(|| PathBuf::from("argus-out"))
}

/// Prints the answer, the pictures made after the first `known` ones, and what has to be said of them.
pub(crate) fn print(outcome: &Outcome, known: usize, printer: &Printer) {
    if let Some(answer) = &outcome.answer {
        printer.data(answer);
    }
    for image in outcome.images.iter().skip(known).filter(|image| image.op.is_some()) {
        printer.note(&format!("{}: {}", image.handle, image.path.as_deref().unwrap_or("not written")));
    }
    if !outcome.grounded && outcome.answer.is_some() {
        printer.warn(&format!("not confirmed by any observation: {}", outcome.ungrounded.join("; ")));
    }
    match (&outcome.error, outcome.stop) {
        (Some(error), _) => printer.error(&anyhow::Error::new(error.clone())),
        (None, StopReason::Cancelled) => printer.note("cancelled"),
        (None, stop) if stop.is_limit() => printer.warn(&format!("stopped early. {}", stop.words())),
        _ => {}
    }
}

/// The exit code that tells how a run ended.
pub(crate) fn exit_code(outcome: &Outcome) -> ExitCode {
    match outcome.stop {
        StopReason::Answered => ExitCode::SUCCESS,
        StopReason::Cancelled => ExitCode::from(130),
        stop if stop.is_limit() => ExitCode::from(3),
        _ => ExitCode::from(1),
    }
}

fn limits(config: &Config) -> Result<Limits, UsageError> {
    let mut limits = Limits::default();
    if let Some(steps) = config.max_steps {
        limits.max_steps = steps;
    }
    if let Some(seconds) = config.deadline {
        limits.deadline = Some(Duration::try_from_secs_f64(seconds).map_err(|_| {
            UsageError::new(format!("the deadline of {seconds} seconds is none"), "give a number above 0")
        })?);
    }
    Ok(limits)
}
