//! `argus ask`: the main job.

use std::{process::ExitCode, sync::Arc};

use argus_agent::run::RunEvents;

use crate::{
    arguments::{AskCommand, Global},
    asking,
    commands::trace,
    llm::chat_model,
    outcome::write_images,
    printer::{Cancelled, Printer},
    progress::Progress,
    setup::Setup,
};

/// Runs the agent and prints its answer.
pub(crate) async fn run(command: AskCommand, global: &Global, printer: &Printer) -> anyhow::Result<ExitCode> {
    let setup = Setup::new(global, &asking::settings(&command.agent), printer)?;
    let tools = asking::toolbox(&setup, &command.agent, printer).await?;
    let builder = asking::agent(&setup, &command.agent, tools.clone())?;
    setup.load_images(&command.images).await?;
    let chat = tokio::select! {
        chat = chat_model(&setup.config, &setup.store) => chat?,
        () = setup.cancel.cancelled() => return Err(Cancelled.into()),
    };
    let writer = match &command.agent.trace {
        Some(file) => {
            let limits = asking::limits(&setup.config)?;
            let card_tools = asking::card_tools(&command.agent);
            Some(Arc::new(trace::writer(
                file,
                &setup.cx.images,
                &tools,
                &limits,
                &card_tools,
                asking::prompt_parts(&command.agent),
            )?))
        }
        None => None,
    };
    let progress = Arc::new(Progress::new(printer));
    let (events, traced) = (progress.clone(), writer.clone());
    let builder = builder.events(Arc::new(move |event| {
        events.show(&event);
        if let Some(writer) = &traced {
            writer.emit(event);
        }
    }));
    let agent = builder.chat(chat).build()?;
    let mut outcome = agent.run(command.task.as_str()).await;
    // Ends the server before anything is printed: the answer is the last thing that happens.
    drop(agent);
    progress.finish();
    if let Some(writer) = &writer {
        trace::finish(writer, printer);
    }
    let out = asking::out(&setup.config);
    let records = write_images(&setup.cx.images, &out)?;
    for image in &mut outcome.images {
        image.path = records.iter().find(|record| record.handle == image.handle).map(|record| record.path.clone());
    }
    if command.json {
        printer.json(&serde_json::to_value(&outcome)?);
    } else {
        asking::print(&outcome, 0, printer);
    }
    Ok(asking::exit_code(&outcome))
}
