//! `argus ask`: the main job.

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use argus_agent::{Agent, Outcome, StopReason, run::Limits};
use argus_tools::vision;

use crate::{
    arguments::{AskCommand, Global},
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
    let progress = Arc::new(Progress::new(printer));
    let events = progress.clone();
    let agent = Agent::builder()
        .chat(chat)
        .toolbox(tools)
        .cx(setup.cx.clone())
        .limits(limits)
        .cards(!command.no_cards)
        .events(Arc::new(move |event| events.show(&event)))
        .build()?;
    let mut outcome = agent.run(command.task.as_str()).await;
    // Ends the server before anything is printed: the answer is the last thing that happens.
    drop(agent);
    progress.finish();
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

fn print(outcome: &Outcome, printer: &Printer) {
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

fn exit_code(outcome: &Outcome) -> ExitCode {
    match outcome.stop {
        StopReason::Answered => ExitCode::SUCCESS,
        StopReason::Cancelled => ExitCode::from(130),
        stop if stop.is_limit() => ExitCode::from(3),
        _ => ExitCode::from(1),
    }
}

/// The bounds of a run that the settings give.
pub(super) fn limits(config: &Config) -> Result<Limits, UsageError> {
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
