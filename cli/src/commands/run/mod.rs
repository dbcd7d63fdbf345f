//! `argus run`: workflows, on one set of inputs or on thousands.

mod batch;
mod host;
mod items;
mod single;

use std::{path::Path, process::ExitCode, sync::Arc};

use argus_agent::{
    prompts::PromptParts,
    run::{RunEvents, card_tools},
    trace::TraceWriter,
};
use argus_workflows::{Header, InputType, Journal, JournalError, Workflow};
use serde_json::{Map, Value};

use crate::{
    arguments::{Global, RunCommand},
    asking,
    commands::{trace, workflow::load},
    printer::{Printer, UsageError},
    progress::Progress,
    setup::Setup,
};

/// Runs the workflow.
pub(crate) async fn run(command: RunCommand, global: &Global, printer: &Printer) -> anyhow::Result<ExitCode> {
    let flags = [
        ("llm", command.llm.clone()),
        ("base_url", command.base_url.clone()),
        ("out", command.images.as_ref().map(|folder| folder.display().to_string())),
        ("allow_private_urls", command.allow_private_urls.then(|| "true".to_owned())),
    ];
    let setup = Setup::new(global, &flags, printer)?;
    let workflow = load(&command.workflow, &setup.tools, printer)?;
    let given = inputs(&command.inputs, &workflow)?;
    match &command.each {
        Some(each) => batch::run(&command, each, &workflow, given, setup, printer).await,
        None => single::run(&command, &workflow, given, setup, printer).await,
    }
}

/// Where events of a run go: to the terminal, and to a trace where one is written.
struct Events {
    progress: Arc<Progress>,
    writer: Option<Arc<TraceWriter>>,
}

fn events(progress: &Arc<Progress>, file: Option<&Path>, setup: &Setup) -> anyhow::Result<Events> {
    let limits = asking::limits(&setup.config)?;
    let parts = PromptParts::default();
    let open = |file: &Path| trace::writer(file, &setup.cx.images, &setup.tools, &limits, &card_tools(), parts);
    let writer = file.map(open).transpose()?.map(Arc::new);
    Ok(Events { progress: progress.clone(), writer })
}

impl Events {
    fn sink(&self) -> Arc<dyn RunEvents> {
        let (progress, writer) = (self.progress.clone(), self.writer.clone());
        Arc::new(move |event| {
            progress.show(&event);
            if let Some(writer) = &writer {
                writer.emit(event);
            }
        })
    }

    fn finish(&self, printer: &Printer) {
        if let Some(writer) = &self.writer {
            trace::finish(writer, printer);
        }
    }
}

/// The inputs of the command line, by name.
fn inputs(given: &[String], workflow: &Workflow) -> Result<Map<String, Value>, UsageError> {
    let mut inputs: Map<String, Value> = Map::new();
    let known = &workflow.definition().inputs;
    for pair in given {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(UsageError::new(format!("-i {pair}: an input is NAME=VALUE"), "such as -i image=photo.jpg"));
        };
        let name = name.trim();
        // Several of one name are a list, where a list is taken.
        let list = known.get(name).is_some_and(|input| input.input().kind == InputType::Images);
        match inputs.get_mut(name) {
            Some(Value::Array(values)) => values.push(value.into()),
            Some(earlier) if list => *earlier = Value::Array(vec![earlier.take(), value.into()]),
            Some(_) => {
                return Err(UsageError::new(format!("the input \"{name}\" is given twice"), "give it once"));
            }
            None => {
                inputs.insert(name.to_owned(), value.into());
            }
        }
    }
    Ok(inputs)
}

/// The journal of a run: one that is resumed, or a new one. Its folder's name is the run's.
fn journal(
    command: &RunCommand,
    workflow: &Workflow,
    inputs: &Map<String, Value>,
) -> anyhow::Result<(String, Arc<Journal>)> {
    let name = match (&command.resume, &command.run) {
        (Some(name), _) | (None, Some(name)) => name.clone(),
        (None, None) => fresh_name(),
    };
    if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
        let hint = "a name of a run is one word; --runs names the directory";
        return Err(UsageError::new(format!("\"{name}\" is no name of a run"), hint).into());
    }
    let folder = command.runs.join(&name);
    let header = Header::new(workflow.source_name(), workflow.digest(), Value::Object(inputs.clone()));
    let opened = if command.resume.is_some() {
        Journal::resume(&folder).and_then(|journal| journal.matches(&header).map(|()| journal))
    } else {
        Journal::create(&folder, header)
    };
    match opened {
        Ok(journal) => Ok((name, journal)),
        Err(error @ (JournalError::Io { .. } | JournalError::Damaged { .. })) => Err(error.into()),
        Err(error) => {
            let hint = error.hint().map(str::to_owned).or_else(|| known_runs(&command.runs));
            Err(UsageError { message: error.to_string(), hint }.into())
        }
    }
}

fn known_runs(folder: &Path) -> Option<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    (!names.is_empty()).then(|| format!("there are: {}", names.join(", ")))
}

/// A name by the time and the process: `run-20261126-065500-1234`.
fn fresh_name() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let (days, seconds) = (now.as_secs() / 86_400, now.as_secs() % 86_400);
    let (year, month, day) = date(days as i64);
    format!(
        "run-{year:04}{month:02}{day:02}-{:02}{:02}{:02}-{}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        std::process::id()
    )
}

/// Year, month and day of a number of days since 1970, in the Gregorian calendar (Hinnant's `civil_from_days`).
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_since_1970_are_dates() {
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(11_016), (2000, 2, 29));
        assert_eq!(date(20_783), (2026, 11, 26));
    }
}
