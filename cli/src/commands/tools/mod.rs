//! `argus tools`: what there is, and what of it works here.

mod list;
mod markdown;
mod page;

use std::process::ExitCode;

use argus_tools::{
    store::{Readiness, ReadinessOptions, Store},
    tool::{ToolSpec, Toolbox},
    vision,
};
use serde_json::{Value, json};

use crate::{
    arguments::{Global, ToolsCommand},
    config::{self, Config},
    human_bytes::human_bytes,
    printer::Printer,
    setup::{open_store, readiness_options, toolbox},
};

/// Lists all tools, shows one, or makes the page of them.
pub(crate) fn run(command: &ToolsCommand, global: &Global, printer: &Printer) -> anyhow::Result<ExitCode> {
    if command.markdown {
        printer.data(markdown::page(&vision::toolbox())?.trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    let states = States::read(global, printer)?;
    let tools = &states.tools;
    match &command.name {
        Some(name) => {
            let spec = tools.spec(name)?;
            if command.json {
                printer.json(&states.json(spec)?);
            } else {
                printer.data(&page::page(spec, &states.of(spec)));
            }
        }
        None if command.json => {
            let all: Vec<Value> = tools.specs().map(|spec| states.json(spec)).collect::<anyhow::Result<_>>()?;
            printer.json(&Value::Array(all));
        }
        None => {
            let rows: Vec<(&ToolSpec, Readiness)> = tools.specs().map(|spec| (spec, states.of(spec))).collect();
            printer.data(&list::list(&rows));
            for (spec, readiness) in &rows {
                if let Readiness::NeedsModel { reason, .. } = readiness {
                    printer.note(&format!("{}: {reason}", spec.name));
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks the store where the tools stand.
struct States {
    tools: Toolbox,
    store: Store,
    options: ReadinessOptions,
}

impl States {
    /// Wrong settings are reported, but the tools are listed all the same.
    fn read(global: &Global, printer: &Printer) -> anyhow::Result<Self> {
        let loaded = config::load(global, &[]).and_then(|loaded| Ok((toolbox(&loaded.config, None)?, loaded.config)));
        let (tools, config) = loaded.unwrap_or_else(|error| {
            printer.warn(&format!("only the built-in tools are shown, the settings are left aside: {error:#}"));
            (vision::toolbox(), Config { offline: global.offline.then_some(true), ..Config::default() })
        });
        Ok(Self { tools, store: open_store(&config, printer)?, options: readiness_options(&config) })
    }

    fn of(&self, spec: &ToolSpec) -> Readiness {
        self.store.readiness(&spec.base_roles(), &self.options)
    }

    /// The whole tool, with its state behind its name and summary.
    fn json(&self, spec: &ToolSpec) -> anyhow::Result<Value> {
        let readiness = self.of(spec);
        let bytes = match &readiness {
            Readiness::Ready => json!(0),
            Readiness::NeedsDownload { bytes } => json!(bytes),
            Readiness::NeedsModel { .. } => Value::Null,
        };
        let mut value = json!({ "name": spec.name, "summary": spec.summary });
        merge(&mut value, serde_json::to_value(&readiness)?);
        merge(&mut value, json!({ "bytes": bytes }));
        merge(&mut value, serde_json::to_value(spec)?);
        Ok(value)
    }
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

/// A state in words.
fn state_words(readiness: &Readiness) -> String {
    match readiness {
        Readiness::Ready => "ready".into(),
        // Sizes that nobody knows beforehand are counted as none.
        Readiness::NeedsDownload { bytes: 0 } => "needs download".into(),
        Readiness::NeedsDownload { bytes } => format!("needs download of {}", human_bytes(*bytes)),
        Readiness::NeedsModel { .. } => "needs a model".into(),
    }
}
