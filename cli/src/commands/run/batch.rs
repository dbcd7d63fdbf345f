//! One workflow over many items.

use std::{process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use argus_workflows::{Batch, Failure, FailureKind, Local, SavePictures, Workflow};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use serde_json::{Map, Value};

use super::{host::host, items::items, journal};
use crate::{
    arguments::RunCommand,
    asking,
    outcome::{file_name, origin_text},
    printer::{Cancelled, Printer},
    progress::Progress,
    records::Records,
    setup::Setup,
};

/// Runs it for every item and writes a record of each.
pub(crate) async fn run(
    command: &RunCommand,
    each: &str,
    workflow: &Workflow,
    fixed: Map<String, Value>,
    setup: Setup,
    printer: &Printer,
) -> anyhow::Result<ExitCode> {
    let items = items(each, &fixed, workflow)?;
    let mut records = Records::open(command.out.as_deref(), workflow, printer)?;
    let (name, journal) = journal(command, workflow, &fixed)?;
    printer.note(&format!("run {name}: {} items", items.len()));
    let bar = bar(items.len(), printer);
    let quiet = Arc::new(Progress::hidden(printer));
    let events = super::events(&quiet, command.trace.as_deref(), &setup)?;
    let host = host(&setup, events.sink(), command, printer)?;
    let batch =
        Batch { items, jobs: command.jobs.unwrap_or(0), as_done: command.as_done, max_failures: command.max_failures };
    let runner = Local::with_journal(name.as_str(), journal);
    let mut failed = 0;
    let report = workflow
        .run_batch(&batch, &host, &runner, save(&setup), |record| {
            if !record.ok {
                failed += 1;
                bar.set_message(format!("{failed} failed"));
                let line = format!("item {}: {}", record.item, record.error.as_deref().unwrap_or_default());
                bar.suspend(|| printer.warn(&line));
            }
            bar.inc(1);
            records.take(record).map_err(|error| Failure::new(FailureKind::Internal, format!("{error:#}")))
        })
        .await;
    drop((host, runner));
    bar.finish_and_clear();
    events.finish(printer);
    let report = report.context("the batch ended early")?;
    records.finish()?;
    let mut parts = vec![format!("{} of {} items are done", report.ok, batch.items.len())];
    if report.recorded > 0 {
        parts.push(format!("{} of them earlier", report.recorded));
    }
    if report.failed > 0 {
        parts.push(format!("{} failed", report.failed));
    }
    if report.left > 0 {
        parts.push(format!("{} were not begun", report.left));
    }
    let rate = (report.ok - report.recorded) as f64 / (report.ms / 1000.0).max(0.001);
    printer.note(&format!("{} ({:.1} s, {rate:.1} items a second)", parts.join(", "), report.ms / 1000.0));
    if report.failed + report.left > 0 {
        printer.note(&format!("go on with --resume {name}: what is done is not done again"));
    }
    if setup.cancel.is_cancelled() {
        return Err(Cancelled.into());
    }
    Ok(ExitCode::from(match (report.failed, report.left) {
        (0, 0) => 0,
        (_, 0) => 1,
        _ => 3,
    }))
}

fn bar(items: usize, printer: &Printer) -> ProgressBar {
    if !printer.is_interactive() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(items as u64);
    let style = "{bar:30.cyan/dim} {pos}/{len} {rate:.dim} eta {eta} {msg:.yellow}";
    let style = ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style.with_key("rate", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let _ = write!(out, "{:.1}/s", state.per_sec());
    }));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Writes the pictures of an item under names that begin with the input's name and the item's number.
fn save(setup: &Setup) -> Arc<SavePictures> {
    let out = asking::out(&setup.config);
    Arc::new(move |report, item| {
        let all = &report.pictures.images;
        let mut records = report.images.clone();
        for record in &mut records {
            let Some(entry) = all.iter().find(|entry| entry.handle == record.handle) else { continue };
            if record.op.is_none() {
                record.path = Some(origin_text(&entry.origin));
                continue;
            }
            let write = || -> anyhow::Result<String> {
                fs_err::create_dir_all(&out)?;
                let name = file_name(entry, all).display().to_string();
                let name = match name.split_once('.') {
                    Some((stem, rest)) => format!("{stem}.{item:06}.{rest}"),
                    None => format!("{item:06}.{name}"),
                };
                let path = out.join(name);
                entry.pixels.save(&path).with_context(|| format!("{} cannot be written", path.display()))?;
                Ok(path.display().to_string())
            };
            record.path = Some(write().map_err(|error| Failure::new(FailureKind::Internal, format!("{error:#}")))?);
        }
        Ok(records)
    })
}
