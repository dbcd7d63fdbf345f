//! `argus ask`: the main job.

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use argus_agent::{
    Agent, Outcome, StopReason,
    chat::{
        ChatModel,
        local::{LocalModel, LocalOptions},
        openai::{OpenAi, OpenAiOptions},
    },
    run::Limits,
};
use argus_tools::{
    store::{Installed, Store},
    vision,
};

use crate::{
    arguments::{AskCommand, Global},
    commands::doctor::on_path,
    config::Config,
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

/// The LLM that the settings name: `local`, `local:ID` or `openai:MODEL`. A base URL alone means an endpoint too.
async fn chat_model(config: &Config, store: &Store) -> anyhow::Result<Arc<dyn ChatModel>> {
    let name = config.llm.as_deref().unwrap_or("local");
    if let Some(model) = name.strip_prefix("openai:") {
        let options = OpenAiOptions { base_url: config.base_url.clone(), ..OpenAiOptions::new(model) };
        return Ok(Arc::new(OpenAi::new(options)?));
    }
    if config.base_url.is_some() {
        return Err(UsageError::new(
            "--base-url names an endpoint, but no model of it",
            "name the model too, such as --llm openai:qwen3:4b",
        )
        .into());
    }
    let id = match name.split_once(':') {
        None if name == "local" => None,
        Some(("local", id)) if !id.is_empty() => Some(id),
        _ => {
            return Err(UsageError::new(
                format!("\"{name}\" is no LLM"),
                "give local, local:ID (argus models list shows the ids with the role llm) or openai:MODEL",
            )
            .into());
        }
    };
    let (server, model) = tokio::try_join!(server(store), store.ensure_role("llm", id))?;
    let state = store.home().join("llama");
    let mut options = LocalOptions::new(server.program, model.main(), state);
    options.id = format!("local:{}", model.id);
    options.library_dir = server.libraries;
    Ok(Arc::new(LocalModel::new(options)))
}

struct Server {
    program: PathBuf,
    libraries: Option<PathBuf>,
}

/// `llama-server` on PATH wins over the installed one.
async fn server(store: &Store) -> Result<Server, argus_tools::store::StoreError> {
    if let Some(program) = on_path("llama-server") {
        return Ok(Server { program: program.into(), libraries: None });
    }
    let installed: Installed = store.ensure_role("llama-server", None).await?;
    let program = installed.main().to_owned();
    let libraries = program.parent().map(PathBuf::from);
    Ok(Server { program, libraries })
}
