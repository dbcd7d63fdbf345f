//! `argus trace replay`: the recorded task again.

use std::{process::ExitCode, sync::Arc};

use argus_agent::{
    Agent, Task,
    chat::ChatModel,
    trace::{
        ImageView, RunView, Trace, TraceView,
        replay::{ReplayModel, enter_images, recorded_tools},
    },
};
use argus_tools::tool::Toolbox;
use serde_json::json;

use super::read;
use crate::{
    arguments::{Global, ReplayCommand, ReplaySource},
    asking,
    llm::chat_model,
    outcome::write_images,
    printer::{Cancelled, Printer},
    progress::Progress,
    setup::Setup,
};

/// Runs it, prints the outcome as `ask` does, and tells whether the answer is the recorded one.
pub(super) async fn run(command: ReplayCommand, global: &Global, printer: &Printer) -> anyhow::Result<ExitCode> {
    let trace = read(&command.file)?;
    let lines = trace.run(command.run)?;
    let view = TraceView::from(&trace);
    let number = command.run.map_or(0, |number| number - 1);
    let recorded = &view.runs[number];
    let images: Vec<ImageView> = view.images.iter().filter(|image| image.run == number).cloned().collect();
    let setup = Setup::new(global, &[("llm", command.llm.clone()), ("base_url", command.base_url.clone())], printer)?;
    for note in enter_images(&trace, &images, &setup.cx.images) {
        printer.warn(&note);
    }
    let mut tools = known_tools(&setup.tools, &trace, printer)?;
    if command.tools == ReplaySource::Recorded {
        let (replaced, notes) = recorded_tools(&tools, &trace, recorded, &images);
        tools = replaced;
        for note in notes {
            printer.note(&note);
        }
    }
    let replayed = Arc::new(ReplayModel::new(lines, command.strict));
    let chat: Arc<dyn ChatModel> = match command.model {
        ReplaySource::Recorded => replayed.clone(),
        ReplaySource::Live => tokio::select! {
            chat = chat_model(&setup.config, &setup.store) => chat?,
            () = setup.cancel.cancelled() => return Err(Cancelled.into()),
        },
    };
    let progress = Arc::new(Progress::new(printer));
    let events = progress.clone();
    let mut builder = Agent::builder().chat(chat).toolbox(tools).cx(setup.cx.clone());
    builder = match &trace.header {
        Some(header) => builder
            .limits(header.limits.clone())
            .card_tools(header.card_tools.clone())
            .prompt_parts(header.prompt_parts),
        None => builder.cards(!recorded.cards.is_empty()),
    }
    .known_cards(recorded.cards.clone());
    let agent = builder.events(Arc::new(move |event| events.show(&event))).build()?;
    let mut outcome = agent.run(Task { text: recorded.task.clone(), images: recorded.images.clone() }).await;
    drop(agent);
    progress.finish();
    if let Some(out) = &command.out {
        let records = write_images(&setup.cx.images, out)?;
        for image in &mut outcome.images {
            image.path = records.iter().find(|record| record.handle == image.handle).map(|record| record.path.clone());
        }
    }
    let same = outcome.answer == recorded.answer;
    let differences = replayed.differences();
    if command.json {
        let mut value = serde_json::to_value(&outcome)?;
        let differences: Vec<String> = differences.iter().map(ToString::to_string).collect();
        value["replay"] = json!({
            "same_answer": same,
            "recorded_answer": recorded.answer,
            "differences": differences,
        });
        printer.json(&value);
    } else {
        asking::print(&outcome, 0, printer);
        tell(recorded, same, printer);
        if !command.strict {
            for difference in differences {
                printer.warn(&difference.to_string());
            }
        }
    }
    Ok(asking::exit_code(&outcome))
}

fn tell(recorded: &RunView, same: bool, printer: &Printer) {
    match (&recorded.answer, same) {
        (_, true) => printer.note("the answer is the recorded one"),
        (Some(answer), false) => printer.warn(&format!("the answer is not the recorded one, which was: {answer}")),
        (None, false) => printer.warn("the recorded run had no answer"),
    }
}

/// The tools that the recorded run had, as far as this program has them.
fn known_tools(all: &Toolbox, trace: &Trace, printer: &Printer) -> anyhow::Result<Toolbox> {
    let Some(header) = &trace.header else { return Ok(all.clone()) };
    let (known, unknown): (Vec<String>, Vec<String>) =
        header.tools.iter().cloned().partition(|name| all.spec(name).is_ok());
    if !unknown.is_empty() {
        printer.warn(&format!("the recorded run had tools that are not here: {}", unknown.join(", ")));
    }
    Ok(all.only(&known)?)
}
