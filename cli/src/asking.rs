//! What all commands that ask an LLM share: settings from flags, the agent's parts, the printing of an outcome.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use argus_agent::{
    Agent, AgentBuilder, Outcome, StopReason,
    prompts::{Language, PromptParts},
    run::{Limits, Protocol, card_tools as usual_card_tools},
};
use argus_tools::{store::Readiness, tool::Toolbox};

use crate::{
    arguments::AgentFlags,
    config::Config,
    printer::{Printer, UsageError},
    setup::{Setup, readiness_options},
};

/// The settings that the flags give.
pub(crate) fn settings(flags: &AgentFlags) -> Vec<(&'static str, Option<String>)> {
    vec![
        ("llm", flags.llm.clone()),
        ("base_url", flags.base_url.clone()),
        ("out", flags.out.as_ref().map(|out| out.display().to_string())),
        ("max_steps", flags.max_steps.map(|steps| steps.to_string())),
        ("deadline", flags.deadline.map(|seconds| seconds.to_string())),
        ("max_tokens", flags.max_tokens.map(|tokens| tokens.to_string())),
        ("max_cost", flags.max_cost.map(|cost| cost.to_string())),
        ("protocol", flags.protocol.clone()),
        ("language", flags.language.clone()),
        ("prompts", flags.prompts.as_ref().map(|folder| folder.display().to_string())),
        ("allow_private_urls", flags.allow_private_urls.then(|| "true".to_owned())),
    ]
}

/// The tools that the flags name; without any, all whose models are available. It says which everyday ones are left out, and why.
pub(crate) async fn toolbox(setup: &Setup, flags: &AgentFlags, printer: &Printer) -> Result<Toolbox, UsageError> {
    let names = if flags.tools.is_empty() { obtainable(setup, printer).await } else { flags.tools.clone() };
    setup.tools.only(&names).map_err(|error| UsageError { message: error.feedback, hint: None })
}

/// The tools whose models are available. The hosts of those that are not installed are asked at the same time.
pub async fn obtainable(setup: &Setup, printer: &Printer) -> Vec<String> {
    let states = setup.tools.readiness(&setup.store, &readiness_options(&setup.config)).await;
    let mut names = Vec::new();
    for (spec, state) in states {
        match state {
            Readiness::Ready | Readiness::NeedsDownload { .. } => names.push(spec.name.to_string()),
            // `argus tools` says what the others lack.
            Readiness::NeedsModel { .. } if spec.advanced => {}
            Readiness::NeedsModel { reason, .. } => printer.note(&format!("{} is left out: {reason}", spec.name)),
        }
    }
    names
}

/// The tools that look at pictures first.
pub(crate) fn card_tools(flags: &AgentFlags) -> Vec<String> {
    if flags.no_cards { Vec::new() } else { usual_card_tools() }
}

/// The parts of the prompt that the flags leave.
pub(crate) fn prompt_parts(flags: &AgentFlags) -> PromptParts {
    PromptParts { examples: !flags.no_examples }
}

/// An agent that lacks its model only: wrong flags are reported before anything is loaded.
pub(crate) fn agent(setup: &Setup, flags: &AgentFlags, tools: Toolbox) -> anyhow::Result<AgentBuilder> {
    let config = &setup.config;
    let builder = Agent::builder()
        .toolbox(tools)
        .cx(setup.cx.clone())
        .limits(limits(config)?)
        .card_tools(card_tools(flags))
        .prompt_parts(prompt_parts(flags));
    Ok(prompting(builder, config)?)
}

/// The protocol, language and prompts of the settings.
pub fn prompting(mut builder: AgentBuilder, config: &Config) -> Result<AgentBuilder, UsageError> {
    if let Some(protocol) = protocol(config)? {
        builder = builder.protocol(protocol);
    }
    if let Some(language) = language(config)? {
        builder = builder.language(language);
    }
    if let Some(folder) = &config.prompts {
        builder = builder.prompts(folder);
    }
    Ok(builder)
}

/// How the LLM is asked, if the settings say so.
pub(crate) fn protocol(config: &Config) -> Result<Option<Protocol>, UsageError> {
    let named = config.protocol.as_deref().filter(|protocol| *protocol != "auto");
    named.map(|name| name.parse().map_err(|message| UsageError { message, hint: None })).transpose()
}

/// The language of the prompts, if the settings say so.
pub(crate) fn language(config: &Config) -> Result<Option<Language>, UsageError> {
    let named = config.language.as_deref().filter(|language| *language != "auto");
    named.map(|name| name.parse().map_err(|message| UsageError { message, hint: None })).transpose()
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

/// The bounds of a run.
pub fn limits(config: &Config) -> Result<Limits, UsageError> {
    let mut limits = Limits { max_tokens: config.max_tokens, max_cost: config.max_cost, ..Limits::default() };
    if let Some(steps) = config.max_steps {
        limits.max_steps = steps;
    }
    if let Some(seconds) = config.deadline {
        limits.deadline = Some(Duration::try_from_secs_f64(seconds).map_err(|_| {
            UsageError::new(format!("the deadline of {seconds} seconds is none"), "give a number above 0")
        })?);
    }
    let name = config.llm.as_deref().unwrap_or("local");
    limits.price = config.prices.get(name).or_else(|| config.prices.get(name.split_once(':')?.1)).copied();
    if limits.max_cost.is_some() && limits.price.is_none() {
        return Err(UsageError::new(
            format!("max_cost is set, but there is no price for {name}"),
            format!("add [prices.\"{name}\"] with prompt and completion (per million tokens) to argus.toml"),
        ));
    }
    Ok(limits)
}
