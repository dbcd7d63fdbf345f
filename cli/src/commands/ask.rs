//! `argus ask`: the main job.

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use argus_agent::{
    Agent, Outcome, StopReason,
    run::{Limits, RunEvents},
};
use argus_tools::vision;

use crate::{
    arguments::{AskCommand, Global},
    commands::trace,
    config::Config,
    llm::chat_model,
    outcome::write_images,
    printer::{Cancelled, Printer, UsageError},
    progress::Progress,
    setup::Setup,
};

/// Runs the agent and prints its answer.
pub(crate) async fn run(command: AskCommand, global: &Global, printer: &Printer) -> anyhow::Result<ExitCode> {
    let flags = [
        ("llm", command.llm.clone()),
        ("base_url", command.base_url.clone()),
        ("out", command.out.as_ref().map(|out| out.display().to_string())),
        ("max_steps", command.max_steps.map(|steps| steps.to_string())),
        ("deadline", command.deadline.map(|seconds| seconds.to_string())),
        ("allow_private_urls", command.allow_private_urls.then(|| "true".to_owned())),
    ];
    let setup = Setup::new(global, &flags, printer)?;
    let limits = limits(&setup.config)?;
    let mut tools = vision::toolbox();
    if !command.tools.is_empty() {
        tools = tools.only(&command.tools).map_err(|error| UsageError { message: error.feedback, hint: None })?;
    }
    setup.load_images(&command.images).await?;
    let chat = tokio::select! {
        chat = chat_model(&setup.config, &setup.store) => chat?,
        () = setup.cancel.cancelled() => return Err(Cancelled.into()),
    };
    let card_tools = if command.no_cards { Vec::new() } else { argus_agent::run::card_tools() };
    let writer = match &command.trace {
        Some(file) => Some(Arc::new(trace::writer(file, &setup.cx.images, &tools, &limits, &card_tools)?)),
        None => None,
    };
    let progress = Arc::new(Progress::new(printer));
    let (events, traced) = (progress.clone(), writer.clone());
    let agent = Agent::builder()
        .chat(chat)
        .toolbox(tools)
        .cx(setup.cx.clone())
        .limits(limits)
        .card_tools(card_tools)
        .events(Arc::new(move |event| {
            events.show(&event);
            if let Some(writer) = &traced {
                writer.emit(event);
            }
        }))
        .build()?;
    let mut outcome = agent.run(command.task.as_str()).await;
    // Ends the server before anything is printed: the answer is the last thing that happens.
    drop(agent);
    progress.finish();
    if let Some(writer) = &writer {
        trace::finish(writer, printer);
    }
    let out = setup.config.out.clone().unwrap_or_else(|| PathBuf::from("argus-out"));
    let records = write_images(&setup.cx.images, &out)?;
    for image in &mut outcome.images {
        image.path = records.iter().find(|record| record.handle == image.handle).map(|record| record.path.clone());
    }
    if command.json {
        printer.json(&serde_json::to_value(&outcome)?);
    } else {
        print(&outcome, printer);
    }
    Ok(exit_code(&outcome))
}

/// Prints the answer, and what is to be known about it.
pub(crate) fn print(outcome: &Outcome, printer: &Printer) {
    if let Some(answer) = &outcome.answer {
        printer.data(answer);
    }
    for image in outcome.images.iter().filter(|image| image.op.is_some()) {
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
