//! `argus-eval`: how well an LLM does with the tools and prompts.

mod arguments;
mod factory;
mod sources;

use std::{path::Path, process::ExitCode, sync::Arc};

use anyhow::Context;
use argus_agent::{AgentBuilder, prompts::PromptParts, run::NoRunEvents};
use argus_cli::{Cancelled, Global, Printer, Setup, UsageError, chat_model, limits, obtainable};
use argus_eval::{Case, CaseResult, Report, Runner, Shared, compare};
use clap::Parser;
use indexmap::IndexMap;
use owo_colors::OwoColorize;

use crate::arguments::{Cli, Command, Switches};

fn main() -> ExitCode {
    let Cli { global, command } = Cli::parse();
    argus_cli::start(&global, async |printer| run(command, &global, printer).await)
}

impl Switches {
    /// Builds an agent as the switches say.
    fn apply(&self, builder: AgentBuilder) -> AgentBuilder {
        let parts = PromptParts { examples: !self.no_examples };
        let builder = builder.cards(!self.no_cards).prompt_parts(parts);
        match self.protocol {
            Some(protocol) => builder.protocol(protocol),
            None => builder,
        }
    }

    /// The switches for the report.
    fn record(&self) -> IndexMap<String, serde_json::Value> {
        let json = serde_json::to_value(self).unwrap_or_default();
        json.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// Runs the cases and prints the report.
async fn run(command: Command, global: &Global, printer: &Printer) -> anyhow::Result<ExitCode> {
    let baseline = command.baseline.as_deref().map(earlier).transpose()?;
    let mut cases = sources::load(&command.cases, &Shared::locate(command.shared.as_deref()))?;
    if let Some(text) = &command.filter {
        cases.retain(|case| case.id.contains(text.as_str()) || case.kind.contains(text.as_str()));
    }
    let cases = evenly(cases.into_iter().step_by(command.every.get()).collect(), command.limit);
    if cases.is_empty() {
        return Err(UsageError::new(
            "no case is left to run",
            "--filter takes a part of an id or kind; --list shows them",
        )
        .into());
    }
    if command.list {
        for case in &cases {
            printer.data(&format!(
                "{:<28} {:<14} {}",
                case.id,
                case.kind,
                case.task.lines().next().unwrap_or_default()
            ));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let chosen = cases.len();
    let cases: Vec<Case> = cases.into_iter().filter(Case::is_whole).collect();
    let skipped = chosen - cases.len();
    if cases.is_empty() {
        return Err(UsageError::new(
            format!("all {skipped} cases need shared pictures that are not here"),
            "give the folder of the shared data with --shared or ARGUS_SHARED",
        )
        .into());
    }
    let flags = [
        ("llm", command.llm.clone()),
        ("base_url", command.base_url.clone()),
        ("max_steps", command.switches.max_steps.map(|steps| steps.to_string())),
        ("deadline", command.switches.deadline.map(|seconds| seconds.to_string())),
    ];
    let setup = Setup::new(global, &flags, printer)?;
    let limits = limits(&setup.config)?;
    let chat = tokio::select! {
        chat = chat_model(&setup.config, &setup.store) => chat?,
        () = setup.cancel.cancelled() => return Err(Cancelled.into()),
    };
    let names = obtainable(&setup, printer).await;
    let tools = setup.tools.only(&names).map_err(|error| UsageError { message: error.feedback, hint: None })?;
    let factory = factory::Factory::new(&setup, tools, chat.clone(), limits, command.switches.clone())?;
    let factory = Arc::new(factory);
    prepare(&factory, &cases, &setup, printer).await?;
    let expected = cases.len() * command.runs.max(1) as usize;
    let runner = Runner { factory, runs: command.runs, cancel: setup.cancel.clone(), out: command.out.clone() };
    let mut count = 0;
    let results = runner
        .run(cases, |result| {
            count += 1;
            printer.note(&line(result, count, expected));
        })
        .await;
    let mut settings = command.switches.record();
    settings.insert("runs".into(), command.runs.into());
    settings.insert("sets".into(), command.cases.clone().into());
    let mut report = Report::new(chat.id(), settings, results, expected);
    report.skipped = skipped;
    // Ends the server before anything is printed.
    drop((runner, chat));
    if let Some(out) = &command.out {
        fs_err::create_dir_all(out).context("the directory of --out cannot be made")?;
        fs_err::write(out.join("report.json"), serde_json::to_string_pretty(&report)?)
            .context("the report cannot be written")?;
    }
    let comparison = baseline.map(|earlier| compare(&earlier, &report));
    let mut json = serde_json::to_value(&report)?;
    if let Some(comparison) = &comparison {
        json["baseline"] = serde_json::to_value(comparison)?;
    }
    match &command.json {
        Some(path) if path == Path::new("-") => printer.json(&json),
        file => {
            printer.data(report.to_string().trim_end());
            if let Some(comparison) = &comparison {
                printer.data(&format!("\n{}", comparison.to_string().trim_end()));
            }
            if let Some(file) = file {
                fs_err::write(file, format!("{json:#}\n")).context("the report cannot be written")?;
            }
        }
    }
    Ok(if report.complete { ExitCode::SUCCESS } else { ExitCode::from(130) })
}

/// Loads the models before the first case, so that no case pays for the start.
async fn prepare(factory: &factory::Factory, cases: &[Case], setup: &Setup, printer: &Printer) -> anyhow::Result<()> {
    printer.note(&format!("{} cases; starting the model", cases.len()));
    // The set whose prompt serves most cases is the one with the agent's own tools.
    let Some(first) = cases.iter().find(|case| case.toolbox.is_none()).or(cases.first()) else { return Ok(()) };
    let agent = factory.build(first, setup.cx.clone(), Arc::new(NoRunEvents))?;
    let ready = agent.ready();
    let tools = async {
        if !cases.iter().any(|case| case.toolbox.is_none() && !case.images.is_empty()) {
            return;
        }
        // Models of tools for rare needs are loaded, and fetched, by the cases that call for them.
        for role in setup.tools.specs().filter(|spec| !spec.advanced).flat_map(|spec| spec.roles) {
            // A model that cannot be had shows in the cases that need it.
            let _ = setup.cx.model(role).await;
        }
    };
    let started = tokio::select! {
        (started, ()) = async { tokio::join!(ready, tools) } => started,
        () = setup.cancel.cancelled() => return Err(Cancelled.into()),
    };
    Ok(started?)
}

fn earlier(path: &Path) -> anyhow::Result<Report> {
    let text = fs_err::read_to_string(path).context("the earlier report cannot be read")?;
    let wrong = |error: serde_json::Error| {
        UsageError::new(
            format!("{} is no report: {error}", path.display()),
            "--baseline takes what --json wrote, or the report.json of --out",
        )
    };
    Ok(serde_json::from_str(&text).map_err(wrong)?)
}

/// At most so many, spread over the whole list.
fn evenly(cases: Vec<Case>, limit: Option<usize>) -> Vec<Case> {
    let count = cases.len();
    let Some(limit) = limit.filter(|limit| *limit < count) else { return cases };
    let wanted: Vec<usize> = (0..limit).map(|at| at * count / limit).collect();
    cases.into_iter().enumerate().filter(|(at, _)| wanted.contains(at)).map(|(_, case)| case).collect()
}

/// `+ 12/60 count-cups 3.4 s: There are two cups.`
fn line(result: &CaseResult, count: usize, expected: usize) -> String {
    let mark = if result.success {
        "+".green().to_string()
    } else if result.score > 0.0 {
        "~".yellow().to_string()
    } else {
        "-".red().to_string()
    };
    let said = result.answer.as_deref().or(result.error.as_deref()).unwrap_or("(no answer)");
    let said: String = said.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(100).collect();
    format!("{mark} {count}/{expected} {} {} {said}", result.id, format!("{:.1} s", result.seconds).dimmed())
}
