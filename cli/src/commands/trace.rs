//! `argus trace`: what happened in a run, shown, as a page, or again.

mod replay;
mod show;
mod tree;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use argus_agent::{
    prompts::PromptParts,
    run::Limits,
    trace::{self, Trace, TraceError, TraceHeader, TraceWriter, trace_path},
};
use argus_tools::{image::ImageStore, tool::Toolbox};

use crate::{
    arguments::{Global, TraceAction, TraceCommand},
    printer::{Printer, UsageError},
};

/// Does one of it.
pub(crate) async fn run(command: TraceCommand, global: &Global, printer: &Printer) -> anyhow::Result<ExitCode> {
    match command.action {
        TraceAction::Show { file, step, run, json } => show::run(&read(&file)?, step, run, json, printer),
        TraceAction::Html { file, output } => html(&file, output, printer),
        TraceAction::Replay(command) => replay::run(command, global, printer).await,
    }
}

/// Reads a trace; a file that is none is a wrong call.
fn read(file: &Path) -> anyhow::Result<Trace> {
    Trace::read(file).map_err(|error| match error {
        TraceError::NotATrace { .. } => {
            UsageError::new(error.to_string(), "argus ask ... --trace FILE writes a trace").into()
        }
        error => error.into(),
    })
}

fn html(file: &Path, output: Option<PathBuf>, printer: &Printer) -> anyhow::Result<ExitCode> {
    let page = trace::page(&read(file)?)?;
    let output = output.unwrap_or_else(|| file.with_extension("html"));
    if output.as_os_str() == "-" {
        printer.data(&page);
        return Ok(ExitCode::SUCCESS);
    }
    if output == file {
        return Err(UsageError::new(
            format!("the page would replace the trace {}", file.display()),
            "name the page with -o",
        )
        .into());
    }
    fs_err::write(&output, page).context("the page cannot be written; -o names another file")?;
    printer.data(&output.display().to_string());
    Ok(ExitCode::SUCCESS)
}

/// A writer for the runs of a command.
pub(crate) fn writer(
    file: &Path,
    images: &ImageStore,
    tools: &Toolbox,
    limits: &Limits,
    card_tools: &[String],
    prompt_parts: PromptParts,
) -> anyhow::Result<TraceWriter> {
    let header = TraceHeader {
        argus: env!("CARGO_PKG_VERSION").to_owned(),
        tools: tools.specs().map(|spec| spec.name.to_string()).collect(),
        limits: limits.clone(),
        card_tools: card_tools.to_vec(),
        prompt_parts,
        ..TraceHeader::default()
    };
    TraceWriter::create(trace_path(file), images.clone(), header).map_err(|error| match error {
        TraceError::NotATrace { .. } => {
            UsageError::new(format!("nothing is written over it: {error}"), "--trace takes a new file or an old trace")
                .into()
        }
        error => error.into(),
    })
}

/// Ends a trace, and tells where it lies or what is missing from it.
pub(crate) fn finish(writer: &TraceWriter, printer: &Printer) {
    match writer.finish() {
        Ok(()) => printer.note(&format!("trace: {}", writer.path().display())),
        Err(error) => printer.warn(&error.to_string()),
    }
}
