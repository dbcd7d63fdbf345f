//! One run on one set of inputs.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context;
use argus_workflows::{FailureKind, Local, RunReport, Workflow};
use serde_json::{Map, Value};

use super::{host::host, journal};
use crate::{
    arguments::RunCommand,
    asking,
    outcome::write_image,
    printer::{Cancelled, Printer, UsageError},
    progress::Progress,
    setup::Setup,
};

/// The longest value that a person is shown in one line, in bytes of JSON.
const SHORT: usize = 100;

/// Runs it and prints its outputs. What is finished is recorded; once all is, the record goes, unless the run has a name.
pub(crate) async fn run(
    command: &RunCommand,
    workflow: &Workflow,
    inputs: Map<String, Value>,
    setup: Setup,
    printer: &Printer,
) -> anyhow::Result<ExitCode> {
    let (name, journal) = journal(command, workflow, &inputs)?;
    let folder = journal.folder().to_owned();
    let progress = Arc::new(Progress::new(printer));
    let events = super::events(&progress, command.trace.as_deref(), &setup)?;
    let host = host(&setup, events.sink(), command, printer)?;
    let runner = Arc::new(Local::with_journal(name.as_str(), journal));
    let mut report = workflow.run_in(inputs, &host, runner.clone()).await;
    let recorded = runner.recorded();
    // Ends the local language model and the lock of the run.
    drop((host, runner));
    progress.finish();
    events.finish(printer);
    let out = asking::out(&setup.config);
    let all = report.pictures.images.clone();
    for record in &mut report.images {
        let Some(entry) = all.iter().find(|entry| entry.handle == record.handle) else { continue };
        record.path = Some(match &record.op {
            Some(_) => write_image(entry, &all, &out)?,
            None => crate::outcome::origin_text(&entry.origin),
        });
    }
    if report.ok && command.run.is_none() && command.resume.is_none() {
        // Nobody asked for it: what it is good for is done.
        let _ = fs_err::remove_dir_all(&folder);
        let _ = std::fs::remove_dir(&command.runs);
    }
    let json = serde_json::to_value(&report)?;
    if let Some(file) = &command.out {
        write(file, &json)?;
    }
    if command.json {
        printer.json(&json);
    } else {
        print(&report, printer);
    }
    let Some(error) = report.error else { return Ok(ExitCode::SUCCESS) };
    if error.kind == FailureKind::Cancelled && recorded == 0 {
        let _ = fs_err::remove_dir_all(&folder);
        return Err(Cancelled.into());
    }
    if recorded == 0 {
        let _ = fs_err::remove_dir_all(&folder);
        let _ = std::fs::remove_dir(&command.runs);
    } else {
        printer.note(&format!(
            "{recorded} finished {} kept: go on with --resume {name}",
            if recorded == 1 { "step is" } else { "steps are" }
        ));
    }
    if error.kind == FailureKind::Cancelled {
        return Err(Cancelled.into());
    }
    if error.step.is_empty() && error.kind == FailureKind::Timeout {
        printer.error(&error.into());
        return Ok(ExitCode::from(3));
    }
    let inputs = error.step.is_empty() && error.kind == FailureKind::InvalidInput;
    let hint = error.hint.clone().or_else(|| inputs.then(|| format!("argus workflow list {}", command.workflow)));
    if inputs {
        return Err(UsageError { message: error.to_string(), hint }.into());
    }
    Err(error).context(format!("the workflow {} failed", workflow.name()))
}

/// The outputs for a person: a single text bare, else a line each.
fn print(report: &RunReport, printer: &Printer) {
    let shown = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => {
            let line = other.to_string();
            if line.len() <= SHORT { line } else { format!("{other:#}") }
        }
    };
    match report.outputs.iter().collect::<Vec<_>>().as_slice() {
        [(_, one)] => printer.data(&shown(one)),
        many => {
            for (name, value) in many {
                let value = shown(value);
                let apart = if value.contains('\n') { "\n" } else { " " };
                printer.data(&format!("{name}:{apart}{value}"));
            }
        }
    }
    for image in report.images.iter().filter(|image| image.op.is_some()) {
        printer.note(&format!("{}: {}", image.handle, image.path.as_deref().unwrap_or("not written")));
    }
}

fn write(file: &PathBuf, report: &Value) -> anyhow::Result<()> {
    if file.extension().is_none_or(|ending| ending != "json") {
        return Err(UsageError::new(
            format!("--out {}: the report of one run is JSON", file.display()),
            "give a file that ends in .json; .csv and .parquet are for --each",
        )
        .into());
    }
    fs_err::write(file, format!("{report:#}\n")).context("the report cannot be written")
}
